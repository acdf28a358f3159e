"""Keywords on the board: making it, its time, power, pins, and scripts at its REPL."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

from xipsim.errors import XipsimError

from .emulation import Setup
from .keywords import Keywords, keyword

Level = Literal["0", "1", "low", "high"]


class WrongLevel(XipsimError):
    """A pin is not what it should be."""

    exit_code = 1


class BoardKeywords(Keywords):
    """One board at a time."""

    @keyword("Create Board")
    def create_board(
        self,
        board: str,
        firmware: Path | None = None,
        flash: Path | None = None,
        discard: bool = False,
        put: list[Path] | dict[str, str] | None = None,
        rtc: str = "",
        seed: int = 0,
        uid: str = "",
        strict: bool = False,
        stalls: bool = True,
        models: list[Path] | None = None,
        console: str = "",
        state: Path | None = None,
        symbols: Path | None = None,
        wires: list[str] | None = None,
        ahb: str = "",
    ) -> None:
        """Make a board, at power-on; nothing runs before a keyword waits for something.

        board: its name, such as ``TEENSY41``, or a ``.repl`` file. firmware: the image; without it
        the one that is found for the board. flash: a file that holds the whole chip, locked, and
        written back by `Reset Emulation` or at the end of the suite; with ``discard`` only read.
        state: instead, a folder with such a file for each part that keeps its contents.
        put: files for the firmware's file system. rtc: ``now`` or an ISO time; none: no coin cell.
        seed, uid: of what is random on silicon. strict: fail when something is used that is not
        modelled. stalls: ``False`` executes every poll of a wait, for loops that give up after a
        count. models: Python files with models of one's own. symbols: the firmware's ELF file,
        for functions and lines in failures. wires: between pins, such as ``D0:D1``. ahb:
        ``buffers`` lets the i.MX RT's flash window show what was read ahead until firmware drops
        it. console: of `Run At REPL`.
        """
        options = {
            "firmware": firmware,
            "flash": flash,
            "state": state,
            "discard": discard,
            "put": put or (),
            "rtc": rtc,
            "seed": seed,
            "uid": uid,
            "strict": strict,
            "ahb": ahb,
            "stalls": stalls,
            "models": models or (),
            "symbols": symbols,
            "wires": wires or (),
            "console": console,
        }
        emulation = self.emulation
        emulation.begin(Setup(name=board, platform=board, options=options))
        try:
            emulation.machine  # noqa: B018
        except XipsimError:
            emulation.clear()
            raise

    # -- time and power --------------------------------------------------------------------------

    @keyword("Run For")
    def run_for(self, duration: timedelta) -> None:
        """Let virtual time pass: seconds, or a text such as ``45ms``. `Sleep` would not."""
        self.emulation.running.run_for(duration // timedelta(microseconds=1) * 1_000)

    @keyword("Get Virtual Time")
    def get_virtual_time(self) -> float:
        """Return the seconds of virtual time since the board was made."""
        return self.emulation.machine.now / 1e9

    @keyword("Press Reset")
    def press_reset(self) -> None:
        """Press the reset button; the board boots when it runs."""
        self.emulation.running.reset()

    @keyword("Cut Power")
    def cut_power(self) -> None:
        """Take the power away, at this very moment of virtual time.

        Only the flash, and the clock of a coin cell, keep their contents. Until `Restore Power`
        the flash can be looked at, and nothing runs.
        """
        self.emulation.running.power_cycle()
        self.emulation.is_powered = False

    @keyword("Restore Power")
    def restore_power(self) -> None:
        """Switch the power on again after `Cut Power`; the board boots when it runs."""
        self.emulation.machine  # noqa: B018
        self.emulation.is_powered = True

    # -- the REPL --------------------------------------------------------------------------------

    @keyword("Run At REPL")
    def run_at_repl(self, *lines: str, timeout: timedelta | None = None) -> str:
        """Run a script, one argument a line, at MicroPython's prompt; returns what it printed.

        First waits for the prompt; a program that runs is interrupted. An exception of the script
        is a failure with the traceback. timeout: virtual, for all of it; without one 60 s, of which
        the console may take 10 s to open. Terminal testers see the script go by. The last line end
        is cut off.
        """
        limit = None if timeout is None else timeout // timedelta(microseconds=1) * 1_000
        return self.emulation.running.exec("\n".join(lines), timeout=limit).removesuffix("\n")

    # -- pins ------------------------------------------------------------------------------------

    @keyword("Set Pin")
    def set_pin(self, port: str, pin: int, level: Level) -> None:
        """Put a level on a pin from outside, until `Release Pin`.

        port: its name in the platform, such as ``gpio2``. It counts while the pin is an input.
        """
        level_now = level in ("1", "high")
        self.emulation.running.gpio[port.removeprefix("sysbus.")][pin].drive(level_now)

    @keyword("Release Pin")
    def release_pin(self, port: str, pin: int) -> None:
        """Stop driving a pin; see `Set Pin`."""
        self.emulation.running.gpio[port.removeprefix("sysbus.")][pin].release()

    @keyword("Pin Should Be")
    def pin_should_be(self, port: str, pin: int, level: Level) -> None:
        """Fail unless the pin has that level, whoever drives it; see `Set Pin`."""
        found = self.emulation.running.gpio[port.removeprefix("sysbus.")][pin].level
        if found != (level in ("1", "high")):
            raise WrongLevel(f"{port} pin {pin} is {found}, expected {level}")
