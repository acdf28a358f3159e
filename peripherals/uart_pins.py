"""UARTs at pins: what one sends, those that are wired to it receive."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Protocol

from xipsim.peripherals.multiplexer import Choice, PinMultiplexer
from xipsim.peripherals.serial_terminal import SerialTerminal

TOLERANCE = 0.05
"""Assumption: how far the rate at a pin may be off, as a part."""


class Uart(Protocol):
    """What the pins want of their UART."""

    def on_start(self) -> None:
        """A character begins at the pin."""

    def on_character(self, character: int, duration: int) -> None:
        """A character that took `duration` ns is over at the pin."""


class UartPin:
    """A pin that sends, or receives; the line is high between characters."""

    def __init__(self, uart: Uart, *, sends: bool) -> None:
        self.uart, self.sends = uart, sends

    def driving(self) -> bool | None:
        """`PinFunction`."""
        return True if self.sends else None

    def seen(self, level: bool) -> None:
        """`PinFunction`: characters come as a whole."""


class UartPins:
    """TXD and RXD of one UART, wherever the pin multiplexer has put them."""

    def __init__(
        self,
        uart: Uart,
        multiplexer: PinMultiplexer | None,
        pads: Mapping[Choice, str],
        number: int,
    ) -> None:
        """pads: `1TX` and `1RX` for UART 1, by pad and what selects them there."""
        self._multiplexer = multiplexer
        self._sender = UartPin(uart, sends=True)
        self._signals = {f"{number}TX": self._sender, f"{number}RX": UartPin(uart, sends=False)}
        if multiplexer is not None:
            multiplexer.offer(pads, self._signals.get)

    def peers(self) -> list[Uart]:
        """The UARTs whose receivers are wired to TXD."""
        if self._multiplexer is None:
            return []
        places = self._multiplexer.places(self._sender)
        ends = (end for port, pin in places for end in port.wired(pin))
        functions = (port.function(pin) for port, pin in ends)
        return [f.uart for f in functions if isinstance(f, UartPin) and not f.sends]


class WiredUart(SerialTerminal):
    """A UART that has its terminal, and sends and receives over wires between pins besides."""

    _pins: UartPins

    @abstractmethod
    def _take_in(self, character: int) -> None:
        """A character is over, from the terminal or from a wire."""

    def _arrived(self) -> None:
        self._take_in(self._typed.pop(0))

    def _send(self) -> bool:
        has_begun = super()._send()
        if has_begun:
            for peer in self._pins.peers():
                peer.on_start()
        return has_begun

    def _sent(self) -> None:
        sent = self._shifter
        super()._sent()
        if sent is not None:
            for peer in self._pins.peers():
                peer.on_character(sent, self._character())

    def on_start(self) -> None:
        """A character begins at the pin."""

    def on_character(self, character: int, duration: int) -> None:
        """A character that took `duration` ns is over at the pin."""
        own = self._character()
        if abs(duration - own) > own * TOLERANCE:
            self.diagnose(
                "uart-rate",
                f"a character at the pin took {duration} ns where {own} are set up: lost",
            )
        else:
            self._take_in(character)
