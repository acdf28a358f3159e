"""Builds a platform in QEMU: memories, core, models, wires.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, Protocol

from xipsim.engines.api import MachineConfig
from xipsim.engines.repl import Entry as PlatformEntry
from xipsim.engines.repl import Interrupt as Wire
from xipsim.engines.repl import Platform, Reference, Registration
from xipsim.engines.usermodels import load_models
from xipsim.peripherals.core import (
    BootRom,
    Entry,
    Gap,
    Model,
    Output,
    Peripheral,
    Region,
    ResetCause,
    Slots,
    System,
    Trace,
)

from . import library as q
from .clock import Clock
from .core import NMI as NMI_INPUT
from .core import Core
from .memory import Bus, Memory, Window, place_registers, place_tag

MEMORIES = ("Memory.MappedMemory", "Memory.ArrayMemory")
CORES = ("CPU.CortexM",)
CONTROLLERS = ("IRQControllers.NVIC",)
NMI = "NMI"
"""A model's output of this name is the core's non-maskable interrupt."""
PRIVATE_BUS = 0xE000_0000
"""From here on a Cortex-M's private peripherals."""


class Supervisor(Protocol):
    """What the board asks of whoever runs it."""

    def failed(self, error: Exception) -> None: ...
    def request_reset(self, cause: ResetCause) -> None: ...
    def power_off(self, reason: str) -> None: ...
    def stuck(self, reason: str) -> None: ...
    def pc(self) -> int | None: ...


class Board:
    """Everything that the platform describes, in the order in which it was built."""

    def __init__(self, core: Core, trace: Trace) -> None:
        self.core, self.trace = core, trace
        self.memories: dict[str, Memory] = {}
        self.models: dict[str, Model] = {}
        self.tags_touched: set[str] = set()
        """Accesses to tagged ranges that have been reported."""

    def lose_memory(self) -> None:
        """Power was off. Assumption: RAM comes up as zeros; on silicon it is undefined.

        A memory that was given contents when the machine was built is non-volatile: it keeps them.
        """
        for memory in self.memories.values():
            if not memory.keeps:
                memory.clear()

    def reset(self, cause: ResetCause) -> None:
        """Reset every model."""
        for model in self.models.values():
            model.reset(cause)

    def boot(self) -> Generator[int, None, Entry]:
        """Begin the boot ROM's work."""
        rom = next(m for m in self.models.values() if isinstance(m, BootRom))
        return rom.boot()

    def wake_at(self) -> int | None:
        """Virtual ns at which an alarm will wake a board that has switched itself off."""
        times = [getattr(model, "wake_at", None) for model in self.models.values()]
        return min((t for t in times if t is not None), default=None)


def build(
    config: MachineConfig,
    platform: Platform,
    clock: Clock,
    supervisor: Supervisor,
    chips: Mapping[str, bytes],
    *,
    checked: bool,
) -> Board:
    """Build `platform`. chips, checked: as `Engine.build` has them."""
    registry = load_models((entry.type for entry in platform.entries), config.models)
    if not checked:
        from xipsim.engines.repl.check import check

        check(platform, registry)
    trace = Trace()
    board = Board(_core(platform), trace)
    system = System(
        clock=clock,
        bus=Bus(),
        trace=trace,
        request_reset=supervisor.request_reset,
        power_off=supervisor.power_off,
        stuck=supervisor.stuck,
        pc=supervisor.pc,
        seed=config.seed,
    )
    place = _Placer(board, clock, supervisor.failed)
    for entry in platform.entries:
        if entry.type in MEMORIES:
            place.memory(entry)
        elif entry.type in registry:
            values = {a.name: _value(a.value, board.models) for a in entry.attributes}
            values |= config.overrides.get(entry.name, {})
            model = registry[entry.type](system, name=entry.name, **values)
            board.models[entry.name] = model
            place.model(model, entry.registrations)
    for entry in platform.entries:
        for wire in entry.interrupts:
            _connect(board, clock, entry, wire)
    for model in board.models.values():
        # No wire in a `.repl` could lead there: Renode's NVIC has no number for it.
        if NMI in model.lines:
            board.core.interrupt(NMI_INPUT, clock.wake).connect(model.lines[NMI])
    for tag in platform.tags:
        place_tag(tag.range.start, tag.range.size, tag.name, _tag_gap(board, system))
    for name, data in chips.items():
        filled: Any = board.memories.get(name) or board.models[name]
        filled.fill(data)
    for model in board.models.values():
        model.connected()
    return board


def _core(platform: Platform) -> Core:
    cpu = next(e for e in platform.entries if e.type in CORES)
    nvic = next(e for e in platform.entries if e.type in CONTROLLERS)
    wires = [w.number for e in platform.entries for w in e.interrupts if w.destination == nvic.name]
    memory = min(
        r.address
        for e in platform.entries
        for r in e.registrations
        if e.type in MEMORIES and r.address is not None
    )
    return Core(
        str(cpu.get("cpuType")),
        interrupts=(max(wires) // 32 + 1) * 32,
        frequency=int(str(nvic.get("systickFrequency"))),
        ram=memory,
        memory=q.get_system_memory(),
    )


def _value(value: Any, models: dict[str, Model]) -> Any:
    return models[value.name] if isinstance(value, Reference) else value


class _Placer:
    """Puts memories and models where their registrations say."""

    def __init__(
        self, board: Board, clock: Clock, guard: Callable[[Exception], None]
    ) -> None:
        self._board, self._clock, self._guard = board, clock, guard

    def memory(self, entry: PlatformEntry) -> None:
        memory = Memory(entry.name, int(str(entry.get("size"))))
        self._board.memories[entry.name] = memory
        for registration in entry.registrations:
            if registration.address is not None:
                memory.place(registration.address)

    def model(self, model: Model, registrations: tuple[Registration, ...]) -> None:
        for registration in registrations:
            if registration.number is not None:
                parent = self._board.models[registration.parent]
                slots = parent.declared(Slots)[0]
                getattr(parent, slots.name)[registration.number] = model
            elif registration.address is not None:
                self._on_bus(model, registration)

    def _on_bus(self, model: Model, registration: Registration) -> None:
        address = registration.address
        assert address is not None
        if registration.region:
            declared = next(r for r in model.declared(Region) if r.name == registration.region)
            assert registration.size is not None
            window = Window(
                model, declared, address, registration.size, self._clock, self._guard
            )
            model.windows[registration.region] = window
        elif isinstance(model, Peripheral):
            core = self._board.core.cpu if address >= PRIVATE_BUS else None
            place_registers(model, address, self._clock, self._guard, private_to=core)


def _connect(board: Board, clock: Clock, entry: PlatformEntry, wire: Wire) -> None:
    source = board.models.get(entry.name)
    if source is None:
        return  # the NVIC's own line to its core
    name = str(wire.source) or source.declared(Output)[0].name
    target = board.models.get(wire.destination)
    line = source.lines[name]
    if target:
        line.connect(_Input(target, wire.number))
    else:
        board.core.interrupt(wire.number, clock.wake).connect(line)


class _Input:
    """A numbered input of a model."""

    def __init__(self, model: Any, number: int) -> None:
        self._model, self._number = model, number

    def set(self, level: bool) -> None:
        self._model.on_input(self._number, level)


def _tag_gap(board: Board, system: System) -> Callable[[str], None]:
    def gap(what: str) -> None:
        if what not in board.tags_touched:
            board.tags_touched.add(what)
            now = system.clock.now
            system.trace.emit(Gap(time=now, source="bus", what=what, pc=system.pc()))

    return gap
