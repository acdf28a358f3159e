"""Where and when a fault was, whatever its handler has done since. The programs: demo/faults.s."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from images import PUBLISHED

from xipsim import FirmwareFault, Machine
from xipsim.engines.api import Goal, MachineConfig, StopReason
from xipsim.engines.programs import open_engine
from xipsim.errors import Situation
from xipsim.session.stop_reports import fault_text

DEMO = Path(__file__).parent / "demo"
BOARD = Path(__file__).parents[1] / "conformance" / "board"
IMAGE = bytes.fromhex((DEMO / "faults.hex").read_text())
PROGRAMS = ("runs_on", "fault_in_handler", "on_process_stack", "comes_back", "no_vectors")
LR = 0x2000_0ABD
NOTHING = 0x9000_0000


def outcome(program: str, qemu: Path | None) -> tuple[dict[str, Any], list[tuple[int, int]]]:
    """What the stop's detail says, and (time, place) of each fault to come."""
    which = PROGRAMS.index(program).to_bytes(4, "little")
    config = MachineConfig(
        platform=BOARD / "board.repl",
        models=(BOARD / "models.py",),
        overrides={"rom": {"program": (IMAGE[:-4] + which).hex()}},
        program=qemu,
    )
    engine = open_engine(config)
    try:
        engine.build({})
        stop = engine.run(Goal(until=10**9))
        assert stop.reason is StopReason.FAULT
        return dict(stop.detail), engine.call("timer", "seen")[1]
    finally:
        engine.close()


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_fault_is_told_as_it_was_when_it_came(qemu: Path | None, program: str) -> None:
    """The handler has made another frame, called others, faulted itself or returned: no matter."""
    detail, places = outcome(program, qemu)
    time, place = places[-1]
    assert detail["exception"] == "HardFault"
    assert (detail["stacked"]["pc"], detail["stacked"]["lr"]) == (place, LR)
    assert time <= detail["time"] < time + 100
    assert detail["bfar"] == NOTHING


@pytest.mark.parametrize("program", ["fault_in_handler", "no_vectors"])
def test_a_lock_up_has_a_place_of_its_own(qemu: Path | None, program: str) -> None:
    detail, ((_, place),) = outcome(program, qemu)
    assert detail["lockup"]
    if program == "no_vectors":
        assert detail["locked_up_at"] == place
    else:
        assert 0x2000_0000 < detail["locked_up_at"] != place
    text = fault_text(detail, Situation(now=detail["time"]))
    assert f"the instruction was at {place:#010x}, called from {LR:#010x}" in text
    assert f"at {detail['locked_up_at']:#010x}" in text


def test_an_interrupt_while_the_flash_is_erased(qemu: Path | None) -> None:
    """Its vector is read from the busy chip: all ones. What is told is what it interrupted."""
    script = (
        "from machine import mem32\n"
        "FLEXSPI = 0x402A8000\n"
        "mem32[FLEXSPI + 0x18], mem32[FLEXSPI + 0x1C] = 0x5AF05AF0, 2\n"
        "mem32[FLEXSPI + 0x2E0], mem32[FLEXSPI + 0x2E4] = 0x0406, 0\n"  # write enable
        "mem32[FLEXSPI + 0x2F0], mem32[FLEXSPI + 0x2F4] = 0x0818_0420, 0\n"  # sector erase
        "mem32[FLEXSPI + 0xA0], mem32[FLEXSPI + 0xA4] = 0x300000, 14 << 16\n"
        "mem32[FLEXSPI + 0xB0], mem32[FLEXSPI + 0xA4] = 1, 15 << 16\n"
        "mem32[FLEXSPI + 0xB0] = 1\n"
    )
    says = "the vector of SysTick led to 0xfffffffe"
    with (
        Machine(PUBLISHED.board, firmware=PUBLISHED.require(), qemu=qemu) as m,
        pytest.raises(FirmwareFault, match=says) as told,
    ):
        m.exec(script)
    assert told.value.detail["interrupted"] >> 20 == 0x600, "code in the flash"
    assert f"it interrupted {told.value.detail['interrupted']:#010x}" in str(told.value)


def test_the_text_tells_when_the_fault_was(qemu: Path | None) -> None:
    """And not when the handler was found to hang, 20 ms later."""
    detail, ((time, _),) = outcome("runs_on", qemu)
    text = fault_text(detail, Situation(now=time + 20_000_000))
    assert f"The firmware faulted at 0.{detail['time'] // 1_000:06} s: HardFault" in text
