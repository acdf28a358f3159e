"""Fields of which something is missing: said in the table, and told when they are asked for."""

from __future__ import annotations

import pytest

from xipsim.peripherals.core import Peripheral, Register, RegisterArray
from xipsim.peripherals.core.testing import Bench


class Port(Peripheral):
    """As a manual has it: some bits are there, some are not."""

    SIZE = 0x80
    CTRL = Register(0x00, reset=0x20, set_clear_toggle=True)
    EN = CTRL.field(0)
    LOOP = CTRL.field(1, unmodelled="loop-back")
    PIN = CTRL.field(5, unmodelled="the pin")
    MODE = Register(0x10, reset=3)
    LPM = MODE.field(0, 2, unmodelled="stop mode", idle=0)
    CHANNEL = RegisterArray(0x20, 2, stride=2, width=16, reset=(0, 4))
    TYPE = CHANNEL.field(0, 2, unmodelled="one-shot")
    DIRECTION = CHANNEL.field(2)
    COMMAND = Register(0x30, ro=0xFF)
    GO = COMMAND.field(8, unmodelled="going")

    @COMMAND.on_write
    def _go(self, value: int) -> None:
        self.GO = 0


@pytest.mark.parametrize(
    ("offset", "value", "size", "told"),
    [
        (0x00, 0x21, 4, []),
        (0x00, 0x23, 4, ["CTRL.LOOP: loop-back"]),
        (0x00, 0x01, 4, ["CTRL.PIN: the pin"]),
        (0x00, 0x23, 1, ["CTRL.LOOP: loop-back"]),
        (0x01, 0xFF, 1, []),
        (0x04, 0x02, 4, ["CTRL.LOOP: loop-back"]),
        (0x08, 0x20, 4, ["CTRL.PIN: the pin"]),
        (0x0C, 0x22, 4, ["CTRL.LOOP: loop-back", "CTRL.PIN: the pin"]),
        (0x10, 0, 4, []),
        (0x10, 3, 4, ["MODE.LPM: stop mode"]),
        (0x20, 0x0004_0004, 4, []),
        (0x22, 0x0001, 2, ["CHANNEL[1].TYPE: one-shot"]),
        (0x30, 0x100, 4, ["COMMAND.GO: going"]),
    ],
)
def test_what_asks_for_it_is_told(offset: int, value: int, size: int, told: list[str]) -> None:
    bench = Bench()
    port = Port(bench.system)
    port.write(offset, value, size)
    port.write(offset, value, size)
    assert [gap.what for gap in bench.gaps] == told, "once each"


def test_fields_of_an_array_are_read_by_index() -> None:
    port = Port(Bench().system)
    assert (port.DIRECTION, port.TYPE) == ([0, 1], [0, 0])
    port.write(0x20, 3, 2)
    assert (port.TYPE[0], port.TYPE[1]) == (3, 0)


def test_what_cannot_be_written_cannot_be_asked_for() -> None:
    status = Register(0, ro=0xF0)
    with pytest.raises(ValueError, match="expected one that can be written: nothing"):
        status.field(4, unmodelled="nothing")
    with pytest.raises(ValueError, match="does not fit a 32-bit register"):
        status.field(31, 2)
