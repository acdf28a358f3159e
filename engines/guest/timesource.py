"""Virtual time, as an engine gives it to the models' end. In ns since power-on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol


class Timer(Protocol):
    """A one-shot timer on the virtual clock, made with its callback."""

    @property
    def arm(self) -> Callable[[int], None]:
        """Fire at that time, or at once if it has passed; again moves it."""

    @property
    def disarm(self) -> Callable[[], None]:
        """Do not fire."""


class TimeSource(Protocol):
    """Virtual time, and the core's part in it."""

    @property
    def read(self) -> Callable[[], int]:
        """Tells the virtual ns; exactly, also in the middle of an access."""

    def timer(
        self,
        callback: Callable[[], None],
        *,
        is_hidden: bool = False,
        is_patient: bool = False,
    ) -> Timer:
        """A timer, off. is_hidden: it is the engine's own, and the guest cannot notice it.
        is_patient: that one of these which may fire late where a core in thread mode sleeps, or
        stalls."""

    def next_alarm(self, now: int, most: int, hidden: Mapping[Timer, int]) -> int:
        """ns until the first timer fires, the core's own (SysTick) included, at most `most`.

        hidden: armed timers, with their times, that do not count.
        """

    def hold(self) -> None:
        """The core executes nothing after the access under way; time goes on."""

    def skip(self, span: int) -> bool:
        """In an access, or before an instruction: let it be `span` ns later, unless a timer fires
        before or the engine cannot do that: False."""

    def skip_to(self, timer: Timer, time: int) -> bool:
        """In an access: let it be `time`, for which `timer` is set, and switch it off; False, and
        nothing, where something else comes by then, or the engine cannot do that."""

    def halt(self) -> None:
        """While standing still: the core executes nothing when that is over; time goes on."""

    def release(self) -> None:
        """The core goes on."""

    def move_on(self) -> None:
        """The core is held, and a timer was set or has fired: time may go to the next one."""
