"""Going back to a snapshot again leaves out models that have not changed, and no other.

For every model that can be named: whatever changes it, by whatever road, is undone, and it is what
a load that leaves nothing out makes of it.
"""

from __future__ import annotations

import pickle
import random
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import pytest
from model_rig import TYPES, Rig
from time_source import Source, Timer
from unoptimized import build

from xipsim.engines.guest.clock import GuestClock
from xipsim.engines.guest.restoring import Restorer
from xipsim.engines.guest.sameness import Held
from xipsim.engines.guest.versions import VERSION
from xipsim.engines.qemu.sameness import QuickHeld
from xipsim.peripherals.core import (
    Inputs,
    Model,
    Output,
    Peripheral,
    Record,
    Register,
    ResetCause,
    State,
    System,
)
from xipsim.peripherals.core.testing import Bench

Change = tuple[str, Callable[[], object]]


class Board:
    """A model among its neighbours, at a snapshot to which it has gone back twice."""

    def __init__(self, name: str) -> None:
        self.rig = Rig(name)
        self.rig.drive(random.Random(f"{name} before"))
        self.now = self.rig.bench.clock.now
        self.models = {str(number): model for number, model in enumerate(self.rig.models)}
        self.states = {name: model.save() for name, model in self.models.items()}
        self.kept = pickle.loads(pickle.dumps(self.states))
        self._restorer = Restorer()
        self.go_back()
        self.go_back()

    def go_back(self) -> None:
        self.rig.bench.clock.now = self.now
        self._restorer.load(self.models, self.states)

    def saved(self) -> dict[str, Any]:
        return {name: model.save() for name, model in self.models.items()}


@pytest.mark.parametrize("name", TYPES)
def test_each_change_is_undone(name: str) -> None:
    board = Board(name)
    for model in board.models.values():
        for what, change in changes_of(model):
            change()
            board.go_back()
            # Pickles tell 1 from True, and one order of a dictionary from another.
            parts = zip(_parts(board.saved()), _parts(board.kept), strict=True)
            assert all(now == then for now, then in parts), f"{model.name}: {what}"


@pytest.mark.parametrize("name", TYPES)
def test_what_firmware_does_is_undone(name: str) -> None:
    """It goes on as a model does that was loaded anew: what follows from its state was put back."""
    board, fresh = Board(name), Rig(name)
    after = random.Random(f"{name} after")
    for _ in range(3):
        board.rig.drive(after)
        for model in board.models.values():
            if isinstance(model, Inputs):
                model.on_input(0, after.random() < 0.5)
        board.go_back()
        assert board.saved() == board.kept
    fresh.load(list(board.kept.values()), board.now)
    goes_on = [rig.drive(random.Random(f"{name} on")) for rig in (board.rig, fresh)]
    assert goes_on[0] == goes_on[1]


def _parts(saved: dict[str, Any]) -> list[bytes]:
    """Each part of each model's state, for itself: what two of them share is no matter."""
    return [
        pickle.dumps(part) for model in saved.values() for part in _flat(model) if part is not None
    ]


def _flat(saved: dict[str, Any]) -> Iterator[Any]:
    yield from saved["state"].values()
    yield from saved["lines"].values()
    yield from saved["alarms"].values()
    yield sorted(map(str, saved["reported"]))
    yield sorted(saved.get("registers", {}).items())


def changes_of(model: Model) -> Iterator[Change]:
    """All that might have happened to it."""
    for state in model.declared(State):
        value = getattr(model, state.name)
        paths = list(_paths(value))
        for other in _others(value):
            yield f"{state.name} = {other!r}", (
                lambda name=state.name, other=other: setattr(model, name, other)
            )
        yield f"{state.name} filled", lambda name=state.name: _fill(getattr(model, name))
        for path in paths:
            yield f"{state.name} {path}", (
                lambda name=state.name, path=path: _change(getattr(model, name), path)
            )
    for name in model.lines:
        yield f"line {name}", lambda name=name: model.lines[name].set(not model.lines[name].level)
    for name in model._alarms:
        yield f"alarm {name}", lambda name=name: model._alarms[name].at(1 << 50)
        yield f"alarm {name} off", lambda name=name: model._alarms[name].cancel()
    yield "a gap", lambda: model.gap("something new")
    yield "a reset", lambda: model.reset(ResetCause.PIN)
    if isinstance(model, Peripheral):
        for offset in model.regs:
            yield f"register {offset:#x}", (
                lambda offset=offset: model.regs.__setitem__(offset, model.regs[offset] ^ 1)
            )


def _others(value: Any) -> list[Any]:
    """Other values of the kind."""
    match value:
        case bool():
            return [not value, int(value)]
        case int() | float():
            return [value + 1]
        case str():
            return [value + "x"]
        case bytes():
            return [value + b"x"]
        case list() | deque() | bytearray() | set() | dict():
            return [type(value)()] if value else []
    return []


def _fill(value: Any) -> None:
    """One element more, where that can be."""
    match value:
        case list() | deque() | bytearray():
            value.append(1)
        case set():
            value.add("another")
        case dict():
            value["another"] = 1


def _paths(value: Any, depth: int = 0) -> Iterator[tuple[Any, ...]]:
    """Ways to each value within that another can be put in place of."""
    if depth == 3:
        return
    for key, part in _within(value):
        if not isinstance(value, tuple) and _others(part):
            yield (key,)
        for path in _paths(part, depth + 1):
            yield (key, *path)


def _within(value: Any) -> list[tuple[Any, Any]]:
    match value:
        case Record():
            return list(vars(value).items())
        case dict():
            return list(value.items())
        case list() | deque() | tuple() | bytearray():
            return list(enumerate(value))[:2]
    return []


def _change(value: Any, path: tuple[Any, ...]) -> None:
    *way, last = path
    for key in way:
        value = getattr(value, key) if isinstance(value, Record) else value[key]
    if isinstance(value, Record):
        setattr(value, last, _others(getattr(value, last))[-1])
    else:
        value[last] = value[last] ^ 1 if isinstance(value, bytearray) else _others(value[last])[-1]


def test_of_two_snapshots_each_is_put_back() -> None:
    model = Ringing(Bench().system, [], name="m")
    restorer, states = Restorer(), []
    for value in (1, 2):
        model.CELL = value
        states.append({"m": model.save()})
    for number in (0, 0, 0, 1, 0, 1, 1, 1, 0):
        restorer.load({"m": model}, states[number])
        assert model.regs[0] == number + 1


class Part(Record):
    """A value with parts of its own."""

    def __init__(self) -> None:
        self.level, self.cells = 0, [["x"]]


class Several(Peripheral):
    """Of each kind of thing that can change one."""

    SIZE = 8
    CELL = Register(0)
    irq = Output("irq")
    plain = State(False)
    big = State(1 << 40)
    pair: State[tuple[int, list[int]]] = State((1, [2]))
    empty: State[list[int]] = State([])
    filled = State({"a": [1]})
    frozen = State((1, (2, "x")))
    left, right = State([1]), State([2])
    record: State[Part] = State(Part())
    array = State(bytearray(b"ab"))
    some: State[set[object]] = State({1, 2})
    queue: State[deque[int]] = State(deque([1]))

    def __init__(self, system: System, *, name: str) -> None:
        super().__init__(system, name=name)
        self.rings, self.idle = self.alarm(self._ring), self.alarm(self._idle)

    def _ring(self) -> None:
        pass

    def _idle(self) -> None:
        pass


def _reported_anew(model: Several) -> None:
    model.reported = {"something"}


def _lines_anew(model: Several) -> None:
    model.load(model.save() | {"lines": {"irq": True}})


ROADS: dict[str, Callable[[Several], object]] = {
    "a register": lambda m: m.write(0, 1),
    "a register, behind its model": lambda m: m.regs.update({0: 1}),
    "a value": lambda m: setattr(m, "plain", True),
    "one of another type that is equal": lambda m: setattr(m, "plain", 0),
    "a large number": lambda m: setattr(m, "big", m.big + 1),
    "what a tuple holds": lambda m: m.pair[1].append(3),
    "a list that was empty": lambda m: m.empty.append(0),
    "what a dictionary's list holds": lambda m: m.filled["a"].append(2),
    "a tuple": lambda m: setattr(m, "frozen", (1, (2, "y"))),
    "one list for another": lambda m: setattr(m, "empty", [1]),
    "a record's part": lambda m: setattr(m.record, "level", 1),
    "another part of a record": lambda m: setattr(m.record, "name", "x"),
    "many parts of a record": lambda m: vars(m.record).update({str(n): n for n in range(40)}),
    "what a record's part holds": lambda m: m.record.cells[0].append("y"),
    "one record for another": lambda m: setattr(m, "record", Part()),
    "a byte": lambda m: m.array.__setitem__(0, 0),
    "a set": lambda m: m.some.add("x"),
    "a queue": lambda m: m.queue.rotate() or m.queue.append(1),
    "a key for another": lambda m: m.filled.update(b=m.filled.pop("a")),
    "a key of another type": lambda m: m.filled.update({1: 2}),
    "more bytes": lambda m: m.array.append(0),
    "what is no state": lambda m: setattr(m, "derived", object()),
    "who has asked for attributes": lambda m: vars(m).update(plain=True),
    "from one list to the end of the one before": lambda m: m.left.append(m.right.pop()),
    "from one list to the beginning of the other": lambda m: m.left.insert(0, m.right.pop()),
    "a line": lambda m: m.irq.set(True),
    "a load": _lines_anew,
    "a gap": lambda m: m.gap("something"),
    "what was reported": _reported_anew,
    "an alarm": lambda m: m.rings.at(200),
    "an alarm off": lambda m: m.rings.cancel(),
    "an alarm that was off": lambda m: m.idle.at(200),
    "all": lambda m: m.reset(ResetCause.POWER_ON),
}


def _with_many_attributes(models: Iterable[Several]) -> None:
    for model in models:
        for number in range(40):
            setattr(model, f"attribute_{number}", number)


PYTHONS: dict[str, Callable[[Iterable[Several]], object]] = {
    "objects": lambda models: None,
    "objects that were asked for their dictionary": lambda models: list(map(vars, models)),
    "large objects": _with_many_attributes,
}
"""How Python keeps attributes differs."""


@pytest.fixture(scope="module", params=["Python", "C", "C without versions"])
def compares(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Held]:
    """What compares a model's objects."""
    if request.param == "Python":
        return Held
    version = VERSION if request.param == "C" else 0
    return partial(QuickHeld, build(tmp_path_factory.mktemp("sameness"), version))


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("kind", PYTHONS)
def test_one_of_many_that_changes_is_noticed(
    road: str, kind: str, compares: Callable[[], Held]
) -> None:
    """Models that never change are compared all at once: the first of them to change is put back,
    by whatever road it was changed; and so is the next one."""
    bench = Bench()
    models = {name: Several(bench.system, name=name) for name in "abcd"}
    models["b"].rings.at(100)
    models["d"].rings.at(100)
    PYTHONS[kind](models.values())
    states, restorer = {name: model.save() for name, model in models.items()}, Restorer()
    restorer.compares = compares
    kept = pickle.dumps([_parts({name: state}) for name, state in states.items()])
    for changed in (None, None, None, "b", "b", "a", None, "d", "b", "a"):
        if changed:
            ROADS[road](models[changed])
        restorer.load(models, states)
        saved = [_parts({name: model.save()}) for name, model in models.items()]
        assert pickle.dumps(saved) == kept, changed


def test_what_changes_often_is_put_back_each_time(compares: Callable[[], Held]) -> None:
    models = {name: Several(Bench().system, name=name) for name in "abc"}
    states, restorer, dice = {n: m.save() for n, m in models.items()}, Restorer(), random.Random(1)
    restorer.compares = compares
    for turn in range(100):
        restorer.load(models, states)
        assert {n: m.save() for n, m in models.items()} == states
        models["a"].filled["a"].append(turn)
        if dice.random() < 0.8:
            models["b"].big = turn


class Counting(Several):
    """Writes down its loads."""

    LOADS_ITSELF = True

    def __init__(self, system: System, loads: list[str], *, name: str) -> None:
        super().__init__(system, name=name)
        self.loads = loads

    def load(self, saved: dict[str, Any]) -> None:
        super().load(saved)
        self.loads.append(self.name)


def test_what_nobody_has_changed_is_not_loaded(compares: Callable[[], Held]) -> None:
    """Not even where registers were written with what they held."""
    loads = list[str]()
    models = {name: Counting(Bench().system, loads, name=name) for name in "abc"}
    for model in models.values():
        model.write(0, 1 << 30)
    states, restorer = {name: model.save() for name, model in models.items()}, Restorer()
    restorer.compares = compares
    for _ in range(2):
        restorer.load(models, states)
    loads.clear()
    models["a"].write(0, 3 << 29)
    for _ in range(10):
        models["b"].write(0, int("40000000", 16))
        restorer.load(models, states)
    assert set(loads) == {"a"}
    loads.clear()
    restorer.load(models, states)
    assert not loads, "what has changed once is left alone again"


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("kind", PYTHONS)
def test_what_was_put_back_is_left_alone(
    road: str, kind: str, compares: Callable[[], Held]
) -> None:
    """By whatever road it was changed, how Python keeps it then is known again."""
    loads = list[str]()
    models = {name: Counting(Bench().system, loads, name=name) for name in "ab"}
    PYTHONS[kind](models.values())
    states, restorer = {name: model.save() for name, model in models.items()}, Restorer()
    restorer.compares = compares
    for _ in range(2):
        restorer.load(models, states)
    ROADS[road](models["a"])
    for _ in range(2):
        restorer.load(models, states)
    loads.clear()
    restorer.load(models, states)
    assert not loads


class Ringing(Peripheral):
    """Writes down when its alarm fires; holds a dictionary and a flag."""

    CELL = Register(0)
    values = State({"a": 1, "b": 2})

    def __init__(self, system: System, heard: list[str], *, name: str) -> None:
        super().__init__(system, name=name)
        self.heard, self.rings = heard, self.alarm(self._ring)

    def _ring(self) -> None:
        self.heard.append(self.name)


def test_the_order_in_a_dictionary_is_put_back() -> None:
    model = Ringing(Bench().system, [], name="m")
    states, restorer = {"m": model.save()}, Restorer()
    for _ in range(2):
        restorer.load({"m": model}, states)
    model.values["a"] = model.values.pop("a")
    assert list(model.values) == ["b", "a"]
    restorer.load({"m": model}, states)
    assert list(model.values) == ["a", "b"]


@pytest.mark.parametrize("changed", ["none", "a", "b", "c"])
def test_alarms_of_one_time_fire_in_the_order_of_a_load(changed: str) -> None:
    """Whichever of the models have changed, and in whatever order the alarms were set."""

    armed: dict[Timer, int] = {}

    class Ordered(Timer):
        def arm(self, time: int) -> None:
            armed.pop(self, None)
            armed[self] = time

    class Time(Source):
        def timer(self, fire: Callable[[], None], **_kind: bool) -> Timer:
            return Ordered(fire)

    source, heard = Time(), list[str]()
    clock = GuestClock(source, lambda error: None, stalls=False)
    system = Bench().system._replace(clock=clock)
    models = {name: Ringing(system, heard, name=name) for name in "abc"}
    for name in "cba":
        models[name].rings.at(100)
    states, restorer = {name: model.save() for name, model in models.items()}, Restorer()
    for _ in range(2):
        restorer.load(models, states)
    if changed != "none":
        models[changed].CELL = 5
    restorer.load(models, states)
    for timer in list(armed):
        timer.fire()
    assert heard == ["a", "b", "c"]


def test_what_one_model_tells_another_is_put_back_where_that_is_loaded_behind_it() -> None:
    """As where all are loaded, in order."""

    class Telling(Model):
        level = State(0)
        told: tuple[Several, ...] = ()

        def load(self, saved: dict[str, Any]) -> None:
            super().load(saved)
            for model in self.told:
                model.plain = True

    bench = Bench()
    before, behind = (Several(bench.system, name=name) for name in "ac")
    telling = Telling(bench.system, name="b")
    models = {"a": before, "b": telling, "c": behind}
    states, restorer = {name: model.save() for name, model in models.items()}, Restorer()
    for _ in range(2):
        restorer.load(models, states)
    telling.told = before, behind
    for level in (1, 2):
        telling.level = level
        restorer.load(models, states)
        assert (before.plain, telling.level, behind.plain) == (True, 0, False)


def test_a_container_of_another_type_is_put_back() -> None:
    class Odd(Model):
        held = State(Counter("a"))

    model = Odd(Bench().system)
    states, restorer = {"m": model.save()}, Restorer()
    for _ in range(4):
        restorer.load({"m": model}, states)
        assert model.held == {"a": 1}
        model.held.update("b")


def test_a_model_that_cannot_be_compared_is_always_loaded() -> None:
    """A class that pickle cannot find by its name, as a user's model may have in a snapshot that
    stays in memory."""

    class Local(Record):
        def __init__(self) -> None:
            self.level = 1

    class Odd(Model):
        held = State(Local())

    model = Odd(Bench().system)
    states, restorer = {"m": model.save()}, Restorer()
    for _ in range(3):
        restorer.load({"m": model}, states)
        assert model.held.level == 1
        model.held.level = 2


def test_a_load_of_a_models_own_is_always_made() -> None:
    class Counting(Model):
        loads = 0

        def load(self, saved: dict[str, Any]) -> None:
            super().load(saved)
            self.loads += 1

    model = Counting(Bench().system)
    states, restorer = {"m": model.save()}, Restorer()
    for _ in range(3):
        restorer.load({"m": model}, states)
    assert model.loads == 3
