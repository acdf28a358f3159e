"""Standard input, output and error, whatever the shell has made of them."""

from __future__ import annotations

import os
import sys

_MODES = (os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)
"""How `open_all` opens what is closed: input and output so that using them is an error, as it is
for any other program; messages without a reader are lost."""

closed: set[int] = set()
"""1, if standard output was closed: that it cannot be written then is no mistake of ours."""


def open_all() -> None:
    """Open those that are closed: else the next file that is opened would be taken for one."""
    for descriptor, mode in enumerate(_MODES):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)  # It gets the lowest number that is free.
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        closed.add(1)
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115


def settle() -> None:
    """Write out what is left; where that fails, whoever gives the output has been told already."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)  # for Python's last flush
        os.close(nowhere)
