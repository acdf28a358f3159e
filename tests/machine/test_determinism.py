"""The same arguments give the same run: bytes, virtual nanoseconds, flash commands."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flash_suite import flash_suite
from images import IMAGES, PUBLISHED, Image, every_board, parameters
from patience import slow
from pool import Options

from xipsim import Machine, WaitTimeout
from xipsim.reporting.flash_trace import FlashTrace

SCRIPT = """
import os, time
f = Flash()
f.writeblocks(200, bytes(range(256)) * 16)
f.ioctl(6, 201)
open('/flash/x', 'w').write('y' * 3000)
print(os.listdir('/flash'), time.ticks_us(), time.ticks_cpu(), os.urandom(8))
time.sleep_ms(70)
print(time.ticks_us())
"""


class Run:
    """Power-on to the end of SCRIPT, and what it left behind."""

    def __init__(
        self, image: Image, engine: Options, *, cut: bool = False, timeout: str = "60s"
    ) -> None:
        digest = hashlib.sha256()
        with Machine(image.board, firmware=image.require(), **engine) as m:
            m.trace(lambda command: digest.update(repr(tuple(command)).encode()))
            m.exec(f"{image.facts.flash}\n{SCRIPT}", timeout=timeout)
            for _ in range(100 if cut else 1):
                m.run_for("1ms" if cut else "100ms")
            m.exec("print('end')", timeout=timeout)
            self.now, self.console = m.now, m.console.transcript
            self.flash, self.stats = m.flash.read(0, image.facts.compared), m.flash.stats
        self.trace = digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and vars(self) == vars(other)


@contextmanager
def load() -> Iterator[None]:
    """Four processes that take what the machine has."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def first() -> dict[str, Run]:
    """The first run of each image, for the others to be compared with; on whatever QEMU."""
    return {}


def check(first: dict[str, Run], image: Image, run: Run) -> None:
    before = first.setdefault(image.name, run)
    assert run.console == before.console
    assert run.now == before.now
    assert run.trace == before.trace
    assert run == before


@every_board
def test_two_runs_are_the_same(first: dict[str, Run], image: Image, engine: Options) -> None:
    """On every QEMU of XIPSIM_TEST_QEMUS the same one, too."""
    for _ in range(2):
        check(first, image, Run(image, engine))


def test_load_changes_nothing(first: dict[str, Run], image: Image, engine: Options) -> None:
    with load():
        check(first, image, Run(image, engine))


def test_neither_cuts_nor_limits_change_anything(
    first: dict[str, Run], image: Image, engine: Options
) -> None:
    check(first, image, Run(image, engine, cut=True))
    check(first, image, Run(image, engine, timeout="7s"))


def test_three_runs_on_renode_are_the_same(renode: str) -> None:
    """Its clock, its trace with all times: as promised for the same calls."""
    one, *others = (Run(PUBLISHED, {"engine": renode}) for _ in range(3))
    assert all(run == one for run in others)


@slow
@pytest.mark.parametrize("image", parameters(IMAGES))
def test_three_runs_of_the_flash_suite_on_renode_are_the_same(renode: str, image: Image) -> None:
    seen = set()
    for _ in range(3):
        trace = FlashTrace()
        with Machine(image.board, firmware=image.require(), engine=renode) as m:
            m.trace(trace)
            flash_suite(image)(m)
            seen.add((trace.digest, trace.count, m.now, m.console.transcript))
    assert len(seen) == 1


def test_waits_that_run_out_change_nothing(m: Machine) -> None:
    """A wait of 30 ms that fails, and ten of 3 ms."""
    snapshot, seen = m.snapshot(), []
    for count, length in ((1, "30ms"), (10, "3ms")):
        m.restore(snapshot)
        m.console.write("import time; time.sleep_ms(90); print(time.ticks_us())\r")
        for _ in range(count):
            with pytest.raises(WaitTimeout):
                m.console.expect("never", timeout=length)
        text = m.console.expect("\r\n>>> ")
        seen.append((text, m.now))
    assert seen[0] == seen[1]


def test_a_wait_stops_at_the_byte_it_waited_for(m: Machine) -> None:
    """What comes after the match stays for the next wait, and takes no time."""
    m.console.write("print('one two')\r")
    m.console.expect("\r\none")
    before = m.now
    rest = m.console.read()
    assert m.now == before
    assert m.console.expect(">>> ").startswith(" two"[len(rest) :])


def test_other_seeds_give_other_numbers_and_the_same_rest(
    image: Image, engine: Options
) -> None:
    numbers = []
    for seed in (1, 2):
        with Machine(
            image.board, firmware=image.require(), **engine, seed=seed
        ) as m:
            numbers.append((m.exec("import os; print(os.urandom(8))"), m.flash.stats.commands))
    assert numbers[0][0] != numbers[1][0]
    assert numbers[0][1] == numbers[1][1]
