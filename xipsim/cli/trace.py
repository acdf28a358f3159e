"""`xipsim trace`: standard output holds the flash transactions of a script, or their digest."""

from __future__ import annotations

import argparse
import sys

from xipsim.reporting.flash_trace import FlashTrace

from .execute import Sink, play
from .running import opened, script


def run(args: argparse.Namespace) -> int:
    """0, or 1 if the script raised."""
    code = script(args)
    boot_cache = args.from_prompt and not args.cold
    with opened(args, boot_cache=boot_cache) as (machine, _):
        lines, output = Sink(machine, sys.stdout.buffer), Sink(machine, sys.stderr.buffer)
        trace = FlashTrace(None if args.hash else lines.write, times=not args.no_times)
        if args.from_prompt:
            machine.boot()
        machine.trace(trace)
        result = play(machine, code, args.timeout, lines, output)
    if args.hash:
        print(trace.digest)
    return result
