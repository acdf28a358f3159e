"""Ports, clocks, semaphores, ADC and DWT pin by pin, register by register, bit by bit.

Alif's SVD file; Synopsys's DW_apb_gpio data book; ARMv7-M Architecture Reference Manual, C1.8.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from xipsim.peripherals.alif.adc import Adc12, Cmp
from xipsim.peripherals.alif.backup import BackupRam
from xipsim.peripherals.alif.clocks import (
    Ana,
    Aon,
    Cgu,
    ClkctlPerMst,
    ClkctlPerSlv,
    HostBase,
    M55Cfg,
    Vbat,
)
from xipsim.peripherals.alif.gpio import Gpio
from xipsim.peripherals.alif.hwsem import Hwsem
from xipsim.peripherals.alif.i2c import I2c
from xipsim.peripherals.alif.lprtc import Lprtc
from xipsim.peripherals.alif.pinmux import LpgpioPads, Pinmux
from xipsim.peripherals.alif.spi import Spi
from xipsim.peripherals.alif.uart import Uart
from xipsim.peripherals.alif.utimer import Utimer
from xipsim.peripherals.alif.wdt import Wdt
from xipsim.peripherals.arm.dwt import Dwt
from xipsim.peripherals.core import Peripheral, ResetCause
from xipsim.peripherals.core.testing import Bench

DR, DDR, INTEN, INTMASK, TYPE, POLARITY, STATUS, RAW, EOI, EXT, BOTH = (
    0x00, 0x04, 0x30, 0x34, 0x38, 0x3C, 0x40, 0x44, 0x4C, 0x50, 0x68,
)  # fmt: skip
ALL = 0xFFFF_FFFF
SECOND = 1_000_000_000

Make = Callable[[Bench], Peripheral]


def read_only(model: Peripheral, *offsets: int) -> None:
    before = model.save()
    for offset in offsets:
        model.write(offset, ALL)
        assert model.save() == before, hex(offset)


# -- GPIO ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pin", range(8))
@pytest.mark.parametrize(
    ("kind", "polarity", "both", "low", "high", "low_again"),
    [
        # Levels: as long as they last. Edges: until they are acknowledged.
        (0, 0, 0, 1, 0, 1), (0, 1, 0, 0, 1, 0),
        (1, 0, 0, 1, 1, 1), (1, 1, 0, 0, 1, 1), (0, 0, 1, 1, 1, 1), (1, 1, 1, 1, 1, 1),
    ],
)  # fmt: skip
def test_each_pin_interrupts_by_its_bits(
    pin: int, kind: int, polarity: int, both: int, low: int, high: int, low_again: int
) -> None:
    gpio, bit = Gpio(Bench().system), 1 << pin
    gpio.write(TYPE, kind << pin)
    gpio.write(POLARITY, polarity << pin)
    gpio.write(BOTH, both << pin)
    gpio.write(INTEN, bit)
    for level, expected in ((False, low), (True, high), (False, low_again)):
        gpio.drive(pin, level)
        assert gpio.read(RAW) == gpio.read(STATUS) == expected << pin
        assert [gpio.lines[f"IRQ{n}"].level for n in range(8)] == [
            bool(expected) and n == pin for n in range(8)
        ]
        assert gpio.COMBINED.level == bool(expected)
    gpio.write(INTMASK, bit)
    assert (gpio.read(RAW), gpio.read(STATUS)) == (low_again << pin, 0)
    assert not gpio.COMBINED.level
    gpio.write(INTMASK, 0xFF & ~bit)
    assert gpio.read(STATUS) == low_again << pin
    gpio.write(EOI, 0xFF & ~bit)
    assert gpio.read(STATUS) == low_again << pin
    gpio.write(EOI, bit)
    is_level = not kind and not both
    assert gpio.read(STATUS) == (low_again << pin if is_level else 0)
    assert gpio.read(EOI) == 0
    gpio.write(INTEN, 0xFF & ~bit)
    assert gpio.read(RAW) & bit == 0


@pytest.mark.parametrize("pin", range(8))
def test_each_pin_as_an_output(pin: int) -> None:
    gpio, bit = Gpio(Bench().system), 1 << pin
    gpio.write(DDR, bit)
    assert (gpio.read(EXT), gpio.direction(pin), gpio.PADS[pin].level) == (0xFF ^ bit, "out", False)
    gpio.write(DR, bit)
    assert (gpio.read(EXT), gpio.level(pin), gpio.PADS[pin].level) == (0xFF, 1, True)
    gpio.write(DR, 0xFF ^ bit)
    assert gpio.read(EXT) == 0xFF ^ bit
    gpio.write(INTEN, 0xFF)
    assert gpio.read(RAW) & bit == 0, "an output does not interrupt"


@pytest.mark.parametrize(("battery", "kept"), [(True, 0x5A), (False, 0)])
def test_what_a_port_keeps_over_a_warm_reset(battery: bool, kept: int) -> None:
    gpio = Gpio(Bench().system, battery=battery)
    for offset in (DR, DDR, INTMASK, POLARITY):
        gpio.write(offset, 0x5A)
    gpio.reset(ResetCause.SOFTWARE)
    assert [gpio.read(offset) for offset in (DR, DDR, INTMASK, POLARITY)] == [kept, kept, 0, 0]
    assert gpio.read(EXT) == 0xFF
    gpio.reset(ResetCause.POWER_ON)
    assert [gpio.read(offset) for offset in (DR, DDR)] == [0, 0]


def test_a_port_has_its_place_among_the_pads() -> None:
    bench = Bench()
    pinmux = Pinmux(bench.system)
    Gpio(bench.system, pinmux=pinmux, port=14)
    with pytest.raises(ValueError, match="port: expected 0 to 14, given 15"):
        Gpio(bench.system, pinmux=pinmux, port=15)
    Gpio(bench.system, pinmux=LpgpioPads(bench.system), port=0)
    with pytest.raises(ValueError, match="port: expected 0 to 0, given 1"):
        Gpio(bench.system, pinmux=LpgpioPads(bench.system), port=1)
    assert frozenset({STATUS, RAW, EXT}) == Gpio.POLLED


@pytest.mark.parametrize("pin", range(8))
@pytest.mark.parametrize(
    ("control", "level"), [(0x00, 1), (0x08, 1), (0x10, 0), (0x18, 1), (0xEF, 1), (0x17, 0)]
)
def test_pulls_of_each_pad(pin: int, control: int, level: int) -> None:
    """Pad control: 0x08 up, 0x10 down, both a bus repeater; in the pin multiplexer at bit 16."""
    bench = Bench()
    for pads, shift, port in ((Pinmux(bench.system), 16, 9), (LpgpioPads(bench.system), 0, 0)):
        gpio = Gpio(bench.system, pinmux=pads, port=port)
        gpio.connected()
        pads.write(32 * port + 4 * pin, control << shift)
        assert gpio.level(pin) == level
        pads.reset(ResetCause.POWER_ON)
        assert gpio.level(pin) == 1


@pytest.mark.parametrize("function", range(8))
def test_whose_a_pad_is(function: int) -> None:
    """Alternate function 0 is the port's; LPGPIO has none."""
    bench = Bench()
    pads = Pinmux(bench.system)
    gpio = Gpio(bench.system, pinmux=pads, port=2)
    gpio.connected()
    gpio.write(DDR, 0xFF)
    pads.write(64 + 4 * 3, function | 8)
    assert gpio.direction(3) == ("in" if function else "out")
    low = LpgpioPads(bench.system)
    other = Gpio(bench.system, pinmux=low, port=0)
    other.connected()
    other.write(DDR, 0xFF)
    low.write(4 * 3, function)
    assert other.direction(3) == "out"


# -- clocks ----------------------------------------------------------------------------------------

KEPT: dict[str, tuple[Make, tuple[int, ...], tuple[int, ...]]] = {
    "vbat": (lambda b: Vbat(b.system), (0x00, 0x04, 0x08, 0x0C, 0x10), ()),
    "ana": (
        lambda b: Ana(b.system),
        (*range(0x00, 0x1C, 4), 0x20, 0x24, 0x30, 0x34, 0x38, 0x3C, 0x40),
        (0x1C,),
    ),
    "lpgpio pads": (lambda b: LpgpioPads(b.system), tuple(range(0, 32, 4)), ()),
    "dwt": (lambda b: Dwt(b.system, frequency=1_000_000), (0x04,), (0x1C, 0xFB4, 0xFE0, 0xFD0)),
}
LOST: dict[str, tuple[Make, tuple[int, ...], tuple[int, ...]]] = {
    "cgu": (lambda b: Cgu(b.system), (0x00, 0x04, 0x08, 0x10, 0x14), (0x20,)),
    "slaves": (
        lambda b: ClkctlPerSlv(b.system),
        (0x00, 0x08, 0x0C, 0x10, 0x1C, 0x24, 0x28, 0x30, 0x34, 0x38, 0x40, 0x48, 0x80, 0xB8),
        (0x44, 0x4C),
    ),
    "masters": (
        lambda b: ClkctlPerMst(b.system),
        (0x00, 0x04, 0x08, 0x0C, 0x10, 0x30, 0x40, 0x70, 0x7C, 0x80, 0x90, 0xA0, 0xA8, 0xAC),
        (0x20, 0x24, 0x84, 0x88, 0x8C, 0x94, 0x98, 0xA4),
    ),
    "aon": (lambda b: Aon(b.system), (0x04, 0x10, 0x14, 0x1C, 0x20, 0x40), ()),
    "m55": (lambda b: M55Cfg(b.system), (0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x20), ()),
    "host": (lambda b: HostBase(b.system), (0x318,), (0x31C,)),
    "pinmux": (lambda b: Pinmux(b.system), (0x00, 0x1DC), ()),
    "cmp": (lambda b: Cmp(b.system), (0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x24), ()),
    "adc": (lambda b: Adc12(b.system), (0x04, 0x08, 0x0C, 0x18, 0x20, 0x24, 0x34, 0x38), (0x3C,)),
}


@pytest.mark.parametrize("name", [*KEPT, *LOST])
def test_what_a_warm_reset_leaves(name: str) -> None:
    """The battery domain keeps all of its registers; nothing else does."""
    make, offsets, only_read = (KEPT | LOST)[name]
    model = make(Bench())
    model.reset(ResetCause.POWER_ON)
    fresh = [model.read(offset) for offset in offsets]
    for offset in offsets:
        model.write(offset, 0x0001_2345)
    written = [model.read(offset) for offset in offsets]
    assert all(one != other for one, other in zip(fresh, written, strict=True))
    model.reset(ResetCause.SOFTWARE)
    after = [model.read(offset) for offset in offsets]
    assert after == (written if name in KEPT else fresh)
    model.reset(ResetCause.POWER_ON)
    assert [model.read(offset) for offset in offsets] == fresh
    read_only(model, *only_read)


ONES: dict[str, tuple[Make, dict[int, int]]] = {
    "uart": (lambda b: Uart(b.system), {0x9C: 3, 0xA0: 3, 0xC0: 0xF}),
    "lprtc": (lambda b: Lprtc(b.system), {0x0C: 0x1F, 0x20: 0xFFFF}),
    "wdt": (lambda b: Wdt(b.system), {0x08: 3}),
    "spi": (lambda b: Spi(b.system), {0x10: 0xF, 0x14: 0xFFFE}),
    "i2c": (lambda b: I2c(b.system), {0x00: 0x9FF}),
    "adc": (lambda b: Adc12(b.system), {0x10: 0, 0x30: 0xFFFF_FFFC}),
    "cmp": (lambda b: Cmp(b.system), {0x20: 0}),
    "utimer": (lambda b: Utimer(b.system), {0x1118: 0, 0x1_0118: 0}),
}
"""Registers of which a part cannot be written, or is cleared by ones. (SVD)"""


@pytest.mark.parametrize("name", ONES)
def test_what_reads_back_after_all_ones(name: str) -> None:
    make, expected = ONES[name]
    model = make(Bench())
    model.reset(ResetCause.POWER_ON)
    for offset, value in expected.items():
        model.write(offset, ALL)
        assert model.peek(offset) == value, hex(offset)


def test_clocks_as_the_secure_enclave_leaves_them() -> None:
    """PLL_CLK_SEL: both cores on their PLLs (bits 16 and 20); ESCLK_SEL: 3 in each field."""
    cgu = Cgu(Bench().system)
    assert (cgu.read(0x08), cgu.read(0x10)) == (0x0011_0000, 0x33)


class Input:
    def __init__(self) -> None:
        self.seen: list[bool] = []

    def set(self, level: bool) -> None:
        self.seen.append(level)


@pytest.mark.parametrize(("number", "wakes"), [(0, True), (63, True), (64, False), (472, False)])
def test_which_interrupts_end_a_sleep_by_the_wic(number: int, wakes: bool) -> None:
    aon = Aon(Bench().system)
    line = Input()
    wire = aon.filtered(number, line)
    aon.write(0x00, 1 << 8)
    wire.set(True)
    assert line.seen == [True] * wakes
    aon.write(0x00, 0)
    assert line.seen == [True]


@pytest.mark.parametrize(
    ("offset", "value", "said"),
    [(0x10, 1 << 8, True), (0x10, 1 << 7, False), (0x10, 1 << 9, False), (0x00, 1 << 9, False)],
)
def test_gaps_of_the_wic(offset: int, value: int, said: bool) -> None:
    bench = Bench()
    Aon(bench.system).write(offset, value)
    assert bool(bench.gaps) == said


# -- semaphores, backup RAM ------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(16))
def test_each_semaphore_is_one_by_itself(number: int) -> None:
    semaphores = Hwsem(Bench().system)
    at = 0x10 * number
    semaphores.write(at, 5)
    owners = [semaphores.read(0x10 * n) for n in range(16)]
    counts = [semaphores.peek(0x10 * n + 4) for n in range(16)]
    assert owners == [5 * (n == number) for n in range(16)]
    assert counts == [int(n == number) for n in range(16)]
    semaphores.write(at + 4, 5)
    assert [semaphores.lines[str(n)].level for n in range(16)] == [n == number for n in range(16)]
    semaphores.write(at, 6)
    assert not semaphores.lines[str(number)].level
    semaphores.write(at + 8, 1)
    assert (semaphores.peek(at), semaphores.lines[str(number)].level) == (0, True)


def test_a_free_semaphore_cannot_be_released() -> None:
    bench = Bench()
    semaphores = Hwsem(bench.system)
    semaphores.write(0x34, 0)
    assert semaphores.read(0x34) == 0
    assert [d.message for d in bench.diagnostics] == [
        "semaphore 3 was released by 0x0, not its owner"
    ]
    assert not semaphores.lines["3"].level


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_the_backup_ram_takes_words(size: int) -> None:
    bench = Bench()
    ram = BackupRam(bench.system)
    ram.write(0x10, (1 << 8 * size) - 1, size)
    stored = size == 4
    assert ram.peek(0x10) == (ALL if stored else 0)
    assert [(d.rule, d.address) for d in bench.diagnostics] == (
        [] if stored else [("backup-narrow-access", 0x10)]
    )
    bench.diagnostics.clear()
    ram.read(0x20, size)
    assert [d.address for d in bench.diagnostics] == ([] if stored else [0x20])
    assert BackupRam.BLANK == 0


# -- ADC -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "low", "high", "flags"),
    [
        (0, 2048, 2048, 0), (0, 2047, 2048, 4), (0, 2048, 2047, 8),
        (1, 2048, 2048, 0), (1, 2049, 2048, 4), (1, 2048, 2049, 8),
        (2, 2048, 2048, 4), (2, 2049, 3000, 8), (2, 1000, 2047, 8), (2, 2048, 3000, 4),
        (2, 1000, 2048, 4),
    ],
)  # fmt: skip
def test_a_comparison_at_its_threshold(mode: int, low: int, high: int, flags: int) -> None:
    """CONTROL.INT_CTRL: 0 above A or B, 1 below them, 2 from A to B or outside."""
    adc = Adc12(Bench().system)
    adc.set_level(2, 0.9)
    for offset, value in ((0x00, 1 << 7), (0x04, low), (0x08, high), (0x34, 2 << 12 | 1 << 16)):
        adc.write(offset, value)
    adc.write(0x30, mode << 16 | 1)
    assert adc.read(0x50 + 8) == 2048
    assert adc.read(0x10) == flags | 3


@pytest.mark.parametrize("bit", range(4))
def test_each_interrupt_of_the_adc_has_its_mask(bit: int) -> None:
    adc = Adc12(Bench().system)
    lines = (adc.DONE0_IRQ, adc.DONE1_IRQ, adc.CMPA_IRQ, adc.CMPB_IRQ)
    adc.set_level(0, 1.8)
    for offset, value in ((0x00, 1 << 7), (0x34, 1 << 16), (0x14, 0xF & ~(1 << bit)), (0x30, 1)):
        adc.write(offset, value)
    assert adc.read(0x10) == 0xF
    assert [line.level for line in lines] == [n == bit for n in range(4)]
    adc.write(0x10, 0xF & ~(1 << bit))
    assert [line.level for line in lines] == [n == bit for n in range(4)]
    adc.write(0x10, 1 << bit)
    assert (adc.read(0x10), [line.level for line in lines]) == (0, [False] * 4)


@pytest.mark.parametrize(
    ("samples", "shift", "result"),
    [(1, 0, 0xFFF), (1, 12, 0xFF_F000), (1 << 20, 0, 0xFFF0_0000), (1 << 20, 4, 0xFF00_0000)],
)
def test_every_bit_of_a_sample(samples: int, shift: int, result: int) -> None:
    """32 bits; what is shifted out above them is lost."""
    adc = Adc12(Bench().system)
    adc.set_level(0, 1.8)
    for offset, value in ((0x00, 1 << 7), (0x20, samples), (0x24, shift), (0x34, 1 << 16)):
        adc.write(offset, value)
    adc.write(0x30, 1)
    assert adc.read(0x50) == result


def test_control_of_the_adc_has_a_bit_that_is_none() -> None:
    """CONTROL: START reads 0, bit 1 is reserved."""
    adc = Adc12(Bench().system)
    adc.write(0x30, 0x3_0002)
    assert adc.read(0x30) == 0x3_0000


def test_a_reference_is_above_nothing() -> None:
    Adc12(Bench().system, reference=0.001)
    with pytest.raises(ValueError, match="reference"):
        Adc12(Bench().system, reference=0.0)


# -- DWT -------------------------------------------------------------------------------------------


def test_the_dwt_of_a_cortex_m7() -> None:
    """CTRL.NUMCOMP, bits 31:28, cannot be written; ids as in Arm's TRM of the Cortex-M7."""
    bench = Bench()
    dwt = Dwt(bench.system, name="dwt", frequency=1_000_000_000)
    dwt.write(0x00, 0xFFFF_FFFF)
    assert dwt.read(0x00) == 0x4FFF_FFFF
    assert Dwt.SIZE == 0x1000, "as every component of the private peripheral bus"
    assert [dwt.read(at) for at in range(0xFD0, 0x1000, 4)] == [
        *(0x04, 0, 0, 0, 0x02, 0xB0, 0x3B, 0, 0x0D, 0xE0, 0x05, 0xB1),
    ]
    read_only(dwt, 0x1C, 0xFB4, *range(0xFD0, 0x1000, 4))


@pytest.mark.parametrize("bit", range(32))
def test_fields_of_the_dwts_control(bit: int) -> None:
    """0 counts; 11:10 space packets that nobody receives; the rest is missing."""
    bench = Bench()
    dwt = Dwt(bench.system, name="dwt", frequency=1_000_000_000)
    dwt.write(0x00, 1 << bit)
    missing = 1 <= bit <= 9 or bit == 12 or 16 <= bit <= 22
    assert bool(bench.gaps) == missing
    bench.clock.advance(SECOND // 1_000)
    assert dwt.read(0x04) == dwt.peek(0x04) == (1_000_000 if bit == 0 else 0)


def test_a_count_that_stands_is_kept_over_a_warm_reset() -> None:
    bench = Bench()
    dwt = Dwt(bench.system, name="dwt", frequency=1_000_000_000)
    dwt.write(0x04, 7)
    dwt.write(0x00, 1)
    bench.clock.advance(100)
    dwt.write(0x00, 1)
    assert dwt.read(0x04) == 107, "it was on already"
    dwt.write(0x00, 0)
    bench.clock.advance(100)
    dwt.reset(ResetCause.SOFTWARE)
    assert dwt.read(0x04) == dwt.peek(0x04) == 107
    dwt.write(0x04, ALL)
    dwt.write(0x00, 1)
    bench.clock.advance(2)
    assert dwt.read(0x04) == 1
