"""The parts of a controller's XIP window that the engine serves from a copy of the chips' bytes."""

from __future__ import annotations

from collections.abc import Callable

from xipsim.peripherals.core import Segment, Window

from .bus import SpiDevice


class _Piece:
    """A segment with the chip's bytes [start, end)."""

    def __init__(self, window: Window, chip: SpiDevice, offset: int, start: int, end: int) -> None:
        self.start, self.end, self._chip = start, end, chip
        self.segment = window.segment(offset + start, end - start)
        self.copy(start, end)

    def copy(self, start: int, end: int) -> None:
        """The chip's cells in [start, end) changed."""
        if start < self.start:
            start = self.start
        if end > self.end:
            end = self.end
        if start < end:
            self.segment.load(start - self.start, memoryview(self._chip.array)[start:end])

    def unmap(self) -> None:
        self.segment.unmap()


class _Part:
    """What one chip has in the window: from its first byte on, in pieces one behind the other.

    A piece is divided where the native part ends; what was divided stays so, since firmware that
    changes sizes changes them to and fro.
    """

    def __init__(self, window: Window, chip: SpiDevice, offset: int) -> None:
        self.window, self.chip, self.offset = window, chip, offset
        self.pieces: list[_Piece] = []
        self.size = 0
        """Where the last piece ends."""
        self.visible = 0
        """Bytes that the window shows; pieces may go further."""
        self.served: int | None = None
        """As given to `serve` last; None: something else has changed since."""
        self.native: tuple[Segment, ...] = ()
        """What is served from the copy; accesses to all else go to the model."""
        self.before: tuple[int | None, tuple[Segment, ...]] | None = None
        """`served` and `native` as they were when the chip's operation began, if anything was, and
        nothing else has changed since."""

    def _piece(self, start: int, end: int) -> _Piece:
        return _Piece(self.window, self.chip, self.offset, start, end)

    def extend(self, size: int) -> None:
        """Cover `size` bytes at least."""
        if size > self.size:
            self.pieces.append(self._piece(self.size, size))
            self.size = size

    def divide(self, at: int) -> None:
        """No piece shall lie on both sides of the chip's byte `at`."""
        for index, piece in enumerate(self.pieces):
            if piece.start < at < piece.end:
                self._unmap(piece)
                halves = self._piece(piece.start, at), self._piece(at, piece.end)
                self.pieces[index : index + 1] = halves
                return

    def copy(self, start: int, end: int) -> None:
        """The chip's cells in [start, end) changed."""
        for piece in self.pieces:
            piece.copy(start, end)

    def serve(self, size: int) -> bool:
        """Let the first `size` bytes, if it shows so many, be native; whether anything changes."""
        self.served = size
        if size > self.visible:
            size = self.visible
        if size and size < self.size:
            self.divide(size)
        was_native = self.native
        self.native = native = tuple([p.segment for p in self.pieces if p.end <= size])
        for segment in was_native:
            if segment not in native:
                segment.native(False)
        for segment in native:
            if segment not in was_native:
                segment.native(True)
        return native != was_native

    def hide(self) -> None:
        """The chip's operation has begun: nothing is native."""
        native = self.native
        if not native:
            self.before = None
            return
        self.before = self.served, native
        self.served, self.native = 0, ()
        for segment in native:
            segment.native(False)

    def show(self) -> bool:
        """It has ended: let be native what was before it. Whether that is known."""
        before = self.before
        if before is None:
            return False
        self.before = None
        self.served, self.native = before
        for segment in self.native:
            segment.native(True)
        return True

    def _unmap(self, piece: _Piece) -> None:
        self.native = tuple([s for s in self.native if s is not piece.segment])
        piece.segment.unmap()

    def cut(self, size: int) -> None:
        """Cover `size` bytes at most."""
        self.served = self.before = None
        self.divide(size)
        while self.pieces and self.pieces[-1].end > size:
            self._unmap(self.pieces.pop())
        self.size = self.pieces[-1].end if self.pieces else 0


class XipWindow:
    """Keeps the window's segments equal to the chips, and native while that is what a read gives.
    Implements `ChipWatcher`, for a controller that has nothing else to do then.

    Holds nothing but what follows from the controller's state and the chips.
    native_size(select): bytes from the chip's start that reads of the window get as plain array
    data now, as far as it shows them; 0 for none.
    """

    def __init__(self, native_size: Callable[[int], int]) -> None:
        self._native_size = native_size
        self._parts: dict[int, _Part] = {}

    def place(self, window: Window, select: int, chip: SpiDevice, offset: int, size: int) -> None:
        """`chip` answers `size` bytes at `offset` of `window` from now on. 0: it has no place."""
        part = self._parts.get(select)
        if size <= 0 or part is None or part.offset != offset:
            self._remove(select)
            part = None
        if size <= 0:
            return
        for other, neighbour in self._parts.items():
            if other != select and neighbour.offset < offset + size:
                neighbour.cut(max(0, offset - neighbour.offset))
        if part is None:
            part = self._parts[select] = _Part(window, chip, offset)
        part.visible, part.served, part.before = size, None, None
        part.extend(size)

    def _remove(self, select: int) -> None:
        part = self._parts.pop(select, None)
        if part is not None:
            part.cut(0)

    def keep_only(self, select: int) -> None:
        """No chip but that of chip select `select` has a place."""
        for other in [s for s in self._parts if s != select]:
            self._remove(other)

    @property
    def is_native(self) -> bool:
        """Whether any part is native."""
        return bool(self.native)

    @property
    def native(self) -> list[Segment]:
        """What is native."""
        return [segment for part in self._parts.values() for segment in part.native]

    def array_changed(self, chip: SpiDevice, address: int, length: int) -> None:
        """See `ChipWatcher`: the cells are copied."""
        for part in self._parts.values():
            if part.chip is chip:
                part.copy(address, address + length)

    def state_changed(self, _chip: SpiDevice) -> None:
        """See `ChipWatcher`."""
        self.evaluate()

    def operation_began(self, chip: SpiDevice) -> None:
        """See `ChipWatcher`."""
        for part in self._parts.values():
            if part.chip is chip:
                part.hide()

    def operation_ended(self, chip: SpiDevice, address: int, length: int) -> None:
        """See `ChipWatcher`."""
        for part in self._parts.values():
            if part.chip is chip:
                if not part.show():
                    self.evaluate()
                part.copy(address, address + length)

    def peek(self, offset: int, size: int) -> int:
        """The cells behind `size` bytes of the window, whatever the chips are doing.

        FFh where no chip answers.
        """
        data = bytearray(b"\xff" * size)
        for part in self._parts.values():
            start = max(offset, part.offset)
            end = min(offset + size, part.offset + part.visible)
            if start < end:
                cells = part.chip.array[start - part.offset : end - part.offset]
                data[start - offset : end - offset] = cells
        return int.from_bytes(data, "little")

    def evaluate(self) -> bool:
        """Look again which parts are native; tell the engine of changes only. Whether any came."""
        changes = False
        for select, part in self._parts.items():
            size, part.before = self._native_size(select), None
            if size != part.served and part.serve(size):
                changes = True
        return changes
