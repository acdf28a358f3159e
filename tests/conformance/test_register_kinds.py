"""An access of the core means to every engine what it means on a bench, whatever the register."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import pytest
from candidates import BOARD, Running
from programs import RAM, Program

from xipsim.engines.api import Goal
from xipsim.engines.link.engine import ChildEngine
from xipsim.engines.usermodels import load_models
from xipsim.peripherals.core import Peripheral
from xipsim.peripherals.core.testing import Bench

MIXED, GO, TABLE = 0x4000_7000, RAM + 0x3FC, RAM + 0x400
ACCESSES = 1_000
LONGEST = 100
"""ns that an access and the instructions around it take at most."""
OFFSETS = range(0x4C)
LOADS_AND_STORES = Program(f"""
    // The table: the piece of this program to go on with, address, value; the answer comes behind.
    wait: ldr r6, ={GO}; ldr r4, [r6, #0]; cmp r4, #0; beq wait
    movs r4, #0; str r4, [r6, #0]; ldr r7, ={TABLE}
    again: ldr r3, [r7, #0]; ldr r1, [r7, #4]; ldr r2, [r7, #8]; bx r3
    load4: ldr r2, [r1, #0]; b next
    load2: ldrh r2, [r1, #0]; b next
    load1: ldrb r2, [r1, #0]; b next
    store4: str r2, [r1, #0]; b next
    store2: strh r2, [r1, #0]; b next
    store1: strb r2, [r1, #0]; b next
    next: str r2, [r7, #12]; adds r7, #16; b again
""")
DRAWER, SEEN = 0x4000_A000, RAM + 0x3FC
WATCH = Program(f"""
    ldr r6, ={DRAWER}; ldr r5, ={SEEN}; again: ldr r2, [r6, #0]; str r2, [r5, #0]; b again
""")
INSIST = Program(f"ldr r6, ={DRAWER}; movs r2, #9; again: str r2, [r6, #0]; b again")


class Access:
    """size: bytes. value: what is stored; None for a load."""

    def __init__(self, choice: random.Random) -> None:
        self.size = choice.choice((4, 4, 2, 1))
        self.offset = choice.choice(OFFSETS) // self.size * self.size
        self.value = choice.choice((None, 0, choice.getrandbits(8 * self.size)))

    @property
    def row(self) -> bytes:
        """In the program's table."""
        label = f"{'load' if self.value is None else 'store'}{self.size}"
        place = LOADS_AND_STORES.labels[label] | 1
        return struct.pack("<4I", place, MIXED + self.offset, self.value or 0, 0)

    def do(self, model: Peripheral) -> int:
        """On a bench; what the program's table has for it afterwards."""
        if self.value is None:
            return model.read(self.offset, self.size)
        model.write(self.offset, self.value, self.size)
        return self.value


def mixed(bench: Bench) -> Peripheral:
    """The board's model, without an engine."""
    kind = load_models([], [BOARD / "models.py"])["Demo.Mixed"]
    assert issubclass(kind, Peripheral)
    return kind(bench.system, name="mixed")


def run(engine: ChildEngine, accesses: list[Access]) -> list[int]:
    """What the program got, access by access."""
    rows = b"".join(access.row for access in accesses)
    end = struct.pack("<4I", LOADS_AND_STORES.labels["wait"] | 1, 0, 0, 0)
    engine.write_memory(GO, (1).to_bytes(4, "little") + rows + end)
    engine.run(Goal(until=engine.now + LONGEST * len(accesses)))
    table = engine.read_memory(TABLE, len(rows))
    return [answer for *_, answer in struct.iter_unpack("<4I", table)]


@pytest.mark.essential
def test_loads_and_stores_of_any_width(running: Running) -> None:
    """Answers, what the model is afterwards, what it has reported."""
    choice = random.Random(12)
    accesses = [Access(choice) for _ in range(ACCESSES)]
    bench, told = Bench(), list[Any]()
    model = mixed(bench)
    with running(LOADS_AND_STORES) as engine:
        engine.subscribe(lambda kind, value: told.append((kind, value)))
        engine.run(Goal(until=5_000))
        assert run(engine, accesses) == [access.do(model) for access in accesses]
        assert engine.call("mixed", "seen") == model.save()
        gaps = [e.event.what for kind, events in told if kind == "events" for e in events]
        assert gaps == [gap.what for gap in bench.gaps]


@pytest.mark.needs("snapshots")
def test_stored_values_are_part_of_a_snapshot_and_of_a_reset(running: Running) -> None:
    choice = random.Random(7)
    first, second = ([Access(choice) for _ in range(200)] for _ in range(2))
    with running(LOADS_AND_STORES) as engine:
        engine.run(Goal(until=5_000))
        reset = engine.call("mixed", "seen")
        run(engine, first)
        saved, between = engine.snapshot(), engine.call("mixed", "seen")
        assert between != reset
        answers = run(engine, second)
        assert engine.call("mixed", "seen") != between
        engine.restore(saved)
        assert engine.call("mixed", "seen") == between
        assert run(engine, second) == answers
        engine.reset(power=True)
        engine.run(Goal(until=engine.now + 5_000))
        assert engine.call("mixed", "seen")["registers"] == reset["registers"]


@pytest.mark.parametrize("program", [WATCH, INSIST], ids=["loads", "stores"])
def test_what_has_changed_behind_the_core_is_what_it_meets(
    running: Running, program: Program, tmp_path: Path
) -> None:
    """A register that only holds a value, which the core was seen to load, or to store, a hundred
    times before: by whatever road another value came there, it is loaded, or stored over."""
    platform = tmp_path / "board.repl"
    drawer = f"d: Demo.Drawer @ sysbus {DRAWER:#x}\n"
    platform.write_text((BOARD / "board.repl").read_text() + drawer)
    with running(program, platform=platform) as engine:
        for road in ("a register", "a register, behind its model", "all") * 3:
            engine.run(Goal(until=engine.now + 20_000))
            before = engine.read_memory(DRAWER, 4)
            engine.call("d", "change", road)
            changed = engine.read_memory(DRAWER, 4)
            assert changed != before
            engine.run(Goal(until=engine.now + 20_000))
            if program is WATCH:
                assert engine.read_memory(SEEN, 4) == changed
            else:
                assert engine.read_memory(DRAWER, 4) == before
