"""Snapshots: everything that a machine is, taken and put back while it stands still.

SPDX-License-Identifier: GPL-2.0-or-later

QEMU's part (core, NVIC, SysTick, its timers, virtual time) goes through its own device state; RAM
is kept as the pages that are not zero, and restored by the pages that differ; models say
themselves what they are (`Model.save`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from xipsim.engines.api import SnapshotError
from xipsim.peripherals.core import Model

from . import library as q

if TYPE_CHECKING:
    from .child import Guest

HEADER = 8
"""Bytes before the device state proper in what QEMU writes: magic and version."""


def take(guest: Guest) -> dict[str, Any]:
    """The state of the machine, as plain data."""
    if guest.boot_rom_works:
        raise SnapshotError("the boot ROM is at work; run the machine a little further")
    return {
        "devices": _save_devices(),
        "fp_active": guest.core.fp_active.value,
        "memories": {name: m.save() for name, m in guest.board.memories.items()},
        "models": {name: _saved(model) for name, model in guest.board.models.items()},
        "tags_touched": set(guest.board.tags_touched),
        "clock": guest.clock.save(),
        "host": guest.host.save(),
        "guest": guest.save(),
    }


def _saved(model: Model) -> dict[str, Any]:
    try:
        return model.save()
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        raise SnapshotError(
            f"{model.name} ({model.TYPE}) holds what cannot be saved: {text}"
        ) from None


def put_back(guest: Guest, state: dict[str, Any]) -> None:
    """Make the machine what it was. Call it from the work item."""
    guest.clock.cancel_stall()
    for name, memory in guest.board.memories.items():
        memory.load(state["memories"][name])
    guest.core.fp_active.value = state["fp_active"]
    _load_devices(state["devices"])
    for name, model in guest.board.models.items():
        model.load(state["models"][name])
    guest.board.tags_touched.clear()
    guest.board.tags_touched.update(state["tags_touched"])
    guest.core.settle_interrupts()
    guest.host.load(state["host"])
    guest.load(state["guest"])
    guest.clock.load(state["clock"])


def _save_devices() -> bytes:
    descriptor = os.memfd_create("xipsim-devices")
    channel = q.channel_new(os.dup(descriptor))
    file = q.file_new_output(channel)
    q.save_global_state()
    q.save_devices(file)
    q.file_close(file)
    data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    os.close(descriptor)
    return data


def _load_devices(data: bytes) -> None:
    descriptor = os.memfd_create("xipsim-devices")
    os.write(descriptor, data[HEADER:])
    os.lseek(descriptor, 0, os.SEEK_SET)
    file = q.file_new_input(q.channel_new(descriptor))
    result = q.load_devices(file)
    q.file_close(file)
    if result < 0:
        raise SnapshotError(f"QEMU does not take this device state (error {result})")
