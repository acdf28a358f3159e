"""Models as they are when their states have been loaded, and whether they still are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xipsim.peripherals.core import Model, Peripheral, State

from .sameness import Same
from .versions import Watched


class Kept:
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


class Steady(Kept):
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
