"""A machine without an engine, for tests of the commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from signal import raise_signal
from types import SimpleNamespace
from typing import Any, Self

from xipsim.peripherals.core.trace import FlashCommand


class FakeProcess:
    """What is done to it."""

    last: FakeProcess

    def __init__(self) -> None:
        self.done: list[str] = []
        FakeProcess.last = self

    def kill(self) -> None:
        self.done.append("kill")

    def close(self) -> None:
        self.done.append("close")


class FakeMachine:
    """Traces a command at boot and one per script; prints `prints`, gets `signal`, `raises`."""

    prints = "42\n"
    raises: BaseException | None = None
    warnings: tuple[str, ...] = ()
    kept_files: tuple[Path, ...] = ()
    broken_rules = ""
    signal = 0
    waits_for = ""
    """What its firmware waits for and will not get."""
    last: FakeMachine

    def __init__(self, board: str, **options: Any) -> None:
        self.board, self.options = board, options
        self.scripts: list[bytes] = []
        self.booted = self.closed = self.interrupted = False
        self.receiver: Callable[[FlashCommand], None] | None = None
        self.firmware = SimpleNamespace(path=Path("image.hex"), place="the user cache")
        FakeMachine.last = self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def exec(self, code: bytes | str, *, output: Any = None, timeout: Any = None) -> str:
        self.scripts.append(code.encode() if isinstance(code, str) else code)
        self.timeout = timeout
        self.boot()
        if code:
            self._command(200, "page program")
            if self.prints and output:
                output(self.prints)
            if self.signal:
                raise_signal(self.signal)
            if self.interrupted:
                raise KeyboardInterrupt
            if self.raises:
                raise self.raises
        return self.prints

    def boot(self) -> None:
        if not self.booted:
            self.booted = True
            self._command(100, "read data")

    def trace(self, receiver: Callable[[FlashCommand], None]) -> None:
        self.receiver = receiver

    def on_wait_in_vain(self, receiver: Callable[[str], None]) -> None:
        if self.waits_for:
            receiver(self.waits_for)

    def _command(self, time: int, name: str) -> None:
        if self.receiver:
            self.receiver(FlashCommand(time=time, chip="nor", opcode=2, name=name))

    def interrupt(self) -> None:
        self.interrupted = True

    def report(self) -> dict[str, Any]:
        return {"board": self.board, "closed": self.closed}
