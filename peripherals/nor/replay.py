"""A transaction that no command expects, read from the lines as the chip reads it."""

from __future__ import annotations

from collections.abc import Callable

from .bus import Transaction
from .command import Command, Cycle
from .maker import Mode
from .mismatch import Finding, mismatches, opcode_mismatch
from .state import ChipState
from .wire import Wire, to_bytes

Outcome = tuple[Command | None, bytes | None, int | None]
"""Command (None: none understood), what the controller samples (None: ignored), address."""


class Replay:
    """Lays a transaction out clock by clock, with a diagnostic for each thing that differs.

    admits: whether the chip listens to a command now.
    """

    def __init__(self, chip: ChipState, admits: Callable[[Cycle], bool]) -> None:
        self._chip, self._admits = chip, admits
        self._keeper = chip.undriven == "keeper"

    def run(self, t: Transaction, mode: Mode, commands: dict[int, Command]) -> Outcome:
        """Run the cycle."""
        wire = Wire(t, keeper=self._keeper)
        finding = None
        if mode.continuous:
            command, at = commands[mode.continuous], 0
            if t.opcode is not None:
                return self._misread(t, wire, command)
        else:
            at = mode.opcode_clocks
            opcode = None
            if wire.length >= at:
                opcode = wire.value(0, at, mode.lanes, ddr=mode.opcode_ddr)
            finding = opcode_mismatch(t, mode)
            if finding:
                self._report_misread(finding, t, commands.get(opcode or 0))
            if opcode not in commands:
                self._report_unknown(t, mode, opcode, is_told=finding is not None)
                return None, None, t.address
            command = commands[opcode]
        mode_at = at + command.address_clocks
        data_at = mode_at + command.wait
        cycle = self._cycle(wire, command, at)
        cycle.is_meant = finding is None
        if cycle.is_meant:
            has_wide = mode.wide or 0xB7 in commands
            late = wire.read_at - data_at
            for rule, why in mismatches(t, mode, command, late, has_wide=has_wide):
                cycle.is_meant = False
                text = f"{command.name}: {why}"
                self._chip.diagnose(rule, text, opcode=command.opcode, address=cycle.place)
        answer = None
        if self._is_whole(wire, cycle, mode_at, data_at):
            self._take_data(wire, cycle, data_at)
            if self._admits(cycle):
                answer = command.run(cycle)
        if answer is not None:
            answer = wire.sampled(answer, data_at, command.data_lanes, ddr=command.ddr)
        return command, answer, cycle.place

    def _report_misread(self, finding: Finding, t: Transaction, command: Command | None) -> None:
        """What comes instead of an opcode, and what the chip takes it for."""
        rule, why = finding
        if command is not None and rule != "wrong-opcode-length":
            why += f": what comes is taken for {command.name}, {command.first_byte:02X}h"
        self._chip.diagnose(rule, why, opcode=t.opcode, address=t.address)

    def _misread(self, t: Transaction, wire: Wire, command: Command) -> Outcome:
        """An opcode in continuous read: address and mode bits, as the chip sees it."""
        mode_at = command.address_bits // command.address_lanes
        data_at = mode_at + command.wait
        cycle = self._cycle(wire, command, 0)
        cycle.is_meant = False
        # FFh is how continuous read is left on purpose.
        if t.opcode != 0xFF:
            self._chip.diagnose(
                "continuous-read",
                f"opcode {t.opcode:02X}h is taken for an address: the chip is in continuous read",
                opcode=t.opcode,
            )
        if wire.length < mode_at + command.mode_clocks or not self._admits(cycle):
            return None, None, None
        cycle.read = -(-max(0, wire.length - data_at) * command.data_lanes // 8)
        answer = command.run(cycle) or b""
        return command, wire.sampled(answer, data_at, command.data_lanes), cycle.place

    @staticmethod
    def _cycle(wire: Wire, command: Command, at: int) -> Cycle:
        clocks, lanes = command.address_clocks, command.address_lanes
        address = wire.value(at, clocks, lanes, ddr=command.ddr)
        mode = wire.value(at + clocks, command.mode_clocks, lanes)
        return Cycle(command, address, mode, b"", 0)

    def _is_whole(self, wire: Wire, c: Cycle, mode_at: int, data_at: int) -> bool:
        """Whether chip select rises where the command allows it."""
        total, command = wire.length, c.command
        if command.sends:
            fits = total >= mode_at + command.mode_clocks
        elif command.takes:
            fits = total >= data_at and (total - data_at) * command.data_lanes % 8 == 0
        else:
            fits = total == data_at
        if not fits:
            why = f"chip select rose after {total} clocks, "
            if command.sends or command.takes:
                why += f"{data_at} lead to the data"
            else:
                why += f"and the command has {data_at}"
            self._chip.refuse("wrong-length", c, why)
            self._chip.reset_enabled = False
        return fits

    def _take_data(self, wire: Wire, c: Cycle, data_at: int) -> None:
        """Take the data from the wire, or reckon how many bytes the chip will put out."""
        lanes, clocks = c.command.data_lanes, max(0, wire.length - data_at)
        if c.command.takes:
            c.data = to_bytes(wire.bits(data_at, clocks, lanes, ddr=c.command.ddr))
        else:
            c.read = -(-clocks * (lanes << c.command.ddr) // 8)

    def _report_unknown(
        self, t: Transaction, mode: Mode, opcode: int | None, *, is_told: bool
    ) -> None:
        chip, unmodelled = self._chip, self._chip.maker.unmodelled
        first = None if opcode is None else opcode >> 8 or opcode
        chip.disable_reset(first or 0)
        if chip.powered_down:
            rule, why = "power-down", "the chip is in power-down"
        elif opcode is None or first is None:
            rule, why = "wrong-length", "chip select rose before eight bits had come"
        elif mode.opcode_bits == 16 and opcode >> 8 ^ opcode & 0xFF != 0xFF:
            rule = "wrong-opcode-extension"
            why = f"{opcode >> 8:02X}h must be followed by its inverse, not by {opcode & 0xFF:02X}h"
        elif first in unmodelled:
            chip.gap(f"command {first:02X}h, {unmodelled[first]}")
            return
        else:
            rule = "unknown-opcode"
            why = f"the chip has no command {opcode:02X}h in {mode.name} mode"
        if is_told and rule != "power-down":
            return  # The reason is another one, and no opcode was meant by these bits.
        busy = f" (busy: {chip.operation})" if chip.operation else ""
        chip.diagnose(rule, f"ignored: {why}{busy}", opcode=t.opcode, address=t.address)
