"""Every block of Python in docs/library.md, in order, as a reader would type it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from images import TEENSY41S, parameters

PAGE = Path(__file__).parents[2] / "docs/library.md"


def blocks() -> list[str]:
    """Padded with empty lines, so that an error names the line of the page."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return ["\n" * (text[: m.start()].count("\n") + 1) + m[1] for m in found]


@pytest.mark.parametrize("image", parameters(TEENSY41S))
def test_the_page(image, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path))
    monkeypatch.setenv("XIPSIM_FIRMWARE_PATH", str(image.require()))
    monkeypatch.chdir(tmp_path)
    found = blocks()
    assert len(found) >= 8
    names: dict[str, object] = {}
    try:
        for block in found:
            exec(compile(block, str(PAGE), "exec"), names)
    finally:
        names["m"].close()  # type: ignore[attr-defined]
