"""One register access of the guest into a Python model, under icount.

A loop of three instructions reads (writes) a plain register of the tests' demo timer a million
times; the same loop on RAM is subtracted. Wall time.
"""

from __future__ import annotations

import struct
from pathlib import Path

from measure import arguments, show, timed

from xipsim.engines.api import Goal, MachineConfig
from xipsim.engines.programs import open_engine

DEMO = Path(__file__).parents[1] / "tests" / "conformance" / "board"
RAM, PLAIN = 0x2000_0000, 0x4000_0018
COUNT = 1_000_000
READ, WRITE = "0368", "0360"
"""ldr r3, [r0] / str r3, [r0]"""
LOOP = "{access} 0139 fcd1 fee7"
"""access; subs r1, #1; bne back; b ."""


def program(access: str, address: int) -> str:
    """Sets r0 and r1, then the loop; vector table first."""
    code = bytes.fromhex("0248 0349" + LOOP.format(access=access))
    code += struct.pack("<II", address, COUNT)
    return (struct.pack("<17I", RAM + 0x1000, RAM + 69, *[RAM + 69] * 15) + code).hex()


def run(access: str, address: int) -> None:
    """The whole loop, from power-on."""
    config = MachineConfig(
        platform=DEMO / "board.repl",
        models=(DEMO / "models.py",),
        overrides={"rom": {"program": program(access, address)}},
    )
    engine = open_engine(config)
    try:
        engine.build({})
        engine.run(Goal(until=10_000 + COUNT * 6))
        assert engine.registers()["r1"] == 0
    finally:
        engine.close()


def main() -> None:
    args = arguments(__doc__, runs=5)
    for name, access in (("read", READ), ("write", WRITE)):
        model = timed(lambda access=access: run(access, PLAIN), args.runs)
        memory = timed(lambda access=access: run(access, RAM + 0x800), args.runs)
        difference = [m - r for m, r in zip(sorted(model), sorted(memory), strict=True)]
        show(f"register {name}", difference, per=COUNT, unit="us")


if __name__ == "__main__":
    main()
