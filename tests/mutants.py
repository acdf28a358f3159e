"""How many random one-line mutants of the models the unit tests find.

    .venv/bin/python tests/mutants.py [--seed N] [--count N] [WORD...]

Takes so many mutants of the files of `peripherals/` whose path holds one of the words (all
without a word), at random places: tests/mutant_lines.py says which kinds there are. For each, runs
the unit tests that execute its line, in a copy of the tree, until one of them fails; a line that no
test executes survives at once, and tests that hang are found by a limit of processor time and
memory. Prints each survivor, and the share that was found. The same seed gives the same mutants and
verdicts on the same tree. Wants the package `coverage`. docs/mutations.md tells what came of it.
Exit code 1: fewer than 19 in 20.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from mutant_lines import Mutant, sample
from mutations import GOAL, ROOT, copy

try:
    from mutant_tests import NO_MODELS, Run, Seen, digests, is_found, load, observe, runs
except ModuleNotFoundError as error:
    raise SystemExit(f"{error.name} is missing: .venv/bin/pip install {error.name}") from error

CACHE = ROOT / ".mutants_cache"
SECONDS = 60
"""Of the processor, beside three times what the tests take under coverage."""
OBSERVED = 1000
"""Of the processor, for a file of tests under coverage."""
MEMORY = 4 << 30
WANTED = ("hypothesis.stateful", "lark", "elftools.elf.elffile", "rich.table")
"""What tests import of others: once, not in each process."""


def in_child(tree: Path, seconds: float, work: Callable[[], int]) -> int:
    """Starts `work` in a process of its own in a copy of the tree; returns its id."""
    if pid := os.fork():
        return pid
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(null, stream)
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 10))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        os.chdir(tree)
        os.environ |= {"PYTHONPATH": str(tree), "XIPSIM_CACHE": f"{tree}/cache{os.getpid()}"}
        sys.path[0] = str(tree)
        sys.dont_write_bytecode = False  # Each tree is compiled once.
        os._exit(work())
    finally:
        os._exit(2)


class Job(NamedTuple):
    """A process to be, and what is done when it has ended."""

    start: Callable[[Path], int]
    ended: Callable[[Path, bool], None]
    """With its tree, and whether it ended well."""


def work_off(jobs: Iterable[Job], trees: list[Path]) -> None:
    """As many at once as there are trees."""
    free, waiting = deque(trees), deque(jobs)
    at_work: dict[int, tuple[Path, Job]] = {}
    try:
        while waiting or at_work:
            while waiting and free:
                job, tree = waiting.popleft(), free.popleft()
                at_work[job.start(tree)] = tree, job
            pid, status = os.wait()
            tree, job = at_work.pop(pid)
            _end(pid)
            job.ended(tree, status == 0)
            free.append(tree)
    finally:
        for pid in at_work:
            _end(pid)


def _end(pid: int) -> None:
    """What a test has left running, too."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def look(trees: list[Path], current: dict[str, str]) -> dict[str, Seen]:
    """What each file of tests executes; runs those of which nothing is known."""
    CACHE.mkdir(exist_ok=True)
    seen = load(CACHE, current)
    files = [f for f in current if Path(f).match("tests/unit/test_*.py") and f not in seen]

    def job(file: str) -> Job:
        def ended(tree: Path, well: bool) -> None:
            state = "seen" if well else "fails without any change: left out"
            print(f"{file}: {state}", file=sys.stderr)

        return Job(
            lambda tree: in_child(tree, OBSERVED, lambda: not observe(tree, file, current, CACHE)),
            ended,
        )

    work_off([job(file) for file in files if Path(file).name not in NO_MODELS], trees)
    return load(CACHE, current)


def _write(file: Path, text: str, version: int) -> None:
    """With a time of its own for each version: bytecode is told apart by it."""
    file.write_text(text, encoding="utf-8")
    os.utime(file, (version, version))


def verdicts(mutants: list[Mutant], seen: dict[str, Seen], trees: list[Path]) -> list[bool]:
    """Whether each is found."""
    found = [False] * len(mutants)
    sources = {f for entry in seen.values() for f in entry.sources if not f.startswith("tests/")}
    texts = {file: (ROOT / file).read_text(encoding="utf-8") for file in sorted(sources)}
    done = 0

    def job(number: int, mutant: Mutant, tests: list[Run]) -> Job:
        seconds = SECONDS + 3 * sum(run.seconds for run in tests)

        def start(tree: Path) -> int:
            _write(tree / mutant.file, mutant.text, number)
            return in_child(tree, seconds, lambda: is_found(tests))

        def ended(tree: Path, well: bool) -> None:
            nonlocal done
            done += 1
            _write(tree / mutant.file, texts[mutant.file], len(mutants))
            found[number] = not well
            verdict = "SURVIVES" if well else "found"
            print(f"{done}. {verdict}: {mutant.file}:{mutant.line}", file=sys.stderr)

        return Job(start, ended)

    def jobs() -> Iterator[Job]:
        for number, mutant in enumerate(mutants):
            if tests := runs(mutant, seen, texts):
                yield job(number, mutant, tests)

    work_off(jobs(), trees)
    return found


def main() -> int:
    """0 if enough is found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("words", nargs="*", metavar="WORD")
    options = parser.parse_args()
    current = digests(ROOT)
    files = [f for f in current if f.startswith("peripherals/")]
    files = [f for f in files if not options.words or any(w in f for w in options.words)]
    if not files:
        parser.error("no model's path holds " + " or ".join(options.words))
    for name in WANTED:
        import_module(name)
    gc.freeze()  # Children need not look at any of it.
    mutants = sample(ROOT, files, options.seed, options.count)
    with tempfile.TemporaryDirectory() as folder:
        trees = [copy(Path(folder).resolve() / str(n)) for n in range(os.cpu_count() or 1)]
        found = verdicts(mutants, look(trees, current), trees)
    for mutant, is_known in zip(mutants, found, strict=True):
        if not is_known:
            print(f"SURVIVES: {mutant.file}:{mutant.line}\n- {mutant.old}\n+ {mutant.new}")
    print(f"{sum(found)} of {len(mutants)} found (seed {options.seed})")
    return 0 if sum(found) >= GOAL * len(mutants) else 1


if __name__ == "__main__":
    raise SystemExit(main())
