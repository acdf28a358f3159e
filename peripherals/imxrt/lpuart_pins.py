"""The pins of LPUARTs: what one sends, those that are wired to it receive."""

from __future__ import annotations

from typing import Protocol

from .iomuxc import Iomuxc, pads

PADS = pads(
    {
        1: "B1_12 5TX B1_13 5RX",
        2: "AD_B0_02 6TX AD_B0_03 6RX AD_B0_12 1TX AD_B0_13 1RX AD_B1_02 2TX AD_B1_03 2RX "
        "AD_B1_06 3TX AD_B1_07 3RX AD_B1_10 8TX AD_B1_11 8RX B1_00 4TX B1_01 4RX "
        "EMC_13 3TX EMC_14 3RX EMC_19 4TX EMC_20 4RX EMC_23 5TX EMC_24 5RX EMC_25 6TX "
        "EMC_26 6RX EMC_31 7TX EMC_32 7RX EMC_38 8TX EMC_39 8RX SD_B0_04 8TX SD_B0_05 8RX "
        "SD_B1_08 7TX SD_B1_09 7RX SD_B1_10 2RX SD_B1_11 2TX",
        3: "B0_08 3TX B0_09 3RX",
        4: "SD_B1_00 4TX SD_B1_01 4RX",
    }
)
"""By their MUX_MODE (fsl_iomuxc.h): TXD and RXD of each LPUART."""


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

    def __init__(self, uart: Uart, iomuxc: Iomuxc | None, number: int) -> None:
        self._iomuxc = iomuxc
        self._sender = UartPin(uart, sends=True)
        self._signals = {f"{number}TX": self._sender, f"{number}RX": UartPin(uart, sends=False)}
        if iomuxc is not None:
            iomuxc.offer(PADS, self._signals.get)

    def peers(self) -> list[Uart]:
        """The UARTs whose receivers are wired to TXD."""
        if self._iomuxc is None:
            return []
        places = self._iomuxc.places(self._sender)
        ends = (end for port, pin in places for end in port.wired(pin))
        functions = (port.function(pin) for port, pin in ends)
        return [f.uart for f in functions if isinstance(f, UartPin) and not f.sends]
