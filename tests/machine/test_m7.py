"""The Cortex-M7 in the embedded engine: what its SoC's makers have put around the core."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from xipsim.engines.api import Goal, MachineConfig
from xipsim.engines.link.engine import ChildEngine
from xipsim.engines.programs import open_engine
from xipsim.peripherals.core import Note

DEMO = Path(__file__).parent / "demo"
RAM, ROM_TIME = 0x2000_0000, 5_000
CODE = RAM + 64
MPU_TYPE, RNR, RBAR = 0xE000_ED90, 0xE000_ED98, 0xE000_ED9C
SYST_CVR, SYST_CALIB = 0xE000_E018, 0xE000_E01C
US, MS = 1_000, 1_000_000

REGION_15 = "0548 0f21 0160 0549 4160 0921 8160 0521 0438 0160 fee7 0000 98ed00e0 40000020"
"""RNR = 15; RBAR = 0x20000040; RASR = 32 bytes, enabled; MPU_CTRL = ENABLE, PRIVDEFENA; b ."""
SYSTICK = "0348 6321 4160 8160 0121 0160 fee7 0000 10e000e0"
"""SYST_RVR = 99; SYST_CVR = 99; SYST_CSR = ENABLE, by the external reference; b ."""
WAITS = (
    "4ff0 8040 0949 0122 0a60 47f2 3055 00f0 06f8 c260 064d 00f0 02f8 c260 fee7"
    "4b68 c260 4c68 e41a ac42 fbd3 7047 001000e0 808d5b00"
)
"""MARK, wait for 30,000 cycles, MARK; the same with 6,000,000; b ."""
TICKS = (
    "4ff0 8040 0949 0122 0a60 094b 6324 5c60 9c60 0324 1c60 074d 4b68 4c68 e41a ac42 fbd3 c260 fee7"
    "d1f8 04c0 7047 0010 00e0 10e0 00e0 0087 9303"
)
"""A tick each ms, whose handler reads CYCCNT; wait for 60,000,000 cycles; MARK; b ."""
TICK_HANDLER = 0x26


@contextmanager
def running(qemu: Path | None, code: str, handler: int = 0) -> Iterator[ChildEngine]:
    """A machine with `code` (hexadecimal), SysTick's exception at its byte `handler`."""
    vectors = struct.pack("<16I", RAM + 0x1000, *[CODE + 1] * 14, CODE + handler + 1)
    config = MachineConfig(
        platform=DEMO / "m7.repl",
        models=(DEMO / "models.py",),
        overrides={"rom": {"program": (vectors + bytes.fromhex(code)).hex()}},
        program=qemu,
    )
    engine = open_engine(config)
    try:
        engine.build({})
        yield engine
    finally:
        engine.close()


def word(engine: ChildEngine, address: int) -> int:
    return int.from_bytes(engine.read_memory(address, 4), "little")


def test_as_many_mpu_regions_as_the_platform_says(qemu: Path | None) -> None:
    """i.MX RT: 16, where QEMU would have 8."""
    with running(qemu, REGION_15) as engine:
        engine.run(Goal(until=ROM_TIME + US))
        assert word(engine, MPU_TYPE) == 0x1000  # DREGION
        assert (word(engine, RNR), word(engine, RBAR)) == (15, 0x2000_004F)


def test_regions_that_make_qemu_slow_are_named_once(qemu: Path | None) -> None:
    """And the firmware's choice of region is left alone."""
    told: list[Any] = []
    with running(qemu, REGION_15) as engine:
        engine.subscribe(lambda kind, value: told.extend(value if kind == "events" else ()))
        for _ in range(10):
            engine.run(Goal(until=engine.now + 9 * MS))
        assert word(engine, RNR) == 15
    (note,) = (found.event for found in told if isinstance(found.event, Note))
    assert "0x20000040-0x2000005f" in note.message


def test_systick_counts_the_socs_reference(qemu: Path | None) -> None:
    """24 MHz / 240; SYST_CALIB reads 999 on silicon: 10 ms."""
    with running(qemu, SYSTICK) as engine:
        engine.run(Goal(until=ROM_TIME + 5 * US))
        assert word(engine, SYST_CALIB) & 0xFF_FFFF == 999
        counts = []
        for _ in range(3):
            counts.append(word(engine, SYST_CVR))
            engine.run(Goal(until=engine.now + 250 * US))
        assert [(before - after) % 100 for before, after in pairwise(counts)] == [25, 25]


def test_short_waits_on_cycles_are_exact_and_long_ones_a_sixteenth_late(qemu: Path | None) -> None:
    with running(qemu, WAITS) as engine:
        engine.run(Goal(until=20 * MS))
        begin, end, long_begin, long_end = (time for time, _ in engine.call("timer", "seen")[1])
        assert 0 <= end - begin - 50 * US < 50
        assert 0 <= long_end - long_begin - 10 * MS < 10 * MS / 16


def test_a_handler_that_asks_once_does_not_stop_the_world(qemu: Path | None) -> None:
    """What it interrupts asks the same, and goes on."""
    with running(qemu, TICKS, TICK_HANDLER) as engine:
        engine.run(Goal(until=120 * MS))
        ((time, _),) = engine.call("timer", "seen")[1]
        assert 100 * MS <= time < 100 * MS * 17 / 16
