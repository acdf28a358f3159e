"""What a script prints, and the traceback that it may end with, as text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

_FRAME = '  File "'
_TYPE = re.compile(r"([A-Za-z_][\w.]*)(?::|$)")


class Output:
    """Bytes that come in pieces, as text with `\\n` line ends; handed on as soon as it is whole."""

    def __init__(self, sink: Callable[[str], None] | None = None) -> None:
        self._sink = sink
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._pieces: list[str] = []
        self._held = ""

    @property
    def text(self) -> str:
        """All so far."""
        return "".join(self._pieces)

    def feed(self, data: bytes) -> None:
        """More bytes. A carriage return waits for what follows it."""
        text = self._held + self._decoder.decode(data)
        self._held = "\r" if text.endswith("\r") else ""
        self._emit(text.removesuffix("\r"))

    def finish(self) -> None:
        """Nothing more comes."""
        self._emit(self._held + self._decoder.decode(b"", final=True))
        self._held = ""

    def _emit(self, text: str) -> None:
        if text:
            text = text.replace("\r\n", "\n")
            self._pieces.append(text)
            if self._sink:
                self._sink(text)


def type_name(traceback: str) -> str:
    """The exception's class in what MicroPython printed: the line after the last frame."""
    lines = traceback.splitlines()
    frames = [i for i, line in enumerate(lines) if line.startswith(_FRAME)]
    for line in lines[frames[-1] + 1 :] if frames else lines:
        if line and not line.startswith("Traceback"):
            match = _TYPE.match(line)
            return match[1] if match else ""
    return ""
