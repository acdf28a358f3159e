"""What the benchmarks share: the image they run, repeated timing, one way of printing a figure."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from xipsim.engines.qemu.locate import find_qemu, qemu_version
from xipsim.firmware import boards, catalogue


def arguments(
    description: str,
    *,
    board: str = "TEENSY41",
    runs: int = 7,
    more: Callable[[argparse.ArgumentParser], None] | None = None,
) -> argparse.Namespace:
    """Parsed options: board, image, runs; module: where its firmware has the class `Flash`.

    more: adds options of a benchmark's own. Prints on what is measured.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--board", default=board)
    parser.add_argument("--image", help="default: the one that xipsim finds for the board")
    parser.add_argument("--runs", type=int, default=runs)
    if more is not None:
        more(parser)
    args = parser.parse_args()
    if args.image is None:
        args.image = str(catalogue.find(args.board).path)
    args.module = boards.load(args.board).module
    version = qemu_version(find_qemu())
    print(f"{args.board}, {os.path.basename(args.image)}, QEMU {version}, ", end="")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {args.runs} runs")
    return args


def timed(action: Callable[[], object], runs: int) -> list[float]:
    """Seconds of wall time of each of `runs` calls, after one that does not count."""
    action()
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return seconds


def processor_time() -> float:
    """Seconds so far of this process, and of all that it has started."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.process_time() + ended.ru_utime + ended.ru_stime
    waiting = [os.getpid()]
    while waiting:
        for task in Path(f"/proc/{waiting.pop()}/task").iterdir():
            children = (task / "children").read_text().split()
            waiting += map(int, children)
            seconds += sum(map(_seconds_of, children))
    return seconds


def _seconds_of(process: str) -> float:
    """Its own, to the nanosecond, and of its children that have ended."""
    fields = Path("/proc", process, "stat").read_text().rpartition(")")[2].split()
    ended = sum(map(int, fields[13:15])) / os.sysconf("SC_CLK_TCK")
    # clock_getcpuclockid(3), which Python lacks: the number of a process's clock.
    return time.clock_gettime(~int(process) << 3 | 2) + ended


def show(name: str, seconds: list[float], *, per: float = 1, unit: str = "ms") -> None:
    """One line: median, and the range. per: how many of the thing one measurement contains."""
    scale = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[unit] / per
    values = sorted(value * scale for value in seconds)
    median = statistics.median(values)
    print(f"{name:<58} {median:9.2f} {unit}   ({values[0]:.2f} to {values[-1]:.2f})")
