"""Lines and digest of the flash trace."""

from __future__ import annotations

import hashlib

from xipsim.peripherals.core.trace import FlashCommand
from xipsim.reporting.flash_trace import FlashTrace, line

READ_ID = FlashCommand(
    time=1234, chip="nor", opcode=0x9F, name="read JEDEC id", received=b"\xef\x70\x17"
)
PROGRAM = FlashCommand(
    time=99, chip="nor", opcode=0x32, name="quad page program", address=0x1000, sent=bytes(256)
)
CONTINUOUS = FlashCommand(time=5, chip="nor", opcode=None, name="ignored")


def test_short_data_are_hex_with_their_direction() -> None:
    assert line(READ_ID) == "1234 nor 9F read-JEDEC-id - 3 <ef7017"


def test_long_data_are_digested() -> None:
    """sha256 of 256 zero bytes begins with 5341e6b2646979a7 (sha256sum)."""
    assert line(PROGRAM) == "99 nor 32 quad-page-program 001000 256 >sha256:5341e6b2646979a7"


def test_what_a_cycle_did_not_have_is_a_dash() -> None:
    assert line(CONTINUOUS) == "5 nor - ignored - 0 -"


def test_without_times_the_first_field_is_left_out() -> None:
    assert line(CONTINUOUS, times=False) == "nor - ignored - 0 -"


def test_the_digest_is_that_of_the_lines_as_written() -> None:
    lines: list[str] = []
    trace = FlashTrace(lines.append)
    for command in (READ_ID, PROGRAM):
        trace(command)
    assert trace.digest == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert lines[0].endswith("\n")


def test_times_change_the_digest_only_where_they_are_wanted() -> None:
    later = FlashCommand(time=6, chip="nor", opcode=None, name="ignored")
    digests = []
    for times in (True, False):
        for command in (CONTINUOUS, later):
            trace = FlashTrace(times=times)
            trace(command)
            digests.append(trace.digest)
    assert digests[0] != digests[1]
    assert digests[2] == digests[3]
