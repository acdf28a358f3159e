"""Renode platform descriptions (`.repl`): read, put together, checked against the models.

::

    platform = load("platforms/boards/TEENSY41.repl")
    check(platform)                  # raises PlatformError with every mistake
    platform["flexspi"].registrations[0].address
"""

from .cache import load
from .check import check, output_name, unmodelled
from .errors import PlatformError, Problem
from .platform import (
    SYSBUS,
    Attribute,
    Dictionary,
    Entry,
    Enum,
    Interrupt,
    New,
    Place,
    Platform,
    Range,
    Reference,
    Registration,
    Statement,
    Tag,
    Value,
)
from .stock import STOCK

__all__ = [
    "STOCK",
    "SYSBUS",
    "Attribute",
    "Dictionary",
    "Entry",
    "Enum",
    "Interrupt",
    "New",
    "Place",
    "Platform",
    "PlatformError",
    "Problem",
    "Range",
    "Reference",
    "Registration",
    "Statement",
    "Tag",
    "Value",
    "check",
    "load",
    "output_name",
    "unmodelled",
]
