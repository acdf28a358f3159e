"""QEMU's own device state, in memory: core, NVIC, SysTick, its timers, virtual time.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

import ctypes
import os

from . import library as q

HEADER = 8
"""Bytes before the device state proper in what QEMU writes: magic and version."""
PART = 0x1_0000


def save() -> bytes:
    """The state. Call it while standing still."""
    channel = q.buffer_new(0)
    file = q.file_new_output(channel)
    q.save_global_state()
    q.save_devices(file)
    q.file_flush(file)
    data = _written(channel)
    q.file_close(file)
    return data


def _written(channel: int) -> bytes:
    """All that went into a channel that is a buffer."""
    q.channel_seek(channel, 0, os.SEEK_SET, q.error_fatal)
    parts, part = [], ctypes.create_string_buffer(PART)
    while (length := q.channel_read(channel, part, PART, q.error_fatal)) > 0:
        parts.append(part.raw[:length])
    return b"".join(parts)


def load(data: bytes) -> int:
    """Put it back; negative if QEMU refuses it."""
    channel = q.buffer_new(len(data))
    q.channel_write(channel, data[HEADER:], len(data) - HEADER, q.error_fatal)
    q.channel_seek(channel, 0, os.SEEK_SET, q.error_fatal)
    file = q.file_new_input(channel)
    result: int = q.load_devices(file)
    q.file_close(file)
    return result
