"""A flash chip from outside: places that it does not have are refused with what was asked for."""

from __future__ import annotations

from typing import Any

import pytest

from xipsim.board.flash import Flash
from xipsim.errors import UserError

SIZE = 0x1000


class Session:
    """Of a chip whose cells hold their addresses, modulo 256."""

    chips = {"nor": {"size": SIZE}}

    def call(self, name: str, method: str, address: int, length: int) -> bytes:
        assert (name, method) == ("nor", "read")
        return bytes(at & 0xFF for at in range(address, address + length))


@pytest.fixture
def flash() -> Flash:
    session: Any = Session()
    return Flash(session, "nor")


@pytest.mark.parametrize(
    ("asked", "count"),
    [((), SIZE), ((0xFFE,), 2), ((SIZE,), 0), ((0xFFE, 2), 2), ((5, 0), 0)],
)
def test_what_is_there_is_read(flash: Flash, asked: tuple[int, ...], count: int) -> None:
    start = asked[0] if asked else 0
    assert flash.read(*asked) == bytes(at & 0xFF for at in range(start, start + count))


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ((-1, 4), "4 bytes at -0x1"),
        ((0xFFE, 3), "3 bytes at 0xffe"),
        ((0x2000, 4), "4 bytes at 0x2000"),
        ((8, -4), "-4 bytes at 0x8"),
        ((0x1001,), "0 bytes at 0x1001"),
    ],
)
def test_what_is_not_there_is_refused(flash: Flash, asked: tuple[int, ...], says: str) -> None:
    with pytest.raises(UserError) as caught:
        flash.read(*asked)
    assert str(caught.value) == f"{says} are not within the 0x1000 bytes of flash chip nor"


@pytest.mark.parametrize(
    ("asked", "name"), [(("0", 4), "address"), ((0, 4.0), "length"), ((None, 4), "address")]
)
def test_numbers_are_expected(flash: Flash, asked: tuple[Any, ...], name: str) -> None:
    with pytest.raises(UserError, match=f"{name}: expected a whole number"):
        flash.read(*asked)
