"""docs/messages.md is what the program says."""

from __future__ import annotations

from pathlib import Path

import messages

PAGE = Path(__file__).parents[2] / "docs" / "messages.md"


def test_the_page_is_what_is_said() -> None:
    """If this fails on purpose: .venv/bin/python tests/unit/messages.py >docs/messages.md"""
    assert messages.page().splitlines() == PAGE.read_text(encoding="utf-8").splitlines()


def test_nothing_on_it_is_called_a_bug_of_ours() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "a bug in xipsim" not in text
    assert "Traceback (most recent call last):\n      File" not in text
