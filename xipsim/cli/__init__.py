"""The command line: one module per command, imported when the command is given.

A command's module has `run(args) -> int`, the exit code. docs/cli.md describes them all.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

BROKEN_PIPE = 141
"""As shells report a program that was ended by SIGPIPE."""


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the arguments say; returns the exit code."""
    from .parser import parse

    try:
        return _run(parse(sys.argv[1:] if argv is None else argv))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _abandon_stdout()
        return BROKEN_PIPE
    except Exception as error:
        from .failure import report

        return report(error)


def _run(args: object) -> int:
    from importlib import import_module

    module = import_module(f"xipsim.cli.{vars(args)['module']}")
    code: int = module.run(args)
    sys.stdout.flush()
    return code


def _abandon_stdout() -> None:
    """Whoever read standard output is gone: let Python's last flush write nowhere."""
    import os

    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
