"""Looking from outside changes nothing, on every engine."""

from __future__ import annotations

import random
from typing import Any

import pytest
from candidates import Running
from programs import ENABLE, RAM, WAIT, Program, polled_wait

from xipsim.engines.api import Goal
from xipsim.engines.link.engine import ChildEngine

TIMER, COUNTED, NATIVE = 0x4000_0000, 0x4000_0028, 0x4000_5000
WINDOW, TAG = 0x6000_0000, 0x5000_0000
BUSY = Program(f"""
    // a wait, and reads that count, of a register, of the window, and of what has only a name
    {ENABLE}; ldr r4, =20000; ldr r5, =0x40000028; ldr r6, =0x60000000; ldr r7, =0x50000000
    again: str r4, [r0, #0]
    wait: ldr r3, [r0, #8]; cmp r3, #0; beq wait
    ldr r3, [r5, #0]; str r3, [r0, #12]; ldr r3, [r6, #4]; str r3, [r6, #4]; ldr r3, [r7, #0]
    b again
""")
PLACES = [
    *((TIMER, 0x40), (COUNTED, 4), (TIMER + 7, 5), (WINDOW, 64), (WINDOW + 0xFFE, 2), (NATIVE, 8)),
    *((TAG, 4), (TAG + 0x10, 16), (0x4000_3000, 8), (RAM, 0x200), (0x2400_0000, 7)),
    (0xE000_ED28, 4),
]


def everything(engine: ChildEngine, told: list[Any]) -> Any:
    """What can be known of a machine, and what it has said."""
    return (
        engine.now,
        engine.registers(),
        engine.call("timer", "seen"),
        engine.call("window", "counts"),
        engine.request("waits"),
        engine.read_memory(RAM, 0x1000),
        told,
    )


def run(running: Running, *, seed: int | None) -> Any:
    """The same run; with a seed, with looks at random points and places."""
    told: list[Any] = []
    random_ = random.Random(0)
    looks = random.Random(seed)
    with running(BUSY) as engine:
        engine.subscribe(lambda kind, value: told.append((kind, value)))
        while engine.now < 200_000:
            engine.run(Goal(until=engine.now + random_.randrange(1, 20_000)))
            for _ in range(0 if seed is None else 4):
                address, length = looks.choice(PLACES)
                assert len(engine.read_memory(address, length)) == length
                engine.registers()
        return everything(engine, told)


@pytest.mark.parametrize("seed", range(4))
def test_looks_at_random_points_change_nothing(running: Running, seed: int) -> None:
    assert run(running, seed=seed) == run(running, seed=None)


def test_what_is_seen_is_what_the_core_would_read(running: Running) -> None:
    with running(WAIT) as engine:
        engine.run(Goal(until=100_000))
        engine.call("window", "put", 0, b"\x01\x02\x03\x04\x05\x06")
        assert engine.read_memory(WINDOW + 1, 4) == b"\x02\x03\x04\x05"
        assert engine.read_memory(TIMER, 4) == (45_000_000).to_bytes(4, "little")
        assert engine.read_memory(TIMER + 1, 2) == (45_000_000).to_bytes(4, "little")[1:3]
        assert engine.read_memory(TAG, 6) == b"\x34\x12\0\0\x34\x12"
        assert engine.read_memory(COUNTED, 4) == engine.read_memory(COUNTED, 4)


def test_a_look_goes_over_the_end_of_a_place(running: Running) -> None:
    with running(WAIT) as engine:
        engine.run(Goal(until=100_000))
        both = engine.read_memory(TIMER + 0xFFC, 8)
        assert both == engine.read_memory(TIMER + 0xFFC, 4) + engine.read_memory(TIMER + 0x1000, 4)
        with pytest.raises(LookupError, match=r"0x20010000"):
            engine.read_memory(0x2000_FFFC, 8)


def test_what_shows_nothing_is_told(running: Running) -> None:
    """Behind what the window shows, a read would be a bus error."""
    with running(polled_wait(1_000)) as engine:
        engine.run(Goal(until=10_000))
        with pytest.raises(LookupError, match=r"0x60001000.*no cell at 0x1000"):
            engine.read_memory(WINDOW + 0x1000, 4)


@pytest.mark.parametrize(
    ("name", "arguments", "kind", "says"),
    [
        ("read_memory", ("x", 4), ValueError, "read_memory: address: expected int, given 'x'"),
        ("read_memory", (RAM, 1.5), ValueError, r"read_memory: length: expected int, given 1\.5"),
        ("read_memory", (RAM, -4), ValueError, "-4 bytes cannot be read"),
        ("read_memory", (1 << 40, 4), LookupError, "nothing answers at 0x10000000000"),
        ("read_memory", (RAM, 1 << 40), LookupError, "nothing answers at 0x20000000"),
        ("read_memory", (-1, 4), LookupError, "nothing answers at -0x"),
        ("write_memory", (RAM, "x"), ValueError, "write_memory: data: expected bytes, given 'x'"),
        ("read_memory", (RAM,), ValueError, "read_memory: missing .*'length'"),
    ],
)
def test_what_cannot_be_asked_is_the_askers_mistake(
    running: Running, name: str, arguments: tuple[Any, ...], kind: type[Exception], says: str
) -> None:
    with running(WAIT) as engine:
        with pytest.raises(kind, match=says):
            engine.request(name, *arguments)
        assert len(engine.read_memory(RAM, 4)) == 4
