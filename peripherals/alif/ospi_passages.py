"""OSPI's part in passages: polls, the words of a page, and what stands before each command.

See `Clock.passage`. One begins behind the start of a receive, and behind a look that has found the
end of a transfer; it leads up to the next start.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from xipsim.peripherals.core import Alarm, FirstTurn, Signal, Start
from xipsim.peripherals.namedtuple import NamedTuple

from .ospi_polls import KEPT, Polls, kept
from .ospi_registers import OspiRegisters

_DR = frozenset(OspiRegisters.DR.offsets)
_SSIENR = OspiRegisters.SSIENR.offset
_FEW = 4
"""Frames in the receive FIFO with which one may begin: a status, not data."""


class _Outcome(NamedTuple):
    """What has changed: the transfer that was under way is over."""

    registers: dict[int, int]
    rx: list[int]
    sent: slice
    """The steps that have written what is in the transmit FIFO."""
    level: bool


class Passages:
    """Implements `Speaker`."""

    FREE, PUSHED, ALSO = frozenset[int](), _DR, frozenset[int]()
    is_under_way = False
    """What accesses start is told at once."""

    def __init__(self, ospi: OspiRegisters, polls: Polls, progress: Alarm) -> None:
        self.model, self._polls = ospi, polls
        self.end: Alarm = progress
        self.line: Signal | None = ospi.IRQ
        self._clock = ospi.system.clock
        self.round, self.again = polls.round, polls.again
        """As of `Speaker`."""

    def begin(self) -> None:
        """One may begin with the next access."""
        self._clock.passage(self)

    def state(self, now: int) -> Hashable | None:
        """As `Speaker.state`. First come the registers."""
        ospi, due = self.model, self.end.deadline
        if ospi.sent or ospi.tx or ospi.window_native or len(ospi.rx) > _FEW:
            return None
        found = kept(ospi.regs), ospi.raised, ospi.overflowing, ospi.IRQ.level, tuple(ospi.rx)
        if not ospi.expected:
            return found if due is None else None
        return (
            *found, ospi.incoming, ospi.expected, ospi.arrived, ospi.lost, ospi.since - now,
            ospi.lead, due and (due - now,), tuple(self._polls.head),
        )  # fmt: skip

    def lets_alarm_wait(self) -> bool:
        """As `Speaker.lets_alarm_wait`: never, as there is `line`."""
        return False

    def start(self, state: Any) -> Start | None:
        """As `Speaker.start`."""
        return None

    def first_turn(self, steps: Sequence[int]) -> FirstTurn | None:
        """As `Speaker.first_turn`: not told."""
        return None

    def enter(self, what: Any, began: int, written: Sequence[int]) -> None:
        """As `Speaker.enter`: no first turn is told."""

    def outcome(
        self, state: Any, bases: Sequence[int], writes: Sequence[tuple[int, int, int]]
    ) -> _Outcome | None:
        """As `Speaker.outcome`."""
        ospi = self.model
        registers, raised, overflowing = state[:3]
        if ospi.sent or ospi.expected or (ospi.raised, ospi.overflowing) != (raised, overflowing):
            return None
        steps: list[int] = []
        for step, offset, value in writes:
            if offset in _DR:
                steps.append(step)
            elif offset == _SSIENR and not value & 1:
                steps.clear()
        first, end = (steps[0], steps[-1] + 1) if steps else (0, 0)
        if not end - first == len(steps) == len(ospi.tx):
            return None
        values = zip(KEPT, kept(ospi.regs), registers, strict=True)
        return _Outcome(
            registers={offset: value for offset, value, before in values if value != before},
            rx=list(ospi.rx),
            sent=slice(first, end),
            level=ospi.IRQ.level,
        )

    def jump(self, outcome: _Outcome, bases: Sequence[int], written: Sequence[int]) -> None:
        """As `Speaker.jump`."""
        registers, rx, sent, level = outcome
        ospi = self.model
        ospi.regs.update(registers)
        ospi.rx[:], ospi.tx[:] = rx, written[sent]
        ospi.incoming, ospi.expected, ospi.arrived, ospi.lost = b"", 0, 0, 0
        ospi.IRQ.set(level)
