"""The Alif's ADCs and PWM as MicroPython's port drives them (machine_adc.c, machine_pwm.c).

Expected values: the port's own formulas, with 400 MHz at UTIMER and a reference of 1.8 V.
"""

import pytest

from xipsim.peripherals.alif.adc import Adc12, Cmp
from xipsim.peripherals.alif.utimer import Utimer
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench

START_SRC, THRESH_A, THRESH_B, INTERRUPT, MASK, AVG = 0x00, 0x04, 0x08, 0x10, 0x14, 0x20
SHIFT, CONTROL, SEQUENCER, REG1, SEL, SAMPLE = 0x24, 0x30, 0x34, 0x38, 0x3C, 0x50
DONE0, DONE1, CMPA, CMPB = (1 << n for n in range(4))


class Converter:
    """ADC120 as adc_init() leaves it: the sum of 32 samples, shifted right by one bit."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.adc = Adc12(self.bench.system, name="adc120")
        self.adc.write(REG1, 1 << 5 | 1 << 2 | 2 << 3)
        self.adc.write(AVG, 32)
        self.adc.write(SHIFT, 1 | 1 << 16)
        self.adc.write(SEQUENCER, 1 << 16)
        self.adc.write(MASK, 0)

    def convert(self, channel: int) -> int:
        """adc_config_and_read_u16(), with adc_done1_irq_handler()."""
        self.adc.write(SEQUENCER, 1 << 16 | channel << 12)
        self.adc.write(START_SRC, self.adc.read(START_SRC) | 0x80)
        self.adc.write(CONTROL, self.adc.read(CONTROL) | 1)
        assert self.adc.DONE0_IRQ.level and self.adc.DONE1_IRQ.level
        self.adc.write(INTERRUPT, DONE0)
        self.adc.write(INTERRUPT, DONE1)
        assert not self.adc.DONE0_IRQ.level and not self.adc.DONE1_IRQ.level
        assert self.adc.read(SEL) == channel
        return self.adc.read(SAMPLE + 4 * channel)


def test_reset_values() -> None:
    adc = Adc12(Bench().system)
    for offset in adc.regs:
        assert adc.read(offset) == (0xF if offset == MASK else 0), hex(offset)
    cmp = Cmp(Bench().system)
    assert [cmp.read(offset) for offset in cmp.regs] == [*[0] * 7, 1]


@pytest.mark.parametrize(
    ("volts", "expected"),
    [(0.0, 0), (0.9, 2048 * 16), (1.8, 4095 * 16), (3.3, 4095 * 16), (-1.0, 0), (0.45, 1024 * 16)],
)
def test_a_level_at_an_input(volts: float, expected: int) -> None:
    converter = Converter()
    converter.adc.set_level(3, volts)
    assert converter.convert(3) == expected
    assert converter.convert(4) == 0, "nothing drives this one"
    assert converter.bench.events == []


def test_the_board_outlives_a_reset() -> None:
    converter = Converter()
    converter.adc.set_level(0, 0.9)
    converter.adc.reset(ResetCause.SOFTWARE)
    assert converter.adc.volts == {0: 0.9}
    with pytest.raises(ValueError, match="expected an input from 0 to 8, given 9"):
        converter.adc.set_level(9, 1.0)


@pytest.mark.parametrize(
    ("mode", "sample", "expected"),
    [
        (0, 2048, CMPA), (0, 3500, CMPA | CMPB), (0, 100, 0),
        (1, 2048, CMPB), (1, 100, CMPA | CMPB), (1, 3500, 0),
        (2, 2048, CMPA), (2, 100, CMPB), (2, 3500, CMPB),
    ],
)  # fmt: skip
def test_thresholds_are_compared_with_the_sum(mode: int, sample: int, expected: int) -> None:
    """SVD, CONTROL.INT_CTRL: above A or B, below A or B, between or outside of them."""
    converter = Converter()
    converter.adc.write(THRESH_A, 1000 * 32)
    converter.adc.write(THRESH_B, 3000 * 32)
    converter.adc.write(CONTROL, mode << 16)
    converter.adc.set_level(0, sample * 1.8 / 4096)
    converter.convert(0)
    assert converter.adc.read(INTERRUPT) == expected
    assert (converter.adc.CMPA_IRQ.level, converter.adc.CMPB_IRQ.level) == (
        bool(expected & CMPA),
        bool(expected & CMPB),
    )


def test_nothing_starts_unless_it_is_enabled() -> None:
    converter = Converter()
    converter.adc.write(CONTROL, 1)
    assert not converter.adc.read(INTERRUPT)
    assert [d.rule for d in converter.bench.diagnostics] == ["adc-not-enabled"]


def test_what_is_missing_of_the_adc() -> None:
    converter = Converter()
    converter.adc.write(START_SRC, 0x41)
    converter.adc.write(REG1, 1 << 1)
    converter.adc.write(SEQUENCER, 0)
    converter.adc.write(START_SRC, 0x80)
    converter.adc.write(CONTROL, 1)
    assert [gap.what.split(":")[0] for gap in converter.bench.gaps] == [
        *("START_SRC.EVENTS", "START_SRC.CONTINUOUS", "REG1.DIFFERENTIAL_1", "SEQUENCER_CTRL.MODE"),
    ]


# -- PWM -----------------------------------------------------------------------------------------

GLB_START, GLB_STOP, GLB_CLEAR, OEN, CLOCKS = 0x00, 0x04, 0x08, 0x10, 0x20
CHANNEL = 0x3000
"""Of channel 2."""
CNTR_CTRL, COMPARE_CTRL, BUF_OP, PTR, PTR_BUF1, COMPARE_BUF1 = (
    *(0x80, {"A": 0x8C, "B": 0x90}, 0x94, 0xA4, 0xA8, {"A": 0xD4, "B": 0xE4}),
)
DRIVER_EN, DISABLE_VAL, COMPARE_EN = 1 << 8, 1 << 9, 1 << 11


class Pwm:
    """Channel 2, by utimer_pwm_channel_init()."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.timer = Utimer(self.bench.system, name="utimer")
        self.timer.write(OEN, 0xFF_FFFF)
        self.change(CLOCKS, 1 << 2)
        self.set(PTR, 1)
        self.set(PTR_BUF1, 1)
        self.set(CNTR_CTRL, 1)
        self.set(BUF_OP, 3 << 28 | 3 << 24 | 1 << 20 | 1 << 2 | 1 << 1)
        for source in (0x04, 0x0C, 0x14):
            self.set(source, 1 << 31)

    def set(self, offset: int, value: int) -> None:
        self.timer.write(CHANNEL + offset, value)

    def change(self, offset: int, bits: int) -> None:
        self.timer.write(offset, self.timer.read(offset) | bits)

    def output(self, driver: str, *, invert: bool = False) -> None:
        """utimer_pwm_driver_init()."""
        bit = 1 << 2 * 2 + "AB".index(driver)
        self.timer.write(OEN, self.timer.read(OEN) & ~bit)
        high_at_match = 1 << 2 | 2 | DISABLE_VAL | 1 << 4 | 1 << 6
        self.set(COMPARE_CTRL[driver], COMPARE_EN | (high_at_match if invert else 2 << 2 | 1))

    def duty(self, driver: str, counts: int) -> None:
        """utimer_pwm_set_duty(), utimer_pwm_start()."""
        offset = CHANNEL + COMPARE_CTRL[driver]
        control = self.timer.read(offset)
        self.timer.write(offset, control | DRIVER_EN if counts else control & ~DRIVER_EN)
        self.set(COMPARE_BUF1[driver], counts)
        self.change(GLB_START, 1 << 2)


def test_frequency_and_duty() -> None:
    """freq=1000, duty_u16=16384: 400000 counts, of which 100002 are high."""
    pwm = Pwm()
    pwm.output("A")
    assert pwm.timer.frequency(2) == 0, "it does not run yet"
    pwm.set(PTR_BUF1, 399_999)
    pwm.duty("A", (16384 * 400_000 + 32767) // 65535)
    assert pwm.timer.frequency(2) == 1000
    assert pwm.timer.duty(2) == 100_002 / 400_000
    assert pwm.timer.frequency(2, "B") == pwm.timer.duty(2, "B") == 0, "its driver is off"
    assert pwm.bench.events == []


@pytest.mark.parametrize(
    ("counts", "expected"), [(0, 0), (1, 0.25), (3, 0.75), (4, 1), (9, 1)]
)
def test_duties_from_none_to_all(counts: int, expected: float) -> None:
    pwm = Pwm()
    for driver, invert in (("A", False), ("B", True)):
        pwm.output(driver, invert=invert)
        pwm.set(PTR_BUF1, 3)
        pwm.duty(driver, counts)
    assert pwm.timer.duty(2, "A") == expected
    assert pwm.timer.duty(2, "B") == 1 - expected


def test_toggling_at_a_match_is_half() -> None:
    pwm = Pwm()
    pwm.output("A")
    pwm.set(PTR_BUF1, 3)
    pwm.set(COMPARE_CTRL["A"], COMPARE_EN | DRIVER_EN | 3)
    pwm.duty("A", 1)
    assert pwm.timer.duty(2) == 0.5


def test_a_stopped_channel_is_off() -> None:
    pwm = Pwm()
    pwm.output("A")
    pwm.set(PTR_BUF1, 3)
    pwm.duty("A", 2)
    pwm.change(GLB_STOP, 1 << 2)
    assert pwm.timer.frequency(2) == 0


@pytest.mark.parametrize(("channel", "driver"), [(12, "A"), (-1, "A"), (0, "C")])
def test_there_is_no_such_output(channel: int, driver: str) -> None:
    with pytest.raises(ValueError, match="expected channel 0 to 11, driver A or B"):
        Pwm().timer.duty(channel, driver)


def test_double_buffers_are_gaps() -> None:
    pwm = Pwm()
    pwm.set(BUF_OP, 1 << 21 | 1 << 26)
    assert [gap.what.split(":")[0] for gap in pwm.bench.gaps] == [
        "BUF_OP_CTRL[2].CNTR_DOUBLE",
        "BUF_OP_CTRL[2].COMPARE_A_DOUBLE",
    ]
