"""`xipsim compare`: the embedded engine and Renode show the same, but for what is documented."""

from __future__ import annotations

import pytest
from images import PUBLISHED

from xipsim.cli import main

STORE_INTO_THE_WINDOW = """
from machine import mem32
mem32[0x60700000] = 0
print(hex(mem32[0x60700000] & 0xFFFFFFFF))
"""


def test_a_script_shows_the_same_on_both(
    renode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "open('a', 'w').write('kept'); print(open('a').read()); 1 / 0"
    image = str(PUBLISHED.require())
    assert main(["compare", "TEENSY41", image, "-c", code]) == 0, capsys.readouterr().out
    assert capsys.readouterr().out.endswith("the script raised ZeroDivisionError\n")


def test_what_differs_is_told(renode: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A store into a window that is served natively: docs/simulation.md, under Renode."""
    image = str(PUBLISHED.require())
    assert main(["compare", "TEENSY41", image, "-c", STORE_INTO_THE_WINDOW]) == 1
    told = capsys.readouterr().out
    assert "program-without-wel" in told
    assert r"0xffffffff\r\n" in told
    assert r"0x0\r\n" in told
