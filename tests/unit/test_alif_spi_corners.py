"""The Alif's SPI: both layouts of CTRLR0, thresholds, selects, what is lost and what is cleared.

Expected values: Alif's SVD file, spi.h and lpspi.h.
"""

from __future__ import annotations

from typing import Any

import pytest
from test_alif_spi import (
    BAUDR,
    BIT,
    BUSY,
    CTRLR0,
    CTRLR1,
    DR,
    EEPROM,
    ENR,
    ICR,
    IMR,
    ISR,
    MASTER,
    RECEIVE,
    RFF,
    RFNE,
    RISR,
    RXF,
    RXFLR,
    RXFTLR,
    RXU,
    RXUICR,
    SEND,
    SER,
    SR,
    TFE,
    TFNF,
    TXE,
    TXFLR,
    TXFTLR,
    TXO,
    TXOICR,
    Port,
)

from xipsim.peripherals.alif.spi import Spi
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.spi.loopback import Loopback

RXO, RXOICR, MSTICR = 1 << 3, 0x3C, 0x44


class Watched(Loopback):
    """Counts its chip select's edges, and what it is sent."""

    def __init__(self, bench: Bench, **parameters: Any) -> None:
        super().__init__(bench.system, **parameters)
        self.seen: list[object] = []

    def selected(self) -> None:
        self.seen.append("on")

    def deselected(self) -> None:
        self.seen.append("off")

    def exchange(self, byte: int) -> int:
        self.seen.append(byte)
        return byte


def low_power(ctrlr0: int, *, loopback: bool = True) -> Spi:
    """LPSPI: 160 MHz, and CTRLR0 in the layout of lpspi.h."""
    bench = Bench()
    spi = Spi(bench.system, name="lpspi", lp=True, frequency=160_000_000)
    if loopback:
        spi.devices[0] = Watched(bench)
    spi.write(CTRLR0, ctrlr0)
    spi.write(CTRLR1, 2)
    spi.write(BAUDR, 160)
    spi.write(ENR, 1)
    return spi


def run(spi: Spi, *frames: int, bits: int = 1_000) -> list[int]:
    """What is received for them."""
    spi.write(SER, 0)
    for frame in frames:
        spi.write(DR, frame)
    spi.write(SER, 1)
    spi.system.clock.advance(bits * BIT)  # type: ignore[attr-defined]
    return [spi.read(DR) for _ in range(spi.read(RXFLR))]


# -- CTRLR0 ----------------------------------------------------------------------------------------

LAYOUTS = {"SPI": (0, 8, 10, 13, 14, 6), "LPSPI": (16, 6, 8, 11, 24, 4)}
"""Lowest bits of DFS, SCPH, TMOD, SRL, SSTE, FRF."""


def either(name: str, ctrlr0: int) -> tuple[Spi, Watched]:
    if name == "LPSPI":
        spi = low_power(ctrlr0)
    else:
        port = Port(ctrlr0=ctrlr0)
        port.spi.devices[0] = Watched(port.bench)
        port.spi.write(ENR, 0)
        port.spi.write(CTRLR1, 2)
        port.spi.write(ENR, 1)
        spi = port.spi
    device = spi.devices[0]
    assert isinstance(device, Watched)
    return spi, device


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize(
    ("mode", "received", "sent"),
    [
        (0, [1, 2], [1, 2]),
        (1, [], [1, 2]),
        (2, [1, 1, 1, 2, 2, 2], [1, 1, 1, 2, 2, 2]),
        (3, [2, 2, 2], [1, 2, 2, 2, 2]),
    ],
)
def test_the_modes_of_a_transfer(
    name: str, mode: int, received: list[int], sent: list[int]
) -> None:
    """Both ways, sending, receiving NDF + 1 frames for each entry, sending and then receiving."""
    dfs, _, tmod, *_ = LAYOUTS[name]
    spi, device = either(name, 7 << dfs | mode << tmod)
    assert run(spi, 1, 2) == received
    assert [x for x in device.seen if isinstance(x, int)] == sent
    assert device.seen.count("on") == device.seen.count("off") == (2 if mode == 2 else 1)
    assert spi.read(SR) == TFNF | TFE


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_the_size_of_a_frame(name: str, bits: int) -> None:
    dfs = LAYOUTS[name][0]
    spi, _ = either(name, bits - 1 << dfs)
    spi.write(DR, 0xA5C3_1278)
    spi.system.clock.advance(bits * BIT - 1)  # type: ignore[attr-defined]
    assert spi.read(SR) & BUSY
    spi.system.clock.advance(1)  # type: ignore[attr-defined]
    assert spi.read(DR) == 0xA5C3_1278 & (1 << bits) - 1


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize(("sste", "scph", "edges"), [(0, 0, 1), (1, 0, 2), (1, 1, 1), (0, 1, 1)])
def test_chip_select_toggles_with_sste_and_without_scph(
    name: str, sste: int, scph: int, edges: int
) -> None:
    dfs, scph_at, _, _, sste_at, _ = LAYOUTS[name]
    spi, device = either(name, 7 << dfs | sste << sste_at | scph << scph_at)
    run(spi, 1, 2)
    assert device.seen.count("on") == device.seen.count("off") == edges


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_loop_back_is_inside(name: str) -> None:
    dfs, _, _, srl, _, _ = LAYOUTS[name]
    for looped, received in ((1, [0x12, 0x34]), (0, [0xFF, 0xFF])):
        spi, _ = either(name, 7 << dfs | looped << srl)
        spi.devices.clear()
        assert run(spi, 0x12, 0x34) == received


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_other_frame_formats_are_a_gap(name: str, code: int) -> None:
    dfs, *_, frf = LAYOUTS[name]
    spi, _ = either(name, 7 << dfs | code << frf)
    assert bool(spi.reported) == bool(code)


# -- thresholds and flags --------------------------------------------------------------------------


@pytest.mark.parametrize("bit", range(4))
def test_every_bit_of_the_transmit_threshold(bit: int) -> None:
    port = Port()
    spi = port.spi
    spi.write(SER, 0)
    spi.write(IMR, TXE)
    spi.write(TXFTLR, 1 << bit)
    for _ in range(1 << bit):
        spi.write(DR, 0)
    assert (spi.read(RISR), spi.IRQ.level) == (TXE, True)
    spi.write(DR, 0)
    assert (spi.read(RISR), spi.IRQ.level) == (0, False)
    spi.write(TXFTLR, 0xF)
    assert spi.IRQ.level
    spi.write(ENR, 0)
    assert (spi.read(RISR), spi.IRQ.level) == (0, False)


@pytest.mark.parametrize("bit", range(4))
def test_every_bit_of_the_receive_threshold(bit: int) -> None:
    port = Port()
    spi = port.spi
    spi.write(RXFTLR, 1 << bit)
    spi.write(IMR, RXF)
    for number in range(1, (1 << bit) + 2):
        spi.write(DR, number)
        port.bench.clock.advance(8 * BIT)
        assert spi.IRQ.level == (number > 1 << bit)
    assert spi.read(RISR) == TXE | RXF
    assert spi.read(DR) == 1
    assert (spi.read(RISR), spi.IRQ.level) == (TXE, False)
    spi.write(RXFTLR, 0)
    assert spi.IRQ.level


@pytest.mark.parametrize("bit", range(4))
def test_every_bit_of_the_start_level(bit: int) -> None:
    spi = Port().spi
    spi.write(TXFTLR, 1 << 16 + bit)
    for _ in range(1 << bit):
        spi.write(DR, 0)
    assert not spi.read(SR) & BUSY
    spi.write(DR, 0)
    assert spi.read(SR) & BUSY


def test_a_lower_start_level_begins_the_transfer() -> None:
    spi = Port().spi
    spi.write(TXFTLR, 1 << 16)
    spi.write(DR, 0)
    assert not spi.read(SR) & BUSY
    spi.write(TXFTLR, 0)
    assert spi.read(SR) & BUSY


def test_levels_and_flags_from_empty_to_full() -> None:
    port = Port()
    spi = port.spi
    spi.write(SER, 0)
    for count in range(16):
        assert spi.read(TXFLR) == spi.peek(TXFLR) == count
        assert spi.read(SR) == spi.peek(SR) == (TFNF if count else TFNF | TFE)
        spi.write(DR, count)
    assert (spi.read(TXFLR), spi.read(SR)) == (16, 0)
    spi.write(SER, 1)
    for count in range(1, 17):
        port.bench.clock.advance(8 * BIT)
        assert spi.read(RXFLR) == spi.peek(RXFLR) == count
        assert spi.read(SR) & (RFNE | RFF) == (RFNE | RFF if count == 16 else RFNE)
    assert spi.peek(DR) == spi.read(DR) == 0
    assert spi.peek(DR) == spi.read(DR) == 1


@pytest.mark.parametrize("register", [SR, TXFLR, RXFLR, RISR, ISR])
def test_a_poll_asks_for_the_end_of_the_frame(register: int) -> None:
    port = Port()
    port.spi.write(DR, 1)
    port.bench.clock.questions.clear()
    port.spi.peek(register)
    assert port.bench.clock.questions == []
    value = port.spi.read(register)
    assert port.bench.clock.questions == [("spi0", 8 * BIT)]
    assert port.spi.peek(register) == value
    assert frozenset({TXFLR, RXFLR, SR, ISR, RISR}) == Spi.NEUTRAL


# -- what stays until it is cleared ----------------------------------------------------------------


def overflow(port: Port) -> None:
    port.spi.write(SER, 0)
    for byte in range(17):
        port.spi.write(DR, byte)


def underflow(port: Port) -> None:
    assert port.spi.read(DR) == 0


def overrun(port: Port) -> None:
    for _ in range(17):
        port.spi.write(DR, 1)
        port.bench.clock.advance(8 * BIT)


@pytest.mark.parametrize(
    ("happen", "flag", "register"),
    [(overflow, TXO, TXOICR), (underflow, RXU, RXUICR), (overrun, RXO, RXOICR)],
)
def test_each_is_cleared_by_its_register_and_by_icr(happen: Any, flag: int, register: int) -> None:
    others = {TXOICR, RXUICR, RXOICR, MSTICR} - {register}
    for clearing in (register, ICR):
        port = Port()
        spi = port.spi
        spi.write(IMR, flag)
        happen(port)
        assert (spi.read(ISR), spi.IRQ.level) == (flag, True)
        assert {spi.read(other) | spi.peek(other) for other in others} == {0}
        assert spi.read(ISR) == flag, "others clear nothing"
        assert spi.peek(clearing) == spi.read(clearing) == 1
        assert (spi.read(ISR), spi.IRQ.level) == (0, False)
        assert spi.peek(clearing) == spi.read(clearing) == 0


def test_what_is_lost_is_lost() -> None:
    port = Port()
    overflow(port)
    assert [d.rule for d in port.bench.diagnostics] == ["spi-overflow"]
    port.spi.write(SER, 1)
    port.bench.clock.advance(17 * 8 * BIT)
    assert [port.spi.read(DR) for _ in range(port.spi.read(RXFLR))] == list(range(16))


@pytest.mark.parametrize("offset", [TXFLR, RXFLR, SR, ISR, RISR, TXOICR, RXOICR, RXUICR, MSTICR,
                                    ICR, DR, 0xEC])  # fmt: skip
def test_a_store_to_what_can_only_be_read_changes_nothing(offset: int) -> None:
    """DR takes nothing while ENR is 0."""
    spi = Port().spi
    spi.write(ENR, 0)
    before = spi.save()
    spi.write(offset, 0xFFFF_FFFF)
    assert spi.save() == before


# -- selects, ends ---------------------------------------------------------------------------------


@pytest.mark.parametrize("selects", range(16))
def test_each_select_has_its_device(selects: int) -> None:
    port = Port(loopback=False)
    devices = [Watched(port.bench, name=f"device{n}") for n in range(4)]
    port.spi.devices.update(enumerate(devices))
    port.spi.write(SER, 0xFFF0 | selects)
    assert port.spi.read(SER) == selects
    port.spi.write(DR, 0x5A)
    port.bench.clock.advance(8 * BIT)
    cycle = ["on", 0x5A, "off"]
    assert [d.seen for d in devices] == [cycle if selects >> n & 1 else [] for n in range(4)]
    assert Spi.devices.count == 4


def test_a_reset_lets_go_of_the_device() -> None:
    port = Port(loopback=False)
    device = port.spi.devices[0] = Watched(port.bench)
    port.spi.write(DR, 1)
    port.spi.reset(ResetCause.SOFTWARE)
    assert device.seen == ["on", "off"]
    port.bench.clock.advance(1_000 * BIT)
    assert device.seen == ["on", "off"]


def test_disabling_ends_a_frame_and_a_receive() -> None:
    port = Port(ctrlr0=7 | RECEIVE, loopback=False)
    device = port.spi.devices[0] = Watched(port.bench)
    port.spi.write(ENR, 0)
    port.spi.write(CTRLR1, 9)
    port.spi.write(ENR, 1)
    port.spi.write(DR, 1)
    port.bench.clock.advance(12 * BIT)
    port.spi.write(ENR, 0)
    assert device.seen == ["on", 1, "off"]
    port.spi.write(CTRLR0, MASTER | SEND | 7)
    port.spi.write(ENR, 1)
    port.spi.write(DR, 2)
    port.bench.clock.advance(1_000 * BIT)
    assert device.seen == ["on", 1, "off", "on", 2, "off"]
    assert port.spi.read(RXFLR) == 0


def test_a_transfer_without_a_clock_never_ends() -> None:
    port = Port()
    port.spi.write(BAUDR, 0)
    port.spi.write(DR, 1)
    port.bench.clock.advance(1_000_000)
    assert port.spi.read(SR) & BUSY
    assert port.bench.clock.questions[-1] == ("spi0", None)


def test_an_eeprom_read_waits_for_all_of_the_command() -> None:
    """Frames are kept from behind the last control frame on."""
    port = Port(ctrlr0=7 | EEPROM)
    port.spi.write(ENR, 0)
    port.spi.write(CTRLR1, 1)
    port.spi.write(ENR, 1)
    assert run(port.spi, 3, 4, 5) == [5, 5]
    assert run(port.spi, 6) == [6, 6]
