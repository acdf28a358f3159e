"""Tracebacks of errors that say all there is to say: they end at the user's line."""

from __future__ import annotations

import os
import sys
from types import TracebackType

from xipsim.errors import EngineFailed, XipsimError

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_LIBRARY = os.path.dirname(os.__file__) + os.sep


def end_at_the_users_line(error: BaseException) -> None:
    """Cut our own frames off the end of an error, unless it is a mistake of ours."""
    if not isinstance(error, XipsimError) or isinstance(error, EngineFailed):
        return
    error.__cause__, error.__suppress_context__ = None, True
    last, trace = None, error.__traceback__
    while trace:
        if not _is_between(trace.tb_frame.f_code.co_filename):
            last = trace
        trace = trace.tb_next
    if last:
        last.tb_next = None


def _is_between(file: str) -> bool:
    """Whether a frame is ours, or one of Python's own that ours go through."""
    return file.startswith((_HERE, "<frozen ")) or (
        file.startswith(_LIBRARY) and "-packages" not in file
    )


def install() -> None:
    """From now on, what Python prints of an error that nobody has caught ends so.

    XIPSIM_DEBUG=1 leaves it as it is. Whoever printed it before, prints it.
    """
    before = sys.excepthook

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if os.environ.get("XIPSIM_DEBUG") != "1":
            end_at_the_users_line(error)
        before(kind, error, trace)

    sys.excepthook = show
