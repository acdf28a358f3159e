"""One register access of the guest into a Python model, under icount.

A loop of three instructions reads (writes) a register of the tests' demo timer a million times, one
without hooks and one with; the same loop on RAM is subtracted. Wall time.
"""

from __future__ import annotations

import struct
import time
from pathlib import Path

from measure import arguments, show

from xipsim.engines.api import Goal, MachineConfig, StopReason
from xipsim.engines.programs import open_engine

DEMO = Path(__file__).parents[1] / "tests" / "conformance" / "board"
RAM, PLAIN, NATIVE, POWER_OFF = 0x2000_0000, 0x4000_0018, 0x4000_5000, 0x4000_4000
CELL, STATUS = 0x4000_001C, 0x4000_0004
"""Registers whose reads, or writes, call the model; those of PLAIN do not."""
COUNT = 1_000_000
READ, WRITE = "0368", "0360"
"""ldr r3, [r0] / str r3, [r0]"""
TOGGLE = "0122 0260 0022 0260"
"""movs r2, #1; str r2, [r0]; movs r2, #0; str r2, [r0]"""


def program(access: str, address: int, count: int) -> str:
    """r0 = address, r1 = count; the loop; the power off. Vector table first."""
    body = bytes.fromhex(access)
    body += bytes.fromhex("0139") + bytes([-(len(body) // 2 + 3) & 0xFF, 0xD1])  # subs r1, #1; bne
    end = len(body) + 4
    values = end + 6 + (end + 6) % 4
    code = _load(0, 0, values) + _load(1, 2, values + 4) + body + _load(3, end, values + 8)
    code += bytes.fromhex("1b60 fee7")  # str r3, [r3]; b .
    code = code.ljust(values, b"\0") + struct.pack("<III", address, count, POWER_OFF)
    return (struct.pack("<17I", RAM + 0x1000, RAM + 69, *[RAM + 69] * 15) + code).hex()


def _load(register: int, at: int, value: int) -> bytes:
    """ldr register, [pc, ...]"""
    return bytes([(value - (at + 4 & ~3)) // 4, 0x48 + register])


def run(access: str, address: int, engine: str = "qemu", count: int = COUNT) -> float:
    """Seconds that the whole loop takes."""
    config = MachineConfig(
        platform=DEMO / "board.repl",
        models=(DEMO / "models.py",),
        overrides={"rom": {"program": program(access, address, count)}},
        engine=engine,
    )
    machine = open_engine(config)
    try:
        machine.build({})
        began = time.perf_counter()
        stop = machine.run(Goal())
        took = time.perf_counter() - began
        assert stop.reason is StopReason.POWERED_OFF and machine.registers()["r1"] == 0, stop
    finally:
        machine.close()
    return took


def main() -> None:
    args = arguments(__doc__, runs=5)
    for name, access, address in (
        ("read", READ, PLAIN),
        ("write", WRITE, PLAIN),
        ("read, with a hook", READ, CELL),
        ("write, with a hook", WRITE, STATUS),
    ):
        model = [run(access, address) for _ in range(args.runs)]
        memory = [run(access, RAM + 0x800) for _ in range(args.runs)]
        difference = [m - r for m, r in zip(sorted(model), sorted(memory), strict=True)]
        show(f"register {name}", difference, per=COUNT, unit="us")


if __name__ == "__main__":
    main()
