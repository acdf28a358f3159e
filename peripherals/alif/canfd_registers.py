"""The register table of CANFD (CAST's CAN controller). Sources: Alif's SVD file and canfd.h."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.can.bus import CanBus
from xipsim.peripherals.core import Output, Parameter, Peripheral, Register, RegisterArray, hertz

_TIME = "time stamps"
_ECC = "errors of memory, and two cores that check each other"


def _byte(offset: int, **keywords: Any) -> Register:
    return Register(offset, width=8, **keywords)


class CanFdRegisters(Peripheral):
    """Buffers of one message, registers of eight bits, and a window on one acceptance filter."""

    SIZE = 0x1000

    frequency = hertz(
        "CANFD_CLK in Hz: 160 MHz by 8, as MicroPython's port sets it", default=20_000_000
    )

    bus = Parameter(CanBus, "on which it is")

    IRQ = Output("any interrupt that is enabled")

    RBUF = RegisterArray(0x00, 20, ro=True)
    TBUF = RegisterArray(0x50, 18)
    TTS = Register(0x98, ro=True)
    CFG_STAT = _byte(0xA0, reset=0x80, ro=0x06)
    BUSOFF = CFG_STAT.field(0)
    TACTIVE = CFG_STAT.field(1)
    TSSS = CFG_STAT.field(3)
    TPSS = CFG_STAT.field(4)
    LBMI = CFG_STAT.field(5)
    LBME = CFG_STAT.field(6)
    RESET = CFG_STAT.field(7)
    TCMD = _byte(0xA1)
    TSA = TCMD.field(0)
    TSALL = TCMD.field(1)
    TSONE = TCMD.field(2)
    TPA = TCMD.field(3)
    TPE = TCMD.field(4)
    STBY = TCMD.field(5)
    LOM = TCMD.field(6)
    TBSEL = TCMD.field(7)
    TCTRL = _byte(0xA2, reset=0x84, ro=0x03)
    TSSTAT = TCTRL.field(0, 2)
    TSMODE = TCTRL.field(5)
    TSNEXT = TCTRL.field(6)
    RCTRL = _byte(0xA3, ro=0x23)
    RSTAT = RCTRL.field(0, 2)
    RBALL = RCTRL.field(3, unmodelled="keeping frames with errors")
    RREL = RCTRL.field(4)
    ROV = RCTRL.field(5)
    ROM = RCTRL.field(6)
    SACK = RCTRL.field(7)
    RTIE = _byte(0xA4, reset=0xFE, ro=0x01)
    TSFF = RTIE.field(0)
    RTIF = _byte(0xA5, w1c=0xFF)
    ERRINT = _byte(0xA6, ro=0xC0, w1c=0x15)
    BEIE = ERRINT.field(1)
    EPIE = ERRINT.field(5)
    EPASS = ERRINT.field(6)
    EWARN = ERRINT.field(7)
    LIMIT = _byte(0xA7, reset=0x1B)
    EWL = LIMIT.field(0, 4)
    AFWL = LIMIT.field(4, 4)
    S_SEG_1 = _byte(0xA8, reset=0x03)
    S_SEG_2 = _byte(0xA9, reset=0x02)
    S_SJW = _byte(0xAA, reset=0x02)
    S_PRESC = _byte(0xAB, reset=0x01)
    F_SEG_1 = _byte(0xAC, reset=0x03)
    F_SEG_2 = _byte(0xAD, reset=0x02)
    F_SJW = _byte(0xAE, reset=0x02)
    F_PRESC = _byte(0xAF, reset=0x01)
    EALCAP = _byte(0xB0, ro=True)
    KOER = EALCAP.field(5, 3)
    TDC = _byte(0xB1)
    RECNT = _byte(0xB2, ro=True)
    TECNT = _byte(0xB3, ro=True)
    ACFCTRL = _byte(0xB4)
    ACFADR = ACFCTRL.field(0, 4)
    SELMASK = ACFCTRL.field(5)
    TIMECFG = _byte(0xB5, reset=0x02)
    TIMEEN = TIMECFG.field(0, unmodelled=_TIME)
    ACF_EN_0 = _byte(0xB6, reset=0x01)
    ACF_EN_1 = _byte(0xB7)
    ACF = Register(0xB8)
    VER_0 = _byte(0xBC, reset=0x09, ro=True)
    VER_1 = _byte(0xBD, reset=0x07, ro=True)
    MEM_PROT = _byte(0xCA, w1c=0x1C)
    MPEN = MEM_PROT.field(0, unmodelled=_ECC)
    MEM_STAT = _byte(0xCB, ro=0xFE)
    MEM_ES_0 = _byte(0xCC, unmodelled=_ECC)
    MEM_ES_1 = _byte(0xCD, unmodelled=_ECC)
    MEM_ES_2 = _byte(0xCE, unmodelled=_ECC)
    MEM_ES_3 = _byte(0xCF, unmodelled=_ECC)
    SRCFG = _byte(0xD0, reset=0x01)
