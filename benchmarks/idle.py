"""What `xipsim run` costs while the board sits at its prompt and nobody types.

Processor time of both processes over ten seconds, as a share of one core, from /proc.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from measure import arguments

SETTLE, SECONDS = 4, 10
TICK = os.sysconf("SC_CLK_TCK")


def main() -> None:
    args = arguments(__doc__, runs=3)
    command = [sys.executable, "-m", "xipsim", "run", args.board, args.image, "--pty"]
    shares = []
    for _ in range(args.runs):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as run:
            assert run.stdout and run.stdout.readline()
            time.sleep(SETTLE)
            processes = [run.pid, *children(run.pid)]
            began = sum(map(used, processes))
            time.sleep(SECONDS)
            shares.append((sum(map(used, processes)) - began) / SECONDS)
            run.send_signal(signal.SIGINT)
    shares.sort()
    middle = shares[len(shares) // 2]
    print(f"idle run: {middle:.1%} of a core ({shares[0]:.1%} to {shares[-1]:.1%})")


def children(pid: int) -> list[int]:
    """Its child processes."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def used(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


if __name__ == "__main__":
    main()
