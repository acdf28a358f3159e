"""Boards of which models are dormant are what the same boards are with every model made."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from candidates import BOARD
from scripted.backend import ScriptedBackend

from xipsim import platforms
from xipsim.engines.api import MachineConfig
from xipsim.engines.guest.dormant import NONE, Dormant, find_dormant
from xipsim.engines.guest.snapshotfile import SnapshotFile
from xipsim.engines.guest.start import build
from xipsim.engines.guest.supervisor import Supervisor
from xipsim.engines.repl.cache import load
from xipsim.peripherals.core import Console, Model, Peripheral, PinPort, ResetCause

BOARDS = ["TEENSY40", "TEENSY41", "ALIF_ENSEMBLE"]
OWN = str(BOARD / "board.repl")
ROUNDS = 400


def save(model: Model) -> dict[str, Any]:
    return model.save()


def made(board: str, boot: SnapshotFile | None = None) -> Supervisor:
    """The board, on the scripted engine, in this process, behind a reset."""
    path, models = platforms.find(board), (BOARD / "models.py",) if board == OWN else ()
    server: Any = SimpleNamespace(tell=lambda kind, value: None)
    config = MachineConfig(path, models=models)
    guest = build(server, ScriptedBackend(), config, load(path), {}, boot)
    if not boot:
        guest.power.begin_reset(ResetCause.POWER_ON)
    return guest


def used(guest: Supervisor, seed: int) -> Supervisor:
    """Some registers were written, as a firmware might have."""
    chance = random.Random(seed)
    quiet = [m for m in guest.board.models.values() if is_on_bus(m)]
    for _ in range(ROUNDS):
        model = chance.choice(quiet)
        register = chance.choice(list(type(model).registers()))
        model.write(register.offset, chance.getrandbits(register.width), register.width // 8)
    return guest


def is_on_bus(model: Model) -> bool:
    return isinstance(model, Peripheral) and bool(list(type(model).registers()))


def state(guest: Supervisor) -> dict[str, Any]:
    return {"models": guest.board.models.save(save), "host": guest.host.save()}


def asleep(board: str, guest: Supervisor) -> Supervisor:
    """Another one, put back to what `guest` is, with as much dormant as can be."""
    now = state(guest)
    board_, described = guest.board, {"consoles": {}}
    dormant = find_dormant(board_.entries, board_.models, now, described)
    if board == OWN:  # a user's models: such a machine has nothing dormant in earnest
        dormant = dormant._replace(modules=[])
    boot = SnapshotFile("", {}, {}, b"", Dormant(*tuple(dormant)))
    other = made(board, boot)
    assert other.board.models.dormant == dormant != NONE
    other.board.models.load(now["models"])
    other.board.settle()
    other.host.load(now["host"])
    return other


def levels(guest: Supervisor) -> list[bool]:
    """Of every wire, at its source."""
    models = guest.board.models
    return [line.level for m in models.values() for line in m.lines.values()]


def start_an_alarm(model: Model) -> None:
    next(iter(model._alarms.values())).at(5_000)


def address_of(guest: Supervisor, name: str) -> int:
    entry = next(e for e in guest.board.entries if e.name == name)
    return next(r.address for r in entry.registrations if r.address is not None and not r.region)


def read_register(guest: Supervisor, name: str) -> object:
    return guest.backend.bus.read(address_of(guest, name), 4)


def write_register(guest: Supervisor, name: str) -> object:
    return guest.backend.bus.write(address_of(guest, name), b"\x5a\x00\x81\xff")


def look_at_register(guest: Supervisor, name: str) -> object:
    return guest.board.view.read(guest.core, address_of(guest, name), 4)


def reset(guest: Supervisor, _name: str) -> object:
    return guest.power.begin_reset(ResetCause.PIN)


def switch_on(guest: Supervisor, _name: str) -> object:
    return guest.power.begin_reset(ResetCause.POWER_ON)


ROADS = [read_register, write_register, look_at_register, reset, switch_on]


@pytest.fixture(params=BOARDS)
def board(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def check_same(guest: Supervisor, wanted: Supervisor) -> None:
    """All models are made, and nothing tells the two apart."""
    assert not guest.board.models.dormant.wired
    assert list(guest.board.models) == list(wanted.board.models)
    assert list(guest.host.consoles) == list(wanted.host.consoles)
    assert state(guest) == state(wanted)
    assert levels(guest) == levels(wanted)


def test_most_models_are_dormant_behind_a_reset(board: str) -> None:
    guest = asleep(board, made(board))
    assert len(guest.board.models.dormant.wired) > len(guest.board.models.made)


def test_a_snapshot_is_the_same_and_makes_nothing(board: str) -> None:
    full = used(made(board), 1)
    guest = asleep(board, full)
    assert state(guest) == state(full)
    assert guest.board.models.dormant.wired


@pytest.mark.parametrize("road", ROADS)
def test_whatever_touches_one_finds_all_as_ever(
    board: str, road: Callable[[Supervisor, str], object]
) -> None:
    wanted = used(made(board), 1)
    guest = asleep(board, wanted)
    name = random.Random(road.__name__).choice(list(guest.board.models.dormant.late))
    assert road(guest, name) == road(wanted, name)
    check_same(guest, wanted)


def test_each_of_them_makes_all_when_it_is_asked_for(board: str) -> None:
    guest = asleep(board, made(board))
    dormant = guest.board.models.dormant
    for name in (*dormant.wired, *dormant.late):
        guest.board.models.dormant = dormant
        calls: list[Dormant] = []
        guest.board.models.make = calls.append
        with contextlib.suppress(KeyError):  # it is not made after all
            guest.board.models[name]
        assert calls == [dormant]


def test_a_pin_and_a_console_are_there_for_who_asks(board: str) -> None:
    wanted = used(made(board), 2)
    asked = [wanted.board.models[name] for name in asleep(board, wanted).board.models.dormant.wired]
    port = next(m.name for m in asked if isinstance(m, PinPort))
    consoles = [m.name for m in asked if isinstance(m, Console)]
    for ask in (
        lambda guest: guest.host.call(port, "level", (1,)),
        lambda guest: [guest.host.console(name).pending for name in consoles],
    ):
        guest = asleep(board, wanted)
        assert ask(guest) == ask(wanted)
        check_same(guest, wanted)


def test_going_back_to_where_they_were_at_work_makes_them(board: str) -> None:
    wanted = used(made(board), 3)
    guest = asleep(board, wanted)
    timer = next(n for n in guest.board.models.dormant.wired if wanted.board.models[n]._alarms)
    start_an_alarm(wanted.board.models[timer])
    guest.board.models.load(state(wanted)["models"])
    guest.board.settle()
    check_same(guest, wanted)


def test_a_wire_to_one_of_them_brings_its_level() -> None:
    """A lamp, at which the outputs of two timers meet, of which one is at work."""
    for is_high in (False, True):
        wanted = made(OWN)
        start_an_alarm(wanted.board.models["timer"])
        wanted.board.models["timer"].lines["IRQ"].set(is_high)
        guest = asleep(OWN, wanted)
        assert "lamp" in guest.board.models.dormant.wired
        for one in (guest, wanted):
            one.board.models.made["timer"].lines["IRQ"].set(not is_high)
        check_same(guest, wanted)
