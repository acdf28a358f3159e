"""The engine inside a flash chip that erases and programs: what takes time, and what it leaves."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import Alarm

from .array import SECTOR
from .operation import Operation
from .state import ChipState


class WriteEngine:
    """Runs one operation; another one may be suspended meanwhile. Effects come at the end.

    end: an alarm that calls `finish`.
    """

    def __init__(self, chip: ChipState, end: Alarm) -> None:
        self._chip, self._end = chip, end

    def begin(self, kind: str, name: str, duration: int, **details: Any) -> None:
        """Become busy for `duration` ns; see `Operation` for the details."""
        chip, now = self._chip, self._chip.system.clock.now
        never = chip.sticks and kind in ("program", "erase", "status")
        details.setdefault("pc", chip.system.pc())
        chip.operation = Operation(
            kind=kind, name=name, start=now, end=None if never else now + duration, **details
        )
        if never:
            chip.sticks = False
        else:
            self._end.at(now + duration)
        chip.notify()

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
        self._account()
        # Assumption: an operation that is cut off leaves the cells as they were before it.
        for operation in (chip.operation, chip.suspended):
            if operation and operation.kind in ("program", "erase", "status"):
                chip.note(f"{why} during {operation}: taken as not begun")
        chip.operation = chip.suspended = None

    def suspend(self) -> None:
        """Interrupt the operation under way: WIP and WEL fall after the suspend latency."""
        chip, now = self._chip, self._chip.system.clock.now
        operation, latency = chip.operation, chip.duration("suspend")
        assert operation is not None
        if operation.end is None or operation.end <= now + latency:
            return  # It ends by itself first, or never.
        self._account()
        chip.suspended = operation._replace(start=now)
        self.begin("suspend", "suspend", latency)

    def resume(self) -> None:
        """Go on with the suspended operation, for the time that was left of it."""
        chip, operation = self._chip, self._chip.suspended
        assert operation is not None and operation.end is not None
        chip.suspended = None
        left = operation.end - operation.start
        details = {
            key: getattr(operation, key)
            for key in ("address", "length", "data", "target", "values", "pc")
        }
        self.begin(operation.kind, operation.name, left, **details)

    def _account(self) -> None:
        chip = self._chip
        if chip.operation:
            chip.counters.busy_time += chip.system.clock.now - chip.operation.start

    def finish(self) -> None:
        """The time of the operation under way has come."""
        chip, operation = self._chip, self._chip.operation
        self._end.cancel()
        if operation is None:
            return
        self._account()
        chip.operation = None
        if not operation.is_deaf and not chip.maker.keeps_wel:
            chip.wel = False
        if operation.kind in ("program", "erase", "status"):
            chip.counters.operations += 1
            if operation.target == "array" and operation.kind != "status":
                self._apply(operation)
            else:
                chip.maker.apply(operation)
        elif operation.kind == "power-down":
            chip.powered_down = True
        elif operation.kind == "release":
            chip.powered_down = False
        chip.notify()

    def _apply(self, operation: Operation) -> None:
        chip, counters = self._chip, self._chip.counters
        sectors = range(operation.address // SECTOR, -(-operation.end_address // SECTOR))
        change = f"{operation.name} at {operation.address:#x}, begun at {operation.start} ns"
        if operation.pc is not None:
            change += f" by the code at {operation.pc:#x}"
        counters.changes.update(dict.fromkeys(sectors, change))
        if operation.kind == "program":
            failed = chip.memory.program(operation.address, operation.data)
            if failed is not None:
                chip.diagnose(
                    "program-failed",
                    f"{operation.name}: cells from {failed:#x} do not take their new value",
                    address=failed,
                )
        else:
            for sector in sectors:
                counters.erases[sector] += 1
                if counters.erases[sector] == chip.row.endurance + 1:
                    chip.note(f"sector at {sector * SECTOR:#x} is beyond its erase cycles")
            chip.memory.erase(operation.address, operation.length)
        chip.changed(operation.address, operation.length)
