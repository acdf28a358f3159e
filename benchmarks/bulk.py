"""Bulk data: what it costs to erase and program blocks, and to write, read and delete a file.

Through the firmware's own `Flash` and its file system, 4 KB at a time, each measurement on a fresh
machine at its prompt. Processor time of the models' process and of the user's, which other load
disturbs less than wall time; beside it the virtual time that passed.

With --against, the interpreter of another checkout's virtual environment, the two take turns,
A B A B, and the ratio of each pair is printed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from measure import arguments, show

WORK = {"blocks": "erase and program 4 KB", "file": "4 KB of a file written, read and deleted"}
ONCE = Path(__file__).with_name("bulk_once.py")


def options(parser: argparse.ArgumentParser) -> None:
    """What this benchmark has beside the common options."""
    parser.add_argument("--against", metavar="PYTHON", help="another checkout's interpreter")
    parser.add_argument("--count", type=int, default=64, help="times 4 KB in a measurement")


def once(python: str, args: argparse.Namespace, what: str) -> dict[str, float]:
    """Seconds: processor, wall, virtual."""
    command = [python, ONCE, args.board, args.image, args.module, what, str(args.count)]
    answer: dict[str, float] = json.loads(subprocess.check_output(command))
    return answer


def main() -> None:
    args = arguments(__doc__, runs=5, more=options)
    for what, name in WORK.items():
        ours, theirs = [], []
        for run in range(args.runs):
            ours.append(once(sys.executable, args, what))
            if args.against:
                theirs.append(once(args.against, args, what))
                mine, other = ours[-1]["processor"], theirs[-1]["processor"]
                pair = f"{mine / args.count * 1e3:.2f} against {other / args.count * 1e3:.2f} ms"
                print(f"{what}, pair {run + 1}: {pair}, ratio {mine / other:.3f}", flush=True)
        virtual = ours[0]["virtual"] / args.count * 1e3
        for kind in ("processor", "wall"):
            seconds = [run[kind] for run in ours]
            show(f"{name}, {kind} ({virtual:.2f} ms virtual)", seconds, per=args.count)
        if theirs:
            ratios = [a["processor"] / b["processor"] for a, b in zip(ours, theirs, strict=True)]
            print(f"{what}: median ratio {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
