"""Everything that can go wrong, by who is at fault; each class carries the exit code of `xipsim`.

::

    XipsimError
    ├── UserError          2  the user's mistake
    │   └── UnknownName       a console, port or chip that the board does not have
    ├── ReplError          1  the script raised
    ├── Stopped            3  the firmware did not do what was waited for
    │   ├── WaitTimeout       a wait ran out
    │   ├── BoardReset        a watchdog, or a lock-up, reset the board under a script
    │   ├── PoweredOff        the board has switched itself off
    │   ├── FirmwareFault  6  the core faulted
    │   └── BootFailed     7  the boot ROM found nothing to start
    ├── StorageError       3  a device did not do what a mass storage has to
    ├── ModelGap           4  something that is not modelled was used (strict)
    └── EngineFailed       5  our own mistake
        └── EngineKilled   2  its process was ended from outside
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from xipsim.peripherals.namedtuple import NamedTuple


class XipsimError(Exception):
    """Base of all errors of this package. The text is one paragraph for people."""

    exit_code: ClassVar[int] = 5

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else type(self).__name__

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process gets it whole, whatever its `__init__` wants."""
        return _made_again, (type(self), self.args, self.__dict__)


def _made_again(
    kind: type[XipsimError], arguments: tuple[Any, ...], members: dict[str, Any]
) -> XipsimError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(members)
    return error


class UserError(XipsimError):
    """What was asked for cannot be done, and the caller can put it right."""

    exit_code = 2


class UnknownName(UserError, KeyError):
    """The board has nothing of that name; the text lists what it has."""


class ReplError(XipsimError):
    """The script raised at the REPL.

    traceback: what the firmware printed about it. type_name: the exception's class, e.g.
    `OSError`. output: what the script had printed before.
    """

    exit_code = 1

    def __init__(self, traceback: str, type_name: str, output: str) -> None:
        super().__init__(traceback)
        self.traceback, self.type_name, self.output = traceback, type_name, output


class Situation(NamedTuple):
    """Where a machine stood still.

    now: virtual ns. console, tail: the console and the last bytes that it showed. opened: whether
    it is open. flash: each chip's `status`, by name; empty if the engine could not be asked.
    polled: what the loop asks that the firmware was in.
    """

    now: int
    pc: int | None = None
    console: str = ""
    tail: bytes = b""
    opened: bool = True
    flash: Mapping[str, Mapping[str, Any]] = {}
    polled: Sequence[str] = ()
    noticed: tuple[str, ...] = ()
    places: Mapping[int, str] = {}

    def place(self, address: int) -> str:
        """An address, with function and line if they are known."""
        return self.places.get(address, f"{address:#010x}")


class Stopped(XipsimError):
    """The firmware did not do what was waited for. situation: where it stood."""

    exit_code = 3

    def __init__(self, text: str, situation: Situation) -> None:
        super().__init__(text)
        self.situation = situation


class WaitTimeout(Stopped):
    """A wait ran out, in virtual or in real time.

    waited_for: in words. output: what a script had printed by then (`exec` only).
    """

    def __init__(self, text: str, situation: Situation, waited_for: str) -> None:
        super().__init__(text, situation)
        self.waited_for = waited_for
        self.output = ""


class FirmwareFault(Stopped):
    """The core faulted, or locked up.

    detail: the fault registers (`cfsr`, `hfsr`, `mmfar`, `bfar`), `exception`, the core's
    `registers`, what it had `stacked`, and the `time` (virtual ns) of that. A lock-up also has
    `locked_up_at`, where the core could not go on. Where the first instruction of a handler could
    not be fetched, `vector` is its exception's number, and `interrupted` what it interrupted.
    """

    exit_code = 6

    def __init__(self, text: str, situation: Situation, detail: Mapping[str, Any]) -> None:
        super().__init__(text, situation)
        self.detail = detail


class BoardReset(Stopped):
    """A watchdog, or a lock-up, reset the board while a script ran. output: as it printed."""

    def __init__(self, text: str, situation: Situation, output: str) -> None:
        super().__init__(text, situation)
        self.output = output


class BootFailed(Stopped):
    """The boot ROM found nothing to start."""

    exit_code = 7


class PoweredOff(Stopped):
    """The board has switched itself off, and no alarm will wake it."""


class StorageError(XipsimError):
    """The mass storage at a USB host failed a command, left, or did not appear."""

    exit_code = 3


class ModelGap(XipsimError):
    """The firmware used something that is not modelled, and the machine is strict."""

    exit_code = 4

    def __init__(self, text: str, situation: Situation) -> None:
        super().__init__(text)
        self.situation = situation


class EngineFailed(XipsimError):
    """The engine or a model failed: a mistake of ours."""

    exit_code = 5


class EngineKilled(EngineFailed):
    """The engine's process was ended from outside: nobody's mistake here."""

    exit_code = 2


def check_callable(name: str, given: object) -> None:
    """UserError where something else was given for a function that is called later."""
    if not callable(given):
        raise UserError(f"{name}: expected a function, given {given!r}")
