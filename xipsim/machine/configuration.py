"""From what a user asks for to a machine's configuration; what it holds: `power_on`.

Whatever the user got wrong is a UserError from here on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from xipsim.engines.api import ConfigurationError, EngineError, MachineConfig, StrPath
from xipsim.engines.programs import ENGINES
from xipsim.errors import UserError, XipsimError
from xipsim.peripherals.namedtuple import NamedTuple
from xipsim.session.engine_access import failed

if TYPE_CHECKING:
    from xipsim.engines.repl import Platform

Files = Iterable[StrPath] | Mapping[str, str | bytes]
_Name = TypeVar("_Name", bound=StrPath)


def several(given: Iterable[_Name] | _Name) -> tuple[_Name, ...]:
    """What was given where several are expected; a single one is what it is, not its letters."""
    if isinstance(given, (str, os.PathLike)):
        return (given,)
    return tuple(given)


class Request(NamedTuple):
    """What a user asks for; see `Machine`."""

    board: str
    firmware: StrPath | None = None
    flash: StrPath | None = None
    state: StrPath | None = None
    discard: bool = False
    put: Files = ()
    rtc: str = ""
    seed: int = 0
    uid: str = ""
    ahb: str = ""
    stalls: bool = True
    strict: bool = False
    engine: str = ENGINES[0]
    qemu: StrPath | None = None
    gdb: int | None = None
    gdb_wait: bool = False
    models: Iterable[StrPath] = ()
    symbols: StrPath | None = None
    wires: Iterable[str] = ()


class Plan(NamedTuple):
    """A machine ready to be started. rtc: the date and time that `now` became."""

    config: MachineConfig
    rtc: str


def plan(request: Request) -> Plan:
    """Find the board: as little as an engine needs to start."""
    with user_mistakes():
        if request.qemu is not None and request.engine != ENGINES[0]:
            raise UserError(
                f"{request.qemu} is given as the QEMU to use, but the engine is {request.engine}"
            )
        if request.gdb is not None and not 0 < request.gdb < 0x10000:
            raise UserError(f"{request.gdb} is no TCP port for gdb")
        if request.gdb_wait and request.gdb is None:
            raise UserError("gdb_wait (--gdb-wait) needs a port for gdb: there is none to wait for")
        path = find_board(request.board)
        rtc = _checked_rtc(request.rtc)
        models = tuple(Path(model) for model in request.models)
        config = MachineConfig(
            platform=path,
            models=models,
            overrides=_overrides(path, models, rtc=rtc, uid=request.uid, ahb=request.ahb),
            wires=_wires(path, request.wires),
            seed=request.seed,
            stalls=request.stalls,
            strict=request.strict,
            gdb_port=request.gdb,
            gdb_wait=request.gdb_wait,
            engine=request.engine,
            program=Path(request.qemu) if request.qemu else None,
        )
        return Plan(config=config, rtc=rtc)


def find_board(board: str) -> Path:
    """The `.repl` of a board, by its name or its path. UserError, also for an image instead."""
    from xipsim import platforms

    with user_mistakes():
        refuse_image(board)
        return platforms.find(board)


def refuse_image(board: str) -> None:
    """UserError for an image in the place of a board."""
    if board.endswith(".repl") or not os.path.isfile(board):
        return
    from xipsim.firmware import boards, catalogue
    from xipsim.firmware.errors import FirmwareError

    try:
        name = catalogue.info(board)[1].board
    except FirmwareError:
        return  # A description by another name, or nothing that is known here.
    which = f"{name}, by what the image says" if name else f"one of {', '.join(boards.names())}"
    raise UserError(f"{board} is an image: the board comes before it ({which})")


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


def explain(error: ConfigurationError | EngineError, config: MachineConfig) -> XipsimError:
    """The error of an engine that did not start: the machine's, the board's, or ours."""
    from xipsim.engines import programs

    if isinstance(error, ConfigurationError):
        return UserError(str(error))
    try:
        programs.find(config.engine, config.program).check()
    except EngineError as missing:
        return UserError(str(missing))
    assert isinstance(error, EngineError)
    return failed(error, config.models)


def _is_users(error: Exception) -> bool:
    from xipsim.engines.repl import PlatformError
    from xipsim.engines.usermodels import UserModelError
    from xipsim.firmware.errors import FirmwareError
    from xipsim.platforms import UnknownBoard

    return isinstance(error, (FirmwareError, PlatformError, UnknownBoard, UserModelError))


def load_platform(path: StrPath) -> Platform:
    """The platform that a `.repl` describes."""
    from xipsim.engines.repl.cache import load

    return load(path)


def check_platform(platform: Platform, models: Iterable[StrPath]) -> None:
    """UserError with everything that is wrong with it."""
    from xipsim.engines.repl.check import check
    from xipsim.engines.usermodels import load_models

    with user_mistakes():
        check(platform, load_models((e.type for e in platform.entries), models))


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


def _wires(path: Path, texts: Iterable[str]) -> tuple[tuple[str, int, str, int], ...]:
    """Where pins are to be wired together; most machines need not look."""
    wanted = tuple(texts)
    if not wanted:
        return ()
    from xipsim.machine.wires import wires_of

    return wires_of(wanted, load_platform(path))


def _overrides(path: Path, models: tuple[Path, ...], **values: str) -> dict[str, dict[str, Any]]:
    """Parameters that are called like an option and were given a value; of all but flash chips."""
    given = {name: value for name, value in values.items() if value}
    if not given:
        return {}
    from xipsim.engines.usermodels import load_models
    from xipsim.peripherals.core import FlashChip, Parameter

    platform = load_platform(path)
    registry = load_models((e.type for e in platform.entries), models)
    overrides: dict[str, dict[str, Any]] = {}
    for entry in platform.entries:
        if entry.type in registry and not issubclass(registry[entry.type], FlashChip):
            names = {p.name for p in registry[entry.type].declared(Parameter)} & given.keys()
            if names:
                overrides[entry.name] = {name: given[name] for name in sorted(names)}
    for name in given:
        if not any(name in parameters for parameters in overrides.values()):
            raise UserError(f"nothing on this board takes {name!r}")
    return overrides
