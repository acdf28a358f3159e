"""The commands of Renode's monitor with which its suites set a machine up and look at it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from xipsim import platforms
from xipsim.errors import UserError
from xipsim.firmware.files import read_file
from xipsim.units import duration

from .emulation import Emulation, Setup

Note = Callable[[str], None]

_TOKEN = re.compile(r'"""(.*?)"""|"([^"]*)"|(\S+)', re.DOTALL)
_ASSIGNMENT = re.compile(r"\$(\w+)\s*(\?)?=\s*(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(\w+)")
_MACRO = re.compile(r'(macro\s+\w+)\s*\n\s*(""".*?""")', re.DOTALL)
_TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)")
_NESTED = 50
"""How deep scripts and macros may run each other."""
_WIDTHS = {"Byte": 1, "Word": 2, "DoubleWord": 4, "QuadWord": 8}

_WITHOUT_MEANING = {
    "showAnalyzer": "consoles are in the failure message and in the log of terminal testers",
    "logLevel": "what the models have to say is always kept",
    "using": "names work with and without `sysbus.`",
    "path": "files are looked for beside the suite, in the current folder, and in the platforms",
    "emulation SetGlobalQuantum": "there is one core, whose time is exact",
    "emulation SetGlobalSerialExecution": "there is one machine, whose runs always are alike",
    "machine SetSerialExecution": "there is one machine, whose runs always are alike",
    "mach set": "there is one machine",
}
"""Commands that change nothing here, and why."""


class Monitor:
    """Executes commands. folders: where files are looked for; note: told what has no meaning."""

    def __init__(self, emulation: Emulation, folders: Callable[[], list[Path]], note: Note) -> None:
        self._emulation, self._folders, self._note = emulation, folders, note
        self._variables: dict[str, str] = {}
        self._depth = 0
        self._commands: dict[str, Callable[[list[str]], str | None]] = {
            "mach create": self._create,
            "mach clear": _bare("mach clear", emulation.clear),
            "Clear": _bare("Clear", emulation.clear),
            "machine LoadPlatformDescription": self._load_platform,
            "machine LoadPlatformDescriptionFromString": self._load_text,
            "machine Reset": _bare("machine Reset", lambda: emulation.running.reset()),
            "sysbus LoadHEX": self._load_image,
            "sysbus LoadELF": self._load_image,
            "sysbus LoadUF2": self._load_image,
            "start": _bare("start", self._start),
            "pause": _bare("pause", lambda: None),
            "emulation RunFor": self._run_for,
            "emulation SetSeed": self._set_seed,
            "emulation GetTimeSourceInfo": _bare("emulation GetTimeSourceInfo", self._time),
            "cpu PC": _bare("cpu PC", lambda: f"0x{emulation.machine.registers()['pc']:X}"),
            "set": self._set,
            "macro": self._set,
            "runMacro": lambda words: self.run_text(_one(words, "a macro")),
            "include": self._include,
            "echo": lambda words: " ".join(words),
        }

    def forget(self) -> None:
        """Forget variables and macros."""
        self._variables.clear()

    def execute(self, command: str) -> str:
        """Execute one command; returns what it printed. UserError for an unknown one."""
        command = command.strip()
        if assignment := _ASSIGNMENT.fullmatch(command):
            name, is_default, value = assignment.groups()
            if not (is_default and name in self._variables):
                self._variables[name] = _unquoted(value)
            return ""
        words = [self._value(match) for match in _TOKEN.finditer(command)]
        if not words:
            return ""
        words[0] = {"s": "start", "p": "pause", "i": "include", "sa": "showAnalyzer"}.get(
            words[0], words[0]
        )
        if words[0].startswith("sysbus."):
            words[0] = words[0].removeprefix("sysbus.")
        return self._dispatch(words, command)

    def _dispatch(self, words: list[str], command: str) -> str:
        for length in (2, 1):
            name, rest = " ".join(words[:length]), words[length:]
            if name in _WITHOUT_MEANING:
                self._note(f"{name} has no effect: {_WITHOUT_MEANING[name]}")
                return ""
            if name in self._commands:
                return self._commands[name](rest) or ""
        if words[0] == "sysbus" and len(words) > 1:
            access = re.fullmatch(r"(Read|Write)(\w+)", words[1])
            if access and access[2] in _WIDTHS:
                return self._access(access[1], _WIDTHS[access[2]], words[2:])
        why = ""
        if len(words) > 1 and self._emulation.made:
            try:
                return self._call(*words)
            except UserError as error:
                why = f" (as a call of a model: {error})"
        known = ", ".join(sorted({*self._commands, "sysbus ReadDoubleWord", "sysbus WriteByte"}))
        raise UserError(
            f"{command!r} is no command that xipsim knows{why}; it knows {known}, and so on for "
            "other widths, and ENTRY METHOD for what the model of an entry exposes"
        )

    # -- scripts ---------------------------------------------------------------------------------

    def run_file(self, file: str) -> str:
        """Execute the commands of a `.resc` file; returns what they printed."""
        path = self._path(file)
        if path.suffix != ".resc":
            raise UserError(f"{path}: only .resc scripts can be included")
        self._variables["ORIGIN"] = str(path.parent)
        try:
            text = read_file(path).decode()
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise UserError(f"{path} is no text: byte {error.start} is not UTF-8") from None
        return self.run_text(text)

    def run_text(self, text: str) -> str:
        """Execute commands, one a line."""
        if self._depth == _NESTED:
            raise UserError(f"scripts and macros run each other {_NESTED} deep: one runs itself")
        self._depth += 1
        try:
            return "".join(self.execute(command) for command in _commands(text))
        finally:
            self._depth -= 1

    def _include(self, words: list[str]) -> str:
        return self.run_file(_one(words, "a file"))

    def _set(self, words: list[str]) -> None:
        if len(words) != 2:
            raise UserError(f"expected a name and a value, given {words}")
        self._variables[words[0]] = words[1]

    def _value(self, match: re.Match[str]) -> str:
        text = next(group for group in match.groups() if group is not None)
        if match[1] is not None:
            return text
        if match[3] is not None and match[3].startswith('"'):
            raise UserError(f"a quotation mark is not closed: {match[3]}")

        def look_up(variable: re.Match[str]) -> str:
            if variable[1] not in self._variables:
                raise UserError(f"the variable ${variable[1]} has no value")
            return self._variables[variable[1]]

        return _VARIABLE.sub(look_up, text)

    def _path(self, file: str) -> Path:
        name = file.removeprefix("@")
        if "://" in name:
            raise UserError(f"{name}: nothing is downloaded; name a file")
        folders = [Path.cwd(), *self._folders(), Path(platforms.__file__).parent.parent]
        for folder in folders:
            if (folder / name).is_file():
                return (folder / name).absolute()
        raise UserError(f"there is no file {name}, in none of {', '.join(map(str, folders))}")

    # -- setting up ------------------------------------------------------------------------------

    def _create(self, words: list[str]) -> None:
        self._emulation.begin(Setup(name=_one(words, "a name")) if words else Setup())

    def _load_platform(self, words: list[str]) -> None:
        setup, path = self._emulation.setup, self._path(_one(words, "a platform"))
        is_ours = path.parent.resolve() == (Path(platforms.__file__).parent / "boards").resolve()
        if setup.platform:
            setup.further.append(f'using "{path}"')
        else:
            setup.platform = path.stem if is_ours else str(path)

    def _load_text(self, words: list[str]) -> None:
        self._emulation.setup.further.append(_one(words, "a description"))

    def _load_image(self, words: list[str]) -> None:
        self._emulation.setup.options["firmware"] = self._path(_one(words, "an image"))

    def _set_seed(self, words: list[str]) -> None:
        self._emulation.setup.options["seed"] = _number(_one(words, "a seed"))

    # -- running and looking ---------------------------------------------------------------------

    def _start(self) -> None:
        self._emulation.machine  # noqa: B018

    def _run_for(self, words: list[str]) -> None:
        text = _one(words, "a time")
        match = _TIME.fullmatch(text)
        if match is None:
            raise UserError(f"{text!r} is no time: expected seconds, such as 0.5, or 00:00:00.5")
        hours, minutes, seconds = match.groups("0")
        whole = (int(hours) * 60 + int(minutes)) * 60_000_000_000
        self._emulation.running.run_for(whole + duration(f"{seconds}s"))

    def _time(self) -> str:
        seconds, rest = divmod(self._emulation.machine.now, 1_000_000_000)
        hours, minutes = seconds // 3600, seconds // 60 % 60
        return (
            f"Elapsed Virtual Time: {hours:02}:{minutes:02}:{seconds % 60:02}.{rest // 1000:06}\n"
        )

    def _access(self, verb: str, width: int, words: list[str]) -> str:
        machine = self._emulation.running
        if len(words) != (1 if verb == "Read" else 2):
            what = f"an address{'' if verb == 'Read' else ' and a value'}"
            raise UserError(f"expected {what}, given {' '.join(words) or 'nothing'}")
        address, *values = map(_number, words)
        if verb == "Read":
            value = int.from_bytes(machine.read_memory(address, width), "little")
            return f"0x{value:0{2 * width}X}\n"
        try:
            machine.write_memory(address, values[0].to_bytes(width, "little"))
        except OverflowError:
            raise UserError(f"{words[1]} does not fit into {width} bytes") from None
        return ""

    def _call(self, entry: str, method: str, *arguments: str) -> str:
        values = [_number(a) if re.fullmatch(r"0x[0-9a-fA-F]+|\d+", a) else a for a in arguments]
        result = self._emulation.running.call(entry, method, *values)
        return "" if result is None else f"{result}\n"


def _commands(text: str) -> Iterator[str]:
    """The commands of a script; a macro's text may hold several lines."""
    text = _MACRO.sub(lambda match: f"{match[1]} {match[2]}".replace("\n", "\x00"), text)
    for line in text.splitlines():
        if not line.lstrip().startswith(("#", ":")):
            yield line.replace("\x00", "\n")


def _bare(name: str, act: Callable[[], str | None]) -> Callable[[list[str]], str | None]:
    """A command without arguments: what stands behind it would not be done, which is a failure."""

    def run(words: list[str]) -> str | None:
        if words:
            raise UserError(f"`{name}` takes nothing here, given {' '.join(words)!r}")
        return act()

    return run


def _one(words: list[str], what: str) -> str:
    if len(words) != 1:
        raise UserError(f"expected {what}, given {' '.join(words) or 'nothing'}")
    return words[0]


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise UserError(f"{text!r} is no number") from None


def _unquoted(value: str) -> str:
    match = _TOKEN.fullmatch(value.strip())
    return next(group for group in match.groups() if group is not None) if match else value
