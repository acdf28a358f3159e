"""The Alif's SPI as Alif's driver and MicroPython's port use it (spi.c, machine_spi.c).

Reset values and register meanings: Alif's SVD file.
"""

import pytest

from xipsim.peripherals.alif.spi import Spi
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.spi.eeprom import Eeprom
from xipsim.peripherals.spi.loopback import Loopback

CTRLR0, CTRLR1, ENR, SER, BAUDR, TXFTLR, RXFTLR = 0x00, 0x04, 0x08, 0x10, 0x14, 0x18, 0x1C
TXFLR, RXFLR, SR, IMR, ISR, RISR, TXOICR, RXUICR, ICR, DR = (
    *(0x20, 0x24, 0x28, 0x2C, 0x30, 0x34, 0x38, 0x40, 0x48, 0x60),
)
BUSY, TFNF, TFE, RFNE, RFF = (1 << n for n in range(5))
TXE, TXO, RXU, RXO, RXF = (1 << n for n in range(5))
MASTER = 1 << 31
SEND, RECEIVE, EEPROM = 1 << 10, 2 << 10, 3 << 10
BIT = 1_000
"""ns at 1 MHz: 200 MHz / 200."""


class Port:
    """SPI as machine.SPI sets it up for 1 MHz, with a wire from MOSI to MISO at SS0."""

    def __init__(self, *, ctrlr0: int = 7, loopback: bool = True) -> None:
        self.bench = Bench()
        self.spi = Spi(self.bench.system, name="spi0")
        if loopback:
            self.spi.devices[0] = Loopback(self.bench.system)
        self.set(ctrlr0 | MASTER)
        self.spi.write(BAUDR, 200)
        self.spi.write(ENR, 1)

    def set(self, ctrlr0: int) -> None:
        self.spi.write(ENR, 0)
        self.spi.write(CTRLR0, ctrlr0 | MASTER)
        self.spi.write(ENR, 1)

    def exchange(self, frame: int, bits: int = 8) -> int:
        """machine_spi_transfer()."""
        assert self.spi.read(SR) & TFNF
        self.spi.write(DR, frame)
        assert self.spi.read(SR) & (BUSY | RFNE) == BUSY
        self.bench.clock.advance(bits * BIT - 1)
        assert not self.spi.read(SR) & RFNE
        self.bench.clock.advance(1)
        assert self.spi.read(SR) == TFNF | TFE | RFNE
        return self.spi.read(DR)


def test_reset_values() -> None:
    spi = Spi(Bench().system)
    values = {CTRLR0: 0x8000_4007, SER: 1, SR: 6, IMR: 0x3F}
    for offset in spi.regs:
        assert spi.peek(offset) == values.get(offset, 0), hex(offset)


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_what_is_sent_comes_back(bits: int) -> None:
    port = Port(ctrlr0=bits - 1)
    assert port.exchange(0xA5C3_1278, bits) == 0xA5C3_1278 & (1 << bits) - 1
    assert port.bench.events == []


def test_nobody_drives_an_empty_bus() -> None:
    assert Port(loopback=False).exchange(0x12) == 0xFF


def test_the_low_power_instance_has_another_layout() -> None:
    """lpspi_set_dfs(): the frame size in bits 20:16; lpspi_set_tmod(): the mode in 9:8."""
    bench = Bench()
    spi = Spi(bench.system, lp=True, frequency=160_000_000)
    spi.devices[0] = Loopback(bench.system)
    spi.write(CTRLR0, 15 << 16)
    spi.write(BAUDR, 160)
    spi.write(ENR, 1)
    spi.write(DR, 0xBEEF)
    bench.clock.advance(16 * BIT)
    assert spi.read(DR) == 0xBEEF
    assert bench.events == []


def test_chip_select_stays_for_what_is_in_the_fifo() -> None:
    """25LC256: a cycle of chip select is a command; 06h, then 02h with address and data."""
    port = Port(loopback=False)
    eeprom = Eeprom(port.bench.system, size=32768, page=64)
    port.spi.devices[0] = eeprom
    for command in (b"\x06", b"\x02\x01\x00Alif"):
        for byte in command:
            port.spi.write(DR, byte)
        port.bench.clock.advance(len(command) * 8 * BIT)
        assert not port.spi.read(SR) & BUSY
    port.bench.clock.advance(6_000_000)
    assert eeprom.contents()[0x100:0x104] == b"Alif"


def test_chip_select_of_each_frame() -> None:
    """CTRLR0.SSTE, with SCPH 0: the command of two bytes never arrives as one."""
    port = Port(ctrlr0=7 | 1 << 14, loopback=False)
    seen: list[str] = []

    class Watched(Loopback):
        def selected(self) -> None:
            seen.append("on")

        def deselected(self) -> None:
            seen.append("off")

    port.spi.devices[0] = Watched(port.bench.system)
    port.spi.write(DR, 1)
    port.spi.write(DR, 2)
    port.bench.clock.advance(16 * BIT)
    assert seen == ["on", "off", "on", "off"]


def test_sending_only_keeps_nothing() -> None:
    """spi_send_blocking(): polls TFNF, then BUSY."""
    port = Port(ctrlr0=7 | SEND)
    for byte in range(16):
        port.spi.write(DR, byte)
    # One of them is on the lines.
    assert port.spi.read(TXFLR) == 15
    port.bench.clock.advance(16 * 8 * BIT - 1)
    assert port.spi.read(SR) & BUSY
    port.bench.clock.advance(1)
    assert port.spi.read(SR) == TFNF | TFE and port.spi.read(RXFLR) == 0


def test_receiving_only_repeats_the_frame() -> None:
    """spi_receive_blocking(): NDF + 1 frames after one write."""
    port = Port(ctrlr0=7 | RECEIVE)
    port.spi.write(ENR, 0)
    port.spi.write(CTRLR1, 4)
    port.spi.write(ENR, 1)
    port.spi.write(DR, 0x5A)
    port.bench.clock.advance(5 * 8 * BIT)
    assert port.spi.read(RXFLR) == 5 and not port.spi.read(SR) & BUSY
    assert {port.spi.read(DR) for _ in range(5)} == {0x5A}


def test_an_eeprom_read_keeps_what_follows_the_command() -> None:
    port = Port(ctrlr0=7 | EEPROM, loopback=False)
    eeprom = Eeprom(port.bench.system, size=32768, page=64)
    eeprom.fill(b"\x11\x22\x33" + bytes(32765))
    port.spi.devices[0] = eeprom
    port.spi.write(SER, 0)
    port.spi.write(ENR, 0)
    port.spi.write(CTRLR1, 2)
    port.spi.write(ENR, 1)
    for byte in (3, 0, 0):
        port.spi.write(DR, byte)
    assert not port.spi.read(SR) & BUSY, "nothing starts without a chip select"
    port.spi.write(SER, 1)
    port.bench.clock.advance(6 * 8 * BIT)
    assert [port.spi.read(DR) for _ in range(port.spi.read(RXFLR))] == [0x11, 0x22, 0x33]


def test_interrupts() -> None:
    """spi_irq_handler(): TXE asks for data, RXF says that it is there."""
    port = Port()
    port.spi.write(IMR, TXE | RXF)
    assert port.spi.IRQ.level and port.spi.read(ISR) == TXE
    port.spi.write(DR, 1)
    port.spi.write(DR, 2)
    assert not port.spi.IRQ.level
    port.bench.clock.advance(8 * BIT)
    assert port.spi.read(ISR) == TXE | RXF
    port.spi.read(DR)
    assert port.spi.read(ISR) == TXE


def test_overflow_and_underflow_stay_until_they_are_cleared() -> None:
    port = Port()
    port.spi.read(DR)
    port.spi.write(SER, 0)
    for byte in range(17):
        port.spi.write(DR, byte)
    assert port.spi.read(RISR) & (TXO | RXU) == TXO | RXU
    assert port.spi.read(TXOICR) == 1 and port.spi.read(RXUICR) == 1
    assert not port.spi.read(RISR) & (TXO | RXU)
    assert [d.rule for d in port.bench.diagnostics] == ["spi-overflow"]


def test_what_does_not_fit_the_receive_fifo_is_lost() -> None:
    port = Port()
    for _ in range(17):
        port.spi.write(DR, 1)
        port.bench.clock.advance(8 * BIT)
    assert port.spi.read(SR) & RFF and port.spi.read(RISR) & RXO
    assert port.spi.read(ICR) == 1 and not port.spi.read(RISR) & RXO
    assert [d.rule for d in port.bench.diagnostics] == ["spi-overrun"]


def test_a_transfer_without_a_clock_is_told() -> None:
    port = Port()
    port.spi.write(BAUDR, 0)
    port.spi.write(DR, 1)
    assert [d.rule for d in port.bench.diagnostics] == ["spi-no-clock"]


def test_disabling_empties_the_fifos() -> None:
    port = Port()
    port.spi.write(DR, 1)
    port.spi.write(DR, 2)
    port.spi.write(ENR, 0)
    assert port.spi.read(SR) == TFNF | TFE
    port.spi.write(DR, 3)
    assert [d.rule for d in port.bench.diagnostics] == ["spi-disabled"]


def test_slave_mode_and_other_formats_are_gaps() -> None:
    port = Port()
    port.spi.write(ENR, 0)
    for ctrlr0 in (7, MASTER | 7 | 1 << 6):
        port.spi.write(CTRLR0, ctrlr0)
        port.spi.write(ENR, 1)
    assert [gap.what.split(":")[0] for gap in port.bench.gaps] == [
        "CTRLR0.SPI_IS_MST",
        "CTRLR0.FRF",
    ]
