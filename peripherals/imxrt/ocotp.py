"""OCOTP, the fuse controller of the i.MX RT1060 family, and what this part's fuses hold."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Parameter,
    Peripheral,
    Register,
    RegisterArray,
    ResetCause,
    System,
    model,
)

from .tempmon import CALIBRATION_FUSE

_WRITE_KEY = 0x3E77


def _words(offset: int, count: int = 1) -> RegisterArray:
    return RegisterArray(offset, count, stride=0x10)


@model("Imxrt.Ocotp")
class Ocotp(Peripheral):
    """Shadow registers of the fuses, reads of the fuses themselves; fuses cannot be burnt.

    Assumption: every fuse but the unique id and the temperature calibration is blank: boot from
    serial NOR on FlexSPI, no lock, no secure boot, no watchdog in the boot ROM.
    """

    uid = Parameter(
        str,
        "unique id, 16 hexadecimal digits as `machine.unique_id().hex()` shows them; "
        "made from the seed if empty",
        default="",
    )

    CTRL = Register(0x00, ro=0xE1C0, set_clear_toggle=True)
    ADDR = CTRL.field(0, 6)
    RELOAD_SHADOWS = CTRL.field(10)
    CRC_TEST = CTRL.field(11, unmodelled="CRC over fuses")
    WR_UNLOCK = CTRL.field(16, 16)
    TIMING = Register(0x10, reset=0x0C0D_9755)
    DATA = Register(0x20)
    READ_CTRL = Register(0x30)
    READ_FUSE = READ_CTRL.field(0)
    READ_FUSE_DATA = Register(0x40)
    SW_STICKY = Register(0x50)
    SCS = Register(0x60, set_clear_toggle=True)
    CRC_ADDR = Register(0x70)
    CRC_VALUE = Register(0x80)
    VERSION = Register(0x90, reset=0x0300_0000, ro=True)
    TIMING2 = Register(0x100, reset=0x01C3_0092)
    LOCK = Register(0x400, ro=True)
    CFG = _words(0x410, 7)
    MEM = _words(0x480, 5)
    ANA = _words(0x4D0, 3)
    OTPMK = _words(0x500, 8)
    SRK = _words(0x580, 8)
    SJC_RESP = _words(0x600, 2)
    MAC = _words(0x620, 3)
    OTPMK_CRC32 = Register(0x650)
    GP1 = Register(0x660)
    GP2 = Register(0x670)
    SW_GP1 = Register(0x680)
    SW_GP2 = _words(0x690, 4)
    MISC_CONF = _words(0x6D0, 2)
    SRK_REVOKE = Register(0x6F0)
    ROM_PATCH = _words(0x800, 8)
    GP3 = _words(0x880, 4)
    GP4 = _words(0x8C0, 4)

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        uid = self.uid or f"{system.random(f'{self.name}/uid').getrandbits(64):016x}"
        try:
            uid_bytes = bytes.fromhex(uid)
        except ValueError:
            uid_bytes = b""
        if len(uid_bytes) != 8:
            raise ValueError(f"{self.name}: uid: expected 16 hexadecimal digits, given {uid!r}")
        self._fuses = {
            0x410: int.from_bytes(uid_bytes[:4], "little"),
            0x420: int.from_bytes(uid_bytes[4:], "little"),
            0x4E0: CALIBRATION_FUSE,
        }
        self.regs.update(self._fuses)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self.regs.update(self._fuses)

    @CTRL.on_write
    def _control(self, value: int) -> None:
        if self.RELOAD_SHADOWS:
            self.RELOAD_SHADOWS = 0
            for offset in self.regs:
                if offset >= Ocotp.LOCK.offset:
                    self.regs[offset] = self._fuses.get(offset, 0)
        self.CRC_TEST = 0

    @DATA.on_write
    def _burn(self, value: int) -> None:
        if self.WR_UNLOCK == _WRITE_KEY:
            self.WR_UNLOCK = 0
            self.gap("DATA: burning fuses")

    @READ_CTRL.on_write
    def _read_fuse(self, value: int) -> None:
        if self.READ_FUSE:
            self.READ_FUSE = 0
            # 48 words from 0x400 up, then the last 16 from 0x800 up.
            base = 0x400 if self.ADDR < 0x30 else 0x500
            self.READ_FUSE_DATA = self._fuses.get(base + 0x10 * self.ADDR, 0)
