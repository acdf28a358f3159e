"""What an engine is told of polls of a busy chip: which are alike, and what it may make by itself.

A poll is imxrt.md 3.9's transfer of a status byte. See `Clock.question` and `Turn`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flexspi_fakes import ERASE_TIME, FakeChip, Rig

from xipsim.peripherals.core import Turn
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.flexspi import FlexSpi
from xipsim.peripherals.imxrt.flexspi_polls import Polls

READ, STATUS, ENABLE, ERASE = 0, 1, 3, 5
RXWA, DONE = 0x20, 0x01


class Repeating(FakeChip):
    """Answers the same until its operation ends, and is told of polls that are not made."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.told: list[tuple[int, ...]] = []
        self.counts = False

    @property
    def repeats(self) -> bool:
        return self.busy and not self.counts

    def repeated(self, times: Sequence[int]) -> None:
        self.told.append(tuple(times))


class PollRig(Rig):
    """With a chip that erases, and what is said of its polls."""

    def __init__(self) -> None:
        bench = Bench()
        self.chip = Repeating(bench)
        super().__init__(self.chip, bench=bench)
        self.enable()
        self.turns: list[Callable[[], Turn] | None] = []
        self.until: list[int | None] = []
        self.bench.clock.question = self._question  # type: ignore[method-assign]
        self.command(ENABLE)
        self.wait(100)
        self.command(ERASE)
        self.wait(100)

    def _question(self, key: Any, until: int | None = None, **more: Any) -> int:
        assert key == ("status", "nor")
        self.until.append(until)
        self.turns.append(more.get("turn"))
        return self.bench.clock.now

    def ask(self, sequence: int = STATUS, size: int = 1) -> Any:
        """Starts one; what makes it alike. None: it is said to be like no other."""
        self.start(sequence, 0, size)
        turn = self.turns.pop()
        return None if turn is None else turn().state

    def end(self) -> None:
        """Of a poll: the byte is fetched, the end acknowledged."""
        self.wait(100)
        self.set(FlexSpi.INTR, RXWA | DONE)
        self.wait(100)


@pytest.fixture
def rig() -> PollRig:
    return PollRig()


def test_polls_of_the_same_kind_are_alike(rig: PollRig) -> None:
    rig.ask()
    rig.end()
    first = rig.ask()
    rig.end()
    assert first is not None
    for later in (0, 7, 1_000_000):
        rig.bench.clock.advance(later)
        assert rig.ask() == first
        rig.end()
    assert set(rig.until) == {rig.chip.end}


@pytest.mark.parametrize(
    "change",
    [
        lambda rig: rig.set(FlexSpi.IPRXFCR, 4),
        lambda rig: rig.set(FlexSpi.IPTXFCR, 4),
        lambda rig: rig.set(FlexSpi.INTR, 0x40),
    ],
    ids=["receive watermark", "transmit watermark", "pushed"],
)
def test_other_registers_make_it_another_poll(
    rig: PollRig, change: Callable[[PollRig], None]
) -> None:
    rig.ask()
    rig.end()
    first = rig.ask()
    rig.end()
    change(rig)
    rig.set(FlexSpi.IPCMD, 1)
    turn = rig.turns.pop()
    assert turn is not None
    assert turn().state != first


def test_another_size_makes_it_another_poll(rig: PollRig) -> None:
    states = []
    for size in (1, 1, 2, 1):
        states.append(rig.ask(size=size))
        rig.end()
    assert states[1] != states[2]
    assert states[1] == states[3]


def test_what_lies_in_the_fifo_before_counts_and_what_comes_does_not(rig: PollRig) -> None:
    rig.ask()
    rig.end()
    empty = rig.ask()
    rig.wait(100)  # not fetched
    rig.set(FlexSpi.INTR, DONE)
    for _ in range(2):
        rig.set(FlexSpi.IPCMD, 1)
        turn = rig.turns.pop()
        assert turn is not None
        assert turn().state != empty
        rig.wait(100)
    rig.set(FlexSpi.IPRXFCR, 1)
    rig.set(FlexSpi.INTR, DONE)
    rig.wait(100)
    assert rig.ask() == empty


def test_a_poll_that_waits_for_chip_select_is_another(rig: PollRig) -> None:
    """CSINTERVAL: 200 clocks, of which some are left where the one before has just ended."""
    rig.set(FlexSpi.FLSHCR1, 200 << 16 | 0x63)
    states = []
    for pause in (1_000, 1_000, 20):
        rig.wait(pause)
        states.append(rig.ask())
        rig.wait(20)
        rig.set(FlexSpi.INTR, RXWA | DONE)
    assert states[0] == states[1]
    assert states[0] != states[2]


@pytest.mark.parametrize("reason", ["interrupts", "two sequences", "a chip that counts"])
def test_polls_that_are_like_no_other(rig: PollRig, reason: str) -> None:
    rig.ask()
    rig.end()
    if reason == "interrupts":
        rig.set(FlexSpi.INTEN, DONE)
    elif reason == "two sequences":
        rig.start(STATUS, 0, 1, count=2)
        assert rig.turns.pop() is None
        return
    else:
        rig.chip.counts = True
    assert rig.ask() is None


def test_more_than_the_fifo_holds_is_no_poll_like_another(rig: PollRig) -> None:
    """Its end depends on the firmware."""
    assert rig.ask(size=128) is not None
    rig.wait(10_000)
    rig.set(FlexSpi.IPRXFCR, 1)
    assert rig.ask(size=129) is None


def test_a_chip_that_is_ready_is_not_polled(rig: PollRig) -> None:
    rig.bench.clock.advance(ERASE_TIME)
    rig.start(STATUS, 0, 1)
    assert rig.turns == []


@pytest.mark.parametrize("before", [(), (3_000,), (4_000, 2_000)])
def test_polls_that_the_engine_makes(rig: PollRig, before: tuple[int, ...]) -> None:
    """Each is over and has begun again, so much later: the chip is told, and the end moves.

    before: ns by which others came before the last.
    """
    rig.ask()
    rig.end()
    rig.start(STATUS, 0, 1)
    turn = rig.turns.pop()
    assert turn is not None
    rig.wait(5_000)
    seen = len(rig.chip.seen)
    now = rig.bench.clock.now
    times = (*(now - span for span in before), now)
    turn().again(times)
    assert rig.chip.told == [times]
    assert len(rig.chip.seen) == seen
    rig.wait(18)
    assert not rig.spi.peek(FlexSpi.INTR.offset) & DONE
    assert rig.spi.peek(FlexSpi.IPRXFSTS.offset) & 0xFF == 0
    rig.wait(1)
    assert rig.spi.peek(FlexSpi.INTR.offset) & DONE
    assert rig.spi.peek(FlexSpi.IPRXFSTS.offset) & 0xFF == 1
    assert rig.get(FlexSpi.RFDR) & 1, "busy"


def entered(later: int, *starts: int) -> tuple[PollRig, Polls]:
    """A poll has begun by what is known of it, at times relative to now, at the last of which it is
    as a started one is, `later` ns later than now."""
    rig = PollRig()
    spi, now, polls = rig.spi, rig.bench.clock.now, Polls(rig.spi)
    rig.ask()
    spi.rx.clear()
    command = spi.command
    assert command is not None and command.end is not None
    lag = command.began - now
    for name in ("began", "base", "end", "stop"):
        setattr(command, name, getattr(command, name) + later)
    polls.first(rig.chip, lag)
    polls.enter(command, lambda: b"\3", [now + start for start in starts])
    return rig, polls


def test_polls_that_come_at_once() -> None:
    """They leave what they leave when they come one by one, and ask nothing."""
    rig, polls = entered(0, 0)
    now = rig.bench.clock.now
    assert len(rig.turns) == 1, "has asked"
    polls.again(now, [now + 400, now + 900], asks=False)
    other, others = entered(900, 0, 400, 900)
    assert other.turns == []
    assert other.spi.save() == rig.spi.save()
    assert other.chip.told == rig.chip.told == [(now + 400, now + 900)]
    assert others.is_under_way() and polls.is_under_way()


@pytest.mark.parametrize(("count", "is_over"), [(1, True), (2, False)])
@pytest.mark.parametrize("sequence", [ENABLE, STATUS])
def test_a_look_that_lasts_is_answered_as_of_its_end(
    sequence: int, count: int, is_over: bool
) -> None:
    """While `now` is still earlier: `Clock.take`. The end of the first of two sequences is none."""
    bench = Bench()
    rig = Rig(FakeChip(bench), bench=bench)
    lut = [0x0406, 0, 0, 0] * 16
    lut[4 * STATUS] = 0x2401_0405
    rig.enable(*lut)
    bench.clock.take = lambda until: until  # type: ignore[method-assign]
    rig.start(sequence, 0, 1, count=count)
    began = bench.clock.now
    assert bool(rig.get(FlexSpi.STS0) == 3) is is_over
    assert rig.get(FlexSpi.INTR) & DONE == is_over
    assert bench.clock.now == began
    assert rig.spi.peek(FlexSpi.STS0.offset) == 2 << 2
    assert not rig.spi.peek(FlexSpi.INTR.offset) & DONE
    bench.clock.advance(100_000)
    assert rig.get(FlexSpi.INTR) & DONE


def test_a_look_at_what_is_received_is_answered_as_of_its_end() -> None:
    """A byte behind another: the first entry, the watermark of two, and the end."""
    bench = Bench()
    rig = Rig(FakeChip(bench), bench=bench)
    rig.enable()
    bench.clock.take = lambda until: until  # type: ignore[method-assign]
    rig.set(FlexSpi.IPRXFCR, 1 << 2)
    rig.start(READ, 0, 20)
    assert rig.get(FlexSpi.IPRXFSTS) & 0xFF == 1
    assert rig.get(FlexSpi.INTR) & (RXWA | DONE) == RXWA
    assert rig.get(FlexSpi.STS0) == 3
    assert rig.spi.peek(FlexSpi.IPRXFSTS.offset) & 0xFF == 0
    assert rig.spi.peek(FlexSpi.INTR.offset) & (RXWA | DONE) == 0
