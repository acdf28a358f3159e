"""Commands without an address: write enable, power-down, suspend and resume, software reset."""

from __future__ import annotations

from collections.abc import Iterator

from ..command import Command, Cycle, Handler
from ..engine import WriteEngine
from ..state import ChipState
from .array import repeated


class ControlCommands:
    """Handlers and their tables, in a mode with `lanes` lines for opcodes."""

    def __init__(self, chip: ChipState, engine: WriteEngine) -> None:
        self._chip, self._engine = chip, engine

    def commands(self, lanes: int = 1) -> Iterator[Command]:
        """Those that every chip has."""
        yield Command(
            opcode=0x06, name="write enable", run=self._write_enable, is_private=True
        )
        enables: tuple[tuple[int, str, Handler], ...] = (
            (0x04, "write disable", self.write_disable),
            (0xB9, "power-down", self._power_down),
        )
        for opcode, name, run in enables:
            yield Command(opcode=opcode, name=name, run=run)
        always: tuple[tuple[int, str, Handler], ...] = (
            (0x66, "reset enable", self._reset_enable),
            (0x99, "reset", self._reset),
        )
        for opcode, name, run in always:
            yield Command(opcode=opcode, name=name, run=run, while_busy=True)
        yield Command(
            opcode=0xAB, name="release power-down", run=self._release,
            wait=24 // lanes, data_lanes=lanes, sends=True,
        )  # fmt: skip

    def suspends(self, suspend: int, resume: int) -> Iterator[Command]:
        """Suspend and resume, with these opcodes."""
        both: tuple[tuple[int, str, Handler], ...] = (
            (suspend, "suspend", self._suspend),
            (resume, "resume", self._resume),
        )
        for opcode, name, run in both:
            yield Command(opcode=opcode, name=name, run=run, while_busy=True)

    def has_wel(self, c: Cycle) -> bool:
        """Whether WEL is set; reported if not."""
        if not self._chip.wel:
            self._chip.refuse("write-without-wel", c, "the write enable latch is 0")
        return self._chip.wel

    def may_write(self, c: Cycle) -> bool:
        """Whether a write of registers that takes time is carried out; reported if not."""
        suspended = self._chip.suspended
        if self._chip.wel and suspended:
            self._chip.refuse("suspended", c, f"{suspended.what} is suspended")
        return self.has_wel(c) and not suspended

    def spend_wel(self, c: Cycle) -> bool:
        """Whether WEL was set. Assumption: commands that act at once clear it as others do."""
        was_set = self.has_wel(c)
        self._chip.wel = False
        return was_set

    def _write_enable(self, c: Cycle) -> bytes:
        self._chip.wel = not self._chip.latch_fails
        return b""

    def write_disable(self, c: Cycle) -> bytes | None:
        """Clear WEL."""
        self._chip.wel = False
        return b""

    def _power_down(self, c: Cycle) -> bytes:
        self._engine.begin("power-down", c.command.name, self._chip.duration("power_down"))
        return b""

    def _release(self, c: Cycle) -> bytes:
        chip = self._chip
        if chip.powered_down:
            self._engine.begin("release", c.command.name, chip.duration("release"))
        return repeated(bytes((chip.row.device_id,)), c.read)

    def _suspend(self, c: Cycle) -> bytes | None:
        chip, operation = self._chip, self._chip.operation
        can = operation and operation.kind in ("program", "erase") and not chip.suspended
        if not operation or not can or operation.length == chip.size:
            chip.refuse("suspend", c, self._why_not_suspend())
            return None
        self._engine.suspend()
        return b""

    def _why_not_suspend(self) -> str:
        chip, operation = self._chip, self._chip.operation
        if chip.suspended:
            return f"{chip.suspended.what} is suspended already"
        if operation is None:
            return "nothing is under way"
        return f"{operation.what} is under way, which cannot be suspended"

    def _resume(self, c: Cycle) -> bytes | None:
        chip = self._chip
        if chip.operation or not chip.suspended:
            busy = f"the chip is busy: {chip.operation}"
            chip.refuse("resume", c, busy if chip.operation else "nothing is suspended")
            return None
        self._engine.resume()
        return b""

    def _reset_enable(self, c: Cycle) -> bytes:
        self._chip.reset_enabled, self._chip.reset_broken = True, 0
        return b""

    def _reset(self, c: Cycle) -> bytes | None:
        chip = self._chip
        if not chip.reset_enabled:
            between = f": {chip.reset_broken:02X}h came between" if chip.reset_broken else ""
            chip.reset_broken = 0
            chip.refuse("reset-without-enable", c, f"66h did not come just before{between}")
            return None
        self._engine.cut("the chip was reset")
        chip.wel = chip.reset_enabled = False
        chip.maker.software_reset()
        self._engine.begin("reset", c.command.name, chip.duration("reset"))
        return b""
