"""General power controller of the i.MX RT10xx, with the PGC in its page."""

from __future__ import annotations

from xipsim.peripherals.core import Peripheral, Register, RegisterArray, model

_GATING = "power gating"


@model("Imxrt.Gpc")
class Gpc(Peripheral):
    """Masks of the interrupts that end a low-power mode, and power gating of two domains.

    The masks are storage: what wakes the chip is decided where it happens (SNVS).
    """

    CNTR = Register(0x00, reset=0x0052_0000, unmodelled=_GATING)
    IMR = RegisterArray(0x08, 4)
    ISR = RegisterArray(0x18, 4, ro=True)
    IMR5 = Register(0x34)
    ISR5 = Register(0x38, ro=True)
    PGC_MEGA_CTRL = Register(0x220, unmodelled=_GATING)
    PGC_MEGA_PUPSCR = Register(0x224, reset=0x0F01)
    PGC_MEGA_PDNSCR = Register(0x228, reset=0x0101)
    PGC_MEGA_SR = Register(0x22C, w1c=0x1)
    PGC_CPU_CTRL = Register(0x2A0, unmodelled=_GATING)
    PGC_CPU_PUPSCR = Register(0x2A4, reset=0x0F01)
    PGC_CPU_PDNSCR = Register(0x2A8, reset=0x0101)
    PGC_CPU_SR = Register(0x2AC, w1c=0x1)

    @ISR.on_read
    def _pending(self, index: int) -> int:
        self.gap("ISR: status of the interrupt lines")
        return 0

    @ISR5.on_read
    def _pending_5(self) -> int:
        return self._pending(4)
