"""Accesses of any width and alignment to every model on the bus, under a limit of memory.

    nice .venv/bin/python benchmarks/fuzz_models.py --count 1000000 --megabytes 1024

Registers, what lies between them, and windows, with pauses and resets in between; a model has to
answer each access, with a value or a bus error. Prints how many it took for each model, and the
slowest hundred of them, in time of the processor.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "unit"))

from model_fuzz import ON_THE_BUS, Target

AT_ONCE = 100
PATIENCE = 30
"""Seconds of the processor in which so many accesses have to be done."""


class Hang(Exception):
    """A hundred accesses took too long."""


def _hang(*_: Any) -> None:
    raise Hang(f"not done after {PATIENCE} s")


def fuzz(name: str, seed: int, count: int) -> bool:
    """Do `count` accesses to a model, print what came of them; whether all were answered."""
    target, slowest, done = Target(name), 0.0, 0
    try:
        for batch in range(-(-count // AT_ONCE)):
            began = time.process_time()
            signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
            target.accesses(random.Random(f"{seed} {name} {batch}"), AT_ONCE)
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            done += AT_ONCE
            slowest = max(slowest, time.process_time() - began)
    except Exception:
        traceback.print_exc()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    verdict = "ok" if done >= count else f"FAILED in the hundred after {done:,}"
    print(f"{name:22} {done:11,} slowest hundred {slowest * 1000:7.1f} ms  {verdict}", flush=True)
    return done >= count


def main() -> int:
    """0, or 1 where a model failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000, help="accesses to each model")
    parser.add_argument("--megabytes", type=int, default=1024, help="limit of memory")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=ON_THE_BUS, help="one model")
    args = parser.parse_args()
    limit = args.megabytes << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    signal.signal(signal.SIGVTALRM, _hang)
    chosen = [args.only] if args.only else ON_THE_BUS
    answered = [fuzz(name, args.seed, args.count) for name in chosen]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{answered.count(False)} of {len(chosen)} models failed; {peak} MB at most")
    return 0 if all(answered) else 1


if __name__ == "__main__":
    sys.exit(main())
