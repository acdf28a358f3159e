"""Flash keywords: what they compare, and what they are asked to compare."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from machines import make_machine

from xipsim.robot.emulation import Emulation
from xipsim.robot.flash import FlashKeywords
from xipsim.robot.keywords import KeywordFailed

ERASED = 0x10_0000
"""Where no image is."""


@pytest.fixture
def keywords(tmp_path: Path) -> FlashKeywords:
    emulation = Emulation()
    emulation.made, engine, _ = make_machine(tmp_path)
    engine.chip[ERASED : ERASED + 5] = b"cells"
    return FlashKeywords(emulation)


def test_a_file_is_compared_as_far_as_it_was_asked_for(
    keywords: FlashKeywords, tmp_path: Path
) -> None:
    file = tmp_path / "expected"
    file.write_bytes(b"cellX")
    keywords.flash_should_equal_file(file, ERASED, 4)
    keywords.flash_should_be_erased(ERASED + 5, 100)
    for length in (5, None):
        with pytest.raises(KeywordFailed, match="flash at 0x100004 holds 73, expected 58"):
            keywords.flash_should_equal_file(file, ERASED, length)


@pytest.mark.parametrize("length", [-1, -5, 1 << 40])
def test_a_length_that_is_none_passes_nothing(
    keywords: FlashKeywords, tmp_path: Path, length: int
) -> None:
    """Neither as an end that counts from behind, nor as no cells at all."""
    file = tmp_path / "expected"
    file.write_bytes(b"cellX")
    asked: list[Callable[[], None]] = [
        lambda: keywords.flash_should_equal_file(file, ERASED, length),
        lambda: keywords.flash_should_be_erased(ERASED, length),
    ]
    for ask in asked:
        with pytest.raises(KeywordFailed, match=r"bytes at 0x100000 are not within|has only 5"):
            ask()


def test_what_never_ends_is_no_file_to_compare_with(
    keywords: FlashKeywords, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for file in (pipe, Path("/dev/zero")):
        with pytest.raises(KeywordFailed, match="cannot be read: it is no regular file"):
            keywords.flash_should_equal_file(file)
