"""How the guest's accesses reach the models: the same for every engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xipsim.peripherals.core import BusError, Model, Peripheral, Region

from .backend import Read, Write
from .clock import GuestClock

Guard = Callable[[Exception, str, str], None]
"""Receives what a model raised, the model's name, and the access in words."""


def register_access(model: Peripheral, clock: GuestClock, guard: Guard) -> tuple[Read, Write]:
    """What answers at the model's registers. A register costs one dictionary look-up."""
    readers, writers, neutral = model.readers, model.writers, model.NEUTRAL
    narrow_read, narrow_write, name = model.read, model.write, model.name

    def read(_context: Any, offset: int, size: int) -> int:
        if offset not in neutral:
            clock.asked = None
        try:
            if size == 4:
                reader = readers.get(offset)
                if reader is not None:
                    return reader()
            return narrow_read(offset, size)
        except Exception as error:
            guard(error, name, f"read of {size} bytes at offset {offset:#x}")
            return 0

    def write(_context: Any, offset: int, value: int, size: int) -> None:
        if offset not in neutral:
            clock.asked = None
        try:
            if size == 4:
                writer = writers.get(offset)
                if writer is not None:
                    writer(value)
                    return
            narrow_write(offset, value, size)
        except Exception as error:
            guard(error, name, f"write of {value:#x} ({size} bytes) at offset {offset:#x}")

    return read, write


def window_access(
    model: Model, region: Region, clock: GuestClock, guard: Guard
) -> tuple[Read, Write]:
    """What answers in a window where it is not served natively. Both may raise BusError."""
    read_hook = getattr(model, region.read_hook)
    write_hook = getattr(model, region.write_hook, None)
    name = model.name

    def read(_context: Any, offset: int, size: int) -> int:
        clock.asked = None
        try:
            value: int = read_hook(offset, size)
            return value
        except BusError:
            raise
        except Exception as error:
            guard(error, name, f"read of {size} bytes at offset {offset:#x} of {region.name}")
            raise BusError(str(error)) from None

    def write(_context: Any, offset: int, value: int, size: int) -> None:
        clock.asked = None
        if write_hook is None:
            raise BusError(f"{name}: {region.name} takes no stores")
        try:
            write_hook(offset, value, size)
        except BusError:
            raise
        except Exception as error:
            what = f"write of {value:#x} ({size} bytes) at offset {offset:#x} of {region.name}"
            guard(error, name, what)
            raise BusError(str(error)) from None

    return read, write


def tag_access(
    name: str, first: int, value: int, gap: Callable[[str], None]
) -> tuple[Read, Write]:
    """A range with nothing but a name: reads give `value`; `gap` is told of each access."""

    def read(_context: Any, offset: int, size: int) -> int:
        gap(f"{name}: read at {first + offset:#010x}")
        return value & ((1 << 8 * size) - 1)

    def write(_context: Any, offset: int, _value: int, _size: int) -> None:
        gap(f"{name}: write at {first + offset:#010x}")

    return read, write
