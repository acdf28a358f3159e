"""What is `mimxrt.Flash`'s own: beyond its storage, the FlexSPI's LUT, old firmware."""

from __future__ import annotations

import pytest
from images import PUBLISHED, TEENSY41S, parameters
from pool import Options, Pool

from xipsim import FirmwareFault, Machine
from xipsim.errors import ReplError

pytestmark = pytest.mark.every_engine

STORAGE, SECTOR = 0x100000, 4096
BLOCK = 200

SETUP = "from mimxrt import Flash; f = Flash()"

LUT_COMMAND = """
from machine import mem32

FLEXSPI = 0x402A8000
def set_sequence(index, word):
    mem32[FLEXSPI + 0x18] = 0x5AF05AF0
    mem32[FLEXSPI + 0x1C] = 2
    mem32[FLEXSPI + 0x200 + 16 * index] = word
    mem32[FLEXSPI + 0x204 + 16 * index] = 0
    mem32[FLEXSPI + 0x18] = 0x5AF05AF0
    mem32[FLEXSPI + 0x1C] = 1
def run_sequence(index, data=None):
    mem32[FLEXSPI + 0x14] = 0x1F
    mem32[FLEXSPI + 0xA0] = 0
    mem32[FLEXSPI + 0xBC] = 1
    mem32[FLEXSPI + 0xA4] = (0 if data is None else 1) | index << 16
    if data is not None:
        # Before the trigger: a command that waits for data holds the bus, and this code is in XIP.
        mem32[FLEXSPI + 0x180] = data
        mem32[FLEXSPI + 0x14] = 0x40
    mem32[FLEXSPI + 0xB0] = 1
    while not mem32[FLEXSPI + 0x14] & 1:
        pass
"""


@pytest.fixture(params=parameters(TEENSY41S))
def m(pool: Pool, request: pytest.FixtureRequest, engine: Options) -> Machine:
    """At the prompt, with `f` the storage area."""
    machine = pool.at_prompt(request.param, engine)
    machine.exec(SETUP)
    return machine


def test_block_minus_one_is_the_sector_below_the_storage_area(m: Machine) -> None:
    assert m.exec("print(f.ioctl(6, -1))") == "0\n"
    assert m.flash.stats.erases[STORAGE // SECTOR - 1] == 1


def test_an_erase_beyond_the_chip_gives_1(m: Machine) -> None:
    assert m.exec("print(f.ioctl(6, 1792))") == "1\n"


def test_a_read_beyond_the_chip_faults(m: Machine) -> None:
    with pytest.raises(FirmwareFault, match="0x60800000"):
        m.exec("f.readblocks(1792, bytearray(4), 0)")


def test_a_protected_block_leaves_one_diagnostic_and_no_error(m: Machine) -> None:
    """All blocks protected (BP2-0, written volatile by 50h 01h): program is silently ignored."""
    m.exec(f"f.writeblocks({BLOCK}, bytes([0x55] * 4096))")
    m.exec(LUT_COMMAND)
    m.exec(
        "set_sequence(14, 0x00000450)\n"  # CMD 50h
        "set_sequence(15, 0x20010401)\n"  # CMD 01h, WRITE 1
        "run_sequence(14); run_sequence(15, 0x1C)\n"
    )
    assert m.flash.status["sr1"] & 0x1C == 0x1C
    before = len(m.report()["diagnostics"])
    m.exec(f"f.writeblocks({BLOCK}, bytes(16), 0)")
    assert m.flash.read(STORAGE + BLOCK * SECTOR, 16) == bytes([0x55] * 16)
    new = m.report()["diagnostics"][before:]
    assert [d["rule"] for d in new] == ["protected"]


def test_an_ip_command_error_is_an_oserror(m: Machine) -> None:
    """An unknown instruction in the LUT's erase sequence (5): the controller refuses it."""
    m.exec(LUT_COMMAND)
    m.exec("set_sequence(5, 0xFC00)")
    with pytest.raises(ReplError) as caught:
        m.exec(f"f.writeblocks({BLOCK}, bytes(4096))")
    assert caught.value.type_name == "OSError"


def test_old_firmware_has_no_buffer(pool: Pool, engine: Options) -> None:
    with pytest.raises(ReplError, match="buffer protocol"):
        pool.at_prompt(PUBLISHED, engine).exec("import mimxrt; memoryview(mimxrt.Flash())")
