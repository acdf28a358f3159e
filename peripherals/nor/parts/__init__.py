"""The data rows of flash parts: one TOML file per maker in this folder, loaded when asked for.

A row may say `like = "OTHER"` (in the same file): it then holds what differs from that row.
Numbers in the rows are bytes and nanoseconds; times are `[typical, maximum]`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple


class EraseUnit(NamedTuple):
    """One size of erase: the commands that do it, and how long it takes."""

    name: str
    size: int
    time: str
    """Key of the part's times."""
    opcodes: tuple[int, ...]
    opcodes4: tuple[int, ...] = ()
    """Those that always take a 4-byte address."""


class Part(NamedTuple):
    """Everything that a data sheet says about one part number, as far as the model uses it."""

    name: str
    aliases: tuple[str, ...]
    maker: str
    family: str
    """Which class of `makers/` knows its commands and registers."""
    lanes: int
    """Data lines."""
    id: bytes
    """Answer to 9Fh."""
    device_id: int
    """Answer to ABh, and the second byte of 90h."""
    size: int
    page: int
    qe: int
    """Factory value of the quad enable bit."""
    endurance: int
    """Erase cycles that each sector is specified for."""
    uid_length: int
    erase: tuple[EraseUnit, ...]
    times: dict[str, tuple[int, int]]
    sfdp: bytes
    """The SFDP space from address 0; what lies beyond reads FFh. Empty: none, or not known."""
    options: dict[str, Any]
    """What only this family asks for; see its class in `makers/`."""


@cache
def find_part(name: str) -> Part:
    """The part called `name`, in any case; ValueError with the nearest name if there is none."""
    for _, text in _files():
        if name.upper() in text.upper():  # reading them all would take most of a chip's start
            for part in _parts_of(tomllib.loads(text)):
                if name.upper() in map(str.upper, (part.name, *part.aliases)):
                    return part
    raise ValueError(f"unknown flash part {name!r}{_hint(name)}")


def _hint(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name.upper(), _all_parts(), n=1, cutoff=0.4)
    return f"; did you mean {near[0]}?" if near else ""


def part_names() -> list[str]:
    """Names of all parts, without their aliases, sorted."""
    return sorted({part.name for part in _all_parts().values()})


def _files() -> Iterator[tuple[str, str]]:
    """Names and texts."""
    folder = os.path.dirname(__file__)
    for name in sorted(os.listdir(folder)):
        if name.endswith(".toml"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                yield name, file.read()


def _all_parts() -> dict[str, Part]:
    parts: dict[str, Part] = {}
    for file, text in _files():
        for part in _parts_of(tomllib.loads(text)):
            for name in (part.name, *part.aliases):
                if parts.setdefault(name.upper(), part) is not part:
                    raise ValueError(f"{file}: two parts are called {name}")
    return parts


def _parts_of(document: dict[str, Any]) -> list[Part]:
    rows: dict[str, dict[str, Any]] = {}
    parts = []
    for given in document["part"]:
        row = _merged(rows.get(given.get("like", ""), document["defaults"]), given)
        row["aliases"] = given.get("aliases", [])
        rows[row["name"]] = row
        parts.append(_part(row))
    return parts


def _merged(base: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    merged = base | given
    for key, value in base.items():
        if isinstance(value, dict) and key in given:
            merged[key] = value | given[key]
    return merged


def _part(row: dict[str, Any]) -> Part:
    return Part(
        name=row["name"],
        aliases=tuple(row["aliases"]),
        maker=row["maker"],
        family=row["family"],
        lanes=row["lanes"],
        id=bytes.fromhex(row["id"]),
        device_id=row["device_id"],
        size=row["size"],
        page=row["page"],
        qe=row["qe"],
        endurance=row["endurance"],
        uid_length=row["uid_length"],
        erase=tuple(_erase_unit(unit) for unit in row["erase"]),
        times={key: (typical, maximum) for key, (typical, maximum) in row["times"].items()},
        sfdp=_space(row["sfdp"]),
        options=row["options"],
    )


def _erase_unit(unit: dict[str, Any]) -> EraseUnit:
    return EraseUnit(
        name=unit["name"],
        size=unit["size"],
        opcodes=tuple(unit["opcodes"]),
        opcodes4=tuple(unit.get("opcodes4", ())),
        time=unit["time"],
    )


def _space(pieces: dict[str, str]) -> bytes:
    """The SFDP space of `{"address": "hex bytes"}`."""
    space = bytearray()
    for address, text in pieces.items():
        at, data = int(address, 16), bytes.fromhex(text)
        space.extend(b"\xff" * (at + len(data) - len(space)))
        space[at : at + len(data)] = data
    return bytes(space)
