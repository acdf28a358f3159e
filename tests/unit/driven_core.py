"""A driver of the FlexSPI on a core of the test's own, with a tick, by the engines' clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from flexspi_fakes import Rig
from time_source import Source, Timer

from xipsim.engines.guest.clock import GuestClock
from xipsim.peripherals.core import BusError, FlashCommand, Peripheral, accessors
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.flexspi import FlexSpi
from xipsim.peripherals.nor.chip import Chip

INSTRUCTION, TICK, HANDLER = 2, 1_000_000, 300
"""ns: of an instruction, of SysTick's period, and of its handler."""
STATUS, ENABLE, ERASE, PROGRAM = 1, 3, 5, 10
"""Sequences of the LUT."""


class Core(Source):
    """Virtual time, and a core with SysTick, of which the first comes at `tick`.

    is_ahead: what it executes at the time of an alarm comes before that.
    """

    def __init__(self, *, tick: int, masked: bool, is_ahead: bool = False) -> None:
        super().__init__()
        self._is_ahead = is_ahead
        self.masked, self.pending = masked, False
        self.turner: Turner | None = None
        self.tick = self.timer(self._tick)
        self.tick.arm(tick)

    def _tick(self) -> None:
        self.pending = True
        self.tick.arm(self.now + TICK)

    def skip(self, span: int) -> bool:
        can = self.next_alarm(self.now, span, {}) >= span
        self.now += span if can else 0
        return can

    @property
    def pc(self) -> int:
        """Another one for each access."""
        return self.now or 1

    def can_interrupt(self) -> bool:
        return self.pending and not self.masked

    def execute(self, instructions: int) -> None:
        """So many, after the stall under way, and interrupts as they come."""
        while self.held:
            self._fire_first()
        left = instructions * INSTRUCTION
        while True:
            if self.can_interrupt():
                self.pending = False
                left += HANDLER
            dues = [t.deadline for t in self.timers if t.deadline >= 0]
            if min(dues) >= self.now + left + (not self._is_ahead):
                break
            left -= max(0, min(dues) - self.now)
            self._fire_first()
        self.now += left

    def _fire_first(self) -> None:
        # Of two at one time, the one that was armed first; SysTick was.
        first = min((t for t in self.timers if t.deadline >= 0), key=lambda t: t.deadline)
        self.now, first.deadline = max(self.now, first.deadline), -1
        if self.turner is None or first is self.tick or not self.turner.comes(first):
            first.fire()


class Turner:
    """Implements `shortcuts.Turner`, with the part that `turns.c` has in QEMU."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._stall = (0, 0, 0, 0)
        self._turns: list[tuple[int, int]] = []
        self.made = 0

    def connect(self, timer: Timer, made: Callable[[], None]) -> None:
        self._timer, self._made = timer, made

    def begin(self, end: int, lag: int, until: int, sight: int) -> None:
        assert not self._turns
        self._stall = (end, lag, until, sight)

    def stop(self) -> tuple[list[int], list[int]]:
        turns, self._turns = self._turns, []
        self._stall = (0, 0, 0, 0)
        return [asked for asked, _ in turns], [due for _, due in turns]

    def comes(self, timer: Timer) -> bool:
        """A timer has fired: whether that was a turn."""
        is_turn = timer is self._timer and self._turn()
        if not is_turn and self._turns:
            self._made()
        return is_turn

    def _turn(self) -> bool:
        core, (end, lag, until, sight) = self._core, self._stall
        asked = end + lag
        if asked >= until or core.can_interrupt() or core.next_alarm(end, lag + 1, {}) <= lag:
            return False
        hidden = {t: t.deadline for t in core.timers if t.is_hidden and t.deadline >= 0}
        due = end + core.next_alarm(end, sight - end, hidden)
        if any(time <= due for time in hidden.values()) or not core.skip(lag):
            return False
        assert core.now == asked < due
        self._turns.append((asked, due))
        self._stall = (min(due, until), lag, until, sight)
        self._timer.arm(min(due, until))
        self.made += 1
        return True


class Witness:
    """Implements `shortcuts.Witness` for a driver that counts nothing, or does."""

    def __init__(self, core: Core, *, counts: bool = False, writes: bool = False) -> None:
        self._core, self._counts, self._writes = core, counts, writes
        self._marked = -1
        self.followed = 0

    def mark(self) -> None:
        self._marked = self._core.now

    def is_unchanged_since(self, time: int) -> bool:
        return time == self._marked and not self._counts

    def follow(self) -> None:
        self.followed += 1

    def keep(self) -> bool:
        self.mark()
        return True

    def is_all_unchanged_since(self, time: int) -> bool:
        return self.is_unchanged_since(time) and not self._writes

    def forget(self) -> None:
        self._marked = -1


class Seen(NamedTuple):
    """What two runs have in common."""

    commands: list[FlashCommand]
    end: int
    waits: Any
    chip: Any
    controller: Any


def _raised(error: BaseException, _access: str = "") -> None:
    raise error


class Board:
    """A bench of which the clock is the engines', and a core that drives it."""

    def __init__(self, core: Core, looks: tuple[int, ...]) -> None:
        self.core, self.polls = core, 0
        self.clock = GuestClock(core, _raised, stalls=True)  # type: ignore[arg-type]
        self.clock.questions.can_interrupt = core.can_interrupt
        if core.turner is not None:
            self.clock.questions.use(core.turner)
        self.bench = Bench()
        past = self.clock.passages.past
        self.bench.system = self.bench.system._replace(
            clock=self.clock, pc=lambda: past.pc or core.pc
        )
        for time in looks:
            self.clock.engine_alarm(lambda: None).at(time)

    def seen(self, chip: Chip, controller: Peripheral) -> Seen:
        self.core.execute(1000)
        return Seen(
            self.bench.commands,
            self.core.now,
            self.clock.questions.waits.told(),
            chip.save(),
            controller.save() | {"alarms": None},
        )


class FlexSpiDriver(Board):
    """MicroPython's for the i.MX RT, with a register access every eight instructions."""

    def __init__(self, core: Core, *, looks: tuple[int, ...] = ()) -> None:
        super().__init__(core, looks)
        self.chip = Chip(self.bench.system, name="nor", part="W25Q64JV-IM", qe=1)
        rig = Rig(self.chip, bench=self.bench, spi=FlexSpi(self.bench.system, name="flexspi"))  # type: ignore[arg-type]
        rig.enable(sizes=(8192, 0, 0, 0))
        self.controller = rig.spi
        self._read, self._write = accessors(rig.spi, self.clock.questions, _raised)

    def read(self, register: Any, index: int = 0) -> int:
        self.core.execute(8)
        return self._read(None, register.offset + 4 * index, 4)

    def write(self, register: Any, value: int, index: int = 0) -> None:
        self.core.execute(8)
        self._write(None, register.offset + 4 * index, value, 4)

    def read_window(self, offset: int) -> int:
        """Four bytes: of what the engine serves, or else what the controller answers; -1: nothing
        does."""
        self.core.execute(8)
        window: Any = self.controller.window
        if not all(segment.is_native for segment in window.segments):
            self.clock.passages.settle()
            self.clock.questions.asked = None
        try:
            value: int = window.read(offset)
        except BusError:
            return -1
        return value

    def begin(self, sequence: int, address: int, size: int) -> None:
        self.write(FlexSpi.FLSHCR2, self.read(FlexSpi.FLSHCR2) | 1 << 31)
        self.write(FlexSpi.INTR, 0x1F)
        self.write(FlexSpi.IPCR0, address)
        self.write(FlexSpi.IPTXFCR, self.read(FlexSpi.IPTXFCR) | 1)
        self.write(FlexSpi.IPRXFCR, self.read(FlexSpi.IPRXFCR) | 1)
        self.write(FlexSpi.IPCR1, size | sequence << 16)
        self.write(FlexSpi.IPCMD, self.read(FlexSpi.IPCMD) | 1)

    def restart(self) -> None:
        """MCR0.SWRESET, as behind each program and erase."""
        self.write(FlexSpi.MCR0, self.read(FlexSpi.MCR0) | 1)

    def end(self) -> None:
        while not self.read(FlexSpi.INTR) & 1:
            pass

    def wait(self) -> None:
        busy = 1
        while busy:
            self.polls += 1
            self.begin(STATUS, 0, 1)
            while not self.read(FlexSpi.IPRXFSTS) & 0xFF:
                pass
            busy = self.read(FlexSpi.RFDR) & 1
            self.write(FlexSpi.INTR, 0x20)
            self.end()

    def erase(self, address: int) -> None:
        self.begin(ENABLE, 0, 0)
        self.end()
        self.begin(ERASE, address, 0)
        self.end()
        self.wait()

    def program(self, address: int, data: bytes) -> None:
        self.begin(ENABLE, 0, 0)
        self.end()
        self.begin(PROGRAM, address, len(data))
        self.send(data)
        self.end()
        self.wait()

    def send(self, data: bytes) -> None:
        """Push it, block by block."""
        for at in range(0, len(data), 8):
            while not self.read(FlexSpi.INTR) & 0x40:
                pass
            for index in range(2):
                word = int.from_bytes(data[at + 4 * index :][:4], "little")
                self.write(FlexSpi.TFDR, word, index)
            self.write(FlexSpi.INTR, 0x40)
