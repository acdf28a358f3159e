"""The Alif's I2C as Alif's driver and MicroPython's port use it (i2c.c, machine_i2c.c).

Reset values and register meanings: Alif's SVD file. Clock of SCL: DW_apb_i2c, as in the RP2040's
data sheet 4.3.14: high for HCNT + SPKLEN + 7 cycles of IC_CLK, low for LCNT + 1.
"""

import pytest
from soft_i2c import SoftI2c

from xipsim.peripherals.alif.gpio import Gpio
from xipsim.peripherals.alif.i2c import I2c
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.i2c.eeprom import Eeprom
from xipsim.peripherals.i2c.pins import Pins
from xipsim.peripherals.i2c.tmp102 import Tmp102

CON, TAR, SAR, DATA, FS_HCNT, FS_LCNT = 0x00, 0x04, 0x08, 0x10, 0x1C, 0x20
INTR_STAT, INTR_MASK, RAW, RX_TL, TX_TL, CLR_INTR = 0x2C, 0x30, 0x34, 0x38, 0x3C, 0x40
CLR_RD_REQ, CLR_TX_ABRT, CLR_RX_DONE, CLR_STOP_DET, CLR_START_DET = 0x50, 0x54, 0x58, 0x60, 0x64
ENABLE, STATUS, TXFLR, RXFLR, ABRT_SOURCE, EN_STATUS, SPKLEN = (
    *(0x6C, 0x70, 0x74, 0x78, 0x80, 0x9C, 0xA0),
)
RX_UNDER, RX_FULL, TX_OVER, TX_EMPTY, RD_REQ, TX_ABRT, RX_DONE = (
    *(0x01, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80),
)
STOP_DET, START_DET = 0x200, 0x400
ACTIVE, TFNF, TFE, RFNE, MASTER, SLAVE = 0x01, 0x02, 0x04, 0x08, 0x20, 0x40
READ = 0x100
BIT = (79 + 5 + 7 + 160 + 1) * 10
"""ns at 400 kHz, as i2c_set_scl_cnt() sets it from 100 MHz: 790 ns high, 1600 low."""


class Master:
    """I2C as machine.I2C sets it up for 400 kHz."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.i2c = I2c(self.bench.system, name="i2c0")
        self.i2c.write(ENABLE, 0)
        self.i2c.write(CON, 0x41 | 1 << 5 | 1 << 8 | 2 << 1)
        for offset, value in ((TX_TL, 16), (RX_TL, 16), (SPKLEN, 5), (FS_HCNT, 79), (FS_LCNT, 160)):
            self.i2c.write(offset, value)
        self.aim(0x50)

    def aim(self, address: int) -> None:
        """i2c_clear_all_interrupt(), i2c_set_target_addr()."""
        self.i2c.read(CLR_INTR)
        self.i2c.write(ENABLE, 0)
        while self.i2c.read(EN_STATUS) & 1:
            self.bench.clock.advance(BIT)
        self.i2c.write(TAR, address)
        self.i2c.write(ENABLE, 1)
        assert self.i2c.read(EN_STATUS) & 1

    def put(self, *commands: int) -> None:
        for command in commands:
            self.i2c.write(DATA, command)

    def wait(self, ns: int = 1_000_000) -> int:
        self.bench.clock.advance(ns)
        return self.i2c.read(RAW)

    def take(self, count: int) -> bytes:
        return bytes(self.i2c.read(DATA) for _ in range(count))


def test_reset_values() -> None:
    i2c = I2c(Bench().system)
    values = {
        CON: 0x7D, TAR: 0x1055, SAR: 0x55, 0x14: 0x190, 0x18: 0x1D6, FS_HCNT: 0x3C, FS_LCNT: 0x82,
        INTR_MASK: 0x48FF, STATUS: 0x6, 0x7C: 1, 0x94: 0x64, 0x98: 1, SPKLEN: 5,
        0xAC: 0xFFFF_FFFF, 0xB0: 0xFFFF_FFFF, 0xF0: 8, 0xF4: 0x001F_1FEA, 0xF8: 0x3230_322A,
        0xFC: 0x4457_0140,
    }  # fmt: skip
    for offset in i2c.regs:
        assert i2c.peek(offset) == values.get(offset, 0), hex(offset)


def test_nobody_acknowledges_on_an_empty_bus() -> None:
    """TX_ABRT with the ninth bit of the address, the reason, and a STOP."""
    master = Master()
    master.put(0x12, 0x34)
    assert master.i2c.read(STATUS) & (ACTIVE | MASTER) == ACTIVE | MASTER
    assert not master.wait(10 * BIT - 1) & TX_ABRT
    assert master.wait(1) & (TX_ABRT | STOP_DET) == TX_ABRT
    assert master.wait(BIT) & (TX_ABRT | STOP_DET) == TX_ABRT | STOP_DET
    # ABRT_7B_ADDR_NOACK, and two commands that were flushed.
    assert master.i2c.read(ABRT_SOURCE) == 1 | 2 << 23
    assert master.i2c.read(STATUS) == TFNF, "as MicroPython's port needs it to notice"
    master.put(0x56)
    assert master.i2c.read(TXFLR) == 0, "flushed until CLR_TX_ABRT is read"
    assert master.i2c.read(CLR_TX_ABRT) == 1
    assert master.i2c.read(ABRT_SOURCE) == 0 and not master.i2c.read(RAW) & TX_ABRT
    assert master.i2c.read(STATUS) == TFNF | TFE
    master.put(0x56)
    assert master.i2c.read(TXFLR) == 1
    assert master.bench.events == []


def test_an_eeprom_is_written_and_read_with_a_restart() -> None:
    master = Master()
    eeprom = Eeprom(master.bench.system, size=32768, page=64)
    master.i2c.devices[0x50] = eeprom
    master.put(0x01, 0xF0, *b"Alif")
    # Address and six bytes, START and STOP: nothing but a STOP behind an empty FIFO ends it.
    assert not master.wait(64 * BIT + BIT - 1) & STOP_DET
    assert master.wait(1) & STOP_DET
    master.bench.clock.advance(5_000_000)
    assert eeprom.contents()[0x1F0:0x1F4] == b"Alif"
    master.aim(0x50)
    master.put(0x01, 0xF0, *[READ] * 5)
    assert master.i2c.read(RXFLR) == 0
    master.wait()
    assert master.i2c.read(STATUS) & RFNE and master.take(5) == b"Alif\xff"
    assert master.bench.events == []


def test_data_that_is_not_acknowledged() -> None:
    class Picky(Tmp102):
        def write(self, byte: int) -> bool:
            return byte == 1

    master = Master()
    master.i2c.devices[0x50] = Picky(master.bench.system)
    master.put(1, 2, 3)
    assert master.wait() & (TX_ABRT | STOP_DET) == TX_ABRT | STOP_DET
    assert master.i2c.read(ABRT_SOURCE) == 1 << 3 | 1 << 23, "ABRT_TXDATA_NOACK, one flushed"


def test_disabling_ends_with_the_byte_under_way() -> None:
    """i2c_disable() polls IC_EN, which falls with the STOP."""
    master = Master()
    master.i2c.devices[0x50] = Tmp102(master.bench.system)
    master.put(0, 1, 2)
    master.bench.clock.advance(12 * BIT)
    master.i2c.write(ENABLE, 0)
    assert master.i2c.read(EN_STATUS) == 1 and master.i2c.read(TXFLR) == 0
    master.bench.clock.advance(7 * BIT + BIT - 1)
    assert master.i2c.read(EN_STATUS) == 1
    master.bench.clock.advance(1)
    assert master.i2c.read(EN_STATUS) == 0


def test_fifos_tell_where_they_end() -> None:
    master = Master()
    assert master.i2c.read(DATA) == 0 and master.i2c.read(RAW) & RX_UNDER
    master.i2c.write(ENABLE, 1 | 1 << 2)  # TX_CMD_BLOCK
    master.put(*range(32))
    assert not master.i2c.read(STATUS) & TFNF and not master.i2c.read(RAW) & TX_OVER
    master.put(0)
    assert master.i2c.read(RAW) & TX_OVER and master.i2c.read(TXFLR) == 32
    assert [d.rule for d in master.bench.diagnostics] == ["i2c-overflow"]
    assert not master.i2c.read(RAW) & TX_EMPTY
    master.i2c.write(ENABLE, 0)
    assert master.i2c.read(TXFLR) == 0


def test_interrupts_of_the_drivers_receive() -> None:
    """i2c_master_rx_isr(): TX_EMPTY asks for commands, RX_FULL says that bytes are there."""
    master = Master()
    master.i2c.devices[0x50] = Tmp102(master.bench.system)
    master.i2c.write(CON, 0x41 | 1 << 5 | 2 << 1)
    master.i2c.write(TX_TL, 0)
    master.i2c.write(RX_TL, 0)
    master.i2c.write(INTR_MASK, TX_EMPTY | RX_FULL | STOP_DET | TX_ABRT)
    assert master.i2c.IRQ.level and master.i2c.read(INTR_STAT) == TX_EMPTY
    master.put(READ, READ)
    assert not master.i2c.IRQ.level
    master.i2c.write(INTR_MASK, RX_FULL | STOP_DET | TX_ABRT)
    master.wait()
    assert master.i2c.read(INTR_STAT) == RX_FULL | STOP_DET
    master.i2c.read(CLR_INTR)
    assert master.i2c.read(INTR_STAT) == RX_FULL, "a level, not cleared by a read"
    assert master.take(2) == b"\x19\x00"
    assert not master.i2c.IRQ.level


def test_ten_bits_and_dma_are_gaps() -> None:
    master = Master()
    master.i2c.write(TAR, 0x1050)
    master.i2c.write(0x88, 3)
    assert [gap.what.split(":")[0] for gap in master.bench.gaps] == [
        "TAR.TAR_10BIT",
        "DMA_CR.RDMAE",
        "DMA_CR.TDMAE",
    ]


# -- as a target, of a master that moves the pins ------------------------------------------------


class WiredI2c(SoftI2c):
    """At pins 1 (SCL) and 0 (SDA), wired to pins 3 and 2, by their directions."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.i2c = I2c(self.bench.system, name="i2c0")
        self.near = Gpio(self.bench.system, name="gpio1", pulls=0xFF)
        self.far = Gpio(self.bench.system, name="gpio0", pulls=0xFF)
        self.near.join(1, self.far, 3)
        self.near.join(0, self.far, 2)
        pins = Pins(
            self.bench.system,
            controller=self.i2c,
            scl_port=self.far,
            scl_pin=3,
            sda_port=self.far,
            sda_pin=2,
        )
        self.models = (self.i2c, self.near, self.far, pins)
        for model in self.models:
            model.connected()
            model.reset(ResetCause.POWER_ON)

    def put(self, line: int, level: int) -> None:
        directions = self.near.read(4)
        self.near.write(4, directions & ~(1 << line) if level else directions | 1 << line)

    def level(self, line: int) -> int:
        return self.near.read(0x50) >> line & 1


class Target(WiredI2c):
    """I2C as machine.I2CTarget sets it up, with the order of its interrupt handler."""

    def __init__(self, answers: bytes = b"") -> None:
        super().__init__()
        self.events: list[str] = []
        self.received = bytearray()
        self.answers = iter(answers)
        for offset, value in ((ENABLE, 0), (CON, 1 << 9 | 1 << 7), (SAR, 67), (TX_TL, 1)):
            self.i2c.write(offset, value)
        self.i2c.write(INTR_MASK, STOP_DET | RX_DONE | TX_ABRT | RD_REQ | RX_FULL)
        self.i2c.write(ENABLE, 1)

    def serve(self) -> None:
        if not self.i2c.IRQ.level:
            return
        raw = self.i2c.read(RAW)
        if raw & TX_ABRT:
            self.i2c.read(CLR_TX_ABRT)
            self.events.append("TX_ABRT")
        if raw & START_DET:
            self.i2c.read(CLR_START_DET)
            self.events.append("START")
        if raw & RX_FULL:
            self.events.append("RX")
            while self.i2c.read(STATUS) & RFNE:
                self.received.append(self.i2c.read(DATA))
        if raw & (RD_REQ | RX_DONE):
            self.events.append("RD_REQ" if raw & RD_REQ else "RX_DONE")
            self.i2c.read(CLR_RX_DONE)
            self.i2c.read(CLR_RD_REQ)
            self.i2c.write(DATA, next(self.answers, 0xEE))
        if raw & STOP_DET:
            self.i2c.read(CLR_STOP_DET)
            self.events.append("STOP")


def test_a_scan_of_the_target_and_of_another() -> None:
    """machine_i2c_target.c: START_DET STOP_DET for us, START_DET alone for another."""
    target = Target()
    target.start()
    assert target.send(67 << 1), "acknowledged"
    target.stop()
    assert target.events == ["START", "STOP"]
    target.start()
    assert not target.send(66 << 1)
    target.stop()
    assert target.i2c.read(RAW) & (START_DET | STOP_DET) == START_DET


def test_the_target_is_written() -> None:
    """START_DET RX_FULL*n STOP_DET."""
    target = Target()
    target.start()
    for byte in (67 << 1, 0x12, 0x34):
        assert target.send(byte)
    assert target.i2c.read(STATUS) & (ACTIVE | SLAVE) == ACTIVE | SLAVE
    target.stop()
    assert target.received == b"\x12\x34"
    assert target.events == ["START", "RX", "RX", "STOP"]
    assert not target.i2c.read(STATUS) & SLAVE


def test_the_target_is_read_behind_a_write() -> None:
    """START_DET RX_FULL*n START_DET RD_REQ*m RX_DONE STOP_DET; the unused byte ends in TX_ABRT."""
    target = Target(b"\xa5\x3c")
    target.start()
    assert target.send(67 << 1) and target.send(7)
    target.start()
    assert target.send(67 << 1 | 1)
    assert (target.take(last=False), target.take(last=True)) == (0xA5, 0x3C)
    target.stop()
    assert target.events == [
        *("START", "RX", "START", "RD_REQ", "RD_REQ", "RX_DONE", "TX_ABRT", "STOP"),
    ]


def test_the_clock_is_held_until_the_target_has_a_byte() -> None:
    target = Target()
    target.serve = lambda: None  # type: ignore[method-assign]
    target.start()
    assert target.send(67 << 1 | 1)
    target.move(scl=1)
    assert not target.level(1)
    target.i2c.write(DATA, 0x81)
    assert target.level(1) and target.level(0), "the first bit"
    target.move(scl=0)
    assert [target.clock() for _ in range(7)] == [0, 0, 0, 0, 0, 0, 1]


def test_a_reset_lets_go_of_the_lines() -> None:
    target = Target()
    target.serve = lambda: None  # type: ignore[method-assign]
    target.start()
    target.send(67 << 1 | 1)
    for model in target.models:
        model.reset(ResetCause.SOFTWARE)
    assert target.near.read(0x50) == 0xFF


def test_devices_of_the_bus_at_the_pins() -> None:
    """SoftI2C, and scan() of the port's I2C, which moves the pins for writes of no bytes."""
    soft = WiredI2c()
    sensor = Tmp102(soft.bench.system)
    soft.i2c.devices[0x48] = sensor
    soft.start()
    assert not soft.send(0x50 << 1)
    soft.stop()
    soft.start()
    assert soft.send(0x48 << 1) and soft.send(0)
    soft.start()
    assert soft.send(0x48 << 1 | 1)
    assert (soft.take(last=False), soft.take(last=True)) == (0x19, 0x00)
    soft.stop()
    assert soft.bench.events == []


@pytest.mark.parametrize("pin", ["scl_pin", "sda_pin"])
def test_a_bus_at_no_pin(pin: str) -> None:
    bench = Bench()
    port = Gpio(bench.system, name="gpio0")
    with pytest.raises(ValueError, match="expected a pin from 0 to 7, given 8"):
        Pins(
            bench.system,
            controller=I2c(bench.system),
            scl_port=port,
            sda_port=port,
            **{"scl_pin": 0, "sda_pin": 1, pin: 8},
        )
