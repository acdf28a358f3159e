"""Puts models back, and leaves alone what is still as it was put back last.

A test that forks from a snapshot changes a few models of some ninety. What a model is made of is
compared, so it does not matter who has changed it, nor how.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Mapping
from operator import attrgetter, is_
from typing import Any

from xipsim.peripherals.core import UNCHANGING, Model, Peripheral, State

LOADS = (Model.load, Peripheral.load)
CONTAINERS = frozenset({bytearray, deque, dict, list, set})


class Restorer:
    """Loads the states of the models of one machine.

    How they are then it remembers where the same states are loaded again: a start does it once.
    """

    def __init__(self) -> None:
        self._states: Mapping[str, dict[str, Any]] = {}
        self._loaded: dict[str, _Loaded] = {}

    def load(self, models: Mapping[str, Model], states: Mapping[str, dict[str, Any]]) -> None:
        """Be as when each of them was saved."""
        comes_again, self._states = states is self._states, states
        for name, model in models.items():
            saved, loaded = states[name], self._loaded.get(name)
            if loaded is None or loaded.saved is not saved or not loaded.is_still_so():
                model.load(saved)
                if comes_again:
                    self._remember(name, model, saved)
            elif loaded.has_alarms:
                # The others' are set anew, and of two at one time the first one set comes first.
                model.load_alarms(saved)

    def _remember(self, name: str, model: Model, saved: dict[str, Any]) -> None:
        self._loaded.pop(name, None)
        if type(model).load in LOADS or model.LOADS_ITSELF:
            try:
                self._loaded[name] = _Loaded(model, saved)
            except Exception:  # It holds what cannot be pickled, as a user's model may.
                return


class _Loaded:
    """A model as it is when `saved` has just been loaded."""

    def __init__(self, model: Model, saved: dict[str, Any]) -> None:
        self.saved, self._model = saved, model
        self._regs = model.regs if isinstance(model, Peripheral) else None
        self._kept_regs, self._reported = saved.get("registers"), saved["reported"]
        self.has_alarms = bool(saved["alarms"])
        self._lines, self._levels = list(model.lines.values()), list(saved["lines"].values())
        names = [state.name for state in model.declared(State)]
        self._get = attrgetter("lines", "reported", *names)
        self._values = self._get(model)
        """The objects; those that can change are held in two lists more."""
        can_change = [v for v in self._values[2:] if type(v) not in UNCHANGING]
        self._empty = [v for v in can_change if type(v) in CONTAINERS and not v]
        self._filled = [v for v in can_change if type(v) not in CONTAINERS or v]
        self._image = self._pickled()

    def _pickled(self) -> bytes:
        return pickle.dumps(self._filled, protocol=5)

    def is_still_so(self) -> bool:
        """Whether the model is what it was then, alarms apart."""
        return (
            all(map(is_, self._get(self._model), self._values))
            and self._regs == self._kept_regs
            and self._model.reported == self._reported
            and (not self._lines or [line.level for line in self._lines] == self._levels)
            and not any(self._empty)
            and (not self._filled or self._pickled() == self._image)
        )
