"""An access of any width, anywhere, means the same to every engine and on a bench."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_rig import TYPES, Rig

from xipsim.peripherals.core import (
    REGISTRY,
    Peripheral,
    Read,
    Register,
    RegisterArray,
    State,
    Write,
    accessors,
    guards,
    words,
)
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.usb import Usb
from xipsim.peripherals.imxrt.wdog import Wdog

PERIPHERALS = [name for name in TYPES if issubclass(REGISTRY[name], Peripheral)]
SIZES = (1, 2, 4, 8)


class Questions:
    """An engine's."""

    def __init__(self) -> None:
        self.asked: Any = None
        self.keys: list[Any] = []

    def question(self, key: Any, until: int | None = None) -> None:
        self.asked = key
        self.keys.append(key)


def refuse(error: BaseException) -> None:
    raise error


def offsets(kind: type[Peripheral]) -> list[int]:
    """Where a register or an alias begins, and each byte around."""
    places = {start for register in kind.registers() for start, _, _ in register.places()}
    return sorted({max(0, start + d) for start in places or {0} for d in range(-2, 4)})


def by_words(model: Peripheral, questions: Questions) -> tuple[Read, Write]:
    """As an engine does it that takes the short cuts: `registers.c` of QEMU's, in Python."""
    any_read, any_write = accessors(model, questions, refuse)
    short = words(model, questions, refuse)

    def found(offset: int, size: int) -> tuple[Any, Any]:
        if size != 4 or offset % 4:
            return None, None
        is_neutral, reader, writer, gate = short.find(offset)
        if not is_neutral and (reader, writer) != (None, None):
            questions.asked = None
        if gate is not None and not short.values[gate[0]] & gate[1]:
            writer = short.values
        return reader, writer

    def read(handle: Any, offset: int, size: int) -> int:
        reader, _ = found(offset, size)
        if reader is None:
            return any_read(handle, offset, size)
        return short.values[offset] if reader is short.values else reader()

    def write(handle: Any, offset: int, value: int, size: int) -> None:
        _, writer = found(offset, size)
        if writer is None:
            any_write(handle, offset, value, size)
        elif writer is short.values:
            short.values[offset] = value
        else:
            writer(value)

    return read, write


@pytest.mark.parametrize("name", PERIPHERALS)
@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_engine_and_bench_agree(name: str, seed: int) -> None:
    """Every offset and size of every model: an engine's calls, without and with its short cuts,
    against `read` and `write`."""
    choice = random.Random(seed)
    rigs = [Rig(name) for _ in range(3)]
    models = [rig.model for rig in rigs if isinstance(rig.model, Peripheral)]
    ways = [
        accessors(models[0], Questions(), refuse),
        by_words(models[1], Questions()),
        _on_a_bench(models[2]),
    ]
    accesses = [(offset, size) for offset in offsets(type(models[0])) for size in SIZES]
    choice.shuffle(accesses)
    for offset, size in accesses:
        if choice.random() < 0.5:
            seen = [outcome(read, None, offset, size) for read, _ in ways]
        else:
            value = choice.getrandbits(8 * size)
            seen = [outcome(write, None, offset, value, size) for _, write in ways]
        assert seen[0] == seen[1] == seen[2], (hex(offset), size)
    assert rigs[0].save() == rigs[1].save() == rigs[2].save()
    assert rigs[0].bench.events == rigs[1].bench.events == rigs[2].bench.events


def _on_a_bench(model: Peripheral) -> tuple[Read, Write]:
    return (
        lambda _, offset, size: model.read(offset, size),
        lambda _, offset, value, size: model.write(offset, value, size),
    )


@pytest.mark.parametrize("name", PERIPHERALS)
def test_a_look_changes_nothing(name: str) -> None:
    """At any offset, in a model that has been at work: no state, no report, no question."""
    rig = Rig(name)
    rig.drive(random.Random(name))
    bench, model = rig.bench, rig.model
    assert isinstance(model, Peripheral)
    saved, said = rig.save(), (list(bench.events), list(bench.notes), len(bench.clock.questions))
    looks = [model.peek(offset, size) for offset in offsets(type(model)) for size in SIZES]
    assert rig.save() == saved
    assert (bench.events, bench.notes, len(bench.clock.questions)) == said
    assert [model.peek(o, s) for o in offsets(type(model)) for s in SIZES] == looks


@pytest.mark.parametrize("name", PERIPHERALS)
def test_a_look_sees_what_a_read_answers(name: str) -> None:
    """Whatever a read does besides; and counters and flags as of now, not of the last access."""
    for seed in range(3):
        rig = Rig(name)
        rig.drive(random.Random(f"{name} {seed}"))
        now, saved = rig.bench.clock.now, rig.save()
        assert isinstance(rig.model, Peripheral)
        for register in type(rig.model).registers():
            size = register.width // 8
            look = rig.model.peek(register.offset, size)
            assert look == rig.model.read(register.offset, size), register.name
            rig.load(saved, now)


def outcome(function: Any, *arguments: Any) -> Any:
    """What it returned, or how it failed."""
    try:
        return function(*arguments)
    except Exception as error:
        return repr(error)


class Mixed(Peripheral):
    """Registers of all widths, with holes, and none that does anything."""

    SIZE = 0x20
    A = Register(0x0)
    B = Register(0x4, width=16)
    C = Register(0x6, width=8)
    D = Register(0x8, width=8)
    E = Register(0xA, width=16)
    F = RegisterArray(0xC, 2)
    G = Register(0x18, width=16)


DECLARED = bytes.fromhex("ffffffff ffffff00 ff00ffff ffffffff ffffffff 00000000 ffff0000 00000000")
"""Which bytes of `Mixed` are registers, by hand."""
ACCESS = st.tuples(
    st.integers(0, 0x18), st.sampled_from(SIZES), st.none() | st.integers(0, 2**64 - 1)
)


@given(st.lists(ACCESS, max_size=30))
def test_registers_are_bytes_on_the_bus(accesses: list[tuple[int, int, int | None]]) -> None:
    """What is not declared reads 0; a store changes exactly the declared bytes that it covers."""
    model, memory = Mixed(Bench().system), bytearray(0x20)
    read, write = accessors(model, Questions(), refuse)
    for offset, size, value in accesses:
        span = slice(offset, offset + size)
        if value is not None:
            data = (value & (1 << 8 * size) - 1).to_bytes(size, "little")
            memory[span] = bytes(a & b for a, b in zip(data, DECLARED[span], strict=True))
            write(None, offset, value & (1 << 8 * size) - 1, size)
        expected = int.from_bytes(memory[span], "little")
        assert read(None, offset, size) == model.peek(offset, size) == expected


class Fifo(Peripheral):
    """Each read of DATA takes the next value; a look does not."""

    SIZE = 0x10
    DATA = Register(0x0, ro=True)
    STATUS = Register(0x4, width=8, w1c=0x0F)
    NEXT = Register(0x5, width=8)
    CTRL = Register(0x8, width=16, set_clear_toggle=True)
    taken = State(0)

    @DATA.on_read
    def _take(self) -> int:
        self.taken += 1
        return self.taken

    @DATA.on_peek
    def _look(self) -> int:
        return self.taken + 1


@pytest.mark.parametrize(("offset", "size"), [(0, 1), (0, 2), (1, 2), (0, 4), (0, 8), (2, 4)])
def test_a_register_is_read_once_by_an_access(offset: int, size: int) -> None:
    model = Fifo(Bench().system)
    model.read(offset, size)
    assert model.taken == 1


def test_a_look_takes_nothing_and_says_nothing() -> None:
    bench = Bench()
    model = Fifo(bench.system)
    assert [model.peek(0), model.peek(0, 1), model.peek(0)] == [1, 1, 1]
    assert model.peek(0xE, 2) == 0
    assert model.taken == 0
    assert bench.events == []


def test_a_narrow_store_neither_clears_w1c_bits_nor_touches_neighbours() -> None:
    model = Fifo(Bench().system)
    model.STATUS, model.NEXT = 0x5F, 0xA5
    model.write(4, 0x1001, 2)
    assert (model.STATUS, model.NEXT) == (0x0E, 0x10)
    model.write(5, 0x33, 1)
    assert model.STATUS == 0x0E


def test_aliases_of_a_narrow_register() -> None:
    model = Fifo(Bench().system)
    model.write(0xC, 0x00F3, 2)
    assert model.CTRL == 0x00F3
    model.write(0xD, 0xC0, 1)
    assert model.read(0x8, 2) == 0xC0F3


def test_16_bit_registers_seen_by_32_bit_accesses() -> None:
    """WDOG: WCR and WSR, WRSR and WICR lie two bytes apart; nothing follows WMCR. USB: CAPLENGTH
    (40h) and HCIVERSION (0100h) make one word. (i.MX RT1060 reference manual, register tables)"""
    bench = Bench()
    wdog, usb = Wdog(bench.system), Usb(bench.system)
    for model, offset, expected in (
        (wdog, 0x0, 0x0000_0030),
        (wdog, 0x4, 0x0004_0010),
        (usb, 0x100, 0x0100_0040),
    ):
        read, _ = accessors(model, Questions(), refuse)
        assert read(None, offset, 4) == model.read(offset, 4) == expected
    assert bench.gaps == []
    _, write = accessors(wdog, Questions(), refuse)
    write(None, 8, 0x1234_0001, 4)
    assert wdog.WMCR == 1
    assert [gap.what for gap in bench.gaps] == [
        "write of 4 bytes at 0x8: no register is declared at 0xa"
    ]


def test_only_what_is_not_neutral_ends_a_question() -> None:
    class Polled(Peripheral):
        SIZE = 8
        STATUS = Register(0, neutral=True)
        OTHER = Register(4)

    questions = Questions()
    read, write = accessors(Polled(Bench().system), questions, refuse)
    questions.asked = "busy?"
    read(None, 0, 4)
    write(None, 0, 1, 4)
    assert questions.asked == "busy?"
    read(None, 4, 1)
    assert questions.asked is None


def test_a_register_without_hooks_is_its_stored_value() -> None:
    """Then an engine need not call anything; masks, aliases and hooks take a call."""
    model = Fifo(Bench().system)
    short = words(Mixed(Bench().system), Questions(), refuse)
    assert short.find(0x0) == short.find(0xC) == (False, short.values, short.values, None)
    assert short.find(0x4) == short.find(0x14) == (False, None, None, None)
    reader, writer, _ = words(model, Questions(), refuse).find(0x0)[1:]
    assert callable(reader)
    assert callable(writer)


def test_a_write_is_only_stored_unless_a_field_says_otherwise() -> None:
    """And an engine is told of which bits."""

    class Port(Peripheral):
        SIZE = 8
        MODE = Register(0)
        DIRECT = MODE.field(4)
        DATA = Register(4, stored_unless=DIRECT)
        taken = State(0)

        @DATA.on_write
        def _take(self, value: int) -> None:
            self.taken = value

    port = Port(Bench().system)
    port.write(4, 1)
    assert (port.DATA, port.taken) == (1, 0)
    port.write(0, 0x10)
    port.write(4, 2)
    assert (port.DATA, port.taken) == (1, 2)
    assert words(port, Questions(), refuse).find(4)[3] == (0, 0x10)


def test_a_write_is_only_stored_while_its_guard_is_not_asked() -> None:
    """An engine is told of that where the register needs no call else."""

    class Port(Peripheral):
        SIZE = 16
        MODE = Register(0)
        ON = MODE.field(3)
        PLAIN = Register(4)
        MASKED = Register(8, ro=1)
        HOOKED = Register(12)
        asked: State[list[str]] = State([])

        @HOOKED.on_write
        def _take(self, value: int) -> None:
            self.asked.append("hook")

        @guards(PLAIN, MASKED, HOOKED, guarded_while=ON)
        def _may(self, register: Register, value: int) -> bool:
            self.asked.append(register.name)
            return value == 6

    port = Port(Bench().system)
    find = words(port, Questions(), refuse).find
    assert [find(offset)[3] for offset in (0, 4, 8, 12)] == [None, (0, 8), None, None]
    for offset in (4, 8, 12):
        port.write(offset, 5)
    assert (port.PLAIN, port.MASKED, port.HOOKED, port.asked) == (5, 4, 5, ["hook"])
    port.write(0, 8)
    port.asked.clear()
    for offset, value in ((4, 6), (8, 7), (12, 7)):
        port.write(offset, value)
    assert (port.PLAIN, port.MASKED, port.HOOKED) == (6, 4, 5)
    assert port.asked == ["PLAIN", "MASKED", "HOOKED"]


def test_a_polled_register_is_asked_by_reads_and_left_by_writes() -> None:
    """By either road: `accessors`, and the short cuts of an engine."""

    class Port(Peripheral):
        SIZE = 8
        LEVELS = Register(0, polled=True)

    for by_words in (False, True):
        bench = Bench()
        port, questions = Port(bench.system, name="port"), Questions()
        read, write = accessors(port, questions, refuse)
        is_quiet, reader, writer, _ = words(port, questions, refuse).find(0)
        assert is_quiet and callable(reader) and callable(writer)
        questions.asked = "busy?"
        assert (reader() if by_words else read(None, 0, 4)) == 0
        assert questions.asked == "busy?"
        assert bench.clock.questions == [(("port", "LEVELS"), None)]
        assert bench.clock.exact == 100_000, "shorter waits measure pulses"
        if by_words:
            writer(5)
        else:
            write(None, 0, 5, 4)
        assert questions.asked is None and port.LEVELS == 5


def test_reading_where_nothing_is_declared_is_a_question() -> None:
    """Firmware that polls a register which is not there waits for ever, and at no cost."""

    class Polled(Peripheral):
        SIZE = 8
        STATUS = Register(0)

    questions = Questions()
    read, write = accessors(Polled(Bench().system, name="spi"), questions, refuse)
    read(None, 0, 4)
    assert questions.keys == []
    read(None, 4, 4)
    assert (questions.keys, questions.asked) == (["spi 0x4"], "spi 0x4")
    write(None, 4, 1, 4)
    assert questions.asked is None


@pytest.mark.parametrize(
    ("registers", "message"),
    [
        (
            {"A": Register(0, set_clear_toggle=True), "B": Register(4)},
            "A_SET and B overlap at 0x4",
        ),
        ({"A": Register(0, set_clear_toggle=True), "B": Register(8)}, "A_CLR and B overlap at 0x8"),
        ({"A": Register(0), "B": Register(2, width=16)}, "A and B overlap at 0x2"),
        ({"A": Register(4), "B": Register(4)}, "A and B overlap at 0x4"),
    ],
)
def test_registers_and_aliases_that_overlap_are_refused(
    registers: dict[str, Register], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        type("Wrong", (Peripheral,), registers)
