"""An engine as the user's side asks it: one thing at a time, its errors as theirs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from threading import RLock
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex

from xipsim.engines.api import (
    ConfigurationError,
    CoreStopped,
    EngineError,
    EngineKilled,
    ModelError,
    SnapshotError,
    StrPath,
)
from xipsim.errors import EngineFailed, UserError, XipsimError
from xipsim.errors import EngineKilled as Killed

if TYPE_CHECKING:
    from xipsim.engines.engine import Engine


class Turn:
    """A context manager for whoever asks the machine: one thread at a time, the others are told.

    They do not wait: what two threads type at one REPL would be mixed all the same.
    """

    def __init__(self) -> None:
        self._lock = RLock()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise UserError(
                "the machine is used from two threads at once: another one waits for it. Let one "
                "thread have it, or guard it with a lock; `interrupt` alone may come from anywhere"
            )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.release()


def refuse_copies(thing: object, _protocol: SupportsIndex) -> NoReturn:
    """For `__reduce_ex__`: TypeError where `copy` or `pickle` comes upon a machine."""
    raise TypeError(
        "a machine is a process at work, and can neither be copied nor pickled; one that goes on "
        "from a snapshot's file can be made elsewhere"
    )


def failed(error: EngineError, models: Iterable[StrPath]) -> XipsimError:
    """The engine's error as the user's side has it. models: the files whose mistakes are theirs."""
    files = {os.path.abspath(file) for file in models}
    if isinstance(error, ModelError) and error.file in files:
        return UserError(str(error))
    if isinstance(error, CoreStopped):
        return UserError(str(error))
    if isinstance(error, EngineKilled):
        return Killed(str(error))
    return EngineFailed(str(error))


class EngineAccess:
    """An engine that can be asked while it does not run, and by one thread at a time.

    models: files of the user's own models; an error in them is the user's.
    """

    __reduce_ex__ = refuse_copies

    def __init__(self, engine: Engine, models: tuple[str, ...]) -> None:
        self.engine, self._user_models = engine, models
        self._owner = os.getpid()
        self.closed = False
        self.untouched = False
        """Whether the machine is as it was made, and nobody listens to its boot."""
        self.turn = Turn()
        """Taken for each question; whoever asks several that belong together takes it for all."""
        self._is_asked = False

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
        with self.turn:
            self.check_usable()
            try:
                self._is_asked = True  # in here: Ctrl-C may come at any instant
                return ask()
            except (ConfigurationError, LookupError, ValueError, SnapshotError) as error:
                raise UserError(str(error.args[0] if error.args else error)) from None
            except EngineError as error:
                raise self._failed(error) from error
            finally:
                self._is_asked = False

    def _failed(self, error: EngineError) -> XipsimError:
        return failed(error, self._user_models)

    @property
    def is_ours(self) -> bool:
        """Whether this is the process that made it, and none that was forked from that."""
        return os.getpid() == self._owner

    def check_usable(self) -> None:
        """UserError for a machine that is closed, at work (asked from a callback of its own), or
        another process's."""
        if self.closed:
            raise UserError("the machine is closed")
        if not self.is_ours:
            raise UserError(
                f"the machine belongs to process {self._owner}, from which this one was forked: "
                "make one of its own in each process"
            )
        if self._is_asked:
            raise UserError(
                "the machine cannot be asked from a callback of its own (`trace`, `on_output`): "
                "let the callback note what came, and ask when the run has ended"
            )

    def close(self) -> None:
        """End the engine."""
        self.closed = True
        self.engine.close()
