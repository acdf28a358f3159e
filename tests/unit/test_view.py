"""What lies on the bus for who looks from outside, where places lie over each other."""

from __future__ import annotations

from typing import Any

from xipsim.engines.guest.looking import View, of_tag
from xipsim.engines.repl import Place, Tag
from xipsim.engines.repl.platform import Range


class Core:
    """Its memory has the low byte of each address."""

    def read_memory(self, address: int, size: int) -> bytes:
        return bytes(at & 0xFF for at in range(address, address + size))


CORE: Any = Core()


def test_what_stands_in_a_tag_covers_it() -> None:
    """A tag answers only where nothing else does: on both sides of a memory within it."""
    view = View()
    tag = Tag(Range(0x1000, 0x100), "T", 0x5A5A_5A5A, Place("", 1, 1))
    view.add(0x1000, 0x100, of_tag(tag), is_behind=True)
    view.add(0x1010, 0x10)
    seen = view.read(CORE, 0x100C, 0x18)
    assert seen == b"\x5a" * 4 + bytes(range(0x10, 0x20)) + b"\x5a" * 4
