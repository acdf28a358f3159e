"""A board in simulation.

::

    from xipsim import Machine

    with Machine("TEENSY41") as m:
        print(m.exec("import os; print(os.listdir('/'))"))
        print(m.flash.stats.commands)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from xipsim.board.console import Console, Consoles
from xipsim.board.flash import Chips, Flash
from xipsim.board.gpio import Ports
from xipsim.engines.api import Goal, Stop, StrPath
from xipsim.engines.programs import ENGINES, open_engine
from xipsim.errors import UserError, XipsimError, check_callable
from xipsim.machine.arguments import check_arguments
from xipsim.machine.assembly import StartEngine, assemble
from xipsim.machine.configuration import Files, Request, several
from xipsim.machine.persistence import save_parts
from xipsim.machine.power_on import Firmware
from xipsim.repl.raw_repl import Repl
from xipsim.session import tracebacks
from xipsim.session.engine_access import refuse_copies
from xipsim.session.session import Limits

if TYPE_CHECKING:
    from pathlib import Path

    from xipsim.board.usb import UsbHost
    from xipsim.machine.snapshot import Snapshot
    from xipsim.peripherals.core.trace import FlashCommand

EXEC_TIMEOUT = "60s"
tracebacks.install()


class Machine:
    """A board that boots an unmodified MicroPython image; a context manager.

    board: a name, or the path of a `.repl` file. firmware: the image; none: what the files hold
    that are kept, else the one that the user's cache, XIPSIM_FIRMWARE_PATH or the checkout has for
    the board. flash: a file that is the whole chip, created erased if missing, locked, and written
    back by `close`; with `discard` only read. state: instead, a folder with such a file for each
    chip and memory that keeps its contents without power. The image is programmed over the bytes
    that it covers. put: files for the firmware's file system, by path, or names and contents. rtc:
    `now` or an ISO time; empty: no coin cell. seed, uid: of what is random on silicon. ahb:
    `buffers` lets the i.MX RT's flash window show what was read ahead until firmware drops it.
    stalls: let polling take no real time. strict: something that is not modelled raises ModelGap.
    qemu: the program to use. gdb: a port for gdb, loopback; without limits in real time then.
    gdb_wait: stand at the firmware's first instruction until gdb is there. models: Python
    files with models of one's own. symbols: the firmware's ELF file, for functions and lines in
    messages; an image that is one needs no other. wires: between pins, by the firmware's names or
    by port and number: `D0:D1`, `gpio1/3:gpio1/2`. console: the default console; empty: the one
    that the board is known for, else the USB serial port, else the first UART. boot_cache: `boot`
    and the first `exec` may start from a snapshot of an earlier boot of the same machine. engine:
    what runs the machine, `qemu` (the embedded one) or `renode`. start: what starts that, for
    tools.

    Nothing happens, and virtual time stands still, unless a method runs the machine. All errors
    are XipsimError; those of the arguments are UserError.
    """

    __reduce_ex__ = refuse_copies

    def __init__(
        self,
        board: StrPath,
        *,
        firmware: StrPath | None = None,
        flash: StrPath | None = None,
        state: StrPath | None = None,
        discard: bool = False,
        put: Files | StrPath = (),
        rtc: str = "",
        seed: int = 0,
        uid: str = "",
        ahb: str = "",
        stalls: bool = True,
        strict: bool = False,
        qemu: StrPath | None = None,
        gdb: int | None = None,
        gdb_wait: bool = False,
        models: Iterable[StrPath] | StrPath = (),
        symbols: StrPath | None = None,
        wires: Iterable[str] | str = (),
        console: str = "",
        boot_cache: bool = False,
        engine: str = ENGINES[0],
        start: StartEngine = open_engine,
    ) -> None:
        check_arguments(locals())
        request = Request(
            board=os.fspath(board),
            firmware=firmware,
            flash=flash,
            state=state,
            discard=discard,
            put=put if isinstance(put, Mapping) else several(put),
            rtc=rtc,
            seed=seed,
            uid=uid,
            ahb=ahb,
            stalls=stalls,
            strict=strict,
            engine=engine,
            qemu=qemu,
            gdb=gdb,
            gdb_wait=gdb_wait,
            models=several(models),
            symbols=symbols,
            wires=several(wires),
        )
        self._request = request
        made = assemble(request, start, console, may_cache=boot_cache)
        self._plan, self._contents, self._session = made.plan, made.contents, made.session
        self._boot_file = made.boot_file
        self.consoles = Consoles(self._session)
        """All consoles, by the names of their entries."""
        self.chips = Chips(self._session)
        """All flash chips, by the names of their entries."""
        self.gpio = Ports(self._session)
        """Pins: `gpio["gpio2"][3].level`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except XipsimError as failure:
            if error is None:
                raise
            error.add_note(str(failure))

    # -- what it is made of ----------------------------------------------------------------------

    @property
    def console(self) -> Console:
        """The default console; UserError on a board without one."""
        if not self._session.console:
            raise UserError("the board has no console")
        return self.consoles[self._session.console]

    @property
    def flash(self) -> Flash:
        """The board's first flash chip."""
        if not self._contents.chip:
            raise UserError("the board has no flash chip")
        return self.chips[self._contents.chip]

    @property
    def usb(self) -> UsbHost:
        """The PC at the first USB port; UserError on a board without one."""
        from xipsim.board.usb import first_host

        return first_host(self._session)

    @property
    def firmware(self) -> Firmware | None:
        """The image that was programmed; None if what the files hold was taken as it was."""
        return self._contents.firmware

    @property
    def kept_files(self) -> tuple[Path, ...]:
        """The files in which the board keeps what it has without power; empty if it keeps none."""
        return self._contents.persistent.paths

    @property
    def warnings(self) -> tuple[str, ...]:
        """What will go wrong with this image on this board."""
        return self._contents.warnings

    @property
    def noticed(self) -> tuple[str, ...]:
        """What the models noticed lately, in sentences: often the cause of what went wrong."""
        return self._session.noticed

    @property
    def broken_rules(self) -> str:
        """Of that, what the firmware did against the hardware's rules; empty if nothing."""
        return self._session.broken_rules

    @property
    def now(self) -> int:
        """Virtual nanoseconds since the machine was made."""
        return self._session.now

    # -- running ---------------------------------------------------------------------------------

    def exec(
        self,
        code: str | bytes,
        *,
        timeout: str | int | None = None,
        wall: float | None = None,
        output: Callable[[str], None] | None = None,
    ) -> str:
        """Run a script at the REPL; return what it printed, with `\\n` line ends.

        First waits for the prompt; a program that runs is interrupted, see docs/library.md. What
        was unread on the console is skipped. output: also gets the text, as it comes. timeout:
        virtual, for all of it; without one 60 s, of which the console may take 10 s to open.

        An exception is a ReplError. `sys.exit()`, `machine.soft_reset()` and `raise SystemExit`
        end the script and reset the interpreter (in v1.18 they only end it): boot.py runs again,
        main.py does not; the exit's value stays in the firmware. After `machine.reset()`, or a deep
        sleep that an alarm ends, the board boots again; in both cases the result is what was
        printed before. A reset by a watchdog is BoardReset. A script that does not end, or waits
        for input, is WaitTimeout; the next `exec` interrupts it. Control characters 01h to 04h are
        UserError: Ctrl-D, and the like, are the REPL's own; `console.write` types them.
        """
        if output is not None:
            check_callable("output", output)
        limits = self._session.limits(EXEC_TIMEOUT if timeout is None else timeout, wall)
        is_patient = timeout is not None
        with self._session.turn:
            if self._boot_file and self._session.untouched:
                self._boot(limits, is_patient)
            repl = Repl(self._session, self.console)
            return repl.exec(code, limits, output=output, is_patient=is_patient)

    def boot(self, *, timeout: str | int | None = None, wall: float | None = None) -> None:
        """Run to the prompt, as `exec` does before it types.

        With `boot_cache`, a machine to which nothing was done yet takes the state from a snapshot
        where there is one, and leaves one where there is none.
        """
        with self._session.turn:
            limits = self._session.limits(EXEC_TIMEOUT if timeout is None else timeout, wall)
            self._boot(limits, is_patient=timeout is not None)

    def _boot(self, limits: Limits, is_patient: bool) -> None:
        repl = Repl(self._session, self.console)
        file = self._boot_file
        if file is None or not self._session.untouched:
            repl.prompt(limits, is_patient=is_patient)
            return
        from xipsim.machine import boot_cache

        cached = boot_cache.load(self._session, file)
        if cached and cached.now < limits.until:
            self.restore(cached)
        else:
            repl.prompt(limits, is_patient=is_patient)
            with suppress(UserError):
                boot_cache.store(self.snapshot(), file)

    def run_for(self, duration: str | int, *, wall: float | None = None) -> None:
        """Let virtual time pass. WaitTimeout if it takes more than `wall` seconds of real time."""
        self._session.run_until(self._session.limits(duration, wall))

    def run(self, goal: Goal) -> Stop:
        """Run to any goal, for tools; how it ended. What ends a machine is raised."""
        return self._session.run(goal)

    def interrupt(self) -> None:
        """From another thread: end a `run` (INTERRUPTED); in any other wait KeyboardInterrupt."""
        self._session.interrupt()

    def reset(self) -> None:
        """Press the reset button. The board boots when the machine runs."""
        self._session.reset(power=False)

    def power_cycle(self) -> None:
        """Switch the power off and on: only the flash and a coin cell's clock keep their state."""
        self._session.reset(power=True)

    # -- snapshots -------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """The machine as it stands, to go back to. The run is not affected.

        UserError while the boot ROM is at work, for some microseconds after a reset.
        """
        from xipsim.machine import snapshot

        with self._session.turn:
            return snapshot.take(self._session, self.consoles)

    def restore(self, saved: Snapshot) -> None:
        """Be what it was; the same continuation then repeats to the nanosecond.

        Takes a few milliseconds, less the less has changed since. UserError for a snapshot of
        another machine.
        """
        from xipsim.machine import snapshot

        snapshot.restore(self._session, self.consoles, saved)

    def load_snapshot(self, path: StrPath) -> Snapshot:
        """A snapshot from a file, of a machine that was made in the same way.

        UserError where it was taken with another board, QEMU, version or arguments.
        """
        from xipsim.machine import snapshot

        return snapshot.load(self._session, path)

    # -- looking ---------------------------------------------------------------------------------

    def read_memory(self, address: int, length: int) -> bytes:
        """Memory and registers as the core sees them; UserError where nothing answers."""
        return self._session.read_memory(address, length)

    def write_memory(self, address: int, data: bytes) -> None:
        """Write memory or registers as the core would; UserError where nothing answers."""
        self._session.write_memory(address, data)

    def registers(self) -> dict[str, int]:
        """The core's registers, by gdb's names."""
        return self._session.registers()

    def call(self, entry: str, method: str, *arguments: Any) -> Any:
        """Call a method that the model of `entry` exposes: `call("pc", "unplug")`."""
        return self._session.call(entry, method, *arguments)

    def trace(self, receiver: Callable[[FlashCommand], None]) -> None:
        """Hand `receiver` every command that the flash chips get from now on, as they come."""
        check_callable("receiver", receiver)
        self._session.trace_commands(receiver)

    def on_wait_in_vain(self, receiver: Callable[[str], None]) -> None:
        """Tell `receiver` what the firmware waits for and will not get, as it is not modelled."""
        check_callable("receiver", receiver)
        self._session.log.on_wait_in_vain = receiver

    def forget_listeners(self) -> None:
        """Hand nothing more to those who were given to `trace` and to a console's `on_output`."""
        self._session.log.forget_receiver()
        for console in self.consoles.values():
            console.forget_listeners()

    def report(self) -> dict[str, Any]:
        """What the run did so far, as data that `json` can write."""
        from xipsim.reporting.run_report import build

        return build(self._session, self._plan, self._contents, self._request, self.chips)

    # -- the end ---------------------------------------------------------------------------------

    def close(self) -> None:
        """Write the kept files back, each atomically, and end the machine. Safe to call twice.

        EngineFailed if the engine is dead: the files then are as they were. In a process that was
        forked from the one that made the machine it does nothing.
        """
        if self._session.closed or not self._session.is_ours:
            return
        files = self._contents.persistent
        with self._session.turn:
            self._session.check_usable()
            try:
                save_parts(files, self._session)
            finally:
                self._session.close()
                files.close()
