"""Winbond W25Q: three status registers, block and individual protection, security pages, QPI.

Options of the parts' rows: `status_registers` (2 or 3), `sr3` (its factory value), `bp_scheme`
(`sec`: SEC, TB, BP2-0; `bp3`: TB, BP3-0), `wide` (4-byte addressing), `qpi`, `dtr` (reads at both
clock edges: not modelled), `qe_fixed` (QE cannot be cleared), `one_byte_write_clears_sr2`.
Bits: W25QxxJV sheets, "Status Registers".
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from xipsim.peripherals.core import Record

from ..command import Command, Cycle
from ..commands import quad
from ..commands.array import ArrayCommands
from ..commands.control import ControlCommands
from ..commands.ids import IdCommands
from ..commands.locks import BlockLocks
from ..commands.security import SecurityRegisters
from ..engine import WriteEngine
from ..maker import Maker, Mode
from ..operation import Operation
from ..protection import area, covers, in_words
from ..state import ChipState

QE, SRL, LB, CMP, SUS = 0x02, 0x01, 0x38, 0x40, 0x80
WPS, ADP = 0x04, 0x02
SR1_WRITABLE, SR2_WRITABLE, SR3_WRITABLE = 0xFC, 0x7B, 0xE4
DTR = {
    0x0D: "DTR fast read", 0xBD: "DTR fast read dual I/O", 0xED: "DTR fast read quad I/O",
    0x0E: "DTR burst read with wrap",
}  # fmt: skip
QPI_DUMMIES = (2, 4, 6, 8)
WRAPS = (8, 16, 32, 64)


class Volatile(Record):
    """What power-off clears."""

    def __init__(self, sr: list[int], *, wide: bool) -> None:
        self.sr = sr
        self.volatile_write = False
        """50h came: the next status write changes the volatile bits only."""
        self.qpi = False
        self.qpi_parameter = 0
        self.continuous = 0
        self.wide = wide
        self.extended = 0
        self.wrap = 0
        """Bytes, 0 for none."""


class W25Q(Maker):
    """Winbond W25Q, and what follows it closely."""

    def __init__(self, chip: ChipState, engine: WriteEngine) -> None:
        self._chip, self._engine = chip, engine
        self._options = chip.row.options
        if self._options["dtr"]:
            self.unmodelled = DTR
        self._array = ArrayCommands(chip, engine)
        self._control = ControlCommands(chip, engine)
        self._ids = IdCommands(chip)
        self._security = SecurityRegisters(chip, engine, self._is_frozen)
        self._locks = BlockLocks(chip.size, self._array, self._control)
        qe = chip.row.qe if chip.qe is None else chip.qe
        self.nonvolatile = [0, QE if qe else 0, self._options["sr3"]]
        self.power_on()

    # -- modes -------------------------------------------------------------------------------------

    def power_on(self) -> None:
        self.nonvolatile[1] &= ~SRL
        self._restart()

    def software_reset(self) -> None:
        locked = self.volatile.sr[1] & SRL
        self._restart()
        self.volatile.sr[1] |= locked

    def _restart(self) -> None:
        wide = bool(self._options["wide"] and self.nonvolatile[2] & ADP)
        self.volatile = Volatile(list(self.nonvolatile), wide=wide)
        self._locks.unlocked.clear()
        self._refresh()

    def _refresh(self) -> None:
        v = self.volatile
        self.mode = Mode(
            name="QPI" if v.qpi else "SPI",
            lanes=4 if v.qpi else 1,
            wide=v.wide,
            continuous=v.continuous,
            settings=(v.qpi_parameter, v.wrap),
        )

    def _mode_changed(self) -> None:
        self._refresh()
        self._chip.notify()

    def set_continuous(self, opcode: int) -> None:
        self.volatile.continuous = opcode
        self._mode_changed()

    def enters_continuous(self, bits: int) -> bool:
        return bits & 0x30 == 0x20

    @property
    def quad_enabled(self) -> bool:
        return bool(self.volatile.sr[1] & QE)

    @property
    def high_address(self) -> int:
        return self.volatile.extended

    @property
    def page(self) -> int:
        return self._chip.row.page

    # -- tables ------------------------------------------------------------------------------------

    def table(self) -> Iterator[Command]:
        lanes = self.mode.lanes
        bits = 32 if self.mode.wide else 24
        yield from self._array.erases(bits, lanes, wide=self._options["wide"])
        yield from self._control.commands(lanes)
        yield from self._control.suspends(0x75, 0x7A)
        yield from self._ids.commands(lanes)
        yield from self._status_commands(lanes)
        if self._options["status_registers"] == 3:
            yield from self._locks.commands(bits, lanes)
        if self._options["wide"]:
            yield from self._wide_commands(lanes)
        yield from self._qpi_only(bits) if lanes == 4 else self._spi_only(bits)

    def _spi_only(self, bits: int) -> Iterator[Command]:
        wide = self._options["wide"]
        yield from quad.reads(self._array, bits, wide=wide, wrap=self.volatile.wrap)
        yield from quad.programs(self._array, bits, wide=wide)
        yield from self._ids.single(bits)
        yield from self._security.commands(bits)
        yield Command(
            opcode=0x77, name="set burst with wrap", run=self._set_wrap, address_bits=24,
            fixed_width=True, address_lanes=4, data_lanes=4, takes=True, lengths=(1,), quad=True,
        )  # fmt: skip
        yield Command(opcode=0xFF, name="continuous read reset", run=self._nothing, takes=True)
        if self._options["qpi"]:
            yield Command(opcode=0x38, name="enter QPI", run=self._enter_qpi, quad=True)

    def _qpi_only(self, bits: int) -> Iterator[Command]:
        wait = QPI_DUMMIES[self.volatile.qpi_parameter >> 4 & 3]
        for opcode, name, clocks in (
            (0x0B, "fast read", 0),
            (0x0C, "burst read with wrap", 0),
            (0xEB, "fast read quad I/O", 2),
        ):
            yield Command(
                opcode=opcode, name=name, run=self._array.read, is_read=True, sends=True,
                address_bits=bits, address_lanes=4, mode_clocks=clocks, wait=wait, data_lanes=4,
                burst=WRAPS[self.volatile.qpi_parameter & 3] if opcode == 0x0C else 0,
            )  # fmt: skip
        yield Command(
            opcode=0x02, name="page program", run=self._array.program, takes=True,
            address_bits=bits, address_lanes=4, data_lanes=4,
        )  # fmt: skip
        yield Command(
            opcode=0xC0, name="set read parameters", run=self._set_parameters, takes=True,
            lengths=(1,), data_lanes=4,
        )  # fmt: skip
        yield Command(opcode=0xFF, name="exit QPI", run=self._exit_qpi)

    def _status_commands(self, lanes: int) -> Iterator[Command]:
        opcodes = ((0x05, 0x01), (0x35, 0x31), (0x15, 0x11))
        for index in range(self._options["status_registers"]):
            read, write = opcodes[index]
            yield Command(
                opcode=read, name=f"read status {index + 1}", run=self._read_status,
                data_lanes=lanes, sends=True, while_busy=True, is_private=True, value=index,
            )  # fmt: skip
            yield Command(
                opcode=write, name=f"write status {index + 1}", run=self._write_status,
                data_lanes=lanes, takes=True, value=index,
                lengths=(1,) if index else (1, 2),
            )  # fmt: skip
        yield Command(opcode=0x50, name="write enable volatile", run=self._volatile_enable)

    def _wide_commands(self, lanes: int) -> Iterator[Command]:
        for opcode, name, value in ((0xB7, "enter 4-byte mode", 1), (0xE9, "exit 4-byte mode", 0)):
            yield Command(opcode=opcode, name=name, run=self._set_wide, value=value)
        yield Command(
            opcode=0xC5, name="write extended address", run=self._write_extended,
            data_lanes=lanes, takes=True, lengths=(1,),
        )  # fmt: skip
        yield Command(
            opcode=0xC8, name="read extended address", run=self._read_extended,
            data_lanes=lanes, sends=True,
        )  # fmt: skip

    # -- status registers --------------------------------------------------------------------------

    def _status(self, index: int) -> int:
        value, chip = self.volatile.sr[index], self._chip
        if index == 0:
            return value | chip.wel << 1 | (chip.operation is not None)
        if index == 1:
            suspending = chip.operation and chip.operation.kind == "suspend"
            return value | SUS if chip.suspended and not suspending else value
        return value | self.volatile.wide if self._options["wide"] else value

    @property
    def latches(self) -> Hashable:
        v = self.volatile
        unlocked = frozenset(self._locks.unlocked) if v.sr[2] & WPS else None
        return *v.sr, v.extended, unlocked

    def _read_status(self, c: Cycle) -> bytes:
        return bytes((self._status(c.command.value),)) * c.read

    def _volatile_enable(self, c: Cycle) -> bytes:
        self.volatile.volatile_write = True
        return b""

    def _write_status(self, c: Cycle) -> bytes | None:
        chip, v = self._chip, self.volatile
        is_volatile, v.volatile_write = v.volatile_write, False
        if not chip.wel and not is_volatile:
            self._chip.refuse("write-without-wel", c, "the write enable latch is 0")
        elif v.sr[1] & SRL:
            chip.wel = False
            self._chip.refuse("protected", c, "the status registers are locked until power-off")
        elif is_volatile:
            for index, value in self._new_values(c.command.value, c.data):
                v.sr[index] = value & ~LB | v.sr[1] & LB if index == 1 else value
            self._mode_changed()
            return b""
        elif self._control.may_write(c):
            values = tuple(self._new_values(c.command.value, c.data))
            duration = chip.duration("write_status")
            self._engine.begin("status", c.command.name, duration, values=values)
            return b""
        return None

    def _new_values(self, index: int, data: bytes) -> Iterator[tuple[int, int]]:
        if index == 0 and len(data) == 1 and self._options["one_byte_write_clears_sr2"]:
            data += b"\x00"
        for register, value in enumerate(data, index):
            if register == 0:
                yield 0, value & SR1_WRITABLE
            elif register == 1:
                # LB bits are one-time programmable.
                keep = LB | (QE if self._options["qe_fixed"] else 0)
                yield 1, value & SR2_WRITABLE | self.volatile.sr[1] & keep
            else:
                yield 2, value & (SR3_WRITABLE | (ADP if self._options["wide"] else 0))

    def apply(self, operation: Operation) -> None:
        if operation.kind == "status":
            for index, value in operation.values:
                self.nonvolatile[index] = self.volatile.sr[index] = value
        else:
            self._security.apply(operation)

    # -- protection --------------------------------------------------------------------------------

    def protection(self, address: int, length: int) -> str:
        sr, size = self.volatile.sr, self._chip.size
        if self._options["status_registers"] == 3 and sr[2] & WPS:
            locked = self._locks.locked(address, length)
            return "" if locked is None else f"WPS is 1, and the lock of {locked:#x} is set"
        protected = area(sr[0], bool(sr[1] & CMP), size, self._options["bp_scheme"])
        if not covers(protected, address, length):
            return ""
        return in_words(protected, f"status 1 is {sr[0]:02X}h, CMP is {sr[1] >> 6 & 1}")

    def _is_frozen(self, page: int) -> bool:
        return bool(self.volatile.sr[1] >> 3 + page & 1)

    # -- commands that change the mode -------------------------------------------------------------

    def _nothing(self, c: Cycle) -> bytes:
        return b""

    def _enter_qpi(self, c: Cycle) -> bytes:
        self.volatile.qpi = True
        self._mode_changed()
        return b""

    def _exit_qpi(self, c: Cycle) -> bytes:
        self.volatile.qpi = False
        self._mode_changed()
        return b""

    def _set_parameters(self, c: Cycle) -> bytes:
        self.volatile.qpi_parameter = c.data[0]
        self._mode_changed()
        return b""

    def _set_wrap(self, c: Cycle) -> bytes:
        self.volatile.wrap = 0 if c.data[0] & 0x10 else WRAPS[c.data[0] >> 5 & 3]
        self._mode_changed()
        return b""

    def _set_wide(self, c: Cycle) -> bytes:
        self.volatile.wide = bool(c.command.value)
        self._mode_changed()
        return b""

    def _write_extended(self, c: Cycle) -> bytes | None:
        if not self._control.spend_wel(c):
            return None
        self.volatile.extended = c.data[0]
        self._chip.notify()
        return b""

    def _read_extended(self, c: Cycle) -> bytes:
        return bytes((self.volatile.extended,)) * c.read

    # -- for people, and snapshots -----------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        v = self.volatile
        count = self._options["status_registers"]
        return {f"sr{i + 1}": self._status(i) for i in range(count)} | {
            "qe": self.quad_enabled,
            "qpi": v.qpi,
            "continuous_read": bool(v.continuous),
            "address_bytes": 4 if v.wide else 3,
            "wrap": v.wrap,
        }

    def save(self) -> dict[str, Any]:
        return {
            "nonvolatile": list(self.nonvolatile),
            "security": bytes(self._security.cells),
            "unlocked": set(self._locks.unlocked),
            "volatile": self.volatile.copy(),
        }

    def load(self, saved: dict[str, Any]) -> None:
        self.nonvolatile = list(saved["nonvolatile"])
        self._security.cells[:] = saved["security"]
        self._locks.unlocked = set(saved["unlocked"])
        self.volatile = saved["volatile"].copy()
        self._refresh()
