"""How a chip makes commands of transactions, and whether it listens to them."""

from __future__ import annotations

from collections.abc import Callable

from .bus import Transaction
from .command import Command, Cycle
from .engine import WriteEngine
from .maker import Mode
from .replay import Replay
from .state import ChipState

_CYCLES = 32


class Decoder:
    """A transaction of the expected shape goes straight to its command; any other is replayed."""

    def __init__(self, chip: ChipState, engine: WriteEngine) -> None:
        self._chip, self._maker, self._engine = chip, chip.maker, engine
        self._keeper = chip.undriven == "keeper"
        self._tables: dict[Mode, dict[int, Command]] = {}
        self._understood: dict[int, tuple[Transaction, Mode, Cycle]] = {}
        """Cycles without address and data that come again, by identity: the transaction, in which
        mode, and what was understood. Commands leave such a `Cycle` as it is."""
        self.polled: tuple[Transaction, str, bytes] | None = None
        """The last cycle, its name and its answer, if it was a read without an address of what can
        be read of a busy chip, which changes nothing. For the access under way, or a stall."""
        self._would_read = False
        """What `reads_array` has said of `ChipState.probed`."""
        self._replay = Replay(chip, self.admits)

    def _commands(self, mode: Mode) -> dict[int, Command]:
        table = self._tables.get(mode)
        if table is None:
            table = self._tables[mode] = {c.opcode: c for c in self._maker.table()}
        return table

    def _expected(self, t: Transaction) -> Command | None:
        """The command, if the transaction has exactly its shape."""
        mode = self._maker.mode
        opcode = _opcode(t, mode)
        if mode.continuous:
            opcode = None if t.opcode is not None else mode.continuous
        if opcode is None:
            return None
        command = self._commands(mode).get(opcode)
        return command if command is not None and command.fits(t) else None

    def transfer(self, t: Transaction) -> bytes:
        """Run one cycle of chip select, and report it."""
        chip = self._chip
        self.polled = None
        if chip.powered_down and self._maker.wakes_on_select:
            self._engine.begin("release", "release power-down", chip.duration("release"))
            if t.read or t.address is not None:
                why = "ignored: the chip was in power-down, from which any cycle wakes it"
                chip.diagnose("power-down", why, opcode=t.opcode, address=t.address)
            return chip.done(t, "release power-down", b"\xff" * t.read, address=None)
        mode = self._maker.mode
        cycle = self._known(t, mode) or self._understand(t, mode)
        command: Command | None
        if cycle is None:
            command, answer, address = self._replay.run(t, mode, self._commands(mode))
        else:
            command, address = cycle.command, t.address
            answer = command.run(cycle) if self.admits(cycle) else None
        if command is None or answer is None:
            return chip.done(t, "ignored", b"\xff" * t.read, address=address)
        answer = chip.done(t, command.name, answer, address=address)
        if t.strobe:
            return self._strobed(t, answer)
        if address is None and t.read and command.while_busy:
            self.polled = t, command.name, answer
        return answer

    def _known(self, t: Transaction, mode: Mode) -> Cycle | None:
        """What was understood of this very transaction in this mode before."""
        known = self._understood.get(id(t))
        if known is not None and known[0] is t and known[1] is mode:
            return known[2]
        return None

    def again(self, t: Transaction) -> Callable[[], bytes] | None:
        """What this cycle, which has come before, does where nothing has changed on which it
        depends; None if it is not known as a private command of the mode."""
        cycle = self._known(t, self._maker.mode)
        if cycle is None or not cycle.command.is_private or t.strobe:
            return None
        chip, command = self._chip, cycle.command
        name, run = command.name, command.run
        if not command.sends:

            def run_again() -> bytes:
                self.polled = None
                run(cycle)
                return chip.done(t, name, b"", address=None)

            return run_again

        answer = run(cycle) or b""
        polled = (t, name, answer) if command.while_busy else None

        def answer_again() -> bytes:
            self.polled = polled
            return chip.done(t, name, answer, address=None)

        return answer_again

    def alters(self, t: Transaction) -> Callable[[int, bytes], bytes] | None:
        """If an idle and open chip of which WEL is set begins a program or an erase with this
        cycle, without anything to report: what begins its like, see `SpiDevice.begins`."""
        chip, maker, address = self._chip, self._maker, t.address
        command = self._expected(t)
        if command is None or (begin := command.begins) is None or address is None:
            return None
        if (command.quad and not maker.quad_enabled) or command.takes != bool(t.write):
            return None
        if command.address_bits == 24 and maker.high_address:
            return None
        if address % maker.page + len(t.write) > maker.page or address >= chip.size:
            return None
        name = command.name

        def alter(address: int, data: bytes) -> bytes:
            self.polled = None
            begin(name, address, data)
            like = t.at(address, data, 0) if chip.traced else t
            return chip.done(like, name, b"", address=address)

        return alter

    def _understand(self, t: Transaction, mode: Mode) -> Cycle | None:
        """What the transaction says, if it has exactly the shape of a command."""
        command = self._expected(t)
        if command is None:
            return None
        cycle = Cycle(command, t.address or 0, self._mode_bits(t), t.write, t.read)
        if t.address is None and not t.write:
            if len(self._understood) >= _CYCLES:
                self._understood.clear()
            self._understood[id(t)] = t, mode, cycle
        return cycle

    def _strobed(self, t: Transaction, answer: bytes) -> bytes:
        if not t.read or self._maker.mode.strobe:
            return answer
        # Assumption: a controller that waits for a strobe in vain samples idle lines.
        self._chip.diagnose(
            "no-strobe", "the controller samples with a data strobe, and the chip drives none",
            opcode=t.opcode, address=t.address,
        )  # fmt: skip
        return b"\xff" * t.read

    def _mode_bits(self, t: Transaction) -> int:
        if t.mode is not None:
            return t.mode
        if not self._keeper or t.address is None:
            return 0xFF
        low = t.address & ((1 << t.address_lanes) - 1)
        return low * 0x11 if t.address_lanes == 4 else low * 0x55

    def reads_array(self, t: Transaction) -> bool:
        """As `Chip.reads_array`, on a chip that is idle and awake."""
        chip = self._chip
        if t is not chip.probed:
            chip.probed, self._would_read = t, self._reads_array(t)
        return self._would_read

    def _reads_array(self, t: Transaction) -> bool:
        command, maker = self._expected(t), self._maker
        if command is None or not command.is_read or t.address is None:
            return False
        if (command.quad and not maker.quad_enabled) or command.burst:
            return False
        if t.swaps != command.swaps or (command.ddr and t.address & 1):
            return False
        if t.strobe and not maker.mode.strobe:
            return False
        if command.mode_clocks:
            continues = maker.enters_continuous(self._mode_bits(t))
            if continues != bool(maker.mode.continuous):
                return False
        size = self._chip.size
        if command.address_bits == 24 and maker.high_address << 24 & (size - 1):
            return False
        return t.address + t.read <= size

    def admits(self, c: Cycle) -> bool:
        """Whether the chip listens to this command now; if not, why not is reported."""
        chip, command = self._chip, c.command
        if chip.reset_enabled and command.first_byte != 0x99:
            chip.disable_reset(command.first_byte)
        if chip.powered_down and not chip.operation and command.first_byte != 0xAB:
            chip.refuse("power-down", c, "the chip is in power-down")
        elif (busy := chip.operation) and (busy.is_deaf or not command.while_busy):
            rule = "read-while-busy" if command.is_read else "command-while-busy"
            chip.refuse(rule, c, f"the chip is busy: {busy}")
        elif command.quad and not self._maker.quad_enabled:
            chip.refuse("quad-without-qe", c, "QE, the quad enable bit, is 0")
        elif command.lengths and len(c.data) not in command.lengths:
            expected = " or ".join(map(str, command.lengths))
            chip.refuse("wrong-length", c, f"{len(c.data)} data bytes, expected {expected}")
        else:
            return True
        return False


def _opcode(t: Transaction, mode: Mode) -> int | None:
    """The opcode, if it was sent in the way of the mode."""
    if t.opcode_lanes != mode.lanes:
        return None
    if t.opcode_bits == mode.opcode_bits and t.opcode_ddr == mode.opcode_ddr:
        return t.opcode
    if t.opcode is not None and mode.lanes == 8 and mode.opcode_bits == 8:
        # The chip takes what comes at the rising edge.
        return t.opcode >> 8 if t.opcode_ddr and t.opcode_bits == 16 else None
    return None
