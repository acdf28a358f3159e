"""Both engines side by side: what a start, accesses, waiting, windows, code and files cost.

Wall time, and in brackets processor time of all processes, which other load disturbs less. A start
ends at the firmware's prompt; what is measured there has the time of an empty script subtracted.
Code is a loop of additions; the last lines run it in the bare programs, without xipsim.
"""

from __future__ import annotations

import os
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import bulk_once
import registers
import speed
from measure import arguments, processor_time

from xipsim import Machine
from xipsim.engines.programs import ENGINES, find
from xipsim.engines.renode.locate import HEADLESS, silent_input

START = """
import sys
from xipsim import Machine
with Machine(sys.argv[1], firmware=sys.argv[2], engine=sys.argv[3]) as m:
    m.boot()
"""
BARE = """\
cpu: CPU.CortexM @ sysbus
    cpuType: "cortex-m7"
    nvic: nvic
    PerformanceInMips: 500

nvic: IRQControllers.NVIC @ sysbus 0xE000E000
    systickFrequency: 600000000
    IRQ -> cpu@0

ram: Memory.MappedMemory @ sysbus 0x20000000
    size: 0x10000
"""
SCRIPT = """\
mach create
machine LoadPlatformDescription $ORIGIN/bare.repl
sysbus LoadBinary $ORIGIN/loop.bin 0x20000000
sysbus.cpu VectorTableOffset 0x20000000
emulation SetGlobalAdvanceImmediately true
emulation SetGlobalQuantum "0.01"
emulation RunFor "0.1"
python "import time; began = time.time()"
emulation RunFor "2"
python "print('took %.6f' % (time.time() - began))"
quit
"""
BARE_INSTRUCTIONS = 1_000_000_000
"""In the two seconds of SCRIPT."""
SWITCHES = 300
MEGABYTE = 256
"""Times 4 KB."""


class Cost(NamedTuple):
    """Seconds."""

    wall: float
    processor: float

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.wall - other.wall, self.processor - other.processor)


def cost(action: Callable[[], object], runs: int = 1) -> Cost:
    """The median of some calls."""
    costs = []
    for _ in range(runs):
        wall, processor = time.perf_counter(), processor_time()
        action()
        costs.append(Cost(time.perf_counter() - wall, processor_time() - processor))
    return Cost(*(statistics.median(column) for column in zip(*costs, strict=True)))


def starts(args: Namespace, engine: str) -> Iterator[tuple[str, Cost]]:
    """With nothing in any cache, and again."""
    words = [sys.executable, "-c", START, args.board, args.image, engine]
    with tempfile.TemporaryDirectory() as folder:
        # The latter is where Renode keeps what it has compiled.
        environment = os.environ | {"XIPSIM_CACHE": folder, "XDG_CONFIG_HOME": folder}

        def start() -> None:
            subprocess.run(words, env=environment, check=True)

        yield "process start to prompt, cold [s]", cost(start)
        yield "process start to prompt, again [s]", cost(start, args.runs)


def accesses(args: Namespace, engine: str) -> Iterator[tuple[str, Cost]]:
    """Of the firmware into a model, and the switches of a window."""
    for name, code in (("read", registers.READ), ("write", registers.WRITE)):
        there = [registers.run(code, registers.PLAIN, engine) for _ in range(args.runs)]
        memory = [registers.run(code, registers.RAM + 0x800, engine) for _ in range(args.runs)]
        seconds = (min(there) - min(memory)) / registers.COUNT * 1e6
        yield f"register {name} [us]", Cost(seconds, seconds)
    seconds = min(
        registers.run(registers.TOGGLE, registers.NATIVE, engine, SWITCHES)
        for _ in range(args.runs)
    )
    yield "a window off and on, 4 KB loaded anew [ms]", Cost(*[seconds / SWITCHES * 1e3] * 2)


def prompt(args: Namespace, engine: str) -> Iterator[tuple[str, Cost]]:
    """What firmware does."""
    with Machine(args.board, firmware=args.image, engine=engine) as m:

        def costs(script: str, runs: int = args.runs) -> Cost:
            m.exec(script, timeout="3600s")
            return cost(lambda: m.exec(script, timeout="3600s"), runs) - empty

        m.exec(f"import time\n{bulk_once.SETUP.format(module=args.module)}")
        empty = cost(lambda: m.exec("pass"), args.runs)
        yield "an empty script [s]", empty
        typical = m.flash.info["times"]["erase_4k"] / 1e6
        yield f"one sector erase of {typical:g} ms [s]", costs("f.ioctl(6, 200)")
        yield "time.sleep(10) [s]", costs("time.sleep(10)")
        yield "1 MB of a file written, read, deleted [s]", costs(f"file({MEGABYTE})", 1)
        m.exec(speed.setup(args.board, args.module))
        places = {"XIP flash": "xip_at", "RAM": "ram_at"}
        # In turn: what is measured first would be measured while Renode is still being compiled.
        rounds = [{w: costs(f"call({speed.ROUNDS}, {w})", 1) for w in places.values()}
                  for _ in range(2 * args.runs)]  # fmt: skip
        for name, where in places.items():
            spent = [min(column) for column in zip(*(r[where] for r in rounds), strict=True)]
            rate = [speed.INSTRUCTIONS / seconds / 1e6 for seconds in spent]
            yield f"code in {name} [million instructions/s]", Cost(*rate)


def bare(engine: str) -> float:
    """Million instructions per second of the program itself."""
    if engine == "qemu":
        program = find(engine).path
        options = ["-icount", "shift=1,sleep=off"]
        long = cost(lambda: speed.plain(program, speed.ROUNDS, options))
        short = cost(lambda: speed.plain(program, 1, options))
        return speed.INSTRUCTIONS / (long - short).wall / 1e6
    with renode_files() as script:
        words = [find(engine).path, *HEADLESS, script]
        with silent_input() as nothing:
            said = subprocess.check_output(words, stdin=nothing, text=True)
    took = re.search(r"took ([\d.]+)", said)
    assert took, said
    return BARE_INSTRUCTIONS / float(took[1]) / 1e6


@contextmanager
def renode_files() -> Iterator[Path]:
    """A script that runs the loop, for stock Renode."""
    with tempfile.TemporaryDirectory() as folder:
        code = speed.LOOP + bytes.fromhex("f5e7")  # b back
        vectors = struct.pack("<17I", 0x2000_1000, 0x2000_0045, *[0x2000_0045] * 15)
        Path(folder, "loop.bin").write_bytes(vectors + code)
        Path(folder, "bare.repl").write_text(BARE, encoding="utf-8")
        script = Path(folder, "bare.resc")
        script.write_text(SCRIPT, encoding="utf-8")
        yield script


def main() -> None:
    args = arguments(__doc__, runs=3)
    print(f"{find('renode').version()}\n")
    print(f"| | {' | '.join(ENGINES)} |\n| --- |{' --- |' * len(ENGINES)}")
    for part in (starts, accesses, prompt):
        for rows in zip(*(part(args, engine) for engine in ENGINES), strict=True):
            figures = (f"{row.wall:.3g} ({row.processor:.3g})" for _, row in rows)
            print(f"| {rows[0][0]} | {' | '.join(figures)} |", flush=True)
    rates = (f"{bare(engine):.3g}" for engine in ENGINES)
    print(f"| the same in RAM of the bare program | {' | '.join(rates)} |")


if __name__ == "__main__":
    main()
