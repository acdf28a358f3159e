"""Pins: what the firmware drives can be read, what it reads can be driven.

::

    led = m.gpio["gpio2"][3]
    m.exec("from machine import Pin; Pin('LED', Pin.OUT).on()")
    assert led.level == 1
"""

from __future__ import annotations

from xipsim.board.by_name import ByName
from xipsim.errors import UnknownName, UserError
from xipsim.session.session import Session


class Pin:
    """One pin of a port."""

    def __init__(self, session: Session, port: str, number: int) -> None:
        self.port, self.number = port, number
        self._session = session

    @property
    def level(self) -> int:
        """0 or 1, whoever drives it."""
        level: int = self._session.call(self.port, "level", self.number)
        return level

    @property
    def direction(self) -> str:
        """`in` or `out`, as the firmware has set it."""
        direction: str = self._session.call(self.port, "direction", self.number)
        return direction

    def drive(self, level: int | bool) -> None:
        """Put `level` on the pin from outside, until `release`. It counts while it is an input."""
        if level not in (0, 1):
            raise UserError(f"a level is 0 or 1, not {level!r}")
        self._session.call(self.port, "drive", self.number, bool(level))

    def release(self) -> None:
        """Stop driving the pin."""
        self._session.call(self.port, "release", self.number)


class Port:
    """A GPIO port: its pins by number. pins: how many it has."""

    def __init__(self, session: Session, name: str, pins: int) -> None:
        self.name, self.pins = name, pins
        self._session = session

    def __getitem__(self, pin: int) -> Pin:
        if not isinstance(pin, int) or not 0 <= pin < self.pins:
            raise UnknownName(f"{self.name} has pins 0 to {self.pins - 1}, no pin {pin!r}")
        return Pin(self._session, self.name, pin)


class Ports(ByName[Port]):
    """The board's GPIO ports, by the names of their entries."""

    def __init__(self, session: Session) -> None:
        ports = {name: Port(session, name, pins) for name, pins in session.ports.items()}
        super().__init__("GPIO port", ports)
