"""NXP GPT: general purpose timer, the time base of MicroPython's i.MX RT port.

The counter is never stepped: it follows from virtual time. Status flags are brought up to date when
somebody looks, and an alarm is set only for an event whose interrupt is enabled.
"""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Output,
    Peripheral,
    Register,
    RegisterArray,
    ResetCause,
    State,
    System,
    ask_in_vain,
    hertz,
    model,
    ticks_in,
    time_of,
)

FULL = 1 << 32
CRYSTAL = 24_000_000
LOW_FREQUENCY = 32_768
RESTART_COUNT = 0xFFFF_FFFF
SOFTWARE_RESET_KEEPS = 0x0000_05FF
"""CR bits that SWR leaves alone, as each of them says in the manual (what it says at SWR lacks some
of them): EN, ENMOD, DBGEN, WAITEN, DOZEEN, STOPEN, CLKSRC, EN_24M."""


@model("Imxrt.Gpt")
class Gpt(Peripheral):
    """General purpose timer: 32-bit counter, prescaler, three compare channels, rollover."""

    SIZE = 0x4000

    frequency = hertz("PERCLK_CLK_ROOT in Hz, counted with CLKSRC 1 and 2", default=75_000_000)

    IRQ = Output("compare, capture and rollover interrupts", required=True)

    CR = Register(0x00)
    EN = CR.field(0)
    ENMOD = CR.field(1)
    CLKSRC = CR.field(6, 3)
    FRR = CR.field(9)
    EN_24M = CR.field(10)
    SWR = CR.field(15)
    IM = CR.field(16, 4, unmodelled="input capture")
    OM = CR.field(20, 9, unmodelled="compare output pins")
    FO = CR.field(29, 3, unmodelled="compare output pins")

    PR = Register(0x04)
    PRESCALER = PR.field(0, 12)
    PRESCALER24M = PR.field(12, 4)

    SR = Register(0x08, w1c=0x3F, neutral=True)
    # `ro` on IR and OCR: their write hooks store, and know a write that changes nothing.
    IR = Register(0x0C, ro=True, neutral=True)
    OCR = RegisterArray(0x10, 3, reset=RESTART_COUNT, ro=True, neutral=True)
    ICR = RegisterArray(0x1C, 2, ro=True)
    CNT = Register(0x24, ro=True, neutral=True)

    ROV = 5

    _enabled = State(False)
    _count = State(0)
    """The count at `_since`, below `_modulo`."""
    _since = State(0)
    _hertz = State(0)
    """Clock before the prescaler, 0 while the counter stands."""
    _divider = State(1)
    _modulo = State(FULL)
    """Counts until the counter is back at 0."""
    _seen = State(0)
    """Steps since `_since` whose events are in SR."""
    _next: State[int | None] = State(None)
    """Virtual ns of the first event that is not in SR, None if there is none to come."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._alarm = self.alarm(self._event)

    # -- registers -------------------------------------------------------------------------------

    @CNT.on_read
    def _read_count(self) -> int:
        clock = self.system.clock
        if self._hertz:
            return self._count_at(clock.question(self.name))
        why = f"CR.EN is {self.EN}, CR.CLKSRC {self.CLKSRC}"
        return self._count_at(ask_in_vain(clock, why, self.name))

    @CNT.on_peek
    def _now(self) -> int:
        return self._count_at(self.system.clock.now)

    def _count_at(self, time: int) -> int:
        return (self._count + self._steps(time)) % self._modulo

    @SR.on_read
    def _read_status(self) -> int:
        if self._next is not None and self.system.clock.now >= self._next:
            self._catch_up()
        return self.SR

    @SR.on_write
    def _clear(self, value: int) -> None:
        self._catch_up()
        self.SR &= ~value
        self._schedule()

    @IR.on_write
    def _enable(self, value: int) -> None:
        if value != self.IR:
            self.IR = value
            self._catch_up()
            self._schedule()

    @OCR.on_write
    def _compare(self, index: int, value: int) -> None:
        restarts = index == 0 and not self.FRR
        if restarts or value != self.OCR[index]:
            self._catch_up()  # with the value until now
            self.OCR[index] = value
            self._rebase(restart=restarts)

    @PR.on_write
    def _prescale(self, value: int) -> None:
        self._rebase()

    @CR.on_write
    def _control(self, value: int) -> None:
        if self.SWR:
            self._software_reset()
            return
        self.FO = 0
        if self.EN and self.CLKSRC == 3:
            self.gap("CR.CLKSRC: external clock; the counter stands")
        self._rebase(restart=bool(self.EN and not self._enabled and self.ENMOD))
        self._enabled = bool(self.EN)

    def _software_reset(self) -> None:
        kept = self.CR & SOFTWARE_RESET_KEEPS
        self.reset(ResetCause.SOFTWARE)
        self.CR = kept
        self._rebase()
        self._enabled = bool(self.EN)

    # -- counting --------------------------------------------------------------------------------

    def _steps(self, time: int) -> int:
        """Steps of the counter from `_since` to `time`."""
        return ticks_in(time - self._since, self._hertz, self._divider)

    def _source(self) -> int:
        """Clock in Hz that CR selects, 0 if none runs."""
        if not self.EN:
            return 0
        # Assumption: CLKSRC 1 and 2 are both PERCLK_CLK_ROOT, as NXP's examples compute with.
        return {
            1: self.frequency,
            2: self.frequency,
            4: LOW_FREQUENCY,
            5: CRYSTAL if self.EN_24M else 0,
        }.get(self.CLKSRC, 0)

    def _rebase(self, restart: bool = False) -> None:
        """Count on as the registers say from now on."""
        self._catch_up()
        hertz = self._source()
        divider = self.PRESCALER + 1
        if self.CLKSRC == 5:
            divider *= self.PRESCALER24M + 1
        # Assumption: in restart mode the count after OCR1 is 0, so a round is OCR1 + 1 counts.
        modulo = FULL if self.FRR else self.OCR[0] + 1
        if restart or (hertz, divider, modulo) != (self._hertz, self._divider, self._modulo):
            count = 0 if restart else self._now()
            # Assumption: the prescaler starts over when the clock or the divider changes.
            self._count, self._since, self._seen = count % modulo, self.system.clock.now, 0
            self._hertz, self._divider, self._modulo = hertz, divider, modulo
        self._schedule()

    # -- events ----------------------------------------------------------------------------------

    def _targets(self) -> list[tuple[int, int]]:
        """SR bit and count of everything that can happen in a round of the counter."""
        targets = [(n, self.OCR[n]) for n in range(3) if self.OCR[n] < self._modulo]
        if self._modulo == FULL:
            targets.append((self.ROV, 0))
        return targets

    def _steps_to(self, count: int) -> int:
        """Steps since `_since` after which the counter next steps onto `count`."""
        # Assumption: a compare value equal to the present count matches a round later.
        ahead = (count - self._count - self._seen - 1) % self._modulo
        return self._seen + 1 + ahead

    def _time_of(self, steps: int) -> int:
        return self._since + time_of(steps, self._hertz, self._divider)

    @SR.on_peek
    def _status(self) -> int:
        """SR with what has happened by now."""
        if self._next is None or self.system.clock.now < self._next:
            return self.SR
        steps = self._steps(self.system.clock.now)
        happened = (bit for bit, count in self._targets() if self._steps_to(count) <= steps)
        return self.SR | sum(1 << bit for bit in happened)

    def _catch_up(self) -> None:
        """Put what has happened by now into SR."""
        if self._next is None or self.system.clock.now < self._next:
            if self._hertz:
                self._seen = self._steps(self.system.clock.now)
            return
        self.SR = self._status()
        self._seen = self._steps(self.system.clock.now)
        self._schedule()

    def _schedule(self) -> None:
        """Find the next event, set the alarm if it interrupts, drive the line."""
        self.IRQ.set(bool(self.SR & self.IR))
        self._next = None
        self._alarm.cancel()
        if not self._hertz:
            return
        waiting = [t for t in self._targets() if not self.SR >> t[0] & 1]
        if waiting:
            self._next = self._time_of(min(self._steps_to(count) for _, count in waiting))
        enabled = [self._steps_to(count) for bit, count in waiting if self.IR >> bit & 1]
        if enabled:
            self._alarm.at(self._time_of(min(enabled)))

    def _event(self) -> None:
        self._catch_up()
        self._schedule()
