"""The pins of a GPIO port as the board sees them: driven from outside, or left to their pulls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol

from xipsim.peripherals.core import (
    Outputs,
    Parameter,
    Peripheral,
    PinPort,
    State,
    System,
    exposed,
)


def levels_unpulled(pins: int) -> Parameter[int]:
    """`Pads.pulls` of a port with so many pins.

    Assumption: an input that nothing drives or pulls reads 1, as with the pull-up that a bus or a
    button to ground has.
    """
    full = (1 << pins) - 1
    doc = "levels of the pins that nothing drives or pulls, one bit each"
    return Parameter(int, doc, default=full, least=0, most=full)


class PinFunction(Protocol):
    """What another block than the port does with a pin that the pin multiplexer gives it."""

    def driving(self) -> bool | None:
        """The level that it puts out; None while it only listens."""

    def seen(self, level: bool) -> None:
        """The pin may have changed to `level`."""


class Pads(Peripheral, PinPort, ABC):
    """Base of the GPIO ports. A subclass declares `PADS` and `pulls`, and its registers.

    Pins that are wired together see what one of them drives; where none does, each has its pull.
    """

    PADS: Outputs
    pulls: Parameter[int]
    """Levels of the pins that nothing drives or pulls, one bit each."""

    # What drives a pin from outside does not know of the microcontroller's resets, and pads have
    # resets of their own, of which the pin multiplexer tells.
    _driven = State(0, outside=True)
    """Pins that something outside drives, and with which level."""
    _driven_levels = State(0, outside=True)
    _shown = State(0, outside=True)
    """Levels last put on PADS."""
    _pulled = State(0, outside=True)
    """Pins with a pull of their own, and where to."""
    _pulled_levels = State(0, outside=True)
    _open_drain = State(0, outside=True)
    """Pins that are no output while they are high."""
    _seen = State(0, outside=True)
    """Levels last told to who watches them."""
    _told = State((0, 0, 0, 0), outside=True)
    """Which wired pins this port drives and pulls, and how, as the other ends know it."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._pads = self.PADS
        self._nets: dict[int, Net] = {}
        self._lent: dict[int, PinFunction] = {}
        """Pins that belong to another block, as the pin multiplexer's registers say."""
        self._watchers: dict[int, list[Callable[[bool], None]]] = {}
        """Who is to be told, by the pin's bit."""

    @abstractmethod
    def _output(self) -> tuple[int, int]:
        """The registers that say what the pins put out, and which of them are outputs."""

    @abstractmethod
    def _settle(self) -> None:
        """Bring pads, status and interrupt lines in line with the registers."""

    @property
    def pins(self) -> int:
        """How many."""
        return len(self._pads)

    # -- the board's side ------------------------------------------------------------------------

    def on_input(self, number: int, level: bool) -> None:
        """A line wired to pin `number` has changed."""
        self.drive(number, level)

    @exposed
    def drive(self, pin: int, level: bool) -> None:
        """Drive `pin` from outside. It counts while the pin is an input."""
        bit = self._bit(pin)
        self._driven |= bit
        self._driven_levels = self._driven_levels & ~bit | (bit if level else 0)
        self._settle()

    @exposed
    def release(self, pin: int) -> None:
        """Stop driving `pin`: its pull decides."""
        self._driven &= ~self._bit(pin)
        self._settle()

    def watch(self, pin: int, watcher: Callable[[bool], None]) -> None:
        """Tell `watcher` the pin's level now, and each change of it, whoever drives it.

        Call it in `connected`. ValueError for a pin that is not there.
        """
        bit = self._bit(pin)
        self._watchers.setdefault(bit, []).append(watcher)
        self._seen = self._seen & ~bit | self._levels() & bit
        watcher(bool(self._seen & bit))

    @exposed
    def level(self, pin: int) -> int:
        """The level of `pin`, 0 or 1."""
        return 1 if self._levels() & self._bit(pin) else 0

    @exposed
    def direction(self, pin: int) -> str:
        """`in` or `out`."""
        return "out" if self._drivers()[1] & self._bit(pin) else "in"

    def _bit(self, pin: int) -> int:
        if not 0 <= pin < self.pins:
            raise ValueError(f"{self.name}: expected a pin from 0 to {self.pins - 1}, given {pin}")
        return 1 << pin

    # -- the pin multiplexer's side --------------------------------------------------------------

    def lend(self, pin: int, function: PinFunction | None) -> None:
        """Give `pin` to another block, or None: back to the port. `settle` follows."""
        if function is None:
            self._lent.pop(pin, None)
        else:
            self._lent[pin] = function

    def set_up(self, pin: int, *, pull: bool | None, open_drain: bool) -> None:
        """What the control register of a pad says: a pull to that level, and an open drain."""
        bit, before = 1 << pin, (self._pulled, self._pulled_levels, self._open_drain)
        self._pulled = self._pulled & ~bit | (0 if pull is None else bit)
        self._pulled_levels = self._pulled_levels & ~bit | (bit if pull else 0)
        self._open_drain = self._open_drain & ~bit | (bit if open_drain else 0)
        if before != (self._pulled, self._pulled_levels, self._open_drain):
            self._settle()

    def function(self, pin: int) -> PinFunction | None:
        """What another block does with `pin`; None where it is the port's."""
        return self._lent.get(pin)

    def wired(self, pin: int) -> list[tuple[Pads, int]]:
        """Port and pin of all other ends of the wires at `pin`."""
        net = self._nets.get(pin)
        return [end for end in net if end != (self, pin)] if net else []

    def settle(self) -> None:
        """What a block does with its pin has changed."""
        self._settle()

    # -- levels ----------------------------------------------------------------------------------

    def _drivers(self) -> tuple[int, int]:
        """What the pins put out, and which of them are outputs, whoever has them."""
        data, outputs = self._output()
        for pin, function in self._lent.items():
            bit, level = 1 << pin, function.driving()
            data = data | bit if level else data & ~bit
            outputs = outputs & ~bit if level is None else outputs | bit
        return data, outputs

    def _levels(self) -> int:
        pulls = self._pulled_levels | self.pulls & ~self._pulled
        inputs = self._driven_levels & self._driven | pulls & ~self._driven
        for pin in self._nets:
            bit, level = 1 << pin, self._from_wire(pin)
            if level is None and not self._pulled & bit:
                level = self._pulled_from_wire(pin)
            if level is not None and not self._driven & bit:
                inputs = inputs | bit if level else inputs & ~bit
        data, outputs = self._drivers()
        # Assumption: against a driver outside, the pin's own output wins.
        return (data & outputs | inputs & ~outputs) & (1 << len(self._pads)) - 1

    def _show(self, levels: int) -> None:
        """Put `levels` on PADS."""
        changed, self._shown = levels ^ self._shown, levels
        while changed:
            pin = (changed & -changed).bit_length() - 1
            changed &= changed - 1
            # What hangs on a pad may have changed another one meanwhile.
            self._pads[pin].set(bool(self._shown >> pin & 1))
        self._tell()
        if self._lent:
            seen = self._levels()
            for pin, function in list(self._lent.items()):
                function.seen(bool(seen >> pin & 1))
        watched = sum(self._watchers)
        while watched and (changed := (self._levels() ^ self._seen) & watched):
            # One at a time: who is told of a pin may move another, or the same again.
            bit = changed & -changed
            self._seen ^= bit
            for watcher in self._watchers[bit]:
                watcher(bool(self._seen & bit))

    # -- wires between pins ----------------------------------------------------------------------

    def join(self, pin: int, port: Pads, number: int) -> None:
        """Wire `pin` to pin `number` of `port`. ValueError for a pin that is not there."""
        self._bit(pin)
        port._bit(number)
        mine = self._nets.setdefault(pin, [(self, pin)])
        others = port._nets.setdefault(number, [(port, number)])
        if mine is not others:
            mine += others
            for end, at in others:
                end._nets[at] = mine

    def _driving(self, pin: int) -> bool | None:
        """What this port, or the test at it, puts on the wire; None: nothing."""
        data, outputs = self._drivers()
        bit = 1 << pin
        if outputs & bit:
            return bool(data & bit)
        return bool(self._driven_levels & bit) if self._driven & bit else None

    def _from_wire(self, pin: int) -> bool | None:
        """What the other ends put on the wire at `pin`."""
        ends = (end._driving(at) for end, at in self._nets[pin] if (end, at) != (self, pin))
        return next((level for level in ends if level is not None), None)

    def _pulled_from_wire(self, pin: int) -> bool | None:
        """Where the other ends of the wire at `pin`, which has no pull of its own, pull it.

        Assumption: of several the first wins, and a pin's own wins over any other's.
        """
        pulls = (end._pull(at) for end, at in self._nets[pin] if (end, at) != (self, pin))
        return next((level for level in pulls if level is not None), None)

    def _pull(self, pin: int) -> bool | None:
        bit = 1 << pin
        return bool(self._pulled_levels & bit) if self._pulled & bit else None

    def _tell(self) -> None:
        """Let the other ends of wires see what has changed at this one."""
        driven = levels = wired = 0
        for pin in self._nets:
            wired |= 1 << pin
            if (level := self._driving(pin)) is not None:
                driven |= 1 << pin
                levels |= int(level) << pin
        told = driven, levels, self._pulled & wired, self._pulled_levels & wired
        if told == self._told:
            return
        self._told = told
        for end in {end.name: end for net in self._nets.values() for end, _ in net}.values():
            if end is not self:
                end._settle()


Net = list[tuple[Pads, int]]
"""Pins that are wired together."""
