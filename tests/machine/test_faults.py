"""Firmware that faults: reported at once, with everything that one asks first."""

from __future__ import annotations

import re

import pytest
from images import Image, every_board
from pool import Options

from xipsim import Machine, ModelGap
from xipsim.errors import FirmwareFault, UserError

JUMP = "@micropython.asm_thumb\ndef jump(r0):\n  bx(r0)\njump({:#x})\n"
NO_VECTORS = """
import machine
@micropython.asm_thumb
def svc():
    data(2, 0xDF00)
machine.mem32[0xE000ED08] = {:#x}
svc()
"""
READ = "import machine\nprint('here')\nmachine.mem32[{:#x}]"


def fault(m: Machine, script: str) -> FirmwareFault:
    """The fault that the script brings about."""
    with pytest.raises(FirmwareFault) as caught:
        m.exec(script)
    assert caught.value.exit_code == 6
    return caught.value


@pytest.mark.every_engine
@pytest.mark.essential
@every_board
def test_an_access_where_nothing_answers(m: Machine, image: Image) -> None:
    nothing = image.facts.nothing
    error = fault(m, READ.format(nothing))
    detail = error.detail
    assert detail["exception"] == image.facts.fault
    assert detail["cfsr"] == 0x8200, "BFARVALID, PRECISERR"
    assert detail["hfsr"] == image.facts.hfsr
    assert detail["bfar"] == nothing
    assert detail["stacked"]["pc"] in image.facts.code, "mem32's load"
    text = str(error)
    assert f"bus error on a data access at {nothing:#010x}" in text
    assert f"{detail['stacked']['pc']:#010x}" in text
    assert "CFSR 0x00008200" in text
    assert re.search(r"virtual time \d+\.\d{6} s", text)
    assert "flash nor idle" in text
    assert "here" in text, "what the console showed last"
    assert error.situation.now == m.now


@pytest.mark.every_engine
def test_a_jump_into_erased_flash(m: Machine, image: Image) -> None:
    """FFFFh FFFFh is an undefined instruction."""
    erased = image.facts.window + image.facts.blank
    error = fault(m, JUMP.format(erased | 1))
    assert error.detail["stacked"]["pc"] == erased
    assert error.detail["cfsr"] == 0x1_0000
    assert "undefined instruction" in str(error)


@pytest.mark.every_engine
def test_a_jump_to_an_even_address(m: Machine, image: Image) -> None:
    error = fault(m, JUMP.format(image.facts.window + image.facts.blank))
    assert error.detail["cfsr"] == 0x2_0000
    assert "a jump to an even address" in str(error)


@pytest.mark.every_engine
@pytest.mark.essential
def test_a_jump_where_nothing_answers(m: Machine, image: Image) -> None:
    """Past the end of the chip, where the controller knows it."""
    error = fault(m, JUMP.format(image.facts.no_code | 1))
    assert error.detail["cfsr"] == 0x100, "IBUSERR"


def test_a_lock_up(image: Image, engine: Options) -> None:
    """No vector table, and an exception: a Cortex-M stops for good."""
    with Machine(image.board, firmware=image.require(), **engine) as m:
        error = fault(m, NO_VECTORS.format(image.facts.nothing))
        assert error.detail["lockup"]
        assert "The core locked up" in str(error)
        assert "reading the vector table" in str(error)
        m.flash.read(0, 4)
        for cannot in (lambda: m.exec("print(1)"), m.reset, m.power_cycle, m.snapshot):
            with pytest.raises(UserError, match="reset it: close this machine, and make"):
                cannot()


def test_a_fault_while_the_flash_is_at_work_names_the_operation(
    image: Image, engine: Options
) -> None:
    """A busy chip that holds vectors and handlers gives neither: the fault becomes a lock-up."""
    address = image.facts.volume + 200 * 4096
    with Machine(image.board, firmware=image.require(), **engine) as m:
        error = fault(m, image.facts.erase_and_fault)
        assert f"busy with sector erase 4K at {address:#x}" in str(error)
        assert error.situation.flash["nor"]["operation"]["address"] == address


@pytest.mark.every_engine
def test_after_a_fault_a_reset_boots(m: Machine, image: Image) -> None:
    fault(m, READ.format(image.facts.nothing))
    m.reset()
    assert m.exec("print('well')") == "well\n"


@pytest.mark.every_engine
def test_a_fault_that_is_waited_for_again_is_reported_again(m: Machine, image: Image) -> None:
    fault(m, READ.format(image.facts.nothing))
    with pytest.raises(FirmwareFault):
        m.run_for("1s")


@pytest.mark.every_engine
def test_a_tag_reads_0_and_is_reported_once_with_the_pc(m: Machine, image: Image) -> None:
    before = len(m.report()["gaps"])
    name, tag = next(iter(image.facts.tags.items()))
    assert m.exec(f"import machine\nfor i in range(3): print(machine.mem32[{tag}])") == "0\n0\n0\n"
    (gap,) = m.report()["gaps"][before:]
    assert name in gap["what"]
    assert gap["pc"] in image.facts.code


@every_board
def test_a_strict_machine_boots_and_stops_at_what_is_not_modelled(
    image: Image, engine: Options
) -> None:
    with Machine(image.board, firmware=image.require(), **engine, strict=True) as m:
        assert m.exec("print(6 * 7)") == "42\n"
        with pytest.raises(ModelGap) as caught:
            m.exec(READ.format(next(iter(image.facts.tags.values()))))
    assert caught.value.exit_code == 4
    assert f"Not modelled: {image.facts.strict}" in str(caught.value)
