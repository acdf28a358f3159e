"""Machines that were booted once, and are put back where they waited."""

from __future__ import annotations

from typing import Any, NamedTuple

from images import Image

from xipsim import Machine
from xipsim.engines.programs import ENGINES, WITH_SNAPSHOTS
from xipsim.machine.snapshot import Snapshot

Options = dict[str, Any]
"""Of `Machine`: `engine`, or which `qemu`."""


class _Waiting(NamedTuple):
    """A machine at its prompt. snapshot: of that; None where the engine takes none. chips: what
    they hold."""

    machine: Machine
    snapshot: Snapshot | None
    chips: dict[str, bytes]

    def put_back(self) -> Machine:
        """At the prompt again: by the snapshot, else by a power-on with the same chips."""
        machine = self.machine
        if self.snapshot:
            machine.restore(self.snapshot)
            return machine
        machine.forget_listeners()
        for name, data in self.chips.items():
            machine.chips[name].erase(0, len(data))
            machine.chips[name].program(0, data)
        machine.power_cycle()
        machine.exec("")
        return machine


class Pool:
    """Machines that wait at the prompt of their first boot."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str, str], _Waiting] = {}

    def at_prompt(self, image: Image, engine: Options, console: str = "") -> Machine:
        """The machine, as it was when its prompt had come for the first time. console: where;
        the default one is not asked for by its name.

        On an engine without snapshots it has booted again, and virtual time goes on.
        """
        console = "" if console == image.facts.console else console
        key = (image.name, console, repr(engine))
        if key not in self._waiting:
            self._waiting[key] = self._boot(image, engine, console)
        return self._waiting[key].put_back()

    def _boot(self, image: Image, engine: Options, console: str) -> _Waiting:
        machine = Machine(image.board, firmware=image.require(), console=console, **engine)
        machine.exec("")
        if engine.get("engine", ENGINES[0]) in WITH_SNAPSHOTS:
            return _Waiting(machine, machine.snapshot(), {})
        return _Waiting(machine, None, {name: c.read() for name, c in machine.chips.items()})

    def close(self) -> None:
        """End all of them."""
        for waiting in self._waiting.values():
            waiting.machine.close()
