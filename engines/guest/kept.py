"""Models as they were when their states had been loaded, and the way back there.

What their states are made of, objects and containers, is put back each for itself, where it is not
what it was. So going back costs what has changed, and it does not matter who has changed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from xipsim.peripherals.core import Known, Model, Peripheral, Record, State

from .sameness import Held
from .undoing import Undo, Unknown, parts_of, put_attributes, put_level, undo_of

LOADS = (Model.load, Peripheral.load)


class Kept:
    """The models of one machine. states: what they are loaded from. held: of no objects yet."""

    def __init__(
        self, models: Mapping[str, Model], states: Mapping[str, dict[str, Any]], held: Held
    ) -> None:
        self._models, self._states, self._held = models, states, held
        self._order = {name: number for number, name in enumerate(models)}
        self._known: dict[str, Known] = {}
        """Models that are left alone where they are what they were."""
        self._always: set[str] = set()
        """The others, and those whose alarms have to be set."""
        self._owners: list[str] = []
        """Of the objects that are held."""
        self._undo: list[Undo] = []
        """What puts each of them back."""
        self._drift: dict[int, int] = {}
        """Those that may hold something besides that is no state; least numbers of what they hold
        while they keep that themselves."""
        self._arrays, self._bytes, self._of_arrays = list[bytearray](), list[bytes](), list[int]()
        self._ends: dict[str, int] = {}
        """How many objects there are up to each model's last one."""
        self._changed: list[int] = []
        """Of the objects of the model that is being loaded."""
        self._is_stale = False

    @property
    def fits(self) -> bool:
        """Whether it knows all models, and where each has its attributes."""
        return len(self._order) == len(self._models) and not self._is_stale

    # -- remembering -----------------------------------------------------------------------------

    def load_all(self) -> None:
        """Load each of them, and remember what it is then."""
        for name, model in self._models.items():
            saved = self._states[name]
            model.load(saved)
            if type(model).load in LOADS or model.LOADS_ITSELF:
                self._remember(name, model, saved)
            if name not in self._known or _rings(saved):
                self._always.add(name)
            self._ends[name] = len(self._owners)

    def _remember(self, name: str, model: Model, saved: dict[str, Any]) -> None:
        names = ["reported", *(state.name for state in model.declared(State))]
        attributes, seen = {name: getattr(model, name) for name in names}, set[int]()
        try:
            parts = [part for value in attributes.values() for part in parts_of(value, seen)]
        except Unknown:
            return
        self._hold_attributes(name, model, attributes)
        for part in parts:
            self._hold_part(name, part)
        for line_name, level in saved["lines"].items():
            line = model.lines[line_name]
            self._hold(name, line, partial(put_level, line, level))
        if not _rings(saved):
            for alarm in model.all_alarms():
                self._drift[self._hold(name, alarm, alarm.cancel)] = 0
        if isinstance(model, Peripheral):
            self._hold_equal(name, model.regs, saved["registers"], _load_puts_it_back)
        self._known[name] = Known(saved, self._put_back)

    def _hold(self, name: str, one: object, undo: Undo) -> int:
        self._owners.append(name)
        self._undo.append(undo)
        return self._held.add(one)

    def _hold_equal(
        self, name: str, one: dict[Any, Any], wanted: dict[Any, Any], undo: Undo
    ) -> None:
        self._owners.append(name)
        self._undo.append(undo)
        self._held.add_equal(one, wanted)

    def _hold_attributes(self, name: str, model: Model, attributes: Mapping[str, Any]) -> None:
        """Python keeps them in the object or, where somebody has asked for that, in a dictionary,
        which is all that the object holds then besides its type."""
        undo, least = partial(put_attributes, model, attributes), len(attributes) + 1
        number = self._hold(name, model, undo)
        if len(self._held.held[number]) < least:
            self._drift[number], number = 0, self._hold(name, vars(model), undo)
            least = 0
        self._drift[number] = least

    def _hold_part(self, name: str, part: Any) -> None:
        undo = undo_of(part)
        number = self._hold(name, part, undo)
        if isinstance(part, Record):
            # Which of the two holds the values can be another one then.
            self._drift[number] = self._drift[self._hold(name, vars(part), undo)] = 0
        elif isinstance(part, set):
            self._drift[number] = 0
        elif isinstance(part, bytearray):
            self._arrays.append(part)
            self._bytes.append(bytes(part))
            self._of_arrays.append(number)
        elif isinstance(part, dict) and part and all(type(key) is str for key in part):
            # Python does not tell its keys as what it holds.
            self._hold_equal(name, part, part.copy(), undo)

    # -- going back ------------------------------------------------------------------------------

    def go_back(self) -> None:
        """Let all models be what they were."""
        first = self._load(self._always, self._find_changed())
        if first is not None:
            # What that one tells others may have changed those that are loaded behind it.
            self._load((), self._find_changed(self._ends[first]))

    def _find_changed(self, first: int = 0) -> dict[str, list[int]]:
        """Objects that have changed, from that number on, by their models."""
        numbers = self._held.changed(first)
        if self._arrays != self._bytes:
            pairs = zip(self._of_arrays, self._arrays, self._bytes, strict=True)
            numbers += [n for n, array, data in pairs if n >= first and array != data]
        changed: dict[str, list[int]] = {}
        for number in numbers:
            changed.setdefault(self._owners[number], []).append(number)
        return changed

    def _load(self, always: Iterable[str], changed: Mapping[str, list[int]]) -> str | None:
        """Load models, in order; the first one that may have changed others."""
        first = None
        for name in sorted({*always, *changed}, key=self._order.__getitem__):
            model, known = self._models[name], self._known.get(name)
            if known is None:
                model.load(self._states[name])
                first = first or name
            elif name in changed:
                self._changed = changed[name]
                model.load(known)
                self._renew(changed[name])
            else:
                # Of two alarms at one time the one that was set first comes first.
                model.load_alarms(known)
        return first

    def _put_back(self) -> None:
        for number in self._changed:
            self._undo[number]()

    def _renew(self, numbers: Iterable[int]) -> None:
        """What these objects hold besides may be something else now."""
        for number in numbers:
            if (least := self._drift.get(number)) is not None:
                self._held.renew(number)
                if len(self._held.held[number]) < least:
                    self._is_stale = True


def _load_puts_it_back() -> None:
    """Registers, as their model does."""


def _rings(saved: dict[str, Any]) -> bool:
    return any(due is not None for due in saved["alarms"].values())
