"""Virtual time in QEMU: timers, and a core that stands still while time goes on.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ctypes import c_int64

from xipsim.engines.guest.timesource import Timer

from . import library as q
from . import shim


class QemuTimer:
    """A timer on the virtual clock; implements `timesource.Timer`."""

    __slots__ = ("arm", "callback", "disarm", "pointer")

    def __init__(
        self, callback: Callable[[], None], is_hidden: bool, is_patient: bool = False
    ) -> None:
        self.pointer, self.callback = timer, _ = q.new_structure(), q.keep(callback)
        q.timer_init(timer, None, q.CLOCK_VIRTUAL, 1, 0, shim.call, self.callback)
        if is_patient:
            shim.be_patient(timer)
        elif is_hidden:
            shim.hide(timer)
        self.arm: Callable[[int], None] = shim.bound(b"move", q.timer_mod, timer)
        self.disarm: Callable[[], None] = shim.bound(b"act", q.timer_del, timer)


def _find_offset(read: Callable[[], int]) -> c_int64 | None:
    """Where QEMU keeps what it adds to the time of the instructions executed.

    Its place in the structure differs from version to version, so it is found by what it does: of
    all that is kept there, it alone moves the clock by as much as it is changed: a count of
    instructions moves it by twice as much. The step is even, so that no lock there looks taken.
    """
    step = 2
    for index in range(q.TIMERS_STATE_WORDS):
        word = c_int64.from_address(q.timers_state + 8 * index)
        before = read()
        word.value += step
        moved = read() - before
        word.value -= step
        if moved == step:
            return word
    return None


class QemuTime:
    """Implements `timesource.TimeSource`; `bind` before anything runs."""

    hold: Callable[[], None]
    """In an access: the core executes nothing after it."""
    release: Callable[[], None]
    """The core goes on."""
    move_on: Callable[[], None]
    """Let time go to the next alarm.

    QEMU moves time on when it finds the core idle. A work item makes it do so in the vCPU's own
    thread; the main loop would take several changes of thread for the same."""

    def __init__(self) -> None:
        self._cpu: int | None = None
        self.read: Callable[[], int] = shim.bound(b"read", q.clock_ns, q.CLOCK_VIRTUAL)
        self._nearest: Callable[[], int] = shim.bound_at(b"read", "xipsim_nearest", q.CLOCK_VIRTUAL)
        """ns until the first timer fires, negative if there is none."""
        self._nudge = QemuTimer(self._nudged, is_hidden=True)
        self._nudged_at: int | None = None
        self._skip: Callable[[int], int] | None = None
        self._skip_to: dict[Timer, Callable[[int], int]] = {}

    def bind(self, cpu: int) -> None:
        """The core whose time it is."""
        self._cpu = cpu
        self.hold = shim.bound(b"act", q.cpu_stop_current, 0)
        self.release = shim.bound(b"act", q.cpu_resume, cpu)
        self.move_on = shim.bound_at(b"act", "xipsim_move_on", cpu)

    def be_ready(self) -> None:
        """Within an access: find out how to let time go on."""
        offset = _find_offset(self.read)
        if offset is not None and self._cpu is not None:
            self._skip = shim.bound_skip(self._cpu, offset)

    def timer(
        self,
        callback: Callable[[], None],
        *,
        is_hidden: bool = False,
        is_patient: bool = False,
    ) -> QemuTimer:
        """A timer, off."""
        return QemuTimer(callback, is_hidden, is_patient)

    def next_alarm(self, now: int, most: int, hidden: Mapping[Timer, int]) -> int:
        """ns until the first timer fires, QEMU's own included, at most `most`."""
        deadline = self._nearest()
        if not 0 <= deadline < most:
            return most
        if self._nudged_at is not None:
            hidden = {**hidden, self._nudge: self._nudged_at}
        first = now + deadline
        for time in hidden.values():
            if time <= first:
                break
        else:
            return deadline
        # The first one does not count: look behind those.
        for timer in hidden:
            timer.disarm()
        deadline = self._nearest()
        for timer, time in hidden.items():
            timer.arm(time)
        return min(deadline, most) if deadline >= 0 else most

    def skip(self, span: int) -> bool:
        """Let it be `span` ns later, unless a timer fires before: False."""
        if self._skip is None:
            self.be_ready()
        return self._skip is not None and span < 2**31 and self._skip(span) != 0

    def skip_to(self, timer: Timer, time: int) -> bool:
        """As `TimeSource.skip_to`."""
        skip = self._skip_to.get(timer)
        if skip is None:
            assert isinstance(timer, QemuTimer)
            skip = self._skip_to[timer] = shim.bound_at(b"pass", "xipsim_skip_to", timer.pointer)
        return skip(time) != 0

    def halt(self) -> None:
        """While standing still: the core executes nothing when that is over."""
        self.hold()
        # QEMU takes notice when no work is left, but before that it looks after its alarms.
        self._nudged_at = self.read()
        self._nudge.arm(self._nudged_at)

    def _nudged(self) -> None:
        self._nudged_at = None
        self.move_on()
