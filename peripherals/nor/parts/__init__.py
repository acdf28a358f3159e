"""The flash parts: one file of rows per maker in this folder. Every `Part` in it counts."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module

from .row import EraseUnit, Part

__all__ = ["EraseUnit", "Part", "find_part", "part_names"]


def find_part(name: str) -> Part:
    """The part called `name`, in any case; ValueError with the nearest name if there is none."""
    part = _parts().get(name.upper())
    if part is None:
        raise ValueError(f"unknown flash part {name!r}{_hint(name)}")
    return part


def _hint(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name.upper(), _parts(), n=1, cutoff=0.4)
    return f"; did you mean {near[0]}?" if near else ""


def part_names() -> list[str]:
    """Names of all parts, without their aliases, sorted."""
    return sorted({part.name for part in _parts().values()})


@cache
def _parts() -> dict[str, Part]:
    """All parts by name and alias, in capital letters."""
    parts: dict[str, Part] = {}
    for entry in sorted(os.listdir(os.path.dirname(__file__))):
        module, _, suffix = entry.partition(".")
        if suffix != "py" or module in ("__init__", "row"):
            continue
        for part in vars(import_module(f".{module}", __name__)).values():
            if isinstance(part, Part):
                for name in (part.name, *part.aliases):
                    if parts.setdefault(name.upper(), part) is not part:
                        raise ValueError(f"{entry}: two parts are called {name}")
    return parts
