"""A counter that is read in a wait answers as of the time at which the read is over.

That is what `Clock.question` returns: the core executes nothing before it. Else two timers that one
loop looks at would differ by what the wait took.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

import pytest

from xipsim.peripherals.alif.counters import Counter, CounterRead
from xipsim.peripherals.alif.lprtc import Lprtc
from xipsim.peripherals.alif.lptimer import Lptimer
from xipsim.peripherals.alif.utimer import Utimer
from xipsim.peripherals.arm.dwt import Dwt
from xipsim.peripherals.core import Peripheral
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.gpt import Gpt
from xipsim.peripherals.imxrt.pit import Pit

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
