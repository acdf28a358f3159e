"""Ctrl-C at random instants, and processes killed under load: each ends what it should.

Ctrl-C comes from another process, into reading 8 MB of flash, scripts, runs without end, snapshots
and files of them, and the start of machines; every question after it must be answered rightly.
Then user's processes and engines are killed: the other one must end, and say why if it can.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from xipsim import Machine

LATE = 30
"""Seconds of real time after which a Ctrl-C that has ended nothing counts as lost, and a process
that should have ended as an orphan."""
SENDER = f"""
import os, select, signal, sys, time
for line in sys.stdin:
    time.sleep(float(line))
    lost = False
    while True:
        os.kill(os.getppid(), signal.SIGINT)
        if select.select([0], [], [], {LATE})[0]:
            break
        lost = True
    sys.stdin.readline()
    print(int(lost), flush=True)
"""
USER = """
import sys
from xipsim import EngineFailed, Machine
try:
    with Machine(sys.argv[1], firmware=sys.argv[2] or None, boot_cache=True) as m:
        m.exec("")
        print(m._session.engine.pid, flush=True)
        while True:
            m.exec("print(sum(range(1000)))")
            m.flash.read()
            m.snapshot()
except EngineFailed:
    sys.exit(3)
"""


class Interrupts:
    """Sends this process Ctrl-C from another one, after a delay."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SENDER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )

    def into(self, work: Callable[[], object], delay: float) -> str:
        """Do `work` again and again until Ctrl-C has come; empty, or what was wrong."""
        assert self._process.stdin
        assert self._process.stdout
        wrong = ""
        try:
            self._process.stdin.write(f"{delay}\n")
            while True:
                work()
        except KeyboardInterrupt:
            pass
        except Exception as error:
            wrong = f"raised {type(error).__name__}: {error}"
            with contextlib.suppress(KeyboardInterrupt):
                time.sleep(LATE)
        self._process.stdin.write("\n")
        return wrong or ("lost" if int(self._process.stdout.readline()) else "")

    def close(self) -> None:
        """End the other process."""
        self._process.communicate()


def wrong_answers(m: Machine, first: bytes) -> str:
    """What is not as it should be, asked in several ways."""
    if set(m.registers()) != {*(f"r{i}" for i in range(13)), "sp", "lr", "pc", "xpsr"}:
        return "registers() answered something else"
    if m.flash.read(0, len(first)) != first:
        return "flash.read() answered something else"
    if "busy" not in m.flash.status:
        return "flash.status answered something else"
    if (said := m.exec("print(6*7)")) != "42\n":
        return f"a script printed {said!r}"
    return ""


def interrupt(args: argparse.Namespace, random_: random.Random) -> collections.Counter[str]:
    """How the Ctrl-C ended."""
    results: collections.Counter[str] = collections.Counter()
    interrupts = Interrupts()
    with tempfile.TemporaryDirectory() as folder, machine(args) as m:
        file = Path(folder) / "snapshot"
        first = m.flash.read(0, 0x2000)

        def start() -> None:
            with machine(args):
                pass

        work: dict[str, tuple[Callable[[], object], float]] = {
            "flash.read": (m.flash.read, 0.05),
            "a short script": (lambda: m.exec("print(1)"), 0.05),
            "an endless script": (lambda: m.exec("while True: pass", timeout="36000s"), 0.05),
            "a loud script": (lambda: m.exec("while True: print(1)", timeout="36000s"), 0.05),
            "run_for": (lambda: m.run_for("1ms"), 0.02),
            "a run without end": (lambda: m.run_for("360000s"), 0.05),
            "registers": (m.registers, 0.005),
            "snapshot": (m.snapshot, 0.02),
            "save": (lambda: m.snapshot().save(file), 0.1),
            "the start of a machine": (start, 0.3),
        }
        saved = m.snapshot()
        for number in range(args.interrupts):
            name = random_.choice(list(work))
            task, longest = work[name]
            wrong = interrupts.into(task, random_.random() * longest)
            wrong = wrong or wrong_answers(m, first)
            results[f"{name}: {wrong or 'fine'}"] += 1
            if wrong:
                print(number, name, wrong, flush=True)
            m.restore(saved)
    interrupts.close()
    return results


def machine(args: argparse.Namespace) -> Machine:
    """One at the prompt soon."""
    return Machine(args.board, firmware=args.image, boot_cache=True)


def kill(args: argparse.Namespace, random_: random.Random) -> collections.Counter[str]:
    """How the killed ones, and those who knew them, ended."""
    results: collections.Counter[str] = collections.Counter()
    for _ in range(args.kills):
        user = subprocess.Popen(
            [sys.executable, "-c", USER, args.board, args.image or ""],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert user.stdout
        engine = int(user.stdout.readline())
        time.sleep(random_.random() * 0.3)
        whom = random_.choice(["the user's process", "the engine"])
        os.kill(engine if whom == "the engine" else user.pid, signal.SIGKILL)
        try:
            code = user.wait(LATE)
            how = "fine" if code in (3, -signal.SIGKILL) else f"ended with {code}"
        except subprocess.TimeoutExpired:
            how = "hangs"
            user.kill()
            user.wait()
        user.stdout.close()
        if not ends(engine):
            how = "left an orphan"
            os.kill(engine, signal.SIGKILL)
        results[f"{whom} was killed: {how}"] += 1
    return results


def ends(pid: int) -> bool:
    """Whether that process is gone soon; a zombie that init has not reaped yet is."""
    end = time.monotonic() + LATE
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False


@contextlib.contextmanager
def busy(processes: int) -> Iterator[None]:
    """Other processes that take the computer."""
    loads = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)
    ]
    try:
        yield
    finally:
        for load in loads:
            load.kill()
            load.wait()


def main() -> None:
    """Exit code 1 if anything was not fine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--board", default="TEENSY41")
    parser.add_argument("--image", help="default: the one that xipsim finds for the board")
    parser.add_argument("--interrupts", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--busy", type=int, default=6, help="other processes at work")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    # A shell starts what it puts into the background with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    random_ = random.Random(args.seed)
    with busy(args.busy):
        results = interrupt(args, random_) + kill(args, random_)
    for what, count in sorted(results.items()):
        print(f"{count:5} {what}")
    sys.exit(any(not what.endswith(": fine") for what in results))


if __name__ == "__main__":
    main()
