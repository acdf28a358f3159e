"""Firmware that faults: reported at once, with everything that one asks first."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from images import Image

from xipsim import Machine, ModelGap
from xipsim.errors import EngineFailed, FirmwareFault

JUMP = "@micropython.asm_thumb\ndef jump(r0):\n  bx(r0)\njump({:#x})\n"
ERASED = 0x7F0000
"""An offset that no image and no file covers."""


def fault(m: Machine, script: str) -> FirmwareFault:
    """The fault that the script brings about, reported within a second of real time."""
    start = time.monotonic()
    with pytest.raises(FirmwareFault) as caught:
        m.exec(script)
    assert time.monotonic() - start < 1
    assert caught.value.exit_code == 3
    return caught.value


def test_an_access_where_nothing_answers(m: Machine) -> None:
    error = fault(m, "import machine\nprint('here')\nmachine.mem32[0x50000000]")
    detail = error.detail
    assert detail["exception"] == "HardFault"
    assert detail["cfsr"] == 0x8200, "BFARVALID, PRECISERR"
    assert detail["hfsr"] == 0x4000_0000, "FORCED"
    assert detail["bfar"] == 0x5000_0000
    assert 0x6000_0000 <= detail["stacked"]["pc"] < 0x6010_0000, "mem32's load, in XIP flash"
    text = str(error)
    assert "bus error on a data access at 0x50000000" in text
    assert f"{detail['stacked']['pc']:#010x}" in text
    assert "CFSR 0x00008200" in text
    assert "virtual time 0." in text
    assert "flash nor idle" in text
    assert "here" in text, "what the console showed last"
    assert error.situation.now == m.now


def test_a_jump_into_erased_flash(t41: Machine) -> None:
    """FFFFh FFFFh is an undefined instruction."""
    error = fault(t41, JUMP.format(0x6000_0000 + ERASED | 1))
    assert error.detail["stacked"]["pc"] == 0x6000_0000 + ERASED
    assert error.detail["cfsr"] == 0x1_0000
    assert "undefined instruction" in str(error)


def test_a_jump_to_an_even_address(t41: Machine) -> None:
    error = fault(t41, JUMP.format(0x6000_0000 + ERASED))
    assert error.detail["cfsr"] == 0x2_0000
    assert "a jump to an even address" in str(error)


def test_a_jump_past_the_end_of_the_chip(t41: Machine) -> None:
    error = fault(t41, JUMP.format(0x6080_0001))
    assert error.detail["cfsr"] == 0x100, "IBUSERR"


def test_a_lock_up(teensy41: Image, qemu: Path | None) -> None:
    """No vector table, and an exception: a Cortex-M stops for good."""
    with Machine(teensy41.board, firmware=teensy41.require(), qemu=qemu) as m:
        error = fault(
            m, "import machine\nmachine.mem32[0xE000ED08] = 0x50000000\nwhile True: pass"
        )
        assert error.detail["lockup"]
        assert "The core locked up" in str(error)
        assert "reading the vector table" in str(error)
        with pytest.raises(EngineFailed, match="locked up"):
            m.exec("print(1)")


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
"""Write enable and sector erase as IP commands (the driver's sequences 3 and 5); code in RAM starts
the erase and then faults."""


def test_a_fault_while_the_flash_is_at_work_names_the_operation(
    teensy41: Image, qemu: Path | None
) -> None:
    """The busy chip gives neither vectors nor handlers: a fault becomes a lock-up."""
    with Machine(teensy41.board, firmware=teensy41.require(), qemu=qemu) as m:
        error = fault(m, ERASE_AND_FAULT)
        assert "busy with sector erase 4K at 0x1c8000" in str(error)
        assert error.situation.flash["nor"]["operation"]["address"] == 0x1C_8000


def test_after_a_fault_a_reset_boots(t41: Machine) -> None:
    fault(t41, "import machine; machine.mem32[0x50000000]")
    t41.reset()
    assert t41.exec("print('well')") == "well\n"


def test_a_fault_that_is_waited_for_again_is_reported_again(t41: Machine) -> None:
    fault(t41, "import machine; machine.mem32[0x50000000]")
    with pytest.raises(FirmwareFault):
        t41.run_for("1s")


def test_a_tag_reads_0_and_is_reported_once_with_the_pc(t41: Machine) -> None:
    before = len(t41.report()["gaps"])
    script = "import machine\nfor i in range(3): print(machine.mem32[0x400E8000])"
    assert t41.exec(script) == "0\n0\n0\n"
    (gap,) = t41.report()["gaps"][before:]
    assert "DMA0" in gap["what"]
    assert 0x6000_0000 <= gap["pc"] < 0x6010_0000


def test_a_strict_machine_stops_at_what_is_not_modelled(
    teensy41: Image, qemu: Path | None
) -> None:
    """Later firmware touches some already when it boots."""
    with (
        Machine(teensy41.board, firmware=teensy41.require(), qemu=qemu, strict=True) as m,
        pytest.raises(ModelGap) as caught,
    ):
        m.exec("import machine; machine.mem32[0x400E8000]")
    assert caught.value.exit_code == 4
    expected = "DMA0: read at 0x400e8000" if teensy41.name.endswith("v1.18") else "flexspi2"
    assert f"Not modelled: {'bus: ' if 'DMA' in expected else ''}{expected}" in str(caught.value)
