"""machine.I2CTarget, for a SoftI2C that is wired to its pins as upstream's test has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from images import ALIF, RECENT, Image, parameters

from xipsim import Machine

pytestmark = pytest.mark.parametrize("image", parameters([RECENT, ALIF]), indirect=True)

WIRES = {"TEENSY41": ["A6:D19", "A3:D18"], "ALIF_ENSEMBLE": ["P1_1:P0_3", "P1_0:P0_2"]}
MASTER = {"TEENSY41": "scl='A6', sda='A3'", "ALIF_ENSEMBLE": "scl='P1_1', sda='P1_0'"}


@pytest.fixture
def wired(image: Image, qemu: Path | None) -> Iterator[Machine]:
    wires = WIRES[image.board]
    with Machine(
        image.board, firmware=image.require(), qemu=qemu, wires=wires, strict=True
    ) as m:
        m.exec(f"from machine import I2CTarget, SoftI2C; i = SoftI2C({MASTER[image.board]})")
        yield m


def test_a_memory(wired: Machine) -> None:
    m = wired
    m.exec("mem = bytearray(b'01234567'); t = I2CTarget(0, addr=67, mem=mem)")
    assert m.exec("print(i.scan())") == "[67]\n"
    assert m.exec("i.writeto_mem(67, 6, b'test'); print(mem)") == "bytearray(b'st2345te')\n"
    assert m.exec("print(i.readfrom_mem(67, 4, 6))") == "b'45test'\n"
    m.exec("t.deinit()")
    assert m.exec("print(i.scan())") == "[]\n"


def test_its_interrupts(wired: Machine) -> None:
    """What a master writes, byte by byte, and what it reads."""
    m = wired
    m.exec(
        "t = I2CTarget(0, addr=67); seen = []; b = bytearray(1)\n"
        "def on(t):\n"
        "    flags = t.irq().flags()\n"
        "    if flags & I2CTarget.IRQ_WRITE_REQ:\n"
        "        t.readinto(b); seen.append(b[0])\n"
        "    if flags & I2CTarget.IRQ_READ_REQ:\n"
        "        b[0] = 0x40 + len(seen); t.write(b); seen.append('r')\n"
        "    if flags & I2CTarget.IRQ_END_WRITE:\n"
        "        seen.append('end')\n"
        "t.irq(on, I2CTarget.IRQ_WRITE_REQ | I2CTarget.IRQ_READ_REQ | I2CTarget.IRQ_END_WRITE,"
        " hard=True)"
    )
    assert m.exec("print(i.writeto(67, b'XYZ'), seen)") == "3 [88, 89, 90, 'end']\n"
    assert m.exec("seen.clear(); print(i.readfrom(67, 2))") == "b'@A'\n"
