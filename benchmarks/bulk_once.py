"""One measurement of `bulk.py`, in a process of its own: JSON on standard output.

Arguments: board, image, module with the class `Flash`, what to do, how often.
"""

from __future__ import annotations

import json
import sys
import time

from measure import processor_time

from xipsim import Machine

SETUP = """
import os
from {module} import Flash
f = Flash()
data, back = bytes(range(256)) * 16, bytearray(4096)
def blocks(n):
    for i in range(n):
        f.ioctl(6, 300 + i)
        f.writeblocks(300 + i, data, 0)
def file(n):
    with open('/flash/bulk', 'wb') as g:
        for i in range(n): g.write(data)
    with open('/flash/bulk', 'rb') as g:
        while g.readinto(back): pass
    os.remove('/flash/bulk')
"""


def main() -> None:
    board, image, module, what, count = sys.argv[1:]
    with Machine(board, firmware=image) as m:
        m.exec(SETUP.format(module=module))
        virtual, processor = m.now, processor_time()
        wall = time.perf_counter()
        m.exec(f"{what}({count})", timeout="3600s")
        wall = time.perf_counter() - wall
        processor = processor_time() - processor
        print(json.dumps({
            "virtual": (m.now - virtual) / 1e9, "processor": processor, "wall": wall
        }))  # fmt: skip


if __name__ == "__main__":
    main()
