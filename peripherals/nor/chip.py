"""NOR flash chips: the array, the engine that erases and programs it, times, wear and faults.

How commands look on the lines, and which registers there are, is the business of a `Family`
(see `family.py`); which values a part number has, of its row in `parts/`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from xipsim.peripherals.core import (
    FlashChip,
    FlashCommand,
    Inputs,
    Model,
    Parameter,
    ResetCause,
    State,
    System,
    exposed,
    model,
)

from .array import SECTOR, Array
from .bus import ChipWatcher, Transaction
from .families import Family, find_family
from .operation import Counters, Operation
from .parts import find_part


@model("Nor.Chip")
class Chip(Model, FlashChip, Inputs):
    """A serial NOR flash chip on a chip select of a memory controller."""

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
    held_in_reset = State(False)

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        try:
            self.row = find_part(self.part)
        except ValueError as error:
            raise ValueError(f"{self.name}: part: {error}") from None
        self.memory = Array(self.row.size)
        self.array = self.memory.cells
        self.counters = Counters()
        self.sticks = False
        self.latch_fails = False
        self.unique_id = self._unique_id()
        self.family: Family = find_family(self.row.family)(self)
        self.memory.overwrites = self.family.overwrites
        self._watchers: list[ChipWatcher] = []
        self._ended = self.alarm(self._finish)

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

    @classmethod
    def capacity(cls, parameters: Mapping[str, Any]) -> int:
        return find_part(str(parameters.get("part"))).size

    # -- life ------------------------------------------------------------------------------------

    def reset(self, cause: ResetCause) -> None:
        """Power-on only: a chip has no part in a reset of the microcontroller."""
        if cause is not ResetCause.POWER_ON:
            return
        self._abandon("power was lost")
        super().reset(cause)
        self.family.power_on()
        self.notify()

    def on_input(self, number: int, level: bool) -> None:
        """Input 0, RESET#: low resets modes and volatile registers; the chip is deaf meanwhile."""
        if number or level is not self.held_in_reset:
            return
        self.held_in_reset = not level
        if level:
            self.begin("reset", "hardware reset", self.duration("reset"))
            return
        self._ended.cancel()
        self._abandon("RESET# went low")
        self.wel = self.powered_down = self.reset_enabled = False
        self.family.power_on()
        self.notify()

    def _abandon(self, why: str) -> None:
        self._account()
        # Assumption: an operation that is cut off leaves the cells as they were before it.
        for operation in (self.operation, self.suspended):
            if operation and operation.kind in ("program", "erase", "status"):
                self.note(f"{why} during {operation}: taken as not begun")
        self.operation = self.suspended = None

    def save(self) -> dict[str, Any]:
        """Also the array (its sectors that are not blank), registers and counters."""
        return super().save() | {
            "memory": self.memory.save(),
            "family": self.family.save(),
            "counters": copy.deepcopy(self.counters),
            "sticks": self.sticks,
            "latch_fails": self.latch_fails,
        }

    def load(self, saved: dict[str, Any]) -> None:
        super().load(saved)
        changed = self.memory.load(saved["memory"])
        self.family.load(saved["family"])
        self.counters = copy.deepcopy(saved["counters"])
        self.sticks, self.latch_fails = saved["sticks"], saved["latch_fails"]
        for address in changed:
            self._changed(address, SECTOR)
        self.notify()

    # -- the bus ---------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Bytes of the array."""
        return self.row.size

    def transfer(self, transaction: Transaction) -> bytes:
        """Run one cycle of chip select; FFh comes back where the chip drives nothing."""
        operation = self.operation
        if operation and operation.end is not None and self.system.clock.now >= operation.end:
            self._finish()
        if self.held_in_reset:
            self.diagnose("in-reset", "ignored: RESET# is low", opcode=transaction.opcode)
            return self.done(transaction, "ignored", b"\xff" * transaction.read, address=None)
        return self.family.transfer(transaction)

    def reads_array(self, transaction: Transaction) -> bool:
        """Whether this read would now return plain array data and leave the chip as it is.

        False while anything is suspended: part of the array then reads undefined.
        """
        if self.operation or self.suspended or self.powered_down or self.held_in_reset:
            return False
        return self.family.reads_array(transaction)

    @property
    def busy(self) -> bool:
        """Whether an operation is under way."""
        return self.operation is not None

    @property
    def busy_until(self) -> int | None:
        """Virtual ns at which the operation ends; None while idle, or if it never ends."""
        return self.operation.end if self.operation else None

    def watch(self, watcher: ChipWatcher) -> None:
        """Tell `watcher` about changes of the array and of the state."""
        self._watchers.append(watcher)

    def notify(self) -> None:
        """Tell the watchers that reads may be answered differently from now on."""
        for watcher in self._watchers:
            watcher.state_changed(self)

    def _changed(self, address: int, length: int) -> None:
        for watcher in self._watchers:
            watcher.array_changed(self, address, length)

    def done(self, t: Transaction, name: str, answer: bytes, *, address: int | None) -> bytes:
        """Count and trace the cycle that just ended; returns `answer`."""
        self.counters.commands[name] += 1
        trace = self.system.trace
        if trace.wants(FlashCommand):
            trace.emit(
                FlashCommand(
                    time=self.system.clock.now,
                    chip=self.name,
                    opcode=t.opcode,
                    name=name,
                    address=address,
                    sent=t.write,
                    received=answer,
                )
            )
        return answer

    # -- operations ------------------------------------------------------------------------------

    def duration(self, key: str) -> int:
        """Nanoseconds of the part's time called `key`, typical or maximum as asked for."""
        return self.row.times[key][self.times == "maximum"]

    def begin(self, kind: str, name: str, duration: int, **details: Any) -> None:
        """Become busy for `duration` ns; see `Operation` for the details."""
        now = self.system.clock.now
        never = self.sticks and kind in ("program", "erase", "status")
        self.operation = Operation(
            kind=kind, name=name, start=now, end=None if never else now + duration, **details
        )
        if never:
            self.sticks = False
        else:
            self._ended.at(now + duration)
        self.notify()

    def abort(self) -> None:
        """End what is under way without its effect: a software reset of the chip."""
        self._ended.cancel()
        self._abandon("the chip was reset")

    def suspend(self) -> None:
        """Interrupt the operation under way: WIP and WEL fall after the suspend latency."""
        operation, latency = self.operation, self.duration("suspend")
        now = self.system.clock.now
        if operation is None or operation.end is None or operation.end <= now + latency:
            return  # It ends by itself first.
        self._account()
        self.suspended = operation._replace(start=now)
        self.begin("suspend", "suspend", latency)

    def resume(self) -> None:
        """Go on with the suspended operation, for the time that was left of it."""
        operation = self.suspended
        if operation is None or operation.end is None or self.operation:
            return
        self.suspended = None
        left = operation.end - operation.start
        details = {
            key: getattr(operation, key)
            for key in ("address", "length", "data", "target", "values")
        }
        self.begin(operation.kind, operation.name, left, **details)

    def _account(self) -> None:
        if self.operation:
            self.counters.busy_time += self.system.clock.now - self.operation.start

    def _finish(self) -> None:
        self._ended.cancel()
        operation = self.operation
        if operation is None:
            return
        self._account()
        self.operation = None
        if not operation.is_deaf and not self.family.keeps_wel:
            self.wel = False
        if operation.kind in ("program", "erase", "status"):
            self.counters.operations += 1
            if operation.target == "array" and operation.kind != "status":
                self._apply(operation)
            else:
                self.family.apply(operation)
        elif operation.kind == "power-down":
            self.powered_down = True
        elif operation.kind == "release":
            self.powered_down = False
        self.notify()

    def _apply(self, operation: Operation) -> None:
        end = operation.address + operation.length
        change = f"{operation.name} at {operation.address:#x}, begun at {operation.start} ns"
        for sector in range(operation.address // SECTOR, -(-end // SECTOR)):
            self.counters.changes[sector] = change
        if operation.kind == "program":
            failed = self.memory.program(operation.address, operation.data)
            self._changed(operation.address, len(operation.data))
            if failed is not None:
                self.diagnose(
                    "program-failed",
                    f"{operation.name}: cells from {failed:#x} do not take their new value",
                    address=failed,
                )
            return
        for sector in range(operation.address // SECTOR, end // SECTOR):
            self.counters.erases[sector] += 1
            if self.counters.erases[sector] == self.row.endurance + 1:
                self.note(f"sector at {sector * SECTOR:#x} is beyond its erase cycles")
        self.erase(operation.address, operation.length)

    def last_change(self, address: int) -> str | None:
        """What erased or programmed the sector of `address` last, in words; None: nothing has."""
        return self.counters.changes.get(address // SECTOR)

    # -- from outside: no time passes, no command is counted ---------------------------------------

    def _check(self, address: int, length: int) -> None:
        if not 0 <= address <= address + length <= self.size:
            raise ValueError(
                f"{self.name}: {length} bytes at {address:#x} are not within {self.size:#x} bytes"
            )

    @exposed
    def read(self, address: int, length: int) -> bytes:
        """The cells, whatever the chip is doing."""
        self._check(address, length)
        return bytes(self.array[address : address + length])

    @exposed
    def contents(self) -> bytes:
        """All cells."""
        return bytes(self.array)

    @exposed
    def program(self, address: int, data: bytes) -> None:
        """AND `data` into the cells, at once."""
        self._check(address, len(data))
        self.memory.program(address, data)
        self._changed(address, len(data))

    @exposed
    def erase(self, address: int, length: int) -> None:
        """Set the cells to FFh, at once."""
        self._check(address, length)
        self.memory.erase(address, length)
        self._changed(address, length)

    @exposed
    def fill(self, data: bytes) -> None:
        """Make `data` the first cells of the array, the rest erased."""
        if len(data) > self.size:
            raise ValueError(
                f"{self.name}: {self.row.name} has {self.size} bytes, given {len(data)}"
            )
        self.memory.fill(data)
        self._changed(0, self.size)

    @exposed
    def stats(self) -> dict[str, Any]:
        """Commands by name, bytes read and programmed by command, erases by 4-KB sector
        (address // 4096), operations completed, and ns that the chip was busy."""
        counters = self.counters
        busy = counters.busy_time
        if self.operation:
            busy += self.system.clock.now - self.operation.start
        return {
            "commands": dict(counters.commands),
            "bytes_read": counters.bytes_read,
            "bytes_programmed": counters.bytes_programmed,
            "erases": dict(counters.erases),
            "operations": counters.operations,
            "busy_time": busy,
        }

    @exposed
    def status(self) -> dict[str, Any]:
        """Registers, mode, and the operation under way and suspended (None, or its facts)."""
        return self.family.status() | {
            "wel": self.wel,
            "busy": self.busy,
            "powered_down": self.powered_down,
            "operation": self.operation and self.operation.facts(),
            "suspended": self.suspended and self.suspended.facts(),
        }

    @exposed
    def info(self) -> dict[str, Any]:
        """What the part is."""
        row = self.row
        return {
            "part": row.name,
            "maker": row.maker,
            "id": row.id.hex(),
            "uid": self.unique_id.hex(),
            "size": row.size,
            "page": row.page,
            "erase_sizes": [unit.size for unit in row.erase],
            "endurance": row.endurance,
            "times": {key: self.duration(key) for key in row.times},
        }

    # -- faults ----------------------------------------------------------------------------------

    @exposed
    def fail_program(self, address: int, length: int) -> None:
        """These cells keep their value from now on; the chip reports success all the same."""
        self._check(address, length)
        self.memory.failing.append((address, length))

    @exposed
    def stuck_busy(self) -> None:
        """The next erase, program or status write never ends: WIP stays 1 until power-off or a
        software reset, and `busy_until` is None."""
        self.sticks = True

    @exposed
    def stuck_wel(self) -> None:
        """The write enable latch is broken: from now on it stays 0, whatever is sent."""
        self.wel, self.latch_fails = False, True
