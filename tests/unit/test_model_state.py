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

from xipsim.engines import unpickle
from xipsim.peripherals import FAMILIES, load
from xipsim.peripherals.core import (
    REGISTRY,
    Model,
    Parameter,
    Peripheral,
    Region,
    Register,
    RegisterArray,
    ResetCause,
    Slots,
    State,
)
from xipsim.peripherals.core.testing import Bench

for family in FAMILIES:
    load(family)
TYPES = [name for name in REGISTRY if name.split(".")[0] in FAMILIES]
PARAMETERS: dict[str, dict[str, Any]] = {"Nor.Chip": {"part": "W25Q64JV"}}
WINDOW = 0x100_0000
DECLARATIONS: tuple[type[Any], ...] = (State, Register, RegisterArray)
ROUNDS, STEPS = 3, 120


class Rig:
    """A model on a bench, with models of the same kind of board around it where it needs some."""

    def __init__(self, name: str) -> None:
        self.bench = Bench(seed=3)
        self.bench.bus.add(0x2000_0000, 0x1_0000)
        self.models: list[Model] = []
        self.model = self.make(name)
        for model in self.models:
            model.connected()
            model.reset(ResetCause.POWER_ON)

    def make(self, name: str) -> Model:
        kind = REGISTRY[name]
        given = dict(PARAMETERS.get(name, {}))
        for parameter in kind.declared(Parameter):
            if parameter.required and issubclass(parameter.kind, Model):
                given[parameter.name] = self.make(parameter.kind.TYPE)
            elif parameter.required and parameter.kind is int:
                given[parameter.name] = 1_000_000
        model = kind(self.bench.system, name=f"m{len(self.models)}", **given)
        for region in kind.declared(Region):
            self.bench.window(model, region.name, 0x6000_0000, WINDOW)  # type: ignore[arg-type]
        for slots in kind.declared(Slots):
            if "chip" in slots.doc:
                getattr(model, slots.name)[0] = self.make("Nor.Chip")
        self.models.append(model)
        return model

    def save(self) -> list[dict[str, Any]]:
        return [model.save() for model in self.models]

    def load(self, saved: list[dict[str, Any]], now: int) -> None:
        self.bench.clock.now = now
        for model, state in zip(self.models, saved, strict=True):
            model.load(state)

    def drive(self, choice: random.Random) -> list[Any]:
        """Random accesses and pauses; everything that could be seen meanwhile."""
        seen: list[Any] = []
        peripherals = [m for m in self.models if isinstance(m, Peripheral) and m.readers]
        for _ in range(STEPS):
            if peripherals and choice.random() < 0.8:
                model = choice.choice(peripherals)
                offset = choice.choice(sorted(model.readers))
                # A model may refuse what no firmware does; then it must do so again.
                try:
                    if choice.random() < 0.6:
                        model.write(offset, self._value(choice))
                    else:
                        seen.append(model.read(offset))
                except Exception as error:
                    seen.append(repr(error))
            else:
                self.bench.clock.advance(10 ** choice.randrange(10))
                seen.append(self.bench.clock.now)
        return seen + [{n: line.level for n, line in m.lines.items()} for m in self.models]

    @staticmethod
    def _value(choice: random.Random) -> int:
        kind = choice.randrange(4)
        if kind == 0:
            return 1 << choice.randrange(32)
        if kind == 1:
            return 0x2000_0000 + choice.randrange(0x1_0000)
        return choice.getrandbits(32) if kind == 2 else choice.randrange(256)


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


DERIVED = {("Imxrt.FlexSpi", "_bounds")}
"""Follows from registers; `load` computes it anew."""
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
    for base in kind.__mro__:
        if base.__module__.startswith(("xipsim.peripherals.core.", "builtins", "typing", "abc")):
            continue
        overrides_save = "save" in vars(base)
        for method, attribute in _assigned(base):
            is_known = attribute in declared or (name, attribute) in DERIVED
            if not (is_known or method in BUILDING or overrides_save):
                strangers.add(f"{base.__name__}.{method}: self.{attribute}")
    assert not strangers


def _assigned(kind: type) -> Iterator[tuple[str, str]]:
    """(method, attribute) of each assignment to an attribute of self."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                match node:
                    case ast.Attribute(value=ast.Name(id="self"), ctx=ast.Store()):
                        yield function.name, node.attr
