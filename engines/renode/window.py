"""Windows of models: ranges on Renode's bus of which parts are mapped, or ask the model."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from .calls import Host


class Window:
    """The `Window` port: an address range of which segments are served at native speed."""

    def __init__(
        self,
        host: Host,
        model: int,
        port: int,
        address: int,
        size: int,
        after_instruction: Callable[[Callable[[], None]], None],
    ) -> None:
        self.address, self.size = address, size
        self._host, self._model, self._port = host, model, port
        self._after = after_instruction
        self._number: int | None = None

    def segment(self, offset: int, size: int, *, writable: bool = False) -> Segment:
        """A native segment at `offset`, not served yet. Its memory is the window's, for ever."""
        if self._number is None:
            self._number = self._host.add_window(
                self._model, self._port, self.address, self.size
            )
        return Segment(self._host, self._number, offset, size, writable, self._after)


class Segment:
    """A part of a window."""

    def __init__(
        self,
        host: Host,
        window: int,
        offset: int,
        size: int,
        writable: bool,
        after_instruction: Callable[[Callable[[], None]], None],
    ) -> None:
        self._host, self._window, self._offset, self._size = host, window, offset, size
        self._writable, self._after = writable, after_instruction
        self._memory: int = host.window_memory(window) + offset
        self._wanted = self._on = False

    def load(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Change bytes; translations of code made from them are dropped."""
        ctypes.memmove(self._memory + offset, bytes(data), len(data))
        self._host.drop_translations(self._window, self._offset + offset, len(data))

    def native(self, on: bool) -> None:
        """Serve from the copy, or send accesses to the model, after the instruction under way."""
        if on != self._wanted:
            self._wanted = on
            self._after(self._switch)

    def _switch(self) -> None:
        if self._on != self._wanted:
            self._on = self._wanted
            place = (self._window, self._offset, self._size)
            self._host.switch_window(*place, self._on, self._writable)

    def unmap(self) -> None:
        """Take it off the bus."""
        self.native(False)
