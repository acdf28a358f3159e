"""Accesses that no firmware means, of any width and alignment, for every model on the bus."""

from __future__ import annotations

import random
from typing import Any

from model_rig import TYPES, WINDOW, Rig

from xipsim.peripherals.core import (
    REGISTRY,
    BusError,
    Model,
    Peripheral,
    Read,
    Region,
    ResetCause,
    Write,
    accessors,
)

RAM, RAM_SIZE = 0x2000_0000, 0x1_0000
WIDTHS = (1, 2, 4, 4, 4, 8)
"""Bytes of an access. Most are words, as only those reach most registers' behaviour."""
ALARMS = 20
"""That may fire in one pause: an alarm every other nanosecond is a slow machine, and no bug."""
ON_THE_BUS = [name for name in TYPES if issubclass(REGISTRY[name], Peripheral)]


class Raised(Exception):
    """What a model raised in an access, and which access that was."""


class Target:
    """A model on a bench, accessed as an engine does it. given: parameters of it."""

    def __init__(self, name: str, **given: Any) -> None:
        self._rig = Rig(name, **given)
        self.model = self._rig.model
        assert isinstance(self.model, Peripheral)
        self._places = [(self.model.SIZE, *accessors(self.model, _Asked(), _refuse))]
        for region in self.model.declared(Region):
            self._places.append((WINDOW, *_window(self.model, region)))
        self._offsets = sorted(self.model.regs) or [0]

    def accesses(self, choice: random.Random, count: int) -> None:
        """Do so many, with pauses and resets in between. Raised, by the first that raises."""
        for _ in range(count):
            size, read, write = choice.choice(self._places)
            width = choice.choice(WIDTHS)
            offset = self._offset(choice, size, width)
            if choice.random() < 0.6:
                write(None, offset, _value(choice) & ((1 << 8 * width) - 1), width)
            else:
                value = read(None, offset, width)
                if not 0 <= value < 1 << 8 * width:
                    raise Raised(f"{offset:#x}, {width} bytes: reads {value:#x}")
            if choice.random() < 0.05:
                self._pause(10 ** choice.randrange(10))
        self._tidy()

    def _offset(self, choice: random.Random, size: int, width: int) -> int:
        kind = choice.randrange(8)
        if kind < 5:
            offset = choice.choice(self._offsets)
        elif kind == 5:
            offset = choice.choice(self._offsets) + choice.randrange(-3, 4)
        else:
            offset = choice.randrange(size)
        return min(max(offset, 0), size - width)

    def _pause(self, duration: int) -> None:
        clock = self._rig.bench.clock
        end = clock.now + duration
        for _ in range(ALARMS):
            due = [a.deadline for a in clock.alarms if a.deadline is not None]
            if not due or min(due) > end:
                clock.advance(max(0, end - clock.now))
                return
            clock.advance(max(0, min(due) - clock.now))

    def _tidy(self) -> None:
        """What an engine would do, or fold, by now."""
        bench = self._rig.bench
        if bench.resets:
            for model in self._rig.models:
                model.reset(ResetCause.SOFTWARE)
        for said in (bench.resets, bench.power_offs, bench.stuck, bench.clock.questions):
            said.clear()
        for told in (bench.commands, bench.diagnostics, bench.gaps, bench.notes):
            told.clear()


class _Asked:
    """Takes questions."""

    asked: Any = None

    def question(self, key: Any, until: int | None = None) -> None:
        """There is no engine that would let time pass."""


def _refuse(error: BaseException, what: str) -> None:
    """A bus error is an answer, too."""
    if not isinstance(error, BusError):
        raise Raised(f"{what}: {type(error).__name__}: {error}") from error


def _window(model: Model, region: Region) -> tuple[Read, Write]:
    read_hook, name = getattr(model, region.read_hook), region.name
    write_hook = getattr(model, region.write_hook, None)

    def read(_: object, offset: int, size: int) -> int:
        try:
            value: int = read_hook(offset, size)
            return value
        except Exception as error:
            _refuse(error, f"read of {size} bytes at {offset:#x} of {name}")
            return 0

    def write(_: object, offset: int, value: int, size: int) -> None:
        try:
            if write_hook:
                write_hook(offset, value, size)
        except Exception as error:
            _refuse(error, f"write of {value:#x}, {size} bytes, at {offset:#x} of {name}")

    return read, write


def _value(choice: random.Random) -> int:
    kind = choice.randrange(6)
    if kind == 0:
        return 1 << choice.randrange(64)
    if kind == 1:
        return RAM + choice.randrange(RAM_SIZE)
    if kind == 2:
        return choice.choice((0, 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF, 0x7FFF_FFFF, 0x8000_0000))
    return choice.getrandbits(64) if kind == 3 else choice.randrange(256)
