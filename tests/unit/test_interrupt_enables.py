"""Each flag shows on the interrupt line by its own enable bit and by no other.

MIMXRT1062.h and IMXRT1060RM; Alif's SVD file and canfd.h. A flag is put into its register by hand:
how it comes there is the business of each model's own tests.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from xipsim.peripherals.alif.adc import Adc12
from xipsim.peripherals.alif.canfd import CanFd
from xipsim.peripherals.alif.utimer import Utimer
from xipsim.peripherals.can.bus import CanBus
from xipsim.peripherals.core import Peripheral, ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.adc import Adc
from xipsim.peripherals.imxrt.enc import Enc
from xipsim.peripherals.imxrt.enet import Enet
from xipsim.peripherals.imxrt.flexcan import FlexCan
from xipsim.peripherals.imxrt.lpi2c import Lpi2c
from xipsim.peripherals.imxrt.lpspi import Lpspi
from xipsim.peripherals.imxrt.lpuart import Lpuart
from xipsim.peripherals.imxrt.sai import Sai
from xipsim.peripherals.imxrt.usb import Usb
from xipsim.peripherals.imxrt.usdhc import Usdhc


class Flags(NamedTuple):
    """Flags of a register, by bit, and the bit that enables each in another or the same one."""

    model: type[Peripheral]
    flags: int
    enables: int
    pairs: dict[int, int]
    line: str = "IRQ"
    size: int = 4
    masks: bool = False
    """Ones mask."""


def same(*bits: int) -> dict[int, int]:
    return {bit: bit for bit in bits}


GROUPS = {
    "lpuart errors": Flags(Lpuart, 0x14, 0x18, {20: 20, 19: 27, 18: 26, 17: 25, 16: 24}),
    "lpuart fifo": Flags(Lpuart, 0x28, 0x28, {16: 8, 17: 9}),
    "lpspi": Flags(Lpspi, 0x14, 0x18, same(*range(8, 14))),
    "lpi2c": Flags(Lpi2c, 0x14, 0x18, same(*range(8, 15))),
    "lpi2c target": Flags(Lpi2c, 0x114, 0x118, same(*range(8, 12), 15)),
    "sai sends": Flags(Sai, 0x08, 0x08, {18: 10}, "TX"),
    "sai receives": Flags(Sai, 0x88, 0x88, {18: 10}, "RX"),
    "enc": Flags(Enc, 0x00, 0x00, {8: 7, 15: 14, 1: 0}, size=2),
    "enc rolls": Flags(Enc, 0x1E, 0x1E, {5: 4, 7: 6}, size=2),
    "enet": Flags(Enet, 0x04, 0x08, same(*range(15, 31))),
    "usdhc": Flags(Usdhc, 0x30, 0x38, same(*range(9), 12, *range(16, 23), 24, 26, 28)),
    "usb": Flags(Usb, 0x144, 0x148, same(*range(9), 16, 18, 19, 24, 25)),
    "usb otg": Flags(Usb, 0x1A4, 0x1A4, {bit: bit + 8 for bit in range(16, 23)}),
    "flexcan": Flags(FlexCan, 0x30, 0x28, same(*range(32))),
    "flexcan upper": Flags(FlexCan, 0x2C, 0x24, same(*range(32))),
    "flexcan errors": Flags(FlexCan, 0x20, 0x04, {1: 14, 2: 15, 16: 10, 17: 11}),
    "canfd": Flags(CanFd, 0xA5, 0xA4, same(*range(1, 8)), size=1),
    "canfd errors": Flags(CanFd, 0xA6, 0xA6, {0: 1, 4: 5}, size=1),
    "adc done": Flags(Adc12, 0x10, 0x14, same(0), "DONE0_IRQ", masks=True),
    "adc all done": Flags(Adc12, 0x10, 0x14, same(1), "DONE1_IRQ", masks=True),
    "adc threshold a": Flags(Adc12, 0x10, 0x14, same(2), "CMPA_IRQ", masks=True),
    "adc threshold b": Flags(Adc12, 0x10, 0x14, same(3), "CMPB_IRQ", masks=True),
}


def made(kind: type[Peripheral]) -> Any:
    system = Bench().system
    parameters = {"bus": CanBus(system)} if kind in (FlexCan, CanFd) else {}
    model = kind(system, **parameters)
    model.reset(ResetCause.POWER_ON)
    if kind in (FlexCan, CanFd):
        model.write(0x00 if kind is FlexCan else 0xA0, 0x0000_000F if kind is FlexCan else 0)
    return model


@pytest.mark.parametrize("name", GROUPS)
def test_each_flag_by_its_own_enable(name: str) -> None:
    group = GROUPS[name]
    everything = sum(1 << bit for bit in set(group.pairs.values()))
    for flag, enable in group.pairs.items():
        for enabled, shows in ((0, 0), (1 << enable, 1), (everything & ~(1 << enable), 0)):
            model = made(group.model)
            kept = model.peek(group.enables, group.size) & ~(everything | 1 << flag)
            model.regs[group.flags] |= 1 << flag
            value = ~enabled & 0xF if group.masks else kept | enabled
            model.write(group.enables, value, group.size)
            assert getattr(model, group.line).level == bool(shows), (flag, enabled)


@pytest.mark.parametrize("channel", [0, 7, 11])
def test_each_event_of_a_channel_has_a_line_and_a_mask(channel: int) -> None:
    """UTIMER: CHAN_INTERRUPT and CHAN_INTERRUPT_MASK, eight bits; all are masked at first."""
    for bit in range(8):
        timer = made(Utimer)
        base = 0x1000 * (channel + 1)
        assert timer.read(base + 0x11C) == 0xFF
        timer.regs[base + 0x118] = 1 << bit
        timer.write(base + 0x11C, 0xFF)
        assert not any(line.level for line in timer.lines.values())
        timer.write(base + 0x11C, 0xFF & ~(1 << bit))
        assert sum(line.level for line in timer.lines.values()) == 1
        assert list(timer.lines.values())[8 * channel + bit].level


def test_a_conversion_interrupts_where_it_is_asked_to() -> None:
    """HC0.AIEN is bit 7; GC.CAL completes without it, too."""
    for value, level in ((3, False), (8, False), (0x83, True), (0x1F, False), (0x9F, False)):
        adc = made(Adc)
        adc.write(0x00, value)
        assert adc.IRQ.level is level
        assert adc.read(0x20) & 1 == (value & 0x1F != 0x1F)
