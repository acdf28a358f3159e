"""FlexSPI: registers, LUT lock, IP commands, FIFOs, errors. Facts: imxrt.md section 3."""

from __future__ import annotations

import pytest
from flexspi_fakes import ERASE_TIME, MIMXRT_LUT, FakeChip, Rig

from xipsim.peripherals.core import BusError, ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.flexspi import FlexSpi

RESETS = {
    0x00: 0xFFFF80C2, 0x04: 0xFFFFFFFF, 0x08: 0x200081F7, 0x0C: 0x18, 0x10: 0, 0x14: 0x40,
    0x18: 0x5AF05AF0, 0x1C: 2, 0x20: 0x80000020, 0x24: 0x80010020, 0x28: 0x80020020,
    0x2C: 0x80030020, 0x60: 0x10000, 0x6C: 0x10000, 0x70: 0x63, 0x7C: 0x63, 0x80: 0, 0x94: 0,
    0xA0: 0, 0xA4: 0, 0xB0: 0, 0xB8: 0, 0xBC: 0, 0xC0: 0x100, 0xC4: 0x100, 0xE0: 3, 0xE4: 0,
    0xE8: 0x01000100, 0xEC: 0, 0xF0: 0, 0xF4: 0, 0x100: 0, 0x17C: 0, 0x180: 0, 0x1FC: 0,
    0x200: 0, 0x2FC: 0,
}  # fmt: skip

@pytest.fixture
def chip_and_rig():
    bench = Bench()
    chip = FakeChip(bench)
    rig = Rig(chip, bench=bench)
    rig.enable()
    return chip, rig


@pytest.mark.parametrize("offset", RESETS)
def test_reset_values(offset):
    rig = Rig()
    assert rig.spi.read(offset) == RESETS[offset]
    assert rig.bench.events == []


def test_read_status_as_the_driver_does(chip_and_rig):
    chip, rig = chip_and_rig
    assert rig.receive(1, 0, 1) == b"\0"
    assert (chip.seen[-1].opcode, chip.seen[-1].read) == (0x05, 1)


def test_erase_as_the_driver_does(chip_and_rig):
    chip, rig = chip_and_rig
    chip.array[0x1000:0x3000] = bytes(0x2000)
    assert rig.command(3) == 0
    assert rig.command(5, 0x1000) == 0
    assert rig.receive(1, 0, 1) == b"\x01"
    rig.bench.clock.advance(ERASE_TIME)
    assert rig.receive(1, 0, 1) == b"\0"
    assert chip.array[0x1000:0x2000] == b"\xff" * 0x1000
    assert chip.array[0x2000:0x3000] == bytes(0x1000)


@pytest.mark.parametrize("length", [1, 5, 8, 127, 128, 129, 256])
def test_page_program_drains_the_fifo_into_the_command(chip_and_rig, length):
    chip, rig = chip_and_rig
    data = bytes(range(length % 256)) or bytes(range(256))
    rig.command(3)
    assert rig.send(10, 0x100, data) == 0
    assert chip.seen[-1].write == data
    assert chip.array[0x100 : 0x100 + len(data)] == data


@pytest.mark.parametrize("watermark", [0, 3, 15])
@pytest.mark.parametrize("length", [1, 8, 100, 300])
def test_reads_at_every_watermark(chip_and_rig, watermark, length):
    chip, rig = chip_and_rig
    chip.array[:512] = bytes(range(256)) * 2
    rig.set(FlexSpi.IPRXFCR, watermark << 2)
    assert rig.receive(0, 3, length) == bytes(chip.array[3 : 3 + length])


def test_poll_of_a_busy_chip_is_a_question(chip_and_rig):
    chip, rig = chip_and_rig
    rig.receive(1, 0, 1)
    assert rig.bench.clock.questions == []
    rig.command(3)
    rig.command(5, 0)
    rig.receive(1, 0, 1)
    assert rig.bench.clock.questions == [(("status", "nor"), chip.busy_until)]


def test_registers_of_a_transfer_are_neutral():
    """imxrt.md 3.9 lists what one blocking transfer touches."""
    touched = {0x80, 0x14, 0xA0, 0xBC, 0xB8, 0xA4, 0xB0, 0xF0, 0x100, 0x17C, 0x180, 0x1FC}
    assert touched <= FlexSpi.NEUTRAL
    assert 0x00 not in FlexSpi.NEUTRAL


def test_several_sequences_in_one_command():
    bench = Bench()
    chip = FakeChip(bench)
    rig = Rig(chip, bench=bench)
    lut = list(MIMXRT_LUT)
    lut[24], lut[28] = 0x0406, 0x08180420
    rig.enable(*lut)
    assert rig.command(6, 0x2000, count=2) == 0
    assert [(t.opcode, t.address) for t in chip.seen] == [(0x06, None), (0x20, 0x2000)]


def test_size_zero_takes_the_operand(chip_and_rig):
    chip, rig = chip_and_rig
    rig.start(1)
    rig.wait(100)
    assert chip.seen[-1].read == 1
    assert rig.get(FlexSpi.IPRXFSTS) & 0xFF == 1


# -- FIFOs -----------------------------------------------------------------------------------------


def test_rfdr_reads_do_not_consume_and_the_acknowledge_pops(chip_and_rig):
    chip, rig = chip_and_rig
    chip.array[:24] = bytes(range(24))
    rig.start(0, 0, 20)
    rig.wait(100)
    assert rig.get(FlexSpi.RFDR, 1) == rig.get(FlexSpi.RFDR, 1) == 0x07060504
    assert rig.get(FlexSpi.IPRXFSTS) & 0xFF == 3, "20 bytes are two entries and a part of one"
    rig.set(FlexSpi.INTR, 0x20)
    assert rig.get(FlexSpi.RFDR) == 0x0B0A0908
    assert rig.get(FlexSpi.IPRXFSTS) == 1 << 16 | 2
    assert rig.get(FlexSpi.INTR) & 0x20, "IPRXWA is a level: more data are there"
    rig.set(FlexSpi.INTR, 0x20)
    assert rig.get(FlexSpi.RFDR, 1) == 0, "the last entry is padded with zeros"
    rig.set(FlexSpi.INTR, 0x20)
    assert not rig.get(FlexSpi.INTR) & 0x20


def test_a_long_read_pauses_at_128_bytes(chip_and_rig):
    _, rig = chip_and_rig
    rig.start(0, 0, 136)
    rig.wait(400)
    assert rig.get(FlexSpi.INTR) & 0x101 == 0x100, "SCKSTOPBYRD, and not done"
    assert rig.get(FlexSpi.IPRXFSTS) & 0xFF == 16
    assert rig.get(FlexSpi.STS0) == 2 << 2
    rig.set(FlexSpi.INTR, 0x20)
    assert rig.get(FlexSpi.INTR) & 1 == 0
    rig.wait(16)
    assert rig.get(FlexSpi.INTR) & 1
    assert rig.get(FlexSpi.STS0) == 3


def test_tfdr_is_only_staged_until_pushed(chip_and_rig):
    _, rig = chip_and_rig
    rig.set(FlexSpi.TFDR, 0x11223344)
    assert rig.get(FlexSpi.IPTXFSTS) == 0
    rig.set(FlexSpi.INTR, 0x40)
    assert rig.get(FlexSpi.IPTXFSTS) == 1 << 16 | 1
    assert rig.get(FlexSpi.TFDR) == 0


def test_transmit_fifo_holds_128_bytes_while_nothing_runs(chip_and_rig):
    _, rig = chip_and_rig
    for _ in range(16):
        assert rig.get(FlexSpi.INTR) & 0x40
        rig.set(FlexSpi.INTR, 0x40)
    assert not rig.get(FlexSpi.INTR) & 0x40
    rig.set(FlexSpi.INTR, 0x40)
    assert [d.rule for d in rig.bench.diagnostics] == ["tx-fifo-overflow"]
    rig.set(FlexSpi.IPTXFCR, 1)
    assert rig.get(FlexSpi.INTR) & 0x40
    assert rig.get(FlexSpi.IPTXFCR) == rig.get(FlexSpi.IPTXFSTS) == 0


def test_rest_of_an_entry_behind_the_last_byte_is_lost(chip_and_rig):
    chip, rig = chip_and_rig
    rig.set(FlexSpi.IPCR1, 4 | 10 << 16)
    for word in (0x04030201, 0x14131211):
        rig.set(FlexSpi.IPCMD, 1)
        rig.set(FlexSpi.TFDR, word)
        rig.set(FlexSpi.TFDR, 0xEEEEEEEE, 1)
        rig.set(FlexSpi.INTR, 0x40)
        rig.finish()
        assert chip.seen[-1].write == word.to_bytes(4, "little")


def test_fifos_on_the_ahb_need_the_enable_bits(chip_and_rig):
    chip, rig = chip_and_rig
    chip.array[:4] = b"\x78\x56\x34\x12"
    rig.start(0, 0, 4)
    rig.finish()
    with pytest.raises(BusError):
        rig.rx.read(0)
    with pytest.raises(BusError):
        rig.tx.write(0, 1)
    rig.set(FlexSpi.MCR0, 0xFFFF_80D0)
    assert rig.get(FlexSpi.RFDR) == 0
    assert rig.rx.read(0) == 0x12345678
    assert rig.rx.read(1, 1) == 0x56
    rig.set(FlexSpi.TFDR, 0xAAAA_AAAA)
    rig.tx.write(0, 0x04030201)
    rig.set(FlexSpi.INTR, 0x40)
    rig.command(3)
    rig.set(FlexSpi.INTR, 0x40)
    rig.set(FlexSpi.IPCR1, 4 | 10 << 16)
    rig.set(FlexSpi.IPCMD, 1)
    rig.finish()
    assert chip.seen[-1].write == b"\1\2\3\4"


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "address", "size", "code"),
    [
        (0x7C00_0406, 0, 0, 0x2),
        (0x3800_0406, 0, 0, 0x3),
        (0x3006_84A0, 0, 0, 0x4),
        (0xB006_0403, 0, 0, 0x5),
        (0x0000_0406, 0x10000, 0, 0x6),
        (0x0818_0403, 0xFFFF, 2, 0xF),
    ],
)
def test_ip_command_errors(word, address, size, code):
    bench = Bench()
    chip = FakeChip(bench)
    rig = Rig(chip, bench=bench)
    rig.enable(*[0] * 4 * 7, word)
    rig.start(7, address, size)
    assert rig.get(FlexSpi.INTR) & 0x9 == 0x9, "IPCMDERR and IPCMDDONE"
    assert rig.get(FlexSpi.STS1) == code << 24 | 7 << 16
    assert chip.seen == [], "the command is not executed"
    assert [d.rule for d in bench.diagnostics] == ["ip-command-error"]
    rig.set(FlexSpi.INTR, 0x8)
    assert rig.get(FlexSpi.STS1) == 0


def test_write_that_gets_no_data_times_out(chip_and_rig):
    chip, rig = chip_and_rig
    rig.command(3)
    rig.set(FlexSpi.MCR1, 0x0010_FFFF)
    rig.start(10, 0, 16)
    rig.set(FlexSpi.TFDR, 0x44434241)
    rig.set(FlexSpi.INTR, 0x40)
    rig.wait(100)
    assert rig.get(FlexSpi.INTR) & 0x201 == 0x200, "SCKSTOPBYWR, and not done"
    rig.wait(0x10 * 1024 - 101)
    assert rig.spi.peek(FlexSpi.INTR.offset) & 0x808 == 0, "a clock before SEQWAIT is over"
    rig.wait(1)
    assert rig.finish() == 0x808, "SEQTIMEOUT and IPCMDERR"
    assert rig.get(FlexSpi.STS0) == 3
    assert chip.seen[-1].write == b"ABCD\0\0\0\0", "the chip has seen what was sent"


def test_command_that_ended_does_not_time_out(chip_and_rig):
    _, rig = chip_and_rig
    rig.set(FlexSpi.MCR1, 0x0010_FFFF)
    assert rig.send(10, 0, bytes(16)) == 0
    rig.bench.clock.advance(1_000_000_000)
    assert rig.get(FlexSpi.INTR) & 0x808 == 0


def test_read_that_nobody_fetches_times_out(chip_and_rig):
    _, rig = chip_and_rig
    rig.start(0, 0, 256)
    rig.wait(0xFFFF * 1024)
    assert rig.finish() == 0x808
    for _ in range(16):
        rig.set(FlexSpi.INTR, 0x20)
    assert rig.get(FlexSpi.IPRXFSTS) & 0xFF == 0, "what was not yet in the FIFO never comes"


def test_command_during_a_command_gets_no_grant(chip_and_rig):
    """MCR0.IPGRANTWAIT, here 1: 1,024 AHB clocks, which are 600 MHz."""
    chip, rig = chip_and_rig
    rig.set(FlexSpi.MCR0, 0xFF01_8010)
    rig.start(10, 0, 16)
    rig.set(FlexSpi.IPCMD, 1)
    rig.bench.clock.advance(1_706)
    assert rig.get(FlexSpi.INTR) & 3 == 0
    rig.bench.clock.advance(1)
    assert rig.get(FlexSpi.INTR) & 3 == 3, "IPCMDGE and IPCMDDONE"
    assert chip.seen == []
    assert [d.rule for d in rig.bench.diagnostics] == ["command-while-running"]


def test_a_command_that_waits_for_the_bus_gets_it_in_time(chip_and_rig):
    chip, rig = chip_and_rig
    rig.start(3)
    rig.start(5, 0x1000)
    rig.wait(200)
    assert [t.opcode for t in chip.seen] == [0x06, 0x20]
    assert rig.get(FlexSpi.INTR) & 3 == 1


def test_software_reset_ends_the_command_and_keeps_the_configuration(chip_and_rig):
    chip, rig = chip_and_rig
    rig.start(10, 0x40, 16)
    lut = [rig.get(FlexSpi.LUT, i) for i in range(64)]
    rig.set(FlexSpi.IPRXFCR, 0xC)
    rig.set(FlexSpi.MCR0, 0xFFFF_8011)
    assert rig.get(FlexSpi.MCR0) == 0xFFFF_8010
    assert rig.get(FlexSpi.STS0) == 3
    assert rig.get(FlexSpi.INTR) == 0x40
    assert (rig.get(FlexSpi.FLSHCR0), rig.get(FlexSpi.IPRXFCR)) == (64, 0xC)
    assert [rig.get(FlexSpi.LUT, i) for i in range(64)] == lut
    assert (chip.seen[-1].opcode, chip.seen[-1].write) == (0x32, b""), "chip select was low"


def test_disabled_module_runs_nothing(chip_and_rig):
    chip, rig = chip_and_rig
    rig.set(FlexSpi.MCR0, 0xFFFF_8012)
    rig.start(1, 0, 1)
    assert chip.seen == []
    assert not rig.get(FlexSpi.INTR) & 1
    assert rig.get(FlexSpi.IPCMD) == 0


# -- the rest --------------------------------------------------------------------------------------


def test_lut_lock():
    rig = Rig()
    rig.set(FlexSpi.LUT, 1)
    rig.set(FlexSpi.LUTCR, 1)
    assert rig.get(FlexSpi.LUTCR) == 2, "without the key nothing is locked"
    rig.load_lut([2])
    assert rig.get(FlexSpi.LUTCR) == 1
    rig.set(FlexSpi.LUT, 3)
    assert rig.get(FlexSpi.LUT) == 2
    assert [d.rule for d in rig.bench.diagnostics] == ["lut-locked"]
    rig.set(FlexSpi.LUTKEY, 0x12345678)
    rig.set(FlexSpi.LUTCR, 2)
    assert rig.get(FlexSpi.LUTCR) == 1, "a wrong key unlocks nothing"
    assert rig.get(FlexSpi.LUTKEY) == 0x5AF05AF0


def test_an_ip_command_runs_the_lut_as_it_is_now(chip_and_rig):
    """The same command again: behind a word that was rewritten, a snapshot, a reset."""
    chip, rig = chip_and_rig

    def is_empty():
        rig.bench.diagnostics.clear()
        rig.start(1, 0, 1)
        rig.finish()
        return [d.rule for d in rig.bench.diagnostics] == ["lut-empty", "lut-no-data"]

    saved = rig.spi.save()
    assert not is_empty()
    rig.load_lut([*MIMXRT_LUT[:4], 0, *MIMXRT_LUT[5:]])
    assert is_empty()
    rig.spi.load(saved)
    assert not is_empty()
    assert [t.opcode for t in chip.seen] == [0x05, 0x05]
    rig.spi.reset(ResetCause.POWER_ON)
    rig.set(FlexSpi.MCR0, 0xFFFF_8010)
    assert is_empty()


def test_interrupt_follows_enabled_flags(chip_and_rig):
    _, rig = chip_and_rig
    rig.set(FlexSpi.INTEN, 0x20)
    rig.start(1, 0, 1)
    rig.wait(100)
    assert rig.spi.IRQ.level
    rig.set(FlexSpi.INTR, 0x20)
    assert not rig.spi.IRQ.level
    rig.set(FlexSpi.INTEN, 0x40)
    assert rig.spi.IRQ.level, "the transmit FIFO has room"
    rig.spi.reset(ResetCause.SOFTWARE)
    assert not rig.spi.IRQ.level


def test_chip_selects_lie_behind_each_other():
    bench = Bench()
    chips = [FakeChip(bench, name=name) for name in ("a1", "a2", "b1", "b2")]
    rig = Rig(*chips, bench=bench)
    rig.enable(sizes=(64, 32, 16, 8))
    for address, select, inside in ((0, 0, 0), (0xFFFF, 0, 0xFFFF), (0x10000, 1, 0),
                                    (0x18010, 2, 0x10), (0x1C000, 3, 0)):
        rig.receive(0, address, 1)
        assert chips[select].seen[-1].address == inside
    assert rig.command(3, 0x1E000) == 0x8, "beyond the last one"


def test_same_device_setting_takes_a1_for_all():
    bench = Bench()
    rig = Rig(None, FakeChip(bench), bench=bench)
    rig.enable(sizes=(32, 0, 0, 0))
    assert rig.command(3, 0x8000) == 0x8
    rig.set(FlexSpi.MCR2, 0x2000_81F7)
    assert rig.command(3, 0x8000) == 0
    assert rig.spi.chips[1].seen[-1].opcode == 0x06


def test_no_chip_reads_ff():
    rig = Rig()
    rig.enable()
    assert rig.receive(1, 0, 4) == b"\xff" * 4


def test_dll_locks_when_enabled():
    rig = Rig()
    rig.set(FlexSpi.DLLCR, 0x79)
    assert rig.get(FlexSpi.STS2) & 0x30003 == 3
    rig.set(FlexSpi.DLLCR, 0x79, 1)
    assert rig.get(FlexSpi.STS2) & 0x30003 == 0x30003


def test_ddr_is_reported_as_a_gap(chip_and_rig):
    _, rig = chip_and_rig
    rig.enable(0x8B1887A0, 0xA7048F10)
    rig.start(0, 0, 4)
    assert [g.what for g in rig.bench.gaps] == ["LUT: DDR instructions", "LUT: 8 pads"]


def test_state_in_the_middle_of_a_command_can_be_saved(chip_and_rig):
    chip, rig = chip_and_rig
    rig.command(3)
    rig.start(10, 0, 16)
    rig.set(FlexSpi.TFDR, 0x44434241)
    rig.set(FlexSpi.INTR, 0x40)
    saved = rig.spi.save()
    rig.set(FlexSpi.INTR, 0x40)
    rig.finish()
    first = chip.seen[-1]
    rig.set(FlexSpi.MCR0, 0xFFFF_8013)
    rig.spi.load(saved)
    assert rig.spi.save() == saved
    rig.set(FlexSpi.INTR, 0x40)
    rig.finish()
    assert chip.seen[-1] == first


def test_looking_from_outside_shows_levels_and_contents_and_takes_nothing(chip_and_rig):
    chip, rig = chip_and_rig
    chip.array[0:16] = bytes(range(16))
    rig.start(0, 0, 16)
    rig.wait(100)
    looks = [
        rig.spi.peek(register.offset) for register in (FlexSpi.STS0, FlexSpi.IPRXFSTS, FlexSpi.RFDR)
    ]
    assert looks == [3, 2, 0x03020100]
    assert rig.receive(0, 0, 16) == bytes(range(16))


def ins(op: int, operand: int = 0, pads: int = 0) -> int:
    """One LUT instruction: opcode, log2 of the pads, operand (imxrt.md 3.8)."""
    return op << 10 | pads << 8 | operand


CMD, RADDR, READ, JMP_ON_CS, DUMMY = 0x01, 0x02, 0x09, 0x1F, 0x0C


def test_an_ahb_read_of_several_sequences(chip_and_rig):
    """FLSHxxCR2.ARDSEQNUM: the second begins at its first instruction, wherever the first did."""
    chip, rig = chip_and_rig
    chip.array[0x40:0x44] = b"\1\2\3\4"
    words = list(MIMXRT_LUT)
    words[48:50] = [ins(CMD, 0x06) | ins(DUMMY, 8) << 16, ins(JMP_ON_CS, 1)]
    words[52:54] = [ins(CMD, 0x03) | ins(RADDR, 24) << 16, ins(READ, 4)]
    rig.load_lut(words)
    rig.set(FlexSpi.FLSHCR2, 12 | 1 << 5)
    chip.seen.clear()
    for opcode in (0x06, None):
        assert rig.window.read(0x40) == 0x04030201
        assert [t.opcode for t in chip.seen] == [opcode, 0x03]
        chip.seen.clear()


def test_a_disabled_module_reads_nothing_and_runs_nothing(chip_and_rig):
    chip, rig = chip_and_rig
    rig.set(FlexSpi.MCR0, 0xFFFF_8012)
    with pytest.raises(BusError, match="MDIS"):
        rig.window.read(0)
    rig.set(FlexSpi.IPCMD, 1)
    assert [d.rule for d in rig.bench.diagnostics] == ["command-while-disabled"]
    assert chip.seen == []
    assert not rig.get(FlexSpi.INTR) & 1


@pytest.mark.parametrize(
    ("writes", "locked"),
    [
        ([(FlexSpi.LUTKEY, 0x5AF0_5AF0), (FlexSpi.LUTCR, 2)], False),
        ([(FlexSpi.LUTCR, 2)], True),
        ([(FlexSpi.LUTKEY, 0x5AF0_5AF1), (FlexSpi.LUTCR, 2)], True),
        ([(FlexSpi.LUTKEY, 0x5AF0_5AF0), (FlexSpi.LUTCR, 0), (FlexSpi.LUTCR, 2)], True),
        ([(FlexSpi.LUTKEY, 0x5AF0_5AF0), (FlexSpi.LUTCR, 1), (FlexSpi.LUTCR, 2)], True),
    ],
)
def test_the_key_is_good_for_the_next_write_of_lutcr(chip_and_rig, writes, locked):
    _, rig = chip_and_rig
    assert rig.get(FlexSpi.LUTCR) == 1
    for register, value in writes:
        rig.set(register, value)
    rig.set(FlexSpi.LUT, 0x1234, 60)
    assert (rig.get(FlexSpi.LUT, 60) == 0x1234) is not locked
    assert (rig.get(FlexSpi.LUTCR) == 1) is locked


def test_rdcntr_counts_entries_of_64_bits_until_the_fifo_is_cleared(chip_and_rig):
    _, rig = chip_and_rig
    rig.set(FlexSpi.IPRXFCR, 1 << 2)  # watermark: 16 bytes
    rig.start(0, 0, 40)
    rig.wait(200)
    for popped in (2, 4, 5):
        rig.set(FlexSpi.INTR, 0x20)
        assert rig.get(FlexSpi.IPRXFSTS) >> 16 == popped
    rig.set(FlexSpi.IPRXFCR, 1)
    assert rig.get(FlexSpi.IPRXFSTS) == 0


def test_a_software_reset_takes_the_pointers_of_jmp_on_cs_back(chip_and_rig):
    chip, rig = chip_and_rig
    rig.load_lut([0x0A1804EB, 0x3204_1EA0, 0x7C01_2604])
    rig.window.read(0)
    chip.seen.clear()
    rig.window.read(0)
    assert chip.seen[-1].opcode is None, "it goes on behind the opcode"
    rig.set(FlexSpi.MCR0, 0xFFFF_8011)
    rig.window.read(0)
    assert chip.seen[-1].opcode == 0xEB
