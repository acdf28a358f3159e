"""Programs of a few instructions for `board/board.repl`; r0 is the first timer throughout."""

from __future__ import annotations

import struct
from typing import NamedTuple

from assembler import assemble

RAM = 0x2000_0000
CODE = RAM + 0x50
ROM_TIME = 5_000
"""ns that the boot ROM takes."""
VECTORS = 20
HANDLERS = """
    fault: b fault
    irq: movs r1, #1; str r1, [r0, #4]; str r1, [r0, #12]; bx lr  // STATUS, MARK
"""
ENABLE = "ldr r6, =0xE000E100; movs r1, #7; str r1, [r6, #0]"
"""Interrupts 0 to 2."""


class Program(NamedTuple):
    """Source, after `ldr r0, =0x40000000`; unless it has handlers of its own, the usual ones."""

    source: str

    @property
    def _assembled(self) -> tuple[bytes, dict[str, int]]:
        source = f"ldr r0, =0x40000000\n{self.source}\n"
        return assemble(source + ("" if "irq:" in source else HANDLERS), CODE)

    @property
    def labels(self) -> dict[str, int]:
        """Addresses."""
        return self._assembled[1]

    @property
    def image(self) -> str:
        """Vector table and code, in hex digits."""
        code, labels = self._assembled
        handlers = [labels["fault"] + 1] * 14 + [labels["irq"] + 1] * (VECTORS - 16)
        vectors = struct.pack(f"<{VECTORS}I", RAM + 0x1000, CODE + 1, *handlers)
        return (vectors + code).hex()


def polled_wait(duration: int) -> Program:
    """COUNT = duration; while (!POLL); MARK = 2; then r5 counts for ever."""
    return Program(f"""
        {ENABLE}; ldr r4, ={duration}; str r4, [r0, #0]
    again: ldr r3, [r0, #8]; cmp r3, #0; beq again
        movs r4, #2; str r4, [r0, #12]
    loop: adds r5, #1; b loop
    """)


WAIT = polled_wait(45_000_000)
SLEEP = Program(f"""
    {ENABLE}
    again: ldr r4, =1000000; str r4, [r0, #0]; wfe; adds r5, #1; wfe; adds r5, #1; b again
""")
WFI = Program(f"""
    {ENABLE}
    again: ldr r4, =1000; str r4, [r0, #0]; wfi; adds r5, #1; b again
""")
