"""What takes longer than a second is said on standard error, if that is a terminal."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Self

PATIENCE = 1.0


class Progress:
    """Shows `text` and the seconds that have passed, until `end`. A context manager."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._thread = threading.Thread(target=self._show, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """Take the line away. Does nothing the second time."""
        if self._thread:
            self._ended.set()
            self._thread.join()
            self._thread = None

    def _show(self) -> None:
        seconds = 0
        while not self._ended.wait(PATIENCE):
            seconds += 1
            sys.stderr.write(f"\r{self._text}: {seconds} s\x1b[K")
            sys.stderr.flush()
        if seconds:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


class Percent:
    """Shows `text` and how much of it is done. A context manager that takes the line away."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._shows = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._write("")

    def show(self, done: int, size: int | None) -> None:
        """`done` bytes have come, of `size` if that is known."""
        part = f"{done * 100 // size} %" if size else f"{done // 1000} KB"
        self._write(f"{self._text}: {part}")

    def _write(self, text: str) -> None:
        if self._shows:
            sys.stderr.write(f"\r{text}\x1b[K")
            sys.stderr.flush()
