"""Every model that can be named: what it declares is all that it is.

Driven at random, saved, driven on, put back: it must save the same again, answer the same, and go
on the same. The random driving knows nothing of the registers' meaning.
"""

from __future__ import annotations

import ast
import inspect
import pickle
import random
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
from model_rig import TYPES, Rig

from xipsim.engines import unpickle
from xipsim.peripherals.core import (
    REGISTRY,
    Model,
    Record,
    Register,
    RegisterArray,
    ResetCause,
    State,
)

DECLARATIONS: tuple[type[Any], ...] = (State, Register, RegisterArray)
ROUNDS = 3


@pytest.mark.parametrize("name", TYPES)
def test_a_model_is_what_it_declares(name: str) -> None:
    rig = Rig(name)
    for number in range(ROUNDS):
        rig.drive(random.Random(f"{name} {number} before"))
        now, saved = rig.bench.clock.now, rig.save()
        kept = unpickle.loads(pickle.dumps(saved))
        first = rig.drive(random.Random(f"{name} {number} after"))
        assert saved == kept, "what was saved changed when the model ran on"
        rig.load(saved, now)
        assert rig.save() == kept, "not all of it came back"
        assert rig.drive(random.Random(f"{name} {number} after")) == first
    # And into a model that has seen nothing, from a file.
    fresh = Rig(name)
    fresh.load(kept, now)
    assert fresh.save() == kept
    assert fresh.drive(random.Random(f"{name} {number} after")) == first


def test_a_chip_goes_back_over_everything_that_was_changed() -> None:
    """Going back to the last snapshot looks only at what was touched: all of a 64-KB erase, both
    sides of a boundary between sectors, and what was filled from outside."""
    rig = Rig("Nor.Chip")
    chip: Any = rig.model
    chip.fill(bytes(range(256)) * (chip.size // 256))
    saved, before = rig.save(), chip.contents()
    for change in (
        lambda: chip.erase(0x1_0000, 0x1_0000),
        lambda: chip.program(0x2FF0, bytes(32)),
        lambda: chip.fill(bytes(chip.size)),
    ):
        change()
        assert chip.contents() != before
        rig.load(saved, 0)
        assert chip.contents() == before


def test_a_chip_saves_all_that_is_not_blank_each_time() -> None:
    """Also where another state was saved or loaded before, and where sectors became blank."""
    rig = Rig("Nor.Chip")
    chip: Any = rig.model
    states = []
    for change in (
        lambda: None,
        lambda: chip.program(0x2FF0, bytes(32)),
        lambda: chip.fill(bytes(0x1800)),
        lambda: chip.erase(0, 0x1000),
        lambda: chip.program(0x7000, b"again"),
        lambda: rig.load(states[1], 0),
        lambda: chip.erase(0x3000, 0x1000),
        lambda: rig.load(states[2], 0),
        lambda: chip.program(0x1000, b""),
    ):
        change()
        states.append(rig.save())
        cells = chip.contents()
        sectors = {at: cells[at : at + 0x1000] for at in range(0, chip.size, 0x1000)}
        written = {at: data for at, data in sectors.items() if data != b"\xff" * 0x1000}
        (saved,) = (state["memory"]["sectors"] for state in states[-1] if "memory" in state)
        assert list(saved.items()) == list(written.items())


DERIVED = {
    "ChipState.notify: self.probed",
    "ChipSelects.measure: self.ends",
    "ChipSelects.tell: self.told",
    "Decoder.again: self.polled",
    "Decoder.alter: self.polled",
    "Decoder.alters: self.polled",
    "Decoder.answer_again: self.polled",
    "Decoder.reads_array: self._would_read",
    "Decoder.run_again: self.polled",
    "Decoder.transfer: self.polled",
    "IpCommands.hide: self.hidden",
    "IpCommands.trigger: self.hidden",
    "LookUpTable._changed: self.version",
    "Passages._filled: self._seen",
    "Passages._filled: self._steps",
    "Passages._filled: self._writes",
    "Passages._read: self._writes",
    "Transfers._finish: self.has_ended",
    "WavePins._next_edge: self._planned",
    "Writes._push: self.pushed",
    "Writes.data: self._data",
    "Writes.follow: self._block",
    "Writes.follow: self._seen",
    "Writes.follow: self.address",
}
"""Follows from registers; `load` computes it anew, or it is kept with all that it follows from. Or
it is of the access under way, a number of which only matters that it is another one, or says where
a passage may begin; or it follows the writes of one that is taken down."""
BUILDING = {"__init__", "connect", "connected", "load"}


@pytest.mark.parametrize("name", TYPES)
def test_no_method_sets_what_is_not_declared(name: str) -> None:
    """Outside of construction and `load`, `self.x = ...` is only for declared x."""
    kind = REGISTRY[name]
    declared = {d.name for what in DECLARATIONS for d in kind.declared(what)}
    for base in kind.__mro__:
        fields = {n for n, value in vars(base).items() if hasattr(value, "__set__")}
        declared |= fields
    strangers = set()
    for base in (*kind.__mro__, *_parts(Rig(name).model)):
        if base.__module__.startswith(("xipsim.peripherals.core.", "builtins", "typing", "abc")):
            continue
        keeps_its_own = "save" in vars(base)
        for method, attribute in _assigned(base):
            if not (attribute in declared or method in BUILDING or keeps_its_own):
                strangers.add(f"{base.__name__}.{method}: self.{attribute}")
    assert strangers <= DERIVED


def _parts(model: Model) -> set[type]:
    """The classes of what a model is put together from. Records are values of declared state."""
    folder = type(model).__module__.rpartition(".")[0]
    kinds = {type(value) for value in vars(model).values()}
    return {
        kind
        for kind in kinds
        if kind.__module__.startswith(folder) and not issubclass(kind, (Model, Record, tuple))
    }


def _assigned(kind: type) -> Iterator[tuple[str, str]]:
    """(method, attribute) of each assignment to an attribute of self."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                match node:
                    case ast.Attribute(value=ast.Name(id="self"), ctx=ast.Store()):
                        yield function.name, node.attr


OUTSIDE = {"Nor.Chip", "Usb.Host", "Usb.Terminal", "Miscellaneous.Button"}
"""What power-on of the board leaves alone: cells of a chip, and what people do."""


@pytest.mark.parametrize("name", [name for name in TYPES if name not in OUTSIDE])
def test_power_on_leaves_nothing_of_what_was(name: str) -> None:
    """Registers, state, alarms and lines are those of a model that has just been made."""
    rig, fresh = Rig(name), Rig(name)
    rig.drive(random.Random(name))
    fresh.bench.clock.now = rig.bench.clock.now
    for each in (rig, fresh):
        for model in each.models:
            model.reset(ResetCause.POWER_ON)
    after, expected = rig.model.save(), fresh.model.save()
    for saved in (after, expected):
        del saved["reported"]
    assert after == expected
