"""What can go wrong with an engine, by who can put it right."""

from __future__ import annotations


class EngineError(Exception):
    """The engine itself failed: it could not start, or died. Says what to do where it can."""


class EngineKilled(EngineError):
    """The engine's process was ended from outside: by somebody, or by the system."""


class CoreStopped(EngineError):
    """The firmware has brought the core to where this engine can neither go on nor reset it."""


class ModelError(EngineError):
    """A model raised.

    access: what the firmware did to which entry, in words; empty where no access was under way.
    file, line, function: where it raised. pc: the firmware's.
    """

    def __init__(
        self,
        what: str,
        *,
        access: str = "",
        file: str = "",
        line: int = 0,
        function: str = "",
        pc: int | None = None,
    ) -> None:
        super().__init__(what)
        self.what, self.access = what, access
        self.file, self.line, self.function, self.pc = file, line, function, pc

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}, in {self.function}" if self.file else "a model"
        access = f"; {self.access}" if self.access else ""
        at = "" if self.pc is None else f"; the firmware's PC is {self.pc:#010x}"
        return f"{self.what} ({place}{access}{at})"


class NoRoom(Exception):
    """The engine cannot have another address range on its bus, and why."""


class SnapshotError(Exception):
    """This snapshot cannot be taken, saved or loaded, or does not fit this machine."""


class ConfigurationError(Exception):
    """What the user asked for cannot be built: the platform, a model file, a parameter's value."""
