"""From the start of a process to the firmware's prompt, on a blank chip with its real busy times.

Each run is a new Python process that makes a `Machine` and waits for the prompt; its wall time is
taken from outside, start and end of the interpreter included.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import arguments, show, timed

SCRIPT = """
import sys, time
began = time.perf_counter()
from xipsim import Machine
imported = time.perf_counter()
with Machine(sys.argv[1], firmware=sys.argv[2], boot_cache=sys.argv[3] == "cached") as m:
    built = time.perf_counter()
    m.boot()
    booted = time.perf_counter()
    if sys.argv[3] == "cached":
        assert m.exec("print(hash(%s))" % sys.argv[4])
    ended = time.perf_counter()
print(imported - began, built - imported, booted - built, ended - booted)
"""


def main() -> None:
    args = arguments(__doc__)

    def start(how: str, cache: str) -> list[list[float]]:
        stages: list[list[float]] = [[], [], [], []]

        def once() -> None:
            nonce = str(len(stages[0]))
            out = subprocess.run(
                [sys.executable, "-c", SCRIPT, args.board, args.image, how, nonce],
                env=os.environ | {"XIPSIM_CACHE": cache},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for stage, value in zip(stages, out.split(), strict=True):
                stage.append(float(value))

        if how == "empty":
            runs = []
            for _ in range(args.runs):
                with tempfile.TemporaryDirectory() as fresh:
                    cache = fresh
                    runs += timed(once, 1, warm_up=0)
            show("process start to prompt, empty cache (platform parsed anew)", runs)
        else:
            name = "from the cached boot, and one exec" if how == "cached" else "warm cache"
            show(f"process start to prompt, {name}", timed(once, args.runs))
        return stages

    with tempfile.TemporaryDirectory() as cache:
        start("empty", "")
        stages = start("warm", cache)
        show("  of that: importing xipsim", stages[0])
        show("  of that: reading the image while QEMU starts and builds", stages[1])
        show("  of that: boot ROM to prompt", stages[2])
        start("cached", cache)
    bare = timed(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), args.runs)
    show("for comparison: a bare interpreter", bare)
    _pyc_hint()


def _pyc_hint() -> None:
    if os.environ.get("PYTHONDONTWRITEBYTECODE") and not any(
        Path(__file__).parents[1].glob("xipsim/__pycache__")
    ):
        print("note: PYTHONDONTWRITEBYTECODE is set; modules are compiled anew at each start")


if __name__ == "__main__":
    main()
