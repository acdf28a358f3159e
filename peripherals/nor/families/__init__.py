"""Families of flash chips: each decodes the commands of parts that speak alike."""

from __future__ import annotations

from importlib import import_module

from .base import Family

FAMILIES = {
    "w25q": ("w25q", "W25Q"),
    "issi-octal": ("issi_octal", "IssiOctal"),
    "everspin": ("everspin", "Everspin"),
    "macronix-octal": ("macronix_octal", "MacronixOctal"),
}
"""Module and class by the word in the parts' rows; imported when a board has such a part."""


def find_family(name: str) -> type[Family]:
    """The family that rows call `name`."""
    module, kind = FAMILIES[name]
    family: type[Family] = getattr(import_module(f"{__name__}.{module}"), kind)
    return family


__all__ = ["Family", "find_family"]
