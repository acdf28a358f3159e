"""Registers of the i.MX RT that MicroPython seldom touches: IMXRT1060RM, MIMXRT1062.h."""

from __future__ import annotations

from typing import Any

import pytest

from xipsim.peripherals.can.bus import CanBus
from xipsim.peripherals.core import Peripheral, ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.ccm import Ccm
from xipsim.peripherals.imxrt.edma import Edma
from xipsim.peripherals.imxrt.enc import Enc
from xipsim.peripherals.imxrt.flexcan import FlexCan
from xipsim.peripherals.imxrt.gpc import Gpc
from xipsim.peripherals.imxrt.lpspi import Lpspi
from xipsim.peripherals.imxrt.rtwdog import RtWdog
from xipsim.peripherals.imxrt.semc import Semc
from xipsim.peripherals.imxrt.src import Src
from xipsim.peripherals.imxrt.trng import Trng
from xipsim.peripherals.imxrt.usb import Usb
from xipsim.peripherals.spi.device import SpiDevice
from xipsim.peripherals.usb.link import Speed

S = 1_000_000_000


def powered(bench: Bench, model: type[Peripheral], **parameters: Any) -> Any:
    instance = model(bench.system, name="model", **parameters)
    instance.reset(ResetCause.POWER_ON)
    return instance


# -- eDMA: the byte registers, "no operation" and "all channels" -----------------------------------

ERQ, EEI, INT, ERR, CSR = 0x0C, 0x14, 0x24, 0x2C, 0x101C
ALL, NOP = 0x40, 0x80


@pytest.mark.parametrize(
    ("offset", "register", "sets"),
    [(0x18, EEI, False), (0x19, EEI, True), (0x1A, ERQ, False), (0x1B, ERQ, True)],
)
@pytest.mark.parametrize("channel", [0, 1, 17, 31])
def test_one_channel_all_or_none_are_set_or_cleared(
    offset: int, register: int, sets: bool, channel: int
) -> None:
    edma = powered(Bench(), Edma)
    for value, expected in (
        (channel | NOP, 0),
        (channel, 1 << channel),
        (ALL, 0xFFFF_FFFF),
        (ALL | NOP, 0),
    ):
        before = 0 if sets else 0xFFFF_FFFF
        edma.write(register, before)
        edma.write(offset, value, 1)
        assert edma.read(register) == before ^ expected, hex(value)


@pytest.mark.parametrize("channel", [0, 17, 31])
def test_flags_and_errors_are_cleared_by_channel(channel: int) -> None:
    """CERR and CINT; two starts of a descriptor that makes no sense set ERR."""
    edma = powered(Bench(), Edma)
    for number in (channel, 5):
        edma.write(0x1D, number, 1)
        edma.system.clock.advance(1_000_000)
    assert edma.read(ERR) == 1 << channel | 1 << 5
    assert edma.read(0x04) >> 8 & 0x1F == 5 and edma.read(0x04) >> 31
    assert not edma.ERROR.level
    edma.write(0x19, 5, 1)
    assert edma.ERROR.level
    edma.write(0x18, 5, 1)
    assert not edma.ERROR.level
    edma.write(0x19, ALL, 1)
    edma.write(0x1E, 5, 1)
    assert edma.read(ERR) == 1 << channel and edma.ERROR.level
    edma.write(0x1E, channel, 1)
    assert edma.read(ERR) == 0 and not edma.ERROR.level


@pytest.mark.parametrize(("value", "done"), [(3, [3]), (ALL, []), (NOP | 3, [3, 9])])
def test_done_is_cleared_by_channel(value: int, done: list[int]) -> None:
    edma = powered(Bench(), Edma)
    for channel in (3, 9):
        edma.write(CSR + 32 * channel, 1 << 7, 2)
    edma.write(0x1C, value, 1)
    left = [n for n in range(32) if edma.read(CSR + 32 * n, 2) & 1 << 7]
    assert left == ([9] if value == 3 else done)


def test_addresses_by_modulo_and_missing_descriptors_are_told() -> None:
    bench = Bench()
    edma = powered(bench, Edma)
    bench.bus.add(0x2000_0000, 0x100)
    words = (0x2000_0000, 0x1202 << 16 | 4, 4, 0, 0x2000_0080, 1 << 16 | 4, 0x3000_0000, 1 << 16)
    for place, word in enumerate(words):
        edma.write(0x1000 + 4 * place, word)
    edma.write(CSR, 1 << 4, 2)
    edma.write(0x1D, 0, 1)
    bench.clock.advance(1_000_000)
    assert [gap.what for gap in bench.gaps] == ["TCD.ATTR: addresses modulo a power of two"]
    assert edma.read(ERR) == 1 and edma.read(0x04) & 0x3 == 0x2, "SBE: its next descriptor"
    assert "its next descriptor" in bench.diagnostics[0].message


def test_a_channel_starts_by_its_descriptor_too() -> None:
    """CSR.START in the descriptor itself."""
    bench = Bench()
    edma = powered(bench, Edma)
    memory = bench.bus.add(0x2000_0000, 0x100)
    memory[0] = 0x5A
    for place, word in enumerate((0x2000_0000, 0, 1, 0, 0x2000_0080, 1 << 16, 0, 1 << 16)):
        edma.write(0x1000 + 4 * place, word)
    bench.clock.advance(1_000_000)
    assert memory[0x80] == 0
    edma.write(CSR, 1, 2)
    bench.clock.advance(1_000_000)
    assert memory[0x80] == 0x5A and bench.events == []


# -- ENC: index and trigger ------------------------------------------------------------------------


def test_an_index_pulse_loads_the_position_and_a_trigger_holds_it() -> None:
    """CTRL.XIP, CTRL2.UPDHLD, CTRL2.UPDPOS; inputs by place: A, B, index, home, trigger."""
    enc = powered(Bench(), Enc)
    for offset, value in ((0x16, 0x12), (0x18, 0x3456), (0x10, 7), (0x0E, 1), (0x1E, 1)):
        enc.write(offset, value, 2)
    enc.on_level(4, True)
    assert (enc.read(0x12, 2), enc.read(0x14, 2)) == (1, 7), "UPOSH and LPOSH, held"
    enc.on_level(2, True)
    assert enc.read(0x10, 2) == 7 and enc.read(0x00, 2) & 1 << 8, "XIRQ alone"
    enc.on_level(2, False)
    enc.write(0x00, 1 << 6, 2)
    enc.on_level(2, True)
    assert (enc.read(0x0E, 2), enc.read(0x10, 2)) == (0x12, 0x3456)
    enc.write(0x1E, 2, 2)
    enc.on_level(4, False)
    enc.on_level(4, True)
    assert (enc.read(0x0E, 2), enc.read(0x10, 2)) == (0, 0)


# -- FlexCAN: clocks -------------------------------------------------------------------------------


@pytest.mark.parametrize(("select", "hertz"), [(0, 60_000_000), (1, 24_000_000), (2, 80_000_000)])
@pytest.mark.parametrize("podf", [0, 1, 5])
def test_bits_of_a_frame_by_the_root_clock(select: int, hertz: int, podf: int) -> None:
    """CSCMR2.CAN_CLK_SEL and CAN_CLK_PODF; TIMER counts bits: 16 quanta, PRESDIV 1."""
    bench = Bench()
    ccm = powered(bench, Ccm)
    can = powered(bench, FlexCan, ccm=ccm, bus=CanBus(bench.system))
    ccm.write(0x20, podf << 2 | select << 8)
    can.write(0x04, 1 << 24 | 6 << 19 | 4 << 16 | 2)
    can.write(0x00, 63)
    bit = S * (podf + 1) * 2 * 16 / hertz
    bench.clock.advance(round(100.5 * bit))
    assert can.read(0x08) == can.peek(0x08) == 100


@pytest.mark.parametrize("idam", [1, 2])
def test_filters_of_parts_of_identifiers_are_told(idam: int) -> None:
    bench = Bench()
    can = powered(bench, FlexCan, bus=CanBus(bench.system))
    can.write(0x00, 63 | idam << 8 | 1 << 29)
    assert [gap.what for gap in bench.gaps] == ["MCR.IDAM: filters of parts of identifiers"]


def test_a_controller_that_is_reset_leaves_the_bus_in_the_middle_of_its_frame() -> None:
    bench = Bench()
    bus = CanBus(bench.system)
    one, two = (powered(bench, FlexCan, bus=bus) for _ in range(2))
    for can in (one, two):
        can.write(0x00, 63)
    one.write(0x84, 1 << 18)
    one.write(0x80, 0xC << 24)
    assert bus.over_at is not None
    one.reset(ResetCause.SOFTWARE)
    assert bus.over_at is None


# -- LPSPI: what ends a chip select, and frames that are only received -----------------------------


class Selected(SpiDevice):
    """Counts what it is asked."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.system, name="device")
        self.seen: list[int] = []
        self.is_on = False

    def selected(self) -> None:
        self.is_on = True

    def deselected(self) -> None:
        self.is_on = False

    def exchange(self, byte: int) -> int:
        self.seen.append(byte)
        return len(self.seen)


@pytest.mark.parametrize("end", ["disabled", "reset", "software reset"])
def test_a_continuous_transfer_ends_with_the_module(end: str) -> None:
    """TCR.CONT holds the chip select behind the frame."""
    bench = Bench()
    spi = powered(bench, Lpspi)
    spi.devices[0] = device = Selected(bench)
    for offset, value in ((0x24, 1), (0x10, 1), (0x60, 1 << 21 | 7), (0x64, 0x5A)):
        spi.write(offset, value)
    bench.clock.advance(S)
    assert device.is_on and device.seen == [0x5A]
    if end == "reset":
        spi.reset(ResetCause.WATCHDOG)
    else:
        spi.write(0x10, 0 if end == "disabled" else 2)
    assert not device.is_on
    assert spi.read(0x14) & 1 << 24 == 0, "MBF"


def test_frames_that_are_only_received_wait_for_room() -> None:
    """TCR.TXMSK: a frame of 32 words, twice what the FIFO holds."""
    bench = Bench()
    spi = powered(bench, Lpspi)
    spi.devices[0] = device = Selected(bench)
    for offset, value in ((0x24, 1), (0x10, 1), (0x60, 1 << 18 | 1023)):
        spi.write(offset, value)
    bench.clock.advance(S)
    assert spi.read(0x5C) >> 16 == 16 and len(device.seen) == 64
    words = []
    while spi.read(0x5C) >> 16:
        words.append(spi.read(0x74))
        bench.clock.advance(S)
    assert len(words) == 32 and words[0] == 0x0102_0304 and words[-1] == 0x7D7E_7F80
    assert not spi.read(0x60) & 1 << 18, "done"
    assert bench.events == []


# -- what is missing, and small registers ----------------------------------------------------------


@pytest.mark.parametrize(
    ("control", "gap"),
    [
        (1 << 3 | 1 << 5 | 1 << 8, "CS.TST: test modes"),
        (1 << 5 | 1 << 7 | 2 << 8, "CS.CLK: clock sources other than LPO"),
    ],
)
def test_what_the_watchdog_lacks(control: int, gap: str) -> None:
    bench = Bench()
    rtwdog = powered(bench, RtWdog, src=powered(bench, Src))
    rtwdog.write(4, 0xD928_C520)
    rtwdog.write(0, control | 1 << 13)
    assert [g.what for g in bench.gaps] == [gap]


def test_a_word_that_is_no_command_is_told() -> None:
    """Without CMD32EN a command is two halves; a half by itself belongs to no other one."""
    bench = Bench()
    rtwdog = powered(bench, RtWdog, src=powered(bench, Src))
    for half in (0xC520, 0xD928):
        rtwdog.write(4, half)
    rtwdog.write(0, 1 << 5 | 1 << 7 | 1 << 8)
    for half in (0xA602, 0xB480):
        rtwdog.write(4, half)
    assert bench.resets == []
    rtwdog.write(4, 0x1234)
    assert bench.resets == [ResetCause.WATCHDOG]
    assert "0x12340000, which is no command" in bench.notes[-1].message


def test_a_bus_reset_ends_a_suspension_and_frames_come_behind_it() -> None:
    """PORTSC1.SUSP is bit 7; SRI, bit 7 of USBSTS, each ms of a full-speed bus (PFSC, bit 24)."""
    bench = Bench()
    usb = powered(bench, Usb)
    usb.write(0x148, 1 << 7)
    usb.write(0x184, 1 << 24)
    usb.CCS, usb.SUSP = 1, 1
    usb.begin_reset()
    assert usb.read(0x184) & 0x180 == 0x100
    bench.clock.advance(10_000_000)
    assert not usb.read(0x144) & 1 << 7, "none while it lasts"
    assert usb.end_reset() is Speed.FULL
    bench.clock.advance(1_000_000)
    assert usb.read(0x144) & 1 << 7


def test_status_of_the_interrupt_lines_is_told_to_be_missing() -> None:
    for offset in (0x18, 0x1C, 0x20, 0x24, 0x38):
        bench = Bench()
        assert powered(bench, Gpc).read(offset) == 0
        assert [gap.what for gap in bench.gaps] == ["ISR: status of the interrupt lines"]


def test_commands_to_an_sdram_are_known() -> None:
    """fsl_semc.h: Ah to Fh; those below read and write, for which there is memory on the bus."""
    for command in range(0x20):
        bench = Bench()
        semc = powered(bench, Semc)
        semc.write(0x9C, 0xA55A_0000 | command)
        assert bool(bench.gaps) == (command not in range(0xA, 0x10)), hex(command)


def test_an_unknown_command_of_the_memory_controller_is_told_and_is_done() -> None:
    """IPCMD: FFFFh is none; INTR.IPCMDDONE, INTEN; the key is A55Ah."""
    bench = Bench()
    semc = powered(bench, Semc)
    semc.write(0x38, 1)
    semc.write(0x9C, 0xA55A_FFFF)
    assert [gap.what for gap in bench.gaps] == ["IPCMD: command 0xffff"]
    assert semc.IRQ.level and semc.read(0x3C) == 1
    semc.write(0x3C, 1)
    assert not semc.IRQ.level
    semc.write(0x9C, 0xA55B_000F)
    assert semc.read(0x3C) == 0 and [d.rule for d in bench.diagnostics] == ["semc-key"]


def test_entropy_is_told_by_an_interrupt_flag() -> None:
    """INT_STATUS.ENT_VAL is bit 1, as MCTL.ENT_VAL outside of the program mode."""
    trng = powered(Bench(), Trng)
    trng.write(0x00, 0x0001_0000)
    assert trng.read(0xAC) == trng.peek(0xAC) == 0
    trng.write(0x00, 0)
    assert trng.read(0xAC) == trng.peek(0xAC) == 2
