"""The library as Robot Framework sees it: names, arguments, types, documentation."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from robot.libdocpkg import LibraryDocumentation

from xipsim import Machine
from xipsim.robot.failure import replay_command

RENODE = {
    "Allocate Temporary File": "",
    "Create Terminal Tester": "uart timeout machine endLineOption defaultPauseEmulation "
    "defaultWaitForEcho defaultMatchNextLine binaryMode",
    "Execute Command": "command machine",
    "Execute Script": "path",
    "Provides": "state type",
    "Register Failing Uart String": "pattern treatAsRegex testerId",
    "Requires": "state",
    "Reset Emulation": "",
    "Send Key To Uart": "c testerId",
    "Set Default Tester": "id",
    "Set Default Uart Timeout": "timeout",
    "Should Not Be On Uart": "content timeout testerId treatAsRegex includeUnfinishedLine",
    "Start Emulation": "",
    "Test If Uart Is Idle": "timeout testerId pauseEmulation",
    "Unregister Failing Uart String": "pattern treatAsRegex testerId",
    "Wait For Bytes On Uart": "content timeout testerId treatAsRegex pauseEmulation matchStart",
    "Wait For Line On Uart": "content timeout testerId treatAsRegex includeUnfinishedLine "
    "pauseEmulation matchNextLine",
    "Wait For Lines On Uart": "content timeout testerId treatAsRegex includeUnfinishedLine "
    "pauseEmulation matchFromNextLine",
    "Wait For Next Line On Uart": "timeout testerId pauseEmulation",
    "Wait For Prompt On Uart": "prompt testerId timeout treatAsRegex pauseEmulation",
    "Write Char Delay": "delay testerId",
    "Write Char On Uart": "c testerId",
    "Write Line To Uart": "content testerId waitForEcho pauseEmulation",
    "Write To Uart": "content testerId",
}
"""Renode's keywords with the order of their arguments: UartKeywords.cs and RenodeKeywords.cs."""

OURS = {
    "Create Board",
    "Cut Power",
    "Erase Flash",
    "Flash Should Be Erased",
    "Flash Should Equal File",
    "Get Flash Statistics",
    "Get Virtual Time",
    "Pin Should Be",
    "Press Reset",
    "Program Flash",
    "Read Flash",
    "Release Pin",
    "Restore Power",
    "Run At REPL",
    "Run For",
    "Set Pin",
}


@pytest.fixture(scope="module")
def keywords() -> dict[str, Any]:
    return {keyword.name: keyword for keyword in LibraryDocumentation("xipsim.robot").keywords}


def test_the_keywords(keywords: dict[str, Any]) -> None:
    assert set(keywords) == RENODE.keys() | OURS


def test_renodes_arguments_in_renodes_order(keywords: dict[str, Any]) -> None:
    """Suites give them by position and by name."""
    found = {name: " ".join(a.name for a in keywords[name].args) for name in RENODE}
    assert found == RENODE


def test_a_board_is_made_with_what_a_machine_is_made_with(keywords: dict[str, Any]) -> None:
    """But for what a suite has no use for: a debugger, another program, a cache of boots."""
    theirs = {argument.name for argument in keywords["Create Board"].args}
    without = {"qemu", "engine", "gdb", "gdb_wait", "boot_cache", "start"}
    assert set(inspect.signature(Machine).parameters) - without <= theirs


def test_everything_is_documented_and_typed(keywords: dict[str, Any]) -> None:
    library = LibraryDocumentation("xipsim.robot")
    assert library.doc and library.version and library.scope == "SUITE"
    assert [name for name, keyword in keywords.items() if not keyword.doc] == []
    untyped = [(k.name, a.name) for k in keywords.values() for a in k.args if a.type is None]
    assert untyped == []


def test_the_replay_command_keeps_what_matters(tmp_path: Path, monkeypatch: Any) -> None:
    """Variables and paths, also from pabot's argument file, but nothing of pabot's own."""
    file = tmp_path / "arguments"
    file.write_text("--suite A\n--variable BOARD:TEENSY40\n--variable PABOTQUEUEINDEX:0\n")
    values = {"${SUITE SOURCE}": "/s/a.robot", "${TEST NAME}": "A Test"}
    monkeypatch.setattr(
        "robot.libraries.BuiltIn.BuiltIn.get_variable_value", lambda _, name: values[name]
    )
    arguments = ["-v", "X:1", "--pythonpath=lib", "-d", "out", "--argumentfile", str(file)]
    assert replay_command(arguments) == (
        "robot --variable X:1 --pythonpath lib --variable BOARD:TEENSY40 --test 'A Test' /s/a.robot"
    )
