"""Fuses, random numbers, converter, memory controller, crossbar and pads of the i.MX RT1060, where
one bit decides: IMXRT1060RM, MIMXRT1062.h, NXP's fsl drivers."""

from __future__ import annotations

from typing import Any

import pytest

from xipsim.peripherals.core import Peripheral, ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.adc import Adc
from xipsim.peripherals.imxrt.ccm_analog import CcmAnalog
from xipsim.peripherals.imxrt.gpio import Gpio
from xipsim.peripherals.imxrt.iomuxc import Iomuxc, IomuxcGpr, pad_of
from xipsim.peripherals.imxrt.ocotp import Ocotp
from xipsim.peripherals.imxrt.semc import Semc
from xipsim.peripherals.imxrt.trng import Trng
from xipsim.peripherals.imxrt.xbara import Xbara


def powered(model: type[Peripheral], bench: Bench | None = None, **parameters: Any) -> Any:
    instance = model((bench or Bench()).system, name="model", **parameters)
    instance.reset(ResetCause.POWER_ON)
    return instance


# -- OCOTP, TEMPMON --------------------------------------------------------------------------------


def test_each_fuse_word_by_its_address() -> None:
    """OCOTP_CTRL.ADDR: word n has its shadow at 400h + 10h * n; all but three are blank."""
    ocotp = powered(Ocotp, uid="0123456789abcdef")
    values = {}
    for address in range(0x40):
        ocotp.write(0x40, 0xFFFF_FFFF)
        ocotp.write(0x00, address)
        ocotp.write(0x30, 1)
        assert ocotp.read(0x30) & 1 == 0
        if value := ocotp.read(0x40):
            values[address] = value
    calibration = 1405 << 20 | 1247 << 8 | 105  # assumed, as tempmon.py says
    assert values == {0x01: 0x67452301, 0x02: 0xEFCDAB89, 0x0E: calibration}
    ocotp.write(0x40, 5)
    ocotp.write(0x30, 0)
    assert ocotp.read(0x40) == 5, "READ_FUSE asks for it"


@pytest.mark.parametrize(("key", "burns"), [(0x3E77, True), (0x3E76, False), (0, False)])
def test_fuses_are_burnt_with_their_key_alone(key: int, burns: bool) -> None:
    bench = Bench()
    ocotp = powered(Ocotp, bench)
    ocotp.write(0x00, key << 16 | 5)
    ocotp.write(0x20, 1)
    assert [gap.what for gap in bench.gaps] == ["DATA: burning fuses"] * burns
    assert ocotp.read(0x00) == (0 if burns else key) << 16 | 5


def test_shadows_are_reloaded_only_when_that_is_asked_for() -> None:
    """CTRL.RELOAD_SHADOWS is bit 10; LOCK and all behind it; CRC_TEST (11) reads 0."""
    ocotp = powered(Ocotp)
    for offset in (0x10, 0x410, 0x4E0, 0x6F0, 0x8F0):
        ocotp.write(offset, 7)
    ocotp.write(0x00, 1 << 11)
    assert ocotp.read(0x00) == 0
    assert [ocotp.read(offset) for offset in (0x410, 0x4E0, 0x6F0, 0x8F0)] == [7] * 4
    ocotp.write(0x00, 1 << 10)
    fresh = powered(Ocotp)
    for offset in (0x410, 0x4E0, 0x6F0, 0x8F0):
        assert ocotp.read(offset) == fresh.read(offset)
    assert ocotp.read(0x10) == 7 and ocotp.read(0x00) == 0


@pytest.mark.parametrize(
    ("celsius", "count"), [(25.0, 1405), (105.0, 1247), (65.0, 1326), (-600.0, 2639), (900.0, 0)]
)
def test_counts_of_the_die_s_temperature(celsius: float, count: int) -> None:
    """A straight line through both calibration points; twelve bits."""
    analog = powered(CcmAnalog)
    analog.set_temperature(celsius)
    analog.write(0x180, 2)
    assert analog.peek(0x180) == analog.read(0x180) == count << 8 | 1 << 2 | 2
    analog.set_temperature(-5000.0)
    assert analog.read(0x180) >> 8 == 0xFFF
    assert powered(CcmAnalog, temperature=105.0).celsius is None


def test_a_temperature_is_measured_when_it_is_powered_and_asked_for() -> None:
    """POWER_DOWN 0, MEASURE_TEMP 1; a look at the register measures nothing."""
    for control, finished in ((0, 0), (1, 0), (3, 0), (2, 4)):
        analog = powered(CcmAnalog)
        analog.write(0x180, control)
        assert analog.peek(0x180) & 4 == finished
        assert analog.TEMPSENSE0 & 4 == 0
        assert analog.read(0x180) & 4 == finished


@pytest.mark.parametrize(
    ("register", "shift", "beyond"), [(0x180, 20, False), (0x290, 16, False), (0x290, 0, True)]
)
def test_each_alarm_at_its_count(register: int, shift: int, beyond: bool) -> None:
    """Counts fall as it gets warmer: an alarm is due at its count, that for the cold beyond it."""
    for count in (1325, 1326, 1327):
        bench = Bench()
        analog = powered(CcmAnalog, bench, temperature=65.0)
        analog.write(0x180, 2)
        analog.write(register, count << shift | (2 if register == 0x180 else 0))
        assert bool(bench.gaps) == (count < 1326 if beyond else count >= 1326), count


# -- TRNG ------------------------------------------------------------------------------------------


def test_a_generation_ends_with_its_last_word_alone() -> None:
    """ENT15; reading the others, or looking, changes nothing."""
    trng = powered(Trng)
    trng.write(0x00, 0)
    first = [trng.read(0x40 + 4 * n) for n in range(15)]
    last = trng.peek(0x7C)
    assert [trng.read(0x40 + 4 * n) for n in range(15)] == first
    assert len({*first, last}) == 16
    assert trng.read(0x7C) == last
    assert [trng.read(0x40 + 4 * n) for n in range(15)] != first


def test_while_it_is_programmed_there_is_no_generation() -> None:
    """MCTL.PRGM is bit 16, ENT_VAL bit 10."""
    trng = powered(Trng)
    generation = trng.generation
    trng.write(0x00, 1 << 16)
    assert [trng.read(0x40 + 4 * n) for n in range(16)] == [0] * 16
    assert trng.generation == generation and not trng.read(0x00) & 1 << 10
    trng.write(0x00, 0)
    assert trng.read(0x00) & 1 << 10 and trng.read(0x40)


@pytest.mark.parametrize(("mode", "resets"), [(0x40, False), (1 << 16, False), (0x1_0040, True)])
def test_defaults_come_back_in_program_mode(mode: int, resets: bool) -> None:
    """RST_DEF is bit 6: limits from SCMISC to SCR6PL, and the mode, 7:0."""
    trng, fresh = powered(Trng), powered(Trng)
    trng.write(0x00, 1 << 16)
    offsets = range(0x04, 0x3C, 4)
    for offset in offsets:
        trng.write(offset, 0x123)
    trng.write(0xA0, 2)
    trng.write(0x00, mode | 0x8E)
    limits = [trng.read(offset) for offset in offsets]
    assert limits == ([fresh.read(offset) for offset in offsets] if resets else [0x123] * 14)
    assert trng.read(0x00) & 0xCF == (1 if resets else (mode | 0x8E) & 0xCF)
    assert trng.read(0xA0) == 2


@pytest.mark.parametrize("cause", list(ResetCause))
def test_no_reset_but_power_on_repeats_its_numbers(cause: ResetCause) -> None:
    trng = powered(Trng)
    trng.write(0x00, 0)
    before = trng.peek(0x40)
    trng.reset(cause)
    trng.write(0x00, 0)
    assert (trng.peek(0x40) == before) == (cause is ResetCause.POWER_ON)


# -- ADC -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "bits"), [(0, 8), (1, 10), (2, 12), (3, 12)])
@pytest.mark.parametrize("part", [0.0, 0.25, 0.5, 1.0, 2.0, -1.0])
def test_resolutions(mode: int, bits: int, part: float) -> None:
    """CFG.MODE; the reference itself is the highest code, and beyond both ends nothing changes."""
    adc = powered(Adc, reference=2.0)
    adc.set_level(15, 2.0 * part)
    adc.write(0x44, mode << 2)
    adc.write(0x00, 15)
    assert adc.read(0x20) == 1
    assert adc.read(0x24) == min(max(round(part * (1 << bits)), 0), (1 << bits) - 1)
    assert adc.read(0x20) == 0


def test_channels_of_the_converter() -> None:
    """25 is VREFSH, the reference itself; 31 is none; undriven ones are at 0 V."""
    adc = powered(Adc)
    for channel in range(16):
        adc.set_level(channel, 3.3 * (channel + 1) / 32)
    adc.write(0x44, 2 << 2)
    codes = []
    for channel in range(31):
        adc.write(0x00, channel)
        codes.append(adc.read(0x24))
    assert codes == [128 * (n + 1) for n in range(16)] + [0] * 9 + [4095] + [0] * 5
    adc.write(0x00, 31)
    assert adc.read(0x20) == 0
    for channel in (-1, 16):
        with pytest.raises(ValueError, match=f"a channel from 0 to 15, given {channel}"):
            adc.set_level(channel, 1.0)


def test_only_the_first_control_converts() -> None:
    """HC1 to HC7 belong to triggers by hardware; their results are not read by the first's."""
    bench = Bench()
    adc = powered(Adc, bench)
    adc.set_level(3, 3.3)
    adc.write(0x04, 0x83)
    assert adc.read(0x20) == 0 and not adc.IRQ.level and bench.gaps == []
    adc.write(0x00, 0x83)
    assert adc.read(0x28) == 0 and adc.read(0x20) == 1 and adc.IRQ.level
    adc.write(0x44, 1 << 13)
    adc.write(0x00, 0x1F)
    assert bench.gaps == []
    adc.write(0x00, 3)
    assert [gap.what for gap in bench.gaps] == ["HC: conversions triggered by hardware (ADC_ETC)"]


def test_a_calibration_is_over_at_once() -> None:
    """GC.CAL is bit 7 and reads 0; GS.CALF, bit 1, says that it failed."""
    adc = powered(Adc)
    adc.write(0x48, 1 << 7 | 1 << 5)
    assert adc.read(0x48) == 1 << 5 and adc.read(0x4C) == 0 and adc.read(0x20) == 1
    adc = powered(Adc)
    adc.write(0x48, 1 << 5)
    assert adc.read(0x20) == 0


# -- SEMC ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "value", "told"),
    [
        (0, 0x8000_001B, "BR0 puts an SDRAM of 32 MB at 0x80000000"),
        (3, 0x9000_0001, "BR3 puts an SDRAM of 0.00390625 MB at 0x90000000"),
        (1, 0x8123_4FFF, "BR1 puts an SDRAM of 8.38861e+06 MB at 0x81234000"),
        (0, 0x8000_001A, None),
        (4, 0x8000_001B, None),
        (0, 0x2000_001B, None),
    ],
)
def test_a_place_without_memory_is_told(index: int, value: int, told: str | None) -> None:
    """BR: VLD 0, MS 5:1 is 4 KB times a power of two, BA 31:12; the first four are SDRAM's."""
    bench = Bench()
    bench.bus.add(0x2000_0000, 4)
    powered(Semc, bench).write(0x10 + 4 * index, value)
    assert [d.message.split(",")[0] for d in bench.diagnostics] == [told] * (told is not None)


def test_a_software_reset_of_the_memory_controller_clears_itself() -> None:
    """MCR.SWRST is bit 0."""
    semc = powered(Semc)
    semc.write(0x00, 0x1000_0003)
    assert semc.read(0x00) == 0x1000_0002


def test_the_flag_of_a_command_interrupts_when_it_is_let_through() -> None:
    semc = powered(Semc)
    semc.write(0x9C, 0xA55A_000F)
    assert semc.read(0x9C) == 0xF and semc.read(0x3C) == 1 and not semc.IRQ.level
    semc.write(0x38, 1)
    assert semc.IRQ.level
    semc.write(0x3C, 0x3E)
    assert semc.IRQ.level
    semc.write(0x3C, 1)
    assert not semc.IRQ.level


# -- XBARA -----------------------------------------------------------------------------------------


def test_inputs_that_come_from_something() -> None:
    """0 and 1 are levels, 2 to 25 pads, 60 to 63 matches of the ENCs (MIMXRT1062.h)."""
    for number in range(128):
        bench = Bench()
        xbar = powered(Xbara, bench)
        xbar.write(2, number << 8 | 1, 2)
        is_there = number <= 25 or 60 <= number <= 63
        assert [gap.what for gap in bench.gaps] == [f"SEL[1]: input {number}"] * (not is_there)


@pytest.mark.parametrize("output", [0, 1, 66, 67, 130, 131])
def test_each_output_has_its_selector(output: int) -> None:
    """SEL n: 2n in 6:0, 2n + 1 in 14:8."""
    xbar = powered(Xbara)
    seen: list[bool] = []
    xbar.listen(output, seen.append)
    xbar.write(output // 2 * 2, 7 << 8 * (output % 2), 2)
    xbar.set_input(7, True)
    xbar.set_input(7, True)
    xbar.set_input(8, True)
    xbar.set_input(7, False)
    assert seen == [False, True, False]
    assert not xbar.level(output ^ 1)


@pytest.mark.parametrize(
    ("pad", "mode", "number"),
    [
        ("EMC_02", 3, 4), ("EMC_03", 3, 5), ("EMC_04", 3, 6), ("EMC_07", 3, 9), ("B0_12", 1, 10),
        ("B0_15", 1, 13), ("AD_B0_00", 1, 14), ("B1_03", 1, 17), ("AD_B0_06", 6, 18),
        ("EMC_14", 1, 19), ("EMC_00", 3, 2), ("EMC_01", 3, 3), ("EMC_15", 1, 20),
        ("EMC_16", 1, 21), ("AD_B0_14", 1, 24), ("AD_B0_15", 1, 25),
    ],
)  # fmt: skip
def test_pads_of_both_directions(pad: str, mode: int, number: int) -> None:
    """XBAR_INOUT04 to 19 are outputs by IOMUXC_GPR6, bit n + 12; 2, 3 and 20 to 25 never are."""
    bench = Bench()
    ports = {f"gpio{n}": Gpio(bench.system, name=f"gpio{n}") for n in range(1, 5)}
    iomuxc, gpr = Iomuxc(bench.system, **ports), IomuxcGpr(bench.system)
    xbar = Xbara(bench.system, iomuxc=iomuxc, gpr=gpr)
    iomuxc.write(0x14 + 4 * pad_of(pad), mode)
    port, pin = PLACES[pad_of(pad)]
    for direction in range(32):
        gpr.write(0x18, 1 << direction)
        seen = []
        for level in (0, 1, 0):
            xbar.write(number // 2 * 2, level << 8 * (number % 2), 2)
            seen.append(ports[f"gpio{port}"].level(pin))
        drives = 4 <= number <= 19 and direction == number + 12
        assert (seen == [0, 1, 0]) == drives, direction


# -- IOMUXC ----------------------------------------------------------------------------------------

BANKS = (("EMC", 32, 4, 0), ("EMC", 10, 3, 18), ("AD_B0", 16, 1, 0), ("AD_B1", 16, 1, 16),
         ("B0", 16, 2, 0), ("B1", 16, 2, 16), ("SD_B0", 6, 3, 12), ("SD_B1", 12, 3, 0))  # fmt: skip
"""IMXRT1060RM, table 10-1: pads in order, and the port and pin of the first of each group."""
PLACES = [(port, first + n) for _, count, port, first in BANKS for n in range(count)]


def test_every_pad_has_its_pin() -> None:
    """Each pad's pull-down reaches the pin that the table has, and no other one."""
    bench = Bench()
    ports = [Gpio(bench.system, name=f"gpio{n}") for n in range(1, 5)]
    iomuxc = Iomuxc(bench.system, **{f"gpio{n}": port for n, port in enumerate(ports, 1)})
    assert len(PLACES) == 124
    for pad in range(124):
        iomuxc.write(0x204 + 4 * pad, 0xF000)
    for pad, (port, pin) in enumerate(PLACES):
        iomuxc.write(0x204 + 4 * pad, 0x3000)
        low = [(n, ~one.read(0x08) & 0xFFFF_FFFF) for n, one in enumerate(ports, 1)]
        assert [(n, pins) for n, pins in low if pins] == [(port, 1 << pin)], pad
        iomuxc.write(0x204 + 4 * pad, 0xF000)
    names = {"EMC_41": 41, "AD_B0_00": 42, "AD_B1_15": 73, "B0_00": 74, "B1_15": 105,
             "SD_B0_05": 111, "SD_B1_00": 112, "SD_B1_11": 123}  # fmt: skip
    assert {name: pad_of(name) for name in names} == names


def test_pulls_after_a_reset() -> None:
    """SW_PAD_CTL_PAD: 30B0h on EMC_27, AD_B0_04 and 05 is a pull-down, others are up or keep."""
    bench = Bench()
    ports = [Gpio(bench.system, name=f"gpio{n}") for n in range(1, 5)]
    iomuxc = Iomuxc(bench.system, **{f"gpio{n}": port for n, port in enumerate(ports, 1)})
    iomuxc.reset(ResetCause.POWER_ON)
    low = [~port.read(0x08) & 0xFFFF_FFFF for port in ports]
    assert low == [1 << 4 | 1 << 5, 0, 0, 1 << 27]


def test_a_port_that_is_not_there_has_no_pads() -> None:
    bench = Bench()
    port = Gpio(bench.system, name="gpio2")
    iomuxc = Iomuxc(bench.system, gpio2=port)
    Xbara(bench.system, iomuxc=iomuxc)
    for pad in range(124):
        iomuxc.write(0x204 + 4 * pad, 0x3000)
        iomuxc.write(0x14 + 4 * pad, 1)
    assert port.read(0x08) == 0
    iomuxc.reset(ResetCause.POWER_ON)
    assert port.read(0x08) == 0xFFFF_FFFF


def test_the_input_path_does_not_select() -> None:
    """SION is bit 4 of a multiplexer, MUX_MODE 2:0."""
    bench = Bench()
    port = Gpio(bench.system, name="gpio2")
    iomuxc = Iomuxc(bench.system, gpio2=port)
    Xbara(bench.system, iomuxc=iomuxc)
    for value, function in ((0x15, False), (0x11, True), (0x05, False), (0x01, True)):
        iomuxc.write(0x14 + 4 * pad_of("B0_12"), value)
        assert (port.function(12) is not None) == function
