"""What is odd about a LUT sequence or a FIFO's port is told when it is used."""

from __future__ import annotations

import pytest
from flexspi_fakes import MIMXRT_LUT, FakeChip, Rig

from xipsim.peripherals.core import BusError
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.flexspi import FlexSpi

EMPTY, LEFT_OVER, NO_READ = 13, 14, 15
READ_STATUS = 0x2401_0405
"""CMD 05h, READ."""


@pytest.fixture
def rig() -> Rig:
    bench = Bench()
    rig = Rig(FakeChip(bench), bench=bench)
    words = list(MIMXRT_LUT)
    # The second word is what a quad read of the same sequence left: DUMMY 8, READ on 4 lines.
    words[4 * LEFT_OVER : 4 * LEFT_OVER + 2] = [READ_STATUS, 0x2604_3208]
    words[4 * NO_READ] = 0x0405
    rig.enable(*words)
    return rig


def told(rig: Rig) -> list[tuple[str, str]]:
    found = [(d.rule, d.message) for d in rig.bench.diagnostics]
    rig.bench.diagnostics.clear()
    return found


def test_an_empty_sequence(rig: Rig) -> None:
    rig.command(EMPTY)
    assert told(rig) == [("lut-empty", f"LUT sequence {EMPTY} is empty: no chip is selected")]
    rig.start(EMPTY, 0, 4)
    assert [rule for rule, _ in told(rig)] == ["lut-empty", "lut-no-data"]
    assert rig.get(FlexSpi.IPRXFSTS) == 0


def test_data_are_asked_for_and_the_sequence_reads_none(rig: Rig) -> None:
    rig.start(NO_READ, 0, 4)
    ((rule, text),) = told(rig)
    assert rule == "lut-no-data"
    assert f"4 bytes are asked for, and LUT sequence {NO_READ} has neither READ nor WRITE" in text


def test_words_of_another_sequence_behind_the_data(rig: Rig) -> None:
    assert rig.receive(LEFT_OVER, 0, 1) == b"\x00", "the status, as without them"
    (chip,) = rig.spi.chips.values()
    (t,) = chip.seen[-1:]  # type: ignore[attr-defined]
    assert (t.opcode, t.dummy, t.data_lanes, t.read) == (0x05, 0, 1, 1)
    ((rule, text),) = told(rig)
    assert rule == "lut-behind-data"
    assert f"LUT sequence {LEFT_OVER} has DUMMY, READ behind its data, without STOP" in text


@pytest.mark.parametrize(("sequence", "rule"), [(EMPTY, "lut-empty"), (NO_READ, "lut-no-data")])
def test_the_window_reads_by_a_sequence_without_data(rig: Rig, sequence: int, rule: str) -> None:
    rig.set(FlexSpi.FLSHCR2, sequence)
    with pytest.raises(BusError):
        rig.window.read(0x10)
    assert rule in dict(told(rig))


def test_fifos_are_written_and_read_where_mcr0_says(rig: Rig) -> None:
    rig.set(FlexSpi.MCR0, 0xFFFF_8010 | 0x80)
    rig.set(FlexSpi.TFDR, 0x1234_5678)
    assert told(rig)[0][0] == "wrong-fifo-port"
    assert rig.spi.TFDR[0] == 0
    rig.tx.write(0, 0x1234_5678)
    assert told(rig) == []
    rig.set(FlexSpi.MCR0, 0xFFFF_8010)
    with pytest.raises(BusError):
        rig.tx.write(0, 1)
    assert "ATDFEN is 0" in told(rig)[0][1]
    rig.start(0, 0, 8)
    with pytest.raises(BusError):
        rig.rx.read(0)
    assert "ARDFEN is 0" in told(rig)[0][1]
    rig.set(FlexSpi.MCR0, 0xFFFF_8010 | 0x40)
    rig.get(FlexSpi.RFDR)
    assert "ARDFEN is 1" in told(rig)[0][1]
    rig.spi.peek(FlexSpi.RFDR.offset)
    assert told(rig) == [], "a look blames nobody"
