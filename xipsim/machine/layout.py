"""Where a board keeps things, told from its platform: the chip that it boots from, its image."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xipsim.errors import UserError
from xipsim.machine.persistence import Part
from xipsim.peripherals import FCB_ROMS, FLASH_CHIPS
from xipsim.peripherals.namedtuple import NamedTuple

if TYPE_CHECKING:
    from xipsim.engines.api import StrPath
    from xipsim.engines.repl import Entry, Platform
    from xipsim.firmware.boards import Board
    from xipsim.firmware.header import BootChip
    from xipsim.firmware.images import Image
    from xipsim.peripherals.nor.parts import Part as ChipPart

WINDOW = "window"
"""The region of a memory controller through which the core reads its chips."""
MEMORY = "Memory.MappedMemory"
FILE = "file"
"""The parameter of a model that keeps its contents in a file of its own."""
MOST_PADS = 8
"""Data lines that an FCB can ask for."""


class Home(NamedTuple):
    """Where an image can go. base: its address for the core."""

    part: Part
    base: int


def board_facts(platform: Platform) -> Board | None:
    """Those of the board of ours that this is, or that it uses; None for one of the user's own.

    A file elsewhere with the same name is not ours.
    """
    from xipsim import platforms
    from xipsim.firmware import boards

    folder = platforms.folder()
    known = boards.names()
    ours = (path.stem for path in map(Path, platform.files) if path.parent == folder)
    name = next((stem for stem in ours if stem in known), None)
    return boards.load(name) if name else None


def soc(platform: Platform) -> str:
    """The name of the SoC: of the file of ours that describes it; empty without one."""
    from xipsim import platforms

    folder = platforms.folder().with_name("soc")
    files = map(Path, platform.files)
    return next((path.stem.upper() for path in files if path.parent == folder), "")


def boot_chip(platform: Platform, own: tuple[StrPath, ...] = ()) -> Home | None:
    """The first flash chip, of ours or of the files `own` of the user's models; None without."""
    kinds = {*FLASH_CHIPS}
    if own:
        from xipsim.engines.usermodels import load_models
        from xipsim.peripherals.core import FlashChip

        registry = load_models((), own)
        kinds |= {name for name in registry if issubclass(registry[name], FlashChip)}
    entry = next((e for e in platform.entries if e.type in kinds), None)
    if entry is None:
        return None
    parent = entry.registrations[0].parent if entry.registrations else ""
    windows = platform[parent].registrations if parent in platform else ()
    base = next((r.address for r in windows if r.region == WINDOW and r.address is not None), None)
    if base is None:
        where = f"{entry.place.file}:{entry.place.line}: {entry.name} is on"
        if parent not in platform:
            raise UserError(f"{where} no controller")
        raise UserError(f"{where} {parent}, which has no region {WINDOW!r} on the bus")
    if entry.type in FLASH_CHIPS:
        part = Part(name=entry.name, size=chip_part(entry).size)
    else:
        part = _kept(entry, registry[entry.type])
    return Home(part=part, base=base)


def header_place(platform: Platform, chip: Home | None, home: Home) -> BootChip | None:
    """What boot headers in `home` have to fit; None where the boot ROM reads none there."""
    from xipsim.firmware.header import BootChip

    if home != chip or not any(e.type in FCB_ROMS for e in platform.entries):
        return None
    entry = platform[home.part.name]
    pads = chip_part(entry).lanes if entry.type in FLASH_CHIPS else MOST_PADS
    return BootChip(home.base, home.part.size, pads, fcb_offset=fcb_offset(platform))


def keepers(platform: Platform, own: tuple[StrPath, ...]) -> list[Part]:
    """What keeps its contents without power, of our models and of the files `own`."""
    return [part for _, part in _keepers(platform, platform.entries, own)]


def kept_files(platform: Platform, own: tuple[StrPath, ...]) -> dict[Part, Path]:
    """Keepers that name their file themselves, at a place beside the `.repl` that says so."""
    # Most boards have none, and so need no model to be looked at.
    entries = [e for e in platform.entries if e.get(FILE)]
    found = _keepers(platform, entries, own) if entries else ()
    return {part: _beside(entry) for entry, part in found}


def _beside(entry: Entry) -> Path:
    attribute = next(a for a in entry.attributes if a.name == FILE)
    return Path(attribute.place.file).parent / str(attribute.value)


def _keepers(
    platform: Platform, entries: Iterable[Entry], own: tuple[StrPath, ...]
) -> list[tuple[Entry, Part]]:
    from xipsim.engines.usermodels import load_models
    from xipsim.peripherals.core import Keeper

    registry = load_models((e.type for e in platform.entries), own)
    known = ((e, registry[e.type]) for e in entries if e.type in registry)
    return [(entry, _kept(entry, model)) for entry, model in known if issubclass(model, Keeper)]


def _kept(entry: Entry, model: Any) -> Part:
    """What an entry keeps whose model is a `Keeper`."""
    try:
        size = model.capacity({a.name: a.value for a in entry.attributes})
    except ValueError as error:
        raise _wrong_part(entry, error) from None
    return Part(name=entry.name, size=size, blank=model.BLANK)


def _wrong_part(entry: Entry, error: ValueError) -> UserError:
    named = ("part", "size")
    place = next((a.place for a in entry.attributes if a.name in named), entry.place)
    return UserError(f"{place.file}:{place.line}: {error}")


def fcb_offset(platform: Platform) -> int:
    """Where in flash the board's boot ROM looks for an FCB."""
    given = (e.get("fcb_offset") for e in platform.entries if e.type in FCB_ROMS)
    return next((offset for offset in given if isinstance(offset, int)), 0)


def chip_part(entry: Entry) -> ChipPart:
    """What the data sheet says of the chip that `entry` describes."""
    from xipsim.peripherals.nor.parts import find_part

    try:
        return find_part(str(entry.get("part")))
    except ValueError as error:
        raise _wrong_part(entry, error) from None


def image_home(
    platform: Platform, chip: Home | None, facts: Board | None, image: Image | None
) -> Home:
    """Where the image goes: the board's facts say it; a board without any tells by addresses."""
    memories = {home.part.name: home for home in _memories(platform)}
    if facts and facts.memory:
        if facts.memory not in memories:
            raise UserError(f"{platform.files[0]}: the board has no memory {facts.memory!r}")
        return memories[facts.memory]
    if facts is None and image and image.format != "bin":
        address = image.segments[0].address
        for home in memories.values():
            if home.base <= address < home.base + home.part.size:
                return home
    if chip is None:
        raise no_chip(platform)
    return chip


def no_chip(platform: Platform) -> UserError:
    """What is wrong with a board that would need a flash chip."""
    return UserError(f"{platform.files[0]}: the board has no flash chip ({FLASH_CHIPS[0]})")


def _memories(platform: Platform) -> list[Home]:
    homes = []
    for entry in platform.entries:
        base = next((r.address for r in entry.registrations), None)
        size = entry.get("size")
        if entry.type == MEMORY and base is not None and isinstance(size, int):
            homes.append(Home(part=Part(name=entry.name, size=size, address=base), base=base))
    return homes
