"""The lines of LPI2Cs at the pads, as a master that moves pins sees them."""

from __future__ import annotations

from collections.abc import Callable

from xipsim.peripherals.i2c.controller import I2cController
from xipsim.peripherals.i2c.lines import SCL, SDA, Lines, LinesState

from .iomuxc import Iomuxc, pads

PADS = pads(
    {
        0: "AD_B0_12 4SCL AD_B0_13 4SDA",
        1: "AD_B1_06 3SDA AD_B1_07 3SCL",
        2: "B0_04 2SCL B0_05 2SDA EMC_11 4SDA EMC_12 4SCL EMC_21 3SDA EMC_22 3SCL "
        "SD_B0_00 3SCL SD_B0_01 3SDA SD_B1_04 1SCL SD_B1_05 1SDA",
        3: "AD_B1_00 1SCL AD_B1_01 1SDA SD_B1_10 2SDA SD_B1_11 2SCL",
    }
)
"""By their MUX_MODE (fsl_iomuxc.h): SCL and SDA of each LPI2C."""


class LinePin:
    """A pad that is one of the lines: pulled low, or left to the bus."""

    def __init__(self, is_pulled: Callable[[], bool], look: Callable[[], None]) -> None:
        self._is_pulled, self._look = is_pulled, look

    def driving(self) -> bool | None:
        """`PinFunction`."""
        return False if self._is_pulled() else None

    def seen(self, level: bool) -> None:
        """`PinFunction`: what one line makes of its change may have changed the other since."""
        self._look()


class Lpi2cPins:
    """SCL and SDA of one LPI2C, wherever the pin multiplexer has put them."""

    def __init__(
        self,
        controller: I2cController,
        state: Callable[[], LinesState],
        iomuxc: Iomuxc | None,
        number: int,
    ) -> None:
        self._iomuxc = iomuxc
        self._lines = Lines(controller, state, self._pull)
        self._pins = [
            LinePin(lambda: state().pulled[SCL], lambda: self._look(SCL)),
            LinePin(lambda: state().pulled[SDA], lambda: self._look(SDA)),
        ]
        signals = {f"{number}SCL": self._pins[SCL], f"{number}SDA": self._pins[SDA]}
        if iomuxc is not None:
            iomuxc.offer(PADS, signals.get)

    def connected(self) -> None:
        """The models around are there."""
        self._lines.connected()

    def _look(self, line: int) -> None:
        assert self._iomuxc is not None, "nobody else gives a pin"
        places = self._iomuxc.places(self._pins[line])
        if places:
            self._lines.changed(line, all(port.level(pin) for port, pin in places))

    def _pull(self, line: int, is_held: bool) -> None:
        assert self._iomuxc is not None, "nobody else gives a pin"
        for port, _ in self._iomuxc.places(self._pins[line]):
            port.settle()
