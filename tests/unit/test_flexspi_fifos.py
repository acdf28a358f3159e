"""FlexSPI's FIFOs: watermarks, what is fetched and pushed when, what is cleared.

Facts: imxrt.md 3.1 (registers), 3.2 (FIFO semantics).
"""

from __future__ import annotations

from typing import Any

import pytest
from flexspi_fakes import FakeChip, Rig

from xipsim.peripherals.core import BusError
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.flexspi import FlexSpi

READ, ENABLE, PROGRAM = 0, 3, 10
DONE, RXWA, TXWE = 0x01, 0x20, 0x40
LONG = 100_000
"""ns; more than any of these commands is on the bus."""


@pytest.fixture
def rig() -> Rig:
    bench = Bench()
    chip = FakeChip(bench)
    chip.array[:1024] = bytes(range(256)) * 4
    rig = Rig(chip, bench=bench)
    rig.enable()
    return rig


def seen(rig: Rig) -> list[Any]:
    found: list[Any] = rig.spi.chips[0].seen  # type: ignore[attr-defined]
    return found


def peeked(rig: Rig, register: Any) -> int:
    return rig.spi.peek(register.offset)


@pytest.mark.parametrize("register", [FlexSpi.IPRXFCR, FlexSpi.IPTXFCR])
@pytest.mark.parametrize("bit", [*range(6, 32)])
def test_watermarks_have_four_bits(rig: Rig, register: Any, bit: int) -> None:
    """RXWMRK and TXWMRK, 5 to 2."""
    rig.set(register, 1 << bit | 1 << 2)
    rig.start(READ, 0, 24)
    rig.bench.clock.advance(LONG)
    rig.set(FlexSpi.INTR, RXWA | TXWE)
    pushed, popped = (2, 1) if register is FlexSpi.IPTXFCR else (1, 2)
    assert rig.get(FlexSpi.IPRXFSTS) >> 16 == popped
    assert rig.get(FlexSpi.IPTXFSTS) >> 16 == pushed
    assert rig.bench.gaps == []


@pytest.mark.parametrize(
    ("register", "gap"),
    [(FlexSpi.IPRXFCR, "the receive FIFO"), (FlexSpi.IPTXFCR, "the transmit FIFO")],
)
def test_dma_requests_are_a_gap(rig: Rig, register: Any, gap: str) -> None:
    rig.set(register, 0xFFFF_FFFD)
    assert rig.bench.gaps == []
    rig.set(register, 2)
    assert [g.what for g in rig.bench.gaps] == [f"DMA requests of {gap}"]


def test_the_fifos_on_the_ahb_have_one_direction_each(rig: Rig) -> None:
    rig.set(FlexSpi.MCR0, 0xFFFF_80D0)
    with pytest.raises(BusError, match="the receive FIFO is read only"):
        rig.rx.write(0, 0)
    with pytest.raises(BusError, match="the transmit FIFO is write only"):
        rig.tx.read(0)


def test_the_receive_fifo_on_the_ahb_can_be_looked_at(rig: Rig) -> None:
    rig.start(READ, 0x10, 8)
    rig.bench.clock.advance(LONG)
    rig.bench.diagnostics.clear()
    with pytest.raises(BusError):
        rig.rx.peek(0)
    assert rig.bench.diagnostics == [], "a look blames nobody"
    rig.set(FlexSpi.MCR0, 0xFFFF_8050)
    assert (rig.rx.peek(0), rig.rx.read(4), rig.rx.read(6, 1)) == (0x13121110, 0x17161514, 0x16)
    assert rig.rx.read(8) == 0, "nothing more has come"


@pytest.mark.parametrize(("size", "level"), [(8, 0), (16, 1), (24, 2), (128, 15)])
def test_the_receive_watermark_is_a_level(rig: Rig, size: int, level: int) -> None:
    """IPRXWA: as many bytes as (RXWMRK + 1) * 8; the interrupt follows a new watermark at once."""
    rig.set(FlexSpi.INTEN, RXWA)
    rig.start(READ, 0, size)
    rig.bench.clock.advance(LONG)
    for watermark in (0, level, *([level + 1] if level < 15 else []), level, 0):
        rig.set(FlexSpi.IPRXFCR, watermark << 2)
        assert bool(rig.get(FlexSpi.INTR) & RXWA) == rig.spi.IRQ.level == (watermark <= level)


def test_the_transmit_watermark_is_a_level(rig: Rig) -> None:
    """IPTXWE: room for (TXWMRK + 1) * 8 bytes; here it has 24."""
    rig.set(FlexSpi.INTEN, TXWE)
    for _ in range(13):
        rig.set(FlexSpi.INTR, TXWE)
    for watermark in (0, 2, 3, 2, 15, 0):
        rig.set(FlexSpi.IPTXFCR, watermark << 2)
        assert bool(rig.get(FlexSpi.INTR) & TXWE) == rig.spi.IRQ.level == (watermark <= 2)


def test_counters_have_sixteen_bits(rig: Rig) -> None:
    """RDCNTR, WRCNTR."""
    rig.start(READ, 0, 24)
    rig.bench.clock.advance(LONG)
    rig.spi.RDCNTR = rig.spi.WRCNTR = 0xFFFF
    rig.set(FlexSpi.INTR, RXWA | TXWE)
    assert rig.get(FlexSpi.IPRXFSTS) == 2
    assert rig.get(FlexSpi.IPTXFSTS) == 1


def test_what_was_read_stays_while_another_command_runs(rig: Rig) -> None:
    """And is fetched then."""
    rig.start(READ, 0x10, 16)
    rig.bench.clock.advance(LONG)
    rig.set(FlexSpi.IPCR1, 8 | PROGRAM << 16)
    rig.set(FlexSpi.IPCMD, 1)
    assert rig.get(FlexSpi.IPRXFSTS) & 0xFF == 2
    assert rig.get(FlexSpi.RFDR) == 0x13121110
    rig.set(FlexSpi.INTR, RXWA)
    assert rig.get(FlexSpi.IPRXFSTS) == 1 << 16 | 1
    assert rig.get(FlexSpi.RFDR) == 0x1B1A1918
    rig.set(FlexSpi.INTR, RXWA)
    assert rig.get(FlexSpi.IPRXFSTS) == 2 << 16
    rig.set(FlexSpi.INTR, RXWA)
    assert rig.get(FlexSpi.IPRXFSTS) == 2 << 16, "nothing was there"


def test_a_second_read_comes_behind_the_first(rig: Rig) -> None:
    rig.start(READ, 0x10, 16)
    rig.bench.clock.advance(LONG)
    rig.set(FlexSpi.IPCR0, 0x80)
    rig.set(FlexSpi.IPCR1, 12)
    rig.set(FlexSpi.IPCMD, 1)
    assert rig.get(FlexSpi.IPRXFSTS) & 0xFF == 2
    rig.bench.clock.advance(LONG)
    assert rig.get(FlexSpi.IPRXFSTS) & 0xFF == 4
    words = [rig.get(FlexSpi.RFDR, index) for index in range(8)]
    assert b"".join(word.to_bytes(4, "little") for word in words) == (
        bytes(range(0x10, 0x20)) + bytes(range(0x80, 0x8C)) + bytes(4)
    )


def test_a_read_goes_on_behind_what_was_cleared(rig: Rig) -> None:
    """CLRIPRXF where the FIFO is full: the clock runs again."""
    rig.start(READ, 0, 160)
    rig.bench.clock.advance(LONG)
    assert rig.get(FlexSpi.IPRXFSTS) & 0xFF == 16
    rig.set(FlexSpi.IPRXFCR, 1)
    assert peeked(rig, FlexSpi.IPRXFSTS) == rig.get(FlexSpi.IPRXFCR) == 0
    rig.wait(63)
    assert peeked(rig, FlexSpi.IPRXFSTS) & 0xFF == 3
    rig.wait(1)
    assert peeked(rig, FlexSpi.IPRXFSTS) & 0xFF == 4
    assert peeked(rig, FlexSpi.INTR) & DONE
    assert rig.get(FlexSpi.RFDR) == 0x83828180


def test_what_has_gone_out_is_not_cleared(rig: Rig) -> None:
    """CLRIPTXF in the middle of a program: 3 + 8 + 24 clocks, and 16 for 8 bytes."""
    rig.command(ENABLE)
    rig.wait(100)
    rig.start(PROGRAM, 0, 24)
    for word in (0x11111111, 0x22222222):
        for index in range(2):
            rig.set(FlexSpi.TFDR, word, index)
        rig.set(FlexSpi.INTR, TXWE)
    rig.wait(35 + 16)
    rig.set(FlexSpi.IPTXFCR, 1)
    assert rig.get(FlexSpi.IPTXFSTS) == 0
    for word in (0x33333333, 0x44444444):
        for index in range(2):
            rig.set(FlexSpi.TFDR, word, index)
        rig.set(FlexSpi.INTR, TXWE)
    assert rig.finish() == 0
    assert seen(rig)[-1].write == b"\x11" * 8 + b"\x33" * 8 + b"\x44" * 8


def test_a_full_fifo_takes_nothing(rig: Rig) -> None:
    """Neither does one in which a command makes no room yet."""
    rig.command(ENABLE)
    rig.wait(100)
    rig.start(PROGRAM, 0, 136)
    for index in range(16):
        rig.set(FlexSpi.TFDR, index)
        rig.set(FlexSpi.INTR, TXWE)
    rig.set(FlexSpi.TFDR, 0xEE)
    rig.set(FlexSpi.INTR, TXWE)
    assert rig.get(FlexSpi.IPTXFSTS) == 16 << 16 | 16
    assert [d.rule for d in rig.bench.diagnostics] == ["tx-fifo-overflow"]
    rig.bench.clock.advance(LONG)
    rig.set(FlexSpi.TFDR, 16)
    rig.set(FlexSpi.INTR, TXWE)
    assert rig.finish() == 0
    assert seen(rig)[-1].write[::8] == bytes(range(17))


# -- what goes to the chip -------------------------------------------------------------------------


def test_each_command_is_sent_as_it_is_said(rig: Rig) -> None:
    """However alike it is to the one before: sequence, address, size, data, FLSHxxCR1."""
    lut = [rig.get(FlexSpi.LUT, index) for index in range(64)]
    lut[8], lut[16:18] = 0x2401_0435, [0x0818_0403, 0x2404]
    rig.load_lut(lut)
    for sequence, address, size in (
        (1, 0, 1), (2, 0, 1), (1, 0, 1), (1, 0, 2), (4, 0, 2), (4, 8, 2), (0, 8, 2), (0, 8, 2),
        (ENABLE, 8, 0), (5, 8, 0), (5, 0x10, 0), (ENABLE, 8, 0),
    ):  # fmt: skip
        rig.start(sequence, address, size)
        rig.bench.clock.advance(LONG)
        t = seen(rig)[-1]
        opcode = {0: 0xEB, 1: 0x05, 2: 0x35, ENABLE: 0x06, 4: 0x03, 5: 0x20}[sequence]
        addressed = address if sequence in (0, 4, 5) else None
        assert (t.opcode, t.address, t.read, t.write) == (opcode, addressed, size, b"")
    for data in (b"\x11" * 8, b"\x22" * 8, b"\x11" * 8):
        rig.send(PROGRAM, 0x100, data)
        assert seen(rig)[-1].write == data
    rig.start(4, 8, 2)
    rig.set(FlexSpi.FLSHCR1, 0x463)
    rig.bench.clock.advance(LONG)
    rig.start(4, 8, 2)
    assert [t.address for t in seen(rig)[-2:]] == [8, 4], "words"


def test_what_a_time_out_leaves_in_the_transmit_fifo(rig: Rig) -> None:
    """MCR1.SEQWAIT 1: 1,024 clocks. 02h on one line takes 3 + 8 + 24, and 8 for a byte: 123 bytes
    have gone, which are 15 entries and a part of one."""
    lut = [rig.get(FlexSpi.LUT, index) for index in range(64)]
    lut[16:18] = [0x0818_0402, 0x2004]
    rig.load_lut(lut)
    rig.set(FlexSpi.MCR1, 0x0001_FFFF)
    rig.start(4, 0, 136)
    for index in range(16):
        rig.set(FlexSpi.TFDR, index)
        rig.set(FlexSpi.INTR, TXWE)
    rig.wait(1_024)
    assert peeked(rig, FlexSpi.INTR) & 0x809 == 0x809
    assert rig.get(FlexSpi.IPTXFSTS) == 16 << 16 | 1
    assert seen(rig)[-1].write[::8] == bytes(range(16))
    assert len(seen(rig)[-1].write) == 123
    rig.set(FlexSpi.INTR, 0x809)
    rig.set(FlexSpi.IPCR1, 8 | PROGRAM << 16)
    rig.set(FlexSpi.IPCMD, 1)
    rig.bench.clock.advance(LONG)
    assert seen(rig)[-1].write == b"\x0f" + bytes(7), "the entry that was left"
