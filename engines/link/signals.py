"""Pieces of work that Ctrl-C must not cut in two."""

from __future__ import annotations

# `signal` makes enums of handlers, or tries to, each time: half of what a request takes.
import _signal  # type: ignore[import-not-found]
from threading import get_ident, main_thread
from types import FrameType, TracebackType
from typing import Any


class Uninterrupted:
    """While it is entered, Ctrl-C only waits: the handler of SIGINT is called at the end.

    What Python raises in the middle of reading a message would leave the rest of it in the pipe.
    Signals reach the main thread alone; elsewhere there is nothing to do.
    """

    def __enter__(self) -> None:
        self._came = False
        self._handler: Any = None
        if get_ident() == main_thread().ident:
            handler = _signal.getsignal(_signal.SIGINT)
            if callable(handler):
                _signal.signal(_signal.SIGINT, self._note)
                self._handler = handler

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._came = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._handler is not None:
            _signal.signal(_signal.SIGINT, self._handler)
            if self._came:
                self._handler(_signal.SIGINT, None)
