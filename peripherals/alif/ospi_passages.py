"""OSPI's part in passages: polls, the words of a page, and what stands before each command.

See `Clock.passage`. One begins behind the start of a receive, and behind a look that has found the
end of a transfer; it leads up to the next start of what its chip cannot be told later, or to where
the firmware waits.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from xipsim.peripherals.core import Alarm, FirstTurn, Signal, Start, Turn, Written
from xipsim.peripherals.namedtuple import NamedTuple
from xipsim.peripherals.nor.bus import status_question

from .ospi_polls import KEPT, kept
from .ospi_registers import OspiRegisters
from .ospi_transfer import Transfers

_FIRST = OspiRegisters.DR.offsets[0]
_DR = frozenset(OspiRegisters.DR.offsets)
_SSIENR, _SER = OspiRegisters.SSIENR.offset, OspiRegisters.SER.offset
_SINCE = 11
"""When the receive under way has begun, where a state has that."""
_FEW = 4
"""Frames in the receive FIFO with which one may begin: a status, not data."""


class _Outcome(NamedTuple):
    """What has changed. Times are distances from the passage's last base."""

    registers: dict[int, int]
    rx: list[int]
    pushed: slice
    """The steps that have written what is in the transmit FIFO, or is sent."""
    sent_since: int | None
    """When the first of that has begun to be sent; None: it is not."""
    receive: tuple[bytes, int, int, int]
    """What comes in the one under way, how many frames, and how many of them have come and were
    lost."""
    head: list[int] | None
    """What has begun that; None: it was under way before, or is not."""
    received: tuple[int, int, int] | None
    """Of the last one, with which base it has begun, how far behind, and half clocks before its
    first frame; None: there was none."""
    chosen: int
    level: bool


class Passages:
    """Implements `Speaker`."""

    FREE, PUSHED, ALSO = frozenset[int](), _DR, frozenset[int]()
    HELD: tuple[int, ...] = ()

    def __init__(self, ospi: OspiRegisters, transfers: Transfers, progress: Alarm) -> None:
        self.model, self._transfers = ospi, transfers
        self._polls = polls = transfers.polls
        self.end: Alarm = progress
        self.line: Signal | None = ospi.IRQ
        self.pushed = 0
        """The last element of DR that was written."""
        self._writes: Sequence[Written] = ()
        self._seen = 0
        self._steps: list[int] = []
        """Of a passage that is taken down: its writes, as far as was looked at them, and which have
        filled the transmit FIFO since it was last cleared."""
        self._clock = ospi.system.clock
        self.round, self.again = polls.round, polls.again
        """As of `Speaker`."""

    def begin(self) -> None:
        """One may begin with the next access, or go on with it."""
        self._clock.passage(self)

    def state(self, now: int) -> Hashable | None:
        """As `Speaker.state`. First come the registers."""
        ospi, due = self.model, self.end.deadline
        if ospi.sent or ospi.tx or ospi.window_native or len(ospi.rx) > _FEW:
            return None
        found = (
            kept(ospi.regs), ospi.raised, ospi.overflowing, ospi.IRQ.level, tuple(ospi.rx),
            ospi.chosen, tuple([chip.latched for chip in ospi.chips.values()]),
        )  # fmt: skip
        if not ospi.expected:
            return found if due is None else None
        return (
            *found, ospi.incoming, ospi.expected, ospi.arrived, ospi.lost, ospi.since - now,
            ospi.lead, due and (due - now,), tuple(self._polls.head),
        )  # fmt: skip

    def lets_alarm_wait(self) -> bool:
        """As `Speaker.lets_alarm_wait`: never, as there is `line`."""
        return False

    @property
    def is_under_way(self) -> bool:
        """As `Speaker.is_under_way`."""
        ospi = self.model
        return bool(ospi.expected or ospi.sent)

    def start(self, state: Any) -> Start | None:
        """As `Speaker.start`. Transfers begin at once. What the chip is told later as well is one
        entry, the last one that was pushed."""
        ospi = self.model
        entries = self._polls.head if ospi.expected else ospi.sent
        if ospi.tx or (ospi.expected and len(entries) != 1):
            return None
        if len(entries) != 1:
            return Start(0, {})
        entry = entries[0]
        return Start(0, {_FIRST + 4 * self.pushed: (entry, entry, 0)})

    def first_turn(self, steps: Sequence[int]) -> FirstTurn | None:
        """As `Speaker.first_turn`: if it is such a poll, of a chip that tells what it answers."""
        polls = self._polls
        if polls.plain is None or self._transfers.poll_again(polls.head) is None:
            return None
        return FirstTurn(status_question(polls.plain[0]), self.model.regs[_SER])

    def turn(self, what: Any) -> tuple[int | None, Turn]:
        """As `Speaker.turn`: there is `line`."""
        raise NotImplementedError

    def enter(self, what: int, starts: Sequence[int], written: memoryview) -> None:
        """As `Speaker.enter`."""
        self._transfers.select_again(what)

    def carried(self, state: Any, writes: Sequence[Written]) -> None:
        """As `Speaker.carried`: not told."""

    def outcome(
        self, state: Any, bases: Sequence[int], writes: Sequence[Written]
    ) -> _Outcome | None:
        """As `Speaker.outcome`."""
        ospi, base = self.model, bases[-1]
        registers, raised, overflowing = state[:3]
        is_fresh = len(state) <= _SINCE or ospi.since - bases[0] != state[_SINCE]
        if (ospi.raised, ospi.overflowing) != (raised, overflowing):
            return None
        steps, held = self._filled(writes), len(ospi.sent) + len(ospi.tx)
        steps = steps[len(steps) - held :]
        first, end = (steps[0], steps[-1] + 1) if steps else (0, 0)
        if not end - first == len(steps) == held:
            return None
        values = zip(KEPT, kept(ospi.regs), registers, strict=True)
        return _Outcome(
            registers={offset: value for offset, value, before in values if value != before},
            rx=list(ospi.rx),
            pushed=slice(first, end),
            sent_since=self._transfers.sent_since - base if ospi.sent else None,
            receive=(ospi.incoming, ospi.expected, ospi.arrived, ospi.lost),
            head=self._polls.head if ospi.expected and is_fresh else None,
            received=_behind(bases, ospi.since, ospi.lead),
            chosen=ospi.chosen,
            level=ospi.IRQ.level,
        )

    def _filled(self, writes: Sequence[Written]) -> list[int]:
        """The steps that have filled the transmit FIFO. The writes of one passage are one list that
        grows: each access asks, and a page has some 300."""
        if writes is not self._writes:
            self._writes, self._seen, self._steps = writes, 0, []
        seen, self._seen, steps = self._seen, len(writes), self._steps
        for step, offset, value in writes[seen:]:
            if offset in _DR:
                steps.append(step)
            elif offset == _SSIENR and not value & 1:
                steps.clear()
        return steps

    def jump(self, outcome: _Outcome, bases: Sequence[int], written: memoryview) -> None:
        """As `Speaker.jump`."""
        registers, rx, pushed, sent_since, receive, head, received, chosen, level = outcome
        ospi = self.model
        ospi.regs.update(registers)
        ospi.rx[:] = rx
        if sent_since is None:
            ospi.tx[:] = written[pushed]
        else:
            ospi.tx.clear()
            self._transfers.send_since(list(written[pushed]), bases[-1] + sent_since)
        ospi.incoming, ospi.expected, ospi.arrived, ospi.lost = receive
        if head is not None:
            self._polls.receives(head)
        if received is not None:
            base, distance, ospi.lead = received
            ospi.since = bases[base] + distance
        ospi.chosen = chosen
        ospi.IRQ.set(level)


def _behind(bases: Sequence[int], since: int, lead: int) -> tuple[int, int, int] | None:
    """As `_Outcome.received`."""
    for number in range(len(bases) - 1, -1, -1):
        if bases[number] <= since:
            return number, since - bases[number], lead
    return None
