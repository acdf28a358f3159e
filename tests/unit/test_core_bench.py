"""The stand-ins for an engine: tests believe them, so they are tested, too."""

from __future__ import annotations

import pytest

from xipsim.peripherals.core import BusError, Peripheral, Region, ResetCause, System
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.core.trace import Diagnostic, FlashCommand, Gap, Note


def test_alarms_fire_on_time_and_in_order() -> None:
    """At their very nanosecond, one that sets another one, too; each once."""
    clock, fired = Bench().clock, list[tuple[str, int]]()
    alarms = {}

    def callback(name: str) -> None:
        fired.append((name, clock.now))
        if name == "a":
            alarms["c"].at(15)

    for name in "abcd":
        alarms[name] = clock.alarm(lambda name=name: callback(name))
    alarms["b"].at(20)
    alarms["a"].at(10)
    alarms["d"].at(12)
    alarms["d"].cancel()
    assert (alarms["a"].deadline, alarms["d"].deadline) == (10, None)
    clock.advance(9)
    assert (fired, clock.now) == ([], 9)
    clock.advance(1)
    assert fired == [("a", 10)]
    assert alarms["a"].deadline is None
    clock.advance(90)
    assert fired == [("a", 10), ("c", 15), ("b", 20)]
    assert clock.now == 100
    alarms["a"].at(50)
    assert alarms["a"].deadline == 100, "in the past: at once"
    clock.advance(0)
    assert fired[3:] == [("a", 100), ("c", 100)]


def test_an_access_that_takes_time() -> None:
    """`take` ends at the next alarm, `lasts` goes through all of them."""
    clock, fired = Bench().clock, list[int]()
    alarm = clock.alarm(lambda: fired.append(clock.now))
    assert clock.take(100) == clock.now == 100
    alarm.at(130)
    assert clock.take(200) == clock.now == 130
    assert fired == [], "it has not fired yet"
    assert clock.take(120) == 130, "time does not run backwards"
    clock.lasts(300)
    assert (fired, clock.now) == ([130], 300)


def test_questions_are_noted() -> None:
    clock = Bench().clock
    clock.now = 7
    assert clock.exact == 0
    assert clock.question("busy?", 100) == 7
    assert clock.question("level?", after=50) == 7
    assert clock.questions == [("busy?", 100), ("level?", None)]
    assert clock.exact == 50


def test_memory_is_where_it_was_put() -> None:
    bus = Bench().bus
    memory = bus.add(0x1000, 0x100)
    assert bus.add(0x1000, 0x100) is memory
    assert bus.read(0x1000, 0x100) == bytes(0x100)
    bus.write(0x10FC, b"last")
    assert bus.read(0x10FE, 2) == b"st"
    assert memory[0xFC:] == b"last"
    bus.write(0x1000, b"first")
    assert memory[:6] == b"first\0"
    for address, length in ((0xFFF, 1), (0xFFF, 4), (0x10FD, 4), (0x1100, 1), (0x2000, 1)):
        with pytest.raises(BusError, match=f"nothing at {address:#x}"):
            bus.read(address, length)
        with pytest.raises(BusError, match=f"nothing at {address:#x}"):
            bus.write(address, bytes(length))


class Windowed(Peripheral):
    """Answers with where it was asked."""

    other = Region("another one")
    memory = Region("bytes")

    @memory.on_read
    def _read(self, offset: int, size: int) -> int:
        return 0xA_0000 + (offset << 4) + size

    @memory.on_write
    def _write(self, offset: int, value: int, size: int) -> None:
        self.written = (offset, value, size)

    @memory.on_peek
    def _peek(self, offset: int, size: int) -> int:
        return 0xB_0000 + (offset << 4) + size


def test_a_window_reads_from_its_native_segments_and_else_from_the_model() -> None:
    bench = Bench()
    model = Windowed(bench.system)
    window = bench.window(model, "memory", 0x6000_0000, 0x1000)
    assert model.memory is window
    assert (window.address, window.size) == (0x6000_0000, 0x1000)
    segment = window.segment(0x100, 0x10)
    assert not segment.writable
    assert window.segment(0x800, 4, writable=True).writable
    segment.load(4, b"\x01\x02\x03\x04\x05")
    assert window.read(0x104) == 0xA_1044, "not native yet"
    segment.native(True)
    assert window.read(0x104) == 0x04030201
    assert window.read(0x100, 1) == 0xFF
    assert window.read(0x10C) == 0xFFFF_FFFF
    for offset, size in ((0xFF, 1), (0xFF, 2), (0x10D, 4), (0x110, 1)):
        assert window.read(offset, size) == 0xA_0000 + (offset << 4) + size, "not all is native"
    assert window.peek(0x104) == 0xB_1044
    window.write(0x104, 0x55, 2)
    assert model.written == (0x104, 0x55, 2)
    segment.native(False)
    assert window.read(0x104, 2) == 0xA_1042
    segment.unmap()
    assert [s.offset for s in window.segments] == [0x800]


def test_a_bench_lists_what_is_said_and_asked() -> None:
    bench = Bench(seed=5)
    system: System = bench.system
    for event in (
        FlashCommand(time=1, chip="nor", opcode=None, name="x"),
        Diagnostic(time=2, source="a", rule="r", message="m"),
        Gap(time=3, source="a", what="w"),
        Note(time=4, source="a", message="n"),
    ):
        system.trace.emit(event)
    assert [len(said) for said in (bench.commands, bench.diagnostics, bench.gaps, bench.notes)] == [
        1, 1, 1, 1,
    ]  # fmt: skip
    assert bench.events == [*bench.diagnostics, *bench.gaps]
    system.request_reset(ResetCause.SOFTWARE)
    system.power_off("why")
    system.stuck("where")
    assert (bench.resets, bench.power_offs, bench.stuck) == (
        [ResetCause.SOFTWARE], ["why"], ["where"],
    )  # fmt: skip
    assert system.pc() is None
    bench.pc = 0x1234
    assert system.pc() == 0x1234
    assert system.seed == 5
    assert Bench().system.seed == 0
    assert system.random("a").random() == Bench(seed=5).system.random("a").random()
    assert system.random("a").random() != system.random("b").random()
