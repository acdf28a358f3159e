"""Snapshots: everything that a machine is, taken and put back while it stands still.

The engine's part (core, NVIC, SysTick, virtual time) is what `Backend.save` makes of it; memories
and models say themselves what they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from xipsim.engines.api import SnapshotError
from xipsim.peripherals.core import RAISED, Model

from .board import Board
from .clock import GuestClock
from .host import Host
from .power import PowerSequencer

if TYPE_CHECKING:
    from .backend import Backend


class Guest(Protocol):
    """A machine that stands still, by its parts."""

    backend: Backend
    board: Board
    clock: GuestClock
    host: Host
    power: PowerSequencer


def take(guest: Guest) -> dict[str, Any]:
    """The state of the machine, as plain data."""
    if guest.power.boot_rom_works:
        raise SnapshotError("the boot ROM is at work; run the machine a little further")
    guest.backend.begin_memories()
    return {
        "engine": guest.backend.save(),
        "memories": {name: m.save() for name, m in guest.board.memories.items()},
        "models": guest.board.models.save(_saved),
        "tags_touched": set(guest.board.tags_touched),
        "clock": guest.clock.save(),
        "host": guest.host.save(),
        "power": guest.power.save(),
    }


def _saved(model: Model) -> dict[str, Any]:
    try:
        return model.save()
    except RAISED as error:
        text = f"{type(error).__name__}: {error}"
        raise SnapshotError(
            f"{model.name} ({model.TYPE}) holds what cannot be saved: {text}"
        ) from None


def put_back(guest: Guest, state: dict[str, Any]) -> None:
    """Make the machine what it was. SnapshotError where a file's state is of no such machine."""
    try:
        _put_back(guest, state)
    except SnapshotError:
        raise
    except Exception as error:
        raise SnapshotError(
            f"this snapshot does not fit the machine ({type(error).__name__}: {error}), which may "
            "be half changed now: go back to another snapshot, or start it anew"
        ) from error


def _put_back(guest: Guest, state: dict[str, Any]) -> None:
    """The order matters: loading the engine's timers moves time."""
    guest.clock.cancel_stall()
    guest.backend.begin_memories()
    for name, memory in guest.board.memories.items():
        memory.load(state["memories"][name])
    guest.backend.load(state["engine"])
    guest.board.models.load(state["models"])
    guest.board.tags_touched.clear()
    guest.board.tags_touched.update(state["tags_touched"])
    guest.board.settle()
    guest.host.load(state["host"])
    guest.power.load(state["power"])
    guest.clock.load(state["clock"])
