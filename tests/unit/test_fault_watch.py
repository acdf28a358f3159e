"""When a core counts as hung in a fault handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from time_source import Source

from xipsim.engines.guest.clock import GuestClock
from xipsim.engines.guest.cortexm import escalated, fault_report
from xipsim.engines.guest.faultwatch import LOOKS, PERIOD, FaultWatch

HARD_FAULT = 3


class Core:
    """Says in which exception it is; its memory answers nothing."""

    exception = 0
    pc = 0x2000_0100

    def on_fault(self, entered: Callable[[dict[str, int]], None]) -> None:
        """Nobody tells of faults here."""

    def registers(self) -> dict[str, int]:
        return {"sp": 0, "lr": 0, "pc": 0}

    def read_memory(self, address: int, size: int) -> None:
        return None


def nothing(address: int, size: int) -> bytes:
    raise LookupError(address)


def watched() -> tuple[Source, Core, list[dict[str, Any]]]:
    source, core = Source(), Core()
    reports: list[dict[str, Any]] = []
    clock = GuestClock(source, guard=lambda error: None, stalls=True)
    watch = FaultWatch(core, clock, reports.append, lambda: None, nothing)  # type: ignore[arg-type]
    watch.start()
    return source, core, reports


def test_the_fault_registers_are_read_where_they_are() -> None:
    """Armv7-M Architecture Reference Manual, B3.2.2: system control and id registers."""
    source, core, reports = watched()
    words = {0xE000_ED28: 0x8200, 0xE000_ED2C: 1 << 30, 0xE000_ED34: 0x34, 0xE000_ED38: 0x38}
    core.read_memory = lambda at, size: words.get(at, 0).to_bytes(size, "little")  # type: ignore
    core.exception = HARD_FAULT
    source.advance(LOOKS * PERIOD)
    (report,) = reports
    assert [report[name] for name in ("cfsr", "hfsr", "mmfar", "bfar")] == list(words.values())


def test_a_look_that_comes_late_moves_none_of_the_others() -> None:
    """As where the core slept past it; two that are missed are one."""
    source, core, reports = watched()
    source.now = 2 * PERIOD + 300
    source.advance(0)
    core.exception = HARD_FAULT
    source.advance(LOOKS * PERIOD - 301)
    assert not reports
    source.advance(1)
    assert reports


def frame(pc: int, lr: int, xpsr: int) -> bytes:
    """r0 to r3, r12, lr, pc, xpsr."""
    words = (*range(5), lr, pc, xpsr)
    return b"".join(word.to_bytes(4, "little") for word in words)


NOWHERE, THREAD, HANDLER, FLOATING_THREAD = 0xFFFF_FFFE, 0xFFFF_FFF9, 0xFFFF_FFF1, 0xFFFF_FFE9
"""Where a vector of erased or busy flash leads; values of EXC_RETURN."""
SYSTICK, PADDED = 15, 1 << 9
SP = 0x2000_0100


@pytest.mark.parametrize(
    ("stack", "lr", "exception", "found"),
    [
        (frame(0x6000_1000, 5, 0), THREAD, 25, {"vector": 25, "interrupted": 0x6000_1000}),
        (
            frame(NOWHERE, THREAD, SYSTICK) + frame(0x6000_1000, 5, 0),
            *(HANDLER, HARD_FAULT, {"vector": SYSTICK, "interrupted": 0x6000_1000}),
        ),
        (
            frame(NOWHERE, FLOATING_THREAD, SYSTICK | PADDED)
            + bytes(4)
            + frame(0x6000_1000, 5, 0)
            + bytes(18 * 4),
            *(HANDLER, HARD_FAULT, {"vector": SYSTICK, "interrupted": 0x6000_1000}),
        ),
        # The process stack's frame is not looked for.
        (b"", 0xFFFF_FFFD, SYSTICK, {"vector": SYSTICK}),
        (b"", THREAD, SYSTICK, {"vector": SYSTICK}),
        # A jump to nowhere by code of a handler, which has been called; one in thread mode.
        (frame(0x6000_1000, 5, 0), 0x6000_2001, SYSTICK, {}),
        (frame(0x6000_1000, 5, 0), 0x6000_2001, 0, {}),
    ],
)
def test_a_vector_that_leads_nowhere_is_told_with_what_it_interrupted(
    stack: bytes, lr: int, exception: int, found: dict[str, int]
) -> None:
    """As of an interrupt during an erase, where the vector table is in the flash."""
    _, core, _ = watched()

    def read_memory(at: int, size: int) -> bytes | None:
        if at == 0xE000_ED28:
            return (1).to_bytes(4, "little")  # IACCVIOL
        return stack[at - SP : at - SP + size] if SP <= at <= SP + len(stack) - size else None

    core.read_memory = read_memory  # type: ignore[assignment, method-assign]
    at_fault = {"pc": NOWHERE, "lr": lr, "xpsr": exception, "sp": SP}
    report = fault_report(core, at_fault)  # type: ignore[arg-type]
    assert {n: report[n] for n in ("vector", "interrupted") if n in report} == found


def test_a_handler_that_does_not_come_back_is_reported() -> None:
    source, core, reports = watched()
    core.exception = HARD_FAULT
    source.advance(LOOKS * PERIOD)
    assert [report["exception"] for report in reports] == ["HardFault"]


def test_a_core_that_has_locked_up_is_reported_at_once() -> None:
    """Its program counter is 0xEFFFFFFE: Armv8-M Architecture Reference Manual, Lockup."""
    source, core, reports = watched()
    core.exception, core.pc = HARD_FAULT, 0xEFFF_FFFE
    source.advance(PERIOD)
    assert [report["lockup"] for report in reports] == [True]


def test_handlers_that_come_back_are_not_counted_together() -> None:
    """As firmware that emulates an instruction has them, again and again."""
    source, core, reports = watched()
    for _ in range(3):
        for exception, looks in ((HARD_FAULT, LOOKS - 1), (0, 1)):
            core.exception = exception
            source.advance(looks * PERIOD)
    assert reports == []


@pytest.mark.parametrize(
    ("at", "halfword", "told"),
    [
        (0, 0xBE00, "BKPT #0"), (0, 0xBEAB, "BKPT #171"), (-2, 0xDF03, "SVC #3"),
        (0, 0xDEFF, "UDF #255"), (0, 0xDF03, None), (-2, 0xBE00, None), (0, 0x4770, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("cfsr", "hfsr"), [(0, 1 << 30), (1 << 16, 1 << 30), (0, 1 << 1)])
def test_what_became_a_hard_fault_without_a_cause(
    at: int, halfword: int, told: str | None, cfsr: int, hfsr: int
) -> None:
    """Armv7-M B1.5.6: BKPT without a debugger and SVC at its handler's priority become HardFaults
    with FORCED alone; B1.5.15: what locks up at priority -1 has no cause at all."""
    pc = 0x2000_0200

    def look(address: int, size: int) -> bytes:
        return halfword.to_bytes(2, "little") if address == pc + at and size == 2 else bytes(2)

    report = {"cfsr": cfsr, "hfsr": hfsr, "stacked": {"pc": pc}}
    has_none = (cfsr, hfsr) == (0, 1 << 30)
    assert escalated(report, look).get("escalated") == (told if has_none else None)
    assert escalated(report, nothing) == {}
