"""Makes turns of a waiting loop in QEMU's process, by `turns.c`.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ctypes import c_int64, c_void_p, py_object
from typing import Any

from . import library as q
from . import shim

MOST_TURNS = 256
"""As in turns.c."""


class QemuTurner:
    """Implements `shortcuts.Turner`. nvic: QEMU's."""

    def __init__(self, nvic: int) -> None:
        shim.data(c_void_p, "xipsim_nvic").value = nvic
        self._stall = shim.data(c_int64 * 4, "xipsim_stall")
        self._turns = shim.data(c_int64 * MOST_TURNS, "xipsim_turns")
        self._due = shim.data(c_int64 * MOST_TURNS, "xipsim_turns_due")
        self._stop: Callable[[], int] = shim.bound_at(b"read", "xipsim_turns_stop", 0)

    def connect(self, timer: Any, made: Callable[[], None]) -> None:
        """As `Turner.connect`."""
        shim.data(c_void_p, "xipsim_stall_timer").value = timer.pointer
        shim.data(py_object, "xipsim_stall_over").value = timer.callback
        shim.data(py_object, "xipsim_turns_made").value = q.keep(made)

    def begin(self, end: int, lag: int, until: int, sight: int) -> None:
        """As `Turner.begin`."""
        self._stall[:] = (end, lag, until, sight)

    def stop(self) -> tuple[Sequence[int], Sequence[int]]:
        """As `Turner.stop`."""
        made = self._stop()
        return (self._turns[:made], self._due[:made]) if made else ((), ())
