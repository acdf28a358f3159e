"""Models that nothing touches are not made: of a board that starts from its cached boot.

A script needs a few of a hundred models; importing and making the others is a third of a start.
So the file of a cached boot says which models were quiet then (no alarm due, no output high, and
nobody who has to know them from the beginning), and what stands for each until it is made. With
the first access to one of them, the first change of an input, the first question of the user's
process, the first reset, all are made, and are what the file says.

Nobody can tell the difference: a dormant model does nothing by itself, and what it depends on
cannot change before it is made. A model that dormant ones refer to (a clock controller) is made,
but an access to its registers makes the others first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from xipsim.engines.repl import Entry
from xipsim.engines.repl.declared import output_name
from xipsim.peripherals.core import (
    BootRom,
    Keeper,
    Model,
    Peripheral,
    Region,
    UsbHost,
    WakeFilter,
    Waker,
)
from xipsim.peripherals.namedtuple import NamedTuple

from .restoring import Restorer

NMI = "NMI"
"""A model's output of this name is the core's non-maskable interrupt: Renode's NVIC has no number
for it, so no wire in a `.repl` could lead there."""
FROM_THE_BEGINNING = (BootRom, Keeper, UsbHost, WakeFilter, Waker)
"""Roles that the machine asks for without being asked itself."""


class Dormant(NamedTuple):
    """What a file says. wired: the models that need not be made, and their outputs that lead
    somewhere.

    late: bytes of registers of each model whose first access makes all. modules: to be imported for
    the others. described: what the machine says of itself, see `Requests.describe`.
    """

    wired: dict[str, list[str]]
    late: dict[str, int]
    modules: list[str]
    described: dict[str, Any]


NONE = Dormant({}, {}, [], {})


class Models(Mapping[str, Model]):
    """A board's models by name, in the order of the platform; whoever asks for a dormant one, or
    for all, finds them made."""

    def __init__(self, made: Mapping[str, Model] = {}) -> None:
        self.made = dict(made)
        self.dormant = NONE
        """What is not made yet."""
        self.make: Callable[[Dormant], None]
        """Makes that; set by who can."""
        self.awoken: Callable[[], None] = lambda: None
        """Told when it was made; set by who keeps models by their roles."""
        self.restorer = Restorer()
        self._saved: Mapping[str, dict[str, Any]] = {}
        """What the dormant ones are."""

    def __getitem__(self, name: str) -> Model:
        if name in self.dormant.wired or name in self.dormant.late:
            self.wake()
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        self.wake()
        return iter(self.made)

    def __len__(self) -> int:
        return len(self.made) + len(self.dormant.wired)

    def wake(self) -> None:
        """Make what is dormant."""
        dormant, self.dormant = self.dormant, NONE
        if dormant.wired:
            self.make(dormant)
            for name in self._saved.keys() & dormant.wired.keys():
                self.made[name].load(self._saved[name])
            self.awoken()

    def save(self, save: Callable[[Model], dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """What they all are, by name; `save` says it of one."""
        if not self._saved:
            self.wake()
        made = {name: save(model) for name, model in self.made.items()}
        if not self.dormant.wired:
            return made
        return {name: made.get(name, saved) for name, saved in self._saved.items()}

    def load(self, saved: Mapping[str, dict[str, Any]]) -> None:
        """Be as when `save` returned `saved`."""
        if any(is_active(saved[name], wired) for name, wired in self.dormant.wired.items()):
            self.wake()
        self._saved = saved
        self.restorer.load(self.made, saved)


class LateInput:
    """The numbered input of a dormant model, for a `Junction`.

    When it is connected its level is low, which the model is told when it is made.
    """

    def __init__(self, models: Models, name: str, number: int) -> None:
        self._models, self._name, self._number = models, name, number
        self._is_connected = False

    def set(self, level: bool) -> None:
        """The `IrqLine` port."""
        if self._is_connected:
            self._tell(level)
        self._is_connected = True

    def begin(self) -> None:
        """The model is made."""
        self._tell(False)

    def _tell(self, level: bool) -> None:
        model: Any = self._models[self._name]
        model.on_input(self._number, level)


def is_active(saved: dict[str, Any], wired: Sequence[str]) -> bool:
    """Whether a model of that state does something by itself, or drives one of these outputs."""
    alarms: dict[str, int | None] = saved["alarms"]
    lines: dict[str, bool] = saved["lines"]
    return any(lines[name] for name in wired) or any(due is not None for due in alarms.values())


def find_dormant(
    platform: Sequence[Entry],
    models: Mapping[str, Model],
    state: dict[str, Any],
    described: dict[str, Any],
) -> Dormant:
    """The models that need not be made for a machine to be what `state`, a snapshot, says."""
    saved: dict[str, dict[str, Any]] = state["models"]
    entries = {entry.name: entry for entry in platform if entry.name in models}
    refers = {name: entry.named & entries.keys() for name, entry in entries.items()}
    wired = {name: _wired(entry, models[name]) for name, entry in entries.items()}
    active = {name for name in entries if is_active(saved[name], wired[name])}
    awake = active.union(name for name in entries if _from_the_beginning(models[name]))
    # Somebody sits at a console that has printed.
    awake |= {name for name, (_, last) in state["host"]["unread"].items() if last} & entries.keys()
    before: set[str] = set()
    while awake != before:
        before = set(awake)
        for name, entry in entries.items():
            parents = {r.parent for r in entry.registrations if r.number is not None}
            if name in awake:
                awake |= refers[name] | parents
            elif parents & awake or _leads_to(entry) & awake or any(
                other in active or (other in awake and not _can_be_late(models[other]))
                for other in refers[name]
            ):
                awake.add(name)
    dormant = entries.keys() - awake
    asked = dormant.union(*(refers[name] for name in dormant))
    return Dormant(
        {name: wired[name] for name in entries if name in dormant},
        {n: m.SIZE for n in asked if isinstance(m := models[n], Peripheral)},
        sorted({type(models[name]).__module__ for name in awake}),
        described,
    )


def _from_the_beginning(model: Model) -> bool:
    return (
        isinstance(model, FROM_THE_BEGINNING)
        or bool(model.declared(Region))
        or bool(model.SYSTICK_REFERENCE)
    )


def _can_be_late(model: Model) -> bool:
    """Whether a model that is not active changes by accesses to its registers alone."""
    return isinstance(model, Peripheral) and not model.declared(Region)


def _wired(entry: Entry, model: Model) -> list[str]:
    return [output_name(wire, type(model)) for wire in entry.interrupts] + [
        name for name in model.lines if name == NMI
    ]


def _leads_to(entry: Entry) -> set[str]:
    return {wire.destination for wire in entry.interrupts}
