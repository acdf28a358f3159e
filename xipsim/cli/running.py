"""What the commands that run a machine have in common: options, signals, warnings, report."""

from __future__ import annotations

import argparse
import errno
import gc
import os
import re
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from xipsim.errors import UserError

if TYPE_CHECKING:
    from xipsim.machine.machine import Machine

_HEX = re.compile(rb"\s*:[0-9A-Fa-f]{10,}\s")
"""A record of Intel HEX: it begins every such file, and no script."""
_BEGINNING = 64
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """Lets a signal end a run between two instructions, so that the flash can be saved.

    received: the first signal, 0 before. A second one ends the process as if none had come.
    """

    def __init__(self) -> None:
        self.received = 0
        self._machine: Machine | None = None
        self._before = {number: signal.getsignal(number) for number in ENDING}

    def watch(self, machine: Machine) -> None:
        """From now on a signal ends what `machine` is doing, as KeyboardInterrupt."""
        self._machine = machine
        for number in ENDING:
            if self._before[number] is not signal.SIG_IGN:  # nohup
                signal.signal(number, self._handle)

    def restore(self) -> None:
        """Signals do what they did before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.received:
            self.restore()
            signal.raise_signal(number)
        elif self._machine:
            self.received = number
            self._machine.interrupt()


@contextmanager
def opened(
    args: argparse.Namespace, *, warn: bool = True, boot_cache: bool = False
) -> Iterator[tuple[Machine, Signals]]:
    """The machine that the arguments describe; saved, reported and closed at the end.

    A signal ends the process with exit code 128 + its number, after all that. warn: print what
    was noticed about the image. boot_cache: as `Machine` has it.
    """
    if args.report:
        check_place(args.report, "report")
    refuse_overwriting(args)
    signals = Signals()
    gc.disable()  # what is imported now stays
    try:
        with _machine(args, boot_cache) as machine:
            gc.freeze()
            gc.enable()
            signals.watch(machine)
            refuse_overwriting(args, machine.kept_files)
            for warning in machine.warnings if warn else ():
                print(f"xipsim: warning: {warning}", file=sys.stderr)
            machine.on_wait_in_vain(_tell_wait)
            try:
                yield machine, signals
            finally:
                if args.report:
                    _write_report(machine, args.report)
    except (KeyboardInterrupt, BrokenPipeError) as end:
        from .failure import tell_notes

        tell_notes(end)
        if isinstance(end, BrokenPipeError):
            raise
        raise SystemExit(128 + (signals.received or signal.SIGINT)) from None
    finally:
        signals.restore()
        gc.enable()
        gc.freeze()  # else the end of the process would look three times through all there is


def _machine(args: argparse.Namespace, boot_cache: bool) -> Machine:
    if args.discard and not (args.flash or args.state or args.board.endswith(".repl")):
        raise UserError(
            "--discard needs --flash FILE or --state DIR; without them nothing is kept anyway"
        )
    from xipsim.engines.programs import open_engine
    from xipsim.machine.machine import Machine

    return Machine(
        args.board,
        firmware=args.image,
        flash=args.flash,
        state=args.state,
        discard=args.discard,
        rtc=args.rtc or "",
        uid=args.uid or "",
        ahb=args.ahb,
        stalls=args.stalls == "on",
        strict=args.strict,
        engine=args.engine,
        qemu=args.qemu,
        gdb=args.gdb,
        gdb_wait=args.gdb_wait,
        symbols=args.symbols,
        console=args.console or "",
        boot_cache=boot_cache,
        start=lambda config: open_engine(config, args.process),
        **shape(args),
    )


def _tell_wait(text: str) -> None:
    # `xipsim run` has the terminal in raw mode.
    end = "\r\n" if sys.stderr.isatty() else "\n"
    print(f"xipsim: {text}", file=sys.stderr, end=end, flush=True)


def shape(args: argparse.Namespace) -> dict[str, Any]:
    """Of the options of `Machine` those that shape what every engine runs."""
    return {"put": args.put, "seed": args.seed, "models": args.models, "wires": args.wire}


def check_place(path: Path, what: str) -> None:
    """UserError where `path` cannot be written: known before the run, which would be for nothing.

    what: it is written, in a word.
    """
    folder = os.path.dirname(path) or os.curdir
    if not os.path.isdir(folder):
        raise UserError(f"{path}: the folder for the {what} does not exist")
    if path.is_dir():
        raise UserError(f"{path} is a folder: name a file for the {what}")
    is_replaced = path.is_file() or not path.exists()
    if not os.access(folder if is_replaced else path, os.W_OK):
        raise UserError(f"{path}: the {what} cannot be written there: {os.strerror(errno.EACCES)}")


def refuse_overwriting(args: argparse.Namespace, kept: Iterable[Path] = ()) -> None:
    """UserError if a file that is to be written has another use, too.

    kept: the files that the machine keeps: which these are, it knows when it is there.
    """
    given = vars(args)
    read = ("board", "image", "script", "file", "flash", "symbols", "qemu")
    others = [given.get(name) for name in read]
    others += [*given.get("put", ()), *given.get("models", ()), *kept]
    written = [given.get(name) for name in ("report", "output", "pty_link")]
    for path in filter(None, written):
        used = [os.path.realpath(file) for file in (*others, *written) if file]
        if used.count(os.path.realpath(path)) > 1:
            raise UserError(f"{path} is named twice, and would be overwritten: give another file")


def _write_report(machine: Machine, path: Path) -> None:
    import json

    text = json.dumps(machine.report(), indent=2) + "\n"
    try:
        _write(path, text.encode())
    except OSError as error:
        raise UserError(f"{path}: the report cannot be written: {error.strerror}") from None


def _write(path: Path, data: bytes) -> None:
    """Into a file at once; into a pipe or a device, which has somebody at its other end."""
    from xipsim.firmware.store import write_atomic

    if path.is_file() or not path.exists():
        write_atomic(path, data)
        return
    # Without O_NONBLOCK, opening a named pipe would wait for somebody who reads it.
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    with open(descriptor, "wb") as file:
        file.write(data)


def script(args: argparse.Namespace) -> bytes:
    """The script that the arguments name."""
    if args.code is not None:
        code: str = args.code
        return code.encode(errors="surrogateescape")
    from xipsim.repl.raw_repl import LONGEST, check_form

    is_standard = args.script == "-"
    try:
        with nullcontext(sys.stdin.buffer) if is_standard else open(args.script, "rb") as file:
            data = file.read(LONGEST + 1)  # a device would give it without end
    except OSError as error:
        raise UserError(f"{args.script}: the script cannot be read: {error.strerror}") from None
    check_form(data, args.script)
    if _is_image(data):
        if args.script.endswith(".mpy"):
            raise UserError(
                f"{args.script} is compiled: put it on the board with --put, and give a script "
                "that imports it"
            )
        raise UserError(
            f"{args.script} is an image, and no script: say what it shall run, with a SCRIPT "
            "behind it (`-` is standard input) or with -c CODE; `xipsim run` gives you its console"
        )
    return data


def _is_image(data: bytes) -> bool:
    """Whether this is firmware, in any form, and no source: a stray NUL is the firmware's to
    refuse, many such characters at the beginning are none of a text; HEX is text."""
    controls = sum(byte < 0x20 and byte not in b"\t\n\r\f" for byte in data[:_BEGINNING])
    many = 10 * controls > len(data[:_BEGINNING])
    return (b"\0" in data and many) or _HEX.match(data) is not None
