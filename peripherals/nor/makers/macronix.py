"""Macronix octal flash: SPI, octal SDR (SOPI) and octal DDR (DOPI), chosen in CR2.

In octal modes an opcode is two bytes, the second the inverse of the first, and registers are read
at an address. In DOPI the bytes of each pair of the array travel exchanged, and registers come
out twice. Sources: MX25UM/LM, MX66UM sheets as far as nor-flash facts and drivers tell.
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

MODE, STROBE, DUMMIES, PREAMBLE = 0x000, 0x200, 0x300, 0x500
MODE_AT_POWER_ON = 0x4000_0000
SOPI, DOPI = 1, 2
DUMMY_CYCLES = (20, 18, 16, 14, 12, 10, 8, 6)
CR2_WRITABLE = {MODE: 0x03, STROBE: 0x03, DUMMIES: 0x07, PREAMBLE: 0x01, MODE_AT_POWER_ON: 0x03}
CR2_READABLE = (0x800, 0xC00, 0xD00, 0xE00, 0xF00, 0x8000_0000)
REGISTER_DUMMIES = 4
"""In octal modes. 4 up to about 133 MHz, and what MicroPython's driver uses."""
SR_WRITABLE = 0x3C
CR_FACTORY, CR_WRITABLE, CR_TB = 0x07, 0x1F, 0x08
P_FAIL, E_FAIL, LDSO, PSB, ESB = 0x20, 0x40, 0x02, 0x04, 0x08
# Registers by numbers of our own, as targets of a status write.
SR, CR, NV_MODE, SECURITY = 0, 1, 2, 3


class Volatile(Record):
    """What power-off and resets clear."""

    def __init__(self, cr2: dict[int, int]) -> None:
        self.cr2 = cr2
        self.fails = 0
        self.wide = False


class MacronixOctal(Maker):
    """MX25UM, MX25LM, MX66UM."""

    unmodelled = {
        0x68: "write protection selection", 0xE1: "dynamic protection bits",
        0xE0: "dynamic protection bits", 0xE2: "solid protection bits",
        0xE3: "solid protection bits", 0xE4: "solid protection bits", 0x98: "gang block unlock",
        0x7E: "gang block lock", 0xB1: "secured OTP", 0xC1: "secured OTP", 0xC0: "burst length",
        0x2C: "lock register", 0x2D: "lock register", 0x27: "password protection",
        0x28: "password protection", 0x29: "password protection",
    }  # fmt: skip
    wakes_on_select = True

    def __init__(self, chip: ChipState, engine: WriteEngine) -> None:
        self._chip, self._engine = chip, engine
        self._cells = ArrayCommands(chip, engine)
        self._array = PairedArray(chip, self._cells)
        self._control = ControlCommands(chip, engine)
        self._ids = IdCommands(chip)
        self.nonvolatile = {SR: 0, CR: CR_FACTORY, NV_MODE: 3, SECURITY: 0}
        self.power_on()

    # -- modes -------------------------------------------------------------------------------------

    def power_on(self) -> None:
        # Assumption: the mode at power-on is stored inverted; 3, from the factory, means SPI.
        cr2 = dict.fromkeys(CR2_WRITABLE, 0)
        cr2[MODE_AT_POWER_ON] = self.nonvolatile[NV_MODE]
        cr2[MODE] = ~self.nonvolatile[NV_MODE] & 3
        self.volatile = Volatile(cr2)
        self._refresh()

    def software_reset(self) -> None:
        self.power_on()

    @property
    def is_octal(self) -> bool:
        """Whether everything comes on eight lines."""
        return self.volatile.cr2[MODE] in (SOPI, DOPI)

    @property
    def is_ddr(self) -> bool:
        """Whether the mode uses both clock edges."""
        return self.volatile.cr2[MODE] == DOPI

    @property
    def address_bits(self) -> int:
        """Of legacy commands."""
        return 32 if self.is_octal or self.volatile.wide else 24

    def _refresh(self) -> None:
        cr2 = self.volatile.cr2
        self.mode = Mode(
            name=("SPI", "SOPI", "DOPI")[cr2[MODE]],
            lanes=8 if self.is_octal else 1,
            opcode_bits=16 if self.is_octal else 8,
            opcode_ddr=self.is_ddr,
            wide=self.volatile.wide,
            strobe=self.is_ddr or (self.is_octal and bool(cr2[STROBE] & 2)),
            settings=cr2[DUMMIES],
        )

    def _mode_changed(self) -> None:
        self._refresh()
        self._chip.notify()

    @property
    def page(self) -> int:
        return self._chip.row.page

    # -- tables ------------------------------------------------------------------------------------

    def table(self) -> Iterator[Command]:
        if self.is_octal:
            yield from map(self._in_octal, self._octal_table())
        else:
            yield from self._spi_table()

    def _in_octal(self, command: Command) -> Command:
        opcode, ddr = command.opcode, self.is_ddr
        address = 32 if command.address_bits or (command.sends and command.opcode != 0xAB) else 0
        wait = command.wait
        if command.sends and not command.is_read:
            wait = REGISTER_DUMMIES
        return command._replace(
            opcode=opcode << 8 | (opcode ^ 0xFF), address_lanes=8, data_lanes=8,
            ddr=ddr, address_bits=address, wait=wait,
            lengths=(*command.lengths, 2) if command.lengths and ddr else command.lengths,
        )  # fmt: skip

    def _octal_table(self) -> Iterator[Command]:
        opcode, name = (0xEE, "8DTRD") if self.is_ddr else (0xEC, "8READ")
        yield Command(
            opcode=opcode, name=name, run=self._array.read, is_read=True, sends=True,
            address_bits=32, wait=DUMMY_CYCLES[self.volatile.cr2[DUMMIES]], swaps=self.is_ddr,
        )  # fmt: skip
        for command in self._spi_table():
            if not command.is_read and command.opcode not in (0x02, 0x20, 0xD8, 0xB7, 0xE9):
                yield command
        yield Command(
            opcode=0x01, name="write status", run=self._write_status, address_bits=32, takes=True,
            lengths=(1,),
        )  # fmt: skip

    def _spi_table(self) -> Iterator[Command]:
        bits = self.address_bits
        for opcode, size, name, wait in (
            (0x03, bits, "read data", 0),
            (0x13, 32, "read data", 0),
            (0x0B, bits, "fast read", 8),
            (0x0C, 32, "fast read", 8),
        ):
            yield Command(
                opcode=opcode, name=name, run=self._array.read, is_read=True, sends=True,
                address_bits=size, fixed_width=opcode in (0x13, 0x0C), wait=wait,
            )  # fmt: skip
        for opcode, size in ((0x02, bits), (0x12, 32)):
            yield Command(
                opcode=opcode, name="page program", run=self._array.program, takes=True,
                address_bits=size, fixed_width=opcode == 0x12, swaps=self.is_ddr,
            )  # fmt: skip
        yield from self._cells.erases(bits)
        yield from self._control.commands()
        yield from self._register_commands()
        for opcode, name, value in ((0xB7, "enter 4-byte mode", 1), (0xE9, "exit 4-byte mode", 0)):
            yield Command(opcode=opcode, name=name, run=self._set_wide, value=value)
        yield from self._control.suspends(0xB0, 0x30)

    def _register_commands(self) -> Iterator[Command]:
        for opcode, name, run in (
            (0x05, "read status", self._read_status),
            (0x15, "read configuration", self._read_cr),
            (0x2B, "read security register", self._read_security),
        ):
            yield Command(opcode=opcode, name=name, run=run, sends=True, while_busy=True)
        yield Command(opcode=0x9F, name="read id", run=self._read_id, sends=True)
        yield self._ids.sfdp()
        yield Command(
            opcode=0x71, name="read CR2", run=self._read_cr2, address_bits=32, fixed_width=True,
            sends=True,
        )  # fmt: skip
        yield Command(
            opcode=0x72, name="write CR2", run=self._write_cr2, address_bits=32,
            fixed_width=True, takes=True, lengths=(1,),
        )  # fmt: skip
        yield Command(
            opcode=0x01, name="write status", run=self._write_status, takes=True, lengths=(1, 2)
        )
        yield Command(opcode=0x2F, name="write security register", run=self._write_security)

    # -- registers ---------------------------------------------------------------------------------

    def _twice(self, value: bytes) -> bytes:
        """In DOPI each byte of a register comes at both edges."""
        return bytes(b for byte in value for b in (byte, byte)) if self.is_ddr else value

    @property
    def status_register(self) -> int:
        """SR as it reads now."""
        chip = self._chip
        return self.nonvolatile[SR] | chip.wel << 1 | (chip.operation is not None)

    @property
    def security_register(self) -> int:
        """The security register as it reads now."""
        value = self.nonvolatile[SECURITY] | self.volatile.fails
        if suspended := self._chip.suspended:
            value |= PSB if suspended.kind == "program" else ESB
        return value

    def _read_id(self, c: Cycle) -> bytes:
        return repeated(self._twice(self._chip.row.id), c.read)

    def _read_status(self, c: Cycle) -> bytes:
        return repeated(bytes((self.status_register,)), c.read)

    def _read_cr(self, c: Cycle) -> bytes:
        return repeated(bytes((self.nonvolatile[CR],)), c.read)

    def _read_security(self, c: Cycle) -> bytes:
        return repeated(bytes((self.security_register,)), c.read)

    def _read_cr2(self, c: Cycle) -> bytes:
        value = 0 if c.address in CR2_READABLE else self.volatile.cr2.get(c.address, 0xFF)
        return repeated(bytes((value,)), c.read)

    def _write_cr2(self, c: Cycle) -> bytes | None:
        address, value = c.address, c.data[0]
        if not self._control.has_wel(c):
            return None
        if address == MODE_AT_POWER_ON:
            if not self._control.may_write(c):
                return None
            mode = self.nonvolatile[NV_MODE] & value & CR2_WRITABLE[address]
            self._begin_write(c, ((NV_MODE, mode),))
            return b""
        # Assumption: what acts at once, or is ignored, clears it as others do.
        self._chip.wel = False
        mask = CR2_WRITABLE.get(address)
        if mask is None or (address == MODE and value & 3 == SOPI | DOPI):
            # Assumption: what CR2 does not have is ignored.
            self._chip.refuse("reserved-register", c, f"CR2 {address:#x} <- {value:02X}h")
            return None
        self.volatile.cr2[address] = value & mask
        self._mode_changed()
        return b""

    def _write_status(self, c: Cycle) -> bytes | None:
        if not self._control.may_write(c):
            return None
        # In octal modes address 1 means CR; in DOPI the first byte of the pair counts.
        data = c.data[:1] if self.is_octal else c.data
        first = CR if self.is_octal and c.address == 1 else SR
        values = tuple(self._new_value(first + i, value) for i, value in enumerate(data))
        self._begin_write(c, values)
        return b""

    def _new_value(self, register: int, value: int) -> tuple[int, int]:
        if register == SR:
            return SR, value & SR_WRITABLE
        return CR, value & CR_WRITABLE | self.nonvolatile[CR] & CR_TB  # TB: one-time programmable

    def _write_security(self, c: Cycle) -> bytes | None:
        if not self._control.may_write(c):
            return None
        values = ((SECURITY, self.nonvolatile[SECURITY] | LDSO),)
        self._begin_write(c, values)
        return b""

    def _begin_write(self, c: Cycle, values: tuple[tuple[int, int], ...]) -> None:
        duration = self._chip.duration("write_status")
        self._engine.begin("status", c.command.name, duration, values=values)

    def _set_wide(self, c: Cycle) -> bytes:
        self.volatile.wide = bool(c.command.value)
        self._mode_changed()
        return b""

    def apply(self, operation: Operation) -> None:
        self.nonvolatile.update(operation.values)
        self.volatile.cr2[MODE_AT_POWER_ON] = self.nonvolatile[NV_MODE]

    # -- protection --------------------------------------------------------------------------------

    def protection(self, address: int, length: int) -> str:
        sr, from_bottom = self.nonvolatile[SR], self.nonvolatile[CR] & CR_TB
        code = sr & SR_WRITABLE | (0x40 if from_bottom else 0)
        protected = area(code, False, self._chip.size, "bp3")
        if not covers(protected, address, length):
            return ""
        return in_words(protected, f"status is {sr:02X}h, TB is {int(bool(from_bottom))}")

    def judged(self, verb: str, rule: str) -> None:
        fail = P_FAIL if verb == "program" else E_FAIL
        self.volatile.fails &= ~fail
        if rule == "protected":
            self.volatile.fails |= fail

    # -- for people, and snapshots -----------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        cr2 = self.volatile.cr2
        return {
            "sr": self.status_register,
            "cr": self.nonvolatile[CR],
            "security": self.security_register,
            "mode": self.mode.name,
            "dummies": DUMMY_CYCLES[cr2[DUMMIES]],
            "address_bytes": self.address_bits // 8,
            "cr2": {f"{address:x}": value for address, value in cr2.items()},
        }

    def save(self) -> dict[str, Any]:
        return {
            "nonvolatile": dict(self.nonvolatile),
            "volatile": self.volatile.copy(),
        }

    def load(self, saved: dict[str, Any]) -> None:
        self.nonvolatile = dict(saved["nonvolatile"])
        self.volatile = saved["volatile"].copy()
        self._refresh()
