"""Models of the tests' own: a boot ROM that holds a program, a timer that can be polled, ..."""

from __future__ import annotations

import os
import re
import sys
from collections import deque
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, ClassVar

from xipsim.peripherals.core import (
    BootError,
    BootRom,
    BusError,
    Console,
    Entry,
    FirstTurn,
    Inputs,
    Output,
    Parameter,
    Peripheral,
    Record,
    Region,
    Register,
    RegisterArray,
    ResetCause,
    Segment,
    Start,
    State,
    System,
    Turn,
    Waker,
    exposed,
    model,
)

RAM = 0x2000_0000
ROM_TIME = 5_000
LEAVE = 0x99
"""Written to FAIL: `sys.exit()`, as a user's model may do."""


@model("Demo.Rom")
class Rom(Peripheral, BootRom):
    """Copies `program` (hex) to the beginning of RAM and starts it by its vector table."""

    SIZE = 0x1000
    program = Parameter(str, "machine code in hex digits, vector table first", default="")

    def boot(self) -> Generator[int, None, Entry]:
        """Takes ROM_TIME ns; without a program there is nothing to start."""
        yield self.system.clock.now + ROM_TIME
        code = bytes.fromhex(self.program)
        if not code:
            raise BootError("the ROM holds no program")
        self.system.bus.write(RAM, code)
        sp, pc = (int.from_bytes(code[i : i + 4], "little") for i in (0, 4))
        return Entry(pc=pc, sp=sp, vtor=RAM)


@model("Demo.Timer")
class Timer(Peripheral):
    """COUNT starts it (ns), its end raises IRQ until STATUS is written; POLL counts questions.

    CELL reads as a flash does that is busy meanwhile. TICKS counts microseconds. SOON is asked for
    an end that is near; SLOW takes a microsecond.
    """

    SIZE = 0x1000
    IRQ = Output("raised when the count is over")
    COUNT = Register(0x00, neutral=True)
    STATUS = Register(0x04)
    POLL = Register(0x08, neutral=True)
    MARK = Register(0x0C)
    RESET = Register(0x10)
    FAIL = Register(0x14)
    PLAIN = Register(0x18)
    CELL = Register(0x1C, ro=True)
    TICKS = Register(0x20, ro=True, neutral=True)
    COUNTED = Register(0x28, ro=True)
    ABORT = Register(0x2C)
    SOON = Register(0x30, ro=True, neutral=True)
    SLOW = Register(0x34, ro=True)
    ended = State(0)
    polls = State(0)
    marks = State[list[tuple[int, int]]]([])
    cells = State[list[int]]([])
    """What CELL answered, without repetitions."""
    held = State[Any](None)

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._end = self.alarm(self._over)
        self._trap = self.alarm(self._spring)
        self._exit = self.alarm(self._leave)
        self._first = self.alarm(self._set_two)
        self._near, self._far = self.alarm(self._come_near), self.alarm(self._come_far)

    @COUNT.on_write
    def _start(self, value: int) -> None:
        self.ended = self.system.clock.now + value
        self._end.at(self.ended)

    def _over(self) -> None:
        self.IRQ.set(True)

    @STATUS.on_write
    def _acknowledge(self, value: int) -> None:
        self.IRQ.set(False)

    @POLL.on_read
    def _poll(self) -> int:
        self.polls += 1
        self.system.clock.question("over", until=self.ended)
        return int(self.system.clock.now >= self.ended)

    @SOON.on_read
    def _soon(self) -> int:
        self.polls += 1
        return int(self.system.clock.take(self.ended) >= self.ended)

    @SLOW.on_read
    def _slow(self) -> int:
        self.system.clock.lasts(self.system.clock.now + 1_000)
        return 0

    @CELL.on_read
    def _cell(self) -> int:
        value = 0x600D if self.system.clock.now >= self.ended else 0xBAD
        if self.cells[-1:] != [value]:
            self.cells.append(value)
        return value

    @TICKS.on_read
    def _ticks(self) -> int:
        self.system.clock.question("ticks")
        return self.system.clock.now // 1_000

    @MARK.on_write
    def _mark(self, value: int) -> None:
        self.marks.append((self.system.clock.now, value))

    @RESET.on_write
    def _reset(self, value: int) -> None:
        self.system.request_reset(ResetCause.WATCHDOG)

    @FAIL.on_write
    def _fail(self, value: int) -> None:
        if value == LEAVE:
            sys.exit("the timer has enough")
        raise ArithmeticError("the timer does not like this value")

    @COUNTED.on_read
    def _count(self) -> int:
        self.polls += 1
        return self.polls

    @COUNTED.on_peek
    def _look(self) -> int:
        return self.polls

    @ABORT.on_write
    def _abort(self, value: int) -> None:
        os.write(2, b"Lockup of something else\n")
        os.abort()

    @exposed
    def ask_for_reset(self) -> None:
        """Ask for a reset while nothing runs."""
        self.system.request_reset(ResetCause.WATCHDOG)

    @exposed
    def raise_later(self, delay: int) -> None:
        """Raise in an alarm."""
        self._trap.at(self.system.clock.now + delay)

    @exposed
    def exit_later(self, delay: int) -> None:
        """Exit in an alarm."""
        self._exit.at(self.system.clock.now + delay)

    @exposed
    def set_two_later(self, delay: int) -> None:
        """Set two alarms in an alarm: one 50 us behind it, and then one 5 us behind it. They are
        marks, 12 and 11; 10 comes before and behind setting them."""
        self._first.at(self.system.clock.now + delay)

    def _set_two(self) -> None:
        now = self.system.clock.now
        self._mark(10)
        self._far.at(now + 50_000)
        self._near.at(now + 5_000)
        self._mark(10)

    def _come_near(self) -> None:
        self._mark(11)

    def _come_far(self) -> None:
        self._mark(12)

    def _leave(self) -> None:
        sys.exit("at once")

    def _spring(self) -> None:
        raise ArithmeticError("sprung")

    @exposed
    def unsendable(self) -> Any:
        """Something that no process can send another."""
        return lambda: None

    @exposed
    def large(self, size: int) -> bytes:
        """An answer of so many bytes."""
        return bytes(size)

    @exposed
    def hold(self, what: Any) -> None:
        """Make it a part of the state."""
        self.held = what

    @exposed
    def check(self, value: int) -> int:
        """ValueError unless it is positive."""
        if value <= 0:
            raise ValueError(f"expected more than 0, given {value}")
        return value

    @exposed
    def seen(self) -> tuple[int, list[tuple[int, int]]]:
        """Polls so far, and (time, value) of each mark."""
        return self.polls, list(self.marks)

    @exposed
    def cells_read(self) -> list[int]:
        """What CELL answered, without repetitions."""
        return list(self.cells)


@model("Demo.Lamp")
class Lamp(Peripheral, Inputs):
    """Remembers when its input 0 changed."""

    SIZE = 0x1000
    changes = State[list[tuple[int, bool]]]([])

    def on_input(self, number: int, level: bool) -> None:
        self.changes.append((self.system.clock.now, level))

    @exposed
    def seen(self) -> list[tuple[int, bool]]:
        """(time, level) of each change."""
        return list(self.changes)


@model("Demo.Button")
class Button(Peripheral):
    """A finger on it knows nothing of resets."""

    SIZE = 0x1000
    OUT = Output("pressed", survives_reset=True)

    @exposed
    def press(self, down: bool) -> None:
        """Press, or let go."""
        self.OUT.set(down)


@model("Demo.Console")
class Terminal(Peripheral, Console):
    """What is written to OUT is printed; IN is the next byte typed, 0 if there is none."""

    SIZE = 0x1000
    OUT = Register(0x0)
    IN = Register(0x4)
    opened_at = 0
    typed = State(bytearray(), survives_reset=True)
    throttled = State(False)

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._receivers: list[Callable[[bytes], None]] = []

    def attach(self, receiver: Callable[[bytes], None]) -> None:
        self._receivers.append(receiver)

    @OUT.on_write
    def _print(self, value: int) -> None:
        if value == 0:
            self.gap("OUT: 0")
        for receiver in self._receivers:
            receiver(bytes([value & 0xFF]))

    @IN.on_read
    def _take(self) -> int:
        return self.typed.pop(0) if self.typed else 0

    def type(self, data: bytes) -> None:
        self.typed += data

    @property
    def pending(self) -> int:
        return len(self.typed)

    @exposed
    def throttle(self, on: bool) -> None:
        self.throttled = on


@model("Demo.Power")
class Power(Peripheral, Waker):
    """OFF switches the board off; it comes on again at WAKE ns after that, if that is not 0.

    fails_in: the stage of its life in which it has a bug, or exits; a reset is no such stage again.
    """

    fails_in = Parameter(str, "a stage of its life", default="")

    SIZE = 0x1000
    OFF = Register(0x0)
    WAKE = Register(0x4)
    due = State[int | None](None, survives_reset=True)
    _has_failed = State(False, survives_reset=True)

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._reach("making")

    def connected(self) -> None:
        self._reach("connecting")

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._reach("resetting")

    def _reach(self, stage: str) -> None:
        if stage in self.fails_in and not self._has_failed:
            self._has_failed = True
            if self.fails_in.endswith("exit"):
                sys.exit("enough")
            re.compile("a bug of the model's (")

    @OFF.on_write
    def _off(self, value: int) -> None:
        self.due = self.system.clock.now + self.WAKE if self.WAKE else None
        self.system.power_off("OFF was written")

    @property
    def wake_at(self) -> int | None:
        return self.due


@model("Demo.Mixed")
class Mixed(Peripheral):
    """Registers of every kind, with holes. Those with hooks count, so that none is called twice."""

    SIZE = 0x1000
    PLAIN = Register(0x00, reset=0x1234_5678)
    POLLED = Register(0x04, neutral=True)
    FLAGS = Register(0x08, reset=0xFFFF_FFFF, w1c=0x00FF_00FF, ro=0xFF00_0000)
    FIXED = Register(0x0C, reset=0xCAFE_F00D, ro=True)
    TAKEN = Register(0x10, ro=True)
    PUT = Register(0x14)
    BOTH = Register(0x18, w1c=0xF)
    HALF = Register(0x1C, width=16, reset=0xBEEF)
    BYTE = Register(0x1E, width=8)
    LAST = Register(0x1F, width=8, ro=0xF0)
    BITS = Register(0x20, set_clear_toggle=True)
    LIST = RegisterArray(0x30, 3)
    MISSING = Register(0x40, unmodelled="all of it")
    PARTLY = Register(0x44)
    MODE = PARTLY.field(3, 2, unmodelled="its modes")
    GATED = Register(0x48, stored_unless=PLAIN.field(1))
    count = State(0)
    log = State[list[tuple[str, int]]]([])

    def _next(self) -> int:
        self.count += 1
        return self.count

    @TAKEN.on_read
    def _take(self) -> int:
        return self._next()

    @PUT.on_write
    def _put(self, value: int) -> None:
        self.log.append(("put", value))

    @BOTH.on_read
    def _read_both(self) -> int:
        return self.BOTH + self._next() & 0xFFFF_FFFF

    @BOTH.on_write
    def _write_both(self, value: int) -> None:
        self.log.append(("both", value))
        self.PLAIN ^= value

    @GATED.on_write
    def _refuse(self, value: int) -> None:
        self.log.append(("refused", value))

    @LIST.on_read
    def _read_list(self, index: int) -> int:
        return self.LIST[index] ^ index

    @exposed
    def seen(self) -> dict[str, Any]:
        """Everything."""
        return self.save()


@model("Demo.Window")
class Window(Peripheral):
    """Cells that are seen in a window, of which SHOWN bytes are there, and fast where NATIVE is 1.

    A store is counted, and XORs its value into the word; behind SHOWN there is nothing.
    """

    SIZE = 0x1000
    window = Region("the cells")
    NATIVE = Register(0x0)
    SHOWN = Register(0x4, reset=0x1000)
    cells = State(bytearray(0x1_0000))
    reads = State(0)
    writes = State(0)
    narrowest = State(4)
    other = State(b"")
    _segment: Segment | None = None

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._show()

    def load(self, saved: dict[str, Any]) -> None:
        super().load(saved)
        self._show()

    @NATIVE.on_write
    @SHOWN.on_write
    def _set(self, value: int) -> None:
        self._show()

    def _show(self) -> None:
        if self._segment:
            self._segment.unmap()
            self._segment = None
        if self.SHOWN:
            self._segment = self.window.segment(0, self.SHOWN)
            self._segment.load(0, self.cells[: self.SHOWN])
            self._segment.native(bool(self.NATIVE))

    @window.on_read
    def _read(self, offset: int, size: int) -> int:
        self.reads += 1
        self.narrowest = min(self.narrowest, size)
        return self._look(offset, size)

    @window.on_peek
    def _look(self, offset: int, size: int) -> int:
        if offset >= self.SHOWN:
            raise BusError(f"no cell at {offset:#x}")
        cells = self.other or self.cells
        return int.from_bytes(cells[offset : offset + size], "little")

    @window.on_write
    def _write(self, offset: int, value: int, size: int) -> None:
        self.writes += 1
        old = self._look(offset, size)
        self.put(offset, (old ^ value).to_bytes(size, "little"))

    @exposed
    def put(self, offset: int, data: bytes) -> None:
        """Change cells."""
        self.cells[offset : offset + len(data)] = data
        if self._segment:
            self._segment.load(offset, data)

    @exposed
    def work(self, other: bytes) -> None:
        """Answer with other bytes, as a chip at work; with none: serve the cells again."""
        assert self._segment
        self.other = other
        self._segment.native(not other)

    @exposed
    def counts(self) -> tuple[int, int]:
        """Reads and stores that came here."""
        return self.reads, self.writes

    @exposed
    def narrowest_read(self) -> int:
        """Bytes of the narrowest read that came here."""
        return self.narrowest


@model("Demo.Talker")
class Talker(Peripheral):
    """PUSH says WORD, and LEVEL is how much was said, 100 ns for each; GO ends a sentence.

    What is said between two GO may be a passage: see `Clock.passage`, of which this has the part of
    a `Speaker`, too. A GO with the value ASK asks besides: who goes on so with one and the same
    word is in a loop that polls, up to another GO. BELL rings a bell for a while, 50 ns after it
    has rung last at the earliest: others hear that, and none of them has to hear it at once. A look
    at LEVEL lasts until it is silent, and one at RINGING asks for that.
    """

    SIZE = 0x1000
    WORD = Register(0x0, neutral=True)
    PUSH = Register(0x4, neutral=True)
    LEVEL = Register(0x8, ro=True, neutral=True)
    GO = Register(0xC, neutral=True)
    BELL = Register(0x10)
    RINGING = Register(0x14, ro=True, neutral=True)
    FREE, ALSO = frozenset((WORD.offset,)), frozenset((BELL.offset,))
    HELD: tuple[int, ...] = ()
    PUSHED, line = frozenset[int](), None
    ASK = 0xFFFF_FFFF
    RINGS, RESTS, LONG = 300, 50, 5000
    asks = State(False)
    topic = State(0)
    began = State(0)
    said: State[list[int]] = State([])
    sentences: State[list[tuple[int, list[int]]]] = State([])
    levels: State[list[int]] = State([])
    rings_until: State[int | None] = State(None)
    rang_until = State(0)
    tolls: State[list[tuple[int, int]]] = State([])

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self.end = self.alarm(self._silence)

    @PUSH.on_write
    def _push(self, value: int) -> None:
        self.said.append(self.WORD)

    @BELL.on_write
    def _ring(self, value: int) -> None:
        clock = self.system.clock
        if self.rings_until is not None:
            clock.acts()
            return
        began = max(clock.now, self.rang_until + self.RESTS)
        self.rings_until = began + self.RINGS
        self.end.at(self.rings_until)
        self._tell(value)
        clock.passage(self)

    def _tell(self, value: int) -> None:
        toll = partial(self._toll, value)
        self.system.clock.acts(toll)
        toll()

    def _toll(self, value: int) -> None:
        self.tolls.append((self.system.clock.now, value))

    def _silence(self) -> None:
        self._tell(0)
        self.rang_until, self.rings_until = self.rings_until or 0, None
        self.end.cancel()

    @LEVEL.on_read
    def _level(self) -> int:
        if self.rings_until is not None:
            self.system.clock.take(self.rings_until)
            if self.system.clock.now >= self.rings_until:
                self._silence()
        self.levels.append(len(self.said))
        self.system.clock.take(self.began + 100 * len(self.said))
        return len(self.said)

    @RINGING.on_read
    def _rings(self) -> int:
        clock, until = self.system.clock, self.rings_until
        if until is not None and clock.now >= until:
            self._silence()
        elif until is not None:
            clock.question(("bell", self.name), until)
        return int(self.rings_until is not None)

    @GO.on_write
    def _go(self, value: int) -> None:
        clock = self.system.clock
        clock.acts()
        self.began = clock.now
        self.sentences.append((clock.now, self.said))
        self.said, self.levels = [], []
        self.asks = value == self.ASK
        if self.asks:
            clock.question(("topic", self.topic))
        else:
            self.topic += 1
        clock.passage(self)

    @property
    def model(self) -> Talker:
        return self

    def state(self, now: int) -> tuple[int, ...] | None:
        since = now - self.began
        if self.rings_until is not None or (self.asks and since):
            return None  # also where a stall is over
        rests = max(0, self.rang_until + self.RESTS - now)
        return rests, min(since, self.LONG), len(self.said), len(self.levels)

    def lets_alarm_wait(self) -> bool:
        return True

    def first_turn(self, steps: Sequence[int]) -> FirstTurn | None:
        return None

    def turn(self, what: Any) -> tuple[int | None, Turn]:
        raise AssertionError

    def enter(self, what: Any, starts: Sequence[int], written: memoryview) -> None:
        raise AssertionError

    @property
    def is_under_way(self) -> bool:
        return self.rings_until is not None

    def start(self, state: Any) -> Start:
        return Start(self.rang_until + self.RESTS, {})

    def outcome(
        self, state: Any, bases: Sequence[int], writes: Sequence[tuple[int, int, int]]
    ) -> tuple[list[int], list[int], list[int], int, int | None] | None:
        words, said = [], []
        for step, offset, _ in writes:
            if offset == self.WORD.offset:
                words.append(step)
            elif offset == self.PUSH.offset:
                if not words:
                    return None
                said.append(words[-1])
        until = None if self.rings_until is None else self.rings_until - bases[-1]
        return words, said, self.levels[state[-1] :], self.rang_until - bases[-1], until

    def jump(
        self,
        outcome: tuple[list[int], list[int], list[int], int, int | None],
        bases: Sequence[int],
        written: memoryview,
    ) -> None:
        words, said, levels, rang_until, until = outcome
        self.rings_until = None if until is None else bases[-1] + until
        self.said = self.said + [written[step] for step in said]
        self.levels = self.levels + levels
        if words:
            self.WORD = written[words[-1]]
        if rang_until > 0:
            self.rang_until = bases[-1] + rang_until

    def round(self) -> tuple[int, int] | None:
        return (type(self).GO.offset, self.ASK) if self.asks else None

    def again(self, began: int, starts: Sequence[int], *, asks: bool) -> None:
        self.began = starts[-1]
        words = len(self.sentences[-1][1])
        self.sentences += [(start, [self.WORD] * words) for start in starts]
        if asks:
            self.system.clock.question(("topic", self.topic))

    @exposed
    def heard(self) -> tuple[list[tuple[int, list[int]]], list[int], list[int]]:
        """Sentences with the time of their end; what was said, and answered, since then."""
        return list(self.sentences), list(self.said), list(self.levels)

    @exposed
    def tolled(self) -> list[tuple[int, int]]:
        """When the bell has begun to ring, and the value that was written; 0: when it ended."""
        return list(self.tolls)


@model("Demo.Worker")
class Worker(Peripheral):
    """START begins work of so many ns; BUSY asks whether it is under way, and is told of as a poll.

    tells: whether the engine may make polls that are like the last one.
    """

    tells = Parameter(bool, "whether a poll is described", default=True)

    SIZE = 0x1000
    START = Register(0x0)
    BUSY = Register(0x4, ro=True, neutral=True)
    ended = State(0)
    operations: State[list[list[int]]] = State([])
    reads: State[list[int]] = State([])

    @START.on_write
    def _start(self, value: int) -> None:
        self.ended = self.system.clock.now + value
        self.operations.append([])
        self.reads.append(0)

    @BUSY.on_read
    def _busy(self) -> int:
        clock = self.system.clock
        is_busy = clock.now < self.ended
        self.reads[-1] += 1
        self.operations[-1].append(clock.now)
        if is_busy:
            clock.question("busy", until=self.ended, turn=self._turn if self.tells else None)
        return int(is_busy)

    def _turn(self) -> Turn:
        return Turn((), self.operations[-1].extend)

    @exposed
    def seen(self) -> list[list[int]]:
        """When it was polled, in each operation."""
        return [list(times) for times in self.operations]

    @exposed
    def made(self) -> list[int]:
        """How many of these polls the core has made."""
        return list(self.reads)


class Tray(Record):
    """A part of a drawer."""

    def __init__(self) -> None:
        self.label, self.things = "x", [1, [2]]


@model("Demo.Drawer")
class Drawer(Peripheral):
    """Holds something of each kind that a state can be made of."""

    SIZE = 0x1000
    CELL = Register(0)
    line = Output("its light")
    flag = State(False)
    big = State(1 << 40)
    pair: State[tuple[int, list[int]]] = State((1, [2]))
    things: State[list[Any]] = State([])
    named: State[dict[Any, list[int]]] = State({"a": [1]})
    numbered: State[dict[int, int]] = State({1: 2, 3: 4})
    some: State[set[object]] = State({1, 2})
    queue: State[deque[int]] = State(deque([1, 2]))
    cells = State(bytearray(8))
    tray: State[Tray] = State(Tray())
    ROADS: ClassVar[dict[str, Callable[[Drawer], object]]] = {
        "a register": lambda d: d.write(0, 1),
        "a register, behind its model": lambda d: d.regs.update({0: 2}),
        "a value": lambda d: setattr(d, "flag", True),
        "an equal one": lambda d: setattr(d, "flag", 0),
        "a number": lambda d: setattr(d, "big", d.big + 1),
        "within a tuple": lambda d: d.pair[1].append(3),
        "a list": lambda d: d.things.append(0),
        "another list": lambda d: setattr(d, "things", [0]),
        "a key": lambda d: d.named.update(b=d.named.pop("a")),
        "a key's list": lambda d: d.named["a"].append(2),
        "the order": lambda d: d.numbered.update({1: d.numbered.pop(1)}),
        "a set": lambda d: d.some.add("x"),
        "a queue": lambda d: d.queue.rotate(),
        "a byte": lambda d: d.cells.__setitem__(1, 1),
        "a label": lambda d: setattr(d.tray, "label", "y"),
        "a thing": lambda d: d.tray.things[1].append(3),  # type: ignore[attr-defined]
        "a tray": lambda d: setattr(d, "tray", Tray()) or setattr(d.tray, "label", "z"),
        "its light": lambda d: d.line.set(True),
        "an alarm": lambda d: d.bell.at(1 << 40),
        "a gap": lambda d: d.gap("something"),
        "all": lambda d: d.reset(ResetCause.POWER_ON) or d.write(0, 3),
        "its dictionary": lambda d: vars(d).update(flag=True),
    }

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self.bell = self.alarm(self._ring)

    def _ring(self) -> None:
        pass

    @exposed
    def roads(self) -> list[str]:
        """By which it can be changed."""
        return list(self.ROADS)

    @exposed
    def change(self, road: str) -> None:
        """Change it by that one."""
        self.ROADS[road](self)

    @exposed
    def holds(self) -> list[str]:
        """All that it is, in words."""
        saved = self.save()
        return [repr(part) for part in (saved["state"], *map(saved.get, saved))]
