"""What the firmware does in a passage, taken down while it does it (see `passages`)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, ItemsView, Mapping

from xipsim.peripherals.core import (
    Alarm,
    Allowed,
    FirstTurn,
    IrqLine,
    Speaker,
    Start,
    Written,
)

from .deeds import Deeds, Question, Setting
from .questions import Questions
from .repertoire import ANYTHING, Held, Stop
from .shortcuts import Again, Step
from .timesource import TimeSource

MOST, MOST_BASES = 256, 8
"""Accesses of a passage, and of them such as start something at rest."""


class Recorder:
    """Takes down accesses as long as nothing but the model is changed by them, or what can be
    changed later as well. began: the time of now.
    """

    def __init__(
        self,
        speaker: Speaker,
        state: Hashable,
        began: int,
        source: TimeSource,
        questions: Questions,
    ) -> None:
        self.speaker, self.state, self._source = speaker, state, source
        self._bases = [began]
        """Steps are timed by the last of these."""
        self._steps: list[Step] = []
        self._writes: list[Written] = []
        regs = speaker.model.regs
        self._held = [Held(offset, regs[offset], None) for offset in speaker.HELD]
        self._deeds = Deeds(questions)
        self._stops: list[Stop] = []
        self._ends_question = False
        """Whether one of the steps was not neutral."""
        self.taken = 0
        """ns, by the access under way."""
        self._took = 0
        """ns, by the steps."""
        self.is_apart = False
        """Whether the first step is the access of another instruction than what has begun all."""
        self.is_over = False
        self._now: int | None = None
        """When the access under way has looked at the time first."""
        self._done: list[tuple[int, Callable[..., object] | Question, Alarm | None]] = []
        """By the access under way."""
        self._start: Start | None = None
        """Likewise."""
        self._has_set = False
        """Whether another model's alarm was set, of which there is but one."""
        self._deadline = self._due = speaker.end.deadline
        self._waits = False
        """Whether the alarm has been set, and not in its time."""
        self.input: IrqLine | None = None
        """The interrupt of the core that is driven."""
        self._driven: list[bool] = []
        """To which levels, by the access under way."""
        self._level = speaker.line is not None and speaker.line.level

    @property
    def stops(self) -> tuple[Stop, ...]:
        """Where they may stop: behind each of them."""
        return tuple(self._stops)

    @property
    def steps(self) -> tuple[Step, ...]:
        """All of them."""
        return tuple(self._steps)

    @property
    def held(self) -> tuple[Held, ...]:
        """`Speaker.HELD`, as it began; empty if nothing depends on it."""
        return tuple(self._held) if any(held.allowed for held in self._held) else ()

    @property
    def began(self) -> int:
        """The last base."""
        return self._bases[-1]

    @property
    def keys(self) -> frozenset[Hashable]:
        """Of the questions that were asked."""
        return frozenset(question.key for question in self._deeds.questions)

    @property
    def given(self) -> ItemsView[int, int]:
        """What is free, as it was written."""
        free = self.speaker.FREE
        return {step.offset: step.value for step in self._steps if step.offset in free}.items()

    def read(self) -> int:
        """The time."""
        now = self._source.read()
        if self._now is None:
            self._now = now
        return now

    def acts(self, later: Callable[..., object] | None, sets: Alarm | None) -> None:
        """See `Clock.acts`."""
        if later is None or (sets is not None and self._has_set):
            self.is_over = True
        else:
            self._done.append((self.read(), later, sets))
            self._has_set |= sets is not None

    def asks(self, question: Question, *, is_new: bool) -> None:
        """See `Passages.asks`."""
        if is_new:
            self._deeds.questions.add(question)
        elif question not in self._deeds.questions:
            self.is_over = True
        self._done.append((self.read(), question, None))

    def drives(self, line: IrqLine, level: bool) -> bool:
        """As `Passages.drives`."""
        if self.input is None:
            self.input = line
        if line is not self.input:
            self.is_over = True
        self._driven.append(level)
        return False

    def _drove(self) -> tuple[bool, bool | None]:
        """What the access has done to the line: whether the core has seen it move as it has moved,
        and once; and to which level, None if it has not."""
        line, before = self.speaker.line, self._level
        self._level = line is not None and line.level
        driven, self._driven = self._driven, []
        if self._level == before:
            return not driven, None
        return driven == [self._level], self._level

    def again(self, write: tuple[int, int] | None, now: int) -> Again | None:
        """The write under way as what begins a turn of a loop, if that is the one given."""
        is_plain, level = self._drove()
        if write is None or not is_plain:
            return None
        due = self.speaker.end.deadline if self.speaker.line is not None else None
        given = frozenset(n for n, step in enumerate(self._steps) if step.is_free)
        return Again(*write, given, level, None if due is None else due - now)

    def leads_to(
        self, write: Again, loop: Again, given: ItemsView[int, int]
    ) -> tuple[Again | None, FirstTurn | None]:
        """The write under way as what has begun that loop, in which the like of it begins each
        turn; and what it does.

        given: what is free, as the loop writes it.
        """
        speaker = self.speaker
        if loop[:2] != write[:2]:
            return None, None
        start = speaker.start(self.state)
        first = speaker.first_turn([step.offset for step in self._steps])
        if start is None or first is None or not given <= self.given:
            return None, None
        last = {offset: step for step, offset, _ in self._writes}
        depends = {*start.needs, *dict(given)}
        if not depends <= last.keys():
            return None, None
        steps = frozenset(map(last.__getitem__, depends))
        return write._replace(given=steps, rested=start.rested - self.began), first

    def goes_on(self) -> bool:
        """Whether the passage may go on with the access under way, where one may also begin."""
        if self.is_over or not self.speaker.is_under_way:
            return not self.is_over
        self._start = self.speaker.start(self.state)
        return self._start is not None

    def takes(self, values: object, offset: int, is_write: bool, value: int) -> bool:
        """Whether this access, which has been made, is the next step."""
        speaker, model = self.speaker, self.speaker.model
        if not self._steps:
            self.is_apart = self._source.read() > self._bases[0]
        now, self._now = self._now, None
        took, self.taken = self.taken, 0
        done, self._done = self._done, []
        start, self._start = self._start, None
        asks = any(isinstance(deed, Question) for _, deed, _ in done)
        ends_question = offset in speaker.ALSO
        is_free = offset in speaker.FREE or (is_write and offset in speaker.PUSHED)
        is_plain, level = self._drove()
        due = speaker.end.deadline
        moves_alarm = due != self._due
        waits = self._waits if not moves_alarm else due is not None and self._can_wait()
        if (
            self.is_over
            or values is not model.regs
            or (offset not in model.NEUTRAL and not ends_question)
            or (asks and took)
            or (self._deeds.questions and ends_question)
            or (is_free and not is_write)
            or not is_plain
            or len(self._steps) == MOST
            or (start is not None and not self._narrow(start.needs))
        ):
            return False
        if is_write:
            self._writes.append((len(self._steps), offset, value))
        sets = next((alarm for *_, alarm in done if alarm is not None), None)
        carried = None if sets is None else speaker.carried(self.state, self._writes)
        if carried is not None and not self._narrow(carried.needs):
            return False
        since = None if now is None else now - self._bases[-1]
        rested = None
        has_room = len(self._bases) < MOST_BASES
        if has_room and start is not None and now is not None and start.rested <= now:
            since, rested = None, start.rested - self._bases[-1]
            self._bases.append(now)
        outcome = speaker.outcome(self.state, self._bases, self._writes)
        if outcome is None:
            return False
        allowed = ANYTHING if is_free else (value, value, 0)
        base, began, setting = len(self._bases) - 1, self.began, None
        if sets is not None:
            if carried is None or sets.deadline is None:
                return False
            setting = Setting(sets, sets.deadline - began, carried.take)
        self._steps.append(
            Step(
                offset, value, is_write, allowed, since, rested, took, level,
                disarms=moves_alarm and due is None,
                arms=due - began if moves_alarm and due and not waits else None,
                sets=setting and (setting.alarm.timer, setting.due),
                hides=() if start is None else start.hides,
            )
        )  # fmt: skip
        for at, deed, alarm in done:
            since = at - began
            if isinstance(deed, Question):
                self._deeds.ask(base, since, at, deed, self._took)
            else:
                self._deeds.add(base, since, deed, None if alarm is None else setting)
        self._took += took
        self._due, self._waits = due, waits
        self._ends_question |= ends_question
        self._stops.append(
            Stop(
                bases=len(self._bases),
                deeds=self._deeds.all(),
                outcome=outcome,
                taken=self._took - self._deeds.counted,
                ends_question=self._ends_question,
                sets_alarm=due != self._deadline,
                due=None if due is None else due - began,
                is_armed=not waits,
            )
        )
        return True

    def _can_wait(self) -> bool:
        """Whether the alarm, as it is now, need not be set in its time: also, no timer runs that
        would have to be stopped for it."""
        is_off = self._due is None or self._waits
        return is_off and self.speaker.lets_alarm_wait()

    def _narrow(self, needs: Mapping[int, Allowed]) -> bool:
        """Allow only these values to have been written last, or held; False if none was."""
        last = {offset: step for step, offset, _ in self._writes}
        for offset, more in needs.items():
            if offset in last:
                step = self._steps[last[offset]]
                self._steps[last[offset]] = step._replace(allowed=_both(step.allowed, more))
            elif offset in self.speaker.HELD:
                number = self.speaker.HELD.index(offset)
                held = self._held[number]
                self._held[number] = held._replace(allowed=_both(held.allowed or ANYTHING, more))
            else:
                return False
        return True


def _both(one: Allowed, other: Allowed) -> Allowed:
    """What both of them allow."""
    (low, high, same), (least, most, alike) = one, other
    return max(low, least), min(high, most), same | alike
