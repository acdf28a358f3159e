"""A master for one octal chip, for tests: SPI, and octal DDR in the way of the chip's maker."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.nor.bus import Transaction
from xipsim.peripherals.nor.chip import Chip

MS = 1_000_000


class Octal:
    """A bench with one chip. `octal` says how to talk."""

    def __init__(self, part: str, **parameters: Any) -> None:
        self.bench = Bench()
        self.chip = Chip(self.bench.system, name="nor", part=part, **parameters)
        self.octal = False
        self.is_macronix = self.chip.row.maker == "Macronix"

    def spi(self, opcode: int, **fields: Any) -> bytes:
        """One cycle on one line."""
        if "address" in fields:
            fields.setdefault("address_bits", 24)
        return self.chip.transfer(Transaction(opcode=opcode, **fields))

    def ddr(self, opcode: int, **fields: Any) -> bytes:
        """One cycle in octal DDR; Macronix's opcodes as words of 16 bits."""
        if "address" in fields:
            fields = {"address_bits": 32, "address_lanes": 8, "address_ddr": True} | fields
        if self.is_macronix:
            fields = {"opcode_bits": 16, "opcode_ddr": True} | fields
        fields = {"opcode_lanes": 8, "data_lanes": 8, "data_ddr": True} | fields
        return self.chip.transfer(Transaction(opcode=opcode, **fields))

    def write_volatile(self, register: int, value: int) -> None:
        self.spi(0x06)
        self.spi(0x81, address=register, write=bytes((value,)))

    def write_cr2(self, register: int, value: int) -> None:
        self.spi(0x06)
        self.spi(0x72, address=register, address_bits=32, write=bytes((value,)))

    def go_octal(self, dummies: int | None = None) -> None:
        if self.is_macronix:
            self.write_cr2(0, 2)
        else:
            if dummies is not None:
                self.write_volatile(1, dummies)
            self.write_volatile(0, 0xE7)

    def wait(self, ms: float = 500) -> None:
        self.bench.clock.advance(int(ms * MS))

    def rules(self) -> list[str]:
        """Rules broken since the last call."""
        rules = [d.rule for d in self.bench.diagnostics]
        self.bench.diagnostics.clear()
        return rules
