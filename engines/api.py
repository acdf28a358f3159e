"""What is said between a machine's user and an engine, see `Engine` of `engine.py`.

Times are virtual nanoseconds since power-on.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Callable, Mapping
from typing import Any

from xipsim.peripherals.namedtuple import NamedTuple

from .errors import ConfigurationError as ConfigurationError
from .errors import CoreStopped as CoreStopped
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
