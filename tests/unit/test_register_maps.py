"""Every register and field of a model lies where its maker's header or SVD file has it.

`register_maps/` holds what they say of what the models declare.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from model_rig import TYPES, Rig

from xipsim.peripherals.core import REGISTRY, Peripheral, Register, RegisterArray
from xipsim.peripherals.core.registers import Bits

NO_MAP = {"Imxrt.BootRom", "Imxrt.FlexSpi", "Alif.Ospi"}
"""No block of the chip; blocks that the tests of flash controllers look at."""


FOLDER = Path(__file__).parent / "register_maps"


def maps() -> dict[str, list[str]]:
    """Lines by model; those that begin with a space go on with the line before."""
    found: dict[str, list[str]] = {}
    for file in sorted(FOLDER.glob("*.txt")):
        for line in file.read_text(encoding="utf-8").replace("\n  ", " ").splitlines():
            if line.startswith("["):
                lines = found[line.strip("[]")] = []
            elif not line.startswith("#"):
                lines.append(line)
    return found


MAPS = maps()
WRITES = [
    line.split()
    for file in sorted(FOLDER.glob("*.writes"))
    for line in file.read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def described(kind: type[Peripheral]) -> list[str]:
    """The same of a model, in the notation of the maps."""
    registers: dict[Register | RegisterArray, list[Bits]] = {}
    for owner in reversed(kind.__mro__):
        for declared in vars(owner).values():
            if isinstance(declared, Register | RegisterArray):
                registers[declared] = []
            elif isinstance(declared, Bits):
                registers[declared.register].append(declared)
    return [_line(register, fields) for register, fields in registers.items()]


def _line(register: Register | RegisterArray, fields: list[Bits]) -> str:
    place = f"{register.name} {register.offset:x}"
    if register.width != 32:
        place += f"/{register.width}"
    if isinstance(register, RegisterArray):
        place += f"*{register.count}+{register.stride:x}"
    resets = set(register.resets if isinstance(register, RegisterArray) else (register.reset,))
    if len(resets) == 1 and (reset := resets.pop()):
        place += f" ={reset:x}"
    if register.set_clear_toggle:
        place += " sct"
    bits = " ".join(f"{field.name}={_span(field)}" for field in fields)
    return f"{place}: {bits}" if bits else place


def _span(field: Bits) -> str:
    last = field.lsb + field.width - 1
    return f"{field.lsb}-{last}" if field.width > 1 else f"{field.lsb}"


@pytest.mark.parametrize("name", MAPS)
def test_registers_and_fields_lie_where_the_maker_has_them(name: str) -> None:
    kind = REGISTRY[name]
    assert issubclass(kind, Peripheral)
    for own, line in zip(described(kind), MAPS[name], strict=True):
        assert (own if " =" in line else re.sub(r" =\w+", "", own)) == line


@pytest.mark.parametrize("name", MAPS)
def test_each_answers_at_its_offset_and_nothing_else_does(name: str) -> None:
    model = Rig(name).model
    assert isinstance(model, Peripheral)
    places = [re.match(r"\w+ (\w+)(?:/\d+)?(?:\*(\d+)\+(\w+))?", m) for m in MAPS[name]]
    offsets = {
        int(place[1], 16) + n * int(place[3] or "0", 16)
        for place in filter(None, places)
        for n in range(int(place[2] or 1))
    }
    assert set(model.regs) == offsets


@pytest.mark.parametrize("name", sorted({line[0] for line in WRITES}))
def test_what_cannot_be_set_stays_as_it_is(name: str) -> None:
    """Ones are written to each register, after power-on."""
    for kind, register, place, named, others in WRITES:
        if kind == name:
            model = Rig(name).model
            assert isinstance(model, Peripheral)
            offset, size = int(place.split("/")[0], 16), int(place.split("/")[1]) // 8
            model.write(offset, (1 << 8 * size) - 1, size)
            ones = model.peek(offset, size) & int(named, 16)
            assert ones == int(named, 16) & ~int(others, 16), register


SIZES = {
    "Imxrt.BootRom": 0x1000,
    "Imxrt.CcmAnalog": 0x1000,
    "Imxrt.UsbPhy": 0x1000,
    "Imxrt.Usb": 0x200,
    "Imxrt.UsbNc": 0x20,
}
"""Bytes of blocks that share a place; the others of the i.MX RT have 16 KB. (RM, memory map)"""


@pytest.mark.parametrize("name", [name for name in TYPES if name.startswith("Imxrt.")])
def test_room_of_each_block(name: str) -> None:
    kind = REGISTRY[name]
    if issubclass(kind, Peripheral):
        assert SIZES.get(name, 0x4000) == kind.SIZE


@pytest.mark.parametrize("name", sorted({line[0] for line in WRITES if line[0][0] == "I"}))
def test_reserved_bits_of_what_holds_flags_stay_as_they_are(name: str) -> None:
    """Of the i.MX RT's registers of which ones clear bits: what the header does not name."""
    kind = REGISTRY[name]
    assert issubclass(kind, Peripheral)
    with_flags = {register.offset for register in kind.registers() if register.w1c}
    for model_name, register, place, named, _ in WRITES:
        offset, size = int(place.split("/")[0], 16), int(place.split("/")[1]) // 8
        if model_name == name and offset in with_flags:
            model = Rig(name).model
            assert isinstance(model, Peripheral)
            reserved = (1 << 8 * size) - 1 & ~int(named, 16)
            before = model.peek(offset, size) & reserved
            model.write(offset, (1 << 8 * size) - 1, size)
            assert model.peek(offset, size) & reserved == before, register


def test_no_model_is_without_a_map() -> None:
    families = tuple({name.split(".")[0] for name in MAPS})
    with_registers = {
        name
        for name in TYPES
        if name.startswith(families) and any(getattr(REGISTRY[name], "registers", list)())
    }
    assert with_registers - MAPS.keys() == NO_MAP
