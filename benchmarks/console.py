"""Console throughput: 10 MB from the firmware, and 1 MB to it, over the simulated USB.

The firmware writes a block of 4 KB to `sys.stdout.buffer` again and again (reads and counts what it
is sent). Wall time and virtual time. Firmware that prints on a UART, too, does so at its pace:
64 KB each way there.
"""

from __future__ import annotations

import time

from measure import arguments

from xipsim import Machine
from xipsim.firmware import boards

BYTES = {"": (10 << 20, 1 << 20), "uart4": (64 << 10, 64 << 10)}
"""Out and in, by the console that the board is known for; empty: USB alone."""
WRITE = """
import sys
b = b"x" * 4096
for _ in range({count} // 4096):
    sys.stdout.buffer.write(b)
"""
READ = """
import sys, micropython
micropython.kbd_intr(-1)
print("ready")
n = 0
while n < {count}:
    n += len(sys.stdin.buffer.read(4096))
micropython.kbd_intr(3)
print("got", n)
"""


def main() -> None:
    args = arguments(__doc__, runs=1)
    out, back = BYTES[boards.load(args.board).console]
    with Machine(args.board, firmware=args.image, console="pc") as m:
        m.exec("pass")
        began, virtual = time.perf_counter(), m.now
        assert len(m.exec(WRITE.format(count=out), timeout="600s")) == out
        report("from the firmware", out, time.perf_counter() - began, m.now - virtual)
        m.console.write(b"\x05" + READ.format(count=back).encode() + b"\x04")
        m.console.expect("ready\r\n")
        m.console.write(bytes(range(256)) * (back // 256))
        began, virtual = time.perf_counter(), m.now
        m.console.expect(f"got {back}", timeout="600s")
        report("to the firmware", back, time.perf_counter() - began, m.now - virtual)


def report(what: str, count: int, wall: float, virtual: int) -> None:
    """One line."""
    rate = f"{wall:6.2f} s, {count / wall / 1e6:.2f} MB/s"
    print(f"{count >> 10:6} KB {what:<24} {rate}; virtual {virtual / 1e9:.2f} s")


if __name__ == "__main__":
    main()
