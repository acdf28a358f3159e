"""Wires between pins by the names that people use. Pins: MicroPython's pins.csv, PJRC's pinout."""

import pytest

from xipsim import platforms
from xipsim.engines.repl import PlatformError
from xipsim.engines.repl.cache import load
from xipsim.engines.repl.check import check
from xipsim.engines.repl.wires import with_wires
from xipsim.engines.usermodels import load_models
from xipsim.errors import UserError
from xipsim.firmware import boards
from xipsim.machine.wires import wires_of

TEENSY = load(platforms.find("TEENSY41"))
ALIF = load(platforms.find("ALIF_ENSEMBLE"))


def test_names_of_the_board() -> None:
    assert wires_of(["D0:D1", "D2:A0"], TEENSY) == (
        ("gpio1", 2, "gpio1", 3),
        ("gpio1", 18, "gpio4", 4),
    )


def test_ports_and_numbers() -> None:
    assert wires_of(["gpio3/0:gpio12/7"], ALIF) == (("gpio12", 7, "gpio3", 0),)


def test_names_for_all_pins_of_a_port() -> None:
    """MicroPython's P0_4 is pin 4 of GPIO0; port 15 is the low-power one."""
    assert wires_of(["P0_4:P15_2"], ALIF) == (("gpio0", 4, "lpgpio", 2),)


@pytest.mark.parametrize("name", ["P16_0", "P0_", "P0_x", "P0_*"])
def test_names_that_are_none_of_those(name: str) -> None:
    with pytest.raises(UserError, match="there is no pin"):
        wires_of([f"{name}:P0_5"], ALIF)


def test_the_same_wire_twice_is_one() -> None:
    assert len(wires_of(["D0:D1", "D1:D0", "gpio1/3:D1"], TEENSY)) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("D0", "a wire has two ends, such as D0:D1, not 'D0'"),
        ("D0:", "a wire has two ends"),
        ("D0:D1:D2", "a wire has two ends"),
        ("D0:gpio1/3", "from a pin to itself"),
        ("d0:D1", "there is no pin 'd0'; did you mean D0?"),
        ("D0:pin", "such as gpio1/3, name any pin"),
        ("gpio99/1:D0", "there is no port 'gpio99'"),
    ],
)
def test_mistakes_are_told(text: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        wires_of([text], TEENSY)
    assert says in str(caught.value)


@pytest.mark.parametrize("board", ["TEENSY40", "TEENSY41"])
def test_every_name_is_a_pin_of_the_board(board: str) -> None:
    platform = load(platforms.find(board))
    names = boards.load(board).pins
    # PJRC: the LED is at pin 13, analogue inputs begin at pin 14.
    assert names["LED"] == names["D13"] == "gpio2/3" and names["A0"] == names["D14"]
    wires = wires_of([f"{name}:gpio5/31" for name in names], platform)
    wired = with_wires(platform, wires)
    check(wired, load_models(entry.type for entry in wired.entries))


def test_without_wires_the_platform_is_the_same() -> None:
    assert with_wires(TEENSY, ()) is TEENSY


@pytest.mark.parametrize(
    ("wire", "says"),
    [
        ("nor/1:gpio1/2", "the wire gpio1/2:nor/1: other: expected the name of an entry of type P"),
        ("gpt1/1:gpio1/2", "the wire gpio1/2:gpt1/1: other: expected the name of an entry of type"),
    ],
)
def test_an_end_that_is_no_port_is_told_with_the_wire(wire: str, says: str) -> None:
    wired = with_wires(TEENSY, wires_of([wire], TEENSY))
    with pytest.raises(PlatformError) as caught:
        check(wired, load_models(entry.type for entry in wired.entries))
    assert str(caught.value).startswith(says)
