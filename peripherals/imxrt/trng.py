"""True random number generator of the i.MX RT10xx, fed by the machine's seed."""

from __future__ import annotations

from xipsim.peripherals.core import (
    Peripheral,
    Register,
    RegisterArray,
    ResetCause,
    State,
    model,
)

_WORDS = 16
_STATUS = 0x0000_2F00  # TSTOP_OK, TST_OUT, ENT_VAL, FCT_VAL, FCT_FAIL
_MODE, _MODE_DEFAULT = 0xCF, 0x1  # FOR_SCLK, RST_DEF, OSC_DIV, SAMP_MODE


@model("Imxrt.Trng")
class Trng(Peripheral):
    """512 bits of entropy at a time; reading the last word starts the next generation.

    Assumption: a generation takes no virtual time (silicon: about 1 ms with the default ENT_DLY),
    no check ever fails, and registers with two names read as the limit, not as the count.
    """

    MCTL = Register(0x00, reset=0x0001_2001, ro=_STATUS | 0x30, w1c=0x1000)
    RST_DEF = MCTL.field(6)
    ENT_VAL = MCTL.field(10)
    PRGM = MCTL.field(16)
    SCMISC = Register(0x04, reset=0x0001_0022)
    PKRRNG = Register(0x08, reset=0x09A3)
    PKRMAX = Register(0x0C, reset=0x6920)
    SDCTL = Register(0x10, reset=0x0C80_09C4)
    SBLIM = Register(0x14, reset=0x3F)
    FRQMIN = Register(0x18, reset=0x640)
    FRQMAX = Register(0x1C, reset=0x6400)
    SCML = Register(0x20, reset=0x010C_0568)
    SCR1L = Register(0x24, reset=0x00B2_0195)
    SCR2L = Register(0x28, reset=0x007A_00DC)
    SCR3L = Register(0x2C, reset=0x0058_007D)
    SCR4L = Register(0x30, reset=0x0040_004B)
    SCR5L = Register(0x34, reset=0x002E_002F)
    SCR6PL = Register(0x38, reset=0x002E_002F)
    STATUS = Register(0x3C, ro=True)
    ENT = RegisterArray(0x40, _WORDS, ro=True)
    PKRCNT = RegisterArray(0x80, 8, ro=True)
    SEC_CFG = Register(0xA0)
    INT_CTRL = Register(0xA4, reset=0x7)
    INT_MASK = Register(0xA8, unmodelled="interrupts")
    INT_STATUS = Register(0xAC, ro=True)
    VID1 = Register(0xF0, reset=0x0030_0301, ro=True)
    VID2 = Register(0xF4, ro=True)

    # Goes on over resets, or firmware would draw the same numbers after each.
    generation = State(0, survives_reset=True)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self.generation += cause is not ResetCause.POWER_ON

    @MCTL.on_write
    def _mode(self, value: int) -> None:
        if self.RST_DEF and self.PRGM:
            for offset in range(Trng.SCMISC.offset, Trng.STATUS.offset, 4):
                self.regs[offset] = self._registers[offset].reset
            self.MCTL = self.MCTL & ~_MODE | _MODE_DEFAULT
        self.ENT_VAL = not self.PRGM

    @INT_STATUS.on_read
    @INT_STATUS.on_peek
    def _interrupt_status(self) -> int:
        return self.ENT_VAL << 1

    @ENT.on_read
    def _entropy(self, index: int) -> int:
        word = self._word(index)
        if not self.PRGM:
            self.generation += index == _WORDS - 1
        return word

    @ENT.on_peek
    def _word(self, index: int) -> int:
        if self.PRGM:
            return 0
        generator = self.system.random(f"{self.name}/{self.generation}")
        return [generator.getrandbits(32) for _ in range(_WORDS)][index]
