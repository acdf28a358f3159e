"""A model on a bench, with the models around it that it needs; every model that can be named."""

from __future__ import annotations

import random
from typing import Any

from xipsim.peripherals import FAMILIES, load
from xipsim.peripherals.core import (
    REGISTRY,
    Model,
    Parameter,
    Peripheral,
    Region,
    ResetCause,
    Slots,
)
from xipsim.peripherals.core.testing import Bench

for family in FAMILIES:
    load(family)
TYPES = [name for name in REGISTRY if name.split(".")[0] in FAMILIES]
PARAMETERS: dict[str, dict[str, Any]] = {
    "I2c.Pins": {"scl_pin": 3, "sda_pin": 2},
    "Nor.Chip": {"part": "W25Q64JV"},
    "Wiring.Wire": {"pin": 1, "other_pin": 2},
}
IN_SLOTS = {"chips": "Nor.Chip", "port": "Usb.Host", "peer": "Alif.SecureEnclave"}
"""Who stands in a slot that names no class, by the slot's name."""
WINDOW = 0x100_0000
STEPS = 120
SIZES = (4, 4, 4, 4, 2, 1)
"""Most accesses are of words."""


class Rig:
    """A model on a bench, with all the models around it that it can have: one of each type.

    given: parameters of it.
    """

    def __init__(self, name: str, **given: Any) -> None:
        self.bench = Bench(seed=3)
        self.bench.bus.add(0x2000_0000, 0x1_0000)
        self.models: list[Model] = []
        self._parts: dict[str, Model] = {}
        self.model = self.make(name, **given)
        for model in self.models:
            model.connected()
            model.reset(ResetCause.POWER_ON)

    def make(self, name: str, **given: Any) -> Model:
        kind = REGISTRY[name]
        given = PARAMETERS.get(name, {}) | given
        for parameter in kind.declared(Parameter):
            if issubclass(parameter.kind, Model):
                given[parameter.name] = self._part(self._concrete(parameter.kind))
            elif parameter.required and parameter.kind is int:
                given.setdefault(parameter.name, 1_000_000)
        model = kind(self.bench.system, name=f"m{len(self.models)}", **given)
        for region in kind.declared(Region):
            self.bench.window(model, region.name, 0x6000_0000, WINDOW)  # type: ignore[arg-type]
        for slots in kind.declared(Slots):
            if slots.kind is not object or slots.name in IN_SLOTS:
                part = IN_SLOTS.get(slots.name) or self._concrete(slots.kind)
                getattr(model, slots.name)[0] = self._part(part)
        self.models.append(model)
        return model

    def _part(self, name: str) -> Model:
        if name not in self._parts:
            self._parts[name] = self.make(name)
        return self._parts[name]

    @staticmethod
    def _concrete(kind: type[Model]) -> str:
        """The first type that can be named and is a `kind`."""
        return next(name for name in TYPES if issubclass(REGISTRY[name], kind))

    def save(self) -> list[dict[str, Any]]:
        return [model.save() for model in self.models]

    def load(self, saved: list[dict[str, Any]], now: int) -> None:
        self.bench.clock.now = now
        for model, state in zip(self.models, saved, strict=True):
            model.load(state)

    def drive(self, choice: random.Random) -> list[Any]:
        """Random accesses and pauses; everything that could be seen meanwhile."""
        seen: list[Any] = []
        peripherals = [m for m in self.models if isinstance(m, Peripheral) and m.regs]
        for _ in range(STEPS):
            if peripherals and choice.random() < 0.8:
                model = choice.choice(peripherals)
                offset, size = choice.choice(sorted(model.regs)), choice.choice(SIZES)
                # A model may refuse what no firmware does; then it must do so again.
                try:
                    if choice.random() < 0.6:
                        model.write(offset, self._value(choice) % (1 << 8 * size), size)
                    else:
                        seen.append(model.read(offset, size))
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
