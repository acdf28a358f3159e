"""Messages over pipes: whole or not at all, and no end of patience."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from xipsim.engines.api import EngineError
from xipsim.engines.link import channel
from xipsim.engines.link.channel import Channel, Stuck, packed

PATIENCE = 0.05


class Alarmed(TimeoutError):
    """What the handler of SIGALRM may raise."""


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    """One that loses patience, and the other end of it."""
    to_other, from_one = os.pipe()
    to_one, from_other = os.pipe()
    one, other = Channel(to_one, from_one, PATIENCE), Channel(to_other, from_other)
    yield one, other
    for descriptor in (to_other, from_one, to_one, from_other):
        os.close(descriptor)


def interrupted(function: Any, calls: int) -> Any:
    """`function`, and what a signal's handler raises in the call of that number, after its work."""
    count = 0

    def call(*arguments: Any) -> Any:
        nonlocal count
        result = function(*arguments)
        count += 1
        if count == calls:
            raise Alarmed
        return result

    return call


def test_messages_arrive_in_order(ends: tuple[Channel, Channel]) -> None:
    one, other = ends
    for message in (1, b"x" * 1000, {"a": [None]}):
        one.send(message)
    assert [other.receive() for _ in range(3)] == [1, b"x" * 1000, {"a": [None]}]
    other.send("back")
    assert one.receive() == "back"


def test_what_cannot_be_sent_leaves_nothing_behind(ends: tuple[Channel, Channel]) -> None:
    one, other = ends
    with pytest.raises(Exception, match=r"pickle|local"):
        one.send(lambda: None)
    one.send(7)
    assert other.receive() == 7


def test_messages_that_come_together_are_received_one_by_one(
    ends: tuple[Channel, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = ends
    other.put(b"".join(map(packed, (1, b"x" * 1000, "end"))))
    assert one.poll(0)
    assert one.receive() == 1
    monkeypatch.setattr(channel.os, "read", None)
    assert one.poll(0)
    assert [one.receive(), one.receive()] == [b"x" * 1000, "end"]
    assert not one.poll(0)


@pytest.mark.parametrize("size", [channel.AT_ONCE - 40, channel.AT_ONCE, 2 * channel.AT_ONCE])
@pytest.mark.parametrize("before", [0, 1, channel.AT_ONCE // 2, channel.AT_ONCE - 20])
def test_messages_that_are_cut_where_they_are_read_arrive_whole(
    ends: tuple[Channel, Channel], size: int, before: int
) -> None:
    one, other = ends
    messages = [b"b" * before, b"m" * size, "end"]
    other.put(b"".join(map(packed, messages)))
    assert [one.receive() for _ in messages] == messages


@pytest.mark.parametrize(
    ("function", "size"),
    [("read", 10), ("readv", 2 * channel.AT_ONCE)],
    ids=["at its beginning", "in the rest"],
)
def test_a_message_that_is_received_in_part_is_not_taken_for_another(
    ends: tuple[Channel, Channel], function: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = ends
    other.send(bytes(size))
    other.send(b"second")
    with monkeypatch.context() as patched:
        patched.setattr(channel.os, function, interrupted(getattr(os, function), 1))
        with pytest.raises(Alarmed):
            one.receive()
    for ask in (one.receive, one.receive, lambda: one.send(1)):
        with pytest.raises(EngineError, match=r"cut in two by an exception.*start anew"):
            ask()


def test_a_message_that_is_sent_in_part_is_not_followed_by_another(
    ends: tuple[Channel, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = ends
    with monkeypatch.context() as patched:
        patched.setattr(channel.os, "write", interrupted(os.write, 1))
        with pytest.raises(Alarmed):
            one.send(b"first")
    for ask in (lambda: one.send(1), one.receive):
        with pytest.raises(EngineError, match="cut in two"):
            ask()


def test_the_other_end_may_not_stop_in_the_middle(ends: tuple[Channel, Channel]) -> None:
    one, other = ends
    os.write(other._writing, (100).to_bytes(channel.HEADER, "little") + b"not a hundred")
    with pytest.raises(Stuck):
        one.receive()


def test_the_other_end_must_read(ends: tuple[Channel, Channel]) -> None:
    one, _ = ends
    with pytest.raises(Stuck):
        one.send(bytes(4 << 20))


def test_an_end_that_is_gone_is_told_every_time() -> None:
    to_other, from_one = os.pipe()
    to_one, from_other = os.pipe()
    one = Channel(to_one, from_one, PATIENCE)
    os.close(to_other)
    os.close(from_other)
    for _ in range(2):
        with pytest.raises(EOFError):
            one.receive()
    for _ in range(2):
        with pytest.raises(BrokenPipeError):
            one.send(1)
    os.close(to_one)
    os.close(from_one)


@pytest.mark.parametrize("message", [lambda: 0, (threading.Lock(),)])
def test_what_cannot_be_sent_is_told_and_cuts_nothing(
    ends: tuple[Channel, Channel], message: object
) -> None:
    one, other = ends
    with pytest.raises(ValueError, match="not to be sent to another process"):
        one.send(message)
    one.send("well")
    assert other.receive() == "well"
