"""Plays passages in QEMU's process, by `passages.c`.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ctypes import Structure, addressof, c_int64, c_uint, c_uint32, c_uint64, c_void_p, py_object
from itertools import takewhile
from typing import Any

from xipsim.engines.guest.shortcuts import Again, Played, Step

from . import library as q
from . import shim

MOST_STEPS, MOST_STARTS, MOST_HELD = 256, 16, 1
NEVER_MIND, NEVER = -1, 2**63 - 1
LINE = {None: 0, False: 1, True: 2}


class _Step(Structure):
    _fields_ = (
        *((name, c_uint32) for name in ("is_write", "offset", "value", "least", "most", "alike")),
        *((name, c_uint32) for name in ("given", "took", "line", "disarms", "late", "is_watched")),
        ("since", c_int64),
        ("rested", c_int64),
        ("arms", c_int64),
        ("sets", c_void_p),
        ("for_ns", c_int64),
        ("hides", c_void_p),
    )


def _words(name: str, count: int) -> memoryview:
    """What the shim calls so, numbers of 32 bits."""
    return memoryview(shim.data(c_uint32 * count, name)).cast("B").cast("I")


def _script(
    values: dict[int, int],
    steps: Sequence[Step],
    again: Again | None,
    line: Any,
    timer: Any,
    then: Structure | None,
) -> Structure:
    class Script(Structure):
        _fields_ = (
            ("values", c_void_p),
            ("length", c_uint64),
            ("offset", c_uint64),
            ("value", c_uint64),
            ("due", c_int64),
            ("driven", c_uint64),
            ("rested", c_int64),
            ("next", c_void_p),
            ("late", c_uint32),
            ("line", c_void_p),
            ("timer", c_void_p),
            ("steps", _Step * len(steps)),
        )

    length = len(list(takewhile(_can_make, steps)))
    offset, value, given, level, due, rested = again or (0, 0, (), None, None, None)
    script = Script(
        id(values), length, offset, value, NEVER_MIND if due is None else due, LINE[level],
        NEVER_MIND if rested is None else rested, then and addressof(then), 0,
        line and line.pointer, timer.pointer,
    )  # fmt: skip
    for number, (into, step) in enumerate(zip(script.steps, steps, strict=True)):
        into.is_write, into.offset, into.value = step.is_write, step.offset, step.value
        into.least, into.most, into.alike = step.allowed
        into.given = number in given
        into.took = step.took
        into.since = NEVER_MIND if step.since is None else step.since
        into.rested = NEVER if step.rested is None else step.rested
        into.line, into.disarms = LINE[step.level], step.disarms
        into.arms = NEVER_MIND if step.arms is None else step.arms
        if step.sets is not None:
            other: Any = step.sets[0]
            into.sets, into.for_ns = other.pointer, step.sets[1]
        into.hides = flags[0] if (flags := _flags(step)) else None
    return script


def _flags(step: Step) -> list[int | None]:
    """Of what it hides, where QEMU keeps whether it is hidden."""
    segments: Any = step.hides
    return [segment.flag for segment in segments]


def _can_make(step: Step) -> bool:
    flags = _flags(step)
    return len(flags) <= 1 and None not in flags


class QemuPlayer:
    """Implements `shortcuts.Player`."""

    def __init__(self) -> None:
        self._recording = shim.data(c_uint, "xipsim_recording")
        self._recordings = 0
        self._scripts: list[Structure] = []
        self._written = _words("xipsim_written", 2 * MOST_STEPS + MOST_HELD)
        self._pc = _words("xipsim_pc", 1)
        self._broken = shim.data(c_void_p, "xipsim_broken")
        self._rounds = shim.data(c_uint32, "xipsim_rounds")
        self._begun = _words("xipsim_begun", 1)
        starts = shim.data(c_int64 * MOST_STARTS, "xipsim_starts")
        self._starts = memoryview(starts).cast("B").cast("q")
        self._stop: Callable[[], int] = shim.bound_at(b"read", "xipsim_stop", 0)

    def use(self, cpu: int) -> None:
        """Of this core's accesses."""
        shim.data(c_void_p, "xipsim_cpu").value = cpu

    def connect(
        self,
        ended: Callable[[], None],
        goes_on: Callable[[int, bool, int], None],
        accessed: Callable[[object, int, int, bool, int], None],
    ) -> None:
        """Who is told."""
        shim.data(py_object, "xipsim_passage_ended").value = q.keep(ended)
        shim.data(py_object, "xipsim_passage_goes_on").value = q.keep(goes_on)
        shim.data(py_object, "xipsim_accessed").value = q.keep(accessed)

    def record(self, on: bool) -> None:
        """Tell of each access that begins from now on."""
        self._recordings += on
        self._recording.value = self._recordings if on else 0

    def compile(
        self,
        values: dict[int, int],
        steps: Sequence[Step],
        again: Again | None,
        line: Any,
        timer: Any,
        then: Any = None,
    ) -> tuple[Callable[[int], None], Any]:
        """A function that begins to play, given the time; and the script."""
        script = _script(values, steps, again, line, timer, then)
        self._scripts.append(script)
        play: Callable[[int], None] = shim.bound_at(b"move", "xipsim_play", addressof(script))
        return play, script

    def repeat(self, times: int) -> None:
        """Let what has just begun begin again so often."""
        self._rounds.value = times

    def hold(self, number: int, value: int) -> None:
        """A register holds that as the passage begins."""
        self._written[-1 - number] = value

    def expect(self, values: dict[int, int] | None) -> None:
        """Ask whether a passage goes on at the next access to these registers; None: at none."""
        self._broken.value = None if values is None else id(values)

    def forget(self) -> None:
        """Nothing that was compiled will be played any more."""
        self._scripts.clear()

    def stop(self) -> Played:
        """Expect no step any more."""
        starts = self._starts[: self._begun[0]].tolist()
        return self._stop(), self._written, starts, self._pc[0]
