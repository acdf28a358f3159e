"""Receives from a busy chip: firmware polls its status."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter

from xipsim.peripherals.core import Alarm, Register, Turn
from xipsim.peripherals.nor.bus import SpiDevice, status_question

from .ospi_registers import OspiRegisters

_SER = OspiRegisters.SER.offset
KEPT = tuple(r.offset for r in OspiRegisters.declared(Register) if r.neutral)
"""The registers that firmware changes in a loop that polls a chip."""
kept = itemgetter(*KEPT)
"""Their values."""


class Polls:
    """Lets the engine know what a poll is. progress: the alarm of transfers."""

    def __init__(self, ospi: OspiRegisters, progress: Alarm) -> None:
        self._ospi, self._progress = ospi, progress
        self._clock = ospi.system.clock
        self.head: list[int] = []
        """The entries that have begun the last receive."""
        self.plain: tuple[SpiDevice, int] | None = None
        """The last receive, if it is a poll that is like the next one: the chip, which answers the
        same, and the ns to the alarm."""

    def read(
        self,
        chips: Sequence[SpiDevice],
        exchange: Callable[[], bytes],
        head: list[int],
        change: int,
    ) -> bytes:
        """A cycle that reads. From a busy chip that can only be a poll of its status.

        change: ns from now to the alarm, if the receive FIFO is empty.
        """
        self.receives(head)
        busy = [(chip, chip.busy_until) for chip in chips if chip.busy]
        answer = exchange()
        for chip, until in busy:
            turn = partial(self._turn, chip) if len(busy) == 1 and chip.repeats else None
            if turn is not None and len(chips) == 1 and not self._ospi.rx:
                self.plain = chip, change
            self._clock.question(status_question(chip), until=until, turn=turn)
        return answer

    def receives(self, head: list[int]) -> None:
        """Something else than a busy chip's status is received, which these entries have begun."""
        self.head, self.plain = head, None

    def _turn(self, chip: SpiDevice) -> Turn:
        ospi = self._ospi
        flags = ospi.raised, ospi.overflowing, ospi.chosen
        state = (kept(ospi.regs), tuple(ospi.tx), tuple(ospi.rx), flags)
        return Turn(state, chip.repeated)

    def round(self) -> tuple[int, int] | None:
        """As `Speaker.round`: a poll of a chip that is busy until its alarm."""
        ospi = self._ospi
        return (_SER, ospi.regs[_SER]) if ospi.expected and self.plain is not None else None

    def again(self, _began: int, starts: Sequence[int], *, asks: bool) -> None:
        """As `Speaker.again`, of that poll."""
        assert self.plain is not None
        chip, change = self.plain
        self._ospi.since = starts[-1]
        chip.repeated(starts)
        if asks:
            turn = partial(self._turn, chip)
            self._clock.question(status_question(chip), until=chip.busy_until, turn=turn)
            # The engine may have made some more.
            self._ospi.since = now = self._clock.now
            self._progress.at(now + change)
