"""I2S of the Alif Ensemble: Synopsys DesignWare APB I2S with one stereo channel each way.

Registers and use: Alif's Ensemble CMSIS DFP, i2s.h, i2s.c, sys_ctrl_i2s.h. What it sends is kept,
and what it receives is what a test has given it.
"""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Output,
    Parameter,
    Peripheral,
    Register,
    ResetCause,
    State,
    System,
    model,
    ticks_in,
    time_of,
)
from xipsim.peripherals.sound import SoundLines

from .clocks import ClkctlPerSlv

DEPTH = 16
"""Frames of a FIFO."""
CRYSTAL = 76_800_000
DIVIDER, BYPASS, EXTERNAL = 0x3FF, 1 << 17, 1 << 16
"""Bits of I2Sn_CTRL."""
RXDA, RXFO, TXFE, TXFO = 1 << 0, 1 << 1, 1 << 4, 1 << 5
SCLKS = {0: 16, 1: 24, 2: 32}
"""Clocks for each half of a frame, by CCR.WSS."""
BITS = {1: 12, 2: 16, 3: 20, 4: 24, 5: 32}
"""Bits of a word, by WLEN; 0: as many as there are clocks."""

_DMA = "DMA"


@model("Alif.I2s")
class I2s(SoundLines, Peripheral):
    """A transmitter whose words are kept, and a receiver of a WAV file, or of silence.

    It is the master, with SCLK from the 76.8 MHz crystal. Assumption: from an empty FIFO nothing is
    sent, rather than zeros, until there is a frame again; what comes to a full one is lost; the
    right half of a frame, written or read, ends it; all registers without a known reset value
    (RER and TER among them) begin at 0.
    """

    SIZE = 0x1000

    clkctl = Parameter(ClkctlPerSlv, "whose I2Sn_CTRL divides its clock", default=None)
    number = Parameter(int, "its n there", default=0, choices=(0, 1, 2, 3))

    IRQ = Output("FIFO levels and overruns")

    IER = Register(0x00)
    IRER = Register(0x04)
    ITER = Register(0x08)
    CER = Register(0x0C)
    CCR = Register(0x10)
    WSS = CCR.field(3, 2)
    RXFFR = Register(0x14)
    TXFFR = Register(0x18)
    # Read: LRBR, the left half that was received. Written: LTHR, the one to be sent.
    LEFT = Register(0x20)
    RIGHT = Register(0x24)
    RER = Register(0x28)
    TER = Register(0x2C)
    RCR = Register(0x30)
    RWLEN = RCR.field(0, 3)
    TCR = Register(0x34)
    TWLEN = TCR.field(0, 3)
    ISR = Register(0x38, reset=TXFE, ro=True, neutral=True)
    IMR = Register(0x3C, reset=RXDA | RXFO | TXFE | TXFO)
    ROR = Register(0x40, ro=True)
    TOR = Register(0x44, ro=True)
    RFCR = Register(0x48)
    RXCHDT = RFCR.field(0, 4)
    TFCR = Register(0x4C)
    TXCHET = TFCR.field(0, 4)
    RFF = Register(0x50)
    TFF = Register(0x54)
    RXDMA = Register(0x1C0, ro=True, unmodelled=_DMA)
    TXDMA = Register(0x1C8, unmodelled=_DMA)
    COMP_PARAM_2 = Register(0x1F0, ro=True)
    COMP_PARAM_1 = Register(0x1F4, ro=True)
    COMP_VERSION = Register(0x1F8, ro=True)
    COMP_TYPE = Register(0x1FC, ro=True)
    DMACR = Register(0x200)
    DMAEN_RXBLOCK = DMACR.field(16, unmodelled=_DMA)
    DMAEN_TXBLOCK = DMACR.field(17, unmodelled=_DMA)

    _left = State(0)
    """Written, and waiting for its right half."""
    _fifo: State[list[tuple[int, int]]] = State([])
    """Frames to be sent."""
    _began: State[int | None] = State(None)
    """Virtual ns at which the first of them began to be sent."""
    _received: State[list[tuple[int, int]]] = State([])
    _heard: State[int | None] = State(None)
    """Virtual ns at which the frame began that it is receiving, None while it does not."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._next = self.alarm(self._go_on)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._show()

    # -- the clock -------------------------------------------------------------------------------

    def _clock(self) -> tuple[int, int]:
        """Hz before, and what divides it to frames."""
        control = self.clkctl.I2S_CTRL[self.number] if self.clkctl is not None else BYPASS
        if control & EXTERNAL:
            self.gap("I2Sn_CTRL: an external audio clock (76.8 MHz taken)")
        divider = 1 if control & BYPASS else max(control & DIVIDER, 1)
        return CRYSTAL, divider * 2 * self._sclks

    @property
    def _sclks(self) -> int:
        return SCLKS.get(self.WSS, 32)

    def _over(self, since: int | None) -> int:
        """Frames that are over since then."""
        return 0 if since is None else ticks_in(self.system.clock.now - since, *self._clock())

    def _time(self, since: int, frames: int) -> int:
        return since + time_of(frames, *self._clock())

    def _runs(self, block: int, channel: int) -> bool:
        """Whether a direction does, by the enable bits of its block and its channel."""
        wants = bool(self.IER & block & channel & 1)
        if wants and not self.CER & 1:
            self.gap("a clock from outside: slave mode (CER.CLKEN is 0)")
        return wants and bool(self.CER & 1)

    # -- registers -------------------------------------------------------------------------------

    @IER.on_write
    @IRER.on_write
    @ITER.on_write
    @CER.on_write
    @RER.on_write
    @TER.on_write
    @IMR.on_write
    @RFCR.on_write
    @TFCR.on_write
    def _control(self, value: int) -> None:
        self._go_on()

    @CCR.on_write
    def _configure(self, value: int) -> None:
        now = self.system.clock.now
        self._began = None if self._began is None else now
        self._heard = None if self._heard is None else now
        self._go_on()

    @TXFFR.on_write
    @TFF.on_write
    def _flush_transmitter(self, value: int) -> None:
        self.TXFFR = self.TFF = 0
        if value & 1:
            self._catch_up()
            self._fifo, self._began = [], None
            self._go_on()

    @RXFFR.on_write
    @RFF.on_write
    def _flush_receiver(self, value: int) -> None:
        self.RXFFR = self.RFF = 0
        if value & 1:
            self._catch_up()
            self._received = []
            self._go_on()

    @LEFT.on_write
    def _put_left(self, value: int) -> None:
        self.LEFT, self._left = 0, value

    @RIGHT.on_write
    def _put_right(self, value: int) -> None:
        self.RIGHT = 0
        self._catch_up()
        if len(self._fifo) == DEPTH:
            self.ISR |= TXFO
            self.diagnose("i2s-overflow", "a frame was written to a full transmit FIFO: lost")
        else:
            self._fifo.append((self._left, value))
        self._go_on()

    @LEFT.on_read
    @LEFT.on_peek
    def _head_left(self) -> int:
        return self._head()[0]

    @RIGHT.on_peek
    def _head_right(self) -> int:
        return self._head()[1]

    @RIGHT.on_read
    def _take(self) -> int:
        self._catch_up()
        word = self._head()[1]
        del self._received[:1]
        self._go_on()
        return word

    def _head(self) -> tuple[int, int]:
        """The first frame of the receive FIFO, of now; silence from an empty one."""
        if self._received:
            return self._received[0]
        return self._frame(0) if self._over(self._heard) else (0, 0)

    @ISR.on_read
    def _status(self) -> int:
        self.system.clock.question(self.name, self._next.deadline)
        self._catch_up()
        self._show()
        return self.ISR

    @ROR.on_read
    def _clear_receive_overrun(self) -> int:
        self._catch_up()
        was = self.ISR & RXFO
        self.ISR &= ~RXFO
        self._go_on()
        return int(bool(was))

    @ROR.on_peek
    def _receive_overrun(self) -> int:
        return int(bool(self.ISR & RXFO))

    @TOR.on_read
    def _clear_transmit_overrun(self) -> int:
        was = self.ISR & TXFO
        self.ISR &= ~TXFO
        self._show()
        return int(bool(was))

    @TOR.on_peek
    def _transmit_overrun(self) -> int:
        return int(bool(self.ISR & TXFO))

    # -- frames ----------------------------------------------------------------------------------

    def _frame(self, ahead: int) -> tuple[int, int]:
        """What comes `ahead` frames behind what is over of the recording."""
        player, bits = self._player, self._bits(self.RWLEN)
        left, right = (player.sound.word(player.position + ahead, n, bits) for n in (0, 1))
        return left, right

    def _bits(self, length: int) -> int:
        return min(BITS.get(length, self._sclks), self._sclks)

    def _hear(self) -> None:
        self._catch_up()

    def _catch_up(self) -> None:
        """Send and receive what is over by now."""
        if self._began is not None and (over := min(self._over(self._began), len(self._fifo))):
            self._began = self._time(self._began, over)
            frames, self._fifo = self._fifo[:over], self._fifo[over:]
            words = [word for frame in frames for word in frame]
            hertz, divider = self._clock()
            self._listener.hear(words, self._bits(self.TWLEN), 2, hertz // divider)
        if self._heard is not None and (over := self._over(self._heard)):
            self._heard = self._time(self._heard, over)
            room = DEPTH - len(self._received)
            self._received += map(self._frame, range(min(over, room)))
            self._player.position += over
            if over > room:
                self.ISR |= RXFO
            hertz, divider = self._clock()
            if odd := self._player.odd_rate(hertz // divider):
                self.note(odd)

    def _go_on(self) -> None:
        """What is due now is done: find out when something changes next."""
        self._catch_up()
        now, dues = self.system.clock.now, []
        if not (self._fifo and self._runs(self.ITER, self.TER)):
            self._began = None
        elif self._began is None:
            self._began = now
        if not self._runs(self.IRER, self.RER):
            self._heard = None
        elif self._heard is None:
            self._heard = now
        if self._began is not None:
            above = len(self._fifo) - self.TXCHET
            dues.append(self._time(self._began, above if above > 0 else len(self._fifo)))
        if self._heard is not None and not self.ISR & RXFO:
            missing = self.RXCHDT + 1 - len(self._received)
            frames = missing if missing > 0 else DEPTH + 1 - len(self._received)
            dues.append(self._time(self._heard, frames))
        if dues:
            self._next.at(min(dues))
        else:
            self._next.cancel()
        self._show()

    def _show(self) -> None:
        flags = TXFE if len(self._fifo) <= self.TXCHET else 0
        flags |= RXDA if len(self._received) > self.RXCHDT else 0
        self.ISR = self.ISR & (RXFO | TXFO) | flags
        self.IRQ.set(bool(self.ISR & ~self.IMR))
