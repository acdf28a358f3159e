"""NXP SNVS: secure non-volatile storage, here its clocks, alarms, and what survives a reset.

A reset leaves the low power (LP) section alone; so does a power cycle if there is a coin cell.
Both counters are an offset to the edges of a 32768 Hz clock that follows from virtual time. Who
polls one waits for its next edge, never longer: firmware reads until two reads agree, which the
polls behind an edge do.
"""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Output,
    Parameter,
    Peripheral,
    Register,
    RegisterArray,
    ResetCause,
    State,
    System,
    Waker,
    ask_in_vain,
    model,
    ticks_in,
    time_of,
)

HERTZ = 32_768
BITS = 47
MASK = (1 << BITS) - 1
HIGH = 0x7FFF
LPTA, HPTA, PI = 1, 1, 2
SECURITY = "security state machine, keys and high assurance counter"
VIOLATION = "security violations do not happen"
KEY = "zeroizable master key"
CALIBRATION = "calibration does not change a counter's rate"


@model("Imxrt.Snvs")
class Snvs(Peripheral, Waker):
    """SNVS: SRTC and HPRTC with alarms, general purpose registers, power off.

    Assumption: starting and stopping a counter takes effect at once, not after two of its edges.
    Assumption: an alarm is flagged when the counter steps onto it, not while it stays there.
    Of the interrupts there is the consolidated one (46 on RT10xx), not the security interrupt and
    not the one of the ON/OFF button.
    """

    SIZE = 0x4000

    rtc = Parameter(
        str,
        "the SRTC's time at virtual time 0, ISO 8601 without an offset; empty: no coin cell",
        default="",
    )

    IRQ = Output("alarms and periodic interrupt", required=True)

    HPLR = Register(0x00, unmodelled="locks do not lock")
    HPCOMR = Register(0x04)
    SSM_ST = HPCOMR.field(0, unmodelled=SECURITY)
    SSM_ST_DIS = HPCOMR.field(1, unmodelled=SECURITY)
    LP_SWR = HPCOMR.field(4, unmodelled=SECURITY)
    SW_SV = HPCOMR.field(8, unmodelled=SECURITY)
    SW_FSV = HPCOMR.field(9, unmodelled=SECURITY)
    SW_LPSV = HPCOMR.field(10, unmodelled=SECURITY)
    PROG_ZMK = HPCOMR.field(12, unmodelled=SECURITY)
    HAC_EN = HPCOMR.field(16, unmodelled=SECURITY)
    HAC_LOAD = HPCOMR.field(17, unmodelled=SECURITY)
    HAC_CLEAR = HPCOMR.field(18, unmodelled=SECURITY)
    HAC_STOP = HPCOMR.field(19, unmodelled=SECURITY)
    HPCR = Register(0x08)
    RTC_EN = HPCR.field(0)
    HPTA_EN = HPCR.field(1)
    DIS_PI = HPCR.field(2)
    PI_EN = HPCR.field(3)
    PI_FREQ = HPCR.field(4, 4)
    HPCALB_EN = HPCR.field(8, unmodelled=CALIBRATION)
    HP_TS = HPCR.field(16)
    HPSICR = Register(0x0C, unmodelled=VIOLATION)
    HPSVCR = Register(0x10, unmodelled=VIOLATION)
    HPSR = Register(0x14, reset=0x8000_3000, ro=0xFFFF_FF7C, w1c=0x83)
    HPSVSR = Register(0x18, reset=0x8000_0000, ro=0xFFFF_FFC0, w1c=0x3F)
    HPHACIVR = Register(0x1C, unmodelled=SECURITY)
    HPHACR = Register(0x20, ro=True)
    HPRTCMR = Register(0x24, neutral=True)
    HPRTCLR = Register(0x28, neutral=True)
    HPTAMR = Register(0x2C)
    HPTALR = Register(0x30)
    LPLR = Register(0x34, survives_reset=True, unmodelled="locks do not lock")
    LPCR = Register(0x38, reset=0x20, survives_reset=True)
    SRTC_ENV = LPCR.field(0)
    LPTA_EN = LPCR.field(1)
    TOP = LPCR.field(6)
    LPCALB_EN = LPCR.field(8, unmodelled=CALIBRATION)
    LPMKCR = Register(0x3C, survives_reset=True, unmodelled=KEY)
    LPSVCR = Register(0x40, survives_reset=True, unmodelled=VIOLATION)
    LPSECR = Register(0x48, survives_reset=True, unmodelled=VIOLATION)
    LPSR = Register(0x4C, reset=0x08, ro=0xFFF0_FFF0, w1c=0x000F_000F, survives_reset=True)
    LPSRTCMR = Register(0x50, survives_reset=True, neutral=True)
    LPSRTCLR = Register(0x54, survives_reset=True, neutral=True)
    LPTAR = Register(0x58, survives_reset=True)
    LPSMCMR = Register(0x5C, survives_reset=True, unmodelled="monotonic counter stands still")
    LPSMCLR = Register(0x60, survives_reset=True, unmodelled="monotonic counter stands still")
    LPLVDR = Register(0x64, survives_reset=True)
    LPGPR0_LEGACY_ALIAS = Register(0x68)
    LPZMKR = RegisterArray(0x6C, 8, survives_reset=True, unmodelled=KEY)
    LPGPR_ALIAS = RegisterArray(0x90, 4)
    LPGPR = RegisterArray(0x100, 8, survives_reset=True)
    HPVIDR1 = Register(0xBF8, reset=0x003E_0104, ro=True)
    HPVIDR2 = Register(0xBFC, reset=0x0600_0000, ro=True)

    _srtc_running = State(False, survives_reset=True)
    _srtc_offset = State(0, survives_reset=True)
    """While it runs, the count is this plus the clock's edges; LPSRTCxR hold it while it stands."""
    _hprtc_running = State(False)
    _hprtc_offset = State(0)
    _seen = State(0, survives_reset=True)
    """Edges whose events are flagged."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._alarm = self.alarm(self._event)
        self._coin_cell = self._parse(self.rtc)
        if self._coin_cell is not None:
            self.SRTC_ENV = 1
            self._srtc_running, self._srtc_offset = True, self._coin_cell * HERTZ

    def _parse(self, rtc: str) -> int | None:
        """Seconds since 1970 of `rtc`, as NXP's driver and MicroPython count."""
        if not rtc:
            return None
        from datetime import UTC, datetime

        try:
            time = datetime.fromisoformat(rtc)
        except ValueError:
            time = None
        is_local = time is not None and time.tzinfo is None
        seconds = int(time.replace(tzinfo=UTC).timestamp()) if time and is_local else -1
        if not 0 <= seconds <= MASK // HERTZ:
            raise ValueError(
                f"{self.name}: rtc: expected a time such as 2026-01-31T12:00:00 "
                f"(1970 to 2106, where its counter ends, no offset), given {rtc!r}"
            )
        return seconds

    def reset(self, cause: ResetCause) -> None:
        on_battery = cause is ResetCause.POWER_ON and self._coin_cell is not None
        super().reset(ResetCause.PIN if on_battery else cause)
        # Power is on again, so the request to switch it off is over.
        self.TOP = 0
        self._catch_up()
        self._schedule()

    # -- counters --------------------------------------------------------------------------------

    def _srtc(self, edges: int) -> int:
        if self._srtc_running:
            return (self._srtc_offset + edges) & MASK
        return (self.LPSRTCMR & HIGH) << 32 | self.LPSRTCLR

    def _hprtc(self, edges: int) -> int:
        if self._hprtc_running:
            return (self._hprtc_offset + edges) & MASK
        return (self.HPRTCMR & HIGH) << 32 | self.HPRTCLR

    def _now(self) -> int:
        return ticks_in(self.system.clock.now, HERTZ)

    def _polled(self, counter: str, running: bool) -> int:
        """Edges by the end of a read, which may last until the next one."""
        if not running:
            switch = {"SRTC": "LPCR.SRTC_ENV", "HPRTC": "HPCR.RTC_EN"}[counter]
            time = ask_in_vain(self.system.clock, f"{switch} is 0", self.name, counter)
            return ticks_in(time, HERTZ)
        until = time_of(self._now() + 1, HERTZ)
        return ticks_in(self.system.clock.question((self.name, counter), until), HERTZ)

    @LPSRTCMR.on_read
    @LPSRTCMR.on_peek
    def _srtc_high(self) -> int:
        return self._srtc(self._now()) >> 32

    @LPSRTCLR.on_read
    def _poll_srtc(self) -> int:
        return self._srtc(self._polled("SRTC", self._srtc_running)) & 0xFFFF_FFFF

    @LPSRTCLR.on_peek
    def _srtc_low(self) -> int:
        return self._srtc(self._now()) & 0xFFFF_FFFF

    @HPRTCMR.on_read
    @HPRTCMR.on_peek
    def _hprtc_high(self) -> int:
        return self._hprtc(self._now()) >> 32

    @HPRTCLR.on_read
    def _poll_hprtc(self) -> int:
        return self._hprtc(self._polled("HPRTC", self._hprtc_running)) & 0xFFFF_FFFF

    @HPRTCLR.on_peek
    def _hprtc_low(self) -> int:
        return self._hprtc(self._now()) & 0xFFFF_FFFF

    @LPSRTCMR.on_write
    @LPSRTCLR.on_write
    def _set_srtc(self, value: int) -> None:
        if self._srtc_running:
            self.diagnose("rtc-running", "write to the SRTC while it runs: ignored")

    @HPRTCMR.on_write
    @HPRTCLR.on_write
    def _set_hprtc(self, value: int) -> None:
        if self._hprtc_running:
            self.diagnose("rtc-running", "write to the HPRTC while it runs: ignored")

    # -- control ---------------------------------------------------------------------------------

    @LPCR.on_write
    def _lp_control(self, value: int) -> None:
        self._catch_up()
        edges = self._now()
        if bool(self.SRTC_ENV) is not self._srtc_running:
            count = self._srtc(edges)
            self._srtc_offset, self._srtc_running = count - edges, bool(self.SRTC_ENV)
            self.LPSRTCMR, self.LPSRTCLR = count >> 32, count
        self._schedule()
        if self.TOP:
            self._switch_off()

    @HPCR.on_write
    def _hp_control(self, value: int) -> None:
        self._catch_up()
        edges = self._now()
        count = self._srtc(edges) if self.HP_TS else self._hprtc(edges)
        self.HP_TS = 0
        self._hprtc_offset, self._hprtc_running = count - edges, bool(self.RTC_EN)
        self.HPRTCMR, self.HPRTCLR = count >> 32, count
        self._schedule()

    @LPTAR.on_write
    @HPTAMR.on_write
    @HPTALR.on_write
    def _set_alarm(self, value: int) -> None:
        # The alarms themselves are flagged on time; a period that does not interrupt is not.
        if self._is_over(self._period()):
            self.HPSR |= PI
        self._seen = self._now()
        self._schedule()

    @LPSR.on_read
    def _lp_status(self) -> int:
        self._catch_up()
        return self.LPSR

    @HPSR.on_read
    def _hp_status(self) -> int:
        self._catch_up()
        return self.HPSR

    @LPSR.on_write
    def _clear_lp(self, value: int) -> None:
        self._catch_up()
        self.LPSR &= ~(value & LPTA)
        self._schedule()

    @HPSR.on_write
    def _clear_hp(self, value: int) -> None:
        self._catch_up()
        self.HPSR &= ~(value & (HPTA | PI))
        self._schedule()

    @LPGPR_ALIAS.on_read
    @LPGPR_ALIAS.on_peek
    def _read_alias(self, index: int) -> int:
        return self.LPGPR[index]

    @LPGPR_ALIAS.on_write
    def _write_alias(self, index: int, value: int) -> None:
        self.LPGPR[index] = value

    @LPGPR0_LEGACY_ALIAS.on_read
    @LPGPR0_LEGACY_ALIAS.on_peek
    def _read_legacy(self) -> int:
        return self.LPGPR[0]

    @LPGPR0_LEGACY_ALIAS.on_write
    def _write_legacy(self, value: int) -> None:
        self.LPGPR[0] = value

    # -- alarms ----------------------------------------------------------------------------------

    def _lp_alarm(self) -> int | None:
        """Edge at which the SRTC steps onto LPTAR (its upper 32 bits), None if it will not."""
        if not (self.LPTA_EN and self._srtc_running):
            return None
        return self._seen + 1 + ((self.LPTAR << 15) - self._srtc(self._seen + 1) & MASK)

    def _hp_alarm(self) -> int | None:
        """Edge at which the HPRTC steps onto HPTAMR and HPTALR, None if it will not."""
        if not (self.HPTA_EN and self._hprtc_running):
            return None
        target = (self.HPTAMR & HIGH) << 32 | self.HPTALR
        return self._seen + 1 + (target - self._hprtc(self._seen + 1) & MASK)

    def _period(self) -> int | None:
        """Edge at which bit PI_FREQ of the HPRTC changes, None if it will not."""
        if not (self.PI_EN and self._hprtc_running):
            return None
        return self._seen + 1 + (-self._hprtc(self._seen + 1) & (1 << self.PI_FREQ) - 1)

    def _catch_up(self) -> None:
        """Flag what has happened by now."""
        self.LPSR, self.HPSR, self._seen = self._lp_flags(), self._hp_flags(), self._now()

    def _is_over(self, edge: int | None) -> bool:
        return edge is not None and edge <= self._now()

    @LPSR.on_peek
    def _lp_flags(self) -> int:
        return self.LPSR | (LPTA if self._is_over(self._lp_alarm()) else 0)

    @HPSR.on_peek
    def _hp_flags(self) -> int:
        alarm = HPTA if self._is_over(self._hp_alarm()) else 0
        return self.HPSR | alarm | (PI if self._is_over(self._period()) else 0)

    def _schedule(self) -> None:
        """Drive the line, and wake up for the next event that interrupts."""
        sources = (
            (self.LPSR & LPTA, self._lp_alarm()),
            (self.HPSR & HPTA, self._hp_alarm()),
            (self.HPSR & PI, None if self.DIS_PI else self._period()),
        )
        self.IRQ.set(any(flag for flag, edge in sources if edge is not None))
        times = [time_of(edge, HERTZ) for flag, edge in sources if edge is not None and not flag]
        if times:
            self._alarm.at(min(times))
        else:
            self._alarm.cancel()

    def _event(self) -> None:
        self._catch_up()
        self._schedule()

    # -- power -----------------------------------------------------------------------------------

    @property
    def wake_at(self) -> int | None:
        """Virtual ns at which the RTC alarm switches the board on again, None without an alarm.

        Assumption: LPTA_EN is enough; MicroPython's `machine.deepsleep` leaves LPWUI_EN off.
        """
        alarm = self._lp_alarm()
        if alarm is None:
            return None
        return self.system.clock.now if self.LPSR & LPTA else time_of(alarm, HERTZ)

    def _switch_off(self) -> None:
        wake = self.wake_at
        if wake is None:
            self.system.power_off("the board switched itself off, with no alarm to wake it")
        else:
            self.system.power_off(f"the board sleeps until its RTC alarm at {wake} ns")
