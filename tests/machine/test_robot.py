"""Robot Framework itself runs the suites and some that must fail, alone and under pabot."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import pytest
from patience import HANGS, slow

from xipsim.errors import UserError
from xipsim.firmware import catalogue
from xipsim.firmware.errors import FirmwareError

SUITES = Path(__file__).parents[2] / "robot" / "suites"
BOARDS = sorted(file.stem for file in (SUITES / "boards").glob("*.py"))
ROBOT = [sys.executable, "-m", "robot"]
PYTHON = Path(sys.executable)
# pabot takes its command to pieces at blanks: the interpreter has a name, and PATH says where.
PABOT = [
    *(sys.executable, "-m", "pabot.pabot", "--processes", "2"),
    *("--command", PYTHON.name, "-m", "robot", "--end-command"),
]
EVERYWHERE = "block_device.robot"
"""The suite that runs on Renode wherever there is one, with each board."""
ON_RENODE = [
    pytest.param(file.name, marks=() if file.name == EVERYWHERE else slow)
    for file in sorted(SUITES.glob("*.robot"))
]
ENVIRONMENT = os.environ | {"PATH": f"{PYTHON.parent}{os.pathsep}{os.environ['PATH']}"}
HEADER = "*** Settings ***\nLibrary    xipsim.robot\n\n*** Test Cases ***\n"


@dataclass(frozen=True)
class Result:
    """What a run said. tests: status and message by name."""

    exit_code: int
    tests: dict[str, tuple[str, str]]
    output: str


def run(command: list[str], folder: Path, *arguments: str | Path) -> Result:
    """Run robot or pabot in a session of its own; fails if a process outlives it."""
    process = subprocess.Popen(
        [*command, "--outputdir", str(folder / "out"), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env=ENVIRONMENT,
        start_new_session=True,
    )
    output, _ = process.communicate(timeout=HANGS)
    assert survivors(process.pid) == []
    tests = {}
    for test in ElementTree.parse(folder / "out" / "output.xml").iter("test"):
        status = test.find("status")
        assert status is not None
        tests[test.attrib["name"]] = (status.attrib["status"], status.text or "")
    return Result(process.returncode, tests, output)


def survivors(session: int) -> list[str]:
    """Processes of that session that still run, zombies aside."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = stat.read_text().rsplit(")", 1)
        except OSError:
            continue
        fields = rest.split()
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(name)
    return found


def failure(folder: Path, body: str, *arguments: str) -> str:
    """The message of the only test of a suite, which must fail."""
    (folder / "suite.robot").write_text(body if "***" in body else f"{HEADER}It\n{body}")
    result = run(ROBOT, folder, *arguments, folder / "suite.robot")
    assert result.exit_code == 1, result.output
    [(status, message)] = result.tests.values()
    assert status == "FAIL"
    return message


def require_image(board: str) -> str:
    try:
        catalogue.find(board)
    except (FirmwareError, UserError) as error:
        pytest.skip(str(error))
    return board


@pytest.fixture(params=BOARDS)
def board(request: pytest.FixtureRequest) -> str:
    """Each board of the suites that has an image."""
    return require_image(request.param)


@pytest.fixture
def teensy() -> str:
    """The board of the tests for which one is enough."""
    return require_image("TEENSY41")


def test_the_suites_pass(board: str, tmp_path: Path) -> None:
    result = run(ROBOT, tmp_path, "--variable", f"BOARD:{board}", SUITES)
    assert result.exit_code == 0, result.output
    assert len(result.tests) > 30


def test_the_suite_that_boots_passes_on_renode(renode: str, teensy: str, tmp_path: Path) -> None:
    chosen = ["--variable", f"BOARD:{teensy}", "--variable", f"ENGINE:{renode}"]
    result = run(ROBOT, tmp_path, *chosen, SUITES / "boot.robot")
    assert result.exit_code == 0, result.output
    assert {status for status, _ in result.tests.values()} == {"PASS"}


@pytest.mark.parametrize("suite", ON_RENODE)
def test_each_suite_passes_on_renode(renode: str, board: str, suite: str, tmp_path: Path) -> None:
    """What hands states from test to test is skipped; nothing else is that runs on QEMU."""
    chosen = ["--variable", f"BOARD:{board}", SUITES / suite]
    embedded = run(ROBOT, tmp_path, *chosen)
    result = run(ROBOT, tmp_path, "--variable", f"ENGINE:{renode}", *chosen)
    assert result.exit_code == 0, result.output
    for name, (status, text) in result.tests.items():
        assert status == embedded.tests[name][0] or "no states to go back to" in text


def test_the_suites_give_the_same_beside_each_other(teensy: str, tmp_path: Path) -> None:
    """Every test passes, and ends at the same nanosecond after the same flash operations."""
    alone, beside = tmp_path / "alone", tmp_path / "beside"
    alone.mkdir()
    beside.mkdir()
    first = run(ROBOT, alone, "--variable", f"BOARD:{teensy}", SUITES)
    second = run(PABOT, beside, "--variable", f"BOARD:{teensy}", SUITES)
    assert first.exit_code == second.exit_code == 0, first.output + second.output
    assert first.tests == second.tests


def test_the_example_in_the_documentation(teensy: str, tmp_path: Path) -> None:
    text = (SUITES.parents[1] / "docs" / "robot.md").read_text()
    (tmp_path / "example.robot").write_text(text.split("```robot\n")[1].split("```")[0])
    result = run(ROBOT, tmp_path, tmp_path / "example.robot")
    assert result.exit_code == 0, result.output


def test_a_prompt_that_never_comes(teensy: str, tmp_path: Path) -> None:
    """The failure ends in virtual time, says what was seen, and its command repeats it exactly."""
    body = f"""    ${{put}}=    Create Dictionary    main.py=while True: pass
    Create Board    {teensy}    put=${{put}}
    Create Terminal Tester    pc
    Wait For Prompt On Uart    >>>    timeout=2
"""
    message = failure(tmp_path, body, "--variable", "BOARD:X")
    assert "Waited 2 s of virtual time for a line with '>>>' on pc, in vain." in message
    assert "main.py" in message  # the hint
    assert "Virtual time: 2.000000 s" in message
    command = message.splitlines()[-1].removeprefix("Repeat it with: ")
    assert command == f"robot --variable BOARD:X --test It {tmp_path}/suite.robot"
    again = run(ROBOT, tmp_path, *shlex.split(command)[1:])
    assert again.tests["It"] == ("FAIL", message)


def test_the_operation_in_flight_is_shown_with_any_failure(teensy: str, tmp_path: Path) -> None:
    body = f"""    Create Board    {teensy}
    Create Terminal Tester    pc
    Wait For Prompt On Uart    >>>
    Write Line To Uart    from mimxrt import Flash; Flash().ioctl(6, 200)
    Run For    20ms
    Should Be Equal    1    2
"""
    message = failure(tmp_path, body)
    assert message.startswith("1 != 2")
    assert "busy with sector erase 4K at 0x1c8000 since" in message
    assert "  >>> from mimxrt import Flash; Flash().ioctl(6, 200)" in message
    assert "Repeat it with: robot --test It " in message


def test_a_teardown_that_ends_the_machine_hides_nothing(teensy: str, tmp_path: Path) -> None:
    body = f"""*** Settings ***
Library    xipsim.robot
Test Teardown    Reset Emulation

*** Test Cases ***
It
    Create Board    {teensy}
    Run For    1
    Fail    no luck
"""
    message = failure(tmp_path, body)
    assert message.startswith("no luck")
    assert "Console pc, last lines:" in message


CREATE = "    Create Board    TEENSY41\n"
MISTAKES = {
    "wrong engine": (
        "*** Settings ***\nLibrary    xipsim.robot    engine=rnode\n"
        f"*** Test Cases ***\nIt\n{CREATE}",
        "there is no engine 'rnode'; there are: qemu, renode",
    ),
    "wrong board": (
        "    Create Board    TENSY41\n",
        "there is no board 'TENSY41'; did you mean TEENSY41?",
    ),
    "no machine": ("    Start Emulation\n", "there is no machine"),
    "no machine to type to": ("    Write Line To Uart    x\n", "there is no machine"),
    "no tester": (f"{CREATE}    Write Line To Uart    x\n", "`Create Terminal Tester`"),
    "no console": (
        f"{CREATE}    Create Terminal Tester    uart9\n",
        "the board has no console 'uart9'; it has:",
    ),
    "two machines": (CREATE * 2, "there is a machine already (TEENSY41)"),
    "no state": ("    Requires    shell\n", "no test has provided the state 'shell'"),
    "no duration": (f"{CREATE}    Run For    soon\n", "'soon'"),
    "script raises": (f"{CREATE}    Run At REPL    1 / 0\n", "ZeroDivisionError: divide by zero"),
    "outside the chip": (
        f"{CREATE}    Flash Should Be Erased    0x7f0000    0x20000\n",
        "are not within the 0x800000 bytes of flash chip nor",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(teensy: str, tmp_path: Path, mistake: str) -> None:
    body, expected = MISTAKES[mistake]
    assert expected in failure(tmp_path, body)


def test_two_libraries_cannot_share_a_flash_file(teensy: str, tmp_path: Path) -> None:
    """Each has a machine of its own; the file belongs to the first."""
    body = f"""*** Settings ***
Library    xipsim.robot    AS    One
Library    xipsim.robot    AS    Two

*** Test Cases ***
It
    One.Create Board    {teensy}    flash={tmp_path}/chip.bin
    Two.Create Board    {teensy}    flash={tmp_path}/chip.bin
"""
    assert f"{tmp_path}/chip.bin" in failure(tmp_path, body)


def test_two_libraries_have_two_machines_and_pins(teensy: str, tmp_path: Path) -> None:
    (tmp_path / "suite.robot").write_text(
        f"""*** Settings ***
Library    xipsim.robot    AS    One
Library    xipsim.robot    AS    Two

*** Test Cases ***
It
    One.Create Board    {teensy}
    Two.Create Board    {teensy}
    One.Run At REPL    from machine import Pin    Pin('LED', Pin.OUT).on()
    Two.Run At REPL    from machine import Pin    Pin('LED', Pin.OUT).off()
    One.Pin Should Be    gpio2    3    high
    Two.Pin Should Be    gpio2    3    low
    Two.Run At REPL    led = Pin('LED', Pin.IN)
    Two.Set Pin    gpio2    3    1
    ${{level}}=    Two.Run At REPL    print(led.value())
    Should Be Equal    ${{level}}    1
    Two.Release Pin    gpio2    3
    Run Keyword And Expect Error    gpio2 pin 3 is 1, expected low*
    ...    One.Pin Should Be    gpio2    3    low
"""
    )
    result = run(ROBOT, tmp_path, tmp_path / "suite.robot")
    assert result.tests["It"][0] == "PASS", result.output
