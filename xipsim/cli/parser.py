"""The grammar of the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from xipsim.engines.programs import ENGINES
from xipsim.version import __version__

Subparsers = Any  # argparse's class for them is private


class _Formatter(argparse.HelpFormatter):
    """Of a width of its own: asking the terminal means importing shutil, at every start."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=80)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where the help is."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=_Formatter, **options)

    def _print_message(self, message: str, file: Any = None) -> None:
        """The help, or the version: argparse's own is silent where they cannot be written."""
        (file or sys.stderr).write(message)

    def error(self, message: str) -> NoReturn:
        """End with exit code 2."""
        sys.stderr.write(f"xipsim: {message} (see `{self.prog} --help`)\n")
        raise SystemExit(2)


class _Once(argparse.Action):
    """An option of which the last one must not take the place of others in silence."""

    def __call__(
        self, parser: argparse.ArgumentParser, args: argparse.Namespace, value: Any, *_: Any
    ) -> None:
        """Take the value."""
        if getattr(args, self.dest) is not None:
            parser.error(f"{self.option_strings[0]} is given twice: there is one script")
        setattr(args, self.dest, value)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments of one call; ends the process where they are wrong.

    Positional arguments may stand on both sides of options, which argparse alone cannot do: it
    leaves the later ones over. A command that takes such lists has a `settle` function.
    """
    chosen = next((a for a in argv if not a.startswith("-")), "")
    # Where the command comes first, no other one can matter, and each costs as much as this one.
    parser = _parser(chosen, (chosen,) if chosen in COMMANDS and argv[0] == chosen else COMMANDS)
    if argv and not chosen and argv[0] not in ("-h", "--help", "--version"):
        parser.error(f"unknown argument {argv[0]}")
    if chosen and chosen not in COMMANDS:
        parser.error(_unknown_command(chosen))
    args, left = parser.parse_known_args(argv)
    command: Parser = args.parser
    strangers = [a for a in left if (a.startswith("-") and a != "-") or "files" not in args]
    if strangers:
        command.error(f"unknown argument {strangers[0]}")
    if "files" in args:
        args.files = [*args.files, *left]
        if "" in args.files:
            command.error("one of the arguments is empty, and shall name a file")
        args.settle(command, args)
    return args


def _unknown_command(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(COMMANDS)}"
    return f"there is no command {name!r}; {hint}"


def _parser(chosen: str, known: Iterable[str]) -> Parser:
    """Knows these commands, and the arguments of the chosen one: argparse takes time for each."""
    parser = Parser(
        prog="xipsim",
        description="Boots unmodified MicroPython firmware in simulation.",
        epilog="Exit codes: 0 ok, 1 the script raised, 2 your mistake, 3 a wait ran out, 4 a gap "
        "in a model (--strict), 5 a bug in xipsim, 6 the firmware faulted, 7 nothing to boot.",
    )
    parser.add_argument("--version", action="version", version=f"xipsim {__version__}")
    commands = parser.add_subparsers(
        prog="xipsim", metavar="COMMAND", required=True, parser_class=Parser
    )
    for name in known:
        module, text, add_arguments = COMMANDS[name]
        command = _command(commands, name, module, text)
        if name == chosen:
            add_arguments(command)
    return parser


def _command(commands: Subparsers, name: str, module: str, text: str) -> Parser:
    command: Parser = commands.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}."
    )
    command.set_defaults(module=module, parser=command)
    return command


# -- commands that run a machine -----------------------------------------------------------------


def _run(command: Parser) -> None:
    _positionals(command, "IMAGE", _settle_run)
    text = "put the console on a PTY, print its name"
    command.add_argument("--pty", action="store_true", help=text)
    text = "the same, under a name of yours: a symbolic link, made and removed"
    command.add_argument("--pty-link", metavar="PATH", type=_path, help=text)
    text = "let virtual time run ahead of real time"
    command.add_argument("--fast", action="store_true", help=text)
    _machine_options(command)
    text = "which console, such as pc2 or lpuart1, instead of the board's usual one"
    command.add_argument("--console", metavar="NAME", type=_word, help=text)


def _exec(command: Parser) -> None:
    _script_options(command)
    _cold(command)
    _machine_options(command)


def _compare(command: Parser) -> None:
    _script_options(command)
    _shape_options(command)


def _trace(command: Parser) -> None:
    _script_options(command)
    _cold(command)
    add = command.add_argument
    add("--hash", action="store_true", help="print only the SHA-256 of the lines")
    add("--no-times", action="store_true", help="leave the virtual times out")
    add("--from-prompt", action="store_true", help="leave the boot out")
    _machine_options(command)


def _flashcheck(command: Parser) -> None:
    command.add_argument("board", metavar="BOARD", help="a board's name, or a path to its .repl")
    _machine_options(command)


def _usb(usb: Parser) -> None:
    actions = usb.add_subparsers(metavar="ACTION", required=True, parser_class=Parser)
    text = "copy a file into the FAT volume that the board is on USB"
    copy = _command(actions, "copy", "usb", text)
    _positionals(copy, "[IMAGE] FILE", _settle_copy)
    copy.usage = f"{copy.prog} BOARD [IMAGE] FILE [options]"
    text = "write the blocks of the board's mass storage to a file"
    image = _command(actions, "image", "usb", text)
    _positionals(image, "[IMAGE]", _settle_run)
    text = "the file to write"
    image.add_argument("--output", metavar="FILE", type=_path, required=True, help=text)
    for action in (copy, image):
        _machine_options(action)
        action.set_defaults(action=action.prog.rpartition(" ")[2])


def _renode(command: Parser) -> None:
    _positionals(command, "[IMAGE]", _settle_run)
    add = command.add_argument
    text = "the folder to write: made if missing"
    add("--output", metavar="DIR", type=_path, required=True, help=text)
    _files(command, "--models", "your own models")


def _positionals(
    command: Parser, words: str, settle: Callable[[Parser, argparse.Namespace], None]
) -> None:
    command.add_argument("board", metavar="BOARD", help="a board's name, or a path to its .repl")
    command.add_argument("files", metavar=words, nargs="*", default=(), help=argparse.SUPPRESS)
    command.set_defaults(settle=settle)


def _script_options(command: Parser) -> None:
    _positionals(command, "[IMAGE] SCRIPT", _settle_script)
    command.usage = f"{command.prog} BOARD [IMAGE] (-c CODE | SCRIPT) [options]"
    text = "the script itself"
    command.add_argument("-c", metavar="CODE", dest="code", action=_Once, help=text)
    command.add_argument(
        "--timeout",
        metavar="TIME",
        type=_duration,
        help="virtual time that the script may take, e.g. 90s",
    )


def _cold(command: Parser) -> None:
    text = "boot, even if a snapshot of this boot is in the cache"
    command.add_argument("--cold", action="store_true", help=text)


def _settle_run(command: Parser, args: argparse.Namespace) -> None:
    """files -> image."""
    if len(args.files) > 1:
        command.error(f"one IMAGE, please: {args.files[1]!r} is too much")
    args.image = next(iter(args.files), None)


def _settle_script(command: Parser, args: argparse.Namespace) -> None:
    """files -> image, script. With -c a lone file is the IMAGE, without it the SCRIPT."""
    files = list(args.files)
    args.script = None
    if args.code is None:
        if not files:
            from xipsim.machine.configuration import refuse_image

            refuse_image(args.board)  # alone it is more likely forgotten than the script
            command.error("give a SCRIPT (`-` is standard input), or -c CODE")
        args.script = files.pop()
    args.image = files.pop(0) if files else None
    if files:
        beside = "beside -c" if args.code is not None else "beside IMAGE and SCRIPT"
        command.error(f"{files[0]!r} is too much {beside}")


def _settle_copy(command: Parser, args: argparse.Namespace) -> None:
    """files -> image, file."""
    if not args.files:
        command.error("give the FILE to copy")
    *images, args.file = args.files
    if len(images) > 1:
        command.error(f"{images[1]!r} is too much beside IMAGE and FILE")
    args.image = next(iter(images), None)


def _machine_options(command: Parser) -> None:
    add = command.add_argument
    command.set_defaults(console=None)
    add("--flash", metavar="FILE", type=_file, help="the whole flash chip; made if missing")
    add("--state", metavar="DIR", type=_path, help="what is kept without power; made if missing")
    add("--discard", action="store_true", help="leave those files as they are")
    _shape_options(command)
    text = "what the real-time clock shows at power-on"
    add("--rtc", metavar="now|ISO", type=_word, help=text)
    add("--uid", metavar="HEX", type=_word, help="the flash chip's unique id")
    add("--symbols", metavar="ELF", type=_path, help="names functions and lines in messages")
    add("--strict", action="store_true", help="end where the firmware uses what is not modelled")
    text = "off: execute every poll of a wait, for loops that give up after a count"
    add("--stalls", choices=("on", "off"), default="on", help=text)
    text = "buffers: what the flash window has read ahead stays until firmware drops it (i.MX RT)"
    add("--ahb", choices=("coherent", "buffers"), default="", help=text)
    add("--gdb", metavar="PORT", type=_port, help="serve gdb on this port of 127.0.0.1")
    text = "stand at the firmware's first instruction until gdb is there"
    add("--gdb-wait", action="store_true", help=text)
    add("--report", metavar="FILE", type=_path, help="write there what the run did")
    add("--engine", choices=ENGINES, default=ENGINES[0], help="what runs the machine")
    _qemu_option(command)


def _shape_options(command: Parser) -> None:
    add = command.add_argument
    _files(command, "--put", "a file to put on the board")
    add("--seed", metavar="N", type=_number, default=0, help="for all that is random (0)")
    _files(command, "--models", "your own models")
    text = "a wire between two pins, such as D0:D1"
    add("--wire", metavar="PIN:PIN", action="append", default=[], help=text)


def _qemu_option(command: Parser) -> None:
    text = "the qemu-system-arm to use (XIPSIM_QEMU)"
    command.add_argument("--qemu", metavar="PATH", type=_path, help=text)


def _files(command: Parser, option: str, text: str) -> None:
    """An option that may be given several times."""
    command.add_argument(option, metavar="FILE", type=_file, action="append", default=[], help=text)


def _file(text: str) -> str:
    """A file's name: an empty one, of a variable without a value, would be the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty, and shall name a file or a folder")
    return text


def _word(text: str) -> str:
    """A value of an option that shall have one, which a variable without a value is not."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty")
    return text


def _path(text: str) -> Path:
    return Path(_file(text))


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def _duration(text: str) -> str:
    """As it was written; `Machine` takes it so."""
    from xipsim.errors import UserError
    from xipsim.units import duration

    try:
        duration(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _port(text: str) -> int:
    number = _number(text)
    if not 0 < number < 0x10000:
        raise argparse.ArgumentTypeError(f"{text!r} is no TCP port")
    return number


# -- commands that run none ----------------------------------------------------------------------


def _nothing(command: Parser) -> None:
    pass


def _models(command: Parser) -> None:
    add = command.add_argument
    add("name", metavar="NAME", nargs="?", help="show this model alone, in full")
    _files(command, "--models", "your own models, too")


def _gdb_config(command: Parser) -> None:
    add = command.add_argument
    add("board", metavar="BOARD", help="a board's name, or a path to its .repl")
    add("elf", metavar="ELF", nargs="?", default="firmware.elf", help="the firmware's ELF file")
    add("--gdb", metavar="PORT", type=_port, default=3333, help="as in `xipsim run` (3333)")


def _firmware(firmware: Parser) -> None:
    actions = firmware.add_subparsers(metavar="ACTION", required=True, parser_class=Parser)
    add = _command(actions, "add", "firmware", "copy an image into the cache")
    add.add_argument("file", metavar="FILE")
    add.add_argument("--board", help="the board that it is for, if the image does not say")
    get = _command(actions, "get", "firmware", "download an official release into the cache")
    get.add_argument("board", metavar="BOARD")
    get.add_argument(
        "version", metavar="VERSION", nargs="?", default="", help="e.g. 1.24.0 (the newest)"
    )
    listing = _command(actions, "list", "firmware", "list the images in the cache")
    listing.add_argument("board", metavar="BOARD", nargs="?")
    info = _command(actions, "info", "firmware", "say what an image is")
    info.add_argument("ref", metavar="IMAGE", help="a file, a board, or the start of a hash")
    path = _command(actions, "path", "firmware", "print the path of the image that a board runs")
    path.add_argument("board", metavar="BOARD")
    for action in (add, get, listing, info, path):
        action.set_defaults(action=action.prog.rpartition(" ")[2])


COMMANDS: dict[str, tuple[str, str, Callable[[Parser], None]]] = {
    "run": ("run", "talk to the board at this terminal; Ctrl-] leaves", _run),
    "exec": (
        "execute",
        "run a script at the board's prompt and print what the firmware prints",
        _exec,
    ),
    "trace": ("trace", "run a script and print the flash transactions, one a line", _trace),
    "compare": ("compare", "run a script on both engines, show where they differ", _compare),
    "flashcheck": (
        "flashcheck",
        "let a firmware of our own check the board's flash; the report is TAP",
        _flashcheck,
    ),
    "usb": ("usb", "use the mass storage that the board is on USB", _usb),
    "renode": ("renode", "write what Renode needs to run the board by itself", _renode),
    "gdb-config": ("gdb_config", "print a launch.json, to debug with Cortex-Debug", _gdb_config),
    "boards": ("boards", "list the boards", _nothing),
    "parts": ("parts", "list the flash parts", _nothing),
    "models": ("models", "list the models that .repl files can name", _models),
    "firmware": ("firmware", "keep firmware images in the user's cache", _firmware),
    "doctor": ("doctor", "say what is missing to run, if anything is", _qemu_option),
    "standby": ("standby", "keep ready what `xipsim exec` needs, until Ctrl-C", _nothing),
}
"""Commands by name: their module, what they do, and what adds their arguments."""
