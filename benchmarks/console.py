"""Console throughput: 10 MB from the firmware, and 1 MB to it, over the simulated USB.

The firmware writes a block of 4 KB to `sys.stdout.buffer` again and again (reads and counts what it
is sent). Wall time and virtual time.
"""

from __future__ import annotations

import time

from measure import arguments

from xipsim import Machine

OUT, IN = 10 << 20, 1 << 20
WRITE = f"""
import sys
b = b"x" * 4096
for _ in range({OUT // 4096}):
    sys.stdout.buffer.write(b)
"""
READ = f"""
import sys, micropython
micropython.kbd_intr(-1)
print("ready")
n = 0
while n < {IN}:
    n += len(sys.stdin.buffer.read(4096))
micropython.kbd_intr(3)
print("got", n)
"""


def main() -> None:
    args = arguments(__doc__, runs=1)
    with Machine(args.board, firmware=args.image) as m:
        m.exec("pass")
        began, virtual = time.perf_counter(), m.now
        assert len(m.exec(WRITE, timeout="600s")) == OUT
        report("from the firmware", OUT, time.perf_counter() - began, m.now - virtual)
        m.console.write(b"\x05" + READ.encode() + b"\x04")
        m.console.expect("ready\r\n")
        m.console.write(bytes(range(256)) * (IN // 256))
        began, virtual = time.perf_counter(), m.now
        m.console.expect(f"got {IN}", timeout="600s")
        report("to the firmware", IN, time.perf_counter() - began, m.now - virtual)


def report(what: str, count: int, wall: float, virtual: int) -> None:
    """One line."""
    rate = f"{wall:6.2f} s, {count / wall / 1e6:.2f} MB/s"
    print(f"{count >> 20} MB {what:<24} {rate}; virtual {virtual / 1e9:.2f} s")


if __name__ == "__main__":
    main()
