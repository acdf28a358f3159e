"""`xipsim compare`: a script on every engine, and where the runs differ."""

from __future__ import annotations

import argparse

from xipsim import compare

from .progress import Progress
from .running import script, shape

DIFFER = 1


def run(args: argparse.Namespace) -> int:
    """0, or 1 where the runs differ."""
    work = compare.script(script(args), timeout=args.timeout)
    with Progress("running on both engines"):
        found = compare.compare(args.board, work, firmware=args.image, **shape(args))
    print(found.text, end="")
    return DIFFER if found.differences else 0
