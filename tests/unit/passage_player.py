"""A player of passages on a core of the test's own, with the part that `passages.c` has in QEMU."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

from driven_core import Core, Witness

from xipsim.engines.guest.recorder import MOST
from xipsim.engines.guest.shortcuts import Again, Played, Step
from xipsim.peripherals.core import IrqLine, Peripheral


class Player:
    """Implements `shortcuts.Player` for a model's accesses, and counts those that it answers."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._script: tuple[dict[int, int], Sequence[Step]] | None = None
        self._again: Again | None = None
        self._then: Callable[[], None] | None = None
        self._written = memoryview(array("I"))
        self._made = self._began = self._recording = self._recordings = self._rounds = 0
        self._first = self._pc = 0
        self.expected: dict[int, int] | None = None
        self._held: dict[int, int] = {}
        self._starts: list[int] = []
        self.answered = self.compiled = self.rounds = 0
        self.witness: Witness | None = None

    def connect(
        self,
        ended: Callable[[], None],
        goes_on: Callable[[int, bool, int], None],
        accessed: Callable[[object, int, int, bool, int], None],
    ) -> None:
        self._ended, self._goes_on, self._accessed = ended, goes_on, accessed

    def record(self, on: bool) -> None:
        self._recordings += on
        self._recording = self._recordings if on else 0

    def compile(
        self,
        values: dict[int, int],
        steps: Sequence[Step],
        again: Again | None,
        line: IrqLine | None,
        timer: Any,
        then: Any = None,
    ) -> tuple[Callable[[int], None], Any]:
        self.compiled += 1

        def play(now: int) -> None:
            self._written, self._first = memoryview(array("I", [0xBAD] * (2 * MOST + 1))), 0
            for number, value in self._held.items():
                self._written[-1 - number] = value
            expect()
            self._made, self._began = 0, now
            self._rounds, self._starts = 0, []

        def expect() -> None:
            self._script, self._again, self._then = (values, steps), again, then
            self._line, self._timer = line, timer

        return play, expect

    def repeat(self, times: int) -> None:
        self._rounds = times

    def hold(self, number: int, value: int) -> None:
        self._held[number] = value

    def expect(self, values: dict[int, int] | None) -> None:
        self.expected = values

    def forget(self) -> None:
        pass

    def stop(self) -> Played:
        self._script = None
        return self._made, self._written, self._starts, self._pc

    def end(self) -> None:
        if self._script is not None:
            self._ended()

    def _drive(self, level: bool | None) -> None:
        if level is not None:
            assert self._line is not None
            self._line.set(level)

    def _answers(self, model: Peripheral, offset: int, value: int | None) -> int | None:
        if self._script is None:
            return None
        values, steps = self._script
        if values is not model.regs:
            return None
        if self._made == len(steps):
            return self._begins_again(steps, offset, value)
        step = steps[self._made]
        if step.offset != offset or step.is_write != (value is not None):
            return None
        least, most, alike = step.allowed
        if value is not None and not (
            least <= value <= most and value & alike == step.value & alike
        ):
            return None
        now = self._core.now
        if step.since is not None and now - self._began != step.since:
            return None
        if step.rested is not None and now - self._began < step.rested:
            return None
        if step.took and not self._core.skip(step.took):
            return None
        if step.rested is not None:
            self._began = now
            self._starts.append(now)
        self._written[self._first + self._made] = 0xBAD if value is None else value
        self._made += 1
        self.answered += 1
        self._drive(step.level)
        if step.disarms:
            self._timer.disarm()
        elif step.arms is not None:
            self._timer.arm(self._began + step.arms)
        if step.sets is not None:
            timer, span = step.sets
            timer.arm(self._began + span)
            self._pc = self._core.pc
        for segment in step.hides:
            segment.is_native = False  # type: ignore[attr-defined]
        return step.value

    def _begins_again(
        self, steps: Sequence[Step], offset: int, value: int | None
    ) -> int | None:
        again = self._again
        if (
            again is None
            or (offset, value) != again[:2]
            or not self._rounds
            or self._core.now - self._began < (again.rested or 0)
            or any(self._written[self._first + at] != steps[at].value for at in again.given)
            or self._core.next_alarm(self._core.now, 1, {}) == 0
        ):
            return None
        self._starts.append(self._core.now)
        self._made, self._began = 0, self._core.now
        self.answered += 1
        self.rounds += 1
        self._rounds -= 1
        if self.witness is not None and self._rounds == 1:
            self.witness.mark()
        self._drive(again.level)
        if self._then is not None:
            self._first += len(steps)
            self._then()
        if not self._rounds:
            self.end()
        elif again.due is not None:
            self._timer.arm(self._began + again.due)
        return 0

    def access(
        self, model: Peripheral, offset: int, size: int, value: int | None, make: Callable[[], Any]
    ) -> int:
        answer = self._answers(model, offset, value) if size == 4 else None
        if answer is not None:
            return answer
        self.end()
        if self.expected is model.regs:
            self.expected = None
            self._goes_on(offset, value is not None, value or 0)
            answer = self._answers(model, offset, value) if size == 4 else None
            if answer is not None:
                return answer
            self.end()
        recording = self._recording
        result: int = make()
        if recording and recording == self._recording:
            is_write = value is not None
            self._accessed(model.regs, offset, size, is_write, value if is_write else result)
        return result
