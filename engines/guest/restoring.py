"""Puts models back, and leaves alone what is still as it was put back last.

A test that forks from a snapshot changes a few models of some ninety. What a model is made of is
compared, so it does not matter who has changed it, nor how.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from enum import Enum
from itertools import chain
from operator import attrgetter, call, is_
from typing import Any

from xipsim.peripherals.core import UNCHANGING, Model, Peripheral, State

from .versions import Watched

LOADS = (Model.load, Peripheral.load)
CONTAINERS = frozenset({bytearray, deque, dict, list, set})


class Restorer:
    """Loads the states of the models of one machine.

    How they are then it remembers where the same states are loaded again: a start does it once.
    """

    def __init__(self) -> None:
        self._states: Mapping[str, dict[str, Any]] = {}
        self._loaded: dict[str, tuple[dict[str, Any], _Kept]] = {}
        """What each was loaded from, and what it was like then."""
        self._restless: set[str] = set()
        """Models that were found changed: each is compared for itself."""
        self._steady: _Steady | None = None
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
            names = [n for n in models if n in self._loaded and n not in self._restless]
            self._steady = _Steady(models, states, names)

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
        if kept.is_still_so():
            return True
        self._restless.add(name)
        return False

    def _remember(self, name: str, model: Model, saved: dict[str, Any]) -> None:
        self._loaded.pop(name, None)
        if type(model).load in LOADS or model.LOADS_ITSELF:
            try:
                self._loaded[name] = saved, _Kept([(model, saved)])
            except Exception:  # It holds what cannot be pickled, as a user's model may.
                return


class _Kept:
    """Models as they are when these states have just been loaded."""

    def __init__(self, loaded: Sequence[tuple[Model, dict[str, Any]]]) -> None:
        self._models = [model for model, _ in loaded]
        self._reported = [saved["reported"] for _, saved in loaded]
        self._registers = Watched(
            [(m.regs, s["registers"]) for m, s in loaded if isinstance(m, Peripheral)]
        )
        levels = [(m.lines[name], level) for m, s in loaded for name, level in s["lines"].items()]
        self._lines, self._levels = [line for line, _ in levels], [level for _, level in levels]
        self._holders = [model for model in self._models if model.declared(State)]
        self._getters = [_getter(model) for model in self._holders]
        self._values = list(self._held())
        """The objects; those that can change are held in two lists more."""
        can_change = [value for value in self._values if not _is_frozen(value)]
        self._empty = [v for v in can_change if type(v) in CONTAINERS and not v]
        self._filled = [v for v in can_change if type(v) not in CONTAINERS or v]
        self._image = self._pickled()

    def _held(self) -> Iterator[Any]:
        return chain.from_iterable(map(call, self._getters, self._holders))

    def _pickled(self) -> bytes:
        return pickle.dumps(self._filled, protocol=5)

    def is_still_so(self) -> bool:
        """Whether they are what they were then, alarms apart."""
        return (
            all(map(is_, self._held(), self._values))
            and self._registers.are_so()
            and [model.reported for model in self._models] == self._reported
            and [line.level for line in self._lines] == self._levels
            and not any(self._empty)
            and (not self._filled or self._pickled() == self._image)
        )


class _Steady(_Kept):
    """Those of a machine's models that are compared at once.

    of: how many models it has. rest: the models that have to be loaded all the same, or whose
    alarms have to be set, in order.
    """

    def __init__(
        self,
        models: Mapping[str, Model],
        states: Mapping[str, dict[str, Any]],
        names: Sequence[str],
    ) -> None:
        super().__init__([(models[name], states[name]) for name in names])
        self.of, self.names = len(models), frozenset(names)
        idle = [name for name in names if not _rings(states[name])]
        self.rest = {name: model for name, model in models.items() if name not in idle}
        self._off = [alarm for name in idle for alarm in models[name].all_alarms()]

    def cancel_alarms(self) -> None:
        """Those of models that shall have none."""
        for alarm in [alarm for alarm in self._off if alarm.deadline is not None]:
            alarm.cancel()


def _rings(saved: dict[str, Any]) -> bool:
    return any(due is not None for due in saved["alarms"].values())


def _getter(model: Model) -> Callable[[Model], tuple[Any, ...]]:
    first, *more = [state.name for state in model.declared(State)]
    return attrgetter(first, *(more or [first]))  # of one name it would return no tuple


def _is_frozen(value: Any) -> bool:
    """Whether it cannot change, so that who holds the same one holds what it was."""
    if isinstance(value, tuple):
        return all(map(_is_frozen, value)) and not hasattr(value, "__dict__")
    return type(value) in UNCHANGING or isinstance(value, Enum)
