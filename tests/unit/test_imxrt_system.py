"""Clocks, power, pins, fuses, random numbers, ADC, empty SD slot, SEMC of the RT1062.

Expected values: imxrt.md 5.2 to 5.9; reset values besides from NXP's SVD file of the RT1062.
"""

from __future__ import annotations

from typing import Any

import pytest

from xipsim.peripherals.core import Peripheral, ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.adc import Adc
from xipsim.peripherals.imxrt.ccm import Ccm
from xipsim.peripherals.imxrt.ccm_analog import CcmAnalog
from xipsim.peripherals.imxrt.dcdc import Dcdc
from xipsim.peripherals.imxrt.flexram import FlexRam
from xipsim.peripherals.imxrt.gpc import Gpc
from xipsim.peripherals.imxrt.iomuxc import Iomuxc, IomuxcGpr, IomuxcSnvs, IomuxcSnvsGpr
from xipsim.peripherals.imxrt.ocotp import Ocotp
from xipsim.peripherals.imxrt.semc import Semc
from xipsim.peripherals.imxrt.snvs import Snvs
from xipsim.peripherals.imxrt.src import Src
from xipsim.peripherals.imxrt.trng import Trng
from xipsim.peripherals.imxrt.usdhc import Usdhc


def powered(bench: Bench, model: type[Peripheral], **parameters: Any) -> Any:
    instance = model(bench.system, **parameters)
    instance.reset(ResetCause.POWER_ON)
    return instance


@pytest.fixture
def bench() -> Bench:
    return Bench()


RESET_VALUES: dict[type[Peripheral], dict[int, int]] = {
    Ccm: {
        0x00: 0x0401107F,
        0x0C: 0x100,
        0x10: 1,
        0x14: 0x000A8300,
        0x18: 0x2DAE8324,
        0x1C: 0x04900000,
        0x20: 0x13192F06,
        0x24: 0x06490B00,
        0x28: 0x0EC102C1,
        0x2C: 0x007336C1,
        0x30: 0x33F71F92,
        0x38: 0x00029150,
        0x3C: 0x00030841,
        0x48: 0,
        0x54: 0x79,
        0x5C: 0xFFFFFFFF,
        0x60: 0x000A0001,
        0x64: 0xFE62,
        0x68: 0xFFFFFFFF,
        0x6C: 0xFFFFFFFF,
        0x70: 0xFC3FFFFF,
        0x74: 0xFFFFFFCF,
        0x78: 0xFFFFFFFF,
        0x7C: 0xFFFFFFFF,
        0x80: 0xFFFFFFFF,
        0x84: 0xFFFFFFFF,
        0x88: 0xFFFFFFFF,
    },
    CcmAnalog: {
        0x00: 0x13063,
        0x10: 0x12000,
        0x20: 0x12000,
        0x30: 0x13001,
        0x60: 0x12,
        0x70: 0x11006,
        0xA0: 0x1100C,
        0xE0: 0x11001,
        0xF0: 0x1311100C,
        0x100: 0x1018101B,
        0x170: 0x00272727,
        0x180: 0x1,
        0x2A0: 0x1020,
        0x2B0: 0x2EE,
        0x2C0: 0x102E2,
    },
    Dcdc: {0x4: 0x111BA29C, 0x8: 0x4009, 0xC: 0x10E},
    Gpc: {0x0: 0x520000, 0x224: 0xF01, 0x2A8: 0x101},
    Src: {0x0: 0xA0480520},
    FlexRam: {0x0: 0, 0x10: 0},
    Iomuxc: {
        0x14: 5,
        0xC8: 5,
        0xCC: 0,
        0xE8: 0,
        0xEC: 5,
        0x200: 5,
        0x204: 0x10B0,
        0x270: 0x30B0,
        0x2B8: 0x10B0,
        0x2BC: 0x30B0,
        0x2CC: 0xB0A0,
        0x2D4: 0x90B1,
        0x2D8: 0x70A0,
        0x2DC: 0x10B0,
        0x3F0: 0x10B0,
        0x3F4: 0,
        0x658: 0,
        0x65C: 0,
        0x660: 5,
        0x690: 0,
        0x6AC: 5,
        0x6B0: 0,
        0x708: 0x10B0,
        0x78C: 0,
    },
    IomuxcGpr: {0x0C: 0xF0F0, 0x28: 7, 0x3C: 0xFFFFFFFF, 0x40: 0x200003, 0x84: 7, 0x88: 0},
    IomuxcSnvs: {0x0: 5, 0x4: 0, 0x8: 0, 0xC: 0x30A0, 0x10: 0x1B0A0, 0x1C: 0xB8A0, 0x20: 0xA0A0},
    IomuxcSnvsGpr: {0xC: 0},
    Ocotp: {0x10: 0x0C0D9755, 0x90: 0x03000000, 0x100: 0x01C30092},
    Trng: {0x0: 0x12001, 0x10: 0x0C8009C4, 0x20: 0x010C0568, 0x38: 0x2E002F, 0xF0: 0x300301},
    Adc: {0x00: 0x1F, 0x1C: 0x1F, 0x20: 0, 0x44: 0x200},
    Usdhc: {0x28: 0x08800020, 0x2C: 0x0080800F, 0x40: 0x07F3B407, 0xC0: 0x20007809},
    Semc: {0x0: 0x10000002, 0x10: 0x8000001D, 0x30: 0x26, 0x40: 0xC26, 0xC0: 1, 0xF4: 0x100},
}


@pytest.mark.parametrize("model", RESET_VALUES, ids=lambda model: model.TYPE)
def test_reset_values(bench: Bench, model: type[Peripheral]) -> None:
    block = powered(bench, model)
    values = {offset: block.read(offset) for offset in RESET_VALUES[model]}
    assert values == RESET_VALUES[model]
    assert bench.events == []


@pytest.mark.parametrize(
    ("model", "holes"),
    [
        (Snvs, [0x8C, 0x120]),
        (IomuxcSnvs, [0x24]),
        (IomuxcSnvsGpr, [0x10]),
        (IomuxcGpr, [0x8C]),
    ],
)
def test_what_lies_behind_an_array_is_no_register(
    bench: Bench, model: type[Peripheral], holes: list[int]
) -> None:
    """MIMXRT1062.h: RESERVED members, and the ends of blocks."""
    block = powered(bench, model)
    for hole in holes:
        assert block.read(hole) == 0
    assert len(bench.gaps) == len(holes)


# -- clocks and power -----------------------------------------------------------------------------


@pytest.mark.parametrize("pll", [0x00, 0x30, 0x70, 0xA0, 0xE0])
def test_a_pll_locks_when_it_is_powered(bench: Bench, pll: int) -> None:
    analog = powered(bench, CcmAnalog)
    analog.write(pll, 0x2064)
    assert analog.read(pll) == 0x8000_2064
    analog.write(pll + 4, 0x1000)
    assert analog.read(pll) == 0x3064


@pytest.mark.parametrize("pll", [0x10, 0x20])
def test_a_usb_pll_has_a_power_bit_instead(bench: Bench, pll: int) -> None:
    analog = powered(bench, CcmAnalog)
    analog.write(pll + 4, 0x1040)
    assert analog.read(pll) == 0x8001_3040


@pytest.mark.parametrize("offset", [0x50, 0x60, 0xF0, 0x100])
def test_no_lock_bit_outside_the_plls(bench: Bench, offset: int) -> None:
    analog = powered(bench, CcmAnalog)
    before = analog.read(offset)
    analog.write(0x00, 0x2064)
    assert analog.read(offset) == before


def test_pfd_gates_are_stored(bench: Bench) -> None:
    analog = powered(bench, CcmAnalog)
    analog.write(0xF4, 0x8000_0000)
    assert analog.read(0xF0) == 0x9311_100C
    analog.write(0xF8, 0x8000_0000)
    assert analog.read(0xF0) == 0x1311_100C


def test_crystal_and_regulators_report_ready(bench: Bench) -> None:
    analog = powered(bench, CcmAnalog)
    assert analog.read(0x270) & 1 << 16
    assert not analog.read(0x150) & 1 << 15
    analog.write(0x158, 1 << 30)
    analog.write(0x154, 1 << 16)
    assert analog.read(0x150) & 1 << 15
    assert analog.read(0x110) & 1 << 17
    analog.write(0x120, 0x1701)
    assert analog.read(0x120) == 0x2_1701


def test_ccm_is_never_busy_and_dcdc_always_in_regulation(bench: Bench) -> None:
    ccm, dcdc = powered(bench, Ccm), powered(bench, Dcdc)
    ccm.write(0x14, 0x000A_8200)
    dcdc.write(0xC, 0x113)
    assert ccm.read(0x48) == 0
    assert dcdc.read(0x0) & 1 << 31
    assert bench.events == []


def test_low_power_modes_are_a_gap(bench: Bench) -> None:
    ccm = powered(bench, Ccm)
    ccm.write(0x54, 0x78)
    assert bench.gaps == []
    ccm.write(0x54, 0x7A)
    assert len(bench.gaps) == 1


def test_the_flexram_sequence_of_the_reset_handler(bench: Bench) -> None:
    gpr = powered(bench, IomuxcGpr)
    gpr.write(0x44, 0x5555_AAFF)
    gpr.write(0x40, gpr.read(0x40) | 4)
    assert (gpr.read(0x44), gpr.read(0x40)) == (0x5555_AAFF, 0x0020_0007)
    assert bench.events == []


# -- temperature ----------------------------------------------------------------------------------


def celsius(analog: CcmAnalog, ocotp: Ocotp) -> float:
    """The conversion that NXP publishes for TEMPMON."""
    fuse = ocotp.read(0x4E0)
    hot, hot_count, room_count = fuse & 0xFF, fuse >> 8 & 0xFFF, fuse >> 20
    analog.write(0x188, 1)
    analog.write(0x184, 2)
    sense = analog.read(0x180)
    assert sense & 4
    return hot - ((sense >> 8 & 0xFFF) - hot_count) * (hot - 25) / (room_count - hot_count)


@pytest.mark.parametrize("temperature", [-20.0, 25.0, 38.0, 90.0])
def test_the_die_has_the_temperature_that_was_set(bench: Bench, temperature: float) -> None:
    analog, ocotp = powered(bench, CcmAnalog), powered(bench, Ocotp)
    analog.set_temperature(temperature)
    assert celsius(analog, ocotp) == pytest.approx(temperature, abs=0.5)


@pytest.mark.parametrize(
    ("temperature", "gaps"),
    [(38.0, []), (86.0, ["ALARM_VALUE"]), (91.0, ["ALARM_VALUE", "PANIC_ALARM_VALUE"]),
     (-25.0, ["LOW_ALARM_VALUE"])],
)  # fmt: skip
def test_an_alarm_that_is_due_is_a_gap(bench: Bench, temperature: float, gaps: list[str]) -> None:
    """Teensyduino's tempmon.c sets those of 85, 90 and -20 degrees, by NXP's formula."""
    analog, ocotp = powered(bench, CcmAnalog), powered(bench, Ocotp)
    fuse = ocotp.read(0x4E0)
    hot, hot_count, room_count = fuse & 0xFF, fuse >> 8 & 0xFFF, fuse >> 20

    def count(celsius: float) -> int:
        return int(hot_count + (hot - celsius) * (room_count - hot_count) / (hot - 25))

    analog.write(0x188, 1)
    analog.write(0x184, count(85) << 20)
    analog.write(0x294, count(90) << 16)
    analog.write(0x294, count(-20))
    analog.write(0x184, 2)
    assert bench.gaps == []
    analog.set_temperature(temperature)
    assert [gap.what.partition(":")[0].partition(".")[2] for gap in bench.gaps] == gaps


def test_no_measurement_while_powered_down(bench: Bench) -> None:
    analog = powered(bench, CcmAnalog)
    analog.write(0x184, 2)
    assert not analog.read(0x180) & 4


# -- fuses ----------------------------------------------------------------------------------------


def unique_id(ocotp: Ocotp) -> str:
    """`machine.unique_id().hex()`: CFG0 and CFG1 as eight bytes in memory."""
    return b"".join(ocotp.read(o).to_bytes(4, "little") for o in (0x410, 0x420)).hex()


def test_unique_id_as_given(bench: Bench) -> None:
    assert unique_id(powered(bench, Ocotp, uid="0123456789abcdef")) == "0123456789abcdef"


def test_unique_id_from_the_seed() -> None:
    ids = [unique_id(powered(Bench(seed), Ocotp)) for seed in (1, 1, 2)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("uid", ["12", "0123456789abcdeg", "0123456789abcdef00"])
def test_a_malformed_unique_id_is_refused(bench: Bench, uid: str) -> None:
    with pytest.raises(ValueError, match="16 hexadecimal digits"):
        Ocotp(bench.system, uid=uid)


def test_shadow_registers_reload_from_the_fuses(bench: Bench) -> None:
    ocotp = powered(bench, Ocotp, uid="0123456789abcdef")
    ocotp.write(0x410, 0)
    ocotp.write(0x670, 5)
    ocotp.write(0x04, 1 << 10)
    assert unique_id(ocotp) == "0123456789abcdef"
    assert ocotp.read(0x670) == 0
    assert ocotp.read(0x00) & (1 << 10 | 1 << 8) == 0


def test_a_fuse_is_read_past_its_shadow(bench: Bench) -> None:
    ocotp = powered(bench, Ocotp, uid="0123456789abcdef")
    ocotp.write(0x410, 0)
    ocotp.write(0x08, 0x3F)
    ocotp.write(0x04, 0x01)
    ocotp.write(0x30, 1)
    assert ocotp.read(0x40) == 0x67452301


def test_burning_a_fuse_is_a_gap(bench: Bench) -> None:
    ocotp = powered(bench, Ocotp)
    ocotp.write(0x04, 0x3E77_0026)
    ocotp.write(0x20, 1)
    assert len(bench.gaps) == 1


# -- random numbers -------------------------------------------------------------------------------


def entropy(trng: Trng) -> list[int]:
    """Start a generation by reading the last word, then read all."""
    trng.read(0x7C)
    assert trng.read(0x00) & 0x1400 == 0x400, "ENT_VAL without ERR"
    return [trng.read(offset) for offset in range(0x40, 0x80, 4)]


def running(bench: Bench) -> Trng:
    trng: Trng = powered(bench, Trng)
    trng.write(0x00, 0x12440)
    trng.write(0x00, 0x2440)
    return trng


def test_entropy_differs_from_one_generation_to_the_next(bench: Bench) -> None:
    trng = running(bench)
    first, second = entropy(trng), entropy(trng)
    assert len({*first, *second}) == 32


def test_entropy_comes_from_the_seed() -> None:
    runs = [entropy(running(Bench(seed))) for seed in (7, 7, 8)]
    assert runs[0] == runs[1] != runs[2]


def test_a_reset_does_not_repeat_entropy(bench: Bench) -> None:
    trng = running(bench)
    before = trng.read(0x40)
    trng.reset(ResetCause.SOFTWARE)
    trng.write(0x00, 0x2001)
    assert trng.read(0x40) != before


def test_a_snapshot_repeats_entropy(bench: Bench) -> None:
    trng = running(bench)
    entropy(trng)
    saved = trng.save()
    once = entropy(trng)
    trng.load(saved)
    assert entropy(trng) == once


def test_no_entropy_while_it_is_programmed(bench: Bench) -> None:
    trng = powered(bench, Trng)
    assert trng.read(0x00) & 0x400 == 0 and trng.read(0x40) == 0


def test_reset_defaults_restores_the_limits(bench: Bench) -> None:
    trng = powered(bench, Trng)
    trng.write(0x10, 0x1234)
    trng.write(0x00, 0x10040)
    assert trng.read(0x10) == 0x0C80_09C4
    assert trng.read(0x00) & 0x43 == 1


# -- ADC ------------------------------------------------------------------------------------------


def test_calibration_as_the_firmware_does_it(bench: Bench) -> None:
    adc = powered(bench, Adc)
    adc.write(0x44, 0xB)
    adc.write(0x48, 1)
    adc.write(0x4C, 2)
    adc.write(0x48, adc.read(0x48) | 0x80)
    assert adc.read(0x48) == 1 and adc.read(0x20) & 1 and not adc.read(0x4C) & 2
    adc.read(0x24)
    assert adc.read(0x20) == 0
    assert bench.events == []


@pytest.mark.parametrize(
    ("volts", "mode", "counts"),
    [(0.0, 2, 0), (1.65, 2, 2048), (3.3, 2, 4095), (5.0, 2, 4095), (1.65, 0, 128), (1.65, 1, 512)],
)
def test_a_conversion_reads_the_level_of_its_channel(
    bench: Bench, volts: float, mode: int, counts: int
) -> None:
    adc = powered(bench, Adc)
    adc.set_level(7, volts)
    adc.write(0x44, mode << 2)
    adc.write(0x00, 7)
    assert adc.read(0x20) & 1
    assert adc.read(0x24) == counts
    assert adc.read(0x20) & 1 == 0


def test_conversion_interrupt(bench: Bench) -> None:
    adc = powered(bench, Adc)
    adc.write(0x00, 0x80 | 3)
    assert adc.IRQ.level
    adc.read(0x24)
    assert not adc.IRQ.level


def test_levels_belong_to_the_board_not_to_the_chip(bench: Bench) -> None:
    adc, other = powered(bench, Adc), powered(bench, Adc)
    adc.set_level(0, 3.3)
    adc.reset(ResetCause.SOFTWARE)
    results = []
    for converter in (adc, other):
        converter.write(0x44, 0x8)
        converter.write(0x00, 0)
        results.append(converter.read(0x24))
    assert results == [4095, 0]


def test_a_channel_that_does_not_exist_is_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match="0 to 15, given 16"):
        powered(bench, Adc).set_level(16, 1.0)


def test_hardware_triggers_are_a_gap(bench: Bench) -> None:
    adc = powered(bench, Adc)
    adc.write(0x44, 1 << 13)
    adc.write(0x04, 3)
    assert len(bench.gaps) == 1


# -- SD slot and external memory ------------------------------------------------------------------


def test_an_empty_slot(bench: Bench) -> None:
    usdhc = powered(bench, Usdhc)
    state = usdhc.read(0x24)
    assert state & 1 << 3 and not state & (1 << 16 | 1 << 27)


def test_software_resets_clear_themselves(bench: Bench) -> None:
    usdhc = powered(bench, Usdhc)
    usdhc.write(0x08, 0x1AA)
    usdhc.write(0x2C, usdhc.read(0x2C) | 0x0F00_0000)
    assert usdhc.read(0x2C) == 0x0080_800F
    assert usdhc.read(0x08) == 0


def test_a_command_without_a_card_times_out(bench: Bench) -> None:
    usdhc = powered(bench, Usdhc)
    usdhc.write(0x34, 0xFFFF_FFFF)
    usdhc.write(0x38, 0x0001_0000)
    usdhc.write(0x0C, 0x0000_0000)
    bench.clock.advance(1_000_000)
    assert usdhc.read(0x30) == 1 and not usdhc.IRQ.level
    usdhc.write(0x30, 1)
    usdhc.write(0x0C, 0x081A_0000)
    bench.clock.advance(1_000_000)
    assert usdhc.read(0x30) == 1 << 16 and usdhc.IRQ.level
    usdhc.write(0x30, 1 << 16)
    assert usdhc.read(0x30) == 0 and not usdhc.IRQ.level


def test_flags_that_are_not_enabled_stay_clear(bench: Bench) -> None:
    usdhc = powered(bench, Usdhc)
    usdhc.write(0x0C, 0x081A_0000)
    bench.clock.advance(1_000_000)
    assert usdhc.read(0x30) == 0


def test_the_sdram_set_up_of_the_firmware(bench: Bench) -> None:
    semc = powered(bench, Semc)
    semc.write(0x00, semc.read(0x00) | 1)
    assert not semc.read(0x00) & 1
    for command in (0xF, 0xC, 0xC, 0xA):
        semc.write(0x3C, 1)
        semc.write(0x9C, 0xA55A_0000 | command)
        assert semc.read(0x3C) == 1
    assert semc.read(0xC0) & 1
    assert bench.events == []


def test_an_sdram_that_the_board_lacks_is_told(bench: Bench) -> None:
    """BRn by fsl_semc.c: base, 2^MS * 4 KB, valid. A board for which firmware was built has one."""
    semc = powered(bench, Semc)
    semc.write(0x10, 0x8000_001A)  # 32 MB, not valid
    semc.write(0x20, 0x9000_001B)  # no SDRAM: the NAND's
    assert bench.events == []
    semc.write(0x10, 0x8000_001B)
    ((rule, text),) = [(d.rule, d.message) for d in bench.diagnostics]
    assert rule == "no-sdram"
    assert text == "BR0 puts an SDRAM of 32 MB at 0x80000000, where this board has no memory"
    bench.diagnostics.clear()
    bench.bus.add(0x8000_0000, 0x1000)
    semc.write(0x10, 0x8000_001B)
    assert bench.events == []


def test_a_command_without_its_key_is_ignored(bench: Bench) -> None:
    semc = powered(bench, Semc)
    semc.write(0x9C, 0xF)
    assert semc.read(0x3C) == 0
    assert [d.rule for d in bench.diagnostics] == ["semc-key"]


# -- all of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", RESET_VALUES, ids=lambda model: model.TYPE)
def test_a_snapshot_restores_every_register(bench: Bench, model: type[Peripheral]) -> None:
    block = powered(bench, model)
    saved = block.save()
    for offset in [register.offset for register in block.registers()]:
        block.write(offset, 0x5A5A_5A5A)
    block.load(saved)
    assert block.save() == saved
