"""Puts models back, and leaves alone what is still as it was put back last.

A test that forks from a snapshot changes a few models of some ninety. What a model is made of is
compared, so it does not matter who has changed it, nor how.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from xipsim.peripherals.core import Model, Peripheral, State

from .sameness import Same
from .versions import Watched

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
        self._loaded: dict[str, tuple[dict[str, Any], _Kept]] = {}
        """What each was loaded from, and what it was like then."""
        self._restless: dict[str, int] = {}
        """Models that were found changed, and how often each was loaded since it was not."""
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
            try:
                self._loaded[name] = saved, _Kept([(model, saved)])
            except Exception:  # It holds what cannot be pickled, as a user's model may.
                return


class _Kept:
    """Models as they are when these states have just been loaded."""

    def __init__(self, loaded: Sequence[tuple[Model, dict[str, Any]]]) -> None:
        self._registers = Watched(
            [(m.regs, s["registers"]) for m, s in loaded if isinstance(m, Peripheral)]
        )
        levels = [(m.lines[name], level) for m, s in loaded for name, level in s["lines"].items()]
        self._lines, self._levels = [line for line, _ in levels], [level for _, level in levels]
        self._all = Same((model, _state(model)) for model, _ in loaded)

    def is_still_so(self) -> bool:
        """Whether they are what they were then, alarms apart."""
        return (
            self._registers.are_so()
            and [line.level for line in self._lines] == self._levels
            and self._all.is_still_so()
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
        idle = {name for name in names if not _rings(states[name])}
        self.rest = {name: model for name, model in models.items() if name not in idle}
        self._off = [alarm for name in names if name in idle for alarm in models[name].all_alarms()]

    def cancel_alarms(self) -> None:
        """Those of models that shall have none."""
        for alarm in [alarm for alarm in self._off if alarm.deadline is not None]:
            alarm.cancel()


def _rings(saved: dict[str, Any]) -> bool:
    return any(due is not None for due in saved["alarms"].values())


def _state(model: Model) -> dict[str, Any]:
    """What shall be the same, but for registers and lines."""
    names = ["reported", *(state.name for state in model.declared(State))]
    return {name: getattr(model, name) for name in names}
