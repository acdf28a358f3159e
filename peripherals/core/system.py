"""What a machine hands to each of its models: virtual time, and the other ports by their names."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Protocol

from xipsim.peripherals.fixed import Fixed

from .passages import Speaker
from .ports import Alarm, Bus, ResetCause, Turn
from .trace import Trace

if TYPE_CHECKING:
    from random import Random


class Clock(Protocol):
    """Virtual time."""

    @property
    def now(self) -> int:
        """Virtual ns."""

    def alarm(self, callback: Callable[[], None]) -> Alarm:
        """A new alarm, off, that will call `callback`."""

    def question(
        self,
        key: Hashable,
        until: int | None = None,
        *,
        after: int = 0,
        turn: Callable[[], Turn] | None = None,
    ) -> int:
        """Say, inside an access, that the firmware asked `key`.

        Firmware that polls asks the same question again and again. The engine may let such an
        access take time, at most up to `until` (when the answer changes by itself), so that
        waiting costs nothing. What else happens in time is unaffected: the first polls of each
        wait are made, and with another `until` the firmware waits for something else. No access
        takes time before the firmware has asked for `after` ns: where short waits have to be exact.
        Returns the time at which the access is over, before which the core executes nothing: what
        counts answers as of then, so that what is looked at next is not newer by the wait.

        turn: where one poll is like the other until `until`, describes a turn of the loop: the
        engine may make some by itself, once it has seen one. Ask when all else is done.
        """

    def take(self, until: int) -> int:
        """Say, inside an access, that the firmware looks in vain until `until`, microseconds ahead.

        The engine may let the access last so long, but not beyond the next alarm. Returns the time
        as of which to answer: the core executes nothing before it. `now` may still be earlier.
        """

    def passage(self, speaker: Speaker) -> None:
        """Say, at the end of an access, that what the firmware does from now on may be what it has
        done before, with the same answers: the engine may give them by itself, and let the model
        jump to where it would be then."""

    def acts(
        self, later: Callable[..., object] | None = None, sets: Alarm | None = None
    ) -> None:
        """Say that the access under way changes more than registers and state of its model: an
        output, another alarm than a `Speaker` has for that, something outside.

        later: does that as well, if it is called at another time with the clock at this one, as
        long as nothing else has happened meanwhile.

        sets: an alarm that it sets, of another model. To do that it is given what that is told, see
        `Speaker.carried`.
        """

    def lasts(self, until: int) -> None:
        """Say that the access under way ends at `until`: the bus makes the core wait.

        Alarms come in their time meanwhile.
        """


class System(Fixed):
    """Everything that a machine hands to each of its models."""

    clock: Clock
    bus: Bus
    trace: Trace
    request_reset: Callable[[ResetCause], None]
    """Reset the microcontroller after the access under way."""
    power_off: Callable[[str], None]
    """The board has switched itself off; the argument says why, for people."""
    stuck: Callable[[str], None]
    """The firmware will never come out of this: end the run. The argument says why, for people;
    call `diagnose` as well."""
    pc: Callable[[], int | None]
    """Program counter of the access under way, for diagnostics only; None outside one."""
    seed: int = 0

    def random(self, name: str) -> Random:
        """A generator of its own for `name`, the same in every run with the same seed."""
        from random import Random  # for a millisecond; a user's process never draws

        return Random(f"{self.seed}/{name}")
