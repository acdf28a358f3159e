"""Passages: pieces of what a driver says to its controller, and the controller answers.

A driver does the same again and again: it polls a status, and sends one page after the other. Where
a model is in the state in which it was once before, and the firmware makes the accesses that it
made then, at the same distances in time, the answers are the same, too. Such a passage is recorded
when it comes for the second time. From then on an engine with a `Player` answers it access by
access, without the model, which *jumps* at its end to where it would be. Whatever else happens
meanwhile (another access, or the same at another time; an alarm; somebody looks) ends the passage
early: the model then jumps to where it would be behind the last answer. So there is nothing that
could tell the difference.

A passage consists of accesses that change their model only. It begins where the model says so
(`Clock.passage`), and ends before the first access that is not neutral, or in which the model
reaches beyond itself (`Clock.acts`): to a line, another model, the trace. What it does there only
for others to know, it may do later, as of then: such *deeds* are done at the passage's end, the
clock standing at their times, and so is the model's alarm, if that has been set in the passage and
its time has passed. One deed may begin something of another model, as an operation of a flash chip
is, with what was written in the passage: the alarm that ends it, the player sets in its time. What
is known of passages is no state of the machine: snapshots hold none of it.

Where the model is at rest when something is started, how long it was makes no difference: from
there on the passage is timed anew. Those times are its *bases*.

A loop that polls is one passage and the write that begins it, in turn. Where the recorder has seen
that the write led back to the state in which the passage began, the player may answer it, too: as
many rounds as the clock lets a loop ask, up to the one that stalls; and so it may where the passage
has led up to such a loop from elsewhere. What is left to do then is what each of them tells the
chip, for its count and the trace (`Speaker.again`), and the clock. Where nothing comes in the stall
but the alarm that the passage has set, and that ends it, all of it passes within the same access,
and the next passage begins there.

Of a passage that ends early another one may be the rest, as where a page is erased, not programmed,
or an interrupt has been handled in between: so one may begin there, too, before the model's next
access. What that starts may depend on what has been written before (`Speaker.HELD`).

Where accesses drive an interrupt of the core, the player does so, too, at the time of each, as the
core has to see it, and the model follows (`Speaker.line`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

from xipsim.peripherals.core import RAISED, Alarm, IrqLine, Speaker, WakeFilter

from .deeds import Deed, Question
from .past import Past, PastClock
from .proofs import COMPARED
from .questions import Questions
from .recorder import Recorder
from .repertoire import Access, Held, Passage, Repertoire, Stop, allows
from .shortcuts import Again, Player

LEAST = 3
"""Accesses of a passage: to answer fewer is not worth it."""
WORD = 4


class Clock(PastClock, Protocol):
    """What passages need of the machine's clock."""

    guard: Callable[[BaseException], None]

    @property
    def now(self) -> int:
        """Virtual ns, as models see it."""

    def passage(self, speaker: Speaker) -> None:
        """One may begin, unless the core stands still."""

    def stall_behind(self, end: int, alarm: Any) -> None:
        """All is done but that the access stalls. alarm: which may end that; or None."""

    def wake(self) -> None:
        """An interrupt has risen."""


def _is_driven(_line: IrqLine, _level: bool) -> bool:
    """As `Passages.drives`, of what the player has driven."""
    return True


class Passages:
    """Records and plays passages of one machine, for its clock. Without a player: none."""

    def __init__(self, clock: Clock, questions: Questions) -> None:
        self._clock, self._questions = clock, questions
        self._player: Player | None = None
        self._played: tuple[Speaker, int, Passage] | None = None
        """What the player is at, and since when."""
        self._repertoire: Repertoire
        """With a player."""
        self._broken: Speaker | None = None
        """Of whom one has ended early."""
        self._access: Access | None = None
        """What one has to begin with that goes on there."""
        self._rounds = 0
        """How often it may begin again; the last time asks the clock as the model would."""
        self._is_last_round = False
        """Whether that asks the clock."""
        self._stalls_until: int | None = None
        """What has come of it."""
        self._alarm: Any = None
        """The one of another model that a passage has set last."""
        self._pc = 0
        """Of the step that has set another model's alarm."""
        self._recorded: Recorder | None = None
        self.past = Past(clock)
        """How deeds are done."""
        self.filters: Sequence[WakeFilter] = ()
        """What an interrupt may have to wait for on its way to the core."""
        self.drives: Callable[[IrqLine, bool], bool] | None = None
        """Who is told that an interrupt of the core is driven; answers whether it is already."""

    def use(self, player: Player) -> None:
        """From now on, play by this."""
        self._player, self._repertoire = player, Repertoire(player.forget)
        player.connect(self._ended, self._goes_on, self._accessed)

    # -- what models say -------------------------------------------------------------------------

    def begin(self, speaker: Speaker) -> None:
        """With the access under way, or before it, a passage may begin."""
        player, recorded = self._player, self._recorded
        if player is None or self.past.is_now:
            return
        self.forget_broken()
        state = speaker.state(now := self._clock.now)
        line = speaker.line
        if line is not None and (line.is_shared or any(f.holds_back for f in self.filters)):
            state = None
        if recorded is not None and state != recorded.state and recorded.goes_on():
            return
        if recorded is not None:
            write = speaker.round() if speaker is recorded.speaker else None
            self._keep(recorded, recorded.again(write, now), state)
        if state is None:
            return
        known, is_wanted = self._repertoire.find(speaker, state, self._access)
        if known is not None:
            if known.keys and self._questions.has_asked(known.keys):
                return
            if known.held and not self._holds(speaker, known.held):
                return
            self._played = speaker, now, known
            known.play(now)
            self._rounds = 0
            if known.then is not None:
                questions, key = self._questions, known.then[0].question
                ends_others = known.stops[-1].ends_question
                is_new = key not in known.keys and (ends_others or not questions.has_asked((key,)))
                if is_new and (rounds := questions.asks_behind(key)):
                    self._rounds = rounds
                    player.repeat(rounds + 1)
            elif known.again is not None and (rounds := self._questions.asks_before_stall):
                values = speaker.model.regs.items()
                if known.again[:2] == speaker.round() and known.given <= values:
                    self._rounds = rounds
                    player.repeat(rounds)
        elif is_wanted:
            source, questions = self._clock.source, self._questions
            self._recorded = recorded = Recorder(speaker, state, now, source, questions)
            self._clock.reading[0] = recorded.read
            self.drives = recorded.drives
            player.record(True)

    def acts(
        self, later: Callable[..., object] | None = None, sets: Alarm | None = None
    ) -> None:
        """See `Clock.acts`: of the access under way, or an alarm."""
        if self._recorded is not None:
            self._recorded.acts(later, sets)

    def asks(self, key: Hashable, until: int, *, is_new: bool) -> None:
        """The access under way has asked a question, of which the answer is known then. It may do
        so later, if it asks no more often than now: so it must be new in the passage."""
        if self._recorded is not None:
            self._recorded.asks(Question(key, until), is_new=is_new)

    def taken(self, span: int) -> None:
        """The access under way takes so many ns."""
        if self._recorded is not None:
            self._recorded.taken += span

    def stalls_later(self, end: int) -> bool:
        """The access under way stalls until `end`: whether that begins when all else is done."""
        if self._is_last_round:
            self._stalls_until = end
        return self._is_last_round

    # -- what the engine says --------------------------------------------------------------------

    def settle(self) -> None:
        """Something comes that is no part of a passage: the model shall be where it would be."""
        if self._recorded is not None:
            self._end()
        played, self._played = self._played, None
        if played is None or self._player is None:
            return
        speaker, began, passage = played
        made, written, times, self._pc = self._player.stop()
        bases, rounds, waits = [began, *times], 0, False
        self.drives = _is_driven
        try:
            if (then := passage.then) is not None and len(bases) > passage.bases:
                starts = bases[passage.bases :]
                waits = self._enter(speaker, passage, bases[: passage.bases], starts, written)
                if not waits:
                    bases, written = starts, written[len(passage.steps) :]
                passage = then[1]
            if waits:
                rounds = self._rounds
            else:
                if passage.then is None and passage.again is not None:
                    rounds = len(bases) - 1
                if passage.rises is not None and (rounds or made > passage.rises):
                    self._clock.wake()
                if rounds:
                    self._go_round(speaker, bases, passage)
                    del bases[:-1]
                self._bring(speaker, passage, bases, made, written)
        finally:
            self.drives = None
        if rounds and rounds == self._rounds:
            if (end := self._stalls_until) is not None:
                self._clock.stall_behind(end, self._alarm if passage.is_apart else None)
            self._clock.passage(speaker)
        elif 0 < made < len(passage.steps) and not speaker.is_under_way:
            self._broken = speaker
            self._player.expect(speaker.model.regs)

    def _goes_on(self, offset: int, is_write: bool, value: int) -> None:
        """This access comes next, behind a passage that has ended early."""
        speaker = self._broken
        if speaker is None:
            return
        self._access = Access(offset, is_write, value)
        try:
            self._clock.passage(speaker)
        except RAISED as error:
            self._clock.guard(error)
        finally:
            self._access = None

    def forget_broken(self) -> None:
        """None begins where one has ended early."""
        if self._broken is not None and self._player is not None:
            self._broken = None
            self._player.expect(None)

    def _holds(self, speaker: Speaker, held: Sequence[Held]) -> bool:
        """Whether registers hold what they may; the player is told what that is."""
        assert self._player is not None
        for number, (offset, recorded, allowed) in enumerate(held):
            value = speaker.model.regs[offset]
            if allowed is not None and not allows(allowed, recorded, value):
                return False
            self._player.hold(number, value)
        return True

    def _enter(
        self,
        speaker: Speaker,
        passage: Passage,
        bases: Sequence[int],
        starts: Sequence[int],
        written: memoryview,
    ) -> bool:
        """Let it be where it would be behind all of a passage, and the write that has begun a loop,
        at the first of these times. Where the loop is known to wait, all of that is done: returns
        whether it is."""
        assert passage.then is not None and passage.again is not None
        if passage.rises is not None:
            self._clock.wake()
        (first, loop), began, wait = passage.then, starts[0], None
        self._bring(speaker, passage, bases, len(passage.steps), written)
        if len(starts) == COMPARED == self._rounds + 1 and speaker.line is None:
            until, turn = speaker.turn(first.what)
            if until is not None:
                taken = loop.stops[-1].taken
                wait = self._questions.wait_alike(first.question, until, turn, starts, taken)
        starts, self._stalls_until = wait or ((began,), None)
        self.past.at(began, speaker.enter, first.what, starts, written)
        if passage.again.due is not None:
            speaker.end.follow(began + passage.again.due)
        return wait is not None

    def _bring(
        self,
        speaker: Speaker,
        passage: Passage,
        bases: Sequence[int],
        made: int,
        written: memoryview,
    ) -> None:
        """Let the model be where it would be behind so many steps."""
        if made:
            self._jump(speaker, passage.stops[made - 1], bases, written)
        if speaker.end.deadline is not None and speaker.lets_alarm_wait():
            self.past.fire(speaker)

    def _jump(
        self, speaker: Speaker, stop: Stop, bases: Sequence[int], written: memoryview
    ) -> None:
        if stop.ends_question:
            self._questions.asked = None
        if stop.taken:
            self._questions.count_as_taken(stop.taken)
        if stop.deeds:
            self._do(stop.deeds, bases, written)
        speaker.jump(stop.outcome, bases, written)
        if stop.sets_alarm:
            due = None if stop.due is None else bases[-1] + stop.due
            if due is None or stop.is_armed:
                speaker.end.follow(due)
            else:
                speaker.end.at(due)

    def _do(
        self, deeds: Sequence[Deed], bases: Sequence[int], written: memoryview
    ) -> None:
        past = self.past
        past.begin()
        try:
            for base, since, do, sets in deeds:
                past.time = bases[base] + since
                if sets is None:
                    do()
                else:
                    self._alarm = sets.alarm
                    sets.alarm.expect(bases[base] + sets.due)
                    past.pc = self._pc
                    do(*sets.take(written))
                    past.pc = 0
        finally:
            past.end()

    def _go_round(self, speaker: Speaker, bases: list[int], passage: Passage) -> None:
        """Let it be where it would be behind the write that has come again, at all but the first of
        these times."""
        began, *starts = bases
        taken, again = passage.stops[-1].taken, passage.again
        if len(starts) == self._rounds:
            self._questions.asked_again(starts[:-1], taken)
            self._questions.count_as_taken(taken)
            self._is_last_round, self._stalls_until = True, None
            try:
                speaker.again(began, starts, asks=True)
            finally:
                self._is_last_round = False
            return
        self._questions.asked_again(starts, taken)
        if again is not None and again.due is not None:
            speaker.end.follow(starts[-1] + again.due)
        speaker.again(began, starts, asks=False)

    def _ended(self) -> None:
        """While playing: something comes that the player does not answer."""
        try:
            self.settle()
        except RAISED as error:
            self._clock.guard(error)

    def _accessed(
        self, values: object, offset: int, size: int, is_write: bool, value: int
    ) -> None:
        """While recording: the firmware has made an access."""
        recorded = self._recorded
        if recorded is not None and not (
            size == WORD and recorded.takes(values, offset, is_write, value)
        ):
            self._keep(recorded, None)

    # -- recording -------------------------------------------------------------------------------

    def _end(self) -> Player:
        """Nothing is recorded any more."""
        assert self._player is not None
        self._recorded = self.drives = None
        self._player.record(False)
        self.past.end()
        return self._player

    def _keep(
        self, recorded: Recorder, again: Again | None, state: Hashable | None = None
    ) -> None:
        """It is over, by what the firmware does, which it will do again.

        again: the write under way, if it has begun a turn of a loop. state: in which the next one
        begins.
        """
        player = self._end()
        speaker, steps, stops = recorded.speaker, recorded.steps, recorded.stops
        if len(steps) < LEAST:
            return
        end = stops[-1]
        is_plain = not end.ends_question and not end.deeds and end.bases == 1
        write, then = again, None
        if write is not None and (state != recorded.state or not is_plain):
            again, loop = None, self._repertoire.first(speaker, state)
            if loop is not None and loop.again is not None and loop.then is None:
                again, first = recorded.leads_to(write, loop.again, loop.given)
                then = None if first is None else (first, loop)
        alarm: Any = speaker.end
        rises = [number for number, step in enumerate(steps) if step.level]
        if again is not None and again.level:
            rises.append(len(steps))
        play, script = player.compile(
            speaker.model.regs, steps, again, recorded.input, alarm.timer, then and then[1].script
        )
        passage = Passage(
            steps,
            stops=stops,
            bases=end.bases,
            play=play,
            again=again,
            given=recorded.given,
            is_apart=recorded.is_apart,
            rises=rises[0] if rises else None,
            script=script,
            then=then,
            keys=recorded.keys,
            held=recorded.held,
        )
        self._repertoire.add(speaker, recorded.state, passage)
