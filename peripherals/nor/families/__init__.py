"""Families of flash chips: each decodes the commands of parts that speak alike."""

from __future__ import annotations

from .base import Family
from .everspin import Everspin
from .issi_octal import IssiOctal
from .macronix_octal import MacronixOctal
from .w25q import W25Q

FAMILIES: dict[str, type[Family]] = {
    "w25q": W25Q,
    "issi-octal": IssiOctal,
    "everspin": Everspin,
    "macronix-octal": MacronixOctal,
}
"""By the word in the parts' rows."""

__all__ = ["FAMILIES", "Family"]
