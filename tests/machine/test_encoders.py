"""machine.Encoder and machine.Counter of the Teensys, fed through wires."""

from __future__ import annotations

from pathlib import Path

import pytest
from images import RECENT, Image, parameters

from xipsim import Machine

pytestmark = pytest.mark.parametrize("image", parameters([RECENT]), indirect=True)

ROTATE = """
a, b = Pin("D0", Pin.OUT, value=0), Pin("D2", Pin.OUT, value=0)
at = 0
def rotate(steps):
    global at
    for _ in range(abs(steps)):
        at += 1 if steps > 0 else -1
        a(at % 4 in (1, 2)); b(at % 4 in (2, 3))
"""


def test_an_encoder_counts_in_both_directions(image: Image, qemu: Path | None) -> None:
    wires = ["D0:D1", "D2:D3"]
    with Machine(image.board, firmware=image.require(), qemu=qemu, wires=wires) as m:
        m.exec(f"from machine import Encoder, Pin\n{ROTATE}")
        m.exec("e = [Encoder(n, 'D1', 'D3', phases=p) for n, p in enumerate((1, 2, 4))]")
        m.exec("rotate(100)")
        assert m.exec("print([x.value() for x in e])") == "[25, 50, 100]\n"
        m.exec("rotate(-108)")
        assert m.exec("print([x.value() for x in e])") == "[-2, -4, -8]\n"
        assert m.report()["gaps"] == []


def test_a_counter_counts_rising_edges(image: Image, qemu: Path | None) -> None:
    with Machine(image.board, firmware=image.require(), qemu=qemu, wires=["D2:D3"]) as m:
        m.exec("from machine import Counter, Pin; p = Pin('D2', Pin.OUT, value=0)")
        m.exec("c = Counter(0, 'D3', match=30); seen = []")
        m.exec("c.irq(trigger=Counter.IRQ_MATCH, handler=lambda c: seen.append(c.value()))")
        m.exec("def toggle(n):\n    for _ in range(n):\n        p(1); p(0)")
        assert m.exec("toggle(40); print(c.value(), seen)") == "40 [30]\n"
        m.exec("c.init('D3', direction=Counter.DOWN); toggle(7)")
        assert m.exec("print(c.value())") == "-7\n"
        assert m.report()["gaps"] == []
