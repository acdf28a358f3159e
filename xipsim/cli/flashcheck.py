"""`xipsim flashcheck`: our own firmware checks the board's flash; its report, as it comes."""

from __future__ import annotations

import argparse
import sys

from xipsim import flashcheck

from .execute import Sink
from .running import opened

FAILED = 1


def run(args: argparse.Namespace) -> int:
    """0, or 1 if a check failed."""
    program = flashcheck.find(args.board)
    args.image = program.image
    # One image for chips of every size: the size in its FCB is that of the smallest.
    with opened(args, warn=False) as (machine, _):
        sink = Sink(machine, sys.stdout.buffer)
        report = flashcheck.follow(machine.consoles[program.console], sink.write)
        sink.check()
    return 0 if report.passed else FAILED
