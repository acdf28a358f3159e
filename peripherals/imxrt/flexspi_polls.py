"""IP commands that read from a busy chip: firmware polls its status."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import itemgetter

from xipsim.peripherals.core import Turn
from xipsim.peripherals.nor.bus import SpiDevice

from .flexspi_chips import ChipSelects
from .flexspi_lut import LookUpTable
from .flexspi_registers import OF_COMMANDS, FlexSpiRegisters, IpCommand

_INTEN = FlexSpiRegisters.INTEN.offset
_polled = itemgetter(*OF_COMMANDS)


class Polls:
    """Lets the engine know what a poll is."""

    def __init__(self, spi: FlexSpiRegisters, chips: ChipSelects, lut: LookUpTable) -> None:
        self._spi, self._chips, self._lut = spi, chips, lut
        self._plain: IpCommand | None = None
        """The last poll that is like the next one: of one sequence, and without interrupts."""

    def ask(
        self,
        command: IpCommand,
        chip: SpiDevice,
        now: int,
        begin: Callable[[IpCommand, int], None],
    ) -> None:
        """Begin a command that reads from a busy chip. That can only be a poll."""
        spi, until, held = self._spi, chip.busy_until, len(self._spi.rx)
        begin(command, now)
        if command.end is not None and len(command.sequences) == 1 and not spi.regs[_INTEN]:
            self._plain = command
        self._question(command, chip, until, held, now)

    def is_under_way(self) -> bool:
        """Whether the command under way is a poll that changes nothing and ends by itself."""
        return self._plain is not None and self._plain is self._spi.command

    def again(self, later: int) -> None:
        """That poll is over, and has come again, `later` ns after the last time."""
        command = self._plain
        assert command is not None
        chip, held = self._spi.chips[command.select], command.moved
        self._again(command, held, later)
        self._question(command, chip, chip.busy_until, held, self._spi.system.clock.now)

    def _question(
        self, command: IpCommand, chip: SpiDevice, until: int | None, held: int, now: int
    ) -> None:
        is_plain = command is self._plain
        turn = partial(self._turn, command, held, now) if is_plain else None
        self._spi.system.clock.question(("status", chip.name), until=until, turn=turn)

    def _turn(self, command: IpCommand, held: int, now: int) -> Turn:
        """Of a poll that has begun. held: bytes that were in the receive FIFO before."""
        spi = self._spi
        found = _polled(spi.regs), bytes(spi.rx[:held]), bytes(spi.tx), command.began - now
        return Turn(found, partial(self._again, command, held))

    def _again(self, command: IpCommand, held: int, later: int) -> None:
        """See `Turn.again`."""
        sequence = self._lut.sequence(command.sequences[0])
        assert command.end is not None and sequence.reads is not None
        self._spi.quiet_at = command.end + command.behind
        command.began += later
        command.base += later
        command.stop += later
        command.end += later
        size = command.size or sequence.reads
        answer = self._chips.transfer(command.select, sequence, command.address, b"", size)
        self._spi.rx[held : held + size] = answer
