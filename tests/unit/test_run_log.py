"""What a machine said: each finding once, with a count; nothing grows for ever."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from machines import make_machine

from xipsim.engines import unpickle
from xipsim.peripherals.core.trace import Diagnostic, Gap, Note, Repeated
from xipsim.session.findings import MOST
from xipsim.session.run_log import Reset, RunLog
from xipsim.session.transcript import LIMIT, SLACK, Transcript


def make_log() -> RunLog:
    return RunLog(["pc"], "pc", lambda receiver, value: receiver(value))


def hear(log: RunLog, events: list[Any]) -> None:
    log.receive("events", [Repeated(event, 1, event.time) for event in events])


def diagnostic(time: int, rule: str = "read-only", pc: int = 0x100) -> Diagnostic:
    return Diagnostic(time=time, source="backup", rule=rule, message=f"{rule} at {time}", pc=pc)


def test_a_million_diagnostics_of_one_rule_and_pc_are_one_finding() -> None:
    log = make_log()
    hear(log, [diagnostic(time) for time in range(10, 1_000_010)])
    (found,) = log.diagnostics
    assert (found.count, found.first, found.last) == (1_000_000, 10, 1_000_009)
    assert found.event == diagnostic(10), "the first one, whole"


def test_what_was_folded_before_counts_as_often_as_it_came() -> None:
    log = make_log()
    log.receive("events", [Repeated(diagnostic(10), 7, 90), Repeated(diagnostic(95), 2, 99)])
    (found,) = log.diagnostics
    assert (found.count, found.first, found.last) == (9, 10, 99)


def test_rule_place_and_model_tell_findings_apart() -> None:
    log = make_log()
    events: list[Any] = [diagnostic(1), diagnostic(2, rule="other"), diagnostic(3, pc=0x200)]
    events += [Gap(4, "bus", "0x1"), Gap(5, "bus", "0x2"), Gap(6, "bus", "0x1", pc=9)]
    events += [Note(7, "pc", "here"), Note(8, "pc", "here")]
    hear(log, events)
    assert [found.count for found in log.diagnostics] == [1, 1, 1]
    assert [(found.event.what, found.count) for found in log.gaps] == [("0x1", 2), ("0x2", 1)]
    assert [(found.count, found.last) for found in log.notes] == [(2, 8)]
    assert [found.first for found in log.diagnostics.latest] == [3, 2, 1]


def test_findings_have_a_bound_and_say_what_they_lack() -> None:
    log = make_log()
    hear(log, [diagnostic(time, pc=time) for time in range(MOST + 5)])
    hear(log, [diagnostic(9999, pc=0)])
    assert (len(log.diagnostics), log.diagnostics.left_out) == (MOST, 5)
    assert next(iter(log.diagnostics)).count == 2, "known ones are counted all the same"


def test_resets_and_interruptions_have_a_bound_too() -> None:
    log = make_log()
    for time in range(MOST + 3):
        log.was_reset(Reset(time, "watchdog"))
        log.was_interrupted(time, "silence")
    log.was_reset(None)
    assert len(log.resets) == len(log.interruptions) == MOST
    assert log.left_out == {"resets": 3, "interruptions": 3}


def test_what_was_saved_comes_back_through_a_pickle_of_plain_data() -> None:
    log, other = make_log(), make_log()
    events: list[Any] = [diagnostic(1), diagnostic(2), Gap(4, "bus", "0x1"), Note(7, "pc", "here")]
    hear(log, events)
    log.receive("console", ("pc", b">>> "))
    log.was_reset(Reset(3, "watchdog"))
    log.was_interrupted(5, "silence")
    hear(other, [diagnostic(9)])
    other.load(unpickle.loads(pickle.dumps(log.save())))
    assert other.save() == log.save()
    assert [found.count for found in other.diagnostics] == [2]


def test_a_transcript_keeps_the_end_and_its_positions() -> None:
    text = Transcript()
    piece = bytes(range(256)) * 4096  # 1 MB
    pieces = (LIMIT + SLACK) // len(piece) + 1
    for _ in range(pieces):
        text.add(piece)
    text.add(b"end")
    total = pieces * len(piece) + 3
    assert len(text) == total
    assert text.dropped == total - 3 - LIMIT
    assert text.since(total - 5) == piece[-2:] + b"end"
    assert text.since(0) == piece * (LIMIT // len(piece)) + b"end"
    assert text.tail(4) == piece[-1:] + b"end"
    assert text.endswith(b"end")
    copy = Transcript()
    copy.load(text.save())
    assert (len(copy), copy.since(0)) == (len(text), text.since(0))


def test_a_console_goes_on_when_its_beginning_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xipsim.session.transcript.LIMIT", 64)
    monkeypatch.setattr("xipsim.session.transcript.SLACK", 16)
    machine, _, _ = make_machine(tmp_path)
    for _ in range(20):
        assert machine.exec("12345") == "5\n"
    assert machine.console.transcript.endswith(b">>> ")
    assert len(machine.console.transcript) <= 80
    assert machine.report()["console_bytes"]["pc"] > 500


def test_the_report_has_counts_and_says_what_it_lacks(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    engine.emit("events", [diagnostic(time) for time in (3, 4, 5)])
    report = machine.report()
    (found,) = report["diagnostics"]
    assert found == diagnostic(3)._asdict() | {"count": 3, "last": 5}
    assert set(report["left_out"].values()) == {0}
