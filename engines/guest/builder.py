"""Builds what a platform describes: memories, core, models, wires."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xipsim.engines.errors import ConfigurationError, NoRoom
from xipsim.engines.repl import Entry as PlatformEntry
from xipsim.engines.repl import Place, Platform, Reference, Registration, Tag
from xipsim.engines.repl.declared import output_name
from xipsim.engines.repl.errors import Problem
from xipsim.engines.usermodels import load_models
from xipsim.peripherals.core import (
    Gap,
    Guard,
    IrqLine,
    Junction,
    Line,
    Model,
    ModelInput,
    Peripheral,
    Read,
    Region,
    Registry,
    Slots,
    System,
    Unanswered,
    WakeFilter,
    Words,
    Write,
    accessors,
    words,
)
from xipsim.peripherals.core.trace import IN_VAIN, Note

from .access import tag_access, window_access
from .board import Board
from .clock import GuestClock
from .coredescription import MEMORIES, NMI_INPUT
from .dormant import NMI, NONE, Dormant, LateInput
from .hopeless import in_words
from .looking import of_registers, of_tag, of_window
from .modelerror import refusal

if TYPE_CHECKING:
    from .backend import Backend


class CoreInput:
    """An interrupt of the core, for a `Junction`; wakes the core when it rises."""

    def __init__(self, line: IrqLine, clock: GuestClock) -> None:
        self._line, self._wake, self._passages = line, clock.wake, clock.passages

    def set(self, level: bool) -> None:
        """The `IrqLine` port."""
        if (drives := self._passages.drives) is not None and drives(self._line, level):
            return
        self._line.set(level)
        if level:
            self._wake()


class Builder:
    """Fills a board: every entry, then every wire, then what memories and chips contain.

    guard: told what a model raises in an access. registry: where model types are looked up.
    overrides: parameters that the user sets, by entry and name. ConfigurationError where a model
    refuses its parameters.
    """

    def __init__(
        self,
        backend: Backend,
        board: Board,
        clock: GuestClock,
        system: System,
        guard: Guard,
        registry: Registry,
        overrides: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._backend, self._clock, self._registry = backend, clock, registry
        clock.questions.hopeless = self._waits_in_vain
        self._board, self._system, self._guard = board, system, guard
        self._overrides = overrides
        self._inputs: dict[tuple[str, int], Junction] = {}
        self._late: set[str] = set()
        """Entries that were placed before they were made."""
        self._late_inputs: list[LateInput] = []

    # -- entries ---------------------------------------------------------------------------------

    def _add(self, entry: PlatformEntry) -> None:
        """Make what the entry names, and put it where it is registered.

        What it refers to was added before. Cores and interrupt controllers are the engine's.
        """
        with _room(entry.place):
            if entry.type in MEMORIES:
                self._add_memory(entry)
            elif entry.type in self._registry:
                model = self._make(entry)
                self._board.models.made[entry.name] = model
                for registration in entry.registrations:
                    self._register(model, registration)

    def _add_memory(self, entry: PlatformEntry) -> None:
        size = int(str(entry.get("size")))
        memory = self._backend.make_memory(entry.name, size)
        self._board.memories[entry.name] = memory
        for registration in entry.registrations:
            if registration.address is not None:
                memory.place(registration.address)
                self._board.view.add(registration.address, size)

    def _make(self, entry: PlatformEntry) -> Model:
        models = self._board.models.made
        values = {
            a.name: models[a.value.name] if isinstance(a.value, Reference) else a.value
            for a in entry.attributes
        }
        values |= self._overrides.get(entry.name, {})
        try:
            return self._registry[entry.type](self._system, name=entry.name, **values)
        except ValueError as error:
            raise ConfigurationError(self._refused(entry, refusal(error))) from error

    def _refused(self, entry: PlatformEntry, message: str) -> str:
        """What a model says against its parameters, with the line that gives the parameter."""
        words = message.split(": ")
        if any(name in words for name in self._overrides.get(entry.name, {})):
            return message
        named = [a for a in entry.attributes if a.name in words]
        return str(Problem(named[0].value_place if named else entry.place, message))

    def _register(self, model: Model, registration: Registration) -> None:
        address = registration.address
        if registration.number is not None:
            parent = self._board.models.made[registration.parent]
            slots = parent.declared(Slots)[0]
            getattr(parent, slots.name)[registration.number] = model
        elif address is not None and registration.region:
            region = next(r for r in model.declared(Region) if r.name == registration.region)
            assert registration.size is not None
            read, write = window_access(model, region, self._clock, self._guard)
            model.windows[registration.region] = self._backend.place_window(
                model, region, address, registration.size, read, write
            )
            peek = of_window(model, region)
            self._board.view.add(address, registration.size, peek, is_window=True)
        elif model.name in self._late:
            return
        elif address is not None and isinstance(model, Peripheral):
            self._backend.place_registers(model, address, model.SIZE, *self._functions(model))
            self._board.view.add(address, model.SIZE, of_registers(model))

    def _functions(self, model: Peripheral) -> tuple[Read, Write, Words]:
        """What answers accesses to its registers."""
        read, write = accessors(model, self._clock.questions, self._guard)
        return read, write, words(model, self._clock.questions, self._guard)

    # -- wires and tags --------------------------------------------------------------------------

    def _connect(self, entry: PlatformEntry) -> None:
        """Connect the entry's outputs; both ends were added before."""
        model = self._board.models.made.get(entry.name)
        if model is None:
            return  # the NVIC's own line to its core
        for wire in entry.interrupts:
            line = model.lines[output_name(wire, type(model))]
            self._lead(line, self._input(wire.destination, wire.number))
        if NMI in model.lines:
            self._lead(model.lines[NMI], self._input("", NMI_INPUT))

    def _lead(self, line: Line, junction: Junction) -> None:
        junction.connect(line)
        if line.is_shared:
            self._board.shared[junction] = None

    def _input(self, destination: str, number: int) -> Junction:
        models = self._board.models
        target: Any = models.made.get(destination)
        is_dormant = destination in models.dormant.wired
        key = (destination if target or is_dormant else "", number)
        if key not in self._inputs:
            if target or is_dormant:
                sink = ModelInput(target, number) if target else self._late_input(*key)
                self._inputs[key] = Junction(sink)
            else:
                self._inputs[key] = junction = Junction(self._core_input(number))
                self._board.interrupts.append(junction)
        return self._inputs[key]

    def _core_input(self, number: int) -> IrqLine:
        line: IrqLine = CoreInput(self._board.core.interrupt(number), self._clock)
        for wake_filter in self._wake_filters:
            line = wake_filter.filtered(number, line)
        return line

    @cached_property
    def _wake_filters(self) -> list[WakeFilter]:
        made = self._board.models.made.values()
        filters: list[WakeFilter] = [m for m in made if isinstance(m, WakeFilter)]
        self._clock.passages.filters = filters
        return filters

    def _tag(self, tag: Tag) -> None:
        """A range that has only a name."""
        read, write = tag_access(tag, self._clock.questions, self._tag_touched)
        start, size = tag.range.start, tag.range.size
        with _room(tag.place):
            self._backend.place_tag(tag.name, start, size, read, write)
        self._board.view.add(start, size, of_tag(tag), is_behind=True)

    def _waits_in_vain(self, what: Unanswered) -> None:
        now, message = self._clock.now, in_words(what)
        self._system.trace.emit(Note(time=now, source=IN_VAIN, message=message))

    def _tag_touched(self, what: str) -> None:
        if what not in self._board.tags_touched:
            self._board.tags_touched.add(what)
            now, pc = self._clock.now, self._system.pc()
            self._system.trace.emit(Gap(time=now, source="bus", what=what, pc=pc))

    # -- all of it -------------------------------------------------------------------------------

    def build(
        self, platform: Platform, contents: Mapping[str, bytes], dormant: Dormant = NONE
    ) -> None:
        """Everything but what is dormant: that is made when something touches it.

        contents: as `Engine.build` has them.
        """
        self._board.entries = platform.entries
        self._board.models.dormant = dormant
        self._board.models.make = self._make_dormant
        for entry in platform.entries:
            if entry.name in dormant.late:
                self._place_late(entry, dormant.late[entry.name])
            if entry.name not in dormant.wired:
                self._add(entry)
        for entry in platform.entries:
            self._connect(entry)
        for tag in platform.tags:
            self._tag(tag)
        for name, data in contents.items():
            self._board.fill(name, data)
        for model in self._board.models.made.values():
            model.connected()

    # -- what is dormant -------------------------------------------------------------------------

    def _place_late(self, entry: PlatformEntry, size: int) -> None:
        self._late.add(entry.name)

        def model() -> Peripheral:
            made = self._board.models[entry.name]
            assert isinstance(made, Peripheral)
            return made

        for registration in entry.registrations:
            if registration.address is not None and not registration.region:
                with _room(entry.place):
                    self._backend.place_late(
                        entry.name, registration.address, size, lambda: self._functions(model())
                    )
                self._board.view.add(
                    registration.address, size, lambda *place: of_registers(model())(*place)
                )

    def _late_input(self, name: str, number: int) -> LateInput:
        late = LateInput(self._board.models, name, number)
        self._late_inputs.append(late)
        return late

    def _make_dormant(self, dormant: Dormant) -> None:
        """As `build` would have, had it been asked to."""
        models, every = self._board.models, self._board.entries
        entries = [entry for entry in every if entry.name in dormant.wired]
        load_models(entry.type for entry in entries)
        for entry in entries:
            self._add(entry)
        models.made = {e.name: models.made[e.name] for e in every if e.name in models.made}
        for entry in entries:
            self._connect(entry)
        for late in self._late_inputs:
            late.begin()
        for entry in entries:
            models.made[entry.name].connected()


@contextmanager
def _room(place: Place) -> Iterator[None]:
    """Name the line for which an engine has no room."""
    try:
        yield
    except NoRoom as error:
        raise ConfigurationError(str(Problem(place, str(error)))) from error
