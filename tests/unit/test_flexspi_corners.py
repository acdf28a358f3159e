"""FlexSPI's IP commands bit by bit: which bits count, which flags stay, what a command leaves.

Facts: imxrt.md 3.1 (registers), 3.2 (INTR), 3.5 (sequences), 3.6 (sizes), 3.9 (driver).
"""

from __future__ import annotations

from typing import Any

import pytest
from flexspi_fakes import MIMXRT_LUT, FakeChip, Rig

from xipsim.peripherals.core import BusError
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.flexspi import FlexSpi

READ, STATUS, ENABLE, WRONG, ERASE, PROGRAM = 0, 1, 3, 4, 5, 10
DONE, NO_GRANT, AHB_NO_GRANT, ERROR, AHB_ERROR = 0x01, 0x02, 0x04, 0x08, 0x10
RXWA, TXWE, TIMEOUT = 0x20, 0x40, 0x800
LUT = list(MIMXRT_LUT)
LUT[4 * WRONG] = 0x3800_0406  # no instruction
LONG = 100_000
"""ns; more than any of these commands is on the bus."""


@pytest.fixture
def rig() -> Rig:
    bench = Bench()
    rig = Rig(FakeChip(bench), FakeChip(bench, name="second"), bench=bench)
    rig.enable(*LUT, sizes=(64, 64, 0, 0))
    rig.spi.chips[0].array[:1024] = bytes(range(256)) * 4  # type: ignore[attr-defined]
    return rig


def seen(rig: Rig, select: int = 0) -> list[Any]:
    found: list[Any] = rig.spi.chips[select].seen  # type: ignore[attr-defined]
    return found


def peeked(rig: Rig, register: Any) -> int:
    return rig.spi.peek(register.offset)


# -- bits that count -------------------------------------------------------------------------------


@pytest.mark.parametrize("bit", range(32))
def test_which_bit_of_ipcmd_starts_a_command(rig: Rig, bit: int) -> None:
    rig.set(FlexSpi.IPCR1, ENABLE << 16)
    rig.set(FlexSpi.IPCMD, 1 << bit)
    rig.bench.clock.advance(LONG)
    assert [t.opcode for t in seen(rig)] == [0x06] * (bit == 0)
    assert rig.get(FlexSpi.IPCMD) == 0


@pytest.mark.parametrize("bit", [*range(20, 24), *range(27, 31)])
def test_reserved_bits_of_ipcr1(rig: Rig, bit: int) -> None:
    rig.set(FlexSpi.IPCR1, 1 | STATUS << 16 | 1 << bit)
    rig.set(FlexSpi.IPCMD, 1)
    rig.bench.clock.advance(LONG)
    assert [(t.opcode, t.read) for t in seen(rig)] == [(0x05, 1)]
    assert rig.bench.events == []


@pytest.mark.parametrize("more", range(8))
def test_iseqnum(rig: Rig, more: int) -> None:
    """One less than the number of sequences."""
    rig.load_lut([0x0406, 0, 0, 0] * 16)
    rig.start(0, count=more + 1)
    rig.bench.clock.advance(LONG)
    assert len(seen(rig)) == more + 1


@pytest.mark.parametrize("bit", range(32))
def test_the_bits_of_a_size(rig: Rig, bit: int) -> None:
    """FLSHxxCR0.FLSHSZ: KB, bits 22 to 0."""
    rig.set(FlexSpi.FLSHCR0, 0, 1)
    rig.set(FlexSpi.FLSHCR0, 1 << bit)
    end = 1 << bit + 10 if bit < 23 else 0
    for address in (0, end - 1, end, 0xFFFF_FFFF):
        if 0 <= address < 1 << 32:
            beyond = address >= end
            assert rig.command(ENABLE, address) == (ERROR if beyond else 0), hex(address)


@pytest.mark.parametrize("bit", range(15, 32))
def test_csinterval_leaves_addresses_alone(rig: Rig, bit: int) -> None:
    rig.set(FlexSpi.FLSHCR1, 1 << bit)
    rig.start(READ, 0x2468, 4)
    rig.bench.clock.advance(1_000_000_000)
    assert seen(rig)[-1].address == 0x2468


@pytest.mark.parametrize(
    ("control", "locks"), [(0x100, 0), (0x102, 0), (0x178, 0), (0x101, 3), (0x79, 3)]
)
def test_a_delay_line_locks_by_dllen_alone(rig: Rig, control: int, locks: int) -> None:
    for port in range(2):
        rig.set(FlexSpi.DLLCR, 0x100, 1 - port)
        rig.set(FlexSpi.DLLCR, control, port)
        for look in (rig.get, lambda register: peeked(rig, register)):
            assert look(FlexSpi.STS2) == 0x0100_0100 | locks << 16 * port


@pytest.mark.parametrize(
    ("value", "kept"), [(0x1E, 0x18), (0x1A, 0x18), (0x1C, 0x18), (0x79, 0x79)]
)
def test_what_clears_the_buffers_reads_0(rig: Rig, value: int, kept: int) -> None:
    """AHBCR.CLRAHBRXBUF and CLRAHBTXBUF."""
    rig.set(FlexSpi.AHBCR, value)
    assert rig.get(FlexSpi.AHBCR) == kept


# -- flags -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("clocks", [11, 12, 100])
def test_a_command_that_is_over_is_acknowledged(rig: Rig, clocks: int) -> None:
    """06h takes 11 clocks. What else was set stays, until a one is written to it."""
    rig.spi.AHBCMDGE = 1
    rig.set(FlexSpi.IPCR1, ENABLE << 16)
    rig.set(FlexSpi.IPCMD, 1)
    rig.wait(clocks)
    rig.set(FlexSpi.INTR, DONE)
    assert rig.get(FlexSpi.INTR) == AHB_NO_GRANT | TXWE
    rig.set(FlexSpi.INTR, AHB_NO_GRANT)
    assert rig.get(FlexSpi.INTR) == TXWE


def test_a_command_that_is_not_over_is_not_acknowledged(rig: Rig) -> None:
    rig.set(FlexSpi.IPCR1, ENABLE << 16)
    rig.set(FlexSpi.IPCMD, 1)
    rig.wait(10)
    rig.set(FlexSpi.INTR, DONE)
    rig.wait(1)
    assert peeked(rig, FlexSpi.INTR) & DONE


@pytest.mark.parametrize("bit", range(12, 32))
def test_intr_has_twelve_bits(rig: Rig, bit: int) -> None:
    rig.spi.INTR = 0xF9F
    rig.set(FlexSpi.INTR, 1 << bit)
    assert rig.get(FlexSpi.INTR) & 0xF9F == 0xF9F
    assert rig.get(FlexSpi.IPTXFSTS) == 0


@pytest.mark.parametrize("flag", [NO_GRANT, DONE])
def test_a_command_without_a_grant_raises_the_interrupt(rig: Rig, flag: int) -> None:
    rig.set(FlexSpi.INTEN, flag)
    rig.set(FlexSpi.MCR0, 0xFF01_8010)
    rig.start(PROGRAM, 0, 16)
    rig.set(FlexSpi.IPCMD, 1)
    rig.bench.clock.advance(1_706)
    assert not rig.spi.IRQ.level
    rig.bench.clock.advance(1)
    assert rig.spi.IRQ.level


def test_an_error_raises_the_interrupt(rig: Rig) -> None:
    rig.set(FlexSpi.INTEN, ERROR)
    rig.start(WRONG)
    assert rig.spi.IRQ.level
    rig.set(FlexSpi.INTR, ERROR)
    assert not rig.spi.IRQ.level


def test_an_error_on_the_ahb_raises_the_interrupt(rig: Rig) -> None:
    rig.set(FlexSpi.INTEN, AHB_ERROR)
    rig.set(FlexSpi.FLSHCR2, WRONG)
    with pytest.raises(BusError):
        rig.window.read(0x1234)
    assert rig.spi.IRQ.level
    (told,) = rig.bench.diagnostics
    assert (told.rule, told.address) == ("ahb-command-error", 0x1234)


def test_an_error_in_a_later_sequence_is_found_before_the_first_one(rig: Rig) -> None:
    rig.start(ENABLE, count=2)
    rig.bench.clock.advance(LONG)
    assert rig.get(FlexSpi.STS1) == 3 << 24 | WRONG << 16
    assert seen(rig) == []


@pytest.mark.parametrize(("first", "index"), [(PROGRAM, PROGRAM), (9, PROGRAM)])
def test_a_time_out_names_the_sequence(rig: Rig, first: int, index: int) -> None:
    """IPCMDERRCODE Eh; the second of two, whose data do not come."""
    rig.load_lut([*LUT[:36], 0x0406, *LUT[37:]])
    rig.set(FlexSpi.MCR1, 0x0001_FFFF)
    rig.start(first, 0, 8, count=index - first + 1)
    rig.bench.clock.advance(LONG)
    assert rig.get(FlexSpi.INTR) & (TIMEOUT | ERROR | DONE) == TIMEOUT | ERROR | DONE
    assert rig.get(FlexSpi.STS1) == 0xE << 24 | index << 16


def test_seqwait_0_is_no_limit(rig: Rig) -> None:
    rig.set(FlexSpi.MCR1, 0xFFFF)
    rig.start(PROGRAM, 0, 8)
    rig.bench.clock.advance(100_000_000_000)
    assert rig.get(FlexSpi.INTR) & (TIMEOUT | DONE) == 0


def test_a_software_reset_takes_a_command_back_that_waits_for_the_bus(rig: Rig) -> None:
    rig.set(FlexSpi.MCR0, 0xFF01_8010)
    rig.start(PROGRAM, 0, 16)
    rig.set(FlexSpi.IPCMD, 1)
    rig.set(FlexSpi.MCR0, 0xFF01_8011)
    rig.bench.clock.advance(LONG)
    assert rig.get(FlexSpi.INTR) == TXWE
    rig.start(ENABLE)
    assert rig.finish() == 0


# -- chip selects ----------------------------------------------------------------------------------


def test_each_chip_select_has_times_of_its_own(rig: Rig) -> None:
    """FLSHxxCR1: TCSS 21 clocks on A2, 3 on A1."""
    rig.set(FlexSpi.FLSHCR1, 21, 1)
    for address, clocks in ((0x1_0000, 21 + 8), (0, 3 + 8)):
        rig.wait(1_000)
        rig.start(ENABLE, address)
        rig.wait(clocks - 1)
        assert not peeked(rig, FlexSpi.INTR) & DONE
        rig.wait(1)
        assert peeked(rig, FlexSpi.INTR) & DONE
    assert [t.opcode for t in seen(rig, 1)] == [0x06]


def test_a_read_of_the_second_chip_takes_its_own_addresses(rig: Rig) -> None:
    rig.spi.chips[1].array[0x20:0x28] = b"\1\2\3\4\5\6\7\x08"  # type: ignore[attr-defined]
    for size in (4, 8, 4):
        assert rig.receive(READ, 0x1_0020, size) == bytes(range(1, size + 1))
    assert [(t.address, t.read) for t in seen(rig, 1)] == [(0x20, 4), (0x20, 8), (0x20, 4)]
    assert seen(rig) == []


def test_each_chip_is_reset_by_its_own_pointer(rig: Rig) -> None:
    """FLSHxxCR2.CLRINSTRPTR clears its chip select's."""
    rig.spi.pointers = [1, 2, 3, 4]
    for select in range(4):
        rig.set(FlexSpi.FLSHCR2, 1 << 31, select)
        assert rig.spi.pointers[select] == 0
        assert rig.get(FlexSpi.FLSHCR2, select) == 0
        assert all(rig.spi.pointers[select + 1 :])
    rig.spi.pointers = [1, 2, 3, 4]
    rig.set(FlexSpi.FLSHCR2, 0x7FFF_FFFF)
    assert rig.spi.pointers == [1, 2, 3, 4]
    assert rig.get(FlexSpi.FLSHCR2) == 0x7FFF_FFFF


def test_every_chip_select_begins_at_its_first_instruction() -> None:
    """After a reset, so that all four can be read natively."""
    bench = Bench()
    rig = Rig(*(FakeChip(bench, name=name) for name in ("a1", "a2", "b1", "b2")), bench=bench)
    rig.enable(sizes=(64, 64, 64, 64))
    assert [segment.is_native for segment in rig.window.segments] == [True] * 4
    assert rig.spi.pointers == [0, 0, 0, 0]


def test_the_first_command_begins_at_once() -> None:
    """06h takes 3 + 8 clocks."""
    bench = Bench()
    rig = Rig(FakeChip(bench), bench=bench)
    rig.enable()
    rig.start(ENABLE)
    bench.clock.advance(109)
    assert not peeked(rig, FlexSpi.INTR) & DONE
    bench.clock.advance(1)
    assert peeked(rig, FlexSpi.INTR) & DONE


def test_a_command_that_waits_behind_a_read_begins_by_itself(rig: Rig) -> None:
    rig.start(READ, 0x10, 8)
    rig.set(FlexSpi.IPCR1, ENABLE << 16)
    rig.set(FlexSpi.IPCMD, 1)
    rig.bench.clock.advance(LONG)
    assert [t.opcode for t in seen(rig)] == [0xEB, 0x06]
    assert rig.get(FlexSpi.INTR) & (DONE | NO_GRANT) == DONE


def test_what_can_be_said_of_a_controller() -> None:
    """Four chip selects; the first or the second of the SoC; with AHB buffers or without."""
    assert FlexSpi.chips.count == 4
    system = Bench().system
    for instance in (1, 2):
        assert FlexSpi(system, instance=instance).instance == instance
    for ahb in ("coherent", "buffers"):
        assert FlexSpi(system, ahb=ahb).ahb == ahb
    for wrong in ({"instance": 0}, {"instance": 3}, {"ahb": "none"}):
        with pytest.raises(ValueError, match="expected one of"):
            FlexSpi(system, **wrong)


# -- what an engine is told ------------------------------------------------------------------------


def test_what_changes_more_than_registers_says_so(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cycles of a chip, and what changes the window: `Clock.acts`. Registers that only hold what is
    written say nothing; drivers write FLSHxxCR2 before each command, most often in vain."""
    told = []
    monkeypatch.setattr(rig.bench.clock, "acts", lambda later=None: told.append(True))

    def acts(register: Any, value: int, index: int = 0) -> bool:
        told.clear()
        rig.set(register, value, index)
        return bool(told)

    assert not acts(FlexSpi.IPCR0, 0x100)
    assert not acts(FlexSpi.IPCR1, STATUS << 16 | 1)
    assert not acts(FlexSpi.FLSHCR2, 0)
    assert not acts(FlexSpi.FLSHCR2, 1 << 31)
    assert acts(FlexSpi.FLSHCR2, STATUS)
    assert acts(FlexSpi.FLSHCR2, READ)
    rig.spi.pointers[0] = 1
    assert not acts(FlexSpi.FLSHCR2, READ)
    assert acts(FlexSpi.FLSHCR2, READ | 1 << 31)
    assert acts(FlexSpi.IPCMD, 1)
    rig.wait(1_000)
    told.clear()
    rig.set(FlexSpi.INTR, RXWA | DONE)
    assert not told, "a read that is over changes nothing"
    assert acts(FlexSpi.IPCMD, 1)
    rig.set(FlexSpi.MCR0, rig.get(FlexSpi.MCR0) | 1)
    rig.start(READ, 0, 136)
    rig.wait(1_000)
    assert not acts(FlexSpi.INTR, RXWA)
    rig.wait(1_000)
    told.clear()
    assert rig.get(FlexSpi.INTR) & DONE
    assert told, "the window is native again"


def test_a_command_for_a_module_that_is_off_is_told(rig: Rig) -> None:
    rig.set(FlexSpi.MCR0, 0xFFFF_8012)
    rig.set(FlexSpi.IPCMD, 1)
    rig.set(FlexSpi.MCR0, 0xFFFF_8010)
    rig.start(PROGRAM, 0, 8)
    rig.set(FlexSpi.IPCMD, 1)
    told = ["command-while-disabled", "command-while-running"]
    assert [d.rule for d in rig.bench.diagnostics] == told
