"""What the parts of a flash chip share: what it is, and the state it is in."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import FlashCommand, FlashWatcher, Model, Parameter, State, System

from .array import Array
from .bus import Transaction
from .command import Cycle
from .maker import Maker
from .operation import Counters, Operation
from .parts import find_part


class ChipState(Model):
    """Parameters, the part's row, cells, latches, counters; and the chip's voice."""

    part = Parameter(str, "Part number, e.g. W25Q64JV-IQ.")
    qe = Parameter(
        int,
        "Quad enable bit at power-on; not given: as from the factory.",
        default=None,
        choices=(0, 1),
    )
    times = Parameter(
        str,
        "Which of the data sheet's times apply.",
        default="typical",
        choices=("typical", "maximum"),
    )
    uid = Parameter(str, "Unique id in hex; not given: seeded.", default=None)
    undriven = Parameter(
        str,
        "What lines that nobody drives carry, e.g. during mode bits.",
        default="pull-ups",
        choices=("pull-ups", "keeper"),
    )

    wel = State(False)
    operation: State[Operation | None] = State(None)
    suspended: State[Operation | None] = State(None)
    powered_down = State(False)
    reset_enabled = State(False)
    reset_broken = State(0)
    """The opcode that came between 66h and 99h; 0: none."""
    held_in_reset = State(False)

    active_at: int
    """See `FlashChip`."""
    maker: Maker

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        try:
            self.row = find_part(self.part)
        except ValueError as error:
            raise ValueError(f"{self.name}: part: {error}") from None
        is_maximum = self.times == "maximum"
        self._durations = {key: both[is_maximum] for key, both in self.row.times.items()}
        self.memory = Array(self.row.size)
        self.array = self.memory.cells
        self.counters = Counters()
        self.sticks = False
        """The next operation never ends: a fault."""
        self.latch_fails = False
        """WEL cannot be set: a fault."""
        self.unique_id = self._unique_id()
        self.traced = system.trace.receivers(FlashCommand)
        """Who is told of cycles."""
        self.probed: Transaction | None = None
        """A read of which is known whether an idle and open chip answers it by plain array data."""
        self.watchers: list[FlashWatcher] = []

    def _unique_id(self) -> bytes:
        length = self.row.uid_length
        if self.uid is None:
            return self.system.random(f"{self.name}/uid").randbytes(length)
        try:
            uid = bytes.fromhex(self.uid)
        except ValueError:
            uid = b""
        if len(uid) != length:
            raise ValueError(
                f"{self.name}: uid: expected {length} bytes in hex, given {self.uid!r}"
            )
        return uid

    @property
    def size(self) -> int:
        """Bytes of the array."""
        return self.row.size

    def duration(self, key: str) -> int:
        """Nanoseconds of the part's time called `key`, typical or maximum as asked for."""
        return self._durations[key]

    # -- talking ---------------------------------------------------------------------------------

    def notify(self) -> None:
        """Tell the controller that reads may be answered differently from now on."""
        self.probed, self.active_at = None, self.system.clock.now
        for watcher in self.watchers:
            watcher.state_changed(self)

    def changed(self, address: int, length: int) -> None:
        """Tell the controller that these cells may have changed."""
        self.active_at = self.system.clock.now
        for watcher in self.watchers:
            watcher.array_changed(self, address, length)

    def done(self, t: Transaction, name: str, answer: bytes, *, address: int | None) -> bytes:
        """Count and trace the cycle that just ended; returns `answer`."""
        commands = self.counters.commands
        commands[name] = commands.get(name, 0) + 1
        if self.traced:
            self.tell(self.system.clock.now, t, name, answer, address)
        return answer

    def tell(
        self, time: int, t: Transaction, name: str, answer: bytes, address: int | None
    ) -> None:
        """Trace a cycle."""
        self.system.trace.emit(
            FlashCommand(
                time=time,
                chip=self.name,
                opcode=t.opcode,
                name=name,
                address=address,
                sent=t.write,
                received=answer,
            )
        )

    def disable_reset(self, opcode: int) -> None:
        """Another command has come behind 66h, or none has."""
        if self.reset_enabled:
            self.reset_enabled, self.reset_broken = False, opcode

    def refuse(self, rule: str, c: Cycle, why: str) -> None:
        """Report that the chip ignores a command, and why."""
        where = "" if c.place is None else f" at {c.place:#x}"
        self.diagnose(
            rule,
            f"{c.command.name}{where} ignored: {why}",
            opcode=c.command.opcode,
            address=c.place,
        )
