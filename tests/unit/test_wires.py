"""Signals between models: what a reset leaves of them, and where several meet."""

from __future__ import annotations

from typing import Any

import pytest

from xipsim.peripherals.core import (
    Inputs,
    Junction,
    Line,
    Model,
    ModelInput,
    Output,
    Peripheral,
    Register,
    ResetCause,
    State,
)
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.gpio import Gpio
from xipsim.peripherals.misc import Button


class Listener(Model, Inputs):
    """Remembers what it is told."""

    told: State[list[tuple[int, bool]]] = State([])

    def on_input(self, number: int, level: bool) -> None:
        self.told.append((number, level))


def test_several_lines_into_one_input_are_ored() -> None:
    """docs/platforms.md; the input hears of changes of the whole only."""
    listener = Listener(Bench().system)
    first, second = Line(), Line()
    junction = Junction(ModelInput(listener, 3))
    junction.connect(first)
    junction.connect(second)
    for line, level in ((first, True), (second, True), (first, False), (second, False)):
        line.set(level)
    assert listener.told == [(3, False), (3, True), (3, False)]


def test_a_line_that_is_high_already_is_told_at_once() -> None:
    listener = Listener(Bench().system)
    line = Line()
    line.set(True)
    Junction(ModelInput(listener, 0)).connect(line)
    assert listener.told == [(0, True)]


@pytest.mark.parametrize("levels", [(True, False), (False, True), (True, True)])
def test_a_line_that_joins_another_one(levels: tuple[bool, bool]) -> None:
    """Whichever of them is high already, the input hears of the whole."""
    listener = Listener(Bench().system)
    lines, junction = [Line(), Line()], Junction(ModelInput(listener, 0))
    for line, level in zip(lines, levels, strict=True):
        line.set(level)
        junction.connect(line)
    for line in lines:
        line.set(True)
    for line in lines:
        line.set(False)
    assert listener.told == [(0, False)] * (not levels[0]) + [(0, True), (0, False)]


def test_two_buttons_on_one_pin() -> None:
    bench = Bench()
    port, buttons = Gpio(bench.system), [Button(bench.system), Button(bench.system)]
    junction = Junction(ModelInput(port, 3))
    for button in buttons:
        junction.connect(button.IRQ)
    levels = []
    for button, do in ((0, "press"), (1, "press"), (0, "release"), (1, "release")):
        getattr(buttons[button], do)()
        levels.append(port.level(3))
    assert levels == [1, 1, 1, 0]


@pytest.mark.parametrize("others", [0, 1])
def test_after_a_snapshot_the_lines_say_what_the_sink_knows(others: int) -> None:
    listener = Listener(Bench().system)
    line, junction = Line(), Junction(ModelInput(listener, 0))
    for one in (line, *(Line() for _ in range(others))):
        junction.connect(one)
    line.level = True  # as `Model.load` does it
    junction.settle()
    line.set(False)
    assert listener.told == [(0, False), (0, False)]


@pytest.mark.parametrize("others", [0, 1])
def test_a_sink_that_was_reset_is_told_again(others: int) -> None:
    listener = Listener(Bench().system)
    line, junction = Line(), Junction(ModelInput(listener, 0))
    for one in (line, *(Line() for _ in range(others))):
        junction.connect(one)
    line.set(True)
    junction.repeat()
    assert listener.told == [(0, False), (0, True), (0, True)]


class Driver(Peripheral):
    """Two outputs that nobody takes care of at a reset."""

    SIZE = 8
    IRQ = Output("an interrupt")
    KEPT = Output("from outside of the chip", survives_reset=True)
    CTRL = Register(0)

    @CTRL.on_write
    def _drive(self, value: int) -> None:
        self.IRQ.set(bool(value & 1))
        self.KEPT.set(bool(value & 2))


@pytest.mark.parametrize("cause", ResetCause)
def test_a_reset_drives_outputs_low(cause: ResetCause) -> None:
    driver = Driver(Bench().system)
    driver.write(0, 3)
    told: list[bool] = []
    driver.IRQ.connect(Told(told))
    driver.reset(cause)
    assert (driver.IRQ.level, driver.KEPT.level) == (False, True)
    assert told == [True, False], "who listens is told"


class Told:
    """A sink."""

    def __init__(self, levels: list[bool]) -> None:
        self._levels = levels

    def set(self, level: bool) -> None:
        self._levels.append(level)


def test_a_pressed_button_does_not_bounce_at_a_reset() -> None:
    button, told = Button(Bench().system), list[bool]()
    button.IRQ.connect(Told(told))
    button.press()
    button.reset(ResetCause.SOFTWARE)
    assert told == [False, True]


class Timer(Peripheral):
    """Its alarms are what the test gives."""

    SIZE = 4

    def __init__(self, system: Any, alarms: list[str]) -> None:
        super().__init__(system)
        for name in alarms:
            self.alarm(getattr(self, name))

    def first(self) -> None: ...

    def second(self) -> None: ...

    function = staticmethod(lambda: None)


def test_alarms_are_told_apart_by_their_methods() -> None:
    timer = Timer(Bench().system, ["first", "second"])
    timer._alarms["second"].at(20)
    assert timer.save()["alarms"] == {"first": None, "second": 20}


@pytest.mark.parametrize(
    ("alarms", "message"),
    [
        (["first", "first"], "Timer: expected a method for each alarm, given first twice"),
        (["function"], "Timer: an alarm: expected a method of the model, given .*lambda"),
    ],
)
def test_alarms_that_could_not_be_told_apart_are_refused(alarms: list[str], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Timer(Bench().system, alarms)
