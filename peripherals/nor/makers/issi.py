"""ISSI IS25LX/WX: configuration registers select extended SPI or octal DDR, and the dummies.

Source: IS25LX/WX256 data sheet, revision A14. Option of the parts' rows: `second_register_byte`
(`ignored`, or `next`: it goes to the next register), what the second byte of a register write in
octal DDR does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xipsim.peripherals.core import Record

from ..command import Command, Cycle
from ..commands.array import ArrayCommands, repeated
from ..commands.control import ControlCommands
from ..commands.ids import IdCommands
from ..commands.octal import PairedArray
from ..engine import WriteEngine
from ..maker import Maker, Mode
from ..operation import Operation
from ..protection import area, covers, in_words
from ..state import ChipState
from .issi_opcodes import PROGRAMS, READS, UNMODELLED

IO_MODE, DUMMIES, DRIVE, ADDRESS, XIP, WRAP, PATTERN, ECC = 0, 1, 3, 5, 6, 7, 0x0A, 0x0B
OCTAL_DDR, OCTAL_DDR_NO_DQS, SPI_NO_DQS = 0xE7, 0xC7, 0xDF
FACTORY = {PATTERN: 0x55}
"""Non-volatile configuration registers that are not FFh from the factory."""
VALUES: dict[int, frozenset[int]] = {
    IO_MODE: frozenset((0xFF, SPI_NO_DQS, OCTAL_DDR, OCTAL_DDR_NO_DQS)),
    DUMMIES: frozenset(range(256)),
    DRIVE: frozenset((0xFF, 0xFE, 0xFD, 0xFC)),
    ADDRESS: frozenset((0xFF, 0xFE)),
    XIP: frozenset((0xFF, 0xFE, 0xFD, 0xF8)),
    WRAP: frozenset((0xFF, 0xFE, 0xFD, 0xFC)),
    PATTERN: frozenset(range(256)),
    ECC: frozenset((0xFF, 0xFE)),
}
VOLATILE_VALUES = {XIP: frozenset((0xFF, 0xFE))}
"""Where the volatile register takes fewer."""
WRAPS = {0xFE: 64, 0xFD: 32, 0xFC: 16}
FOUR_BYTE, PROTECTION_ERROR, PROGRAM_SUSPENDED = 0x01, 0x02, 0x04
PROGRAM_ERROR, ERASE_ERROR, ERASE_SUSPENDED, READY = 0x10, 0x20, 0x40, 0x80
ERRORS = PROTECTION_ERROR | PROGRAM_ERROR | ERASE_ERROR
SR_WRITABLE, DDR_DUMMIES, REGISTER_DUMMIES = 0xFC, 16, 8


class Volatile(Record):
    """What power-off and resets clear."""

    def __init__(self, registers: dict[int, int]) -> None:
        self.registers, self.flags = registers, 0
        """flags: error bits of the flag status register."""


class IssiOctal(Maker):
    """ISSI IS25LX and IS25WX."""

    unmodelled = UNMODELLED
    holds_wel = True
    VALUES = VALUES
    MAX_DUMMIES = 0x1E

    def __init__(self, chip: ChipState, engine: WriteEngine) -> None:
        self._chip, self._engine = chip, engine
        self._cells = ArrayCommands(chip, engine)
        self._array = PairedArray(chip, self._cells)
        self._control = ControlCommands(chip, engine)
        self._ids = IdCommands(chip)
        self.sr = 0
        self.nonvolatile = {address: FACTORY.get(address, 0xFF) for address in self.VALUES}
        self.power_on()

    # -- modes -------------------------------------------------------------------------------------

    def power_on(self) -> None:
        self.volatile = Volatile(dict(self.nonvolatile))
        self._refresh()

    def software_reset(self) -> None:
        self.power_on()

    @property
    def is_octal(self) -> bool:
        """Whether everything comes on eight lines, at both clock edges."""
        return self.volatile.registers[IO_MODE] in (OCTAL_DDR, OCTAL_DDR_NO_DQS)

    @property
    def is_wide(self) -> bool:
        """Whether legacy opcodes take 4 address bytes."""
        return self.is_octal or self.volatile.registers[ADDRESS] == 0xFE

    def _refresh(self) -> None:
        # An octal opcode is one byte, at the rising edge; what comes at the falling one is ignored.
        registers = self.volatile.registers
        self.mode = Mode(
            name="octal DDR" if self.is_octal else "SPI",
            lanes=8 if self.is_octal else 1,
            wide=self.is_wide,
            strobe=registers[IO_MODE] not in (OCTAL_DDR_NO_DQS, SPI_NO_DQS),
            settings=(registers[DUMMIES], registers[WRAP]),
        )
        if registers[XIP] != 0xFF:
            self._chip.gap("XIP mode: reads that go on without opcode")

    def _mode_changed(self) -> None:
        self._refresh()
        self._chip.notify()

    def _dummies(self, default: int) -> int:
        """Clocks of a read whose default is given, as configured."""
        value = self.volatile.registers[DUMMIES]
        return value if default and 1 <= value <= self.MAX_DUMMIES else default

    @property
    def page(self) -> int:
        return self._chip.row.page

    # -- tables ------------------------------------------------------------------------------------

    def table(self) -> Iterator[Command]:
        if not self.is_octal:
            yield from self._spi_table(32 if self.is_wide else 24)
            return
        for command in self._spi_table(32):
            if command.opcode not in (0x03, 0x13):
                yield self._in_octal(command)

    def _in_octal(self, command: Command) -> Command:
        wait = 0
        if command.is_read:
            wait = self._dummies(DDR_DUMMIES)
        elif command.sends:
            wait = REGISTER_DUMMIES
        return command._replace(
            address_lanes=8, data_lanes=8, ddr=True, wait=wait,
            address_bits=32 if command.address_bits else 0,
            lengths=(1, 2) if command.lengths else (),
        )  # fmt: skip

    def _spi_table(self, bits: int) -> Iterator[Command]:
        yield from self._reads(bits)
        yield from self._programs(bits)
        yield from self._cells.erases(bits)
        yield from self._control.commands()
        yield Command(opcode=0x04, name="write disable", run=self._write_disable)
        yield from self._status_commands()
        yield from self._configuration_commands(bits)
        yield from self._suspends()
        for opcode in (0x9E, 0x9F):
            yield Command(opcode=opcode, name="read id", run=self._read_id, sends=True)
        yield self._ids.sfdp()
        for opcode, name, value in ((0xB7, "enter 4-byte mode", 1), (0xE9, "exit 4-byte mode", 0)):
            yield Command(opcode=opcode, name=name, run=self._set_wide, value=value)

    def _reads(self, bits: int) -> Iterator[Command]:
        wrap = WRAPS.get(self.volatile.registers[WRAP], 0)
        for legacy, wide, name, lanes, ddr, wait, data_lanes in READS:
            for opcode, size in ((legacy, bits), (wide, 32)):
                if opcode is not None:
                    yield Command(
                        opcode=opcode, name=name, run=self._array.read, is_read=True, sends=True,
                        address_bits=size, fixed_width=opcode == wide, address_lanes=lanes,
                        wait=self._dummies(wait), data_lanes=data_lanes, ddr=ddr, burst=wrap,
                    )  # fmt: skip

    def _programs(self, bits: int) -> Iterator[Command]:
        for legacy, wide, name, lanes, data_lanes in PROGRAMS:
            for opcode, size in ((legacy, bits), (wide, 32)):
                yield Command(
                    opcode=opcode, name=name, run=self._array.program, takes=True,
                    address_bits=size, fixed_width=opcode == wide, address_lanes=lanes,
                    data_lanes=data_lanes,
                )  # fmt: skip

    def _status_commands(self) -> Iterator[Command]:
        for opcode, name, run in (
            (0x05, "read status", self._read_status),
            (0x70, "read flag status", self._read_flags),
        ):
            yield Command(
                opcode=opcode, name=name, run=run, sends=True, while_busy=True,
                is_private=opcode == 0x05,
            )  # fmt: skip
        yield Command(
            opcode=0x01, name="write status", run=self._write_status, takes=True, lengths=(1,)
        )
        yield Command(opcode=0x50, name="clear flag status", run=self._clear_flags)

    def _configuration_commands(self, bits: int) -> Iterator[Command]:
        for read, write, kind in ((0x85, 0x81, "volatile"), (0xB5, 0xB1, "non-volatile")):
            # Assumption: register reads take 8 dummies in extended SPI, too.
            yield Command(
                opcode=read, name=f"read {kind} configuration", run=self._read_configuration,
                address_bits=bits, wait=REGISTER_DUMMIES, sends=True, value=read,
                while_busy=read == 0x85,
            )  # fmt: skip
            yield Command(
                opcode=write, name=f"write {kind} configuration", run=self._write_configuration,
                address_bits=bits, takes=True, lengths=(1,), value=write,
            )  # fmt: skip

    def _suspends(self) -> Iterator[Command]:
        return self._control.suspends(0x75, 0x7A)

    # -- registers ---------------------------------------------------------------------------------

    @property
    def status_register(self) -> int:
        """SR as it reads now."""
        chip = self._chip
        return self.sr | chip.wel << 1 | (chip.operation is not None)

    @property
    def latches(self) -> int:
        return self.sr

    @property
    def flag_register(self) -> int:
        """Flag status as it reads now."""
        chip, flags = self._chip, self.volatile.flags
        if chip.operation is None:
            flags |= READY
        if suspended := chip.suspended:
            flags |= PROGRAM_SUSPENDED if suspended.kind == "program" else ERASE_SUSPENDED
        return flags | (FOUR_BYTE if self.is_wide else 0)

    def _read_status(self, c: Cycle) -> bytes:
        return bytes((self.status_register,)) * c.read

    def _read_flags(self, c: Cycle) -> bytes:
        return bytes((self.flag_register,)) * c.read

    def _read_id(self, c: Cycle) -> bytes:
        return repeated(self._chip.row.id + b"\x10" + self._chip.unique_id, c.read)

    def _clear_flags(self, c: Cycle) -> bytes:
        # Assumption: it also ends what kept WEL at 1 after an error.
        if self.volatile.flags & ERRORS:
            self._chip.wel = False
        self.volatile.flags &= ~ERRORS
        return b""

    def _write_disable(self, c: Cycle) -> bytes | None:
        if self.volatile.flags & ERRORS and self._chip.wel:
            self._chip.refuse("error-pending", c, "after an error only 50h clears WEL")
            return None
        return self._control.write_disable(c)

    def _write_status(self, c: Cycle) -> bytes | None:
        if not self._control.may_write(c):
            return None
        self._engine.begin(
            "status", c.command.name, self._chip.duration("write_status"),
            values=((0x100, c.data[0] & SR_WRITABLE),),
        )  # fmt: skip
        return b""

    def _read_configuration(self, c: Cycle) -> bytes:
        values = self.volatile.registers if c.command.value == 0x85 else self.nonvolatile
        # Assumption: the register repeats while clocked. ECC status (0Ch to 11h) reads 0.
        reserved = 0 if 0x0C <= c.address <= 0x11 else 0xFF
        return bytes((values.get(c.address, reserved),)) * c.read

    def _write_configuration(self, c: Cycle) -> bytes | None:
        chip = self._chip
        if not self._control.has_wel(c):
            return None
        writes = self._register_writes(c)
        is_volatile = c.command.value == 0x81
        values = self.VALUES | VOLATILE_VALUES if is_volatile else self.VALUES
        for address, value in writes:
            if value not in values.get(address, ()):
                self.volatile.flags |= PROTECTION_ERROR
                chip.wel = False
                chip.refuse("reserved-register", c, f"register {address:02X}h <- {value:02X}h")
                return None
        if not is_volatile:
            if not self._control.may_write(c):
                return None
            self._engine.begin("status", c.command.name, chip.duration("write_nv"), values=writes)
            return b""
        chip.wel = self.keeps_wel
        self.volatile.registers.update(writes)
        self._mode_changed()
        return b""

    def _register_writes(self, c: Cycle) -> tuple[tuple[int, int], ...]:
        writes = [(c.address, c.data[0])]
        if len(c.data) > 1:
            if self._chip.row.options["second_register_byte"] == "next":
                writes.append((c.address + 1, c.data[1]))
            else:
                self._array.report_odd(c, "the second byte of a register write is ignored")
        return tuple(writes)

    def _set_wide(self, c: Cycle) -> bytes:
        if not self.is_octal:
            self.volatile.registers[ADDRESS] = 0xFE if c.command.value else 0xFF
            self._mode_changed()
        return b""

    def apply(self, operation: Operation) -> None:
        for address, value in operation.values:
            if address == 0x100:
                self.sr = value
            else:
                self.nonvolatile[address] = value

    # -- protection --------------------------------------------------------------------------------

    @property
    def protection_code(self) -> int:
        """BP3 to BP0."""
        return self.sr >> 3 & 8 | self.sr >> 2 & 7

    def protected_area(self) -> tuple[int, int]:
        """The range [start, end) that BP and TB protect."""
        code = self.sr << 1 & 0x40 | self.protection_code << 2
        return area(code, False, self._chip.size, "bp3")

    def protection(self, address: int, length: int) -> str:
        protected = self.protected_area()
        if not covers(protected, address, length):
            return ""
        return in_words(protected, f"status is {self.sr:02X}h")

    def judged(self, verb: str, rule: str) -> None:
        if rule == "protected":
            kind = PROGRAM_ERROR if verb == "program" else ERASE_ERROR
            self.volatile.flags |= PROTECTION_ERROR | kind

    # -- for people, and snapshots -----------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        return {
            "sr": self.status_register,
            "flags": self.flag_register,
            "mode": self.mode.name,
            "dummies": self._dummies(DDR_DUMMIES),
            "address_bytes": 4 if self.is_wide else 3,
            "volatile": {f"{a:02x}": value for a, value in self.volatile.registers.items()},
            "nonvolatile": {f"{a:02x}": value for a, value in self.nonvolatile.items()},
        }

    def save(self) -> dict[str, Any]:
        return {
            "sr": self.sr,
            "nonvolatile": dict(self.nonvolatile),
            "volatile": self.volatile.copy(),
        }

    def load(self, saved: dict[str, Any]) -> None:
        self.sr = saved["sr"]
        self.nonvolatile = dict(saved["nonvolatile"])
        self.volatile = saved["volatile"].copy()
        self._refresh()
