"""Macronix octal flash: SPI, octal SDR (SOPI) and octal DDR (DOPI), chosen in CR2.

In octal modes an opcode is two bytes, the second the inverse of the first, and registers are read
at an address. In DOPI the bytes of each pair of the array travel exchanged, and registers come
out twice. Sources: MX25UM/LM, MX66UM sheets as far as nor-flash facts and drivers tell.
"""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any

from xipsim.peripherals.core import Record

from ..bus import Transaction
from ..command import Command, Cycle, Handler
from ..operation import Operation
from .octal import OctalFamily
from .protection import area

if TYPE_CHECKING:
    from ..chip import Chip

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


class MacronixOctal(OctalFamily):
    """MX25UM, MX25LM, MX66UM."""

    UNMODELLED = {
        0x68: "write protection selection", 0xE1: "dynamic protection bits",
        0xE0: "dynamic protection bits", 0xE2: "solid protection bits",
        0xE3: "solid protection bits", 0xE4: "solid protection bits", 0x98: "gang block unlock",
        0x7E: "gang block lock", 0xB1: "secured OTP", 0xC1: "secured OTP", 0xC0: "burst length",
        0x2C: "lock register", 0x2D: "lock register", 0x27: "password protection",
        0x28: "password protection", 0x29: "password protection",
    }  # fmt: skip
    swaps_pairs = True

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self.nonvolatile = {SR: 0, CR: CR_FACTORY, NV_MODE: 3, SECURITY: 0}
        self.volatile = Volatile({})
        self.power_on()

    # -- modes -------------------------------------------------------------------------------------

    def power_on(self) -> None:
        # Assumption: the mode at power-on is stored inverted; 3, from the factory, means SPI.
        cr2 = dict.fromkeys(CR2_WRITABLE, 0)
        cr2[MODE_AT_POWER_ON] = self.nonvolatile[NV_MODE]
        cr2[MODE] = ~self.nonvolatile[NV_MODE] & 3
        self.volatile = Volatile(cr2)
        self.refresh()

    def software_reset(self) -> None:
        self.power_on()

    @property
    def is_octal(self) -> bool:
        return self.volatile.cr2[MODE] in (SOPI, DOPI)

    @property
    def is_ddr(self) -> bool:
        return self.volatile.cr2[MODE] == DOPI

    @property
    def strobes(self) -> bool:
        return self.is_ddr or (self.is_octal and bool(self.volatile.cr2[STROBE] & 2))

    def mode(self) -> tuple[int, bool, int]:
        return 8 if self.is_octal else 1, self.volatile.wide, 0

    def table_key(self) -> Hashable:
        return self.volatile.cr2[MODE], self.volatile.cr2[DUMMIES]

    def find(self, t: Transaction) -> Command | None:
        if not self.is_octal:
            return super().find(t)
        if t.opcode is None or (t.opcode_lanes, t.opcode_bits) != (8, 16):
            return None
        return self.commands.get(t.opcode) if t.opcode_ddr == self.is_ddr else None

    @property
    def opcode_clocks(self) -> int:
        return 2 if self.is_octal and not self.is_ddr else 8 // self.lanes

    def transfer(self, t: Transaction) -> bytes:
        if not self.chip.powered_down:
            return super().transfer(t)
        # Power-down ends with any cycle of chip select; the cycle itself has no effect.
        self.chip.begin("release", "release power-down", self.chip.duration("release"))
        return self.chip.done(t, "release power-down", b"\xff" * t.read, address=None)

    def _report_unknown(self, t: Transaction, opcode: int | None) -> None:
        if opcode is not None and self.is_octal and opcode >> 8 ^ opcode & 0xFF != 0xFF:
            self.chip.reset_enabled = False
            self.chip.diagnose(
                "wrong-opcode-extension",
                f"ignored: {opcode >> 8:02X}h must be followed by its inverse, "
                f"not by {opcode & 0xFF:02X}h",
                opcode=t.opcode,
                address=t.address,
            )
        else:
            super()._report_unknown(t, opcode)

    # -- tables ------------------------------------------------------------------------------------

    def table(self) -> Iterator[Command]:
        if self.is_octal:
            yield from map(self._in_octal, self._octal_table())
        else:
            yield from self._spi_table(32 if self.volatile.wide else 24)

    def _in_octal(self, command: Command) -> Command:
        opcode, ddr = command.opcode, self.is_ddr
        address = 32 if command.address_bits or (command.sends and command.opcode != 0xAB) else 0
        wait = command.wait
        if command.sends and not command.is_read:
            wait = REGISTER_DUMMIES
        return command._replace(
            opcode=opcode << 8 | (opcode ^ 0xFF), lanes=8, address_lanes=8, data_lanes=8,
            ddr=ddr, address_bits=address, wait=wait,
            lengths=(*command.lengths, 2) if command.lengths and ddr else command.lengths,
        )  # fmt: skip

    def _octal_table(self) -> Iterator[Command]:
        opcode, name = (0xEE, "8DTRD") if self.is_ddr else (0xEC, "8READ")
        yield Command(
            opcode=opcode, name=name, run=self._read, is_read=True, sends=True, address_bits=32,
            wait=DUMMY_CYCLES[self.volatile.cr2[DUMMIES]],
        )  # fmt: skip
        for command in self._spi_table(32):
            if not command.is_read and command.opcode not in (0x02, 0x20, 0xD8, 0xB7, 0xE9):
                yield command
        yield Command(
            opcode=0x01, name="write status", run=self._write_status, address_bits=32, takes=True,
            lengths=(1,),
        )  # fmt: skip

    def _spi_table(self, bits: int) -> Iterator[Command]:
        for opcode, size, name, wait in (
            (0x03, bits, "read data", 0),
            (0x13, 32, "read data", 0),
            (0x0B, bits, "fast read", 8),
            (0x0C, 32, "fast read", 8),
        ):
            yield Command(
                opcode=opcode, name=name, run=self._read, is_read=True, sends=True,
                address_bits=size, wait=wait,
            )  # fmt: skip
        for opcode, size in ((0x02, bits), (0x12, 32)):
            yield Command(
                opcode=opcode, name="page program", run=self._program, takes=True, address_bits=size
            )
        yield from self.erases(bits)
        yield from self.controls()
        yield from self._register_commands()
        for opcode, name, value in ((0xB7, "enter 4-byte mode", 1), (0xE9, "exit 4-byte mode", 0)):
            yield Command(opcode=opcode, name=name, run=self._set_wide, value=value)
        suspends: tuple[tuple[int, str, Handler], ...] = (
            (0xB0, "suspend", self._suspend),
            (0x30, "resume", self._resume),
        )
        for opcode, name, run in suspends:
            yield Command(opcode=opcode, name=name, run=run, while_busy=True)

    def _register_commands(self) -> Iterator[Command]:
        for opcode, name, run in (
            (0x05, "read status", self._read_status),
            (0x15, "read configuration", self._read_cr),
            (0x2B, "read security register", self._read_security),
        ):
            yield Command(opcode=opcode, name=name, run=run, sends=True, while_busy=True)
        yield Command(opcode=0x9F, name="read id", run=self._read_id, sends=True)
        yield Command(
            opcode=0x5A, name="read SFDP", run=self._read_sfdp, address_bits=24, wait=8, sends=True
        )
        yield Command(
            opcode=0x71, name="read CR2", run=self._read_cr2, address_bits=32, sends=True
        )
        yield Command(
            opcode=0x72, name="write CR2", run=self._write_cr2, address_bits=32, takes=True,
            lengths=(1,),
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
        chip = self.chip
        return self.nonvolatile[SR] | chip.wel << 1 | (chip.operation is not None)

    @property
    def security_register(self) -> int:
        """The security register as it reads now."""
        value = self.nonvolatile[SECURITY] | self.volatile.fails
        if suspended := self.chip.suspended:
            value |= PSB if suspended.kind == "program" else ESB
        return value

    def _read_id(self, c: Cycle) -> bytes:
        return self.registers(self._twice(self.chip.row.id), c)

    def _read_status(self, c: Cycle) -> bytes:
        return self.registers(bytes((self.status_register,)), c)

    def _read_cr(self, c: Cycle) -> bytes:
        return self.registers(bytes((self.nonvolatile[CR],)), c)

    def _read_security(self, c: Cycle) -> bytes:
        return self.registers(bytes((self.security_register,)), c)

    def _read_cr2(self, c: Cycle) -> bytes:
        value = 0 if c.address in CR2_READABLE else self.volatile.cr2.get(c.address, 0xFF)
        return self.registers(bytes((value,)), c)

    def _write_cr2(self, c: Cycle) -> bytes | None:
        address, value = c.address, c.data[0]
        if not self.spend_wel(c):
            return None
        mask = CR2_WRITABLE.get(address)
        if mask is None or (address == MODE and value & 3 == SOPI | DOPI):
            # Assumption: what CR2 does not have is ignored.
            self.refuse("reserved-register", c, f"CR2 {address:#x} <- {value:02X}h")
            return None
        if address == MODE_AT_POWER_ON:
            self.chip.begin(
                "status", c.command.name, self.chip.duration("write_status"),
                values=((NV_MODE, self.nonvolatile[NV_MODE] & value & mask),),
            )  # fmt: skip
            return b""
        self.volatile.cr2[address] = value & mask
        self.mode_changed()
        return b""

    def _write_status(self, c: Cycle) -> bytes | None:
        chip = self.chip
        if not chip.wel:
            self.refuse("write-without-wel", c, "the write enable latch is 0")
            return None
        # In octal modes address 1 means CR; in DOPI the first byte of the pair counts.
        data = c.data[:1] if self.is_octal else c.data
        first = CR if self.is_octal and c.address == 1 else SR
        values = tuple(self._new_value(first + i, value) for i, value in enumerate(data))
        chip.begin("status", c.command.name, chip.duration("write_status"), values=values)
        return b""

    def _new_value(self, register: int, value: int) -> tuple[int, int]:
        if register == SR:
            return SR, value & SR_WRITABLE
        return CR, value & CR_WRITABLE | self.nonvolatile[CR] & CR_TB  # TB: one-time programmable

    def _write_security(self, c: Cycle) -> bytes | None:
        chip = self.chip
        if not chip.wel:
            self.refuse("write-without-wel", c, "the write enable latch is 0")
            return None
        values = ((SECURITY, self.nonvolatile[SECURITY] | LDSO),)
        chip.begin("status", c.command.name, chip.duration("write_status"), values=values)
        return b""

    def _set_wide(self, c: Cycle) -> bytes:
        self.volatile.wide = bool(c.command.value)
        self.mode_changed()
        return b""

    def apply(self, operation: Operation) -> None:
        self.nonvolatile.update(operation.values)
        self.volatile.cr2[MODE_AT_POWER_ON] = self.nonvolatile[NV_MODE]

    # -- protection --------------------------------------------------------------------------------

    def protected(self, address: int, length: int) -> bool:
        from_bottom = self.nonvolatile[CR] & CR_TB
        code = self.nonvolatile[SR] & SR_WRITABLE | (0x40 if from_bottom else 0)
        start, end = area(code, False, self.chip.size, "bp3")
        return max(address, start) < min(address + length, end)

    def may_change(self, c: Cycle, length: int, verb: str) -> bool:
        fail = P_FAIL if verb == "program" else E_FAIL
        self.volatile.fails &= ~fail
        if self.chip.wel and self.protected(c.address, length):
            self.volatile.fails |= fail
        return super().may_change(c, length, verb)

    # -- for people, and snapshots -----------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        cr2 = self.volatile.cr2
        return {
            "sr": self.status_register,
            "cr": self.nonvolatile[CR],
            "security": self.security_register,
            "mode": ("SPI", "SOPI", "DOPI")[cr2[MODE]],
            "dummies": DUMMY_CYCLES[cr2[DUMMIES]],
            "address_bytes": 4 if self.is_octal or self.volatile.wide else 3,
            "cr2": {f"{address:x}": value for address, value in cr2.items()},
        }

    def save(self) -> dict[str, Any]:
        return {
            "nonvolatile": dict(self.nonvolatile),
            "volatile": copy.deepcopy(self.volatile),
        }

    def load(self, saved: dict[str, Any]) -> None:
        self.nonvolatile = dict(saved["nonvolatile"])
        self.volatile = copy.deepcopy(saved["volatile"])
        self.refresh()
