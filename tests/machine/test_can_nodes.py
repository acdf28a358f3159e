"""machine.CAN with somebody else on its bus: another controller, and the test's own adapter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from images import ALIF, RECENT, Image, parameters

from xipsim import Machine, platforms

every_can = pytest.mark.parametrize("image", parameters([RECENT, ALIF]), indirect=True)
teensy41 = pytest.mark.parametrize("image", parameters([RECENT]), indirect=True)

BUS = {"TEENSY41": "can1_bus", "ALIF_ENSEMBLE": "can_bus"}
SECOND = {"TEENSY41": "can2:\n    bus: can1_bus\n\n", "ALIF_ENSEMBLE": ""}
SCRIPT = """
from machine import CAN
import time
c = CAN(1, 500_000)
c.set_filters(None)
def got(can=c):
    time.sleep_ms(2)
    frame = can.recv()
    return frame and (hex(frame[0]), bytes(frame[1]), frame[2])
"""


@pytest.fixture
def bus(image: Image, qemu: Path | None, tmp_path: Path) -> Iterator[Machine]:
    """A board whose controllers, and an adapter, are on one bus; every gap is an error."""
    base = Path(platforms.__file__).resolve().parent / "boards" / f"{image.board}.repl"
    board = tmp_path / "LAB.repl"
    adapter = f"adapter: Can.Adapter @ {BUS[image.board]} 0\n"
    board.write_text(f'using "{base}"\n\n{SECOND[image.board]}{adapter}')
    with Machine(str(board), firmware=image.require(), qemu=qemu, strict=True) as m:
        m.exec(SCRIPT)
        yield m


@every_can
def test_what_the_test_sends_and_hears(bus: Machine) -> None:
    bus.exec("c.send(0x123, b'hello'); c.send(0x1abcdef, b'', CAN.FLAG_EXT_ID); time.sleep_ms(2)")
    assert [(f["identifier"], f["data"], f["extended"]) for f in bus.call("adapter", "frames")] == [
        (0x123, b"hello", False),
        (0x1ABCDEF, b"", True),
    ]
    assert bus.exec("print(c.get_counters()[:2], c.state() == CAN.STATE_ACTIVE)") == "[0, 0] True\n"
    bus.call("adapter", "send", 0x321, b"ping")
    bus.call("adapter", "send_request", 0x322, 4)
    assert bus.exec("print(got(), got(), got())") == (
        f"('0x321', b'ping', 0) ('0x322', {bytes(4)!r}, 1) None\n"
    )


@every_can
def test_a_bus_that_is_disturbed(bus: Machine, image: Image) -> None:
    """32 errors: off the bus, back after 128 times 11 bits, and then the frame goes."""
    bus.call(BUS[image.board], "disturb", 32)
    bus.exec("states = set()\nc.irq(lambda can: states.add(can.state()), CAN.IRQ_STATE)")
    bus.exec("c.send(1, b'x'); time.sleep_ms(20)")
    passive, off = "CAN.STATE_PASSIVE in states", "CAN.STATE_BUS_OFF in states"
    assert bus.exec(f"print({passive}, {off}, c.get_counters()[4])") == "True True 1\n"
    assert [f["data"] for f in bus.call("adapter", "frames")] == [b"x"]


@teensy41
def test_two_controllers_of_a_board(bus: Machine) -> None:
    bus.exec("d = CAN(2, 500_000); d.set_filters([(0x200, 0x700, 0)])")
    assert bus.exec("c.send(0x2aa, b'two'); c.send(0x1aa, b'no'); print(got(d), got(d))") == (
        "('0x2aa', b'two', 0) None\n"
    )
    assert bus.exec("d.send(0x111, b'back'); print(got(c), got(d))") == (
        "('0x111', b'back', 0) None\n"
    )
    bus.exec("d = CAN(2, 250_000); c.send(3, b'x'); time.sleep_ms(20)")
    assert bus.exec("print(d.get_counters()[1] > 0, c.get_counters()[4] > 0)") == "True True\n"
