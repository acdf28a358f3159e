"""Generic counters of the Alif Ensemble: S32K and REFCLK, each with a page to control it and one
to read it. (Arm system counter; Alif's Ensemble CMSIS DFP, peripheral_types.h)"""

from __future__ import annotations

from xipsim.peripherals.core import (
    Parameter,
    Peripheral,
    Register,
    Region,
    State,
    model,
)

NS = 1_000_000_000


@model("Alif.Counter")
class Counter(Peripheral):
    """A 64-bit counter. The registers are the control frame; `frame` is the frame to read it.

    Assumption: it keeps its count over warm resets and its enable bit does not, so that firmware
    has to start it again, as it does.
    """

    SIZE = 0x1_0000

    frequency = Parameter(int, "Hz")
    frame = Region("the frame that only reads the counter", required=False)

    CNTCR = Register(0x00)
    EN = CNTCR.field(0)
    CNTSR = Register(0x04, ro=True)
    CNTCVL = Register(0x08, neutral=True)
    CNTCVH = Register(0x0C, neutral=True)

    _running = State(False)
    _count = State(0, survives_reset=True)
    """The count at `_since`, or for as long as the counter stands."""
    _since = State(0)

    def _now(self) -> int:
        if not self._running:
            return self._count
        passed = self.system.clock.now - self._since
        return (self._count + passed * self.frequency // NS) % (1 << 64)

    def _rebase(self, count: int) -> None:
        self._count, self._since = count, self.system.clock.now

    @CNTCR.on_write
    def _control(self, value: int) -> None:
        if bool(self.EN) != self._running:
            self._rebase(self._now())
            self._running = bool(self.EN)
        if value & ~1:
            self.gap("CNTCR: halting and scaling")

    @CNTCVL.on_read
    def _low(self) -> int:
        return self._read(0, 4)

    @CNTCVH.on_read
    def _high(self) -> int:
        return self._read(4, 4)

    @CNTCVL.on_write
    def _set_low(self, value: int) -> None:
        self._rebase(self._now() >> 32 << 32 | value)

    @CNTCVH.on_write
    def _set_high(self, value: int) -> None:
        self._rebase(self._now() & 0xFFFF_FFFF | value << 32)

    @frame.on_read
    def _read(self, offset: int, size: int) -> int:
        """CNTCVL at 0, CNTCVH at 4."""
        if offset + size > 8:
            self.gap(f"read at {offset:#x} of the read frame")
            return 0
        count = self._now()
        # It changes one tick from here at the soonest, and 32768 Hz is slow for a polling loop.
        self.system.clock.question(self.name)
        return count >> 8 * offset & (1 << 8 * size) - 1
