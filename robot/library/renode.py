"""Keywords on the emulation as a whole: Renode's, by its names, arguments and meanings."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from robot.api import logger
from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError

from .emulation import Emulation
from .failure import describe
from .keywords import Keywords, keyword
from .monitor import Monitor
from .uart import check_machine


class RenodeKeywords(Keywords):
    """The monitor, and the states of a suite."""

    def __init__(self, emulation: Emulation) -> None:
        super().__init__(emulation)
        self._monitor = Monitor(emulation, _suite_folders, logger.info)

    @keyword("Execute Command")
    def execute_command(self, *command: str, machine: str | None = None) -> str:
        """Execute a command of Renode's monitor; returns what it printed.

        There are the commands with which suites set a machine up (``mach create``, ``machine
        LoadPlatformDescription @file``, ``machine LoadPlatformDescriptionFromString "text"``,
        ``sysbus LoadHEX @file``, ``LoadELF``, ``LoadUF2``, ``set``, ``include @file.resc``,
        ``macro``, ``runMacro``), run it (``start``, ``pause``, ``machine Reset``, ``emulation
        RunFor "0.5"``) and look at it (``sysbus ReadDoubleWord 0x400E8000`` and its relatives,
        ``cpu PC``, ``emulation GetTimeSourceInfo``, and ``ENTRY METHOD`` for what a model
        exposes). ``showAnalyzer``, ``logLevel``, ``using sysbus`` and the like are accepted, and
        the log says why they have no effect. Any other command is a failure.

        Several arguments are one command, in pieces. machine: its name, if at all.
        """
        check_machine(self.emulation, machine)
        return self._monitor.execute(" ".join(command))

    @keyword("Execute Script")
    def execute_script(self, path: str) -> str:
        """Execute the commands of a ``.resc`` file, see `Execute Command`."""
        return self._monitor.run_file(path)

    @keyword("Start Emulation")
    def start_emulation(self) -> None:
        """Make the machine that was described.

        Nothing runs before a keyword waits for something: virtual time passes only in keywords.
        """
        self.emulation.running  # noqa: B018

    @keyword("Reset Emulation")
    def reset_emulation(self) -> None:
        """End the machine and forget its testers, and the monitor's variables.

        States of `Provides` stay. Meant for ``Test Teardown``.
        """
        if self.emulation.made:
            self.emulation.last_words = describe(self.emulation)
        self._monitor.forget()
        self.emulation.clear()

    @keyword("Provides")
    def provides(
        self, state: str, type: Literal["Serialization", "Reexecution"] = "Serialization"
    ) -> None:
        """Keep the machine as it is now, under a name, for `Requires` in other tests of the suite.

        That costs milliseconds: one boot serves a whole suite. type: both mean the same here.
        """
        self.emulation.provide(state)

    @keyword("Requires")
    def requires(self, state: str) -> None:
        """Go back to a state that a test or the suite's setup has provided, to the nanosecond."""
        self.emulation.require(state)

    @keyword("Allocate Temporary File")
    def allocate_temporary_file(self) -> str:
        """Return the path of a file that is not there yet; the end of the suite removes it."""
        folder = self.emulation.folder
        return str(folder / f"{len(list(folder.iterdir()))}.tmp")


def _suite_folders() -> list[Path]:
    try:
        source = BuiltIn().get_variable_value("${SUITE SOURCE}")
    except RobotNotRunningError:
        return []
    return [Path(source).parent] if source else []


