"""When a core counts as hung in a fault handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from time_source import Source

from xipsim.engines.guest.clock import GuestClock
from xipsim.engines.guest.faultwatch import LOOKS, PERIOD, FaultWatch

HARD_FAULT = 3


class Core:
    """Says in which exception it is; its memory answers nothing."""

    exception = 0

    def on_fault(self, entered: Callable[[dict[str, int]], None]) -> None:
        """Nobody tells of faults here."""

    def registers(self) -> dict[str, int]:
        return {"sp": 0, "lr": 0, "pc": 0}

    def read_memory(self, address: int, size: int) -> None:
        return None


def watched() -> tuple[Source, Core, list[dict[str, Any]]]:
    source, core = Source(), Core()
    reports: list[dict[str, Any]] = []
    clock = GuestClock(source, guard=lambda error: None, stalls=True)
    watch = FaultWatch(core, clock, reports.append, lambda: None)  # type: ignore[arg-type]
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


def test_a_handler_that_does_not_come_back_is_reported() -> None:
    source, core, reports = watched()
    core.exception = HARD_FAULT
    source.advance(LOOKS * PERIOD)
    assert [report["exception"] for report in reports] == ["HardFault"]


def test_handlers_that_come_back_are_not_counted_together() -> None:
    """As firmware that emulates an instruction has them, again and again."""
    source, core, reports = watched()
    for _ in range(3):
        for exception, looks in ((HARD_FAULT, LOOKS - 1), (0, 1)):
            core.exception = exception
            source.advance(looks * PERIOD)
    assert reports == []
