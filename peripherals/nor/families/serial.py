"""Serial flash on one, two or four lines: how transactions become commands."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING

from ..bus import Transaction
from ..command import Command, Cycle
from ..wire import Wire
from .base import Family

if TYPE_CHECKING:
    from ..chip import Chip


class SerialFamily(Family):
    """Tables of commands for each mode, and the four lines as the fallback.

    A transaction of the expected shape goes straight to its command. Any other one is laid out
    clock by clock and read as the chip would read it, with a diagnostic for what differs.
    """

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self._keeper = chip.undriven == "keeper"
        self._tables: dict[Hashable, dict[int, Command]] = {}
        self.lanes = 1
        self.commands: dict[int, Command] = {}
        self.continuous: Command | None = None

    # -- what a maker's family adds ----------------------------------------------------------------

    @abstractmethod
    def mode(self) -> tuple[int, bool, int]:
        """Lanes of the opcode, whether addresses have 4 bytes, opcode of continuous read or 0."""

    @abstractmethod
    def table(self) -> Iterator[Command]:
        """All commands of the present mode."""

    @property
    @abstractmethod
    def quad_enabled(self) -> bool:
        """The quad enable bit."""

    @abstractmethod
    def enters_continuous(self, mode: int) -> bool:
        """Whether these mode bits keep the chip in continuous read."""

    def table_key(self) -> Hashable:
        """What the table depends on beside `mode`."""
        return None

    def linear(self, address: int, bits: int) -> int:
        """The cell that an address of so many bits means."""
        return address & (self.chip.size - 1)

    def burst(self, command: Command) -> int:
        """Bytes within which this read wraps, 0 for none."""
        return 0

    def swaps(self, command: Command) -> bool:
        """Whether this read puts out the bytes of each pair exchanged."""
        return False

    def refresh(self) -> None:
        """Take the tables of the present mode; call it whenever the mode has changed."""
        lanes, wide, continuous = self.mode()
        key = (lanes, wide, self.table_key())
        if key not in self._tables:
            self._tables[key] = {command.opcode: command for command in self.table()}
        self.lanes, self.commands = lanes, self._tables[key]
        self.continuous = self.commands.get(continuous) if continuous else None

    def find(self, t: Transaction) -> Command | None:
        """The command whose opcode was sent in the way of the present mode."""
        if t.opcode is None or t.opcode_lanes != self.lanes or t.opcode_bits != 8 or t.opcode_ddr:
            return None
        return self.commands.get(t.opcode)

    @property
    def opcode_clocks(self) -> int:
        """Clocks that an opcode takes in the present mode."""
        return 8 // self.lanes

    def opcode_on(self, wire: Wire) -> int:
        """The opcode as the chip sees it in the first `opcode_clocks`."""
        return wire.value(0, self.opcode_clocks, self.lanes)

    # -- decoding ----------------------------------------------------------------------------------

    def _expected(self, t: Transaction) -> Command | None:
        """The command, if the transaction has exactly its shape."""
        command = self.continuous
        if command is None:
            command = self.find(t)
        elif t.opcode is not None:
            return None
        return command if command is not None and command.fits(t) else None

    def transfer(self, t: Transaction) -> bytes:
        command = self._expected(t)
        if command is None:
            return self._replay(t)
        cycle = Cycle(command, t.address or 0, self._mode_bits(t), t.write, t.read)
        answer = command.run(cycle) if self._admits(cycle) else None
        return self._done(t, command, answer, t.address)

    def _done(
        self, t: Transaction, command: Command | None, answer: bytes | None, address: int | None
    ) -> bytes:
        if command is None or answer is None:
            return self.chip.done(t, "ignored", b"\xff" * t.read, address=address)
        return self.chip.done(t, command.name, answer, address=address)

    def _mode_bits(self, t: Transaction) -> int:
        if t.mode is not None:
            return t.mode
        if not self._keeper or t.address is None:
            return 0xFF
        low = t.address & ((1 << t.address_lanes) - 1)
        return low * 0x11 if t.address_lanes == 4 else low * 0x55

    def reads_array(self, t: Transaction) -> bool:
        command = self._expected(t)
        if command is None or not command.is_read or t.address is None:
            return False
        if (command.quad and not self.quad_enabled) or self.burst(command):
            return False
        if t.swaps != self.swaps(command):
            return False
        if command.mode_clocks:
            continues = self.enters_continuous(self._mode_bits(t))
            if continues != (self.continuous is not None):
                return False
        if t.address + t.read > self.chip.size:
            return False
        return self.linear(t.address, command.address_bits) == t.address

    def _admits(self, c: Cycle) -> bool:
        """Whether the chip listens to this command now; if not, why not is reported."""
        chip, command = self.chip, c.command
        if chip.reset_enabled and command.first_byte != 0x99:
            chip.reset_enabled = False
        if chip.powered_down and command.first_byte != 0xAB:
            self.refuse("power-down", c, "the chip is in power-down")
        elif (busy := chip.operation) and (busy.is_deaf or not command.while_busy):
            rule = "read-while-busy" if command.is_read else "command-while-busy"
            self.refuse(rule, c, f"the chip is busy: {busy}")
        elif command.quad and not self.quad_enabled:
            self.refuse("quad-without-qe", c, "the quad enable bit is 0")
        elif command.lengths and len(c.data) not in command.lengths:
            self.refuse("wrong-length", c, f"{len(c.data)} data bytes")
        else:
            return True
        return False

    def refuse(self, rule: str, c: Cycle, why: str) -> None:
        """Report that the chip ignores a command, and why."""
        where = "" if c.place is None else f" at {c.place:#x}"
        self.chip.diagnose(
            rule,
            f"{c.command.name}{where} ignored: {why}",
            opcode=c.command.opcode,
            address=c.place,
        )

    # -- the four lines ----------------------------------------------------------------------------

    def _replay(self, t: Transaction) -> bytes:
        """Read the transaction from the lines, as the chip does."""
        wire = Wire(t, keeper=self._keeper)
        command, at = self.continuous, 0
        if command is None:
            at = self.opcode_clocks
            self._check_lanes(t, wire, 0, at, self.lanes, "opcode")
            opcode = self.opcode_on(wire) if len(wire.clocks) >= at else None
            command = None if opcode is None else self.commands.get(opcode)
            if command is None:
                self._report_unknown(t, opcode)
                return self._done(t, None, None, t.address)
        elif t.opcode is not None:
            return self._misread(t, wire, command)
        mode_at = at + command.address_clocks
        data_at = mode_at + command.wait
        self._check_lanes(t, wire, at, mode_at - at, command.address_lanes, "address")
        self._check_edges(t, command)
        cycle = self._cycle(wire, command, at)
        answer = None
        if self._is_whole(wire, cycle, mode_at, data_at):
            self._take_data(t, wire, cycle, data_at)
            if self._admits(cycle):
                self._check_read(t, wire, cycle, data_at)
                answer = command.run(cycle)
        if answer is not None:
            answer = wire.sampled(answer, data_at, command.data_lanes, ddr=command.ddr)
        return self._done(t, command, answer, cycle.place)

    def _misread(self, t: Transaction, wire: Wire, command: Command) -> bytes:
        """An opcode in continuous read: address and mode bits, as the chip sees it."""
        mode_at = command.address_bits // command.address_lanes
        data_at = mode_at + command.wait
        cycle = self._cycle(wire, command, 0)
        # FFh is how continuous read is left on purpose.
        if t.opcode != 0xFF:
            self.chip.diagnose(
                "continuous-read",
                f"opcode {t.opcode:02X}h is taken for an address: the chip is in continuous read",
                opcode=t.opcode,
            )
        if len(wire.clocks) < mode_at + command.mode_clocks or not self._admits(cycle):
            return self._done(t, None, None, None)
        cycle.read = -(-max(0, len(wire.clocks) - data_at) * command.data_lanes // 8)
        answer = command.run(cycle) or b""
        answer = wire.sampled(answer, data_at, command.data_lanes)
        return self._done(t, command, answer, cycle.place)

    @staticmethod
    def _cycle(wire: Wire, command: Command, at: int) -> Cycle:
        clocks, lanes = command.address_clocks, command.address_lanes
        address = wire.value(at, clocks, lanes, ddr=command.ddr)
        mode = wire.value(at + clocks, command.mode_clocks, lanes)
        return Cycle(command, address, mode, b"", 0)

    def _is_whole(self, wire: Wire, c: Cycle, mode_at: int, data_at: int) -> bool:
        """Whether chip select rises where the command allows it."""
        total, command = len(wire.clocks), c.command
        fits = total >= (mode_at + command.mode_clocks if command.sends else data_at)
        if command.takes:
            fits = fits and (total - data_at) * command.data_lanes % 8 == 0
        elif not command.sends:
            fits = total == data_at
        if not fits:
            why = f"chip select rose after {total} clocks, {data_at} lead to the data"
            self.refuse("wrong-length", c, why)
        return fits

    def _take_data(self, t: Transaction, wire: Wire, c: Cycle, data_at: int) -> None:
        """Take the data from the wire, or reckon how many bytes the chip will put out."""
        lanes, clocks = c.command.data_lanes, max(0, len(wire.clocks) - data_at)
        if c.command.takes:
            self._check_lanes(t, wire, data_at, clocks, lanes, "data")
            ddr = c.command.ddr
            length = clocks * (lanes << ddr) // 8
            c.data = wire.value(data_at, clocks, lanes, ddr=ddr).to_bytes(length, "big")
        else:
            c.read = -(-clocks * (lanes << c.command.ddr) // 8)

    def _check_read(self, t: Transaction, wire: Wire, c: Cycle, data_at: int) -> None:
        command = c.command
        if t.read and wire.read_at != data_at and not t.duplex:
            waits = wire.read_at - (data_at - command.wait)
            self.chip.diagnose(
                "wrong-dummy",
                f"{command.name}: {waits} clocks between address and data, not {command.wait}",
                opcode=command.opcode,
                address=c.place,
            )
        if t.read and t.data_lanes != command.data_lanes:
            self._wrong_lanes(t, "data", t.data_lanes, command.data_lanes)

    def _check_lanes(
        self, t: Transaction, wire: Wire, at: int, count: int, lanes: int, phase: str
    ) -> None:
        used = wire.lanes(at, count) - {lanes}
        if used:
            self._wrong_lanes(t, phase, min(used), lanes)

    def _check_edges(self, t: Transaction, command: Command) -> None:
        for phase, used, ddr in (
            ("address", command.address_bits and t.address is not None, t.address_ddr),
            ("data", t.read or t.write, t.data_ddr),
        ):
            if used and ddr != command.ddr:
                self.chip.diagnose(
                    "wrong-edges",
                    f"{command.name}: {phase} at {'double' if ddr else 'single'} data rate, "
                    f"not {'double' if command.ddr else 'single'}",
                    opcode=t.opcode,
                    address=t.address,
                )

    def _wrong_lanes(self, t: Transaction, phase: str, used: int, lanes: int) -> None:
        self.chip.diagnose(
            "wrong-lanes",
            f"{phase} on {used} lines where the chip uses {lanes}",
            opcode=t.opcode,
            address=t.address,
        )

    def _report_unknown(self, t: Transaction, opcode: int | None) -> None:
        chip = self.chip
        chip.reset_enabled = False
        if chip.powered_down:
            rule, why = "power-down", "the chip is in power-down"
        elif opcode is None:
            rule, why = "wrong-length", "chip select rose before eight bits had come"
        else:
            rule, why = "unknown-opcode", f"the chip has no command {opcode:02X}h in this mode"
        busy = f" (busy: {chip.operation})" if chip.operation else ""
        chip.diagnose(rule, f"ignored: {why}{busy}", opcode=t.opcode, address=t.address)
