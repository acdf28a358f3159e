"""What consoles have printed and nobody has read, in the process of the models."""

from __future__ import annotations

import re

from xipsim.engines.guest.host import LIMIT, MOST, Unread


def test_a_console_that_nobody_reads_has_a_bound() -> None:
    """The last bytes are held, and found."""
    unread = Unread()
    chunk = b"x" * (1 << 20)
    for now in range(40):
        unread.add(chunk, now)
        assert len(unread.bytes) <= MOST
    unread.add(b">>> ", 40)
    assert unread.last == 40
    consumed = unread.find(re.compile(b">>> "))
    assert consumed is not None
    assert consumed.endswith(b"x>>> ")
    assert not unread.bytes


def test_what_was_searched_is_not_lost_count_of() -> None:
    """A pattern that begins before bytes went is searched for behind them all the same."""
    unread = Unread()
    unread.add(b"a" * MOST, 0)
    assert unread.find(re.compile(b"ab")) is None
    unread.add(b"b", 1)
    assert len(unread.bytes) == LIMIT
    assert unread.find(re.compile(b"ab")) is not None
