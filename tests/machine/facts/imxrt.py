"""Teensy 4.0 and 4.1: MicroPython ports/mimxrt on an i.MX RT1062, W25Q16JV and W25Q64JV.

IMXRT1060RM: NXP's reference manual; Winbond's data sheets, revisions G and J; ARMv7-M ARM B3.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from littlefs import LittleFS

from facts import Causes, Facts, Pin, Uart
from xipsim.firmware import boards
from xipsim.firmware.littlefs import read_files

# An IP command of its own: sequence 0 is the quad read that the XIP window uses.
READ_COMMAND = """
from machine import mem32
FLEXSPI = 0x402A8000
def read_command(offset, length):
    out = bytearray()
    while length:
        n = min(length, 64)
        mem32[FLEXSPI + 0x14] = 0x1F
        mem32[FLEXSPI + 0xA0] = offset
        mem32[FLEXSPI + 0xB8] = 1 | 7 << 2
        mem32[FLEXSPI + 0xA4] = n
        mem32[FLEXSPI + 0xB0] = 1
        while not mem32[FLEXSPI + 0x14] & 1:
            pass
        for i in range(0, n, 4):
            out += (mem32[FLEXSPI + 0x100 + i] & 0xFFFFFFFF).to_bytes(4, "little")
        mem32[FLEXSPI + 0x14] = 1 << 5
        offset += n
        length -= n
    return bytes(out)
"""

# Write enable and sector erase as IP commands (the driver's sequences 3 and 5). The code is in the
# chip: a function in RAM starts the erase and faults.
ERASE_AND_FAULT = """
from machine import mem32
F = 0x402A8000
def ip(seq, address):
    mem32[F + 0x14] = 0x1F; mem32[F + 0xA0] = address; mem32[F + 0xA4] = seq << 16
@micropython.asm_thumb
def go(r0, r1):
    mov(r2, 1)
    str(r2, [r0, 0])
    ldr(r3, [r1, 0])
ip(3, 0); mem32[F + 0xB0] = 1
ip(5, 0x1C8000)
go(F + 0xB0, 0x50000000)
"""

WRITE_ROMFS = """
import vfs
partition = vfs.rom_ioctl(2, 0)
for block in range((len(image) + 4095) // 4096):
    partition.writeblocks(block, image[block * 4096:(block + 1) * 4096])
"""


def late_by_the_lost_ticks(end: int, came: list[int]) -> None:
    """The driver masks interrupts: of the SysTick's 45 ticks one is left, so soft timers are late
    by 44 ms."""
    assert came[0] >= 45_000, "none in the middle of the erase"
    assert 51_000 < came[0] < 55_500


def pending_once(end: int, came: list[int]) -> None:
    """The driver masks interrupts: a PIT that ran out four times is pending once."""
    assert came[0] >= 45_000, "none in the middle of the erase"
    assert came[0] == pytest.approx(end, abs=500)
    assert came[1] == pytest.approx(50_000, abs=500), "the PIT itself lost nothing"


def made_by_littlefs_python(blocks: int) -> Callable[[str, bytes], bytes]:
    """Disk version 2.0, as the littlefs of every firmware needs."""

    def make(name: str, contents: bytes) -> bytes:
        volume = LittleFS(
            block_size=4096, block_count=blocks, prog_size=256, disk_version=0x0002_0000
        )
        with volume.open(name, "wb") as file:
            file.write(contents)
        return bytes(volume.context.buffer)

    return make


def read_by_littlefs_python(board: str) -> Callable[[bytes], dict[str, bytes]]:
    filesystem = boards.load(board).filesystem._replace(offset=0)

    def read(volume: bytes) -> dict[str, bytes]:
        files = read_files(bytearray(volume), filesystem)
        return {name.removeprefix("/").lower(): contents for name, contents in files.items()}

    return read


TEENSY41 = Facts(
    lacks={},
    console="pc",
    spare_uart=Uart(1, "lpuart6"),  # pins 0 and 1
    usb_burst=256 << 10,
    greets=True,
    hears_in_boot_py=False,  # USB starts after it
    exit_resets=True,
    flash="from mimxrt import Flash",
    window=0x6000_0000,
    volume=0x10_0000,  # boards/MIMXRT1062.ld: vfs_start
    blocks=1791,  # up to the last 4 KB, which are the Teensy's own
    blank=0x7F_0000,
    compared=8 << 20,
    erase_ms=45,  # tSE, typical
    extended_writes=((0, 1), (1, 1), (3, 5), (255, 2), (250, 600), (4095, 1), (13, 4083),
                     (4092, 8)),  # whatever the alignment
    erased_by_write={0: 1, 2: 1, 4096: 1, 8192: 1},  # mimxrt_flash.c: always one sector
    read_command=READ_COMMAND,
    erase_and_fault=ERASE_AND_FAULT,
    poll_loop=range(0x2_0000),  # ITCM: the chip cannot give code while it is busy
    make_volume=made_by_littlefs_python(1791),
    read_volume=read_by_littlefs_python("TEENSY41"),
    write_romfs=WRITE_ROMFS,
    code=range(0x6000_0000, 0x6010_0000),
    ram=((0x0000_0000, 0x2_0000), (0x2000_0000, 0x2_0000), (0x2020_0000, 0x8_0000)),
    # ITCM, DTCM, OCRAM
    mhz=600,
    nothing=0x5000_0000,
    no_code=0x6080_0000,  # the FlexSPI refuses what lies past the chip (FLSHA1CR0)
    fault="HardFault",  # the firmware does not enable BusFault
    hfsr=0x4000_0000,  # FORCED
    tags={"SPDIF": 0x4038_0000, "ADC_ETC": 0x403B_0000, "KPP": 0x401F_C000},
    strict="bus: SPDIF: read at 0x40380000",
    epoch="(2013, 10, 14)",  # the SNVS counter starts at a date of the port's
    timer="Timer(-1)",
    after_erase=late_by_the_lost_ticks,
    pin=Pin("D2", "gpio4", 4),
    causes=Causes(power=1, button=1, software=5, watchdog=3, deep_sleep=4),  # the button is POR_B
    reset_told="software reset through the watchdog",
    watchdog_told="watchdog",
)


def v1_18(facts: Facts) -> Facts:
    """Firmware of 2022: USB before boot.py, and what is printed before DTR is dropped."""
    lacks = {
        "deep sleep": "v1.18 has no machine.deepsleep for this board",
        "a buffer of the flash": "v1.18's Flash has no buffer protocol",
        "ROMFS": "v1.18 has no ROMFS",
    }
    return replace(
        facts,
        lacks=lacks,
        greets=False,
        hears_in_boot_py=True,
        exit_resets=False,
        timer="Timer(0)",  # the PIT
        after_erase=pending_once,
    )


TEENSY40 = replace(
    TEENSY41,
    blocks=255,
    blank=0x1F_0000,
    compared=2 << 20,
    no_code=0x6020_0000,
    make_volume=made_by_littlefs_python(255),
    read_volume=read_by_littlefs_python("TEENSY40"),
)
