"""Tells whether files have changed, by what Linux notes of folders (inotify(7))."""

from __future__ import annotations

import ctypes
import os

CHANGED = 0x2 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200
"""IN_MODIFY, IN_CLOSE_WRITE, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE"""
ROOM = 1 << 16
_libc = ctypes.CDLL(None, use_errno=True)


class Watched:
    """The files of a folder, and of those in it, whose names end like that. OSError."""

    def __init__(self, folder: str, ends: tuple[str, ...]) -> None:
        self._ends = tuple(end.encode() + b"\0" for end in ends)
        self._notes = _checked(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._has_changed = False
        for place, _, _ in os.walk(folder, followlinks=True):
            _checked(_libc.inotify_add_watch(self._notes, os.fsencode(place), CHANGED))

    def have_changed(self) -> bool:
        """Whether one of them has since this was made."""
        try:
            while not self._has_changed and (notes := os.read(self._notes, ROOM)):
                self._has_changed = any(end in notes for end in self._ends)
        except BlockingIOError:
            pass
        return self._has_changed


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
