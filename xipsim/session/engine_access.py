"""An engine as the user's side asks it: one thing at a time, its errors as theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xipsim.engines.api import Engine, EngineError, ModelError, SnapshotError
from xipsim.errors import EngineFailed, UserError, XipsimError


class EngineAccess:
    """An engine that can be asked while it does not run.

    models: files of the user's own models; an error in them is the user's.
    """

    def __init__(self, engine: Engine, models: tuple[str, ...]) -> None:
        self.engine, self._user_models = engine, models
        self.closed = False
        self.untouched = False
        """Whether the machine is as it was made, and nobody listens to its boot."""
        self._running = False

    @property
    def now(self) -> int:
        """Virtual ns."""
        return self.engine.now

    def request(self, name: str, *arguments: Any) -> Any:
        """A request to the models' end of the engine."""
        self.untouched = False
        return self.guarded(lambda: self.engine.request(name, *arguments))

    def call(self, entry: str, method: str, *arguments: Any) -> Any:
        """Call an exposed method of a model; UserError where there is none."""
        self.untouched = False
        return self.guarded(lambda: self.engine.call(entry, method, *arguments))

    def read_memory(self, address: int, length: int) -> bytes:
        """Guest memory as the core sees it; UserError where nothing answers."""
        data: bytes = self.guarded(lambda: self.engine.read_memory(address, length))
        return data

    def write_memory(self, address: int, data: bytes) -> None:
        """Write guest memory; UserError where nothing answers."""
        self.untouched = False
        self.guarded(lambda: self.engine.write_memory(address, data))

    def registers(self) -> dict[str, int]:
        """The core's registers."""
        registers: dict[str, int] = self.guarded(self.engine.registers)
        return registers

    def guarded(self, ask: Callable[[], Any]) -> Any:
        """Ask the engine something; its errors as those of the user's side."""
        self._check_usable()
        try:
            return ask()
        except (LookupError, ValueError, SnapshotError) as error:
            raise UserError(str(error.args[0] if error.args else error)) from None
        except EngineError as error:
            raise self._failed(error) from error

    def _failed(self, error: EngineError) -> XipsimError:
        text = str(error)
        if isinstance(error, ModelError) and error.file in self._user_models:
            return UserError(text)
        return EngineFailed(text)

    def _check_usable(self) -> None:
        if self.closed:
            raise UserError("the machine is closed")
        if self._running:
            raise UserError("the machine is running: it can be asked nothing from a callback")

    def close(self) -> None:
        """End the engine."""
        self.closed = True
        self.engine.close()
