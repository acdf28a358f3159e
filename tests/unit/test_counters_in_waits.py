"""A counter that is read in a wait answers as of the time at which the read is over.

That is what `Clock.question` returns: the core executes nothing before it. Else two timers that one
loop looks at would differ by what the wait took. Of one that stands, and of a register without its
behaviour, nobody waits in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

import pytest
from time_source import Source

from xipsim.engines.guest.clock import GuestClock
from xipsim.peripherals.alif.counters import Counter, CounterRead
from xipsim.peripherals.alif.lprtc import Lprtc
from xipsim.peripherals.alif.lptimer import Lptimer
from xipsim.peripherals.alif.utimer import Utimer
from xipsim.peripherals.arm.dwt import Dwt
from xipsim.peripherals.core import (
    Peripheral,
    Register,
    RegisterArray,
    Unanswered,
    accessors,
    words,
)
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.gpt import Gpt
from xipsim.peripherals.imxrt.pit import Pit
from xipsim.peripherals.imxrt.snvs import Snvs

MS, S = 1_000_000, 1_000_000_000
Counting = tuple[Peripheral, int]
"""A model that counts, and the offset of its count."""


def writes(model: Peripheral, *values: tuple[int, int]) -> None:
    for offset, value in values:
        model.write(offset, value)


def gpt(bench: Bench) -> Counting:
    model = Gpt(bench.system)
    writes(model, (0x04, 23), (0x00, 1 << 10 | 5 << 6 | 1 << 9 | 1))
    return model, 0x24


def pit(bench: Bench) -> Counting:
    model = Pit(bench.system)
    writes(model, (0x000, 0), (0x100, 0xFFFF_FFFF), (0x108, 1))
    return model, 0x104


def chained_pit(bench: Bench) -> Counting:
    """Channel 1 counts each expiry of channel 0, every 1000 counts."""
    model = Pit(bench.system)
    writes(model, (0x000, 0), (0x100, 999), (0x110, 0xFFFF_FFFF), (0x118, 5), (0x108, 1))
    return model, 0x114


def utimer(bench: Bench) -> Counting:
    model = Utimer(bench.system)
    writes(model, (0x20, 1), (0x1080, 1), (0x10A4, 0xFFFF_FFFF), (0x1004, 1 << 31), (0x00, 1))
    return model, 0x10A0


def lptimer(bench: Bench) -> Counting:
    model = Lptimer(bench.system)
    writes(model, (0x00, 0xFFFF_FFFF), (0x08, 3))
    return model, 0x04


def lprtc(bench: Bench) -> Counting:
    model = Lprtc(bench.system)
    writes(model, (0x0C, 1 << 2))
    return model, 0x00


def prescaler(bench: Bench) -> Counting:
    model = Lprtc(bench.system)
    writes(model, (0x20, 0x8000), (0x0C, 1 << 2 | 1 << 4))
    return model, 0x24


def counter(bench: Bench) -> Counting:
    model = Counter(bench.system, frequency=32_768)
    writes(model, (0x00, 1))
    return CounterRead(bench.system, counter=model), 0x00


def dwt(bench: Bench) -> Counting:
    model = Dwt(bench.system, frequency=600_000_000)
    writes(model, (0x00, 1))
    return model, 0x04


@pytest.mark.parametrize(
    "make", [gpt, pit, chained_pit, utimer, lptimer, lprtc, prescaler, counter, dwt]
)
def test_it_answers_as_of_the_end_of_the_wait(
    make: Callable[[Bench], Counting], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, later = Bench(), Bench()
    model, offset = make(bench)
    other, _ = make(later)
    bench.clock.advance(3 * MS)
    later.clock.advance(10 * MS)

    def question(key: Hashable, until: int | None = None, *, after: int = 0) -> int:
        return 10 * MS

    assert model.peek(offset) != other.peek(offset), "it counts"
    monkeypatch.setattr(bench.clock, "question", question)
    assert model.read(offset) == other.peek(offset)


FLAGS: list[tuple[type[Peripheral], int, list[tuple[int, int]]]] = [
    (Pit, 0x10C, [(0x000, 0), (0x100, 999), (0x108, 1)]),
    (Lptimer, 0x10, [(0x00, 999), (0x08, 3)]),
    (Lptimer, 0xA0, [(0x00, 999), (0x08, 3)]),
    (Lptimer, 0xA8, [(0x00, 999), (0x08, 3)]),
]
"""Model, its flag, and what starts it."""


@pytest.mark.parametrize(("kind", "flag", "written"), FLAGS)
def test_a_flag_that_is_polled_is_asked_for_until_it_comes(
    kind: type[Peripheral], flag: int, written: list[tuple[int, int]]
) -> None:
    bench = Bench()
    model = kind(bench.system, name="t")
    writes(model, *written)
    bench.clock.questions.clear()
    assert model.read(flag) == 0
    [(_, until)] = bench.clock.questions
    assert until is not None
    bench.clock.advance(until - bench.clock.now - 1)
    assert model.peek(flag) == 0
    bench.clock.advance(1)
    bench.clock.questions.clear()
    assert model.read(flag) != 0
    assert not bench.clock.questions


STANDING: list[tuple[type[Peripheral], int, list[tuple[int, int]], str]] = [
    (Gpt, 0x24, [], "t: CR.EN is 0, CR.CLKSRC 0"),
    (Gpt, 0x24, [(0, 1)], "t: CR.EN is 1, CR.CLKSRC 0"),
    (Pit, 0x114, [], "t 1: MCR.MDIS is 1"),
    (Pit, 0x114, [(0, 0)], "t 1: TCTRL[1].TEN is 0"),
    (Pit, 0x114, [(0, 0), (0x118, 5)], "t 1: TCTRL[0].TEN is 0"),
    (Pit, 0x11C, [(0, 0)], "t 1: TCTRL[1].TEN is 0"),
    (Snvs, 0x54, [], "t SRTC: LPCR.SRTC_ENV is 0"),
    (Snvs, 0x28, [], "t HPRTC: HPCR.RTC_EN is 0"),
    (Dwt, 0x04, [], "t: CTRL.CYCCNTENA is 0"),
    (Lptimer, 0x18, [], "t 1: CONTROLREG[1].ENABLE is 0"),
    (Lptimer, 0x24, [], "t 1: CONTROLREG[1].ENABLE is 0"),
    (Utimer, 0x10A0, [], "t 0: bit 0 of CNTR_CTRL[0] is 0"),
    (Utimer, 0x10A0, [(0x1080, 1)], "t 0: bit 0 of GLB_CLOCK_ENABLE is 0"),
    (Utimer, 0x10A0, [(0x1080, 1), (0x20, 1)], "t 0: nothing has started it"),
    (Lprtc, 0x00, [], "t: CCR bit 2 (EN) is 0"),
    (Lprtc, 0x24, [], "t: CCR bit 2 (EN) is 0"),
    (Counter, 0x08, [], "t: CNTCR.EN is 0"),
]
"""Model, what is polled, what was written before, and why it stands."""


@pytest.mark.parametrize(("kind", "offset", "written", "why"), STANDING)
def test_who_waits_for_a_counter_that_stands_is_told_why(
    kind: type[Peripheral], offset: int, written: list[tuple[int, int]], why: str
) -> None:
    bench = Bench()
    needs = {"frequency": 32_768} if kind in (Counter, Dwt) else {}
    model = kind(bench.system, name="t", **needs)
    writes(model, *written)
    bench.clock.questions.clear()
    model.read(offset)
    [(asked, until)] = bench.clock.questions
    assert isinstance(asked, Unanswered)
    assert until is None
    assert f"{asked}: {asked.why}".replace("which stands still: ", "").startswith(why)


def test_it_is_told_once_after_ten_milliseconds() -> None:
    told: list[tuple[int, str]] = []
    source = Source()
    clock = GuestClock(source, guard=lambda error: None, stalls=True)
    clock.questions.hopeless = lambda what: told.append((source.now, f"{what}, {what.why}"))
    bench = Bench()
    model = Lptimer(bench.system._replace(clock=clock), name="lptimer")
    while source.now < 100 * MS:
        model.read(0x04)
        source.advance(100)
    [(time, text)] = told
    assert 10 * MS < time < 12 * MS
    assert text == "lptimer 0, which stands still: CONTROLREG[0].ENABLE is 0"


class Half(Peripheral):
    """Some of whose registers do nothing."""

    SIZE = 0x10
    DONE = Register(0x0, unmodelled="finishing")
    COUNTS = RegisterArray(0x4, 2, unmodelled="counting")
    PLAIN = Register(0xC)


@pytest.mark.parametrize("short", [False, True])
def test_who_waits_for_a_register_without_its_behaviour_is_told_what_it_lacks(short: bool) -> None:
    """By either way of an engine to reach it; the run of polls goes on meanwhile."""
    source = Source()
    clock = GuestClock(source, guard=lambda error: None, stalls=True)
    told: list[str] = []
    clock.questions.hopeless = lambda what: told.append(f"{what}, {what.why}")
    model = Half(Bench().system._replace(clock=clock), name="half")
    read, _ = accessors(model, clock.questions, lambda error, what: None)
    find = words(model, clock.questions, lambda error, what: None).find

    def poll(offset: int) -> None:
        end = source.now + 20 * MS
        while source.now < end:
            if short:
                is_neutral, reader, *_ = find(offset)
                clock.questions.asked = clock.questions.asked if is_neutral else None
                assert callable(reader)
                reader()
            else:
                read(None, offset, 4)
            source.advance(100)

    poll(0x0)
    poll(0x8)
    assert told == [
        "half DONE (finishing), which is not modelled: nothing will answer",
        "half COUNTS[1] (counting), which is not modelled: nothing will answer",
    ]
    before = source.now
    for _ in range(1000):
        read(None, 0xC, 4)
        source.advance(100)
    assert source.now - before == 1000 * 100, "a register that is whole is no question"
