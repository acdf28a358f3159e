"""The engine interface: what `Machine` needs from whatever runs the guest.

Imported by type checkers alone, as `guest.backend` is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from .api import Goal, Receiver, Stop, StrPath


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
