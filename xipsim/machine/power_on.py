"""What a machine holds at power-on: image, kept files, files for the firmware's file system."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from xipsim.engines.api import StrPath
from xipsim.errors import UserError
from xipsim.machine.configuration import Files, Plan, Request, load_platform, user_mistakes
from xipsim.machine.persistence import Part, PersistentFiles, make_folder
from xipsim.session.symbols import Symbols

if TYPE_CHECKING:
    from xipsim.engines.repl import Entry, Platform
    from xipsim.firmware.boards import Board
    from xipsim.firmware.images import Image

CHIP = "Nor.Chip"
WINDOW = "window"
"""The region of a memory controller through which the core reads its chips."""
MEMORY = "Memory.MappedMemory"
# MICROPY_BANNER_NAME_AND_VERSION; MICROPY_BANNER_MACHINE: name and date, `; `, board ` with ` MCU.
_BANNER = re.compile(rb" on \d{4}-\d\d-\d\d; ([\x20-\x7e]+ with [\x20-\x7e]+)")


class Firmware(NamedTuple):
    """The image that was programmed. place: where it was found, in words; empty if it was given."""

    path: Path
    sha256: str
    place: str


class PowerOnContents(NamedTuple):
    """What the machine holds at power-on.

    chip: the entry of the flash chip, the first of several; empty on a board without one. given:
    contents by entry; what is blank, at the end or as a whole, is left out. persistent: the files
    that outlive the machine. facts: what is known of the board's images; None for a board of the
    user's own.
    """

    chip: str
    given: dict[str, bytes]
    persistent: PersistentFiles
    facts: Board | None
    firmware: Firmware | None
    symbols: Symbols | None
    warnings: tuple[str, ...]


class _Home(NamedTuple):
    """Where images go. base: its address for the core."""

    part: Part
    base: int


def power_on_contents(request: Request, made: Plan) -> PowerOnContents:
    """Read the files, and put together what chips and memories hold. Files to keep are locked."""
    with user_mistakes():
        platform = load_platform(made.config.platform)
        facts = _facts(platform)
        is_ours = facts is not None and Path(made.config.platform).stem == facts.name
        chip = _boot_chip(platform, facts if is_ours else None, made.config.models)
        put = _read_files(request.put)
        image = _given_image(request)
        symbols = Symbols(request.symbols) if request.symbols is not None else None
        home = _home(platform, chip, facts, image)
        files = _files(request, made, platform, chip, home)
        place = ""
        if image is None and not os.path.exists(files.get(home.part, "")):
            image, place = _found_image(request, facts)
        if symbols is None and image and image.format == "elf":
            symbols = Symbols(image.path)
        if request.state is not None and not request.discard:
            make_folder(request.state)
        persistent = PersistentFiles(discard=request.discard)
        try:
            held = {part: persistent.open(part, file) for part, file in files.items()}
            held.setdefault(home.part, bytearray())
            if image:
                _program(image, home, held[home.part], facts)
            _put_files(held, chip, put, facts)
            warnings = (*_wrong_board(image, facts), *_warnings(held[home.part], facts))
        except BaseException:
            persistent.close()
            raise
    return PowerOnContents(
        chip=chip.part.name if chip else "",
        given={part.name: bytes(data) for part, data in held.items() if _matters(part, data)},
        persistent=persistent,
        facts=facts,
        firmware=_firmware(image, place),
        symbols=symbols,
        warnings=warnings,
    )


def _matters(part: Part, data: bytearray) -> bool:
    """A chip that is not named is blank; a memory that is not named keeps nothing."""
    return part.address is not None or data.count(part.blank) < len(data)


def _firmware(image: Image | None, place: str) -> Firmware | None:
    if image is None:
        return None
    return Firmware(path=Path(image.path), sha256=image.sha256, place=place)


# -- the board -----------------------------------------------------------------------------------


def _facts(platform: Platform) -> Board | None:
    """Those of the board, or of the one that a user's own board is built on."""
    from xipsim.firmware import boards

    known = boards.names()
    stems = (Path(file).stem for file in platform.files)
    name = next((stem for stem in stems if stem in known), None)
    return boards.load(name) if name else None


def _boot_chip(
    platform: Platform, facts: Board | None, own: tuple[StrPath, ...]
) -> _Home | None:
    """The first flash chip. facts: of exactly this board; they spare the models. own: see
    `_chip_entry`."""
    entry = _chip_entry(platform, own)
    if entry is None:
        return None
    parent = entry.registrations[0].parent if entry.registrations else ""
    windows = platform[parent].registrations if parent in platform else ()
    base = next((r.address for r in windows if r.region == WINDOW and r.address is not None), None)
    if base is None:
        raise UserError(f"{entry.place.file}:{entry.place.line}: {entry.name} is on no controller")
    if facts:
        part = Part(name=entry.name, size=facts.flash.size)
    else:
        from xipsim.engines.usermodels import load_models

        part = _kept(entry, load_models([entry.type], own)[entry.type])
    return _Home(part=part, base=base)


def _chip_entry(platform: Platform, own: tuple[StrPath, ...]) -> Entry | None:
    """The first entry that is a flash chip, of ours or of the files `own` of the user's models.

    Ours are known by their type: asking the models for their roles would import them all here, in
    each start.
    """
    kinds = {CHIP}
    if own:
        from xipsim.engines.usermodels import load_models
        from xipsim.peripherals.core import FlashChip

        registry = load_models((), own)
        kinds |= {name for name in registry if issubclass(registry[name], FlashChip)}
    return next((e for e in platform.entries if e.type in kinds), None)


def _keepers(platform: Platform, own: tuple[StrPath, ...]) -> list[Part]:
    """The models that keep their contents without power."""
    from xipsim.engines.usermodels import load_models
    from xipsim.peripherals.core import Keeper

    registry = load_models((e.type for e in platform.entries), own)
    entries = [e for e in platform.entries if e.type in registry]
    return [_kept(e, registry[e.type]) for e in entries if issubclass(registry[e.type], Keeper)]


def _kept(entry: Entry, model: Any) -> Part:
    """What an entry keeps whose model is a `Keeper`."""
    try:
        size = model.capacity({a.name: a.value for a in entry.attributes})
        return Part(name=entry.name, size=size, blank=model.BLANK)
    except ValueError as error:
        place = next((a.place for a in entry.attributes if a.name == "part"), entry.place)
        raise UserError(f"{place.file}:{place.line}: {error}") from None


def _home(
    platform: Platform, chip: _Home | None, facts: Board | None, image: Image | None
) -> _Home:
    """Where the image goes: the board's facts say it; a board without any tells by addresses."""
    if facts and facts.memory:
        return _memory(facts.memory.name, facts.memory.base, facts.memory.size)
    if facts is None and image and image.format != "bin":
        address = image.segments[0].address
        for entry in (e for e in platform.entries if e.type == MEMORY):
            base = next((r.address for r in entry.registrations), None)
            size = entry.get("size")
            if base is not None and isinstance(size, int) and base <= address < base + size:
                return _memory(entry.name, base, size)
    if chip is None:
        raise UserError(f"{platform.files[0]}: the board has no flash chip ({CHIP})")
    return chip


def _memory(name: str, base: int, size: int) -> _Home:
    return _Home(part=Part(name=name, size=size, address=base), base=base)


# -- files that are kept -------------------------------------------------------------------------


def _files(
    request: Request, made: Plan, platform: Platform, chip: _Home | None, home: _Home
) -> dict[Part, StrPath]:
    """Which part is kept in which file."""
    if request.flash is not None and request.state is not None:
        raise UserError("a flash file and a folder for the whole state: give one of them")
    if request.flash is not None:
        if chip is None:
            raise UserError(f"{platform.files[0]}: the board has no flash chip ({CHIP})")
        return {chip.part: request.flash}
    if request.state is None:
        return {}
    parts = {part.name: part for part in _keepers(platform, made.config.models)}
    parts |= {place.part.name: place.part for place in (chip, home) if place}
    return {part: Path(request.state, f"{part.name}.bin") for part in parts.values()}


# -- the image, and files for the file system ----------------------------------------------------


def _given_image(request: Request) -> Image | None:
    from xipsim.firmware import images

    return None if request.firmware is None else images.load(request.firmware)


def _found_image(request: Request, facts: Board | None) -> tuple[Image, str]:
    """The image for the board, and the place where it was found."""
    if facts is None:
        raise UserError(f"{request.board} is a board of your own: name the image that it runs")
    from xipsim.firmware import catalogue, images

    found = catalogue.find(facts.name)
    return images.load(found.path), found.place


def _program(image: Image, home: _Home, data: bytearray, facts: Board | None) -> None:
    from xipsim.firmware import images

    fcb_offset = facts.flash.fcb_offset if facts else 0
    images.program(data, image.placed(home.base, home.part.size, fcb_offset=fcb_offset))


def _read_files(put: Files) -> dict[str, bytes]:
    """PowerOnContents by name in the file system: a mapping as it is, files by their own names."""
    if isinstance(put, Mapping):
        return {k: v.encode() if isinstance(v, str) else v for k, v in put.items()}
    if isinstance(put, str):
        put = [put]
    files = {}
    for path in map(Path, put):
        try:
            files[path.name] = path.read_bytes()
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    return files


def _put_files(
    held: dict[Part, bytearray], chip: _Home | None, files: dict[str, bytes], facts: Board | None
) -> None:
    if not files:
        return
    if facts is None or chip is None:
        raise UserError("where the file system of this board lies is not known: nothing can be put")
    if facts.filesystem.kind != "littlefs":
        raise UserError(
            f"nothing can be put on this board: its file system is {facts.filesystem.kind.upper()},"
            " not littlefs; let a script write the files (`exec`)"
        )
    from xipsim.firmware.littlefs import put_file

    flash = held.setdefault(chip.part, bytearray())
    flash.extend(b"\xff" * (chip.part.size - len(flash)))
    for name, data in files.items():
        put_file(flash, facts.filesystem, name, data)


def _wrong_board(image: Image | None, facts: Board | None) -> Iterator[str]:
    """An image that names another board in its banner."""
    said = image and facts and _BANNER.search(b"\0".join(s.data for s in image.segments))
    if not (said and facts) or (machine := said[1].decode()) == facts.machine:
        return
    from xipsim.firmware import boards

    known = [name for name in boards.names() if boards.load(name).machine == machine]
    cure = f"give {known[0]} as the board" if known else "no board here is that one"
    yield (
        f"this image says that it is for a {machine}, and {facts.name} is a {facts.machine}: "
        f"{cure}, or give another image"
    )


def _warnings(contents: bytearray, facts: Board | None) -> tuple[str, ...]:
    """Of images for an i.MX RT: what its boot ROM will not like."""
    if facts is None or facts.memory:
        return ()
    from xipsim.firmware import header

    return tuple(header.check_fits(header.describe(contents, facts.flash), facts.flash))
