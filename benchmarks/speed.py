"""Instructions per second: a loop in XIP flash, the same loop in RAM, and in plain QEMU.

The loop has nine instructions: seven additions, a subtraction, a branch. It is programmed into the
flash through the firmware's `Flash`, put into a bytearray in RAM, and called by address from the
REPL. Plain QEMU, without Python in it, runs the same loop from RAM of its mps2-an500 board, with
and without -icount. All take turns; processor time, less that of one round, and the ratio of each
pair.
"""

from __future__ import annotations

import statistics
import struct
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from measure import arguments, processor_time, show

from xipsim import Machine, platforms
from xipsim.engines.qemu.locate import find_qemu
from xipsim.engines.repl.cache import load
from xipsim.firmware import boards
from xipsim.machine.layout import boot_chip

ROUNDS = 60_000_000
COUNTING = "plain QEMU, -icount shift=1"
INSTRUCTIONS = 9 * ROUNDS
LOOP = bytes.fromhex("0131 0131 0131 0131 0131 0131 0131 0138 f6d1")
"""adds r1, #1 (seven times); subs r0, #1; bne back"""
RETURN = bytes.fromhex("7047")
SETUP = """
import uctypes
from binascii import unhexlify
from {module} import Flash
code = unhexlify("{code}")
ram = bytearray(4096)  # with a page of an engine for itself, as in flash
place = -uctypes.addressof(ram) % 1024
ram[place : place + len(code)] = code
f = Flash()
f.writeblocks(200, code + bytes(4096 - len(code)))
@micropython.asm_thumb
def call(r0, r1):
    mov(r4, r1)  # which, like lr, is saved around an asm_thumb function
    mov(r1, 0)
    data(2, 0x47A0)  # blx r4
ram_at = uctypes.addressof(ram) + place | 1
xip_at = {xip} | 1
"""


def setup(board: str, module: str) -> str:
    """A script that puts the loop in both places."""
    window = boot_chip(load(platforms.find(board)))
    assert window is not None
    xip = window.base + boards.load(board).filesystem.offset + 200 * 4096
    return SETUP.format(module=module, code=(LOOP + RETURN).hex(), xip=xip)


def plain(qemu: Path, rounds: int, options: list[str]) -> None:
    """Run the loop in a QEMU of its own, which ends by semihosting."""
    code = bytes.fromhex("0648") + LOOP + bytes.fromhex("1820 0249 abbe fee7")
    code += bytes(-len(code) % 4) + struct.pack("<II", rounds, 0x20026)
    offset = 8
    program = struct.pack("<II", 0x2000_1000, offset | 1) + code
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        file.write(program)
        file.flush()
        subprocess.run(
            [qemu, "-M", "mps2-an500", "-display", "none", "-monitor", "none", "-serial", "none",
             "-semihosting", "-device", f"loader,file={file.name},addr=0", *options],
            check=True,
            timeout=120,
        )  # fmt: skip


def main() -> None:
    args = arguments(__doc__, runs=9)
    qemu = find_qemu()
    with Machine(args.board, firmware=args.image) as m:
        m.exec(setup(args.board, args.module))
        actions: dict[str, Callable[[int], object]] = {
            "in XIP flash": lambda rounds: m.exec(f"call({rounds}, xip_at)"),
            "in RAM": lambda rounds: m.exec(f"call({rounds}, ram_at)"),
            COUNTING: lambda rounds: plain(qemu, rounds, ["-icount", "shift=1,sleep=off"]),
            "plain QEMU, free running": lambda rounds: plain(qemu, rounds, []),
        }
        spent: dict[str, list[float]] = {name: [] for name in actions}
        for _ in range(args.runs):
            for name, run in actions.items():
                spent[name].append(used(run, ROUNDS) - used(run, 1))
    for name, seconds in spent.items():
        show(f"one instruction, {name}", seconds, per=INSTRUCTIONS, unit="ns")
    for name in ("in XIP flash", "in RAM"):
        ratios = [theirs / ours for ours, theirs in zip(spent[name], spent[COUNTING], strict=True)]
        pairs = " ".join(f"{ratio:.3f}" for ratio in ratios)
        print(f"{name}: {statistics.median(ratios):.3f} of the speed of {COUNTING} ({pairs})")


def used(action: Callable[[int], object], rounds: int) -> float:
    """Seconds of processor time."""
    began = processor_time()
    action(rounds)
    return processor_time() - began


if __name__ == "__main__":
    main()
