"""IP commands that read from a busy chip: firmware polls its status."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter

from xipsim.peripherals.core import Turn
from xipsim.peripherals.nor.bus import SpiDevice, status_question

from .flexspi_registers import OF_COMMANDS, FlexSpiRegisters, IpCommand

_INTEN = FlexSpiRegisters.INTEN.offset
_polled = itemgetter(*OF_COMMANDS)


class Polls:
    """Lets the engine know what a poll is."""

    def __init__(self, spi: FlexSpiRegisters) -> None:
        self._spi = spi
        self._plain: IpCommand | None = None
        """The last poll that is like the next one: of one sequence, without interrupts, of a chip
        that answers the same."""
        self._held = 0
        """Bytes that were in the receive FIFO before it."""

    def ask(
        self,
        command: IpCommand,
        chip: SpiDevice,
        now: int,
        begin: Callable[[IpCommand, int], None],
    ) -> None:
        """Begin a command that reads from a busy chip. That can only be a poll."""
        spi, until, self._held = self._spi, chip.busy_until, len(self._spi.rx)
        begin(command, now)
        is_alone = len(command.sequences) == 1 and not spi.regs[_INTEN]
        if is_alone and command.end is not None and chip.repeats:
            self._plain = command
            self._ask_plainly(command, chip, command.began - now)
        else:
            spi.system.clock.question(status_question(chip), until=until)

    def _ask_plainly(
        self, command: IpCommand, chip: SpiDevice, lag: int, times: Sequence[int] = ()
    ) -> None:
        """It has come, and at these times again, of which the last one asks. With that, more may
        have come at once."""
        left = [*times]
        turn = partial(self._turn, command, self._held, lag, left)
        clock = self._spi.system.clock
        clock.question(status_question(chip), until=chip.busy_until, turn=turn)
        if left:
            self._again(command, lag, left, ())

    def enter(self, command: IpCommand, again: Callable[[], bytes], now: int) -> None:
        """A poll that is like the next one has begun, with that cycle."""
        spi = self._spi
        rx, self._held = spi.rx, len(spi.rx)
        rx += again()
        rx += bytes(command.padding)
        self._plain = command
        self._ask_plainly(command, spi.chips[command.select], command.began - now)

    def is_under_way(self) -> bool:
        """Whether the command under way is a poll that is like the next one."""
        return self._plain is not None and self._plain is self._spi.command

    def again(self, began: int, starts: Sequence[int], *, asks: bool) -> None:
        """As `Speaker.again`, of that poll."""
        command = self._plain
        assert command is not None
        lag = command.began - began
        if asks:
            self._ask_plainly(command, self._spi.chips[command.select], lag, starts)
        else:
            self._again(command, lag, [], starts)

    def _turn(self, command: IpCommand, held: int, lag: int, left: list[int]) -> Turn:
        """Of a poll that has begun. held: bytes that were in the receive FIFO before. left: see
        `_again`."""
        spi = self._spi
        found = _polled(spi.regs), bytes(spi.rx[:held]), bytes(spi.tx), lag
        return Turn(found, partial(self._again, command, lag, left))

    def _again(
        self, command: IpCommand, lag: int, left: list[int], times: Sequence[int]
    ) -> None:
        """It comes again at these times, and begins `lag` ns behind each. The FIFO holds what it
        held. left: times at which it has come before."""
        spi, began, end = self._spi, command.began, command.end
        assert end is not None
        if left:
            times = [*left, *times]
            left.clear()
        before = began if len(times) == 1 else times[-2] + lag
        spi.quiet_at = end + before - began + command.behind
        later = times[-1] + lag - began
        command.began = began + later
        command.base += later
        command.stop += later
        command.end = end + later
        spi.chips[command.select].repeated(times)
