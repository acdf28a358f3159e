"""Puts models back, and leaves alone what is still as it was put back last.

A test that forks from a snapshot changes a few models of some ninety. What a model is made of is
compared, so it does not matter who has changed it, nor how.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from xipsim.peripherals.core import Model

if TYPE_CHECKING:
    from .kept import Kept
    from .sameness import Held


class Restorer:
    """Loads the states of the models of one machine.

    How they are then it remembers where the same states are loaded again: a start does it once.
    """

    def __init__(self) -> None:
        self._states: Mapping[str, dict[str, Any]] = {}
        self._kept: Kept | None = None
        self.compares: Callable[[], Held] | None = None
        """How; None: as Python can."""

    def load(self, models: Mapping[str, Model], states: Mapping[str, dict[str, Any]]) -> None:
        """Be as when each of them was saved."""
        comes_again, self._states = states is self._states, states
        if comes_again and self._kept is not None and self._kept.fits:
            self._kept.go_back()
            return
        self._kept = None
        if comes_again:
            from .kept import Kept
            from .sameness import Held

            self._kept = Kept(models, states, (self.compares or Held)())
            self._kept.load_all()
        else:
            for name, model in models.items():
                model.load(states[name])
