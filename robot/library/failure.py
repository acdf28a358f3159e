"""The context that a failure message carries: console, flash, and the command that repeats it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence

from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError

from xipsim.firmware.files import read_file
from xipsim.reporting.failure_details import console_text, flash_text, noticed_text

from .emulation import Emulation

REPEAT = "Repeat it with:"
_OPTIONS = {
    "-v": "--variable",
    "-V": "--variablefile",
    "-P": "--pythonpath",
    "-A": "--argumentfile",
}
"""Options of `robot` that change what a suite does."""
_PABOTS_OWN = ("PABOT", "CALLER_ID:")
"""Variables with which pabot runs its processes."""


def describe(emulation: Emulation, told: str = "") -> str:
    """Several lines of text, without a line end at the last. told: what the message says before."""
    parts = [f"{REPEAT} {replay_command(sys.argv[1:])}"]
    if machine := emulation.made:
        texts = console_text(machine), flash_text(machine), noticed_text(machine, told)
        parts = [*filter(None, texts), *parts]
    return "\n".join(parts)


def replay_command(arguments: Sequence[str]) -> str:
    """The shell command that runs only the present test. arguments: of the process that runs it."""
    try:
        source = BuiltIn().get_variable_value("${SUITE SOURCE}")
        test = BuiltIn().get_variable_value("${TEST NAME}")
    except RobotNotRunningError:
        return shlex.join(["robot", *arguments])
    chosen = ["--test", test] if test else []
    return shlex.join(["robot", *_kept(arguments), *chosen, str(source)])


def _kept(arguments: Sequence[str]) -> Iterator[str]:
    """Variables and paths among the arguments of `robot`, by the long names of their options."""
    rest = iter(arguments)
    for argument in rest:
        option, equals, value = argument.partition("=")
        option = _OPTIONS.get(option, option)
        if option not in _OPTIONS.values():
            continue
        if not equals:
            value = next(rest, "")
        if option == "--argumentfile":
            yield from _kept(_read_argument_file(value))
        elif not value.startswith(_PABOTS_OWN):
            yield from (option, value)


def _read_argument_file(path: str) -> list[str]:
    try:
        lines = read_file(path).decode(errors="replace").splitlines()
    except OSError:  # A pipe has been read by Robot Framework.
        return []
    return [word for line in lines for word in line.strip().split(maxsplit=1)]
