"""The one machine of a library: described step by step, made when first needed, kept in states."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xipsim.errors import UserError
from xipsim.machine.machine import Machine

from .tester import TerminalTester

if TYPE_CHECKING:
    from xipsim.machine.snapshot import Snapshot


@dataclass
class Setup:
    """What a machine will be made of.

    platform: a board's name or a `.repl`; further: descriptions that change it. options: of
    `Machine`.
    """

    name: str = "machine-0"
    platform: str = ""
    further: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _State:
    """What `Provides` keeps."""

    machine: Machine
    snapshot: Snapshot
    setup: Setup
    is_powered: bool
    testers: list[tuple[TerminalTester, Any]]


class Emulation:
    """At most one machine at a time, and the testers on its consoles.

    made: the machine, once it is made. is_powered: whether its power is on. last_words: what the
    machine of the present test had to say when it was given up.
    """

    def __init__(self) -> None:
        self.made: Machine | None = None
        self.is_powered = True
        self.last_words = ""
        self.testers: list[TerminalTester] = []
        self._setup: Setup | None = None
        self._states: dict[str, _State] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    # -- the machine -----------------------------------------------------------------------------

    def begin(self, setup: Setup) -> None:
        """Describe a new machine; UserError if there is one."""
        if self._setup:
            there = self._setup.platform or self._setup.name
            raise UserError(
                f"there is a machine already ({there}), and a library has one at a time: "
                "`Reset Emulation` ends it, and `Library  xipsim.robot  AS  Other` imports a "
                "second library, with a machine of its own"
            )
        self._setup = setup

    @property
    def setup(self) -> Setup:
        """The description of a machine that is not made yet."""
        if self._setup is None:
            raise UserError(
                "there is no machine: `Create Board  TEENSY41` makes one, and so do "
                "`Execute Command  mach create` and a LoadPlatformDescription"
            )
        if self.made:
            raise UserError("the machine has been made: describe it before it is first used")
        return self._setup

    @property
    def name(self) -> str:
        """The machine's name; empty if there is none."""
        return self._setup.name if self._setup else ""

    @property
    def machine(self) -> Machine:
        """The machine, which is made now if it was only described."""
        if self.made is None:
            setup = self.setup
            if not setup.platform:
                raise UserError(f"{setup.name} has no platform: load a platform description")
            self.made = Machine(self._board(setup), **setup.options)
        return self.made

    @property
    def running(self) -> Machine:
        """The machine, for what needs power."""
        machine = self.machine
        if not self.is_powered:
            raise UserError("the board has no power: `Restore Power` switches it on")
        return machine

    def _board(self, setup: Setup) -> str:
        if not setup.further:
            return setup.platform
        from xipsim import platforms
        from xipsim.machine.configuration import user_mistakes

        with user_mistakes():
            base = platforms.find(setup.platform)
        path = self.folder / f"{len(os.listdir(self.folder))}.repl"
        path.write_text("\n".join([f'using "{base.resolve()}"', *setup.further]))
        return str(path)

    @property
    def folder(self) -> Path:
        """A private folder, until the library's end."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="xipsim-robot-")
        return Path(self._folder.name)

    # -- states ----------------------------------------------------------------------------------

    def provide(self, name: str) -> None:
        """Keep the present state under a name."""
        machine = self.machine
        assert self._setup
        self._states[name] = _State(
            machine=machine,
            snapshot=machine.snapshot(),
            setup=self._setup,
            is_powered=self.is_powered,
            testers=[(tester, tester.save()) for tester in self.testers],
        )

    def require(self, name: str) -> None:
        """Go back to a state."""
        if name not in self._states:
            known = ", ".join(self._states) or "none"
            raise UserError(f"no test has provided the state {name!r}; provided: {known}")
        state = self._states[name]
        if self.made is not state.machine:
            self.clear()
        state.machine.restore(state.snapshot)
        self.made, self._setup, self.is_powered = state.machine, state.setup, state.is_powered
        self.testers = [tester for tester, _ in state.testers]
        for tester, text in state.testers:
            tester.load(text)

    def clear(self) -> None:
        """End the machine, unless a state needs it; forget the testers."""
        machine, self.made, self._setup = self.made, None, None
        self.testers, self.is_powered = [], True
        if machine and all(state.machine is not machine for state in self._states.values()):
            machine.close()

    def close(self) -> None:
        """End all machines and forget all states."""
        machines = {id(state.machine): state.machine for state in self._states.values()}
        self._states.clear()
        try:
            self.clear()
        finally:
            for machine in machines.values():
                machine.close()
            if self._folder:
                self._folder.cleanup()
