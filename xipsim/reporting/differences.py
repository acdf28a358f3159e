"""What a run showed, as plain data, and the first places at which two runs show something else.

Times are left out, and how often a busy chip was asked: engines do not count instructions alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from xipsim.peripherals.namedtuple import NamedTuple
from xipsim.reporting.flash_trace import line
from xipsim.units import show_time

if TYPE_CHECKING:
    from xipsim.peripherals.core.trace import FlashCommand

NOTHING = "nothing more"
SHOWN = 16
"""Bytes of a chip that are shown from the first one that differs on."""


class CommandLines:
    """Receives flash commands. lines: virtual ns and the trace's line, for each that counts.

    Of equal neighbouring polls only the first one does.
    """

    def __init__(self) -> None:
        self.lines: list[tuple[int, str]] = []

    def __call__(self, command: FlashCommand) -> None:
        """One more command."""
        text = line(command, times=False)
        if not (_is_poll(command) and self.lines and self.lines[-1][1] == text):
            self.lines.append((command.time, text))


def _is_poll(command: FlashCommand) -> bool:
    return bool(command.received) and not command.sent and command.address is None


class Observed(NamedTuple):
    """What a run showed.

    name: what it ran on. ending: how it ended, in a line. commands: as `CommandLines` has them.
    diagnostics, gaps, resets: a text for each. consoles, chips: bytes by entry. pins: a text by
    name.
    """

    name: str
    ending: str
    commands: Sequence[tuple[int, str]]
    diagnostics: Sequence[str]
    gaps: Sequence[str]
    resets: Sequence[str]
    consoles: Mapping[str, bytes]
    pins: Mapping[str, str]
    chips: Mapping[str, bytes]


class Difference(NamedTuple):
    """The first place at which two runs differ in one thing. sides: what each has there."""

    what: str
    where: str
    sides: tuple[str, str]


def differences(one: Observed, other: Observed) -> tuple[Difference, ...]:
    """At most one for each thing: commands, diagnostics, gaps, resets, consoles, pins, chips."""
    return tuple(_differences(one, other))


def _differences(one: Observed, other: Observed) -> Iterator[Difference]:
    yield from _in_commands(one.commands, other.commands)
    for what in ("diagnostics", "gaps", "resets"):
        yield from _in_list(what, getattr(one, what), getattr(other, what))
    for name in sorted({*one.consoles, *other.consoles}):
        texts = (one.consoles.get(name, b""), other.consoles.get(name, b""))
        yield from _in_list(f"console {name}", *(t.splitlines(keepends=True) for t in texts))
    pins = [sorted(f"{name} is {text}" for name, text in run.pins.items()) for run in (one, other)]
    yield from _in_list("pins", *pins)
    for name in sorted({*one.chips, *other.chips}):
        yield from _in_bytes(f"chip {name}", one.chips.get(name, b""), other.chips.get(name, b""))
    if one.ending != other.ending:
        yield Difference("the end", "", (one.ending, other.ending))


def _in_commands(
    one: Sequence[tuple[int, str]], other: Sequence[tuple[int, str]]
) -> Iterator[Difference]:
    place = _first([text for _, text in one], [text for _, text in other])
    if place is None:
        return
    after = f", after {one[place - 1][1]!r}" if place else ""
    sides = (_command(one, place), _command(other, place))
    yield Difference("flash commands", f"at number {place + 1}{after}", sides)


def _command(commands: Sequence[tuple[int, str]], place: int) -> str:
    if place >= len(commands):
        return NOTHING
    time, text = commands[place]
    return f"{text} (at {show_time(time)})"


def _in_list(what: str, one: Sequence[object], other: Sequence[object]) -> Iterator[Difference]:
    place = _first(one, other)
    if place is not None:
        sides = (_item(one, place), _item(other, place))
        yield Difference(what, f"at number {place + 1}", sides)


def _item(items: Sequence[object], place: int) -> str:
    return str(items[place]) if place < len(items) else NOTHING


def _in_bytes(what: str, one: bytes, other: bytes) -> Iterator[Difference]:
    if one == other:
        return
    place = _first_byte(one, other)
    sides = [data[place : place + SHOWN].hex(" ") or NOTHING for data in (one, other)]
    yield Difference(what, f"at {place:#08x}", (sides[0], sides[1]))


def _first(one: Sequence[object], other: Sequence[object]) -> int | None:
    """Where they begin to differ; None if they do not."""
    if one == other:
        return None
    pairs = zip(one, other, strict=False)
    shorter = min(len(one), len(other))
    return next((place for place, (a, b) in enumerate(pairs) if a != b), shorter)


def _first_byte(one: bytes, other: bytes) -> int:
    """The same for bytes, of which there are many: by halves, each compared at once."""
    begin, end = 0, min(len(one), len(other))
    if one[:end] == other[:end]:
        return end
    while end - begin > 1:
        middle = (begin + end) // 2
        if one[begin:middle] == other[begin:middle]:
            begin = middle
        else:
            end = middle
    return begin


def text(one: Observed, other: Observed) -> str:
    """All of it for people; what was compared, where nothing differs."""
    found = differences(one, other)
    if not found:
        return f"{one.name} and {other.name} show the same: {_extent(one)}\n"
    names = (f"{one.name}:", f"{other.name}:")
    width = max(map(len, names))
    lines = []
    for difference in found:
        lines.append(f"{difference.what}{difference.where and ', '}{difference.where}:")
        lines += [f"  {n:{width}} {s}" for n, s in zip(names, difference.sides, strict=True)]
    return "\n".join(lines) + "\n"


def _extent(run: Observed) -> str:
    things = [
        f"{len(run.commands)} flash commands",
        f"{len(run.diagnostics)} diagnostics",
        f"{len(run.gaps)} gaps",
        f"{len(run.resets)} resets",
        *(f"console {name} ({len(data)} bytes)" for name, data in run.consoles.items() if data),
        f"{len(run.pins)} pins",
        *(f"chip {name} ({len(data)} bytes)" for name, data in run.chips.items()),
    ]
    return ", ".join(things) + f"; {run.ending}"
