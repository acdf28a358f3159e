"""UARTs at pins: what one sends, those that are wired to it receive, character by character."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from xipsim.peripherals.multiplexer import Choice, PinMultiplexer
from xipsim.peripherals.pads import Pads
from xipsim.peripherals.serial_terminal import SerialTerminal

TOLERANCE = 0.05
"""Assumption: how far the rate at a pin may be off, as a part."""


class UartPin:
    """A pin that sends, or receives; the line is high between characters."""

    def __init__(self, uart: WiredUart, *, sends: bool) -> None:
        self.uart, self.sends = uart, sends

    def driving(self) -> bool | None:
        """`PinFunction`."""
        return True if self.sends else None

    def seen(self, level: bool) -> None:
        """`PinFunction`: characters come as a whole."""


class UartPins:
    """TXD and RXD of one UART, wherever the pin multiplexer has put them.

    signals: of all blocks of its kind, `2TX` and `2RX` for number 2.
    """

    def __init__(
        self,
        uart: WiredUart,
        multiplexer: PinMultiplexer | None,
        signals: Mapping[Choice, str],
        number: int,
    ) -> None:
        self._multiplexer = multiplexer
        self._places: list[tuple[Pads, int]] = []
        self._ends: list[tuple[Pads, int]] = []
        """To what TXD is wired where it is at those places."""
        self._sender = UartPin(uart, sends=True)
        self._signals = {f"{number}TX": self._sender, f"{number}RX": UartPin(uart, sends=False)}
        if multiplexer is not None:
            multiplexer.offer(signals, self._signals.get)

    def peers(self) -> Sequence[WiredUart]:
        """The UARTs whose receivers are wired to TXD."""
        if self._multiplexer is None:
            return ()
        # With each character, of a UART that is wired to no other, as most are.
        places = self._multiplexer.places(self._sender)
        if places is not self._places:
            self._places = places
            self._ends = [end for port, pin in places for end in port.wired(pin)]
        if not self._ends:
            return ()
        peers = []
        for other, number in self._ends:
            function = other.function(number)
            if isinstance(function, UartPin) and not function.sends:
                peers.append(function.uart)
        return peers


class WiredUart(SerialTerminal, ABC):
    """A UART with a terminal at its other end, and with pins. It makes `_pins` in `__init__`."""

    RULES: ClassVar[str]
    """What its diagnostics begin with."""
    _pins: UartPins

    @abstractmethod
    def _take_in(self, character: int) -> None:
        """A character is over at the receiver, wherever it comes from."""

    def _arrived(self) -> None:
        self._take_in(self._typed.pop(0))

    def _begun(self) -> None:
        for peer in self._pins.peers():
            peer.on_start()

    def _over(self, character: int) -> None:
        for peer in self._pins.peers():
            peer.on_character(character, self._character())

    def on_start(self) -> None:
        """A character begins at the pin."""

    def on_character(self, character: int, duration: int) -> None:
        """A character that took `duration` ns is over at the pin."""
        own = self._character()
        if abs(duration - own) > own * TOLERANCE:
            self.diagnose(
                f"{self.RULES}-rate",
                f"a character at the pin took {duration} ns where {own} are set up: lost",
            )
        else:
            self._take_in(character)
