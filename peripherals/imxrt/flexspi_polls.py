"""IP commands that read from a busy chip: firmware polls its status."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from operator import itemgetter

from xipsim.peripherals.core import Turn
from xipsim.peripherals.nor.bus import SpiDevice, status_question

from .flexspi_registers import OF_COMMANDS, FlexSpiRegisters, IpCommand

_INTEN = FlexSpiRegisters.INTEN.offset
_polled = itemgetter(*OF_COMMANDS)


class Polls:
    """Lets the engine know what a poll is."""

    def __init__(self, spi: FlexSpiRegisters) -> None:
        self._spi, self._clock = spi, spi.system.clock
        self._plain: IpCommand | None = None
        """The last poll that is like the next one: of one sequence, without interrupts, of a chip
        that answers the same. Of it, and those that came before it:"""
        self._question: Hashable = None
        self._until: int | None = None
        """What they ask, and when the answer changes."""
        self._held = 0
        """Bytes that were in the receive FIFO before."""
        self._lag = 0
        """ns from the access that starts it to its begin."""
        self._left: Sequence[int] = ()
        """Times at which it was started again, while that is not done yet."""

    def ask(
        self,
        command: IpCommand,
        chip: SpiDevice,
        now: int,
        begin: Callable[[IpCommand, int], None],
    ) -> None:
        """Begin a command that reads from a busy chip. That can only be a poll."""
        spi = self._spi
        self._begin(chip)
        begin(command, now)
        is_alone = len(command.sequences) == 1 and not spi.regs[_INTEN]
        if is_alone and command.end is not None and chip.repeats:
            self._plain, self._lag = command, command.began - now
            self._ask()
        else:
            self._clock.question(self._question, until=self._until)

    def _begin(self, chip: SpiDevice) -> None:
        self._question, self._until = status_question(chip), chip.busy_until
        self._held = len(self._spi.rx)

    def _ask(self) -> None:
        self._clock.question(self._question, until=self._until, turn=self._turn)

    def first(self, chip: SpiDevice, lag: int) -> tuple[int | None, Turn]:
        """Of a poll that is like the next one, and begins so many ns behind its start: when the
        answer changes, and the turn that it begins."""
        self._begin(chip)
        self._lag = lag
        return self._until, self._turn()

    def enter(
        self, command: IpCommand, again: Callable[[], bytes], starts: Sequence[int]
    ) -> None:
        """A poll that is like the next one has begun, with that cycle, and was started at the last
        of these times; those before it were the same. Of one alone the clock is asked; else that
        was done, see `first`."""
        spi, self._plain = self._spi, command
        chip, last = spi.chips[command.select], starts[-1]
        is_alone = len(starts) == 1
        if is_alone:
            self.first(chip, command.began - last)
        spi.rx += again() + bytes(command.padding)
        if is_alone:
            self._ask()
            return
        spi.quiet_at = command.stop + command.behind - (last - starts[-2])
        chip.repeated(starts[1:])

    def is_under_way(self) -> bool:
        """Whether the command under way is a poll that is like the next one."""
        return self._plain is not None and self._plain is self._spi.command

    def again(self, began: int, starts: Sequence[int], *, asks: bool) -> None:
        """As `Speaker.again`, of that poll."""
        command = self._plain
        assert command is not None
        self._lag = command.began - began
        if not asks:
            self._start_again(starts)
            return
        self._left = starts
        self._ask()
        if self._left:  # else it has come more often at once
            self._start_again(())

    def _turn(self) -> Turn:
        """Of the poll that has begun last."""
        spi = self._spi
        found = _polled(spi.regs), bytes(spi.rx[: self._held]), bytes(spi.tx), self._lag
        return Turn(found, self._start_again)

    def _start_again(self, times: Sequence[int]) -> None:
        """It is started again at these times, and the FIFO holds what it held."""
        spi, command = self._spi, self._plain
        assert command is not None
        if self._left:
            times, self._left = [*self._left, *times], ()
        # It ends where its clock stops.
        since, end = command.began - self._lag, command.stop
        spi.quiet_at = end + command.behind
        if len(times) > 1:
            spi.quiet_at += times[-2] - since
        later = times[-1] - since
        command.began += later
        command.base += later
        command.end = command.stop = end + later
        spi.chips[command.select].repeated(times)
