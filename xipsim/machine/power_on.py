"""What a machine holds at power-on: image, kept files, files for the firmware's file system."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from xipsim.engines.api import StrPath
from xipsim.engines.programs import ENGINES
from xipsim.errors import UserError
from xipsim.firmware.errors import FirmwareError
from xipsim.firmware.files import read_file
from xipsim.machine.configuration import (
    Files,
    Plan,
    Request,
    check_platform,
    load_platform,
    user_mistakes,
)
from xipsim.machine.layout import (
    Home,
    board_facts,
    boot_chip,
    fcb_offset,
    header_place,
    image_home,
    keepers,
    kept_files,
    no_chip,
)
from xipsim.machine.persistence import Part, PersistentFiles, make_folder
from xipsim.peripherals.namedtuple import NamedTuple
from xipsim.session.symbols import Symbols

if TYPE_CHECKING:
    from xipsim.engines.repl import Platform
    from xipsim.firmware.boards import Board
    from xipsim.firmware.header import BootChip
    from xipsim.firmware.images import Image

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


def power_on_contents(request: Request, made: Plan) -> PowerOnContents:
    """Read the files, and put together what chips and memories hold. Files to keep are locked."""
    with user_mistakes():
        platform = load_platform(made.config.platform)
        try:
            return _contents(request, made, platform)
        except (FirmwareError, UserError):
            # Where the platform is wrong, that is what is to be told.
            check_platform(platform, made.config.models)
            raise


def _contents(request: Request, made: Plan, platform: Platform) -> PowerOnContents:
    facts = board_facts(platform)
    chip = boot_chip(platform, made.config.models)
    put = _read_files(request.put)
    image = _given_image(request)
    symbols = Symbols(request.symbols) if request.symbols is not None else None
    home = image_home(platform, chip, facts, image)
    files = _files(request, made, platform, chip, home)
    files |= kept_files(platform, made.config.models)
    place = ""
    if image is None and not _holds(files.get(home.part, ""), home.part.blank):
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
            _program(image, home, held[home.part], fcb_offset(platform))
        _put_files(held, chip, put, facts)
        boots = header_place(platform, chip, home)
        warnings = (
            *_wrong_board(image, facts),
            *_not_done(platform, request.engine),
            *_warnings(held[home.part], boots),
        )
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


def _holds(file: StrPath, blank: int) -> bool:
    """Whether a chip was saved there.

    A first run that was killed leaves a file without a byte; in an erased chip is no firmware.
    """
    if not os.path.isfile(file):
        return False
    try:
        with open(file, "rb") as stream:
            while piece := stream.read(1 << 20):
                if piece.count(blank) < len(piece):
                    return True
    except OSError:
        return False
    return False


def _firmware(image: Image | None, place: str) -> Firmware | None:
    if image is None:
        return None
    return Firmware(path=Path(image.path), sha256=image.sha256, place=place)


# -- files that are kept -------------------------------------------------------------------------


def _files(
    request: Request, made: Plan, platform: Platform, chip: Home | None, home: Home
) -> dict[Part, StrPath]:
    """Which part is kept in which file."""
    if request.flash is not None and request.state is not None:
        raise UserError("a flash file and a folder for the whole state: give one of them")
    if request.flash is not None:
        if chip is None:
            raise no_chip(platform)
        return {chip.part: request.flash}
    if request.state is None:
        return {}
    parts = {part.name: part for part in keepers(platform, made.config.models)}
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
    from xipsim.firmware import catalogue

    found = catalogue.find(facts.name)
    return found.load(), found.place


def _program(image: Image, home: Home, data: bytearray, offset: int) -> None:
    from xipsim.firmware import images

    images.program(data, image.placed(home.base, home.part.size, fcb_offset=offset))


def _read_files(put: Files) -> dict[str, bytes]:
    """PowerOnContents by name in the file system: a mapping as it is, files by their own names."""
    if isinstance(put, Mapping):
        return {k: v.encode() if isinstance(v, str) else v for k, v in put.items()}
    files: dict[str, bytes] = {}
    for path in map(Path, put):
        if path.name in files:
            raise UserError(f"{path}: another file that is put on the board has the same name")
        try:
            files[path.name] = read_file(path)
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    return files


def _put_files(
    held: dict[Part, bytearray], chip: Home | None, files: dict[str, bytes], facts: Board | None
) -> None:
    if not files:
        return
    if facts is None or chip is None:
        raise UserError("where the file system of this board lies is not known: nothing can be put")
    if facts.filesystem.kind != "littlefs":
        raise UserError(
            f"nothing can be put on this board: its file system is {facts.filesystem.kind.upper()},"
            " not littlefs; let a script write the files (`exec`), or copy them over USB"
            " (`xipsim usb copy`)"
        )
    from xipsim.firmware.littlefs import put_file

    flash = held.setdefault(chip.part, bytearray())
    flash.extend(b"\xff" * (chip.part.size - len(flash)))
    for name, data in files.items():
        put_file(flash, facts.filesystem, name, data)


def _wrong_board(image: Image | None, facts: Board | None) -> Iterator[str]:
    """An image that names another board in its banner."""
    said = image and facts and _BANNER.search(b"\0".join(s.data for s in image.segments))
    if not (said and facts):
        return
    # CircuitPython writes the chip's name without its first letter.
    machine = said[1].decode().replace(" with IMXRT", " with MIMXRT")
    if machine == facts.machine:
        return
    from xipsim.firmware import boards

    known = [name for name in boards.names() if boards.load(name).machine == machine]
    other = f"give {known[0]} as the board, or another image" if known else "give another image"
    yield f"this image says that it is for {machine}, and {facts.name} is {facts.machine}: {other}"


def _not_done(platform: Platform, engine: str) -> Iterator[str]:
    """Commands of the board's files that only Renode runs."""
    commands = platform.commands if engine == ENGINES[0] else ()
    for text, place in commands[:1]:
        more = f" (and {len(commands) - 1} more)" if len(commands) > 1 else ""
        yield (
            f"{place.file}:{place.line}: `{text}` is a command of Renode's monitor{more}: it does "
            "nothing here"
        )


def _warnings(contents: bytearray, chip: BootChip | None) -> tuple[str, ...]:
    """What a boot ROM that reads headers there will not like."""
    if chip is None:
        return ()
    from xipsim.firmware import header

    return tuple(header.check_fits(header.describe(contents, chip), chip))
