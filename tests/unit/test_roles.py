"""What a model is to its machine is declared, and checked where it is declared."""

from __future__ import annotations

import pytest

from xipsim.peripherals import FAMILIES, FCB_ROMS, FLASH_CHIPS, load
from xipsim.peripherals.core import (
    REGISTRY,
    BootRom,
    Console,
    FlashChip,
    Inputs,
    Model,
    Parameter,
    PinPort,
    Waker,
    exposed,
    model,
    roles_of,
)

for family in FAMILIES:
    load(family)


@pytest.mark.parametrize(
    ("name", "roles"),
    [
        ("Nor.Chip", ["FlashChip", "Inputs"]),
        ("Alif.BackupRam", ["Keeper"]),
        ("Imxrt.Snvs", ["Waker"]),
        ("Alif.Aon", ["WakeFilter"]),
        ("Imxrt.BootRom", ["BootRom"]),
        ("Alif.BootRom", ["BootRom"]),
        ("Imxrt.Lpuart", ["Console"]),
        ("Alif.Uart", ["Console"]),
        ("Usb.Host", ["Console", "UsbHost"]),
        ("Imxrt.Gpio", ["PinPort"]),
        ("Alif.Gpio", ["PinPort"]),
        ("Miscellaneous.LED", ["Inputs"]),
        ("Miscellaneous.Button", []),
    ],
)
def test_roles_of_models(name: str, roles: list[str]) -> None:
    assert [role.__name__ for role in roles_of(REGISTRY[name])] == roles


def test_the_types_that_a_start_asks_for_are_those_with_the_role() -> None:
    """Ours; other tests register models of their own."""
    ours = {n: REGISTRY[n] for n in REGISTRY}
    ours = {n: m for n, m in ours.items() if m.__module__.startswith("xipsim.peripherals.")}
    assert set(FLASH_CHIPS) == {n for n, m in ours.items() if issubclass(m, FlashChip)}
    roms = {n: m for n, m in ours.items() if issubclass(m, BootRom)}
    assert set(FCB_ROMS) == {
        n for n, m in roms.items() if "fcb_offset" in {p.name for p in m.declared(Parameter)}
    }


def test_a_role_includes_another() -> None:
    assert issubclass(REGISTRY["Imxrt.Gpio"], Inputs)


def test_what_a_role_names_must_be_there() -> None:
    class Half(Model, Console):
        opened_at = 0

        def type(self, data: bytes) -> None:
            """Taken."""

    lacking = "Half is declared to be a Console, but has no attach, pending, throttle"
    with pytest.raises(TypeError, match=lacking):
        model("Test.Half")(Half)
    assert "Test.Half" not in REGISTRY


def test_a_property_may_be_any_attribute() -> None:
    class Clockwork(Model, Waker):
        wake_at = 5

    assert model("Test.Clockwork")(Clockwork) is Clockwork
    del REGISTRY._types["Test.Clockwork"]


def test_what_users_call_must_be_exposed() -> None:
    class Port(Model, PinPort):
        pins = 1

        def on_input(self, number: int, level: bool) -> None:
            """Not for users."""

        @exposed
        def level(self, pin: int) -> int:
            return 0

        @exposed
        def direction(self, pin: int) -> str:
            return "in"

        def drive(self, pin: int, level: bool) -> None:
            """Forgotten."""

        @exposed
        def release(self, pin: int) -> None:
            """Said."""

    with pytest.raises(TypeError, match="no @exposed on its drive"):
        model("Test.Port")(Port)
