"""Renode platform descriptions (`.repl`): read, put together, checked against the models.

::

    from xipsim.engines.repl.cache import load
    from xipsim.engines.repl.check import check

    platform = load("platforms/boards/TEENSY41.repl")
    check(platform)                  # raises PlatformError with every mistake
    platform["flexspi"].registrations[0].address

What is here needs neither the parser nor the models.
"""

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

__all__ = [
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
]
