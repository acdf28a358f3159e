"""MHU, the message handling units between the cores: doorbells of 32 bits in both directions.

Sources: Arm's MHUv2 architecture; the vendor's driver (`mhu_driver.h`); alif.md 6.1 to 6.3.
"""

from __future__ import annotations

from typing import Any, Protocol

from xipsim.peripherals.core import (
    Output,
    Peripheral,
    Register,
    RegisterArray,
    Slots,
    model,
)

# Assumption: as many channels as the vendor's driver serves; the architecture allows 124.
_CHANNELS = 2
_STRIDE = 0x20
_SENDER = 0x1_0000
_ID = 0xFC8


class Peer(Protocol):
    """Whoever is at the other end of a pair of frames."""

    def doorbell(self, mhu: Mhu, channel: int, message: int) -> None:
        """The core has set `message`. Ends in `acknowledge`, and `deliver` if there is a reply."""


def _channel(offset: int, **keywords: Any) -> RegisterArray:
    return RegisterArray(offset, _CHANNELS, stride=_STRIDE, **keywords)


@model("Alif.Mhu")
class Mhu(Peripheral):
    """A pair of frames: the receiver (what comes to this core), 64 KB above it the sender.

    The other end takes and answers messages at once. Without one, as where the other core is held
    in reset, each message is acknowledged and lost.
    """

    SIZE = _SENDER + 0x1000

    RX = Output("messages are there")
    TX = Output("a message was acknowledged")
    peer = Slots[Peer](1, "one place: who is at the other end")

    # Receiver frame.
    RX_CH_ST = _channel(0x00, ro=True)
    RX_CH_ST_MASKED = _channel(0x04, ro=True)
    RX_CH_CLR = _channel(0x08)
    RX_CH_MSK_ST = _channel(0x10, ro=True)
    RX_CH_MSK_SET = _channel(0x14)
    RX_CH_MSK_CLR = _channel(0x18)
    RX_MHU_CFG = Register(0xF80, reset=_CHANNELS, ro=True)
    RX_INT_ST = Register(0xF90, ro=True)
    RX_INT_CLR = Register(0xF94)
    RX_INT_EN = Register(0xF98)
    RX_CHCOMB_EN = RX_INT_EN.field(2)
    RX_CH_INT_ST = RegisterArray(0xFA0, 4, ro=True)
    # Assumption: identification reads 0; its values are not known.
    RX_ID = RegisterArray(_ID, 14, ro=True)

    # Sender frame.
    TX_CH_ST = _channel(_SENDER + 0x00, ro=True)
    TX_CH_SET = _channel(_SENDER + 0x0C)
    TX_CH_INT_ST = _channel(_SENDER + 0x10, ro=True)
    TX_CH_INT_CLR = _channel(_SENDER + 0x14)
    TX_CH_INT_EN = _channel(_SENDER + 0x18)
    TX_MHU_CFG = Register(_SENDER + 0xF80, reset=_CHANNELS, ro=True)
    TX_RESP_CFG = Register(_SENDER + 0xF84)
    TX_ACCESS_REQUEST = Register(_SENDER + 0xF88)
    TX_ACC_REQ = TX_ACCESS_REQUEST.field(0)
    TX_ACCESS_READY = Register(_SENDER + 0xF8C, ro=True)
    TX_INT_ST = Register(_SENDER + 0xF90, ro=True)
    TX_INT_CLR = Register(_SENDER + 0xF94)
    TX_INT_EN = Register(_SENDER + 0xF98)
    TX_CHCOMB_EN = TX_INT_EN.field(2)
    TX_CH_INT_ST_COMBINED = RegisterArray(_SENDER + 0xFA0, 4, ro=True)
    TX_ID = RegisterArray(_SENDER + _ID, 14, ro=True)

    def _update(self) -> None:
        self.RX.set(bool(self.RX_CHCOMB_EN and self._received()))
        self.TX.set(bool(self.TX_CHCOMB_EN and self._acknowledged()))

    # -- from this core --------------------------------------------------------------------------

    # Assumption: the receiver is always awake. It is ready as soon as it is asked, and the
    # interrupts of its becoming ready and not ready (INT_ST bits 0 and 1) never come.
    @TX_ACCESS_READY.on_read
    @TX_ACCESS_READY.on_peek
    def _ready(self) -> int:
        return self.TX_ACC_REQ

    @TX_CH_SET.on_write
    def _send(self, channel: int, message: int) -> None:
        self.TX_CH_SET[channel] = 0
        self.TX_CH_ST[channel] |= message
        if message and 0 in self.peer:
            self.peer[0].doorbell(self, channel, self.TX_CH_ST[channel])
        elif message:
            self.acknowledge(channel)

    def acknowledge(self, channel: int) -> None:
        """The other end has taken the message of `channel`."""
        self.TX_CH_ST[channel] = 0
        self.TX_CH_INT_ST[channel] = 1
        self._update()

    @TX_CH_INT_CLR.on_write
    def _clear(self, channel: int, value: int) -> None:
        self.TX_CH_INT_CLR[channel] = 0
        self.TX_CH_INT_ST[channel] &= ~value
        self._update()

    @TX_CH_INT_EN.on_write
    def _enable_channel(self, channel: int, value: int) -> None:
        self._update()

    @TX_INT_EN.on_write
    def _enable_sender(self, value: int) -> None:
        self._update()

    def _acknowledged(self) -> int:
        """A bit for each channel whose interrupt is on and waits."""
        status, enabled = self.TX_CH_INT_ST, self.TX_CH_INT_EN
        return sum((status[i] & enabled[i] & 1) << i for i in range(_CHANNELS))

    @TX_CH_INT_ST_COMBINED.on_read
    @TX_CH_INT_ST_COMBINED.on_peek
    def _acknowledged_channels(self, index: int) -> int:
        return 0 if index else self._acknowledged()

    @TX_INT_ST.on_read
    @TX_INT_ST.on_peek
    def _sender_status(self) -> int:
        return bool(self._acknowledged()) << 2

    # -- to this core ----------------------------------------------------------------------------

    def deliver(self, channel: int, message: int) -> None:
        """A message from the other end."""
        self.RX_CH_ST[channel] |= message
        self._update()

    @RX_CH_CLR.on_write
    def _taken(self, channel: int, value: int) -> None:
        self.RX_CH_CLR[channel] = 0
        self.RX_CH_ST[channel] &= ~value
        self._update()

    @RX_CH_MSK_SET.on_write
    def _mask(self, channel: int, value: int) -> None:
        self.RX_CH_MSK_SET[channel] = 0
        self.RX_CH_MSK_ST[channel] |= value
        self._update()

    @RX_CH_MSK_CLR.on_write
    def _unmask(self, channel: int, value: int) -> None:
        self.RX_CH_MSK_CLR[channel] = 0
        self.RX_CH_MSK_ST[channel] &= ~value
        self._update()

    @RX_INT_EN.on_write
    def _enable_receiver(self, value: int) -> None:
        self._update()

    @RX_CH_ST_MASKED.on_read
    @RX_CH_ST_MASKED.on_peek
    def _masked(self, channel: int) -> int:
        return self.RX_CH_ST[channel] & ~self.RX_CH_MSK_ST[channel]

    def _received(self) -> int:
        """A bit for each channel with a message that is not masked."""
        return sum(bool(self._masked(i)) << i for i in range(_CHANNELS))

    @RX_CH_INT_ST.on_read
    @RX_CH_INT_ST.on_peek
    def _received_channels(self, index: int) -> int:
        return 0 if index else self._received()

    @RX_INT_ST.on_read
    @RX_INT_ST.on_peek
    def _receiver_status(self) -> int:
        return bool(self._received()) << 2
