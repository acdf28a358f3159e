"""Renode platform descriptions (`.repl`): read, put together, checked against the models.

::

    from xipsim.engines.repl.cache import load
    from xipsim.engines.repl.check import check

    platform = load("platforms/boards/TEENSY41.repl")
    check(platform)                  # raises PlatformError with every mistake
    platform["flexspi"].registrations[0].address

What is here needs neither the parser nor the models.
"""

from .errors import PlatformError
from .platform import (
    Attribute,
    Dictionary,
    Entry,
    Enum,
    New,
    Place,
    Platform,
    Range,
    Reference,
    Registration,
    Tag,
)

__all__ = [
    "Attribute",
    "Dictionary",
    "Entry",
    "Enum",
    "New",
    "Place",
    "Platform",
    "PlatformError",
    "Range",
    "Reference",
    "Registration",
    "Tag",
]
