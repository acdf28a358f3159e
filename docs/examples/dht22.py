"""A DHT22 at a pin of the board: a humidity sensor that bangs bits on one wire."""

from typing import Any

from xipsim.peripherals.core import Model, Parameter, State, System, exposed, model
from xipsim.peripherals.pads import Pads

US = 1_000
START = 1_000 * US
"""ns for which the board holds the wire low to ask for a measurement, at least."""


@model("Lab.Dht22")
class Dht22(Model):
    """Answers a long low with 80 us low and high, 40 bits, and the end of the last one.

    A bit is 50 us low, and 26 us high for a 0, 70 for a 1. (AM2302 data sheet, Aosong)
    """

    port = Parameter(Pads, "the port of its pin")  # type: ignore[type-abstract]
    pin = Parameter(int, "its pin")

    humidity = State(50.0)
    celsius = State(20.0)
    _low_since: State[int | None] = State(None)
    _times: State[list[int]] = State([])
    """How long each level is to last, the first one low."""

    def __init__(self, system: System, **keywords: Any) -> None:
        super().__init__(system, **keywords)
        self._step = self.alarm(self._next)

    def connected(self) -> None:
        self.port.watch(self.pin, self._moved)

    @exposed
    def set(self, humidity: float, celsius: float) -> None:
        """What it measures from now on."""
        self.humidity, self.celsius = humidity, celsius

    def _moved(self, level: bool) -> None:
        """The wire has another level."""
        now = self.system.clock.now
        if self._times or self._step.deadline is not None:
            return  # it is our own doing
        if not level:
            self._low_since = now
        elif self._low_since is not None and now - self._low_since >= START:
            self._low_since, self._times = None, self._answer()
            self._step.at(now + 30 * US)

    def _answer(self) -> list[int]:
        temperature = round(abs(self.celsius) * 10) | (0x8000 if self.celsius < 0 else 0)
        data = round(self.humidity * 10).to_bytes(2, "big") + temperature.to_bytes(2, "big")
        data += bytes([sum(data) & 0xFF])
        bits = (byte >> place & 1 for byte in data for place in range(7, -1, -1))
        times = [80 * US, 80 * US]
        for bit in bits:
            times += [50 * US, (70 if bit else 26) * US]
        return [*times, 50 * US]

    def _next(self) -> None:
        """Let the wire have its next level: low, and high in turns."""
        if not self._times:
            self.port.release(self.pin)
            return
        if len(self._times) % 2:
            self.port.drive(self.pin, False)
        else:
            self.port.release(self.pin)
        self._step.at(self.system.clock.now + self._times.pop(0))
