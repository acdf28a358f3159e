"""FlexSPI's part in passages: polls, the words of a page, and what stands before each command.

See `Clock.passage`. One begins behind a command's start, and behind a look that has found its end;
it leads up to the next start of a command that does more than its chip can be told later. What it
depends on and changes is small: the registers that a driver writes for each command, the FIFOs, how
far the command under way has come, and status registers and WEL of the chips.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from operator import attrgetter, itemgetter
from typing import Any, Literal

from xipsim.peripherals.core import Alarm, Carried, FirstTurn, Signal, Start, Turn, Written
from xipsim.peripherals.fixed import Fixed
from xipsim.peripherals.namedtuple import NamedTuple
from xipsim.peripherals.nor.bus import status_question

from .flexspi_bus import SerialBus
from .flexspi_chips import ChipSelects
from .flexspi_ip import IpCommands
from .flexspi_lut import LookUpTable
from .flexspi_registers import ENTRY, OF_COMMANDS, FlexSpiRegisters, IpCommand
from .flexspi_writes import FREE, Data, Writes

_INTEN = FlexSpiRegisters.INTEN.offset
_MCR0, _IPTXFCR = FlexSpiRegisters.MCR0.offset, FlexSpiRegisters.IPTXFCR.offset
_STS1 = FlexSpiRegisters.STS1.offset
_IPCR0, _IPCR1 = FlexSpiRegisters.IPCR0.offset, FlexSpiRegisters.IPCR1.offset
_ALSO = frozenset((_MCR0,))
_KEPT = (_MCR0, _STS1, *(offset for offset in OF_COMMANDS if offset not in FREE))
_kept = itemgetter(*_KEPT)

_VERSION = 5
"""Of the LUT, where a state has it."""
_IPCMD = FlexSpiRegisters.IPCMD.offset
_START = (_IPCMD, 1)

_Pace = tuple[int, int, bool, tuple[int] | Literal[0] | None, int]


class _Started(Fixed):
    """Of a command, all but its pace. began: as a distance, too."""

    select: int
    address: int
    """Which step has written it."""
    size: int
    sequences: tuple[int, ...]
    began: int
    facts: tuple[Any, ...]
    """See `_facts`."""


_Entered = tuple[_Started, _Pace, Callable[[], bytes]]
"""A poll that is like the next one, and its cycle."""


class _Outcome(NamedTuple):
    """What has changed. Times are distances from the passage's last base."""

    registers: dict[int, int]
    free: tuple[int, ...]
    """Free registers that were written."""
    last: tuple[int, ...]
    """Of each of them the step that was the last to write it."""
    sent: Data | None
    """Takes what the FIFO holds from what was written, by step."""
    rx: bytes
    quiet_at: tuple[int, int] | None
    """Behind which base, and how far; None: as it was."""
    started: _Started | None
    """The command that is under way, if it was started."""
    pace: _Pace | None
    """How far the command has come; None: it is over."""


class Passages:
    """Implements `Speaker`."""

    FREE, PUSHED, ALSO = FREE, frozenset[int](), _ALSO
    HELD: tuple[int, ...] = (_IPCR0,)
    line: Signal | None = None

    def __init__(
        self, spi: FlexSpiRegisters, chips: ChipSelects, lut: LookUpTable, bus: SerialBus,
        ip: IpCommands, progress: Alarm, grant: Alarm,
    ) -> None:  # fmt: skip
        self.model, self._chips, self._lut, self._bus = spi, chips, lut, bus
        self._ip, self._polls = ip, ip.polls
        self.end, self._grant = progress, grant
        self.again = ip.polls.again
        """As `Speaker.again`."""
        self._writes = Writes((), 0)
        """Of the passage that is taken down."""

    def begin(self) -> None:
        """One may begin with the next access."""
        self.model.system.clock.passage(self)

    def state(self, now: int) -> Hashable | None:
        """As `Speaker.state`. First come the values of the registers that are not free."""
        spi = self.model
        regs, command = spi.regs, spi.command
        if regs[_INTEN] or spi.tx or len(spi.rx) > ENTRY or self._grant.deadline is not None:
            return None
        is_unseen = command is not None and self._ip.is_over(command, now)
        if is_unseen:
            self._ip.catch_up(now)
            command = None
        quiet_at = spi.quiet_at - now
        if quiet_at < 0:
            quiet_at = -1
        latched = tuple([chip.latched for chip in spi.chips.values()])
        if command is None:
            return (
                _kept(regs), bytes(spi.rx), tuple(spi.pointers), quiet_at, latched,
                self._lut.version, self._chips.ends, self._bus.setting(), is_unseen,
            )  # fmt: skip
        due = self.end.deadline
        return (
            _kept(regs), bytes(spi.rx), tuple(spi.pointers), quiet_at, latched, None,
            None if due is None else due - now,
            command.select, command.size, command.reads, command.writes, command.padding,
            command.hertz, command.byte_clocks, command.interval, command.behind, command.limit,
            command.holds_bus, len(command.sequences), _pace(command, now),
        )  # fmt: skip

    @property
    def is_under_way(self) -> bool:
        """As `Speaker.is_under_way`."""
        return self.model.command is not None

    def start(self, state: Any) -> Start | None:
        """As `Speaker.start`. A command at rest begins at once if chip select was high for long
        enough."""
        spi, command = self.model, self.model.command
        if command is None or state[_VERSION] is None:
            return None
        select = command.select
        least, end = self._chips.start(select), self._chips.ends[select]
        control = spi.regs[_IPCR1]
        needs = {_IPCR0: (least, end - command.size, 0), _IPCR1: (control, control, 0)}
        return Start(spi.quiet_at + command.interval, needs, self._ip.hidden)

    def carried(self, state: Any, writes: Sequence[Written]) -> Carried | None:
        """As `Speaker.carried`: address and data of the command that is over, if no address was
        written since it was started. What it has sent is what was pushed first: `outcome` sees to
        that with each access."""
        said = self._read(state, writes)
        at, words = said.address, said.pushed
        if at is None or at != said.next_address or words is None or self._chips.told is None:
            return None
        allowed, length = self._chips.told
        start, data = allowed[0], said.data(words)
        return Carried(
            {_IPCR0: allowed},
            lambda written: (written[at] - start, data(written)[:length]),
        )

    def outcome(
        self, state: Any, bases: Sequence[int], writes: Sequence[Written]
    ) -> _Outcome | None:
        """As `Speaker.outcome`."""
        spi, command = self.model, self.model.command
        began, said, sent = bases[-1], self._read(state, writes), None
        if spi.tx:
            words = said.pushed
            if words is None or 4 * len(words) != len(spi.tx):
                return None  # what it holds is not told, or it was cleared
            sent = said.data(words)
        values = zip(_KEPT, _kept(spi.regs), state[0], strict=True)
        started, address = None, said.address
        if command is not None and address is not None:
            started = _started(command, address, began)
        return _Outcome(
            registers={offset: value for offset, value, before in values if value != before},
            free=tuple(said.free),
            last=tuple(said.free.values()),
            sent=sent,
            rx=bytes(spi.rx),
            quiet_at=_behind(bases, spi.quiet_at),
            started=started,
            pace=None if command is None else _pace(command, began),
        )

    def lets_alarm_wait(self) -> bool:
        """As `Speaker.lets_alarm_wait`: if it is the end of a cycle that is private to its chip."""
        command = self.model.command
        if command is None:
            return True
        if self.end.deadline != command.end or len(command.sequences) != 1:
            return False
        sequence = self._lut.sequence(command.sequences[0])
        moves_data = command.reads or command.writes or sequence.template.address_bits
        return not moves_data and self._chips.later(command.select, sequence, 0) is not None

    def _read(self, state: Any, writes: Sequence[Written]) -> Writes:
        """What they say; those of one passage are one list that grows."""
        if writes is not self._writes.told:
            self._writes = Writes(writes, state[0][_KEPT.index(_IPTXFCR)])
        self._writes.follow()
        return self._writes

    def jump(self, outcome: _Outcome, bases: Sequence[int], written: memoryview) -> None:
        """As `Speaker.jump`."""
        registers, free, last, sent, rx, quiet_at, started, pace = outcome
        spi = self.model
        regs, command, began = spi.regs, spi.command, bases[-1]
        regs.update(zip(free, map(written.__getitem__, last), strict=True))
        regs.update(registers)
        if sent is not None:
            spi.tx += sent(written)
        spi.rx[:] = rx
        if quiet_at is not None:
            base, distance = quiet_at
            spi.quiet_at = bases[base] + distance
        if pace is None:
            spi.command = None
        elif started is not None:
            command = spi.command = _start(started, pace, began, written)
            if command.holds_bus:
                self._ip.hide()
        elif command is not None:
            _set_pace(command, pace, began)

    def round(self) -> tuple[int, int] | None:
        """As `Speaker.round`: a poll of a chip that is busy until its alarm."""
        return _START if self._polls.is_under_way() else None

    def first_turn(self, steps: Sequence[int]) -> FirstTurn | None:
        """As `Speaker.first_turn`: if it is such a poll, of a chip that tells what it answers."""
        spi, command = self.model, self.model.command
        if command is None or self.end.deadline is not None or _IPCR0 not in steps:
            return None
        now, sequence = spi.system.clock.now, self._lut.sequence(command.sequences[0])
        again = self._chips.again(command.select, sequence, command.size)
        if again is None or command.began != now:
            return None
        address = len(steps) - 1 - list(reversed(steps)).index(_IPCR0)
        started, pace = _started(command, address, now), _pace(command, now)
        return FirstTurn(status_question(spi.chips[command.select]), (started, pace, again))

    def turn(self, what: _Entered) -> tuple[int | None, Turn]:
        """As `Speaker.turn`."""
        started = what[0]
        return self._polls.first(self.model.chips[started.select], started.began)

    def enter(self, what: _Entered, starts: Sequence[int], written: memoryview) -> None:
        """As `Speaker.enter`. Of the commands, only the last one is still to be seen."""
        started, pace, again = what
        command = self.model.command = _start(started, pace, starts[-1], written)
        self._polls.enter(command, again, starts)


def _started(command: IpCommand, address: int, base: int) -> _Started:
    """What a command is, which was started."""
    return _Started(
        select=command.select,
        address=address,
        size=command.size,
        sequences=tuple(command.sequences),
        began=command.began - base,
        facts=_facts(command),
    )


_facts = attrgetter(
    *("holds_bus", "limit", "reads", "writes", "padding"),
    *("hertz", "byte_clocks", "behind", "interval"),
)
"""What a command has from its start on, and is the same wherever it goes, and whenever."""


def _start(started: _Started, pace: _Pace, base: int, written: memoryview) -> IpCommand:
    """The command that it was, as far as it had come."""
    s = started
    command = IpCommand(s.select, written[s.address], s.size, list(s.sequences))
    command.began = base + s.began
    (
        command.holds_bus, command.limit, command.reads, command.writes, command.padding,
        command.hertz, command.byte_clocks, command.behind, command.interval,
    ) = s.facts  # fmt: skip
    _set_pace(command, pace, base)
    return command


def _behind(bases: Sequence[int], time: int) -> tuple[int, int] | None:
    """Number of the last base before `time`, and how far; None if all came later."""
    for number in range(len(bases) - 1, -1, -1):
        if bases[number] < time:
            return number, time - bases[number]
    return None


def _set_pace(command: IpCommand, pace: _Pace, began: int) -> None:
    base, command.moved, has_end, room_at, stop = pace
    command.base, command.stop = began + base, began + stop
    command.end = command.stop if has_end else None
    command.room_at = room_at and began + room_at[0]


def _pace(command: IpCommand, began: int) -> _Pace:
    """How far it has come, by distances from `began`; of 0 and None, which are no times, none.

    An end that is known is where the serial clock stops.
    """
    room_at = command.room_at
    return (
        command.base - began, command.moved, command.end is not None,
        room_at and (room_at - began,), command.stop - began,
    )  # fmt: skip
