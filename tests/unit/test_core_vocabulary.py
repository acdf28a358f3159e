"""What declarations mean: parameters, state, registers, roles, events, one rule after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from xipsim.peripherals.core import (
    REGISTRY,
    Console,
    Inputs,
    Keeper,
    Line,
    Model,
    Output,
    Parameter,
    Peripheral,
    Record,
    Region,
    Register,
    RegisterArray,
    Registry,
    ResetCause,
    Slots,
    State,
    accessors,
    copied,
    exposed,
    guards,
    hertz,
    roles_of,
    words,
)
from xipsim.peripherals.core.ports import Unanswered
from xipsim.peripherals.core.testing import Bench, FakeClock
from xipsim.peripherals.core.ticks import ask_in_vain
from xipsim.peripherals.core.trace import Diagnostic, FlashCommand, Gap, Note, Trace, fold_key
from xipsim.peripherals.core.wires import Outputs

# -- parameters ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "value", "says"),
    [
        (Parameter(int, ""), 5, ""),
        (Parameter(int, ""), "5", "expected int, given '5'"),
        (Parameter(int, ""), 5.0, "expected int, given 5.0"),
        (Parameter(int, ""), True, "expected int, given True"),
        (Parameter(int, ""), None, "expected int, given None"),
        (Parameter(int, "", default=3), None, "expected int, given None"),
        (Parameter(int, "", default=None), None, ""),
        (Parameter(int, "", default=None), 7, ""),
        (Parameter(bool, ""), True, ""),
        (Parameter(bool, ""), 1, "expected bool, given 1"),
        (Parameter(float, ""), 0.5, ""),
        (Parameter(float, ""), 1, ""),
        (Parameter(float, ""), "1", "expected float, given '1'"),
        (Parameter(str, "", default="a"), "b", ""),
        (Parameter(str, "", choices=("a", "b")), "b", ""),
        (Parameter(str, "", choices=("a", "b")), "c", "expected one of 'a', 'b', given 'c'"),
        (Parameter(float, "", least=0.5), 0.5, ""),
        (Parameter(float, "", least=0.5), 0.4, "expected at least 0.5, given 0.4"),
        (Parameter(float, "", most=0.5), 0.5, ""),
        (Parameter(float, "", most=0.5), 0.6, "expected at most 0.5, given 0.6"),
        (Parameter(float, "", least=0.5), float("nan"), "expected at least 0.5, given nan"),
        (hertz(""), 1, ""),
        (hertz(""), 0, "expected at least 1, given 0"),
    ],
)
def test_what_a_parameter_takes(parameter: Parameter[Any], value: object, says: str) -> None:
    assert parameter.check(value) == says


def test_parameters_that_need_not_be_given() -> None:
    assert Parameter(int, "").required
    assert not Parameter(int, "", default=3).required
    assert not Parameter(int, "", default=None).required
    assert (Parameter(int, "").default, Parameter(int, "", default=3).default) == (None, 3)
    assert hertz("").required
    assert hertz("", default=48_000).default == 48_000


# -- what models are, unless they say otherwise ----------------------------------------------------


class Plain(Peripheral):
    """With one of everything."""

    count = Parameter(int, "a number", default=3)
    IRQ = Output("one")
    pins = Outputs(2, "two")
    memory = Region("bytes")
    chips: Slots[Model] = Slots(2, "chip selects")
    left: State[int] = State(1)
    kept: State[int] = State(2, survives_reset=True)
    around: State[int] = State(3, outside=True)
    nested: State[list[list[int]]] = State([[1]])
    CTRL = Register(0x00, reset=0x10)
    KEPT = Register(0x04, reset=0x20, survives_reset=True)
    RANGE = RegisterArray(0x10, 2, width=16, stride=4, reset=(1, 2), survives_reset=True)

    def __init__(self, system: Any, **parameters: Any) -> None:
        super().__init__(system, **parameters)
        self.late = self.alarm(self._late)
        self.fired = 0

    def _late(self) -> None:
        self.fired += 1


def test_defaults() -> None:
    """16 KB is what a slot of the i.MX RT's AIPS bridges has."""
    assert (Model.TYPE, Model.SYSTICK_REFERENCE, Model.LOADS_ITSELF) == ("", 0, False)
    assert Peripheral.SIZE == 0x4000
    assert (frozenset(), frozenset()) == (Peripheral.POLLED, Peripheral.NEUTRAL)
    assert not Console.has_cable
    assert Keeper.BLANK == 0xFF
    assert Inputs.INPUTS is None
    assert not Output("").required
    assert Output("", required=True).required
    assert not Output("").survives_reset
    assert not Outputs(1, "").survives_reset
    assert Region("").required
    assert not Region("", required=False).required
    assert Slots(3, "").count == 3
    assert Slots(3, "").kind is object


def test_a_model_by_another_name() -> None:
    model = Plain(Bench().system)
    assert (model.name, model.count) == ("plain", 3)
    assert Plain(Bench().system, name="other").name == "other"
    assert list(model.lines) == ["IRQ", "0", "1"]
    assert model.pins == [model.lines["0"], model.lines["1"]]
    assert model.IRQ is model.lines["IRQ"]
    assert model.chips == {}
    model.chips[1] = model
    assert Plain(Bench().system).chips == {}
    assert isinstance(Plain.chips, Slots) and isinstance(Plain.pins, Outputs)


@pytest.mark.parametrize("cause", ResetCause)
def test_what_a_reset_brings_back(cause: ResetCause) -> None:
    model = Plain(Bench().system)
    model.left, model.kept, model.around = 10, 20, 30
    model.nested[0].append(5)
    model.CTRL, model.KEPT = 0xAA, 0xBB
    model.RANGE[0] = model.RANGE[1] = 7
    model.late.at(100)
    model.pins[1].set(True)
    model.reset(cause)
    cold = cause is ResetCause.POWER_ON
    assert (model.left, model.kept, model.around) == (1, 2 if cold else 20, 30)
    assert model.nested == [[1]]
    assert (0x10, 0x20 if cold else 0xBB) == (model.CTRL, model.KEPT)
    assert list(model.RANGE) == ([1, 2] if cold else [7, 7])
    assert model.late.deadline is None
    assert not model.pins[1].level
    assert Plain(Bench().system).nested == [[1]], "the default is nobody's"


def test_a_snapshot_holds_what_is_declared() -> None:
    """And stays what it was when the model runs on, or is put back twice."""
    bench = Bench()
    model = Plain(bench.system)
    model.left = 5
    model.nested[0].append(2)
    model.CTRL = 0x11
    model.late.at(50)
    model.pins[0].set(True)
    model.gap("before")
    told: list[bool] = []
    saved = model.save()
    for _ in range(2):
        model.left = 6
        model.nested[0].append(3)
        model.CTRL = 0x12
        model.late.cancel()
        model.pins[0].set(False)
        model.gap("after")
        model.pins[0].connect(Sink(told))
        told.clear()
        model.load(saved)
        assert (model.left, model.nested, model.CTRL) == (5, [[1, 2]], 0x11)
        assert model.late.deadline == 50
        assert model.pins[0].level
        assert told == [], "lines are set in silence"
        bench.gaps.clear()
        model.gap("before")
        model.gap("after")
        model.gap("after")
        assert [gap.what for gap in bench.gaps] == ["after"]
    idle = Plain(Bench().system).save()
    model.load(idle)
    assert model.late.deadline is None
    assert model.save() == idle


class Sink:
    def __init__(self, told: list[bool]) -> None:
        self.told = told

    def set(self, level: bool) -> None:
        self.told.append(level)


class Acts(FakeClock):
    """Counts how often a model said that it acts on something outside."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def acts(self) -> None:
        self.count += 1


def test_what_a_model_says() -> None:
    """With time and PC; each is more than registers, which engines have to know of."""
    bench, clock = Bench(), Acts()
    model = Plain(bench.system._replace(clock=clock), name="m")
    clock.now, bench.pc = 7, 0x1234
    model.diagnose("rule", "message", opcode=0x9F, address=5)
    model.gap("what")
    model.gap("what")
    model.note("text")
    assert clock.count == 3
    assert bench.diagnostics == [Diagnostic(7, "m", "rule", "message", 0x1234, 0x9F, 5)]
    assert bench.gaps == [Gap(7, "m", "what", 0x1234)]
    assert bench.notes == [Note(7, "m", "text")]


def test_the_values_of_records_are_copied_whole() -> None:
    class Local(Record):
        """Which pickle cannot find."""

        def __init__(self, parts: list[int]) -> None:
            self.parts = parts

    for value in (
        [1, 2], [[1]], {"a": [1]}, {1: [2]}, ([1],), {1, 2}, bytearray(b"ab"), Local([1]),
        [Local([1])], [1, "a", None, b"x", 2.5, True],
    ):  # fmt: skip
        copy = copied(value)
        assert copy == value
        assert type(copy) is type(value)
        assert copy is not value
        inner = value[0] if isinstance(value, (list, tuple)) else None
        if isinstance(inner, (list, Record)):
            assert copy[0] is not inner
    assert copied({1: [2]})[1] == [2]
    nested = {1: [2]}
    assert copied(nested)[1] is not nested[1]
    for unchanging in (1, "a", b"x", 2.5, True, None):
        assert copied(unchanging) is unchanging


# -- registers -------------------------------------------------------------------------------------


class Table(Peripheral):
    """One register for each keyword."""

    SIZE = 0x100
    RO = Register(0x00, reset=0xF0, ro=0xFF)
    W1C = Register(0x04, reset=0xFF, w1c=0x0F)
    BOTH = Register(0x08, reset=0xFF, ro=0xF0, w1c=0xFF)
    FULL = Register(0x0C, reset=0x55, ro=True)
    ALIASED = Register(0x10, reset=0x0F, set_clear_toggle=True)
    NARROW = Register(0x20, width=8, reset=1)
    LACKING = Register(0x24, reset=3, unmodelled="what it does")
    GUARDED = Register(0x28)
    ARRAY = RegisterArray(0x30, 3, width=16, reset=(1, 2, 3))
    PAIRS = RegisterArray(0x40, 2, stride=8, w1c=1)
    NEUTRAL_POLLED = Register(0x50, neutral=True, polled=True)
    NEUTRALS = RegisterArray(0x60, 2, neutral=True)
    FIELD = RO.field(4, 4)
    LOW = NARROW.field(0, 3)
    taken: State[list[tuple[Any, ...]]] = State([])

    @RO.on_write
    @W1C.on_write
    @FULL.on_write
    @GUARDED.on_write
    @NARROW.on_write
    def _taken(self, value: int) -> None:
        self.taken.append((value,))

    @ARRAY.on_write
    def _taken_by_index(self, index: int, value: int) -> None:
        self.taken.append((index, value))

    @PAIRS.on_read
    def _answer(self, index: int) -> int:
        return 0x100 + index

    @guards(GUARDED)
    def _may(self, register: Register, value: int) -> bool:
        return register.name == "GUARDED" and value < 10


@pytest.fixture
def table() -> Table:
    return Table(Bench().system, name="t")


def test_bits_that_writes_leave_alone(table: Table) -> None:
    table.write(0x00, 0x1234)
    assert (table.RO, table.FIELD) == (0x12F0, 0xF)
    table.write(0x0C, 0x1234)
    assert table.FULL == 0x55
    assert table.taken == [(0x1234,), (0x1234,)], "hooks get the value as written"


def test_bits_that_ones_clear(table: Table) -> None:
    table.write(0x04, 0xA5)
    assert table.W1C == 0xAA, "0 keeps them; the others are stored"
    table.write(0x04, 0)
    assert table.W1C == 0x0A
    table.write(0x08, 0xFF)
    assert table.BOTH == 0xF0, "what is read only stays"


def test_set_clear_toggle(table: Table) -> None:
    for offset, value, expected in ((0x14, 0xF0, 0xFF), (0x18, 0x3C, 0xC3), (0x1C, 0xFF, 0x3C)):
        table.write(offset, value)
        assert expected == table.ALIASED
        assert [table.read(at) for at in (0x10, 0x14, 0x18, 0x1C)] == [expected] * 4
    assert [name for _, _, name in Table.ALIASED.places()] == [
        "ALIASED", "ALIASED_SET", "ALIASED_CLR", "ALIASED_TOG",
    ]  # fmt: skip
    assert Table.ALIASED.places()[3][:2] == (0x1C, 0x20)
    assert Table.NARROW.places() == [(0x20, 0x21, "NARROW")]


def test_values_are_cut_to_their_width(table: Table) -> None:
    table.NARROW = 0x1FF
    assert (table.NARROW, table.LOW) == (0xFF, 7)
    table.LOW = 0b1010
    assert (table.NARROW, table.LOW) == (0xFA, 2)
    table.ARRAY[1] = 0x1_0005
    assert list(table.ARRAY) == [1, 5, 3]
    assert len(table.ARRAY) == 3
    assert [r.name for r in Table.ARRAY.elements] == ["ARRAY[0]", "ARRAY[1]", "ARRAY[2]"]
    with pytest.raises(IndexError):
        table.ARRAY[3]


def test_registers_of_an_array(table: Table) -> None:
    table.write(0x36, 9, 2)
    assert list(table.ARRAY) == [1, 2, 3], "they lie 4 bytes apart unless it is said"
    assert Table.ARRAY.offsets == range(0x30, 0x3C, 4)
    table.write(0x38, 7, 2)
    assert (table.taken[-1], table.ARRAY[2]) == ((2, 7), 7)
    assert [table.read(0x40), table.read(0x48)] == [0x100, 0x101]


def test_what_a_register_lacks_is_told(table: Table) -> None:
    bench_gaps: list[Gap] = []
    table.system.trace.subscribe(Gap, bench_gaps.append)
    table.write(0x24, 3)
    assert bench_gaps == [], "its reset value asks for nothing"
    table.write(0x24, 2)
    table.write(0x24, 4)
    assert [gap.what for gap in bench_gaps] == ["LACKING: what it does"]
    assert table.LACKING == 4
    table.read(0x24)
    questions = table.system.clock.questions  # type: ignore[attr-defined]
    assert questions == [("t LACKING (what it does)", None)]
    assert isinstance(questions[0][0], Unanswered)


def test_a_guard_decides(table: Table) -> None:
    table.write(0x28, 9)
    table.write(0x28, 10)
    assert (table.GUARDED, table.taken) == (9, [(9,)])


def test_accesses_where_nothing_is_declared() -> None:
    bench = Bench()
    table = Table(bench.system, name="t")
    assert table.read(0xA0) == 0
    table.write(0x22, 1, 1)
    assert table.read(0x20, 4) == 1
    table.write(0x20, 0x0102, 2)
    assert table.NARROW == 2
    assert [gap.what for gap in bench.gaps] == [
        "read of 4 bytes at 0xa0, where no register is declared",
        "write of 1 bytes at 0x22, where no register is declared",
        "read of 4 bytes at 0x20: no register is declared at 0x21",
        "write of 2 bytes at 0x20: no register is declared at 0x21",
    ]
    assert table.declares(0x20, 1) and table.declares(0x1F, 2)
    assert not table.declares(0x21, 3)


class Asked:
    """An engine's record, and what was asked when a question came."""

    def __init__(self) -> None:
        self.asked: Any = None
        self.asking = [None]
        self.before: list[Any] = []

    def question(self, key: Any, until: int | None = None) -> None:
        self.before.append(self.asked)
        self.asked = key


def refuse(error: BaseException, what: str) -> None:
    raise error


def test_a_question_goes_on_through_what_is_neutral(table: Table) -> None:
    asked = Asked()
    read, write = accessors(table, asked, refuse)
    short = words(table, asked, refuse)
    for offset in (0x50, 0x60, 0x64):
        asked.asked = "busy?"
        read(None, offset, 4)
        write(None, offset, 1, 4)
        assert asked.asked == "busy?"
        is_quiet, _, writer, gate = short.find(offset)
        assert is_quiet and gate is None
        if callable(writer):
            writer(1)
        assert asked.asked == "busy?", "polled, too, it stays neutral"
    read(None, 0x00, 4)
    assert asked.asked is None
    assert {0x50, 0x60, 0x64} == table.NEUTRAL
    assert {0x50, 0x24} == table.POLLED


def test_what_is_not_there_is_asked_as_one_question(table: Table) -> None:
    """The run of it goes on from read to read."""
    asked = Asked()
    read, _ = accessors(table, asked, refuse)
    for _ in range(3):
        read(None, 0xA0, 4)
    assert asked.before == [None, "t 0xa0", "t 0xa0"]


def test_a_part_of_a_register_after_the_whole(table: Table) -> None:
    """The short cut for whole ones is no answer to the others."""
    read, write = accessors(table, Asked(), refuse)
    assert read(None, 0x10, 4) == 0x0F
    write(None, 0x10, 0x0403_0201, 4)
    assert [read(None, 0x10, size) for size in (1, 2, 4)] == [1, 0x0201, 0x0403_0201]
    write(None, 0x10, 0xAA, 1)
    write(None, 0x12, 0xBB, 1)
    assert table.ALIASED == 0x04BB_02AA


def test_what_a_whole_register_costs(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """No look at what lies around it; by an engine's call one of 32 bits not even `read`."""
    looked: list[tuple[int, int]] = []
    monkeypatch.setattr(table, "_touched", lambda offset, size, *_: looked.append((offset, size)))
    for offset, size in ((0x10, 4), (0x14, 4), (0x20, 1), (0x30, 2), (0x0C, 4)):
        table.read(offset, size)
        table.write(offset, 1, size)
    assert looked == []
    called: list[int] = []
    for name in ("read", "write"):
        monkeypatch.setattr(table, name, lambda offset, *_: called.append(offset))
    read, write = accessors(table, Asked(), refuse)
    for offset in (0x10, 0x14, 0x0C):
        read(None, offset, 4)
        write(None, offset, 1, 4)
    assert (called, looked) == ([], [])


def test_the_registers_of_an_array_are_made_when_somebody_asks() -> None:
    """A board has thousands of them, and its start asks for few."""

    class Wide(Peripheral):
        FIRST = RegisterArray(0x000, 16)
        SECOND = RegisterArray(0x040, 4, width=16, stride=4)
        THIRD = RegisterArray(0x100, 2, stride=16, set_clear_toggle=True)

    model = Wide(Bench().system)
    model.reset(ResetCause.POWER_ON)
    model.FIRST[3] = 5
    assert model.FIRST[3] == 5
    arrays = (Wide.FIRST, Wide.SECOND, Wide.THIRD)
    assert not any("elements" in vars(array) for array in arrays)
    assert model.read(0x0C) == 5
    assert all("elements" in vars(array) for array in arrays)


class OwnAnswers(Peripheral):
    """A model that decodes its accesses by itself has no short cuts."""

    SIZE = 8
    A = Register(0, reset=5)
    seen: State[list[tuple[int, ...]]] = State([])

    def read(self, offset: int, size: int = 4) -> int:
        return 0x77

    def write(self, offset: int, value: int, size: int = 4) -> None:
        self.seen.append((offset, value, size))


def test_a_model_that_answers_by_itself() -> None:
    model, asked = OwnAnswers(Bench().system), Asked()
    read, write = accessors(model, asked, refuse)
    assert [read(None, 0, 4), read(None, 4, 4)] == [0x77, 0x77]
    write(None, 0, 1, 4)
    assert model.seen == [(0, 1, 4)]
    assert asked.before == [], "it knows what it has"
    assert words(model, asked, refuse).find(0) == (False, None, None, None)
    assert words(model, asked, refuse).find(4) == (False, None, None, None)


@pytest.mark.parametrize(
    ("registers", "overlap"),
    [
        ({"A": Register(0), "B": Register(4)}, ""),
        ({"A": Register(0, width=16), "B": Register(2, width=8), "C": Register(3, width=8)}, ""),
        ({"A": Register(0), "B": Register(4, width=16), "C": Register(6, width=16)}, ""),
        ({"A": RegisterArray(0, 2, stride=8), "B": RegisterArray(4, 2, stride=8)}, ""),
        ({"A": RegisterArray(0, 3), "B": Register(8)}, "A[2] and B overlap at 0x8"),
        ({"A": RegisterArray(0, 3), "B": Register(12)}, ""),
        ({"A": RegisterArray(0, 2), "B": Register(5, width=8)}, "A[1] and B overlap at 0x5"),
        ({"A": RegisterArray(0, 2), "B": Register(7, width=8)}, "A[1] and B overlap at 0x7"),
        ({"A": RegisterArray(0, 2), "B": Register(8, width=8)}, ""),
        (
            {"A": RegisterArray(0, 2, stride=16, set_clear_toggle=True), "B": Register(0x1C)},
            "A[1]_TOG and B overlap at 0x1c",
        ),
        ({"A": RegisterArray(0, 2, stride=16, set_clear_toggle=True), "B": Register(0x20)}, ""),
    ],
)
def test_registers_that_overlap(registers: dict[str, Any], overlap: str) -> None:
    if not overlap:
        type("Right", (Peripheral,), registers)
        return
    with pytest.raises(TypeError) as refused:
        type("Wrong", (Peripheral,), registers)
    assert str(refused.value) == f"Wrong: {overlap}"


# -- the registry, roles, events, signals ----------------------------------------------------------


def test_a_registry() -> None:
    """One name, one class; the same class again, as after a reload, is no other."""

    class First(Model):
        pass

    class Second(Model):
        pass

    registry = Registry()
    registry.add("Lab.B", First)
    registry.add("Lab.A", Second)
    assert list(registry) == ["Lab.A", "Lab.B"]
    assert "Lab.A" in registry and "Lab.C" not in registry
    again = type("First", (Model,), {"__module__": First.__module__})
    again.__qualname__ = First.__qualname__
    registry.add("Lab.B", again)
    assert registry["Lab.B"] is again
    for change in ({"__qualname__": "Third"}, {"__module__": "elsewhere"}):
        stranger = type("First", (Model,), {})
        stranger.__module__, stranger.__qualname__ = First.__module__, First.__qualname__
        for name, value in change.items():
            setattr(stranger, name, value)
        with pytest.raises(ValueError, match=r"Lab.B is already .*First"):
            registry.add("Lab.B", stranger)
    registry.drop("Lab.B")
    assert list(registry) == ["Lab.A"]
    assert "Nor.Chip" not in Registry()


def test_the_type_of_a_model_is_its_name() -> None:
    assert all(name == REGISTRY[name].TYPE for name in REGISTRY)


def test_methods_for_users_are_marked() -> None:
    @exposed
    def method() -> None: ...

    assert method.exposed is True  # type: ignore[attr-defined]


def test_a_model_may_play_several_roles() -> None:
    class Both(Model, Keeper, Inputs):
        pass

    assert roles_of(Both) == [Keeper, Inputs]
    assert roles_of(Model) == []


def test_events_go_to_their_subscribers_in_order() -> None:
    trace, heard = Trace(), list[tuple[str, Any]]()

    def hear(name: str) -> Callable[[Any], None]:
        return lambda event: heard.append((name, event))

    assert not trace.wants(Note)
    trace.subscribe(Note, hear("first"))
    trace.subscribe(Gap, hear("gaps"))
    trace.subscribe(Note, hear("second"))
    assert trace.wants(Note) and trace.wants(Gap) and not trace.wants(FlashCommand)
    note, gap = Note(1, "a", "n"), Gap(2, "a", "g")
    for event in (note, Diagnostic(0, "a", "r", "m"), gap):
        trace.emit(event)
    assert heard == [("first", note), ("second", note), ("gaps", gap)]


def test_what_says_the_same_again_is_folded() -> None:
    """Of a diagnostic the rule at its place, whatever the words; of a gap and a note the words."""
    one = Diagnostic(1, "nor", "r", "m", pc=4, opcode=1, address=2)
    alike = one._replace(time=9, message="other", opcode=3, address=4)
    assert fold_key(one) == fold_key(alike)
    for other in (one._replace(source="x"), one._replace(rule="x"), one._replace(pc=None)):
        assert fold_key(one) != fold_key(other)
    gap = Gap(1, "nor", "w", pc=4)
    assert fold_key(gap) == fold_key(gap._replace(time=2, pc=5))
    assert fold_key(gap) != fold_key(gap._replace(what="x"))
    assert fold_key(gap) != fold_key(gap._replace(source="x"))
    note = Note(1, "nor", "w")
    assert fold_key(note) == fold_key(note._replace(time=2))
    assert fold_key(note) != fold_key(note._replace(message="x"))
    assert fold_key(note) != fold_key(note._replace(source="x"))
    assert fold_key(note) != fold_key(gap)


def test_a_line_passes_changes_on_to_all() -> None:
    line, first, second = Line(), list[bool](), list[bool]()
    line.connect(Sink(first))
    line.set(False)
    line.set(True)
    line.set(True)
    line.connect(Sink(second))
    line.set(False)
    assert (first, second) == ([False, True, False], [True, False])


def test_a_counter_that_stands_still_is_asked_in_vain() -> None:
    clock = FakeClock()
    clock.now = 5
    assert ask_in_vain(clock, "its clock is off", "gpt1", 2) == 5
    ((key, until),) = clock.questions
    assert (key, until) == ("gpt1 2", None)
    assert isinstance(key, Unanswered)
    assert key.why == "which stands still: its clock is off"
    assert Unanswered("x").why == "which is not modelled: nothing will answer"
