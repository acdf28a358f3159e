"""Puts models back, and leaves alone what is still as it was put back last.

A test that forks from a snapshot changes a few models of some ninety. What a model is made of is
compared, so it does not matter who has changed it, nor how.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any

from xipsim.peripherals.core import Model, Peripheral

if TYPE_CHECKING:
    from .kept import Kept, Steady

LOADS = (Model.load, Peripheral.load)
SELDOM = 4
"""A model that was found changed is remembered with one of so many loads: that, and to compare it,
takes as long as loading it."""


class Restorer:
    """Loads the states of the models of one machine.

    How they are then it remembers where the same states are loaded again: a start does it once.
    """

    def __init__(self) -> None:
        self._states: Mapping[str, dict[str, Any]] = {}
        self._loaded: dict[str, tuple[dict[str, Any], Kept]] = {}
        """What each was loaded from, and what it was like then."""
        self._restless: dict[str, int] = {}
        """Models that were found changed, and how often each was loaded since it was not."""
        self._steady: Steady | None = None
        """All others."""

    def load(self, models: Mapping[str, Model], states: Mapping[str, dict[str, Any]]) -> None:
        """Be as when each of them was saved."""
        comes_again, self._states = states is self._states, states
        if not comes_again:
            self._steady = None
            self._restless.clear()
        steady = self._steady
        if steady is not None and steady.of == len(models) and steady.is_still_so():
            steady.cancel_alarms()
            self._load_each(steady.rest, comes_again, steady.names)
            return
        self._load_each(models, comes_again)
        if comes_again:
            from .kept import Steady

            names = [n for n in models if n in self._loaded and n not in self._restless]
            self._steady = Steady(models, states, names)

    def _load_each(
        self, models: Mapping[str, Model], comes_again: bool, steady: Set[str] = frozenset()
    ) -> None:
        for name, model in models.items():
            saved = self._states[name]
            if name not in steady and not self._is_still_so(name, saved):
                model.load(saved)
                if comes_again:
                    self._remember(name, model, saved)
            elif saved["alarms"]:
                # The others' are set anew, and of two at one time the first one set comes first.
                model.load_alarms(saved)

    def _is_still_so(self, name: str, saved: dict[str, Any]) -> bool:
        loaded_from, kept = self._loaded.get(name, (None, None))
        if kept is None or loaded_from is not saved:
            return False
        if not kept.is_still_so():
            return False
        if name in self._restless:
            self._restless[name] = 0
        return True

    def _remember(self, name: str, model: Model, saved: dict[str, Any]) -> None:
        before, times = self._loaded.pop(name, None), self._restless.get(name, 0)
        if name in self._restless or (before is not None and before[0] is saved):
            times = self._restless[name] = times + 1
        if times % SELDOM:
            return
        if type(model).load in LOADS or model.LOADS_ITSELF:
            from .kept import Kept

            try:
                self._loaded[name] = saved, Kept([(model, saved)])
            except Exception:  # It holds what cannot be pickled, as a user's model may.
                return
