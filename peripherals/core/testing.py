"""Plain stand-ins for what an engine provides, to drive a model from an ordinary test.

::

    bench = Bench()
    uart = Lpuart(bench.system)
    uart.write(0x1C, ord("x"))
    bench.clock.advance(1_000)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from .declared import Region
from .passages import Speaker
from .peripheral import Peripheral
from .ports import Alarm, BusError, ResetCause, Turn
from .system import System
from .trace import Diagnostic, Event, FlashCommand, Gap, Note, Trace


class FakeAlarm:
    """An alarm on a `FakeClock`."""

    def __init__(self, clock: FakeClock, callback: Callable[[], None]) -> None:
        self._clock, self._callback = clock, callback
        self.deadline: int | None = None
        clock.alarms.append(self)

    def at(self, time: int) -> None:
        self.deadline = max(time, self._clock.now)

    def cancel(self) -> None:
        self.deadline = None

    def fire(self) -> None:
        self.deadline = None
        self._callback()

    def follow(self, time: int | None) -> None:
        self.deadline = time

    def expect(self, time: int) -> None:
        pass


class FakeClock:
    """Virtual time that moves when the test says so."""

    def __init__(self) -> None:
        self.now = 0
        self.alarms: list[FakeAlarm] = []
        self.questions: list[tuple[Hashable, int | None]] = []
        self.exact = 0
        """`after` of the last question."""

    def alarm(self, callback: Callable[[], None]) -> FakeAlarm:
        return FakeAlarm(self, callback)

    def question(
        self,
        key: Hashable,
        until: int | None = None,
        *,
        after: int = 0,
        turn: Callable[[], Turn] | None = None,
    ) -> int:
        self.questions.append((key, until))
        self.exact = after
        return self.now

    def take(self, until: int) -> int:
        dues = [a.deadline for a in self.alarms if a.deadline is not None]
        self.now = max(self.now, min([until, *dues]))
        return self.now

    def passage(self, speaker: Speaker) -> None:
        pass

    def acts(
        self, later: Callable[..., object] | None = None, sets: Alarm | None = None
    ) -> None:
        pass

    def lasts(self, until: int) -> None:
        self.advance(until - self.now)

    def advance(self, duration: int) -> None:
        """Let `duration` ns pass; alarms fire on time, in order."""
        end = self.now + duration
        while True:
            due = [a for a in self.alarms if a.deadline is not None and a.deadline <= end]
            if not due:
                break
            first = min(due, key=lambda a: a.deadline or 0)
            self.now = max(self.now, first.deadline or 0)
            first.fire()
        self.now = end


class FakeBus:
    """Guest memory: bytes where the test has put some, bus errors elsewhere."""

    def __init__(self) -> None:
        self.memories: dict[int, bytearray] = {}

    def add(self, address: int, size: int) -> bytearray:
        """Memory of `size` zero bytes at `address`."""
        return self.memories.setdefault(address, bytearray(size))

    def _find(self, address: int, length: int) -> tuple[bytearray, int]:
        for base, memory in self.memories.items():
            if base <= address and address + length <= base + len(memory):
                return memory, address - base
        raise BusError(f"nothing at {address:#x}")

    def read(self, address: int, length: int) -> bytes:
        memory, at = self._find(address, length)
        return bytes(memory[at : at + length])

    def write(self, address: int, data: bytes) -> None:
        memory, at = self._find(address, len(data))
        memory[at : at + len(data)] = data


class FakeSegment:
    """Records what the model made visible: `bytes`, and whether it `is_native`."""

    def __init__(self, window: FakeWindow, offset: int, size: int, writable: bool) -> None:
        self.window, self.offset, self.writable = window, offset, writable
        self.bytes = bytearray(b"\xff") * size
        self.is_native = False

    def load(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        self.bytes[offset : offset + len(data)] = data

    def native(self, on: bool) -> None:
        self.is_native = on

    def unmap(self) -> None:
        self.window.segments.remove(self)


class FakeWindow:
    """A window without an engine: reads go where the engine would send them."""

    def __init__(self, model: Peripheral, region: Region, address: int, size: int) -> None:
        self.model, self.region, self.address, self.size = model, region, address, size
        self.segments: list[FakeSegment] = []

    def segment(self, offset: int, size: int, *, writable: bool = False) -> FakeSegment:
        segment = FakeSegment(self, offset, size, writable)
        self.segments.append(segment)
        return segment

    def read(self, offset: int, size: int = 4) -> int:
        """What the core would read at `offset` of the window."""
        for segment in self.segments:
            at = offset - segment.offset
            if segment.is_native and at >= 0 and at + size <= len(segment.bytes):
                return int.from_bytes(segment.bytes[at : at + size], "little")
        value: int = getattr(self.model, self.region.read_hook)(offset, size)
        return value

    def peek(self, offset: int, size: int = 4) -> int:
        """What somebody who looks from outside sees at `offset` of the window."""
        return self.region.peek(self.model, offset, size)

    def write(self, offset: int, value: int, size: int = 4) -> None:
        """A store of the core at `offset` of the window."""
        getattr(self.model, self.region.write_hook)(offset, value, size)


class Bench:
    """A machine without an engine: fake ports, and lists of what the models said."""

    def __init__(self, seed: int = 0) -> None:
        self.clock, self.bus, self.trace = FakeClock(), FakeBus(), Trace()
        self.resets: list[ResetCause] = []
        self.power_offs: list[str] = []
        self.stuck: list[str] = []
        self.commands: list[FlashCommand] = []
        self.diagnostics: list[Diagnostic] = []
        self.gaps: list[Gap] = []
        self.notes: list[Note] = []
        self.trace.subscribe(FlashCommand, self.commands.append)
        self.trace.subscribe(Diagnostic, self.diagnostics.append)
        self.trace.subscribe(Gap, self.gaps.append)
        self.trace.subscribe(Note, self.notes.append)
        self.pc: int | None = None
        self.system = System(
            clock=self.clock,
            bus=self.bus,
            trace=self.trace,
            request_reset=self.resets.append,
            power_off=self.power_offs.append,
            stuck=self.stuck.append,
            pc=lambda: self.pc,
            seed=seed,
        )

    def window(self, model: Peripheral, region: str, address: int, size: int) -> FakeWindow:
        """Give `model` a window for its region of that name."""
        declared = next(r for r in model.declared(Region) if r.name == region)
        window = FakeWindow(model, declared, address, size)
        model.windows[region] = window
        return window

    @property
    def events(self) -> list[Event]:
        """Diagnostics and gaps, for tests that expect a silent run."""
        return [*self.diagnostics, *self.gaps]
