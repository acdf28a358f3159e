"""Where two runs differ: plain data, no engine."""

from __future__ import annotations

from typing import Any

import pytest

from xipsim.peripherals.core.trace import FlashCommand
from xipsim.reporting.differences import CommandLines, Observed, differences, text

COMMANDS = ((100, "nor 9F read-JEDEC-id - 3 <ef4017"), (200, "nor 06 write-enable - 0 -"))


def observed(name: str = "qemu", **changed: Any) -> Observed:
    run = Observed(
        name=name,
        ending="it came to its end",
        commands=COMMANDS,
        diagnostics=("nor: page program at 0x0 ignored (program-without-wel)",),
        gaps=("bus: DMA0: read at 0x400e8000",),
        resets=("software",),
        consoles={"pc": b"one\r\ntwo\r\n", "lpuart1": b""},
        pins={"gpio2/3": "out 1"},
        chips={"nor": bytes(range(256)) * 16},
    )
    return run._replace(**changed)


def only(**changed: Any) -> tuple[str, str, tuple[str, str]]:
    """What is found where the other run is changed in one thing."""
    [found] = differences(observed(), observed("renode", **changed))
    return tuple(found)


def poll(time: int, status: int) -> FlashCommand:
    return FlashCommand(time, "nor", 0x05, "read status 1", received=bytes([status]))


def lines(*commands: FlashCommand) -> list[tuple[int, str]]:
    receiver = CommandLines()
    for command in commands:
        receiver(command)
    return receiver.lines


def test_equal_neighbouring_polls_are_one() -> None:
    assert lines(poll(1, 3), poll(2, 3), poll(3, 0), poll(4, 0), poll(5, 3)) == [
        (1, "nor 05 read-status-1 - 1 <03"),
        (3, "nor 05 read-status-1 - 1 <00"),
        (5, "nor 05 read-status-1 - 1 <03"),
    ]


@pytest.mark.parametrize(
    "command",
    [
        FlashCommand(1, "nor", 0x06, "write enable"),
        FlashCommand(1, "nor", 0x20, "sector erase 4K", 0x1000),
        FlashCommand(1, "nor", 0x02, "page program", 0, sent=b"a"),
        FlashCommand(1, "nor", 0x03, "read data", 0, received=b"a"),
        FlashCommand(1, "nor", 0x01, "write status", sent=b"\x02"),
    ],
)
def test_what_is_no_poll_counts_each_time(command: FlashCommand) -> None:
    assert len(lines(command, command)) == 2


def test_the_same_run_at_other_times_shows_the_same() -> None:
    late = tuple((time + 7, line) for time, line in COMMANDS)
    assert differences(observed(), observed("renode", commands=late)) == ()
    assert text(observed(), observed("renode", commands=late)) == (
        "qemu and renode show the same: 2 flash commands, 1 diagnostics, 1 gaps, 1 resets, "
        "console pc (10 bytes), 1 pins, chip nor (4096 bytes); it came to its end\n"
    )


def test_a_command_that_is_another_one() -> None:
    other = (COMMANDS[0], (201, "nor 04 write-disable - 0 -"))
    assert only(commands=other) == (
        "flash commands",
        "at number 2, after 'nor 9F read-JEDEC-id - 3 <ef4017'",
        (
            "nor 06 write-enable - 0 - (at 0.000000 s)",
            "nor 04 write-disable - 0 - (at 0.000000 s)",
        ),
    )


def test_commands_that_only_one_has() -> None:
    assert only(commands=COMMANDS[:1])[2][1] == "nothing more"
    assert only(commands=(*COMMANDS, (3, "nor 66 enable-reset - 0 -")))[2] == (
        "nothing more",
        "nor 66 enable-reset - 0 - (at 0.000000 s)",
    )
    assert only(commands=())[1] == "at number 1"


@pytest.mark.parametrize("what", ["diagnostics", "gaps", "resets"])
def test_texts_in_their_order(what: str) -> None:
    first = getattr(observed(), what)[0]
    assert only(**{what: ("another",)}) == (what, "at number 1", (first, "another"))
    assert only(**{what: ()}) == (what, "at number 1", (first, "nothing more"))
    assert only(**{what: (first, "more")}) == (what, "at number 2", ("nothing more", "more"))


def test_a_console_line_by_line() -> None:
    found = only(consoles={"pc": b"one\r\nthree\r\n", "lpuart1": b""})
    assert found == ("console pc", "at number 2", (r"b'two\r\n'", r"b'three\r\n'"))
    assert only(consoles={"pc": b"one\r\ntwo\r\n", "lpuart1": b"x"})[0] == "console lpuart1"
    assert only(consoles={"pc": b"one\r\ntwo\r\n>>> ", "lpuart1": b""})[2] == (
        "nothing more",
        "b'>>> '",
    )


def test_a_pin() -> None:
    assert only(pins={"gpio2/3": "out 0"}) == (
        "pins",
        "at number 1",
        ("gpio2/3 is out 1", "gpio2/3 is out 0"),
    )


@pytest.mark.parametrize("place", [0, 1, 255, 2047, 2048, 4095])
def test_the_first_byte_of_a_chip_that_differs(place: int) -> None:
    data = bytearray(observed().chips["nor"])
    data[place] ^= 0x10
    data[4095] ^= 0x80
    what, where, (one, other) = only(chips={"nor": bytes(data)})
    assert (what, where) == ("chip nor", f"at {place:#08x}")
    assert one.split()[0] == f"{place % 256:02x}"
    assert other.split()[0] == f"{data[place]:02x}"


def test_a_chip_of_another_size() -> None:
    assert only(chips={"nor": observed().chips["nor"] + b"\xff"}) == (
        "chip nor",
        "at 0x001000",
        ("nothing more", "ff"),
    )


def test_how_it_ended() -> None:
    assert only(ending="the script raised OSError") == (
        "the end",
        "",
        ("it came to its end", "the script raised OSError"),
    )


def test_all_that_differs_is_told_once() -> None:
    other = observed("renode", resets=(), chips={}, ending="BoardReset")
    assert text(observed(), other) == (
        "resets, at number 1:\n"
        "  qemu:   software\n"
        "  renode: nothing more\n"
        "chip nor, at 0x000000:\n"
        "  qemu:   00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\n"
        "  renode: nothing more\n"
        "the end:\n"
        "  qemu:   it came to its end\n"
        "  renode: BoardReset\n"
    )
