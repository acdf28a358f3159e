"""What a driver says again and again: whoever answers it, nothing tells.

An engine that plays passages (`engines/guest/passages.py`) answers most of what is said here.
"""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from candidates import Running
from programs import ENABLE, Program

from xipsim.engines.api import Goal
from xipsim.engines.link.engine import ChildEngine

WORDS = 4
SAY = "ldr r3, [r4, #8]; adds r5, #1; str r5, [r4, #0]; str r0, [r4, #4];"
SAME = SAY.replace("adds r5, #1;", "")
SPEECH = Program(f"""
        ldr r4, =0x40008000; movs r5, #0
    again: str r5, [r4, #12]; {SAY * WORDS} b again
""")
INTERRUPTED = Program(f"""
        {ENABLE}; ldr r4, =0x40008000; movs r5, #0
    again: str r5, [r0, #0]; str r5, [r4, #12]; {SAY * WORDS} b again
""")
"""With the timer's interrupt at another place each time, of which the handler writes its model."""
UNLIKE = Program(SPEECH.source.replace("str r0, [r4, #4]", "str r5, [r4, #4]"))
"""With another value in each access that would have to be the same."""
HESITANT = Program(f"""
        ldr r4, =0x40008000; movs r5, #0; ldr r6, =0xE000E100
    again: str r5, [r4, #12]; {SAY} ldr r2, =5000
    pause: subs r2, #1; bne pause; ldr r3, [r6, #0]; ldr r3, [r6, #4]; {SAY * 3} b again
""")
"""With a pause in each sentence, and a look at registers of the core's own behind it."""
ASKED = Program(f"""
        ldr r4, =0x40008000; movs r5, #7; ldr r6, =0xFFFFFFFF
    news: movs r2, #20; str r5, [r4, #12]; {SAME * WORDS}
    again: str r6, [r4, #12]; {SAME * WORDS} subs r2, #1; bne again; b news
""")
"""Loops that poll: with each sentence, they ask, and say the same."""
RUNG = Program(f"""
        ldr r4, =0x40008000; movs r5, #0; movs r7, #1
    again: str r5, [r4, #12]; {SAY * WORDS} movs r2, #13; ands r2, r5
    pause: subs r2, #1; bpl pause; str r7, [r4, #16]; {SAY * 2} str r7, [r4, #16]
        ldr r3, [r4, #8]; str r7, [r4, #16]; movs r2, #13; ands r2, r5; lsls r2, r2, #5
    rings: subs r2, #1; bpl rings; {SAY} b again
""")
"""In each sentence a bell rings, at another time, and then again at once; the next look may come
when it is silent."""
LISTENED = Program(f"""
        ldr r4, =0x40008000; movs r5, #0; movs r7, #1
    again: str r5, [r4, #12]; {SAY * WORDS} str r7, [r4, #16]; movs r2, #1; ands r2, r5
    pause: subs r2, #1; bpl pause
    rings: ldr r3, [r4, #20]; subs r3, #1; bpl rings; {SAY} b again
""")
"""In each sentence a bell rings, and a loop asks, from another time on, until it is silent."""
BROKEN = Program(f"""
        ldr r4, =0x40008000; ldr r6, =0x40007000; movs r5, #0
    again: str r5, [r4, #12]; {SAY} ldr r3, [r6, #16]; lsls r2, r5, #29; bpl less
        {SAY * 3} b again
    less: adds r5, #1; str r5, [r4, #0]; str r0, [r4, #4]; {SAY * 2} b again
""")
"""In each sentence another model is looked at; what comes behind that is not always the same."""
TIME = 100_000

Heard = tuple[list[tuple[int, list[int]]], list[int], list[int]]


def run(engine: ChildEngine, *times: int) -> Heard:
    """All that was heard when the machine has run to the last of these, and stood still at all."""
    for time in times:
        engine.run(Goal(until=time))
        heard: Heard = engine.call("talker", "heard")
    return heard


def check(heard: Heard) -> None:
    """Each word was said once, in its order, and each answer was right."""
    sentences, said, levels = heard
    words = [word for _, sentence in sentences for word in sentence] + said
    assert words == list(range(1, len(words) + 1))
    assert all(len(sentence) == WORDS for _, sentence in sentences[1:])
    assert levels == list(range(len(levels)))
    assert len(levels) - len(said) in (0, 1)


@pytest.mark.essential
def test_what_is_said_arrives(running: Running) -> None:
    with running(SPEECH) as engine:
        heard = run(engine, TIME)
        check(heard)
        assert len(heard[0]) > TIME / 1_000


@pytest.mark.needs("times within a block")
@pytest.mark.parametrize(("program", "until"), [(SPEECH, TIME), (HESITANT, 10 * TIME)])
def test_each_sentence_takes_as_long_as_the_first(
    running: Running, program: Program, until: int
) -> None:
    with running(program) as engine:
        heard = run(engine, until)
    check(heard)
    times = [time for time, _ in heard[0]]
    lengths = {later - time for time, later in pairwise(times)}
    assert len(times) > 20
    assert len(lengths) == 1


@pytest.mark.parametrize("program", [SPEECH, INTERRUPTED, UNLIKE])
def test_interrupts_within_a_sentence_change_nothing(
    running: Running, program: Program
) -> None:
    with running(program) as engine:
        check(run(engine, TIME))


@pytest.mark.needs("times within a block")
@pytest.mark.parametrize("program", [SPEECH, INTERRUPTED, UNLIKE])
def test_whoever_looks_within_a_sentence_changes_nothing(
    running: Running, program: Program
) -> None:
    looks = sorted(random.Random(1).sample(range(20_000, TIME), 60))
    with running(program) as engine:
        undisturbed = run(engine, TIME)
    with running(program) as engine:
        for look in looks:
            check(run(engine, look))
        assert run(engine, TIME) == undisturbed


@pytest.mark.needs("times within a block")
def test_whoever_looks_while_a_loop_polls_changes_nothing(running: Running) -> None:
    looks = sorted(random.Random(3).sample(range(20_000, TIME), 60))
    with running(ASKED) as engine:
        undisturbed = run(engine, TIME)
    sentences, said, _ = undisturbed
    assert [words for _, words in sentences] == [[], *[[7] * WORDS] * (len(sentences) - 1)]
    assert said == [7] * len(said)
    with running(ASKED) as engine:
        assert run(engine, *looks, TIME) == undisturbed


@pytest.mark.needs("times within a block")
def test_sentences_of_which_the_rest_is_one_or_the_other(running: Running) -> None:
    """Behind an access to another model: nothing tells, also where somebody looks there."""
    looks = sorted(random.Random(2).sample(range(20_000, TIME), 60))
    with running(BROKEN) as engine:
        sentences, said, _ = undisturbed = run(engine, TIME)
    words = [word for _, sentence in sentences for word in sentence] + said
    assert words == list(range(1, len(words) + 1))
    assert {len(sentence) for _, sentence in sentences[1:]} == {4}
    assert len(sentences) > TIME / 1_000
    with running(BROKEN) as engine:
        assert run(engine, *looks, TIME) == undisturbed


def run_and_ring(engine: ChildEngine, *times: int) -> tuple[Heard, list[tuple[int, int]]]:
    """As `run`; and when the bell has rung."""
    heard = run(engine, *times)
    return heard, engine.call("talker", "tolled")


@pytest.mark.needs("times within a block")
@pytest.mark.parametrize("seed", range(4))
def test_whoever_looks_while_the_bell_rings_changes_nothing(
    running: Running, seed: int
) -> None:
    looks = sorted(random.Random(seed).sample(range(20_000, TIME), 60))
    with running(RUNG) as engine:
        undisturbed = run_and_ring(engine, TIME)
    (sentences, _, _), tolls = undisturbed
    assert 3 * len(sentences) - 3 <= len(tolls) // 2 <= 3 * len(sentences)
    assert [value for _, value in tolls] == [n % 2 for n in range(1, len(tolls) + 1)]
    for (begun, _), (tolled, _) in zip(sentences, tolls[::6], strict=False):
        assert begun < tolled
    with running(RUNG) as engine:
        assert run_and_ring(engine, *looks, TIME) == undisturbed


@pytest.mark.needs("times within a block")
@pytest.mark.parametrize("seed", range(4))
def test_whoever_looks_while_a_loop_asks_for_the_bell_changes_nothing(
    running: Running, seed: int
) -> None:
    """That asks the clock; the first of these questions are a part of what is said."""
    looks = sorted(random.Random(seed).sample(range(20_000, TIME), 60))
    with running(LISTENED) as engine:
        undisturbed = run_and_ring(engine, TIME)
        waits = engine.request("waits")
    (sentences, _, _), tolls = undisturbed
    assert len(sentences) - 1 <= len(tolls) // 2 <= len(sentences)
    assert [value for _, value in tolls] == [n % 2 for n in range(1, len(tolls) + 1)]
    assert all(end - begin >= 300 for (begin, _), (end, _) in zip(*[iter(tolls)] * 2, strict=False))
    with running(LISTENED) as engine:
        assert run_and_ring(engine, *looks, TIME) == undisturbed
        assert engine.request("waits") == waits


@pytest.mark.needs("times within a block")
@pytest.mark.needs("snapshots")
def test_a_snapshot_within_a_sentence_holds_what_was_said(running: Running) -> None:
    choose = random.Random(2)
    with running(SPEECH) as engine:
        for _ in range(10):
            start = engine.now + 20_000
            run(engine, start + choose.randrange(400))
            saved = engine.snapshot()
            heard = run(engine, engine.now + 5_000)
            engine.restore(saved)
            assert run(engine, engine.now + 5_000) == heard
