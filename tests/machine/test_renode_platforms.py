"""Renode itself takes what `xipsim renode` writes: every board loads, and one boots."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import fuse
import pytest
from images import ALIF, IMAGES, PUBLISHED

from xipsim import platforms
from xipsim.cli import main as cli
from xipsim.engines.api import EngineError
from xipsim.engines.renode import output
from xipsim.engines.renode.locate import HEADLESS, find_renode, silent_input
from xipsim.machine.configuration import load_platform

SECONDS = 600
"""Of real time, after which Renode is taken for dead."""


def monitor(folder: Path, *commands: str, then: Sequence[str] = ()) -> str:
    """What Renode prints when its monitor gets these commands, of which a wrong one is the last,
    and `then` those."""
    try:
        renode = find_renode().path
    except EngineError as error:
        pytest.skip(str(error))
    script = folder / "test.resc"
    script.write_text("\n".join(commands) + "\n")
    with silent_input() as nothing:
        done = subprocess.run(
            [renode, *HEADLESS, script, *(w for c in (*then, "quit") for w in ("-e", c))],
            stdin=nothing,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
    return done.stdout


@pytest.mark.parametrize("board", platforms.boards())
def test_every_board_loads_in_renode_as_it_is(board: str, tmp_path: Path) -> None:
    path = platforms.find(board)
    output.write(tmp_path, board, path, contents={}, consoles=[])
    said = monitor(tmp_path, f"include @{tmp_path}/{board}.resc", "peripherals")
    assert "rror" not in said, said
    # Those without a place on the board are not listed.
    entries = [e for e in load_platform(path).entries if e.registrations]
    missing = [e.name for e in entries if e.name not in said]
    assert not missing, said


def test_a_second_machine_with_models_is_refused(tmp_path: Path) -> None:
    path = platforms.find("TEENSY41")
    output.write(tmp_path, "TEENSY41", path, contents={}, consoles=[])
    said = monitor(
        tmp_path,
        f"include @{tmp_path}/TEENSY41.resc",
        "mach create",
        f"machine LoadPlatformDescription @{path}",
    )
    assert "one machine in an emulation can have Python models; there is one already" in said


def test_a_board_boots_to_its_prompt_and_answers_the_monitor(tmp_path: Path) -> None:
    image = next(i for i in IMAGES if i.name == "TEENSY41-v1.18")
    assert cli(["renode", "TEENSY41", str(image.require()), "--output", str(tmp_path)]) == 0
    printed = tmp_path / "printed"
    said = monitor(
        tmp_path,
        f"include @{tmp_path}/TEENSY41.resc",
        f"sysbus.usb1.pc CreateFileBackend @{printed} true",
        "emulation SetAdvanceImmediately true",
        'emulation RunFor "0.15"',
        "sysbus ReadDoubleWord 0x60000000",
        "machine Reset",
        'emulation RunFor "0.15"',
        "sysbus.usb1.pc WriteChar 13",
        'emulation RunFor "0.05"',
    )
    assert "0x42464346" in said, "FCFB, the first bytes of an image, through the window"
    text = printed.read_text()
    assert "MicroPython v1.18" in text
    assert text.count(">>> ") == 2, "at power-on, and to Enter after the reset"


def test_a_model_that_raises_when_it_is_made_is_told_by_its_line(tmp_path: Path) -> None:
    """At each start; Renode itself goes on."""
    board, model = tmp_path / "lab.repl", tmp_path / "fuse.py"
    board.write_text(fuse.BOARD)
    model.write_text(fuse.MODEL + "\n    def __init__(self, *_, **__):\n        1 / 0\n")
    line = len(model.read_text().splitlines())
    out = tmp_path / "out"
    words = ["renode", str(board), "--models", str(model), "--output", str(out)]
    assert cli([*words, str(PUBLISHED.require())]) == 0
    log = tmp_path / "log"
    said = monitor(
        tmp_path, f"logFile @{log}", f"include @{out}/lab.resc", "start", then=["start", "pause"]
    )
    told = f"ZeroDivisionError: division by zero ({model}, line {line}, in __init__;"
    assert told in said, "the first start has failed"
    assert told in log.read_text(), "the second one, which Renode makes, has no models"


def test_a_machine_may_be_taken_away_and_come_again(tmp_path: Path) -> None:
    """By name, and with the whole emulation, from a folder behind a blank; each time its chip is
    as the folder has it."""
    folder = tmp_path / "my boards"
    image = next(i for i in IMAGES if i.name == "TEENSY41-v1.18")
    assert cli(["renode", "TEENSY41", str(image.require()), "--output", str(folder)]) == 0
    load = f"include @{output.monitor_path(folder)}/TEENSY41.resc"
    run = 'emulation RunFor "0.02"'
    save = f"Save @{output.monitor_path(folder)}/x.save"
    chip = "sysbus ReadDoubleWord 0x60000000"
    gone = 'mach rem "TEENSY41"'
    said = monitor(tmp_path, load, run, gone, load, run, "Clear", load, run, chip, save)
    assert "rror" not in said, said
    assert "0x42464346" in said
    assert "xipsim: Renode cannot save models that live in Python" in said
    assert not (folder / "x.save").exists()


def typed(console: str, line: str) -> list[str]:
    """The monitor's commands that type it."""
    return [f"{console} WriteChar {key}" for key in f"{line}\r".encode()]


OTHER = """\
nvic: IRQControllers.NVIC @ sysbus 0xE000E000
    -> cpu@0

cpu: CPU.CortexM @ sysbus
    cpuType: "cortex-m0+"
    nvic: nvic

ram: Memory.MappedMemory @ sysbus 0x20000000
    size: 0x1000
"""
"""A platform without models, whose core never waits."""


def load_other(name: str, platform: Path) -> list[str]:
    """The monitor's commands that do it. It is behind all others in its first 10 ms."""
    return [
        f'mach create "{name}"',
        f"machine LoadPlatformDescription @{platform}",
        "sysbus WriteDoubleWord 0x20000000 0xE7FDBF00",  # nop; b to the nop
        "sysbus.cpu SP 0x20001000",
        "sysbus.cpu PC 0x20000000",
        "sysbus.cpu PerformanceInMips 2000",
    ]


@pytest.mark.parametrize("parallel", [False, True])
def test_between_machines_of_renodes_a_board_keeps_its_time(tmp_path: Path, parallel: bool) -> None:
    """Renode's time is the slowest core's, and goes on in whichever thread lets it. W25Q64JV: a
    sector erase takes 45 ms."""
    image = next(i for i in IMAGES if i.name == "TEENSY41-v1.18")
    assert cli(["renode", "TEENSY41", str(image.require()), "--output", str(tmp_path)]) == 0
    platform, printed = tmp_path / "other.repl", tmp_path / "printed"
    platform.write_text(OTHER)
    erase = "import mimxrt, time; t = time.ticks_us(); mimxrt.Flash().ioctl(6, 150)"
    said = monitor(
        tmp_path,
        *load_other("one", platform),
        f"include @{tmp_path}/TEENSY41.resc",
        f"sysbus.usb1.pc CreateFileBackend @{printed} true",
        *load_other("other", platform),
        "emulation SetAdvanceImmediately true",
        'emulation RunFor "0.01"',
        *["emulation SetGlobalSerialExecution false"] * parallel,
        *(
            command
            for name in ("one", "other")
            for command in (f'mach set "{name}"', "sysbus.cpu PerformanceInMips 10")
        ),
        'mach set "TEENSY41"',
        'emulation RunFor "0.15"',
        *typed("sysbus.usb1.pc", f"{erase}; t = time.ticks_us() - t; print('took', t, 'us')"),
        'emulation RunFor "0.2"',
    )
    assert "rror" not in said, said
    took = [line.split()[1] for line in printed.read_text().splitlines() if line[:5] == "took "]
    assert [45_000 <= int(microseconds) < 45_100 for microseconds in took] == [True], took


def test_code_runs_in_mram_whatever_the_mpu_says(tmp_path: Path) -> None:
    """ARMv8-M ARM: the default map lets code run below 0xA0000000 (B8), MPU_TYPE counts regions,
    MPU_RBAR_A1 is region 1 of the four among which MPU_RNR chooses."""
    assert cli(["renode", "ALIF_ENSEMBLE", str(ALIF.require()), "--output", str(tmp_path)]) == 0
    printed = tmp_path / "printed"
    script = (
        "from machine import mem32 as m; MPU = 0xE000ED90; on = m[MPU + 4]; m[MPU + 4] = 0",
        "m[MPU + 8] = 5; old = m[MPU + 12]; m[MPU + 8] = 4; m[MPU + 20] = 0x20000040",
        "m[MPU + 8] = 5; region = m[MPU + 12]; m[MPU + 12] = old",
        "m[MPU + 4] = on; print(m[MPU], on & 1, hex(region), m[MPU + 4] == on)",
    )
    monitor(
        tmp_path,
        f"include @{tmp_path}/ALIF_ENSEMBLE.resc",
        f"sysbus.uart4 CreateFileBackend @{printed} true",
        "emulation SetAdvanceImmediately true",
        'emulation RunFor "0.9"',
        *(
            command
            for line in script
            for command in [*typed("sysbus.uart4", line), 'emulation RunFor "0.1"']
        ),
    )
    assert "2048 1 0x20000040 True" in printed.read_text(), "eight regions"
