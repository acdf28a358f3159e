"""Where the time of bulk data goes: what the models' process is at, by 4 KB (see `bulk.py`).

Linux's own profiler (`apt install linux-perf`; as root, or with `kernel.perf_event_paranoid` at 1
or less) looks each 200 us of processor time which library that process is in, or whether it is in
the firmware's translated code.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bulk import WORK
from bulk_once import SETUP
from measure import arguments

from xipsim import Machine

RATE = 5000
"""Samples in a second."""
LAYERS = {
    "libpython": "Python: models, clock, passages",
    "qemu-system": "QEMU: accesses, exceptions, timers",
    "perf-": "translated code of the firmware",
    "JIT": "translated code of the firmware",
    "xipsim_shim": "shim: passages played",
    "libc.": "C library",
    "[kernel": "kernel",
}
"""By the beginning, or a part, of what `perf` calls it; all else is one layer, too."""
ELSE = "other libraries"


def options(parser: argparse.ArgumentParser) -> None:
    """What this benchmark has beside the common options."""
    parser.add_argument("--count", type=int, default=512, help="blocks in a measurement")


@contextmanager
def sampling(process: int, into: Path) -> Iterator[None]:
    """Let `perf` look at the process meanwhile."""
    how = ["-q", "-e", "cpu-clock", "-F", str(RATE), "-o", into, "-p", str(process)]
    profiler = subprocess.Popen(["perf", "record", *how], stdout=subprocess.DEVNULL)
    time.sleep(0.5)  # it has to find the process's threads
    if profiler.poll() is not None:
        sys.exit("perf does not measure here")
    try:
        yield
    finally:
        profiler.terminate()
        profiler.wait()


def models_process() -> int:
    """The process that this one has started for its machine."""
    (child,) = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return int(child)


def samples(file: Path) -> Counter[str]:
    """By layer."""
    how = ["-i", file, "--stdio", "--sort", "dso", "-F", "sample,dso", "-t", "|"]
    report = subprocess.run(["perf", "report", *how], capture_output=True, text=True, check=True)
    found: Counter[str] = Counter()
    for line in report.stdout.splitlines():
        number, _, name = line.partition("|")
        if name and not line.startswith("#"):
            layer = next((layer for part, layer in LAYERS.items() if part in name), ELSE)
            found[layer] += int(number)
    return found


def main() -> None:
    args = arguments(__doc__, runs=1, more=options)
    if shutil.which("perf") is None:
        sys.exit("perf is not here: apt install linux-perf")
    for what, name in WORK.items():
        with (
            tempfile.TemporaryDirectory() as folder,
            Machine(args.board, firmware=args.image) as m,
        ):
            m.exec(SETUP.format(module=args.module))
            with sampling(models_process(), file := Path(folder, "perf.data")):
                m.exec(f"{what}({args.count})", timeout="3600s")
            found = samples(file)
        total = found.total()
        print(f"{name}: {total / RATE / args.count * 1e3:.2f} ms of processor time")
        for layer, number in found.most_common():
            each = number / RATE / args.count * 1e3
            print(f"  {layer:<38} {number / total:6.1%} {each:8.2f} ms")


if __name__ == "__main__":
    main()
