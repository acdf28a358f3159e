"""machine.CAN in loopback and alone on its bus, network.LAN without a cable: the Teensy 4.1."""

from __future__ import annotations

import pytest
from images import RECENT, parameters, teensy41s

from xipsim import Machine, ReplError

recent = pytest.mark.parametrize("image", parameters([RECENT]), indirect=True)


@recent
@pytest.mark.parametrize("number", [1, 2, 3])
def test_can_in_loopback(m: Machine, number: int) -> None:
    m.exec("from machine import CAN; import time")
    m.exec(f"c = CAN({number}, bitrate=500_000, mode=CAN.MODE_SILENT_LOOPBACK)")
    m.exec("def received():\n    r = c.recv()\n    return r and (hex(r[0]), bytes(r[1]), r[2])")
    m.exec("c.set_filters(None); c.send(0x123, b'hello'); c.send(0x1abcdef, b'x', CAN.FLAG_EXT_ID)")
    assert m.exec("time.sleep_ms(2); print(received(), received(), received())") == (
        "('0x123', b'hello', 0) ('0x1abcdef', b'x', 2) None\n"
    )
    m.exec("c.set_filters([(0x100, 0x7ff, 0)]); c.send(0x101, b'out'); c.send(0x100, b'in')")
    assert m.exec("time.sleep_ms(2); print(received(), received())") == "('0x100', b'in', 0) None\n"
    assert m.report()["gaps"] == []


@recent
def test_can_without_another_node(m: Machine) -> None:
    """A frame that nobody acknowledges: error passive, and it still waits."""
    m.exec("from machine import CAN; import time; c = CAN(1, bitrate=500_000)")
    m.exec("c.send(1, b'x'); time.sleep_ms(20)")
    assert m.exec("print(c.state() == CAN.STATE_PASSIVE, c.get_counters()[0])") == "True 128\n"
    assert m.exec("print(c.cancel_send(0))") == "True\n"


@teensy41s
def test_lan_without_a_cable(m: Machine) -> None:
    """The driver waits its time for the negotiation, and no longer."""
    with pytest.raises(ReplError, match=r"Auto-negotiation failed"):
        m.exec("import network; network.LAN()", timeout="20s")
    assert m.exec("print(1)") == "1\n"
