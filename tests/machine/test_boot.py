"""The boot ROM on real images: what it needs, and what it says. Resets, and code in the flash."""

from __future__ import annotations

from pathlib import Path

import pytest
from images import PUBLISHED, Image, every_board
from pool import Options

from xipsim import BootFailed, Machine

pytestmark = pytest.mark.every_engine
from_flash = pytest.mark.needs("a boot from flash")
ERASE = "f = Flash(); f.ioctl(6, {})"
HEADER = -0x100
"""The chip's first sector, as a block of the storage area at 1 MB."""


def changed(
    image: Image, engine: Options, tmp_path: Path, at: int, data: bytes
) -> Machine:
    """A machine whose flash holds the image with other bytes at `at`."""
    chip = tmp_path / "chip.bin"
    with Machine(image.board, firmware=image.require(), **engine) as m:
        contents = bytearray(m.flash.read())
    contents[at : at + len(data)] = data
    chip.write_bytes(contents)
    return Machine(image.board, flash=chip, discard=True, **engine)


def refused(m: Machine) -> str:
    with pytest.raises(BootFailed) as caught:
        m.run_for("1s")
    assert caught.value.exit_code == 7
    return str(caught.value)


@pytest.mark.parametrize(
    ("at", "data", "said"),
    [
        (0, b"\xff" * 4096, "the FCB at flash offset 0x0 reads ff ff ff ff, expected 46 43 46 42"),
        (0, b"FCFA", "the FCB at flash offset 0x0 reads 46 43 46 41"),
        (0x1000, b"\xd1\x00\x00\x41", "the IVT at flash offset 0x1000"),
        (0x1000, bytes(4), "the IVT at flash offset 0x1000"),
        (0x1014, b"\0\0\0\x70", "lies at 0x70000000 (at 0x1014), but is read at 0x60001000"),
        (0x1004, b"\0\0\0\x20", "at 0x20000000 (at 0x1004) for its entry, not into the chip"),
        (0x2000, b"\xff" * 8, "the vector table at flash offset 0x2000"),
    ],
)
def test_a_broken_header_is_said_to_be_broken(
    engine: Options, tmp_path: Path, at: int, data: bytes, said: str
) -> None:
    """In v1.18's IVT the entry is the vector table."""
    with changed(PUBLISHED, engine, tmp_path, at, data) as m:
        text = refused(m)
        assert text.startswith("The boot ROM found nothing to start: Nothing to boot in nor: ")
        assert said in text


@from_flash
def test_an_fcb_at_another_socs_place(
    image: Image, engine: Options, tmp_path: Path
) -> None:
    """RT1011 and RT1176 have it at 0x400."""
    block = bytes(0x400) + b"FCFB"
    with changed(image, engine, tmp_path, 0, block) as m:
        assert "which is at 0x400: the image is for another i.MX RT" in refused(m)


@from_flash
def test_a_device_type_that_does_not_fit_boots_with_one_warning(
    image: Image, engine: Options, tmp_path: Path
) -> None:
    with changed(image, engine, tmp_path, 0x44, b"\x02") as m:
        assert len(m.warnings) == 1
        assert "device type" in m.warnings[0]
        assert m.exec("print('up')") == "up\n"


@from_flash
def test_firmware_that_erases_its_own_header_does_not_boot_again(
    m: Machine, image: Image
) -> None:
    """No reset reloads the image: the ROM reads what the chip holds now."""
    assert m.exec(f"{image.facts.flash}; f = Flash(); print('on')") == "on\n"
    m.exec(f"f.ioctl(6, {HEADER})")
    assert m.flash.read(0, 16) == b"\xff" * 16
    assert m.exec("print('still runs')") == "still runs\n"
    m.exec("import machine; machine.reset()")
    assert "the FCB at flash offset 0x0 reads ff ff ff ff" in refused(m)


@from_flash
def test_the_boot_rom_says_who_erased_the_header_and_when(m: Machine, image: Image) -> None:
    m.exec(f"{image.facts.flash}; {ERASE.format(HEADER)}\nimport machine; machine.reset()")
    assert "The last change there: sector erase" in refused(m)


@every_board
@from_flash
def test_a_reset_meets_a_busy_chip(m: Machine, image: Image) -> None:
    """The ROM does not wait; after the operation's end a reset boots."""
    m.console.write(f"{image.facts.flash}; {ERASE.format(200)}\r")
    m.run_for("20ms")
    operation = m.flash.status["operation"]
    assert operation["kind"] == "erase"
    m.reset()
    assert m.flash.status["operation"] == operation, "a reset leaves the chip as it is"
    text = refused(m)
    assert "The chip was busy (sector erase 4K at " in text
    assert f"until {operation['end']} ns" in text
    m.run_for(max(0, operation["end"] - m.now))
    m.reset()
    assert m.exec("print('up')") == "up\n"


@pytest.mark.essential
@every_board
def test_a_power_cycle_ends_what_the_chip_was_doing(m: Machine, image: Image) -> None:
    m.console.write(f"{image.facts.flash}; {ERASE.format(200)}\r")
    m.run_for("20ms")
    m.power_cycle()
    assert m.flash.status["operation"] is None
    assert m.exec("print('up')") == "up\n"


# -- execute in place ------------------------------------------------------------------------------

BLOCK = 210
XIP = """
import uctypes
from machine import mem32
f = Flash()
WINDOW = {}
def window(n): return bytes(uctypes.bytearray_at(WINDOW, n))
@micropython.asm_thumb
def call(r0):
    data(2, 0x4780)  # blx r0
"""


@pytest.fixture
def xip(m: Machine, image: Image) -> Machine:
    """At the prompt, with WINDOW, where block 210 is seen."""
    window = image.facts.window + image.facts.volume + BLOCK * 4096
    m.exec(image.facts.flash + XIP.format(window))
    return m


@pytest.mark.essential
@every_board
def test_data_written_to_flash_are_seen_through_memory_at_once(xip: Machine) -> None:
    script = (
        "f.writeblocks(210, b'first' + bytes(4091))\na = window(5)\n"
        "f.writeblocks(210, b'other' + bytes(4091))\nb = window(5)\n"
        "f.ioctl(6, 210)\nc = window(5)\n"
        "f.writeblocks(210, b'\\x12\\x34\\x56\\x78', 0)\nd = mem32[WINDOW]\n"
        "print(a, b, c, hex(d))"
    )
    expected = r"b'first' b'other' b'\xff\xff\xff\xff\xff' 0x78563412"
    assert xip.exec(script) == expected + "\n"


@every_board
def test_code_written_to_flash_is_executed_at_once_and_never_an_old_one(xip: Machine) -> None:
    """movs r0, #n; bx lr: twenty functions, one after the other, at one address."""
    script = (
        "r = []\nfor n in range(20):\n"
        "  f.ioctl(6, 210)\n"
        "  f.writeblocks(210, bytes([n, 0x20, 0x70, 0x47]), 0)\n"
        "  r += [call(WINDOW + 1), call(WINDOW + 1)]\n"
        "print(r)"
    )
    assert xip.exec(script) == str([n for n in range(20) for _ in range(2)]) + "\n"
