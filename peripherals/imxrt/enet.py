"""NXP ENET with nothing plugged in. Reset values: RT1060 family."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Output,
    Parameter,
    Peripheral,
    Register,
    RegisterArray,
    ResetCause,
    Slots,
    System,
    hertz,
    model,
    time_of,
)
from xipsim.peripherals.ethernet import Phy

from .ccm import Ccm
from .ccm_analog import CcmAnalog
from .clocks import clock_or, ipg_clock

MII = 1 << 23
WRITE, READ = 1, 2
"""MMFR.OP."""
MDIO_BITS = 64
NOBODY = 0xFFFF
"""What is read where no PHY drives MDIO, which is pulled up."""

_STAMPS = "time stamps"


@model("Imxrt.Enet")
class Enet(Peripheral):
    """The MAC as far as MDIO: PHYs are asked, and no frame ever comes.

    Frames to be sent stay where they are. Assumption: without a preamble (MSCR.DIS_PRE) a transfer
    takes as long as with one.
    """

    SIZE = 0x4000

    frequency_hz = hertz("IPG clock in Hz where there is no `ccm`", default=150_000_000)
    ccm = Parameter(Ccm, "from which the IPG clock comes", default=None)
    ccm_analog = Parameter(CcmAnalog, "whose PLLs are its sources", default=None)

    IRQ = Output("events in EIR that EIMR lets through")
    phys = Slots[Phy](32, "PHYs, at their addresses on MDIO", kind=Phy)

    EIR = Register(0x004, w1c=0x7FFF_8000, ro=0x8000_7FFF, neutral=True)
    EIMR = Register(0x008)
    RDAR = Register(0x010)
    TDAR = Register(0x014, unmodelled="sending frames")
    ECR = Register(0x024, reset=0x7000_0000)
    RESET = ECR.field(0)
    MMFR = Register(0x040)
    DATA = MMFR.field(0, 16)
    RA = MMFR.field(18, 5)
    PA = MMFR.field(23, 5)
    OP = MMFR.field(28, 2)
    MSCR = Register(0x044)
    MII_SPEED = MSCR.field(1, 6)
    MIBC = Register(0x064, reset=0xC000_0000)
    RCR = Register(0x084, reset=0x05EE_0001)
    LOOP = RCR.field(0, unmodelled="internal loopback", idle=0)
    TCR = Register(0x0C4)
    PALR = Register(0x0E4)
    PAUR = Register(0x0E8, reset=0x8808)
    OPD = Register(0x0EC, reset=0x0001_0000)
    TXIC = Register(0x0F0)
    RXIC = Register(0x100)
    IAUR = Register(0x118)
    IALR = Register(0x11C)
    GAUR = Register(0x120)
    GALR = Register(0x124)
    TFWR = Register(0x144)
    RDSR = Register(0x180)
    TDSR = Register(0x184)
    MRBR = Register(0x188)
    RSFL = Register(0x190)
    RSEM = Register(0x194)
    RAEM = Register(0x198, reset=0x4)
    RAFL = Register(0x19C, reset=0x4)
    TSEM = Register(0x1A0)
    TAEM = Register(0x1A4, reset=0x4)
    TAFL = Register(0x1A8, reset=0x8)
    TIPG = Register(0x1AC, reset=0xC)
    FTRL = Register(0x1B0, reset=0x7FF)
    TACC = Register(0x1C0)
    RACC = Register(0x1C4)
    COUNTERS = RegisterArray(0x200, 57, ro=True)
    """RMON_T_DROP to IEEE_R_OCTETS_OK: nothing is ever counted."""
    ATCR = Register(0x400)
    EN = ATCR.field(0, unmodelled=_STAMPS)
    ATVR = Register(0x404)
    ATOFF = Register(0x408)
    ATPER = Register(0x40C, reset=0x3B9A_CA00)
    ATCOR = Register(0x410)
    ATINC = Register(0x414)
    ATSTMP = Register(0x418, ro=True)
    TGSR = Register(0x604)
    TIMERS = RegisterArray(0x608, 8)
    """TCSR and TCCR of the four channels in turns."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._mdio = self.alarm(self._transferred)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._update()

    @ECR.on_write
    def _control(self, value: int) -> None:
        if self.RESET:
            # Assumption: it resets what a reset of the chip does.
            self.reset(ResetCause.SOFTWARE)

    @EIR.on_read
    def _events(self) -> int:
        self.system.clock.question(self.name, self._mdio.deadline)
        return self.EIR

    @EIR.on_write
    @EIMR.on_write
    def _written(self, value: int) -> None:
        self._update()

    @MMFR.on_write
    def _transfer(self, value: int) -> None:
        # MSCR 0 switches MDC off; writing it also clears MMFR's way to MDIO.
        if self.MII_SPEED and self._mdio.deadline is None:
            duration = time_of(MDIO_BITS, self._clock(), 2 * (self.MII_SPEED + 1))
            self._mdio.at(self.system.clock.now + duration)
        elif self.MII_SPEED:
            self.diagnose("enet-mdio", "MMFR written while a transfer is under way: lost")

    def _clock(self) -> int:
        return clock_or(self.frequency_hz, ipg_clock, self.ccm, self.ccm_analog)

    def _transferred(self) -> None:
        phy = self.phys.get(self.PA)
        if self.OP == READ:
            self.DATA = phy.read(self.RA) if phy else NOBODY
        elif self.OP == WRITE and phy:
            phy.write(self.RA, self.DATA)
        self.EIR |= MII
        self._update()

    def _update(self) -> None:
        self.IRQ.set(bool(self.EIR & self.EIMR))
