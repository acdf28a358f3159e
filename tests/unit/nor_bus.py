"""A master for one flash chip, for tests: says in data sheet words what goes over the lines."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.nor.bus import Transaction
from xipsim.peripherals.nor.chip import Chip

MS = 1_000_000


class Master:
    """A bench with one chip."""

    def __init__(self, part: str = "W25Q64JV-IM", seed: int = 0, **parameters: Any) -> None:
        self.bench = Bench(seed)
        self.chip = Chip(self.bench.system, name="nor", part=part, **parameters)
        self.qpi = False

    def __call__(self, opcode: int, **fields: Any) -> bytes:
        """One cycle; three address bytes if an address is given, on the opcode's lines."""
        lanes = 4 if self.qpi else 1
        fields.setdefault("opcode_lanes", lanes)
        fields.setdefault("address_lanes", lanes)
        fields.setdefault("data_lanes", lanes)
        if "address" in fields:
            fields.setdefault("address_bits", 24)
        return self.chip.transfer(Transaction(opcode=opcode, **fields))

    def wait(self, ms: float = 500) -> None:
        self.bench.clock.advance(int(ms * MS))

    def sr(self, opcode: int = 0x05) -> int:
        return self(opcode, read=1)[0]

    def write_status(self, opcode: int, *values: int) -> None:
        self(0x06)
        self(opcode, write=bytes(values))
        self.wait()

    def program(self, address: int, data: bytes) -> None:
        self(0x06)
        self(0x02, address=address, write=data)
        self.wait()

    def rules(self) -> list[str]:
        """Rules broken since the last call."""
        rules = [d.rule for d in self.bench.diagnostics]
        self.bench.diagnostics.clear()
        return rules


def quad_read(address: int, read: int, **fields: Any) -> Transaction:
    """EBh as MicroPython's lookup table sends it: six dummy clocks, no mode phase."""
    fields = {"opcode": 0xEB, "dummy": 6} | fields
    return Transaction(
        address=address, address_bits=24, address_lanes=4, data_lanes=4, read=read, **fields
    )
