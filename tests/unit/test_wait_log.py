"""The record of what firmware waits for, as the report has it."""

from __future__ import annotations

from typing import Any

from xipsim.engines.guest.access import tag_access
from xipsim.engines.guest.waits import MOST, Waits
from xipsim.engines.repl import Tag
from xipsim.engines.repl.platform import Place, Range


def found(waits: Waits) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = waits.told()["found"]
    return entries


def test_waits_are_folded_by_question_and_place() -> None:
    waits = Waits()
    for pc, began, lasts in ((4, 100, 50), (4, 900, 90), (8, 1_000, 5)):
        wait = waits.begin(("status", "nor"), pc, began)
        waits.add(wait, 8, 8)
        waits.add(wait, 0, lasts)
    first, second = found(waits)
    assert first == {
        "question": "status nor",
        "pc": 4,
        "waits": 2,
        "polls": 16,
        "on_silicon": 156,
        "longest": 98,
        "first": 100,
        "last": 900,
    }
    assert (second["pc"], second["waits"], second["longest"]) == (8, 1, 13)


def test_firmware_that_waits_in_ever_new_places_fills_no_memory() -> None:
    waits = Waits()
    for pc in range(2 * MOST):
        waits.add(waits.begin("gpt", pc, pc), 8, 8)
    assert len(found(waits)) == MOST
    assert waits.told()["left_out"] == MOST
    assert all(entry["polls"] == 8 for entry in found(waits))


def test_a_wait_goes_on_where_a_snapshot_was_taken() -> None:
    waits, other = Waits(), Waits()
    wait = waits.begin("gpt", 4, 100)
    waits.add(wait, 8, 8)
    saved = waits.save()
    waits.add(wait, 1, 1_000)
    other.load(saved)
    assert found(other)[0]["on_silicon"] == 8
    other.add(wait, 1, 1_000)
    assert found(other) == found(waits)


def test_a_block_that_has_only_a_name_is_asked_by_address() -> None:
    class Questions:
        asked: Any = None

        def question(self, key: Any) -> None:
            self.asked = key

    questions: Any = Questions()
    gaps: list[str] = []
    tag = Tag(Range(0x4000, 0x100), "SPI", 5, Place("board.repl", 1, 1))
    read, write = tag_access(tag, questions, gaps.append)
    assert read(None, 0x10, 4) == 5
    first = questions.asked
    assert read(None, 0x14, 4) == 5
    assert questions.asked not in (None, first)
    write(None, 0x10, 1, 4)
    assert questions.asked is None
    assert len(gaps) == 3
