"""SEMC, the external memory controller of the i.MX RT10xx."""

from __future__ import annotations

from xipsim.peripherals.core import (
    BusError,
    Output,
    Peripheral,
    Register,
    RegisterArray,
    ResetCause,
    model,
)

_KEY = 0xA55A
_SDRAM_COMMANDS = range(0xA, 0x10)  # mode set, active, refresh, self refresh, precharges
_IPCMDDONE = 1 << 0
_SDRAMS = 4
"""BR0 to BR3: chip selects of SDRAM. Bit 0 of each is VLD, 5:1 MS, 31:12 BA (fsl_semc.c)."""
_DEVICES = "NAND, NOR, SRAM and 8080 devices"


@model("Imxrt.Semc")
class Semc(Peripheral):
    """Configuration and IP commands. An SDRAM itself is plain memory on the board's bus.

    Assumption: an IP command takes no virtual time and never fails.
    """

    IRQ = Output("flags in INTR that INTEN lets through")

    MCR = Register(0x00, reset=0x1000_0002)
    SWRST = MCR.field(0)
    IOCR = Register(0x04)
    BMCR0 = Register(0x08)
    BMCR1 = Register(0x0C)
    BR = RegisterArray(
        0x10,
        9,
        reset=(
            0x8000_001D,
            0x8400_001C,
            0x8800_001C,
            0x8C00_001C,
            0x9E00_001A,
            0x9000_0018,
            0x9800_0018,
            0x9C00_001A,
            0x26,
        ),
    )
    DLLCR = Register(0x34, reset=0x100)
    INTEN = Register(0x38)
    INTR = Register(0x3C, w1c=0x3F, ro=0xFFFF_FFC0)
    SDRAMCR0 = Register(0x40, reset=0x0C26)
    SDRAMCR1 = Register(0x44, reset=0x0099_4934)
    SDRAMCR2 = Register(0x48, reset=0x8000_0EEE)
    SDRAMCR3 = Register(0x4C, reset=0x4080_8000)
    NANDCR0 = Register(0x50, unmodelled=_DEVICES)
    NANDCR1 = Register(0x54, unmodelled=_DEVICES)
    NANDCR2 = Register(0x58, reset=0x0001_0410, unmodelled=_DEVICES)
    NANDCR3 = Register(0x5C, unmodelled=_DEVICES)
    NORCR = RegisterArray(0x60, 4, unmodelled=_DEVICES)
    SRAMCR = RegisterArray(0x70, 4, unmodelled=_DEVICES)
    DBICR = RegisterArray(0x80, 2, unmodelled=_DEVICES)
    IPCR0 = Register(0x90)
    IPCR1 = Register(0x94)
    IPCR2 = Register(0x98)
    IPCMD = Register(0x9C)
    IPTXDAT = Register(0xA0)
    IPRXDAT = Register(0xB0, ro=True)
    STS = RegisterArray(0xC0, 16, reset=(1, *(0,) * 12, 0x100, 0, 0), ro=True)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._update()

    @MCR.on_write
    def _module_control(self, value: int) -> None:
        self.SWRST = 0

    @BR.on_write
    def _placed(self, index: int, value: int) -> None:
        """What is at the address is the board's matter; that nothing is there explains a fault."""
        base, size = value & 0xFFFF_F000, (0x1000 << (value >> 1 & 0x1F)) / (1 << 20)
        if not value & 1 or index >= _SDRAMS:
            return
        try:
            self.system.bus.read(base, 4)
        except BusError:
            self.diagnose(
                "no-sdram",
                f"BR{index} puts an SDRAM of {size:g} MB at {base:#010x}, where this board has no "
                "memory",
            )

    @IPCMD.on_write
    def _command(self, value: int) -> None:
        self.IPCMD = value & 0xFFFF
        if value >> 16 != _KEY:
            self.diagnose("semc-key", f"IPCMD {value:#010x} has no key {_KEY:#x}; ignored")
            return
        if value & 0xFFFF not in _SDRAM_COMMANDS:
            self.gap(f"IPCMD: command {value & 0xFFFF:#x}")
        self.INTR |= _IPCMDDONE
        self._update()

    @INTR.on_write
    @INTEN.on_write
    def _flags_written(self, value: int) -> None:
        self._update()

    def _update(self) -> None:
        self.IRQ.set(bool(self.INTR & self.INTEN))
