"""What hangs on a pin: a button with its pull, a wired AND, a sensor that bangs bits."""

from __future__ import annotations

from pathlib import Path

import pytest
from images import ALIF, RECENT, Image, parameters

from xipsim import Machine, platforms

every_pull = pytest.mark.parametrize("image", parameters([RECENT, ALIF]), indirect=True)

PINS = {
    "TEENSY41": (("D0", "gpio1", 3), ("D1", "gpio1", 2)),
    "ALIF_ENSEMBLE": (("P0_0", "gpio0", 0), ("P0_1", "gpio0", 1)),
}
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "dht22.py"


@every_pull
def test_a_button_needs_its_pull(m: Machine, image: Image) -> None:
    """To 3.3 V with a pull-down, to ground with a pull-up."""
    (name, port, pin), _ = PINS[image.board]
    m.exec(f"from machine import Pin; b = Pin('{name}', Pin.IN, Pin.PULL_DOWN)")
    assert m.exec("print(b())") == "0\n"
    m.gpio[port][pin].drive(1)
    assert m.exec("print(b())") == "1\n"
    m.gpio[port][pin].release()
    m.exec(f"b = Pin('{name}', Pin.IN, Pin.PULL_UP)")
    assert m.exec("print(b())") == "1\n"


@every_pull
def test_open_drains_are_a_wired_and(image: Image, qemu: Path | None) -> None:
    (one, _, _), (other, _, _) = PINS[image.board]
    wires = [f"{one}:{other}"]
    with Machine(image.board, firmware=image.require(), qemu=qemu, wires=wires) as m:
        m.exec("from machine import Pin")
        m.exec(f"a = Pin('{one}', Pin.OPEN_DRAIN, value=1)")
        m.exec(f"b = Pin('{other}', Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)")
        loop = "for i in (3, 2, 1, 0):\n    a(i & 1); b(i >> 1); print(a(), b(), end=' ')"
        assert m.exec(loop) == "1 1 0 0 0 0 0 0 "


@every_pull
def test_a_dht22_of_ones_own(image: Image, qemu: Path | None, tmp_path: Path) -> None:
    """The example of docs/platforms.md."""
    (name, port, pin), _ = PINS[image.board]
    base = Path(platforms.__file__).resolve().parent / "boards" / f"{image.board}.repl"
    board = tmp_path / "LAB.repl"
    board.write_text(f'using "{base}"\n\nroom: Lab.Dht22\n    port: {port}\n    pin: {pin}\n')
    with Machine(
        str(board), firmware=image.require(), qemu=qemu, models=[str(EXAMPLE)], strict=True
    ) as m:
        m.exec(f"import dht; from machine import Pin; d = dht.DHT22(Pin('{name}'))")
        m.exec("def measured(): d.measure(); print(d.temperature(), d.humidity())")
        assert m.exec("measured()") == "20.0 50.0\n"
        m.call("room", "set", 61.5, -7.5)
        assert m.exec("measured()") == "-7.5 61.5\n"
