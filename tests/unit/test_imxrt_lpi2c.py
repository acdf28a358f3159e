"""LPI2C as NXP's driver uses it (fsl_lpi2c.c, master), and the devices on its bus.

Reset values: imxrt-ral. Times: the driver's own formula for the clock of SCL.
"""

from pathlib import Path

import pytest

from xipsim.engines.usermodels import load_models
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.i2c.eeprom import Eeprom
from xipsim.peripherals.i2c.tmp102 import Tmp102
from xipsim.peripherals.imxrt.ccm import Ccm
from xipsim.peripherals.imxrt.lpi2c import Lpi2c

MCR, MSR, MIER, MCFGR1, MCCR0, MFSR, MTDR, MRDR = 0x10, 0x14, 0x18, 0x24, 0x48, 0x5C, 0x60, 0x70
TDF, RDF, EPF, SDF, NDF, FEF = (1 << n for n in (0, 1, 8, 9, 10, 12))
MBF, BBF = 1 << 24, 1 << 25
SEND, RECEIVE, STOP, START = 0x000, 0x100, 0x200, 0x400
RXEMPTY = 1 << 14
BIT = 10_000
"""ns at 100 kHz."""
HOLD = 37 * 8 * 1000 // 60
"""ns of SETHOLD, as the driver computes it for 100 kHz from 60 MHz."""


class Master:
    """LPI2C with the settings of LPI2C_MasterInit() for 100 kHz, and what drives it."""

    def __init__(self, *, ccm: bool = False) -> None:
        self.bench = Bench()
        given = {"ccm": Ccm(self.bench.system)} if ccm else {}
        self.i2c = Lpi2c(self.bench.system, name="lpi2c1", **given)
        for value in (2, 0):
            self.i2c.write(MCR, value)
        # PRESCALE 3, CLKLO 38, CLKHI 35, SETHOLD 36, DATAVD 17: 60 MHz / 8 / 75.
        self.i2c.write(MCFGR1, 3)
        self.i2c.write(MCCR0, 38 | 35 << 8 | 36 << 16 | 17 << 24)
        self.i2c.write(MCR, 1)

    def put(self, *commands: int) -> None:
        for command in commands:
            self.i2c.write(MTDR, command)

    def wait(self, ns: int = 1_000_000) -> int:
        """MSR after a while, with its errors and ends cleared."""
        self.bench.clock.advance(ns)
        status = self.i2c.read(MSR)
        self.i2c.write(MSR, status & 0x7F00)
        return status

    def write(self, address: int, data: bytes) -> bool:
        """A whole write; whether all of it was acknowledged."""
        self.put(START | address << 1)
        for byte in data:
            if self.wait() & NDF:
                return False
            self.put(SEND | byte)
        if self.wait() & NDF:
            return False
        self.put(STOP)
        assert self.wait(20_000) & SDF
        return True

    def read(self, address: int, count: int, prefix: bytes = b"") -> bytes:
        """Read `count` bytes, after a write of `prefix` and a repeated START."""
        if prefix:
            self.put(START | address << 1)
            for byte in prefix:
                assert not self.wait() & NDF
                self.put(SEND | byte)
            self.wait()
        self.put(START | address << 1 | 1, RECEIVE | count - 1, STOP)
        data = bytearray()
        while len(data) < count:
            assert not self.wait(BIT) & NDF
            value = self.i2c.read(MRDR)
            if not value & RXEMPTY:
                data.append(value)
        self.wait()
        return bytes(data)


def test_reset_values() -> None:
    i2c = Lpi2c(Bench().system)
    values = {0x00: 0x0100_0003, 0x04: 0x0202, MSR: 1, MRDR: 0x4000, 0x150: 0x4000, 0x170: 0x4000}
    for offset in i2c.regs:
        assert i2c.read(offset) == values.get(offset, 0), hex(offset)


@pytest.mark.parametrize("ccm", [False, True])
def test_nobody_acknowledges_on_an_empty_bus(ccm: bool) -> None:
    """NDF with the ninth bit, then a STOP that the master sends by itself."""
    master = Master(ccm=ccm)
    master.put(START | 0x50 << 1)
    assert master.i2c.read(MSR) == TDF | MBF | BBF
    master.bench.clock.advance(HOLD + 9 * BIT - 1)
    assert not master.i2c.read(MSR) & NDF
    master.bench.clock.advance(1 + 1)
    assert master.i2c.read(MSR) == TDF | MBF | BBF | NDF
    master.bench.clock.advance(HOLD + 1)
    assert master.i2c.read(MSR) == TDF | NDF | SDF | EPF
    assert master.bench.events == []


def test_ccm_selects_and_divides_its_clock() -> None:
    """CSCDR2: bit 18 is LPI2C_CLK_SEL, the crystal of 24 MHz; 24:19 LPI2C_CLK_PODF, by 2 here."""
    master = Master(ccm=True)
    master.i2c.ccm.write(0x38, 1 << 19 | 1 << 18)
    slower = 60 * 2 / 24
    master.put(START | 0x50 << 1)
    master.bench.clock.advance(int(slower * (HOLD + 9 * BIT)) - 10)
    assert not master.i2c.read(MSR) & NDF
    master.bench.clock.advance(20)
    assert master.i2c.read(MSR) & NDF


def test_nothing_starts_until_the_error_is_cleared() -> None:
    master = Master()
    master.put(START | 0x50 << 1)
    master.bench.clock.advance(200_000)
    master.put(START | 0x51 << 1)
    assert not master.i2c.read(MSR) & MBF and master.i2c.read(MFSR) == 1
    master.i2c.write(MSR, NDF)
    assert master.i2c.read(MSR) & MBF and master.i2c.read(MFSR) == 0


def test_a_stop_on_an_idle_bus_is_swallowed() -> None:
    """LPI2C_MasterTransferAbort() and LPI2C_MasterStop() queue two after an error."""
    master = Master()
    master.put(STOP, STOP)
    assert master.i2c.read(MFSR) == 0
    assert not master.i2c.read(MSR) & (FEF | SDF | MBF)


def test_data_without_a_start_is_a_fifo_error() -> None:
    master = Master()
    master.put(SEND | 0x12)
    assert master.i2c.read(MSR) & FEF
    assert [d.rule for d in master.bench.diagnostics] == ["lpi2c-no-start"]


def test_the_fourth_command_waits_and_the_sixth_is_lost() -> None:
    """One is on the bus, the FIFO holds four."""
    master = Master()
    master.put(START | 0xA0, 1, 2, 3, 4)
    assert master.i2c.read(MFSR) == 4 and not master.i2c.read(MSR) & TDF
    master.put(5)
    assert [d.rule for d in master.bench.diagnostics] == ["lpi2c-overflow"]
    master.i2c.write(MCR, 0x101)
    assert master.i2c.read(MFSR) == 0


def test_a_full_receive_fifo_holds_the_bus() -> None:
    master = Master()
    master.i2c.devices[0x48] = Tmp102(master.bench.system)
    master.put(START | 0x48 << 1 | 1, RECEIVE | 7, STOP)
    master.bench.clock.advance(10_000_000)
    assert master.i2c.read(MFSR) >> 16 == 4 and master.i2c.read(MSR) & MBF
    for _ in range(4):
        master.i2c.read(MRDR)
    assert master.i2c.read(MRDR) == RXEMPTY
    master.bench.clock.advance(10_000_000)
    assert master.i2c.read(MFSR) >> 16 == 4 and not master.i2c.read(MSR) & MBF


def test_interrupts_follow_flags_and_enables() -> None:
    master = Master()
    assert not master.i2c.IRQ.level
    master.i2c.write(MIER, TDF)
    assert master.i2c.IRQ.level
    master.i2c.write(MIER, NDF)
    assert not master.i2c.IRQ.level
    master.put(START)
    master.bench.clock.advance(100_000)
    assert master.i2c.IRQ.level
    master.i2c.write(MSR, NDF)
    assert not master.i2c.IRQ.level


@pytest.mark.parametrize(
    ("offset", "value", "what"),
    [
        (0x1C, 1, "MDER.TDDE: DMA"),
        (0x124, 1 << 8, "SCFGR1.GCEN: general calls"),
        (MCFGR1, 1 << 8, "MCFGR1.AUTOSTOP: a STOP of its own when the FIFO is empty"),
    ],
)
def test_what_is_not_modelled_is_told(offset: int, value: int, what: str) -> None:
    master = Master()
    master.i2c.write(offset, value)
    assert [gap.what for gap in master.bench.gaps] == [what]


# -- EEPROM: Microchip DS21203 -------------------------------------------------------------------


def with_eeprom(**parameters: int) -> tuple[Master, Eeprom]:
    master = Master()
    eeprom = Eeprom(master.bench.system, name="eeprom", **parameters)
    master.i2c.devices[0x50] = eeprom
    return master, eeprom


def test_an_eeprom_keeps_what_is_written() -> None:
    master, eeprom = with_eeprom()
    assert master.write(0x50, b"\x01\x00hello")
    assert eeprom.contents()[0x100:0x105] == b"\xff" * 5, "the write has only begun"
    assert not master.write(0x50, b""), "busy: no acknowledgement"
    master.bench.clock.advance(5_000_000)
    assert master.write(0x50, b"")
    assert master.read(0x50, 7, b"\x00\xff") == b"\xffhello\xff"
    eeprom.reset(ResetCause.SOFTWARE)
    eeprom.reset(ResetCause.POWER_ON)
    assert eeprom.contents()[0x100:0x105] == b"hello"


def test_a_page_write_wraps_within_its_page() -> None:
    master, eeprom = with_eeprom()
    assert master.write(0x50, b"\x00\x3e" + b"abcd")
    master.bench.clock.advance(5_000_000)
    assert eeprom.contents()[:2] == b"cd" and eeprom.contents()[0x3E:0x41] == b"ab\xff"


def test_reads_go_on_where_the_last_one_ended_and_wrap_at_the_end() -> None:
    master, eeprom = with_eeprom()
    eeprom.fill(bytes(i % 251 for i in range(32768)))
    assert master.read(0x50, 2, b"\x7f\xfe") == bytes([32766 % 251, 32767 % 251])
    assert master.read(0x50, 3) == b"\x00\x01\x02"


def test_a_small_eeprom_takes_one_byte_of_address() -> None:
    master, eeprom = with_eeprom(size=256, page=8)
    assert master.write(0x50, b"\xf0xyz")
    master.bench.clock.advance(5_000_000)
    assert eeprom.contents()[0xF0:0xF3] == b"xyz"
    assert master.read(0x50, 3, b"\xf0") == b"xyz"


def test_a_start_instead_of_the_stop_drops_the_write() -> None:
    master, eeprom = with_eeprom()
    master.put(START | 0xA0, 0, 0, ord("x"))
    master.wait()
    master.put(START | 0x51 << 1)
    master.wait()
    master.bench.clock.advance(10_000_000)
    assert eeprom.contents()[:1] == b"\xff"


@pytest.mark.parametrize("given", [{"size": 1000}, {"size": 512}, {"page": 48}])
def test_an_eeprom_of_no_such_size_is_refused(given: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Eeprom(Bench().system, **given)


# -- TMP102: Texas Instruments SBOS397, table "Temperature Data Format" --------------------------


@pytest.mark.parametrize(
    ("celsius", "expected"),
    [
        (150, 0x7FF0), (128, 0x7FF0), (127.9375, 0x7FF0), (100, 0x6400), (25, 0x1900),
        (0.25, 0x0040), (0, 0), (-25, 0xE700),
    ],
)  # fmt: skip
def test_a_sensor_shows_the_temperature_that_it_has(celsius: float, expected: int) -> None:
    master = Master()
    sensor = Tmp102(master.bench.system)
    master.i2c.devices[0x48] = sensor
    sensor.set_temperature(celsius)
    assert master.read(0x48, 2, b"\x00") == expected.to_bytes(2, "big")


def test_extended_mode_has_thirteen_bits() -> None:
    """SBOS397, table "13-Bit Temperature Data Format": 150 degrees are 0960h, bit 0 is 1."""
    master = Master()
    sensor = Tmp102(master.bench.system)
    master.i2c.devices[0x48] = sensor
    sensor.set_temperature(150)
    assert master.write(0x48, b"\x01\x60\xb0")
    assert master.read(0x48, 2, b"\x00") == (0x960 << 3 | 1).to_bytes(2, "big")


def test_in_shutdown_only_a_one_shot_measures() -> None:
    master = Master()
    sensor = Tmp102(master.bench.system)
    master.i2c.devices[0x48] = sensor
    assert master.read(0x48, 2, b"\x01") == b"\x60\xa0", "as after power-on"
    assert master.write(0x48, b"\x01\x61\xa0")
    sensor.set_temperature(100)
    assert master.read(0x48, 2, b"\x00") == b"\x19\x00", "25 degrees, measured before"
    assert master.write(0x48, b"\x01\xe1\xa0")
    assert master.read(0x48, 2, b"\x00") == b"\x64\x00"


def test_limits_are_kept_and_their_output_is_a_gap() -> None:
    master = Master()
    sensor = Tmp102(master.bench.system)
    master.i2c.devices[0x48] = sensor
    assert master.read(0x48, 2, b"\x02") + master.read(0x48, 2, b"\x03") == b"\x4b\x00\x50\x00"
    assert master.write(0x48, b"\x03\x20\x00")
    assert master.read(0x48, 2, b"\x03") == b"\x20\x00"
    assert len(master.bench.gaps) == 1


def test_no_such_temperature() -> None:
    with pytest.raises(ValueError, match="-55 to 150"):
        Tmp102(Bench().system).set_temperature(151)


def test_the_device_that_the_documentation_shows(tmp_path: Path) -> None:
    """docs/platforms.md: a class of one's own on the bus."""
    text = (Path(__file__).parents[2] / "docs/platforms.md").read_text()
    file = tmp_path / "expander.py"
    file.write_text(text.split("```python\n")[1].split("```")[0])
    expander = load_models([], [file])["Lab.Expander"]
    master = Master()
    master.i2c.devices[0x20] = expander(master.bench.system)  # type: ignore[assignment]
    assert master.write(0x20, b"\x5a")
    assert master.read(0x20, 2) == b"\x5a\x5a"


# -- the bus, clock by clock -----------------------------------------------------------------------

DISCARD, START_NACK, FAST, FAST_NACK = 0x300, 0x500, 0x600, 0x700
MFCR, MCFGR2, RTF, RRF, IGNACK = 0x58, 0x28, 1 << 8, 1 << 9, 1 << 9


class Sensor(Tmp102):
    """Acknowledges what it is told to, and notes what comes."""

    takes = 99
    """Bytes that it acknowledges."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.system, name="sensor")
        self.log: list[str] = []

    def start(self, reads: bool) -> bool:
        self.log.append("R" if reads else "W")
        return True

    def write(self, byte: int) -> bool:
        self.log.append(f"{byte:02x}")
        return len(self.log) <= self.takes

    def read(self) -> int:
        self.log.append("r")
        return 0x80 + len(self.log)

    def stop(self) -> None:
        self.log.append("P")


def with_sensor() -> tuple[Master, Sensor]:
    master = Master()
    master.i2c.devices[0x48] = sensor = Sensor(master.bench)
    return master, sensor


@pytest.mark.parametrize(
    ("prescale", "filter_", "latency"),
    [(0, 0, 2), (0, 3, 5), (1, 0, 1), (1, 3, 2), (2, 3, 1), (3, 15, 2), (7, 0, 0)],
)
def test_each_command_takes_its_clocks(prescale: int, filter_: int, latency: int) -> None:
    """RM, LPI2C timing: SCL is CLKLO + CLKHI + 2 and a latency of (2 + FILTSCL) / 2^PRESCALE
    cycles of the clock divided by 2^PRESCALE; a START or STOP SETHOLD + 1; a repeated START two."""
    master, _ = with_sensor()
    i2c, clock = master.i2c, master.bench.clock
    i2c.frequency = 1_000_000_000  # a cycle is a nanosecond
    i2c.write(MCFGR1, prescale)
    i2c.write(MCFGR2, filter_ << 16)
    i2c.write(MCCR0, 20 | 10 << 8 | 40 << 16)
    byte, hold = 9 * (20 + 10 + 2 + latency) << prescale, 41 << prescale
    times = []
    for command in (
        *(START | 0x90, SEND | 1, SEND | 2, START | 0x91, RECEIVE | 0, RECEIVE | 1, DISCARD | 2),
        STOP,
    ):
        began = clock.now
        i2c.write(MTDR, command)
        while i2c._step.deadline is not None:
            clock.advance(i2c._step.deadline - clock.now)
        times.append(clock.now - began)
    assert times == [
        *(hold + byte, byte, byte, 2 * hold + byte, byte, 2 * byte, 3 * byte),
        hold,
    ]


def test_a_conversation() -> None:
    """A repeated START ends a packet (EPF), a STOP that and the transfer (SDF)."""
    master, sensor = with_sensor()
    master.put(START | 0x90)
    assert master.wait() & (EPF | SDF | NDF) == 0
    master.put(SEND | 0xA5)
    master.wait()
    master.put(START | 0x91)
    assert master.wait() & (EPF | SDF | NDF) == EPF
    master.put(DISCARD | 1, RECEIVE | 0, STOP)
    assert master.wait() & (EPF | SDF | NDF) == EPF | SDF
    assert sensor.log == ["W", "a5", "R", "r", "r", "r", "P"]
    assert master.i2c.peek(MRDR) == 0x86 == master.i2c.read(MRDR)
    assert master.i2c.peek(MRDR) == master.i2c.read(MRDR) == RXEMPTY


def test_a_byte_that_is_not_acknowledged_ends_the_transfer() -> None:
    master, sensor = with_sensor()
    sensor.takes = 2
    master.put(START | 0x90, SEND | 1, SEND | 2, SEND | 3)
    assert master.wait() & (NDF | SDF | EPF) == NDF | SDF | EPF
    assert sensor.log == ["W", "01", "02", "P"]


@pytest.mark.parametrize(
    ("command", "address", "nack"),
    [(START, 0x48, 0), (START, 0x49, NDF), (START_NACK, 0x48, NDF), (START_NACK, 0x49, 0)],
)
def test_a_start_that_wants_no_acknowledgement(command: int, address: int, nack: int) -> None:
    """MTDR.CMD 101b: START, and the address is expected not to be acknowledged."""
    master, _ = with_sensor()
    master.put(command | address << 1)
    assert master.wait() & NDF == nack


def test_acknowledgements_can_be_ignored() -> None:
    """MCFGR1.IGNACK."""
    master, sensor = with_sensor()
    sensor.takes = 1
    master.i2c.write(MCFGR1, 3 | IGNACK)
    master.put(START | 0x90, SEND | 1, SEND | 2, STOP)
    assert master.wait() & (NDF | SDF) == SDF
    assert sensor.log == ["W", "01", "02", "P"]


@pytest.mark.parametrize(
    ("command", "is_gap"), [(START, False), (START_NACK, False), (FAST, True), (FAST_NACK, True)]
)
def test_high_speed_mode_is_told(command: int, is_gap: bool) -> None:
    master, _ = with_sensor()
    master.put(command | 0x90)
    assert [gap.what for gap in master.bench.gaps] == ["MTDR: high-speed mode"] * is_gap
    assert bool(master.wait() & NDF) == (command in (START_NACK, FAST_NACK))


def test_the_wrong_direction() -> None:
    """A byte that is sent behind an address to read is nobody's; what is received behind one to
    write, nobody sends."""
    master, sensor = with_sensor()
    master.put(START | 0x91, SEND | 1)
    assert master.wait() & NDF and sensor.log == ["R", "P"]
    master.put(START | 0x90, RECEIVE | 0, STOP)
    assert not master.wait() & NDF and sensor.log[2:] == ["W", "P"]
    assert master.i2c.read(MRDR) == 0xFF


def test_data_behind_a_fifo_error_waits() -> None:
    master, sensor = with_sensor()
    master.put(RECEIVE | 3, START | 0x90)
    assert sensor.log == [] and master.i2c.read(MSR) & (FEF | MBF) == FEF
    assert master.i2c.read(MFSR) == 1
    master.i2c.write(MSR, FEF)
    master.wait()
    assert sensor.log == ["W"]


@pytest.mark.parametrize("water", range(4))
def test_watermarks(water: int) -> None:
    """TDF: at most TXWATER commands wait; RDF: more than RXWATER bytes do."""
    master, _ = with_sensor()
    master.i2c.write(MFCR, water << 16 | water)
    master.put(START | 0x91)
    for waiting in range(4):
        assert bool(master.i2c.read(MSR) & TDF) == (waiting <= water)
        master.put(RECEIVE | 0)
    assert not master.i2c.read(MSR) & TDF
    for received in range(1, 5):
        master.bench.clock.advance(HOLD + 1 + 18 * BIT if received == 1 else 9 * BIT)
        assert master.i2c.read(MFSR) >> 16 == received
        assert bool(master.i2c.read(MSR) & RDF) == (received > water), received
    assert [master.i2c.read(MRDR) for _ in range(4)] == [0x82, 0x83, 0x84, 0x85], "in their order"


@pytest.mark.parametrize(("bit", "left"), [(RTF, 1 << 16), (RRF, 2), (RTF | RRF, 0), (0, 0x10002)])
def test_each_fifo_is_emptied_by_its_own_bit(bit: int, left: int) -> None:
    """MCR: RTF is bit 8, RRF is bit 9; both read 0."""
    master, _ = with_sensor()
    master.put(START | 0x91, RECEIVE | 0)
    master.wait()
    master.put(SEND | 1, SEND | 2, SEND | 3)
    master.i2c.write(MCR, 0xD | bit)
    assert master.i2c.read(MFSR) == left and master.i2c.read(MCR) == 0xD


def test_a_disabled_master_begins_nothing() -> None:
    master, sensor = with_sensor()
    master.i2c.write(MCR, 0)
    master.put(START | 0x90)
    master.wait()
    assert sensor.log == [] and master.i2c.read(MFSR) == 1
    master.i2c.write(MCR, 1)
    master.wait()
    assert sensor.log == ["W"]


@pytest.mark.parametrize("offset", [MSR, MFSR])
def test_who_polls_waits_for_the_end_of_the_command(offset: int) -> None:
    master, _ = with_sensor()
    master.put(START | 0x90)
    master.i2c.read(offset)
    master.bench.clock.advance(1_000_000)
    master.i2c.read(offset)
    (first, _), (second, none) = master.bench.clock.questions
    assert first == second == "lpi2c1" and none is None
    due = master.bench.clock.questions[0][1]
    assert due == pytest.approx(HOLD + 9 * BIT, abs=2)


def test_a_software_reset_keeps_its_control_register_alone() -> None:
    master, sensor = with_sensor()
    master.i2c.write(MIER, 0x7F03)
    master.put(START | 0x90)
    master.i2c.write(MCR, 0xE)
    values = {0x00: 0x0100_0003, 0x04: 0x0202, MCR: 0xE, MSR: 1, MRDR: 0x4000}
    for offset in [offset for offset in master.i2c.regs if offset < 0x110]:
        assert master.i2c.peek(offset) == values.get(offset, 0), hex(offset)
    master.bench.clock.advance(1_000_000)
    assert sensor.log == [] and not master.i2c.IRQ.level


@pytest.mark.parametrize(("select", "hertz"), [(0, 60_000_000), (1, 24_000_000)])
@pytest.mark.parametrize("podf", [0, 1, 63])
def test_its_root_clock(select: int, hertz: int, podf: int) -> None:
    """CSCDR2: LPI2C_CLK_SEL 18 is PLL3 by 8 or the crystal; LPI2C_CLK_PODF 24:19."""
    bench = Bench()
    ccm = Ccm(bench.system)
    i2c = Lpi2c(bench.system, ccm=ccm)
    ccm.write(0x38, select << 18 | podf << 19)
    for offset, value in ((MCFGR1, 7), (MCCR0, 63 | 63 << 8), (MCR, 1), (MTDR, START)):
        i2c.write(offset, value)
    (due,) = [a.deadline for a in bench.clock.alarms if a.deadline is not None]
    assert due == -(-(9 * 128 + 1) * 128 * (podf + 1) * 1_000_000_000 // hertz)


def test_without_a_clock_controller_it_has_60_mhz() -> None:
    bench = Bench()
    i2c = Lpi2c(bench.system)
    for offset, value in ((MCFGR1, 7), (MCCR0, 63 | 63 << 8), (MCR, 1), (MTDR, START)):
        i2c.write(offset, value)
    (due,) = [a.deadline for a in bench.clock.alarms if a.deadline is not None]
    assert due == -(-(9 * 128 + 1) * 128 * 50 // 3)
