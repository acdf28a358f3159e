"""Alif Ensemble E7 DevKit: MicroPython ports/alif on the M55-HP of an AE722F80F55D5, IS25WX512.

ISSI's data sheet, revision A14; Alif's CMSIS DFP; ARMv8-M ARM B3.9.
"""

from __future__ import annotations

from functools import partial

import fat
import pytest

from facts import Causes, Facts, Pin, Uart

VOLUME = 16 << 20
"""MICROPY_HW_FLASH_STORAGE_FS_BYTES, from the beginning of the chip."""

# Commands as frames through the controller's FIFO, in octal DDR; the window's CTRLR0 is put back
# behind them (ospi_flash.c, ospi_ext.c). Read: FDh, address, 9 dummy cycles, frames of 8 bits.
OSPI = """
from machine import mem32
OSPI = 0x83002000
def octal(control, format, count, *words):
    mem32[OSPI + 0x10] = 0
    mem32[OSPI + 0x08] = 0
    mem32[OSPI] = control
    mem32[OSPI + 0x04] = count
    mem32[OSPI + 0xF4] = format
    mem32[OSPI + 0x08] = 1
    for word in words:
        mem32[OSPI + 0x60] = word
    mem32[OSPI + 0x10] = 1
"""
READ_COMMAND = OSPI + """
def read_command(offset, length):
    window = mem32[OSPI]
    out = bytearray()
    while len(out) < length:
        # No more than the receive FIFO holds.
        end = min(length, len(out) + 128)
        octal(0x80C00807, 0x00014A22, end - len(out) - 1, 0xFD, offset + len(out))
        while len(out) < end:
            if mem32[OSPI + 0x24]:
                out.append(mem32[OSPI + 0x60] & 0xFF)
    mem32[OSPI + 0x08] = 0
    mem32[OSPI] = window
    mem32[OSPI + 0x08] = 1
    return out
"""
ERASE_AND_FAULT = OSPI + """
octal(0x80C00407, 0x00010202, 0, 0x06)
octal(0x80C00407, 0x00010222, 0, 0x21, 200 * 4096)
mem32[0x70000000]
"""

WRITE_ROMFS = """
import vfs
vfs.rom_ioctl(3, 0, len(image))
print(vfs.rom_ioctl(4, 0, 0, image + bytes(-len(image) % 4)))
vfs.rom_ioctl(5, 0)
"""


def nothing_is_lost(end: int, came: list[int]) -> None:
    """Code and handlers are in MRAM and interrupts stay enabled: all eight are scheduled, and the
    interpreter calls them once the driver has returned."""
    assert came[0] == pytest.approx(end, abs=500)
    assert len(came) == (end + 50_000) // 10_000


ALIF_ENSEMBLE = Facts(
    lacks={
        "FlexSPI": "its flash is on an OSPI",
        "a boot from flash": "it boots from MRAM",
        "a battery": "its clock, the LPRTC, has none on this board, and no `rtc`",
        "SysTick": "this port counts time with a UTIMER (system_tick.c)",
        "deep sleep": "xipsim does not model STOP: the firmware falls through to a reset",
        "a boot without stalls": "USB's delays are polled for 200 ms: that takes minutes",
    },
    console="uart4",
    spare_uart=Uart(1, "uart1"),  # P0_5 and P0_4
    usb_burst=32 << 10,
    greets=True,
    hears_in_boot_py=True,  # the UART is up before it
    exit_resets=True,
    flash="from alif import Flash",
    window=0xC000_0000,
    volume=0,
    blocks=VOLUME // 4096,
    blank=0x3F0_0000,  # the driver uses 32 of 64 MB
    compared=1 << 20,
    erase_ms=80,  # t4K, typical
    # The driver hands the chip words of 4 bytes: every part of a page has to be a multiple.
    extended_writes=((0, 4), (8, 8), (252, 8), (2, 4), (250, 4), (256, 600), (4092, 4), (4088, 16),
                     (0, 0)),
    erased_by_write={0: 0, 4096: 1, 4104: 2, 8192: 2},  # alif_flash.c: every block it touches
    read_command=READ_COMMAND,
    erase_and_fault=ERASE_AND_FAULT,
    poll_loop=range(0x8002_0000, 0x8032_0000),
    make_volume=partial(fat.volume, VOLUME),
    read_volume=lambda data: {n.lower(): text for n, text in fat.files(data).items()},
    write_romfs=WRITE_ROMFS,
    code=range(0x8002_0000, 0x8032_0000),  # mcu/ensemble.ld.S: MRAM of HP's application
    ram=((0x2000_0000, 0x10_0000), (0x0200_0000, 0x1_0000), (0x4902_C000, 0x1000)),
    # DTCM, SRAM0 (USB), backup SRAM
    mhz=400,
    nothing=0x7000_0000,
    no_code=0x7000_0000,  # the OSPI knows no end of the chip
    fault="BusFault",  # SystemInit enables it (SHCSR)
    hfsr=0,
    tags={"DMA0": 0x4908_0000, "PDM": 0x4902_D000, "CRC0": 0x4810_7000},
    strict="bus: DMA0: read at 0x49080000",
    epoch="(1970, 1, 1)",  # machine_rtc.c loads 0
    timer="Timer(-1)",
    after_erase=nothing_is_lost,
    pin=Pin("P1_0", "gpio1", 0),
    causes=Causes(power=1, button=2, software=2, watchdog=3, deep_sleep=4),  # modmachine.c
    reset_told="SYSRESETREQ",
    watchdog_told="SYSRESETREQ",  # its NMI handler notes the cause and resets
)
