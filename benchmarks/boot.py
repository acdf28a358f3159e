"""From the start of a process to the firmware's prompt, on a blank chip with its real busy times.

Each run is a new Python process that makes a `Machine` and waits for the prompt; its wall time is
taken from outside, start and end of the interpreter included.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from measure import arguments, show, timed

SCRIPT = """
import sys, time
began = time.perf_counter()
from xipsim import Machine
imported = time.perf_counter()
with Machine(sys.argv[1], firmware=sys.argv[2]) as m:
    built = time.perf_counter()
    m.boot()
    booted = time.perf_counter()
print(imported - began, built - imported, booted - built)
"""


def main() -> None:
    args = arguments(__doc__)
    stages: list[list[float]] = [[], [], []]

    def boot(cache: str) -> None:
        out = subprocess.run(
            [sys.executable, "-c", SCRIPT, args.board, args.image],
            env=_environment(cache),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for stage, value in zip(stages, out.split(), strict=True):
            stage.append(float(value))

    def boot_with_empty_cache() -> None:
        with tempfile.TemporaryDirectory() as cache:
            boot(cache)

    show("process start to prompt, empty cache", timed(boot_with_empty_cache, args.runs))
    with tempfile.TemporaryDirectory() as cache:
        for stage in stages:
            stage.clear()
        show("process start to prompt, warm cache", timed(lambda: boot(cache), args.runs))
        show("  of that: importing xipsim", stages[0])
        show("  of that: reading the image while QEMU starts and builds", stages[1])
        show("  of that: boot ROM to prompt", stages[2])
        answers: list[float] = []
        ends = timed(lambda: answers.append(_ask(args, cache, len(answers))), args.runs)
        show("process start to the answer of `xipsim exec`, cached boot", answers[1:])
        show("  and to the end of the process", ends)
        with _standby(cache):
            answers.clear()
            ends = timed(lambda: answers.append(_ask(args, cache, len(answers))), args.runs)
            show("beside a standby: to the answer, cached boot", answers[1:])
            show("  and to the end of the process", ends)
            show("  with --cold", timed(lambda: _ask(args, cache, 0, "--cold"), args.runs))

            def with_empty_cache() -> None:
                shutil.rmtree(os.path.join(cache, "boots"))
                _ask(args, cache, 0)

            show("  with an empty cache of boots", timed(with_empty_cache, args.runs))
    bare = timed(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), args.runs)
    show("for comparison: a bare interpreter", bare)


@contextmanager
def _standby(cache: str) -> Iterator[None]:
    """While it is entered, there is one."""
    command = [sys.executable, "-m", "xipsim", "standby"]
    environment = _environment(cache)
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as standby:
        assert standby.stderr and standby.stderr.readline()
        yield
        standby.terminate()


def _ask(args: argparse.Namespace, cache: str, nonce: int, *options: str) -> float:
    """Seconds to the first line that comes out."""
    command = [sys.executable, "-m", "xipsim", "exec", args.board, args.image, *options]
    began = time.perf_counter()
    with subprocess.Popen(
        [*command, "-c", f"print(hash({nonce}))"], env=_environment(cache), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout and process.stdout.readline()
        return time.perf_counter() - began


def _environment(cache: str) -> dict[str, str]:
    """Modules are compiled once, in the run that does not count, whatever is set here."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"XIPSIM_CACHE": cache}


if __name__ == "__main__":
    main()
