"""The engine interface: what `Machine` needs from whatever runs the guest.

Times are virtual nanoseconds since power-on.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from xipsim.peripherals.namedtuple import NamedTuple

from .errors import ConfigurationError as ConfigurationError
from .errors import EngineError as EngineError
from .errors import EngineKilled as EngineKilled
from .errors import ModelError as ModelError
from .errors import SnapshotError as SnapshotError

StrPath = str | os.PathLike[str]
USER_MODULES = "xipsim_user_"
"""How the names of modules begin that a user's files of models become."""
IMPORT_TIME = 60.0
"""Seconds of real time after which such a file is given up whose import has not ended."""

Receiver = Callable[[str, Any], "Callable[[], None] | None"]
"""`receiver("console", (name, bytes))`, `receiver("events", [FlashCommand | Repeated])`. It must
not take long, and Ctrl-C waits for it; it may return what does, a call of the user's function: made
afterwards."""


class StopReason(enum.Enum):
    """Why the machine stands still."""

    MATCH = "the console printed what was waited for"
    DEADLINE = "the virtual time asked for has come"
    QUIET = "nothing came from the console, and no flash operation ran, for the time given"
    WALL = "the real time allowed is over"
    INTERRUPTED = "the user asked it to stand still"
    RESET = "the microcontroller was reset"
    FAULT = "the firmware faulted"
    BOOT_FAILED = "the boot ROM found nothing to start"
    POWERED_OFF = "the board has switched itself off"
    GAP = "the firmware used something that is not modelled (strict)"


EXCEPTIONS = {
    2: "NMI",
    3: "HardFault",
    4: "MemManage",
    5: "BusFault",
    6: "UsageFault",
    7: "SecureFault",
    11: "SVCall",
    12: "DebugMonitor",
    14: "PendSV",
    15: "SysTick",
}
"""A Cortex-M's own, by the numbers that a fault's `detail` has."""


class Goal(NamedTuple):
    """What the machine shall run for. Several conditions: the first one that holds ends the run.

    until: absolute virtual ns. pattern: regular expression (bytes) searched in the unread bytes of
    `console`. quiet: virtual ns without a byte from `console` while no flash operation runs.
    wall: seconds of real time. is_patient: of its own time, where other processes keep the engine
    from the processor, see `Engine.spent`. stop_on_reset: also end when the microcontroller is
    reset. typed: what is typed to `console` before.
    """

    until: int | None = None
    pattern: bytes | None = None
    console: str = ""
    quiet: int | None = None
    wall: float | None = None
    is_patient: bool = False
    stop_on_reset: bool = False
    typed: bytes = b""


class Stop(NamedTuple):
    """How a run ended.

    consumed: the console's unread bytes up to the end of the match (MATCH only); what came after
    stays unread. detail: facts for a report, by StopReason (FAULT: see `FaultReport`).
    """

    reason: StopReason
    now: int
    consumed: bytes = b""
    pc: int | None = None
    detail: Mapping[str, Any] = {}


class MachineConfig(NamedTuple):
    """Everything that shapes a machine; the same configuration gives the same run.

    platform: the board's `.repl`. models: files of the user's own models. overrides: parameters
    of entries that the user sets, by entry name and parameter. stalls: let waiting cost nothing.
    wires: port and pin of one end, port and pin of the other, for each wire that the `.repl` lacks.
    strict: a gap in a model ends the run. gdb_port: on loopback. gdb_wait: stand still at the
    firmware's first instruction until gdb is there. engine: `qemu`, the embedded
    one, ... (see `engines.programs`). program: that engine's program; None: the one that is found.
    """

    platform: StrPath
    models: tuple[StrPath, ...] = ()
    overrides: Mapping[str, Mapping[str, Any]] = {}
    wires: tuple[tuple[str, int, str, int], ...] = ()
    seed: int = 0
    stalls: bool = True
    strict: bool = False
    gdb_port: int | None = None
    gdb_wait: bool = False
    engine: str = "qemu"
    program: StrPath | None = None


class Engine(Protocol):
    """A machine that stands still unless `run` is under way. For one thread at a time."""

    def build(self, chips: Mapping[str, bytes], *, boot: StrPath | None = None) -> None:
        """Build the machine, standing still at power-on. Once, before everything else.

        chips: initial bytes of each flash chip by entry name, from its first one on; the rest, and
        a chip that is not named, is erased. A memory that is named here, too (MRAM), keeps its
        contents over a power cycle, as no other does. The engine starts when it is constructed;
        preparing the chips meanwhile costs no time. boot: a snapshot's file, of this machine's
        boot, which will be loaded and gone back to: there is no need to look for mistakes in the
        platform, nor to make what the firmware has finished with.
        """

    @property
    def now(self) -> int:
        """Virtual ns of the last stop."""

    @property
    def spent(self) -> float:
        """Seconds of real time that runs have taken, without those in which other processes kept
        the engine from the processor."""

    @property
    def version(self) -> str:
        """Name and version, for reports."""

    def run(self, goal: Goal) -> Stop:
        """Run until the goal is met, or something else stops the machine.

        Console bytes and events arrive at the subscribers while it runs.
        """

    def call(self, entry: str, method: str, *arguments: Any) -> Any:
        """Call an `exposed` method of the model that the `.repl` calls `entry`.

        LookupError where there is none, ValueError where its arguments do not fit.
        """

    def request(self, name: str, *arguments: Any) -> Any:
        """Ask the models' end; LookupError where it knows no such thing.

        On a console: type(name, data), take_unread(name), pending(name), throttle(name, on),
        opened_at(name). describe(): consoles, chips and models. flash_in_flight(): each chip's
        status. waits(): what the firmware has waited for. polled(): what it waits for just now.
        trace_commands(): send every flash command from now on.
        """

    def subscribe(self, receiver: Receiver) -> None:
        """Have `receiver` called with what happens, as it happens; see `Receiver`."""

    def reset(self, *, power: bool) -> None:
        """Press reset, or (power) switch off and on again."""

    def read_memory(self, address: int, length: int) -> bytes:
        """Guest memory as the core sees it."""

    def write_memory(self, address: int, data: bytes) -> None:
        """Write guest memory."""

    def registers(self) -> dict[str, int]:
        """The core's registers, by gdb's names."""

    def identity(self) -> dict[str, str]:
        """What shapes this machine, by name; a snapshot fits only one of the same."""

    def snapshot(self) -> int:
        """Take a snapshot of everything but the user's side; its number. SnapshotError."""

    def restore(self, number: int) -> None:
        """Be what the machine was when that snapshot was taken; repeats to the nanosecond."""

    def drop_snapshot(self, number: int) -> None:
        """Forget a snapshot."""

    def save_snapshot(self, number: int, path: StrPath, extra: bytes) -> None:
        """Write a snapshot to a file, atomically, with `extra` beside it."""

    def load_snapshot(self, path: StrPath) -> tuple[int, bytes]:
        """Read a snapshot of a machine like this one: its number, and `extra`. SnapshotError."""

    def interrupt(self) -> None:
        """End the `run` that is under way, or else the next one (StopReason.INTERRUPTED).

        From any thread, and from a signal's handler.
        """

    def close(self) -> None:
        """End the engine. Safe to call twice."""
