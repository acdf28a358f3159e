"""What a console has printed: all of it counted, the last of it held."""

from __future__ import annotations

LIMIT = 16 << 20
"""Bytes that are held of one console; a board that prints for days ends in no one's memory."""
SLACK = LIMIT // 4
"""What may come on top before the oldest bytes go."""


class Transcript:
    """Bytes at positions that count from the first one ever printed."""

    def __init__(self) -> None:
        self.dropped = 0
        """Bytes at the beginning that are not held any more."""
        self._held = bytearray()

    def __len__(self) -> int:
        return self.dropped + len(self._held)

    def add(self, data: bytes) -> None:
        """More was printed."""
        self._held += data
        if len(self._held) > LIMIT + SLACK:
            excess = len(self._held) - LIMIT
            del self._held[:excess]
            self.dropped += excess

    def since(self, position: int) -> bytes:
        """What was printed from that position on, as far as it is held."""
        return bytes(self._held[max(0, position - self.dropped) :])

    def tail(self, length: int) -> bytes:
        """The last bytes."""
        return bytes(self._held[-length:])

    def endswith(self, text: bytes) -> bool:
        """Whether `text` was printed last."""
        return self._held.endswith(text)

    def save(self) -> tuple[int, bytes]:
        """All there is."""
        return self.dropped, bytes(self._held)

    def load(self, saved: tuple[int, bytes]) -> None:
        """Be what `save` returned; TypeError or ValueError for what it cannot have returned."""
        dropped, held = saved
        self.dropped, self._held[:] = int(dropped), held
