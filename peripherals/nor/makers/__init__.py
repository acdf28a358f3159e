"""Makers of flash chips: each module knows the commands and registers of parts that speak alike."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol

from ..engine import WriteEngine
from ..maker import Maker
from ..state import ChipState


class MakerType(Protocol):
    """What makes a chip's `Maker`."""

    def __call__(self, chip: ChipState, engine: WriteEngine, /) -> Maker: ...


FAMILIES = {
    "w25q": ("winbond", "W25Q"),
    "issi-octal": ("issi", "IssiOctal"),
    "everspin": ("everspin", "Everspin"),
    "macronix-octal": ("macronix", "MacronixOctal"),
}
"""Module and class by the word in the parts' rows; imported when a board has such a part."""


def find_maker(family: str) -> MakerType:
    """The class for what rows call `family`."""
    module, kind = FAMILIES[family]
    maker: MakerType = getattr(import_module(f"{__name__}.{module}"), kind)
    return maker
