"""Small blocks of the Alif by its SVD file: eight pins of a port, sums and shifts of an ADC, the
backup RAM, semaphores."""

from __future__ import annotations

import pytest

from xipsim.peripherals.alif.adc import Adc12
from xipsim.peripherals.alif.backup import BackupRam
from xipsim.peripherals.alif.gpio import Gpio
from xipsim.peripherals.alif.hwsem import Hwsem
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench


@pytest.mark.parametrize("offset", [0x00, 0x04, 0x30, 0x34, 0x38, 0x3C, 0x48, 0x68])
def test_a_port_has_eight_pins(offset: int) -> None:
    gpio = Gpio(Bench().system)
    gpio.reset(ResetCause.POWER_ON)
    gpio.write(offset, 0xFFFF_FFFF)
    assert gpio.read(offset) == 0xFF
    gpio.write(offset, 0)
    assert gpio.read(offset) == 0


@pytest.mark.parametrize(
    ("volts", "samples", "shift", "right", "result"),
    [
        (0.0, 1, 0, 0, 0),
        (-1.0, 1, 0, 0, 0),
        (0.9, 1, 0, 0, 2048),
        (0.9, 0, 0, 0, 2048),
        (1.8, 1, 0, 0, 4095),
        (9.9, 1, 0, 0, 4095),
        (0.9, 16, 0, 0, 2048 * 16),
        (0.9, 16, 4, 1, 2048),
        (0.9, 1, 4, 0, 2048 << 4),
        (0.9, 256, 15, 0, (2048 * 256 << 15) & 0xFFFF_FFFF),
        (0.9, 256, 15, 1, 2048 * 256 >> 15),
    ],
)
@pytest.mark.parametrize("channel", [0, 8])
def test_a_sum_is_shifted(
    volts: float, samples: int, shift: int, right: int, result: int, channel: int
) -> None:
    """AVG_NUM, SHIFT_CONTROL: 3:0 and right at bit 16; SAMPLE_REG[n] at 50h + 4 n."""
    adc = Adc12(Bench().system)
    adc.reset(ResetCause.POWER_ON)
    adc.set_level(channel, volts * adc.reference / 1.8)
    for offset, value in (
        (0x00, 1 << 7),
        (0x20, samples),
        (0x24, shift | right << 16),
        (0x34, channel << 12 | 1 << 16),
        (0x30, 1),
    ):
        adc.write(offset, value)
    assert adc.read(0x50 + 4 * channel) == result and adc.read(0x3C) == channel
    assert adc.read(0x10) & 3 == 3 and adc.read(0x30) & 1 == 0
    assert sum(adc.read(0x50 + 4 * n) for n in range(9)) == result


def test_the_backup_ram_has_four_kilobytes() -> None:
    bench = Bench()
    ram = BackupRam(bench.system)
    ram.reset(ResetCause.POWER_ON)
    assert BackupRam.capacity({}) == len(ram.contents()) == 4096
    ram.write(0xFFC, 0x4433_2211)
    seen = [ram.peek(0xFFC, 4), ram.peek(0xFFD, 1), ram.peek(0xFFE, 2)]
    assert seen == [0x4433_2211, 0x22, 0x4433]
    assert ram.contents()[-4:] == bytes.fromhex("11 22 33 44") and bench.events == []


def test_a_reset_takes_semaphores_and_their_lines_back() -> None:
    semaphores = Hwsem(Bench().system)
    semaphores.write(0x00, 7)
    semaphores.write(0x10, 8)
    semaphores.write(0x14, 8)
    assert semaphores.lines["1"].level and semaphores.read(0x04) == 1
    semaphores.reset(ResetCause.WATCHDOG)
    assert not semaphores.lines["1"].level and semaphores.read(0x00) == semaphores.read(0x04) == 0


def test_only_bit_0_resets_a_semaphore() -> None:
    semaphores = Hwsem(Bench().system)
    semaphores.write(0x10, 8)
    semaphores.write(0x18, 0xFFFF_FFFE)
    assert (semaphores.read(0x10), semaphores.read(0x14)) == (8, 1)
    semaphores.write(0x18, 1)
    assert (semaphores.read(0x10), semaphores.read(0x14)) == (0, 0)


@pytest.mark.parametrize("channel", [9, 15])
def test_an_input_that_is_not_there_is_told(channel: int) -> None:
    bench = Bench()
    adc = Adc12(bench.system)
    adc.reset(ResetCause.POWER_ON)
    for offset, value in ((0x00, 1 << 7), (0x34, channel << 12 | 1 << 16), (0x30, 1)):
        adc.write(offset, value)
    assert [d.message for d in bench.diagnostics] == [f"there is no input {channel}, only 0 to 8"]
    assert adc.read(0x10) & 3 == 0
