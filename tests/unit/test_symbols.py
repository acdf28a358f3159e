"""Functions and lines by address, in two ELF files of lamp/lamp.c, as objdump has them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from fake_engine import MS
from machines import make_machine

from xipsim import FirmwareFault, UserError
from xipsim.engines.api import StopReason
from xipsim.session.symbols import Symbols

LAMP = Path(__file__).parent / "lamp"


@pytest.mark.parametrize("name", ["dwarf4.elf", "dwarf5.elf"])
@pytest.mark.parametrize(
    ("address", "place"),
    [
        (0x6000_2000, "0x60002000 (blink at lamp.c:10)"),
        (0x6000_200A, "0x6000200a (blink at lamp.c:11)"),
        (0x6000_2014, "0x60002014 (blink at lamp.c:10)"),
        (0x6000_2018, "0x60002018 (blink at lamp.c:12)"),
        (0x6000_201C, "0x6000201c (blink at lamp.c:13)"),
        (0x6000_2024, "0x60002024 (main at lamp.c:16)"),
        (0x6000_202D, "0x6000202d (main at lamp.c:17)"),  # Where blink returns to: the call's.
        (0x6000_1FFE, "0x60001ffe"),
        (0x6000_2040, "0x60002040"),
        (0xFFFF_FFF9, "0xfffffff9"),  # EXC_RETURN
    ],
)
def test_places(name: str, address: int, place: str) -> None:
    assert Symbols(LAMP / name).place(address) == place


def test_without_debugging_information_there_is_the_function(tmp_path: Path) -> None:
    """The symbol table alone, as a release's ELF has it: .debug_line under another name."""
    data = (LAMP / "dwarf4.elf").read_bytes().replace(b".debug_", b".absent")
    file = tmp_path / "release.elf"
    file.write_bytes(data)
    assert Symbols(file).place(0x6000_2024) == "0x60002024 (main)"


def test_a_damaged_file_costs_the_names_alone(tmp_path: Path) -> None:
    whole = (LAMP / "dwarf4.elf").read_bytes()
    file = tmp_path / "cut.elf"
    for length in range(4, len(whole), 61):
        file.write_bytes(whole[:length])
        assert Symbols(file).place(0x6000_2024).startswith("0x60002024")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "firmware.elf"
    os.mkfifo(file)
    with pytest.raises(UserError, match=r"firmware\.elf: the symbols cannot be read: it is no"):
        Symbols(file)


@pytest.mark.parametrize("content", [None, b"", b":020000046000 9A"])
def test_what_is_no_elf_file_is_the_users_mistake(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "firmware.hex"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError, match=r"firmware\.hex"):
        make_machine(tmp_path, symbols=file)


def test_a_fault_names_functions_and_lines(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path, symbols=LAMP / "dwarf5.elf")
    stacked = {"pc": 0x6000_200E, "lr": 0x6000_202D}
    fault = {"exception": "HardFault", "stacked": stacked, "cfsr": 0x200, "hfsr": 0x4000_0000}
    engine.at(MS, lambda: engine.end(StopReason.FAULT, **fault))
    with pytest.raises(FirmwareFault) as caught:
        machine.run_for("2ms")
    assert (
        "the instruction was at 0x6000200e (blink at lamp.c:11), called from 0x6000202d "
        "(main at lamp.c:17)"
    ) in str(caught.value)
    assert "PC 0x60002000 (blink at lamp.c:10)" in str(caught.value)


def test_an_image_that_is_an_elf_file_needs_no_other(tmp_path: Path) -> None:
    machine, _, _ = make_machine(tmp_path, firmware=LAMP / "dwarf4.elf")
    with pytest.raises(Exception, match=r"PC 0x60002000 \(blink at lamp.c:10\)"):
        machine.console.expect("never", timeout="1ms")


def test_an_elf_file_for_another_processor_has_no_symbols_of_the_firmware(tmp_path: Path) -> None:
    file = tmp_path / "host.elf"
    file.write_bytes(Path(sys.executable).resolve().read_bytes()[:4096])
    with pytest.raises(UserError, match=r"host\.elf: this ELF file is not for a 32-bit"):
        make_machine(tmp_path, symbols=file)
