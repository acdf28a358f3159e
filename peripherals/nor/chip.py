"""A NOR flash chip: its cells, and the parts that decode cycles and carry them out.

What its commands and registers are is the business of a `Maker` (see `makers/`); which values a
part number has, of its row in `parts/`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from xipsim.peripherals.core import (
    FlashChip,
    Inputs,
    ResetCause,
    State,
    System,
    exposed,
    model,
)

from .array import SECTOR
from .bus import Begun, ChipWatcher, Transaction
from .decoder import Decoder
from .engine import WriteEngine
from .makers import find_maker
from .operation import in_words
from .parts import find_part
from .state import ChipState


@model("Nor.Chip")
class Chip(ChipState, FlashChip, Inputs):
    """A serial NOR flash chip on a chip select of a memory controller."""

    INPUTS = 1
    active_at = State(0)

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._end = self.alarm(self._finish)
        self._engine = WriteEngine(self, self._end)
        self.maker = find_maker(self.row.family)(self, self._engine)
        self.memory.overwrites = self.maker.overwrites
        self._decoder = Decoder(self, self._engine)

    @classmethod
    def capacity(cls, parameters: Mapping[str, Any]) -> int:
        return find_part(str(parameters.get("part"))).size

    # -- life ------------------------------------------------------------------------------------

    def reset(self, cause: ResetCause) -> None:
        """Power-on only: a chip has no part in a reset of the microcontroller."""
        if cause is not ResetCause.POWER_ON:
            return
        self._engine.cut("power was lost")
        super().reset(cause)
        self.maker.power_on()
        self.notify()

    def on_input(self, number: int, level: bool) -> None:
        """Input 0, RESET#: low resets modes and volatile registers; the chip is deaf meanwhile."""
        if level is not self.held_in_reset:
            return
        self.held_in_reset = not level
        if level:
            self._engine.begin("reset", "hardware reset", self.duration("reset"))
            return
        self._engine.cut("RESET# went low")
        self.wel = self.powered_down = self.reset_enabled = False
        self.maker.power_on()
        self.notify()

    def save(self) -> dict[str, Any]:
        """Also the array (its sectors that are not blank), registers and counters."""
        return super().save() | {
            "memory": self.memory.save(),
            "maker": self.maker.save(),
            "counters": self.counters.copy(),
            "sticks": self.sticks,
            "latch_fails": self.latch_fails,
        }

    def load(self, saved: dict[str, Any]) -> None:
        super().load(saved)
        changed = self.memory.load(saved["memory"])
        self.maker.load(saved["maker"])
        self.counters = saved["counters"].copy()
        self.sticks, self.latch_fails = saved["sticks"], saved["latch_fails"]
        active_at = self.active_at
        for address in changed:
            self.changed(address, SECTOR)
        self.notify()
        self.active_at = active_at

    def _finish(self) -> None:
        self._engine.finish()

    # -- the bus ---------------------------------------------------------------------------------

    def transfer(self, transaction: Transaction) -> bytes:
        """Run one cycle of chip select; FFh comes back where the chip drives nothing."""
        self._engine.settle()
        if self.held_in_reset:
            self.diagnose("in-reset", "ignored: RESET# is low", opcode=transaction.opcode)
            return self.done(transaction, "ignored", b"\xff" * transaction.read, address=None)
        return self._decoder.transfer(transaction)

    def reads_array(self, transaction: Transaction) -> bool:
        """Whether this read would now return plain array data and leave the chip as it is.

        False while anything is suspended: part of the array then reads undefined.
        """
        if self.operation or self.suspended or self.powered_down or self.held_in_reset:
            return False
        return self._decoder.reads_array(transaction)

    @property
    def busy(self) -> bool:
        """Whether an operation is under way."""
        return self.operation is not None

    @property
    def busy_until(self) -> int | None:
        """Virtual ns at which the operation ends; None while idle, or if it never ends."""
        return self.operation.end if self.operation else None

    @property
    def repeats(self) -> bool:
        """As of `SpiDevice`: true of status reads of a busy chip."""
        return self.operation is not None and self._decoder.polled is not None

    def repeated(self, times: Sequence[int]) -> None:
        """As of `SpiDevice`."""
        polled = self._decoder.polled
        assert polled is not None
        t, name, answer = polled
        commands = self.counters.commands
        commands[name] = commands.get(name, 0) + len(times)
        if self.traced:
            for time in times:
                self.tell(time, t, name, answer, None)

    @property
    def latched(self) -> Hashable | None:
        """As of `SpiDevice`."""
        operation, latches = self.operation, self.maker.latches
        if (
            latches is None or self.suspended or self.powered_down or self.held_in_reset
            or self.reset_enabled or self.latch_fails or self.sticks
            or (operation and operation.is_deaf)
        ):  # fmt: skip
            return None
        return self.maker.mode, self.wel, latches, operation is None

    def again(self, transaction: Transaction) -> Callable[[], bytes] | None:
        """As of `SpiDevice`: of what the chip has understood before."""
        return None if self.latched is None else self._decoder.again(transaction)

    def begins(self, transaction: Transaction) -> Begun | None:
        """As of `SpiDevice`: of programs and erases where none of them is refused."""
        if self.latched is None or self.busy or not self.wel:
            return None
        again = self._decoder.alters(transaction)
        if again is None or self.maker.protection(0, self.size):
            return None
        return Begun(self._end, self.maker.page, again)

    def watch(self, watcher: ChipWatcher) -> None:
        """Tell `watcher` about changes of the array and of the state."""
        self.watchers.append(watcher)

    def last_change(self, address: int) -> str | None:
        """What erased or programmed the sector of `address` last, in words; None: nothing has."""
        change = self.counters.changes.get(address // SECTOR)
        return None if change is None else in_words(change)

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
        self.changed(address, len(data))

    @exposed
    def erase(self, address: int, length: int) -> None:
        """Set the cells to FFh, at once."""
        self._check(address, length)
        self.memory.erase(address, length)
        self.changed(address, length)

    @exposed
    def fill(self, data: bytes) -> None:
        """Make `data` the first cells of the array, the rest erased."""
        if len(data) > self.size:
            raise ValueError(
                f"{self.name}: {self.row.name} has {self.size} bytes, given {len(data)}"
            )
        self.memory.fill(data)
        self.changed(0, self.size)

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
        return self.maker.status() | {
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
