"""`xipsim exec`: a script at the board's prompt; standard output is what the firmware prints."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, BinaryIO

from xipsim.errors import ReplError, UserError

from .progress import Progress
from .running import opened, script

if TYPE_CHECKING:
    from xipsim.machine.machine import Machine

RAISED = 1


def run(args: argparse.Namespace) -> int:
    """0, or 1 if the script raised."""
    code = script(args)
    with opened(args, boot_cache=not args.cold) as (machine, _):
        return play(machine, code, args.timeout, Sink(machine, sys.stdout.buffer))


def tell_broken_rules(machine: Machine) -> None:
    """What the firmware did against the hardware's rules, on standard error: perhaps the cause."""
    if text := machine.broken_rules:
        print(f"xipsim: {text}", file=sys.stderr)


class Sink:
    """Where output goes while the machine runs. If that fails, the run is ended, not torn."""

    def __init__(self, machine: Machine, stream: BinaryIO) -> None:
        self._machine, self._stream = machine, stream
        self._error: OSError | None = None

    def write(self, text: str) -> None:
        """Write at once; bytes that are no UTF-8 come as surrogates, and leave as they were."""
        if self._error:
            return
        try:
            self._stream.write(text.encode(errors="surrogateescape"))
            self._stream.flush()
        except OSError as error:
            self._error = error
            self._machine.interrupt()

    def check(self) -> None:
        """Raise what went wrong, if anything did."""
        if isinstance(self._error, BrokenPipeError):
            raise self._error
        if self._error:
            raise UserError(f"the output cannot be written: {self._error.strerror}")


def play(machine: Machine, code: bytes, timeout: str | None, *sinks: Sink) -> int:
    """Run a script; its output goes to the last sink as it comes, a traceback to standard error.

    sinks: all that are written to meanwhile.
    """
    with Progress("waiting for the board") as progress:

        def write(text: str) -> None:
            progress.end()
            sinks[-1].write(text)

        try:
            machine.exec(code, timeout=timeout, output=write)
        except ReplError as error:
            progress.end()
            print(error.traceback, file=sys.stderr)
            tell_broken_rules(machine)
            return RAISED
        finally:
            for sink in sinks:
                sink.check()
    return 0
