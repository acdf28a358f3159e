"""The sections of docs/hardware that code and tests cite are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "hardware"
ROOMS = ("peripherals", "platforms", "firmware", "engines", "xipsim", "robot", "tests")
NUMBER = r"\d+(?:\.\d+)?"
CITED = re.compile(rf"\b([a-z-]+)\.md(?: sections?)? ({NUMBER}(?:(?:, | and | to ){NUMBER})*)")


def citations() -> dict[str, set[str]]:
    """Places by what they cite, such as "imxrt.md 2.2"."""
    found: dict[str, set[str]] = {}
    files = (file for room in ROOMS for file in (ROOT / room).rglob("*") if not file.is_symlink())
    for file in files:
        if file.suffix not in (".py", ".c", ".h", ".toml", ".repl", ".robot"):
            continue
        for page, numbers in CITED.findall(file.read_text(encoding="utf-8")):
            for number in re.findall(NUMBER, numbers):
                found.setdefault(f"{page}.md {number}", set()).add(str(file.relative_to(ROOT)))
    return found


def sections(page: Path) -> set[str]:
    return set(re.findall(rf"^##+ ({NUMBER}) ", page.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", ["imxrt.md", "alif.md", "nor-flash.md"])
def test_each_page_is_cited_and_has_what_is_cited(page: str) -> None:
    known = sections(PAGES / page)
    cited = {c: places for c, places in citations().items() if c.startswith(f"{page} ")}
    assert len(cited) > 2
    assert {c: places for c, places in cited.items() if c.split()[1] not in known} == {}


def test_no_other_page_is_cited() -> None:
    pages = {file.name for file in PAGES.glob("*.md")}
    assert {c.split()[0] for c in citations()} <= pages
