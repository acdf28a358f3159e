"""Damaged and hostile files for everything that reads files, under a limit of memory.

    .venv/bin/python benchmarks/fuzz_loaders.py --count 100000 --megabytes 1024

Each has to be read, or refused by the reader's own error, within its share of memory and ten
seconds. Prints how many were; an input that was not is written to a file, and named.
"""

from __future__ import annotations

import argparse
import logging
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "unit"))

from loader_fuzz import TARGETS, Target, inputs

PATIENCE = 10
"""Seconds in which one input has to be done with."""


class Hang(Exception):
    """An input took too long."""


def _hang(*_: Any) -> None:
    raise Hang(f"not done after {PATIENCE} s")


def fuzz(name: str, target: Target, folder: Path, seed: int, count: int) -> int:
    """Try `count` inputs, print what came of them; how many failed."""
    file, read, failed, slowest = folder / "input", 0, 0, 0.0
    for number, data in enumerate(inputs(target, folder, f"{seed} {name}", count)):
        file.write_bytes(data)
        began = time.perf_counter()
        signal.alarm(PATIENCE)
        try:
            read += target.read(file)
        except target.refused as error:
            if "more memory than there is" in str(error):
                failed += _report(name, number, data)
        except Exception:
            failed += _report(name, number, data)
        finally:
            signal.alarm(0)
        slowest = max(slowest, time.perf_counter() - began)
    print(
        f"{name:22} {count:7,} inputs {read:7,} read {count - read - failed:7,} refused "
        f"{failed:3} failed, slowest {slowest * 1000:.0f} ms",
        flush=True,
    )
    return failed


def _report(name: str, number: int, data: bytes) -> int:
    traceback.print_exc()
    kept = Path(tempfile.gettempdir(), f"fuzz-{name.replace(' ', '-')}-{number}")
    kept.write_bytes(data)
    print(f"{name}, input {number}: kept in {kept}", flush=True)
    return 1


def main() -> int:
    """0, or 1 where an input failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000, help="inputs, of all kinds together")
    parser.add_argument("--megabytes", type=int, default=1024, help="limit of memory")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=TARGETS, help="one kind of file")
    args = parser.parse_args()
    limit = args.megabytes << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    os.environ["XIPSIM_CACHE"] = f"{os.devnull}/none"
    logging.disable()
    signal.signal(signal.SIGALRM, _hang)
    chosen = {args.only: TARGETS[args.only]} if args.only else TARGETS
    with tempfile.TemporaryDirectory() as folder:
        count = args.count // len(chosen) + 1
        failed = [fuzz(n, t, Path(folder), args.seed, count) for n, t in chosen.items()]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{sum(failed)} failed; {peak} MB at most")
    return 1 if any(failed) else 0


if __name__ == "__main__":
    sys.exit(main())
