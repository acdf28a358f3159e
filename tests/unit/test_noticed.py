"""What the models noticed is told with what went wrong: waits, faults, boots, resets."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_engine import MS, FakeEngine, MicroPython, Script
from machines import make_machine

from xipsim import (
    BoardReset,
    Machine,
    ModelGap,
    PoweredOff,
    ReplError,
    UserError,
    WaitTimeout,
    XipsimError,
)
from xipsim.engines.api import StopReason
from xipsim.peripherals.core.trace import Diagnostic, Gap
from xipsim.reporting.failure_details import noticed_text
from xipsim.robot.emulation import Emulation
from xipsim.robot.failure import describe

QE = Diagnostic(
    time=3_500_000,
    source="nor",
    rule="quad-without-qe",
    message="quad read (EBh) refused: QE is 0",
    pc=0x6000_1234,
)
TOLD = "The models noticed: nor: quad read (EBh) refused: QE is 0 (at 0.003500 s, PC 0x60001234)."


def wait_for_nothing(machine: Machine, _: FakeEngine, __: MicroPython) -> None:
    machine.console.expect("never", timeout="20ms")


def stop(reason: StopReason, **detail: Any) -> Callable[[Machine, FakeEngine, MicroPython], None]:
    def act(machine: Machine, engine: FakeEngine, _: MicroPython) -> None:
        engine.at(engine.time + MS, lambda: engine.end(reason, **detail))
        machine.run_for("5ms")

    return act


def reset_in_a_script(machine: Machine, _: FakeEngine, python: MicroPython) -> None:
    python.scripts[b"x"] = Script(then="reset watchdog")
    machine.exec("x")


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (wait_for_nothing, WaitTimeout),
        (stop(StopReason.FAULT, exception="HardFault", cfsr=0, hfsr=0), XipsimError),
        (stop(StopReason.FAULT, why="it fills a FIFO that nothing empties"), XipsimError),
        (stop(StopReason.BOOT_FAILED, why="no FCB"), XipsimError),
        (stop(StopReason.POWERED_OFF, why="SNVS"), PoweredOff),
        (stop(StopReason.GAP, source="adc1", what="HC"), ModelGap),
        (reset_in_a_script, BoardReset),
    ],
    ids=["wait", "fault", "stuck", "boot", "power", "gap", "reset"],
)
def test_every_end_tells_it(tmp_path: Path, act: Any, error: type[XipsimError]) -> None:
    machine, engine, python = make_machine(tmp_path)
    engine.emit("events", [QE])
    with pytest.raises(error) as caught:
        act(machine, engine, python)
    assert TOLD in str(caught.value)
    assert TOLD in machine.noticed


@pytest.mark.parametrize(("timeout", "times"), [("15ms", "once"), ("40ms", "3 times")])
def test_a_wait_tells_of_the_resets_meanwhile(tmp_path: Path, timeout: str, times: str) -> None:
    """Each start takes the fake firmware 11 ms. Resets from before the wait explain nothing."""
    machine, engine, python = make_machine(tmp_path)
    engine.at(engine.time + MS, lambda: engine.reboot("watchdog"))
    machine.run_for("2ms")
    python.main = lambda: engine.reboot("software")
    with pytest.raises(WaitTimeout, match=rf"board was reset {times} \(software, first at 0\.012"):
        machine.console.expect("never", timeout=timeout)
    python.main = python.prompt
    with pytest.raises(WaitTimeout) as caught:
        wait_for_nothing(machine, engine, python)
    assert "was reset" not in str(caught.value)


def text_of(tmp_path: Path, *events: Any) -> str:
    machine, engine, _ = make_machine(tmp_path)
    engine.emit("events", list(events))
    return " ".join(text for text in machine.noticed if not text.startswith("Noticed before"))


def test_a_rule_that_was_broken_again_and_again_has_a_count(tmp_path: Path) -> None:
    events = [QE._replace(time=time) for time in (1_000, 2_000, 9_000_000)]
    assert "QE is 0 (3 times, last at 0.009000 s, PC 0x60001234)" in text_of(tmp_path, *events)


def test_the_latest_come_first_and_the_rest_is_counted(tmp_path: Path) -> None:
    events = [QE._replace(time=n * MS, rule=f"r{n}", message=f"rule {n}.") for n in range(1, 6)]
    text = text_of(tmp_path, *events)
    assert text.index("rule 5") < text.index("rule 4") < text.index("rule 3")
    assert "rule 2" not in text
    assert text.endswith("; and 2 more, see the report.")


def test_gaps_are_told_by_block(tmp_path: Path) -> None:
    gaps = [Gap(n, "flexspi2", f"AHBRXBUFCR0[{n}]: AHB buffers", pc=0x5358) for n in range(4)]
    gaps += [Gap(9, "bus", f"lpspi1: read at {0x4039_4014 + 4 * n:#010x}", 0x9) for n in range(3)]
    assert text_of(tmp_path, *gaps) == (
        "Used, but not modelled: lpspi1 has only a name: read at 0x40394014, and 2 more of it "
        "(at 0.000000 s, PC 0x00000009); flexspi2: AHBRXBUFCR0[3]: AHB buffers, and 3 more of it "
        "(at 0.000000 s, PC 0x00005358)."
    )


def test_a_machine_of_which_nothing_was_noticed_says_nothing(tmp_path: Path) -> None:
    machine, _, _ = make_machine(tmp_path)
    assert [text for text in machine.noticed if "models noticed" in text] == []


def test_an_image_for_another_board_is_told_before_and_after(tmp_path: Path) -> None:
    """The banner of MicroPython names the board that it was built for."""
    banner = b"MicroPython v1.24.0 on 2024-10-25; Teensy 4.1 with MIMXRT1062DVJ6A\0"
    image = tmp_path / "other.bin"
    image.write_bytes(b"FCFB".ljust(0x2000, b"\0") + banner)
    machine, _, _ = make_machine(tmp_path, firmware=image)
    said = "this image says that it is for Teensy 4.1 with MIMXRT1062DVJ6A, and TEENSY40 is "
    assert said in machine.warnings[0]
    assert "give TEENSY41 as the board" in machine.warnings[0]
    with pytest.raises(WaitTimeout, match=f"Noticed before: {said}"):
        machine.console.expect("never", timeout="20ms")


def test_commands_for_renodes_monitor_are_told_where_nothing_runs_them(tmp_path: Path) -> None:
    board = tmp_path / "own.repl"
    soc = Path(__file__).parents[2] / "platforms" / "boards" / "TEENSY40.repl"
    commands = "sysbus:\n    init add:\n        LogLevel 3\n        Tag <0x90000000 0x10> \"A\"\n"
    board.write_text(f'using "{soc}"\n{commands}pc:\n    reset:\n        unplug\n')
    machine, _, _ = make_machine(tmp_path, board=str(board))
    assert f"{board}:4: `LogLevel 3` is a command of Renode's monitor (and 1 more)" in " ".join(
        machine.warnings
    )


@pytest.mark.parametrize("chip", [b"MIMXRT1062DVJ6A", b"IMXRT1062DVJ6A"])
def test_an_image_for_this_board_is_not_spoken_of(tmp_path: Path, chip: bytes) -> None:
    """CircuitPython's banner leaves out the first letter."""
    banner = b"MicroPython v1.24.0 on 2024-10-25; Teensy 4.0 with " + chip + b"\0"
    image = tmp_path / "right.bin"
    image.write_bytes(b"FCFB".ljust(0x2000, b"\0") + banner)
    machine, _, _ = make_machine(tmp_path, firmware=image)
    assert not any("this image says" in warning for warning in machine.warnings)


def test_what_the_boot_rom_tried_explains_nothing_once_the_firmware_speaks(
    tmp_path: Path,
) -> None:
    """It has no PC. With no word of the firmware it may be why."""
    machine, engine, _ = make_machine(tmp_path)
    engine.emit("events", [QE._replace(pc=None)])
    assert "QE is 0" in machine.broken_rules
    machine.exec("print(1)")
    assert machine.broken_rules == ""
    engine.emit("events", [QE])
    assert machine.broken_rules == TOLD


def test_a_wait_says_what_the_firmware_polls(tmp_path: Path) -> None:
    """A counter that was never started, say: the loop is the firmware's, and ends never."""
    machine, engine, python = make_machine(tmp_path)
    engine.clock.questions.in_loop = ["gpt1", "gpio4 PSR"]
    with pytest.raises(WaitTimeout, match="flash nor idle, polling gpt1 and gpio4 PSR"):
        wait_for_nothing(machine, engine, python)


@pytest.mark.parametrize("way", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy])
def test_errors_reach_another_process_whole(
    tmp_path: Path, way: Callable[[XipsimError], XipsimError]
) -> None:
    """A pool of processes waits for ever for an error that cannot be made again."""
    machine, engine, python = make_machine(tmp_path)
    engine.emit("events", [QE])
    with pytest.raises(WaitTimeout) as caught:
        wait_for_nothing(machine, engine, python)
    for error in (caught.value, ReplError("Traceback", "OSError", "printed"), UserError("none")):
        made = way(error)
        assert (type(made), str(made), vars(made)) == (type(error), str(error), vars(error))
        assert made.exit_code == error.exit_code


def test_an_image_in_the_place_of_the_board(tmp_path: Path) -> None:
    image = tmp_path / "TEENSY41.hex"
    image.write_text(":0200000460009A\n:0400000046434642EB\n:00000001FF\n")
    with pytest.raises(XipsimError, match=r"is an image: the board comes before it \(TEENSY41"):
        Machine(str(image))


def test_a_failed_test_tells_it_once(tmp_path: Path) -> None:
    """In Robot's message and pytest's section: what the error's own text has is not repeated."""
    machine, engine, python = make_machine(tmp_path)
    engine.emit("events", [QE])
    emulation = Emulation()
    emulation.made = machine
    with pytest.raises(WaitTimeout) as caught:
        wait_for_nothing(machine, engine, python)
    assert TOLD in noticed_text(machine, "an assertion of the test's own")
    assert TOLD in describe(emulation, "an assertion of the test's own")
    assert TOLD not in noticed_text(machine, str(caught.value))
    assert TOLD not in describe(emulation, str(caught.value))
