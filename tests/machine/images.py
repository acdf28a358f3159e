"""Which real firmware images there are to test with: none of them belongs to the project."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from xipsim.firmware import catalogue

SHARED = Path(__file__).parents[2].parent / "shared" / "firmware"


@dataclass(frozen=True)
class Image:
    """An image for a board. name: as tests are named after it. path: None where it is absent."""

    board: str
    name: str
    path: Path | None
    where: str

    def require(self) -> Path:
        """Its path; skips the test, saying so, where it is absent."""
        if self.path is None:
            pytest.skip(f"{self.name} is not here: {self.where}")
        return self.path


def published(board: str) -> Image:
    folders = [SHARED, *map(Path, os.environ.get("XIPSIM_FIRMWARE_PATH", "").split(os.pathsep))]
    paths = (folder / f"{board}.hex" for folder in folders)
    found = next((path for path in paths if path.is_file()), None)
    where = f"no {board}.hex in ../shared/firmware or XIPSIM_FIRMWARE_PATH"
    return Image(board, f"{board}-v1.18", found, where)


def current(board: str) -> Image:
    """An image of 2024 or later that somebody has built and added to the user's cache."""
    entries = catalogue.entries(board)
    found = next((e.path for e in entries if not e.version.startswith(("v1.17", "v1.18"))), None)
    where = f"no recent image in the user's cache (xipsim firmware add {board}.hex)"
    return Image(board, f"{board}-current", found, where)


TEENSYS = (published("TEENSY40"), published("TEENSY41"), current("TEENSY41"))
"""What the i.MX RT1062 tests run."""


def parameters() -> Iterator[object]:
    """The Teensys' images, for `pytest.mark.parametrize`."""
    for image in TEENSYS:
        yield pytest.param(image, id=image.name)
