"""Pin multiplexers: which block has a pin that is not its port's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from xipsim.peripherals.core import Peripheral, ResetCause, System
from xipsim.peripherals.pads import Pads, PinFunction

Choice = tuple[int, int]
"""A pad's number, and what the multiplexer's register says of it."""
Offer = Callable[[str], PinFunction | None]
"""What a signal does with its pin; None for one of another block."""


class PinMultiplexer(Peripheral, ABC):
    """Lends pads to the blocks whose signals go over pins here, as the registers say."""

    LOADS_ITSELF = True

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._offers: list[tuple[Mapping[Choice, str], Offer]] = []
        self._lent: dict[int, PinFunction] = {}
        self._places: dict[PinFunction, list[tuple[Pads, int]]] = {}
        """What `places` has answered since that was changed."""

    @abstractmethod
    def _pads(self) -> int:
        """How many there are."""

    @abstractmethod
    def _selected(self, pad: int) -> int | None:
        """What the register of a pad selects; None while the pad is its port's."""

    @abstractmethod
    def _place(self, pad: int) -> tuple[Pads, int] | None:
        """Port and pin of a pad; None where the port is not there."""

    def offer(self, signals: Mapping[Choice, str], function: Offer) -> None:
        """A block whose signals go over these pads: `function` says what one does there."""
        self._offers.append((signals, function))

    def places(self, function: PinFunction) -> list[tuple[Pads, int]]:
        """Port and pin of the pads that have that function now."""
        places = self._places.get(function)
        if places is None:
            found = [self._place(pad) for pad, lent in self._lent.items() if lent is function]
            places = self._places[function] = [place for place in found if place is not None]
        return places

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        for pad in list(self._lent):
            self._route(pad, settles=True)

    def load(self, saved: dict[str, Any]) -> None:
        super().load(saved)
        for pad in range(self._pads()):
            self._route(pad, settles=False)

    def _function(self, pad: int) -> PinFunction | None:
        selected = self._selected(pad)
        if selected is None:  # as most are, of all that a snapshot brings back
            return None
        choice = pad, selected
        found = (offer(signals[choice]) for signals, offer in self._offers if choice in signals)
        return next((function for function in found if function is not None), None)

    def _route(self, pad: int, *, settles: bool) -> None:
        """Lend a pad to the block that its register names, or take it back."""
        function, before = self._function(pad), self._lent.get(pad)
        if function is before:
            return
        place = self._place(pad)
        if place is None:
            return
        port, pin = place
        port.lend(pin, function)
        self._places.clear()
        if function is None:
            del self._lent[pad]
        else:
            self._lent[pad] = function
        if settles:
            port.settle()
