"""`xipsim standby`: keeps ready what `xipsim exec` needs, until somebody ends it."""

from __future__ import annotations

import argparse
import sys


def run(_args: argparse.Namespace) -> int:
    """0"""
    from xipsim.errors import UserError
    from xipsim.standby.keeper import Keeper

    try:
        Keeper(_tell).serve()
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise UserError(f"{where}a standby cannot be: {error.strerror or error}") from error
    return 0


def _tell(text: str) -> None:
    print(f"xipsim: {text}", file=sys.stderr, flush=True)
