"""Machines that were booted once, and are put back where they waited."""

from __future__ import annotations

from pathlib import Path

from images import Image

from xipsim import Machine
from xipsim.machine.snapshot import Snapshot


class Pool:
    """Machines that wait at the prompt of their first boot."""

    def __init__(self) -> None:
        self._booted: dict[tuple[str, str, Path | None], tuple[Machine, Snapshot]] = {}

    def at_prompt(self, image: Image, qemu: Path | None, console: str = "") -> Machine:
        """The machine, as it was when its prompt had come for the first time. console: where;
        the default one is not asked for by its name."""
        console = "" if console == image.facts.console else console
        key = (image.name, console, qemu)
        if key not in self._booted:
            machine = Machine(image.board, firmware=image.require(), qemu=qemu, console=console)
            machine.exec("")
            self._booted[key] = machine, machine.snapshot()
        machine, snapshot = self._booted[key]
        machine.restore(snapshot)
        return machine

    def close(self) -> None:
        """End all of them."""
        for machine, _ in self._booted.values():
            machine.close()
