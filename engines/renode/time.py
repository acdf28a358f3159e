"""Virtual time in Renode; implements `timesource.TimeSource`.

All timers share one of Renode's clock entries, since Renode looks at every entry whenever time
moves on. A core that is held executes nothing while time goes to the next timer: Renode skips its
instructions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xipsim.engines.guest.timesource import Timer

from .calls import Host

HEARTBEAT = 10_000_000
"""Virtual ns that a core is held for at once where nothing is due."""


class RenodeTimer:
    """A one-shot timer."""

    __slots__ = ("_time", "callback")

    def __init__(self, time: RenodeTime, callback: Callable[[], None]) -> None:
        self._time, self.callback = time, callback

    def arm(self, due: int) -> None:
        """Fire at `due`, or at once."""
        self._time.put_on(self, due)

    def disarm(self) -> None:
        """Do not fire."""
        self._time.take_off(self)


class RenodeTime:
    """Virtual time."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.read: Callable[[], int] = host.now
        self._timers: dict[RenodeTimer, int] = {}
        """When those that are on fire, in the order in which they were armed: they are few."""
        self._armed: int | None = None
        self._held = False
        self.is_about_to_stand = False
        """The machine will stand still before anything else happens, and the core may go on then:
        what Renode has been told to skip cannot be taken back."""
        self._skipped = 0
        """Until when a held core has been told to execute nothing."""

    def timer(self, callback: Callable[[], None], **_kind: bool) -> RenodeTimer:
        """A timer, off."""
        return RenodeTimer(self, callback)

    def put_on(self, timer: RenodeTimer, due: int) -> None:
        """A timer is armed."""
        self._timers.pop(timer, None)
        self._timers[timer] = due
        if self._armed is None or due < self._armed:
            self._arm(due)

    def take_off(self, timer: RenodeTimer) -> None:
        """A timer is not armed any more."""
        self._timers.pop(timer, None)

    def _arm(self, due: int) -> None:
        self._armed = due
        self._host.arm(due)

    def _first(self) -> int | None:
        """When the first timer fires."""
        return min(self._timers.values(), default=None)

    def fire(self) -> None:
        """Renode's clock entry has come: call what is due."""
        self._armed = None
        now = self.read()
        while (first := self._first()) is not None and first <= now:
            timer = next(t for t, due in self._timers.items() if due == first)
            self.take_off(timer)
            timer.callback()
        self.move_on()
        dues = [due for due in (self._first(), self._end_of_skip(now)) if due is not None]
        if dues and (self._armed is None or min(dues) < self._armed):
            self._arm(min(dues))

    def _end_of_skip(self, now: int) -> int | None:
        """When a held core has to be told to skip on; the clock may come before that."""
        return self._skipped if self._held and now < self._skipped else None

    def next_alarm(self, now: int, most: int, hidden: Mapping[Timer, int]) -> int:
        """ns until the first timer fires, Renode's own included, at most `most`."""
        dues = [due for timer, due in self._timers.items() if timer not in hidden]
        ours = max(0, min(dues) - now) if dues else most
        theirs: int = self._host.next_of_renode()
        return min(ours, theirs, most)

    # -- a core that executes nothing ------------------------------------------------------------

    def hold(self) -> None:
        """The core executes nothing after the access under way."""
        self._held = True
        self.move_on()

    halt = hold

    def skip(self, span: int) -> bool:
        """Renode skips instructions between accesses, not within one."""
        return False

    def skip_to(self, timer: Timer, time: int) -> bool:
        """Likewise."""
        return False

    def release(self) -> None:
        """The core goes on."""
        self._held = False

    def move_on(self) -> None:
        """If the core is held, let time go to the next timer."""
        if not self._held or self.is_about_to_stand or (now := self.read()) < self._skipped:
            return
        first = self._first()
        self._skipped = now + HEARTBEAT if first is None else max(first, now + 1)
        self._host.skip_to(self._skipped)
        if self._armed is None or self._skipped < self._armed:
            self._arm(self._skipped)
