"""Reading the report that flashcheck prints."""

from __future__ import annotations

import pytest

from xipsim import flashcheck
from xipsim.errors import UserError

START = "TAP version 13\n# id ef 70 17, W25Q64JV-IM\n1..2\nok 1 - read JEDEC id\n"


def test_all_passed() -> None:
    report = flashcheck.parse(START + "ok 2 - SFDP\n# end: 2 of 2 passed\n")
    assert report.passed
    assert [check.name for check in report.checks] == ["read JEDEC id", "SFDP"]


def test_a_finding_belongs_to_the_check_before_it() -> None:
    finding = "# density: expected 0x03ffffff, got 0xffffffff\n"
    report = flashcheck.parse(START + f"not ok 2 - SFDP\n{finding}# end: 1 of 2 passed\n")
    assert not report.passed
    (failure,) = report.failures
    assert (failure.number, failure.name) == (2, "SFDP")
    assert failure.finding == "density: expected 0x03ffffff, got 0xffffffff"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(START, id="checks are missing"),
        pytest.param(START + "ok 2 - SFDP\nBail out! the core faulted\n", id="given up"),
        pytest.param("TAP version 13\nBail out! no part\n", id="no plan"),
        pytest.param("", id="nothing"),
    ],
)
def test_an_incomplete_report_has_not_passed(text: str) -> None:
    assert not flashcheck.parse(text).passed


def test_an_unknown_board_is_the_users_mistake() -> None:
    with pytest.raises(UserError, match="did you mean TEENSY41"):
        flashcheck.find("TEENSY42")
