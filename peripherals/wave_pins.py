"""Pins at which a counter makes a wave: edges come where somebody is wired to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xipsim.peripherals.core import Alarm, Clock, ticks_in, time_of
from xipsim.peripherals.multiplexer import Choice, PinMultiplexer
from xipsim.peripherals.namedtuple import NamedTuple


class Wave(NamedTuple):
    """An output of a counter: high from count `rise` to `fall` of each period.

    hertz and divider make its clock; it began to count from `first` at `began`, in virtual ns. An
    output that rises at 0 and falls at `period`, or at once, has no edges.
    """

    hertz: int
    divider: int
    began: int
    period: int
    rise: int
    fall: int
    inverts: bool
    first: int = 0

    def level(self, now: int) -> bool:
        """Its level at `now`."""
        count = self._counts(now) % self.period
        if self.rise <= self.fall:
            is_high = self.rise <= count < self.fall
        else:
            is_high = not self.fall <= count < self.rise
        return is_high is not self.inverts

    def next_edge(self, now: int) -> int | None:
        """Virtual ns of its next edge after `now`; None for one that has none."""
        rise, fall = self.rise % self.period, self.fall % self.period
        if rise == fall or not self.hertz:
            return None
        periods, place = divmod(self._counts(now), self.period)
        ahead = min((edge - place - 1) % self.period for edge in (rise, fall)) + 1
        count = periods * self.period + place + ahead
        return self.began + time_of(count - self.first, self.hertz, self.divider)

    def _counts(self, now: int) -> int:
        return self.first + ticks_in(now - self.began, self.hertz, self.divider)


class WavePin:
    """A pin that shows a wave, or is not driven while there is none."""

    def __init__(self, pins: WavePins, signal: str) -> None:
        self._pins, self.signal = pins, signal

    def driving(self) -> bool | None:
        """`PinFunction`."""
        return self._pins.level(self.signal)

    def seen(self, level: bool) -> None:
        """`PinFunction`: the pin may have been given to the counter just now."""
        self._pins.noticed(self.signal)


class WavePins:
    """The pins of one block, wherever the pin multiplexer has put its signals.

    edge: calls `changed`. signals: of all blocks of its kind; this one's begin with `block`. wave:
    what a signal shows, None while it is off.
    """

    def __init__(
        self,
        clock: Clock,
        edge: Alarm,
        multiplexer: PinMultiplexer | None,
        signals: Mapping[Choice, str],
        block: str,
        wave: Callable[[str], Wave | None],
    ) -> None:
        self._clock, self._edge = clock, edge
        self._multiplexer, self._wave = multiplexer, wave
        self._block = block
        self._pins: dict[str, WavePin] = {}
        self._planned: set[str] = set()
        """Signals that had a pin when the next edge was looked for."""
        if multiplexer is not None:
            multiplexer.offer(signals, self._pin)

    def _pin(self, signal: str) -> WavePin | None:
        if not signal.startswith(self._block):
            return None
        pin = self._pins.get(signal)
        if pin is None:
            pin = self._pins[signal] = WavePin(self, signal)
        return pin

    def has(self, *signals: str) -> bool:
        """Whether one of them has ever been given a pin."""
        return any(signal in self._pins for signal in signals)

    def level(self, signal: str) -> bool | None:
        """The level that a signal puts out now; None while it puts out none."""
        wave = self._wave(signal)
        return None if wave is None else wave.level(self._clock.now)

    def noticed(self, signal: str) -> None:
        """Its pin was looked at, as it is when it is given to the block."""
        if signal not in self._planned:
            self._plan()

    def changed(self) -> None:
        """An edge, or what the registers ask for is another."""
        multiplexer = self._multiplexer
        if multiplexer is None:
            return
        places = (place for pin in self._pins.values() for place in multiplexer.places(pin))
        for port in {port.name: port for port, _ in places}.values():
            port.settle()
        self._plan()

    def _plan(self) -> None:
        """Set the alarm to the next edge that somebody is wired to."""
        edge = self._next_edge()
        if edge is None:
            self._edge.cancel()
        else:
            self._edge.at(edge)

    def _next_edge(self) -> int | None:
        assert self._multiplexer is not None, "nobody else gives a pin"
        edges = []
        self._planned = set()
        for signal, pin in self._pins.items():
            places = self._multiplexer.places(pin)
            if not places:
                continue
            self._planned.add(signal)
            is_wired = any(port.wired(place) for port, place in places)
            wave = self._wave(signal) if is_wired else None
            if wave is not None and (edge := wave.next_edge(self._clock.now)) is not None:
                edges.append(edge)
        return min(edges, default=None)
