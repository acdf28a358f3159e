"""From what a user asks for to a machine's configuration: board, image, flash file, files.

Whatever the user got wrong is a UserError from here on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xipsim.engines.api import EngineError, MachineConfig
from xipsim.errors import EngineFailed, UserError, XipsimError

if TYPE_CHECKING:
    from xipsim.engines.repl import Platform
    from xipsim.firmware.boards import Board
    from xipsim.firmware.images import Image
    from xipsim.firmware.store import FlashFile

CHIP = "Nor.Chip"
WINDOW = "window"
"""The region of a memory controller through which the core reads its chips."""

StrPath = str | os.PathLike[str]
Files = Iterable[StrPath] | Mapping[str, str | bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a user asks for; see `Machine`."""

    board: str
    firmware: StrPath | None
    flash: StrPath | None
    discard: bool
    put: Files
    rtc: str
    seed: int
    uid: str
    stalls: bool
    strict: bool
    qemu: StrPath | None
    gdb: int | None
    models: Iterable[StrPath]


@dataclass(frozen=True, slots=True, kw_only=True)
class Firmware:
    """The image that was programmed. place: where it was found, in words; empty if it was given."""

    path: Path
    sha256: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A machine ready to be started. rtc: the date and time that `now` became."""

    config: MachineConfig
    rtc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What the machine's flash holds at power-on.

    chip: the entry of the chip that the board boots from. file: where it is kept, locked, or None.
    facts: what is known of the board's images; None for a board of the user's own.
    """

    chip: str
    data: bytes
    file: FlashFile | None
    facts: Board | None
    firmware: Firmware | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chip:
    name: str
    base: int
    size: int


def plan(request: Request) -> Plan:
    """Find the board: as little as an engine needs to start."""
    with user_mistakes():
        from xipsim import platforms

        path = platforms.find(request.board)
        rtc = _checked_rtc(request.rtc)
        models = tuple(Path(model) for model in request.models)
        config = MachineConfig(
            platform=path,
            models=models,
            overrides=_overrides(path, models, rtc=rtc, uid=request.uid),
            seed=request.seed,
            stalls=request.stalls,
            strict=request.strict,
            gdb_port=request.gdb,
            qemu=Path(request.qemu) if request.qemu else None,
        )
        return Plan(config=config, rtc=rtc)


def load_contents(request: Request, made: Plan) -> Contents:
    """Read the files, and put the flash chip's contents together. The flash file is locked."""
    with user_mistakes():
        platform = _load(made.config.platform)
        facts = _facts(platform)
        is_ours = facts is not None and made.config.platform.stem == facts.name
        chip = _boot_chip(platform, facts if is_ours else None)
        put = _read_files(request.put)
        image, place = _image(request, facts)
        fcb_offset = facts.flash.fcb_offset if facts else 0
        pieces = image.placed(chip.base, chip.size, fcb_offset=fcb_offset) if image else []
        file = _open_file(request, chip)
        try:
            data = file.contents if file else bytearray(b"\xff") * chip.size
            for offset, piece in pieces:
                data[offset : offset + len(piece)] = piece
            _put_files(data, put, facts)
            warnings = _warnings(data, facts)
        except BaseException:
            if file:
                file.close()
            raise
    return Contents(
        chip=chip.name,
        data=bytes(data),
        file=file,
        facts=facts,
        firmware=_firmware(image, place),
        warnings=warnings,
    )


def _firmware(image: Image | None, place: str) -> Firmware | None:
    if image is None:
        return None
    return Firmware(path=Path(image.path), sha256=image.sha256, place=place)


@contextmanager
def user_mistakes() -> Iterator[None]:
    """Turn what the rooms below say about the user's input into UserError."""
    try:
        yield
    except (XipsimError, KeyboardInterrupt):
        raise
    except Exception as error:
        if _is_users(error):
            raise UserError(str(error)) from error
        raise


def explain(error: EngineError, config: MachineConfig) -> XipsimError:
    """The error of an engine that did not start: the machine's, the board's, or ours.

    Only now the platform is checked here, too: the engine has done it where the models are.
    """
    from xipsim.engines.qemu.engine import check_host
    from xipsim.engines.repl import check
    from xipsim.engines.usermodels import load_models

    try:
        check_host(config.qemu)
    except EngineError as missing:
        return UserError(str(missing))
    try:
        platform = _load(config.platform)
        check(platform, load_models((e.type for e in platform.entries), config.models))
    except Exception as mistake:
        if _is_users(mistake):
            return UserError(str(mistake))
    text = str(error)
    # A model's constructor refuses a value that the user gave, in the `.repl` or as an option.
    is_value = text.startswith("ValueError: ")
    return UserError(text.removeprefix("ValueError: ")) if is_value else EngineFailed(text)


def _is_users(error: Exception) -> bool:
    from xipsim.engines.repl import PlatformError
    from xipsim.engines.usermodels import UserModelError
    from xipsim.firmware.errors import FirmwareError
    from xipsim.platforms import UnknownBoard

    return isinstance(error, (FirmwareError, PlatformError, UnknownBoard, UserModelError))


def _load(path: Path) -> Platform:
    from xipsim.engines.repl.cache import load

    return load(path)


def _facts(platform: Platform) -> Board | None:
    """Those of the board, or of the one that a user's own board is built on."""
    from xipsim.firmware import boards

    known = boards.names()
    stems = (Path(file).stem for file in platform.files)
    name = next((stem for stem in stems if stem in known), None)
    return boards.load(name) if name else None


def _boot_chip(platform: Platform, facts: Board | None) -> _Chip:
    """The chip that the image goes into. facts: of exactly this board; they spare the parts."""
    entry = next((e for e in platform.entries if e.type == CHIP), None)
    if entry is None:
        raise UserError(f"{platform.files[0]}: the board has no flash chip ({CHIP})")
    parent = entry.registrations[0].parent if entry.registrations else ""
    windows = platform[parent].registrations if parent in platform else ()
    base = next((r.address for r in windows if r.region == WINDOW and r.address is not None), None)
    if base is None:
        raise UserError(f"{entry.place.file}:{entry.place.line}: {entry.name} is on no controller")
    if facts:
        return _Chip(name=entry.name, base=base, size=facts.flash.size)
    from xipsim.peripherals.nor.parts import find_part

    try:
        return _Chip(name=entry.name, base=base, size=find_part(str(entry.get("part"))).size)
    except ValueError as error:
        raise UserError(f"{entry.place.file}:{entry.place.line}: {error}") from None


def _checked_rtc(rtc: str) -> str:
    if not rtc:
        return ""
    from datetime import datetime

    try:
        moment = datetime.now() if rtc == "now" else datetime.fromisoformat(rtc)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise UserError(
            f"{rtc!r} is no time for the clock: expected 'now', or a date and time without an "
            "offset, such as 2024-02-29T12:00:00"
        )
    return moment.isoformat(timespec="seconds")


def _overrides(path: Path, models: tuple[Path, ...], **values: str) -> dict[str, dict[str, Any]]:
    """Parameters that are called like an option and were given a value; of all but flash chips."""
    given = {name: value for name, value in values.items() if value}
    if not given:
        return {}
    from xipsim.engines.usermodels import load_models
    from xipsim.peripherals.core import Parameter

    platform = _load(path)
    registry = load_models((e.type for e in platform.entries), models)
    overrides: dict[str, dict[str, Any]] = {}
    for entry in platform.entries:
        if entry.type in registry and entry.type != CHIP:
            names = {p.name for p in registry[entry.type].declared(Parameter)} & given.keys()
            if names:
                overrides[entry.name] = {name: given[name] for name in sorted(names)}
    for name in given:
        if not any(name in parameters for parameters in overrides.values()):
            raise UserError(f"nothing on this board takes {name!r}")
    return overrides


# -- files ---------------------------------------------------------------------------------------


def _image(request: Request, facts: Board | None) -> tuple[Image | None, str]:
    """The image given, else what the flash file holds, else the one found for the board."""
    from xipsim.firmware import images

    if request.firmware is not None:
        return images.load(request.firmware), ""
    if request.flash is not None and os.path.exists(request.flash):
        return None, ""
    if facts is None:
        raise UserError(f"{request.board} is a board of your own: name the image that it runs")
    from xipsim.firmware import catalogue

    found = catalogue.find(facts.name)
    return images.load(found.path), found.place


def _open_file(request: Request, chip: _Chip) -> FlashFile | None:
    if request.flash is None:
        return None
    from xipsim.firmware.store import FlashFile

    return FlashFile(request.flash, chip.size, discard=request.discard)


def _read_files(put: Files) -> dict[str, bytes]:
    """Contents by name in the file system: a mapping as it is, files by their own names."""
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


def _put_files(contents: bytearray, files: dict[str, bytes], facts: Board | None) -> None:
    if not files:
        return
    if facts is None:
        raise UserError("where the file system of this board lies is not known: nothing can be put")
    from xipsim.firmware.littlefs import put_file

    for name, data in files.items():
        put_file(contents, facts.filesystem, name, data)


def _warnings(contents: bytearray, facts: Board | None) -> tuple[str, ...]:
    if facts is None:
        return ()
    from xipsim.firmware import header

    return tuple(header.check_fits(header.describe(contents, facts.flash), facts.flash))
