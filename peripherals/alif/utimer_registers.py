"""The register table of UTIMER. (Alif's Ensemble CMSIS DFP, utimer.h, and SVD file)"""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import Outputs, Peripheral, Register, RegisterArray, hertz

CHANNELS = 16
WITH_INTERRUPTS = 12
"""Channels 12 to 15 count quadrature signals, with interrupts of their own."""
STRIDE = 0x1000

_TRIGGER = "triggers from pins and events"
_CAPTURE = "capture"
_BUFFERS = "dead time and second buffers"
_DRIVERS = "dead time, faults and forced levels of the output drivers"
_DOUBLE = "double buffers"


def _channels(offset: int, **keywords: Any) -> RegisterArray:
    """One register in each channel's block."""
    return RegisterArray(0x1000 + offset, CHANNELS, stride=STRIDE, **keywords)


class UtimerRegisters(Peripheral):
    """Global registers, and a block of them for each channel."""

    SIZE = 0x1_1000

    frequency_hz = hertz("clock of the counters in Hz", default=400_000_000)

    IRQS = Outputs(WITH_INTERRUPTS * 8, "interrupt 8 * channel + bit of CHAN_INTERRUPT")

    GLB_CNTR_START = Register(0x00)
    GLB_CNTR_STOP = Register(0x04)
    GLB_CNTR_CLEAR = Register(0x08)
    GLB_CNTR_RUNNING = Register(0x0C, ro=True)
    GLB_DRIVER_OEN = Register(0x10)
    GLB_CLOCK_ENABLE = Register(0x20)

    START_0_SRC = _channels(0x00, unmodelled=_TRIGGER)
    START_1_SRC = _channels(0x04)
    STOP_0_SRC = _channels(0x08, unmodelled=_TRIGGER)
    STOP_1_SRC = _channels(0x0C)
    CLEAR_0_SRC = _channels(0x10, unmodelled=_TRIGGER)
    CLEAR_1_SRC = _channels(0x14)
    UP_0_SRC = _channels(0x18, unmodelled=_TRIGGER)
    UP_1_SRC = _channels(0x1C, unmodelled=_TRIGGER)
    DOWN_0_SRC = _channels(0x20, unmodelled=_TRIGGER)
    DOWN_1_SRC = _channels(0x24, unmodelled=_TRIGGER)
    TRIG_CAPTURE_SRC_A_0 = _channels(0x28, unmodelled=_CAPTURE)
    TRIG_CAPTURE_SRC_A_1 = _channels(0x2C, unmodelled=_CAPTURE)
    TRIG_CAPTURE_SRC_B_0 = _channels(0x30, unmodelled=_CAPTURE)
    TRIG_CAPTURE_SRC_B_1 = _channels(0x34, unmodelled=_CAPTURE)
    DMA_CLEAR_SRC_A_0 = _channels(0x38, unmodelled=_TRIGGER)
    DMA_CLEAR_SRC_A_1 = _channels(0x3C, unmodelled=_TRIGGER)
    DMA_CLEAR_SRC_B_0 = _channels(0x40, unmodelled=_TRIGGER)
    DMA_CLEAR_SRC_B_1 = _channels(0x44, unmodelled=_TRIGGER)
    CNTR_PAUSE_SRC = _channels(0x48, unmodelled=_TRIGGER)
    CNTR_CTRL = _channels(0x80)
    CNTR_TYPE = CNTR_CTRL.field(2, 3, unmodelled="one-shot and triangle counting")
    FILTER_CTRL_A = _channels(0x84)
    FILTER_CTRL_B = _channels(0x88)
    COMPARE_CTRL_A = _channels(0x8C)
    COMPARE_CTRL_B = _channels(0x90)
    BUF_OP_CTRL = _channels(0x94)
    CAPTURE_BUF_EN = BUF_OP_CTRL.field(0, unmodelled=_CAPTURE)
    CNTR_BUF_EN = BUF_OP_CTRL.field(1)
    COMPARE_BUF_EN = BUF_OP_CTRL.field(2)
    CAPTURE_BUF_OP = BUF_OP_CTRL.field(16, 4, unmodelled=_CAPTURE)
    CNTR_BUF_OP = BUF_OP_CTRL.field(20)
    CNTR_DOUBLE = BUF_OP_CTRL.field(21, unmodelled=_DOUBLE)
    FORCE_COMPARE_BUF = BUF_OP_CTRL.field(22, unmodelled=_DOUBLE)
    COMPARE_A_BUF_EVENT = BUF_OP_CTRL.field(24, 2)
    COMPARE_A_DOUBLE = BUF_OP_CTRL.field(26, unmodelled=_DOUBLE)
    COMPARE_B_BUF_EVENT = BUF_OP_CTRL.field(28, 2)
    COMPARE_B_DOUBLE = BUF_OP_CTRL.field(30, unmodelled=_DOUBLE)
    CNTR = _channels(0xA0, neutral=True)
    CNTR_PTR = _channels(0xA4)
    CNTR_PTR_BUF1 = _channels(0xA8)
    CNTR_PTR_BUF2 = _channels(0xAC, unmodelled=_DOUBLE)
    CAPTURE_A = _channels(0xB0)
    CAPTURE_A_BUF1 = _channels(0xB4)
    CAPTURE_A_BUF2 = _channels(0xB8)
    CAPTURE_B = _channels(0xC0)
    CAPTURE_B_BUF1 = _channels(0xC4)
    CAPTURE_B_BUF2 = _channels(0xC8)
    COMPARE_A = _channels(0xD0)
    COMPARE_A_BUF1 = _channels(0xD4, neutral=True)
    COMPARE_A_BUF2 = _channels(0xD8, unmodelled=_DOUBLE)
    COMPARE_B = _channels(0xE0)
    COMPARE_B_BUF1 = _channels(0xE4, neutral=True)
    COMPARE_B_BUF2 = _channels(0xE8, unmodelled=_DOUBLE)
    DT_UP = _channels(0xF0, unmodelled=_BUFFERS)
    DT_UP_BUF1 = _channels(0xF4, unmodelled=_BUFFERS)
    DT_DOWN = _channels(0xF8, unmodelled=_BUFFERS)
    DT_DOWN_BUF1 = _channels(0xFC, unmodelled=_BUFFERS)
    CHAN_STATUS = _channels(0x114, ro=True)
    CHAN_INTERRUPT = _channels(0x118, w1c=0xFF, ro=0xFFFF_FF00, neutral=True)
    # Assumption: everything is masked after reset.
    CHAN_INTERRUPT_MASK = _channels(0x11C, reset=0xFF, neutral=True)
    DUTY_CYCLE_CTRL = _channels(0x120, unmodelled=_DRIVERS)
    DEAD_TIME_CTRL = _channels(0x124, unmodelled=_DRIVERS)
    INT_CNTR_CTRL = _channels(0x130, unmodelled="counting interrupts")
    FAULT_CTRL = _channels(0x134, unmodelled=_DRIVERS)

    def why_it_stands(self, channel: int) -> str:
        """Which register keeps the counter of a channel from counting."""
        if not self.CNTR_CTRL[channel] & 1:
            return f"bit 0 of CNTR_CTRL[{channel}] is 0"
        if not self.GLB_CLOCK_ENABLE >> channel & 1:
            return f"bit {channel} of GLB_CLOCK_ENABLE is 0"
        return "nothing has started it (GLB_CNTR_START, with PGM_EN of START_1_SRC)"
