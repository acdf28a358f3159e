"""The engine inside a flash chip that erases and programs: what takes time, and what it leaves."""

from __future__ import annotations

from xipsim.peripherals.core import Alarm

from .array import SECTOR
from .operation import DEAF, Operation
from .state import ChipState

_OF_CELLS = ("program", "erase")
_CHANGES = (*_OF_CELLS, "status")
"""Kinds of operations that change cells or registers."""


class WriteEngine:
    """Runs one operation; another one may be suspended meanwhile. Effects come at the end.

    end: an alarm that calls `finish`.
    """

    def __init__(self, chip: ChipState, end: Alarm) -> None:
        self._chip, self._end = chip, end

    def begin(
        self,
        kind: str,
        name: str,
        duration: int,
        address: int = 0,
        length: int = 0,
        data: bytes = b"",
        *,
        target: str = "array",
        values: tuple[tuple[int, int], ...] = (),
    ) -> None:
        """Become busy for `duration` ns; see `Operation` for the rest."""
        system = self._chip.system
        now = system.clock.now
        end, pc = now + duration, system.pc()
        operation = Operation(kind, name, now, end, address, length, data, target, values, pc)
        self._run(operation, end)

    def _run(self, operation: Operation, end: int) -> None:
        chip, kind = self._chip, operation.kind
        if chip.sticks and kind in _CHANGES:
            chip.sticks = False
            operation = operation._replace(end=None)
        else:
            self._end.at(end)
        chip.operation = operation
        if kind not in _OF_CELLS:
            chip.notify()
            return
        chip.active_at = operation.start
        for watcher in chip.watchers:
            watcher.operation_began(chip)

    def settle(self) -> None:
        """End the operation under way if its time has come."""
        chip = self._chip
        end = chip.operation.end if chip.operation else None
        if end is not None and chip.system.clock.now >= end:
            self.finish()

    def cut(self, why: str) -> None:
        """End what is under way and what is suspended, without effect."""
        chip = self._chip
        self._end.cancel()
        if chip.operation:
            self._account(chip.operation)
        # Assumption: an operation that is cut off leaves the cells as they were before it.
        for operation in (chip.operation, chip.suspended):
            if operation and operation.kind in _CHANGES:
                chip.note(f"{why} during {operation}: taken as not begun")
        chip.operation = chip.suspended = None

    def suspend(self) -> None:
        """Interrupt the operation under way: WIP and WEL fall after the suspend latency."""
        chip, now = self._chip, self._chip.system.clock.now
        operation, latency = chip.operation, chip.duration("suspend")
        assert operation is not None
        if operation.end is None or operation.end <= now + latency:
            return  # It ends by itself first, or never.
        self._account(operation)
        chip.suspended = operation._replace(start=now)
        self.begin("suspend", "suspend", latency)

    def resume(self) -> None:
        """Go on with the suspended operation, for the time that was left of it."""
        chip, operation = self._chip, self._chip.suspended
        assert operation is not None and operation.end is not None
        chip.suspended = None
        now, left = chip.system.clock.now, operation.end - operation.start
        self._run(operation._replace(start=now, end=now + left), now + left)

    def _account(self, operation: Operation) -> None:
        chip = self._chip
        chip.counters.busy_time += chip.system.clock.now - operation.start

    def finish(self) -> None:
        """The time of the operation under way has come."""
        chip, operation = self._chip, self._chip.operation
        if self._end.deadline is not None:
            self._end.cancel()
        if operation is None:
            return
        chip.operation, kind = None, operation.kind
        chip.active_at = now = chip.system.clock.now
        chip.counters.busy_time += now - operation.start
        if kind not in DEAF and not chip.maker.keeps_wel:
            chip.wel = False
        if kind in _CHANGES:
            chip.counters.operations += 1
            if kind != "status" and operation.target == "array":
                self._apply(operation)
                return
            chip.maker.apply(operation)
        elif kind == "power-down":
            chip.powered_down = True
        elif kind == "release":
            chip.powered_down = False
        chip.notify()

    def _apply(self, operation: Operation) -> None:
        chip = self._chip
        kind, name, start, _, address, length, data, _, _, pc = operation
        change, changes = (name, address, start, pc), chip.counters.changes
        sectors = range(address // SECTOR, -(-(address + length) // SECTOR))
        for sector in sectors:
            changes[sector] = change
        if kind == "erase":
            self._count_erase(sectors)
            chip.memory.erase(address, length)
        else:
            failed = chip.memory.program(address, data)
            if failed is not None:
                chip.diagnose(
                    "program-failed",
                    f"{name}: cells from {failed:#x} do not take their new value",
                    address=failed,
                )
        for watcher in chip.watchers:
            watcher.operation_ended(chip, address, length)

    def _count_erase(self, sectors: range) -> None:
        chip, erases = self._chip, self._chip.counters.erases
        for sector in sectors:
            erases[sector] = cycles = erases.get(sector, 0) + 1
            if cycles == chip.row.endurance + 1:
                chip.note(f"sector at {sector * SECTOR:#x} is beyond its erase cycles")
