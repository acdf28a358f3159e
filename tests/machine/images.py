"""Which real firmware images there are to test with: none of them belongs to the project."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from facts import Facts
from facts.alif import ALIF_ENSEMBLE
from facts.imxrt import TEENSY40, TEENSY41, v1_18

from xipsim.firmware import catalogue

SHARED = Path(__file__).parents[2].parent / "shared" / "firmware"


@dataclass(frozen=True)
class Image:
    """An image for a board. name: as tests are named after it. path: None where it is absent."""

    board: str
    name: str
    path: Path | None
    where: str
    facts: Facts

    def require(self) -> Path:
        """Its path; skips the test, saying so, where it is absent."""
        if self.path is None:
            pytest.skip(f"{self.name} is not here: {self.where}")
        return self.path


def published(board: str, facts: Facts) -> Image:
    folders = [SHARED, *map(Path, os.environ.get("XIPSIM_FIRMWARE_PATH", "").split(os.pathsep))]
    paths = (folder / f"{board}.hex" for folder in folders)
    found = next((path for path in paths if path.is_file()), None)
    where = f"no {board}.hex in ../shared/firmware or XIPSIM_FIRMWARE_PATH"
    return Image(board, f"{board}-v1.18", found, where, v1_18(facts))


def current(board: str, facts: Facts) -> Image:
    """An image of 2024 or later that somebody has built and added to the user's cache."""
    entries = catalogue.entries(board)
    found = next((e.path for e in entries if not e.version.startswith(("v1.17", "v1.18"))), None)
    where = f"no recent image in the user's cache (xipsim firmware add, for {board})"
    return Image(board, f"{board}-current", found, where, facts)


PUBLISHED = published("TEENSY41", TEENSY41)
RECENT = current("TEENSY41", TEENSY41)
ALIF = current("ALIF_ENSEMBLE", ALIF_ENSEMBLE)
TEENSY41S = (PUBLISHED, RECENT)
KINDS = (*TEENSY41S, ALIF)
"""Every kind of firmware: what most tests run on."""
IMAGES = (published("TEENSY40", TEENSY40), *KINDS)
"""Every board: what tests run on to which the size of the chip matters."""


def parameters(images: Sequence[Image]) -> list[object]:
    """For `pytest.mark.parametrize`."""
    return [pytest.param(image, id=image.name) for image in images]


every_board = pytest.mark.parametrize("image", parameters(IMAGES), indirect=True)
teensy41s = pytest.mark.parametrize("image", parameters(TEENSY41S), indirect=True)
