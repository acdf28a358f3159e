"""The Cortex-M55 in the embedded engine: its secure state, memory without power."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xipsim.engines.api import Goal, MachineConfig, StopReason
from xipsim.engines.link.engine import ChildEngine
from xipsim.engines.programs import open_engine

BOARD = Path(__file__).parent / "demo" / "m55.repl"
MRAM, SIZE, APPLICATION = 0x8000_0000, 0x58_0000, 0x8002_0000
VECTORS = 64
MARK, KEPT = 0x2000_0040, 0x8047_0000

SVC = "00df fee7 2021 0906 0720 0864 fee7"
"""svc 0; b .; handler: *MARK = 7; b ."""
UNDEFINED = "00de fee7 fee7"
"""udf 0; b .; handler: b ."""
COUNT = "8021 0906 4722 1204 1143 0868 0130 0860 2021 0906 086c 0130 0864 fee7"
"""*KEPT += 1; *MARK += 1; b ."""

@contextmanager
def running(qemu: Path | None, code: str, handler: int = 4) -> Iterator[ChildEngine]:
    """A machine with `code` (hexadecimal), all exceptions at its byte `handler`."""
    start = APPLICATION + VECTORS
    vectors = struct.pack("<16I", 0x2001_0000, start + 1, *[start + handler + 1] * 14)
    mram = bytearray(b"\xff" * SIZE)
    image = vectors + bytes.fromhex(code)
    mram[APPLICATION - MRAM : APPLICATION - MRAM + len(image)] = image
    engine = open_engine(MachineConfig(platform=BOARD, program=qemu))
    try:
        engine.build({"mram": bytes(mram)})
        yield engine
    finally:
        engine.close()


def word(engine: ChildEngine, address: int) -> int:
    return int.from_bytes(engine.read_memory(address, 4), "little")


def test_exceptions_find_the_vector_table_that_the_secure_enclave_has_set(
    qemu: Path | None,
) -> None:
    """The firmware has not touched VTOR yet, and the ITCM at address 0 is empty."""
    with running(qemu, SVC) as engine:
        assert engine.run(Goal(until=10_000)).reason is StopReason.DEADLINE
        assert word(engine, MARK) == 7
        assert word(engine, 0xE000_ED08) == APPLICATION


def test_a_fault_is_reported_from_the_secure_state(qemu: Path | None) -> None:
    with running(qemu, UNDEFINED) as engine:
        stop = engine.run(Goal(until=10**9))
        assert stop.reason is StopReason.FAULT
        assert stop.detail["exception"] == "HardFault"
        assert stop.detail["cfsr"] == 0x1_0000  # UNDEFINSTR
        assert stop.detail["stacked"]["pc"] == APPLICATION + VECTORS


def test_mram_keeps_what_firmware_stores_without_power_and_ram_does_not(
    qemu: Path | None,
) -> None:
    with running(qemu, COUNT) as engine:
        counts = []
        for power in (False, True, True):
            engine.run(Goal(until=engine.now + 10_000))
            counts.append((word(engine, KEPT), word(engine, MARK)))
            engine.reset(power=power)
        assert counts == [(0, 1), (1, 2), (2, 1)]


def test_global_and_local_addresses_of_a_tcm_are_the_same_bytes(qemu: Path | None) -> None:
    with running(qemu, SVC) as engine:
        engine.run(Goal(until=10_000))
        assert word(engine, MARK + 0x3080_0000) == 7


def test_an_erased_mram_does_not_boot(qemu: Path | None) -> None:
    engine = open_engine(MachineConfig(platform=BOARD, program=qemu))
    try:
        engine.build({"mram": b"\xff" * SIZE})
        stop = engine.run(Goal(until=10_000))
        assert stop.reason is StopReason.BOOT_FAILED
        assert "no ATOC" in stop.detail["why"]
    finally:
        engine.close()


INVALIDATE = "4ef6 0054 cef2 0004 4023 40f2 3c01 41f0 01e0 c4f8 5c32 2033 0ff0 05c8 fee7"
"""r3 = 64; for 60 lines: DCIMVAC = r3, r3 += 32, in a loop of three instructions; b ."""
LINES, LINE, DONE = 60, 32, 28


def test_a_loop_that_maintains_caches_is_where_it_would_be_at_any_time(qemu: Path | None) -> None:
    """Its turns are made at once up to a timer; here the end of a run is one."""
    with running(qemu, INVALIDATE) as engine:
        first = engine.now
        while engine.registers()["lr"] != LINES:
            engine.run(Goal(until=engine.now + 1))
        start, began, seen = engine.snapshot(), engine.now, []
        while engine.registers()["pc"] != APPLICATION + VECTORS + DONE:
            engine.run(Goal(until=engine.now + 1))
            seen.append((engine.now, engine.registers()))
        for now, registers in seen[::-7]:
            engine.restore(start)
            engine.run(Goal(until=now))
            assert (engine.now, engine.registers()) == (now, registers)
        assert began > first
        assert seen[-1][1]["r3"] == 64 + LINES * LINE
