"""Bulk work of the firmware's own flash driver: 64 blocks of 4 KB erased, programmed, read back.

One machine at its prompt; wall time of each script, with the time of an empty one subtracted, and
the virtual time that passed.
"""

from __future__ import annotations

from measure import arguments, show, timed

from xipsim import Machine

BLOCKS, SIZE = 64, 4096
SETUP = """
from {module} import Flash
f = Flash()
data, back = bytes(range(256)) * 16, bytearray(4096)
"""
WORK = {
    "erase": "f.ioctl(6, 300 + i)",
    "program": "f.writeblocks(300 + i, data, 0)",
    "read": "f.readblocks(300 + i, back)",
}


def main() -> None:
    args = arguments(__doc__, runs=5)
    with Machine(args.board, firmware=args.image) as m:
        m.exec(SETUP.format(module=args.module))
        empty = sorted(timed(lambda: m.exec("pass"), args.runs))[args.runs // 2]
        for verb, line in WORK.items():
            began = m.now
            script = f"for i in range({BLOCKS}): {line}"
            seconds = timed(lambda script=script: m.exec(script, timeout="120s"), args.runs)
            virtual = (m.now - began) / (args.runs + 1) / BLOCKS / 1e6
            name = f"{verb} a block of {SIZE >> 10} KB ({virtual:.2f} ms virtual)"
            show(name, [value - empty for value in seconds], per=BLOCKS)


if __name__ == "__main__":
    main()
