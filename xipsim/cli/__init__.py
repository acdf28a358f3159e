"""The command line: one module per command, imported when the command is given.

A command's module has `run(args) -> int`, the exit code. docs/cli.md describes them all.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as all that `prestart` needs: see there
if TYPE_CHECKING:
    from collections.abc import Sequence

    from xipsim.engines.link.lent import Lender
    from xipsim.engines.link.process import Process

BROKEN_PIPE = 141
"""As shells report a program that was ended by SIGPIPE."""


def main(argv: Sequence[str] | None = None, lender: Lender | None = None) -> int:
    """Do what the arguments say; returns the exit code. lender: who has engines, in a standby."""
    words = sys.argv[1:] if argv is None else argv
    if argv is None and words[:1] == ["exec"]:
        from xipsim import standby

        try:
            if folder := standby.find():
                from xipsim.standby.client import hand_over

                hand_over(words, folder)
        except KeyboardInterrupt:
            return 130
    from . import prestart, streams

    streams.open_all()
    process = None
    try:
        if lender is None:
            process = prestart.start(words)
        return _run(words, lender or process)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return BROKEN_PIPE
    except Exception as error:
        from .failure import report

        return report(error)
    finally:
        streams.settle()
        if process:
            process.kill()  # which nobody has used; else it has ended
            process.close()


def _run(words: Sequence[str], process: Process | Lender | None) -> int:
    from importlib import import_module

    from .parser import parse

    try:
        args = parse(words)
    except SystemExit:
        sys.stdout.flush()  # the help, or the version
        raise
    args.process = process
    module = import_module(f"xipsim.cli.{args.module}")
    code: int = module.run(args)
    sys.stdout.flush()
    return code

