"""Models of the tests' own: a boot ROM that holds a program, and a timer that can be polled."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from xipsim.peripherals.core import (
    BootError,
    BootRom,
    Entry,
    Output,
    Parameter,
    Peripheral,
    Register,
    ResetCause,
    State,
    exposed,
    model,
)

RAM = 0x2000_0000
ROM_TIME = 5_000


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

    CELL reads as a flash does that is busy meanwhile. TICKS counts microseconds.
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
    ended = State(0)
    polls = State(0)
    marks = State[list[tuple[int, int]]]([])
    cells = State[list[int]]([])
    """What CELL answered, without repetitions."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._end = self.alarm(self._over)

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
        raise ArithmeticError("the timer does not like this value")

    @exposed
    def seen(self) -> tuple[int, list[tuple[int, int]]]:
        """Polls so far, and (time, value) of each mark."""
        return self.polls, list(self.marks)

    @exposed
    def cells_read(self) -> list[int]:
        """What CELL answered, without repetitions."""
        return list(self.cells)
