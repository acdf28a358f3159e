"""QEMU's own device state, in memory: core, NVIC, SysTick, its timers, virtual time.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

import os

from . import library as q

HEADER = 8
"""Bytes before the device state proper in what QEMU writes: magic and version."""


def save() -> bytes:
    """The state. Call it while standing still."""
    descriptor = os.memfd_create("xipsim-devices")
    channel = q.channel_new(os.dup(descriptor))
    file = q.file_new_output(channel)
    q.save_global_state()
    q.save_devices(file)
    q.file_close(file)
    data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    os.close(descriptor)
    return data


def load(data: bytes) -> int:
    """Put it back; negative if QEMU refuses it."""
    descriptor = os.memfd_create("xipsim-devices")
    os.write(descriptor, data[HEADER:])
    os.lseek(descriptor, 0, os.SEEK_SET)
    file = q.file_new_input(q.channel_new(descriptor))
    result: int = q.load_devices(file)
    q.file_close(file)
    return result
