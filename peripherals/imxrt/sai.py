"""NXP SAI (I2S): what it sends is kept, and what it receives is what a test has given it.

Reset values: RT1060 family.
"""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Output,
    Parameter,
    Peripheral,
    Register,
    RegisterArray,
    ResetCause,
    State,
    System,
    hertz,
    model,
    ticks_in,
    time_of,
)
from xipsim.peripherals.sound import SoundLines

from .ccm import Ccm
from .ccm_analog import CcmAnalog
from .clocks import clock_or, sai_clock
from .edma import Dmamux

DEPTH = 32
"""Words of a FIFO."""
ENABLE, FIFO_RESET, SOFTWARE_RESET = 1 << 31, 1 << 25, 1 << 24
FRF, FWF, FEF = 1 << 16, 1 << 17, 1 << 18
REQUESTS = FRF | FWF
SYNCHRONOUS = 1 << 30

_LINES = "more than one data line"


@model("Imxrt.Sai")
class Sai(SoundLines, Peripheral):
    """A transmitter whose words are kept, and a receiver of a WAV file, or of silence.

    Words take their bits at the rate of the bit clock that it makes itself. Assumption: from an
    empty FIFO nothing is sent, rather than the last word or silence, until there is a word again.
    """

    SIZE = 0x4000

    frequency = hertz("MCLK in Hz where there is no `ccm`", default=12_288_000)
    ccm = Parameter(Ccm, "which selects and divides MCLK", default=None)
    ccm_analog = Parameter(CcmAnalog, "whose PLLs are its sources", default=None)
    number = Parameter(int, "which of CCM's clocks is its own", default=1, choices=(1, 2, 3))
    dmamux = Parameter(Dmamux, "to which its requests go", default=None)
    receive_request = Parameter(
        int, "the number of the receiver's requests there", default=19, least=0, most=126
    )

    RX = Output("interrupts of the receiver")
    TX = Output("interrupts of the transmitter")

    VERID = Register(0x00, reset=0x0300_0000, ro=True)
    PARAM = Register(0x04, reset=0x0005_0504, ro=True)
    TCSR = Register(0x08, ro=0x0CE3_E0FC, w1c=0x001C_0000)
    TCR1 = Register(0x0C)
    TFW = TCR1.field(0, 5)
    TCR2 = Register(0x10)
    TCR3 = Register(0x14)
    TCE = TCR3.field(16, 4)
    TLINES = TCR3.field(17, 3, unmodelled=_LINES)
    TCR4 = Register(0x18)
    TPACK = TCR4.field(24, 2, unmodelled="packed FIFOs")
    TCR5 = Register(0x1C)
    TDR = RegisterArray(0x20, 4)
    TFR = RegisterArray(0x40, 4, ro=True)
    TMR = Register(0x60)
    RCSR = Register(0x88, ro=0x0CE3_E0FC, w1c=0x001C_0000)
    RCR1 = Register(0x8C)
    RFW = RCR1.field(0, 5)
    RCR2 = Register(0x90)
    RCR3 = Register(0x94)
    RCE = RCR3.field(16, 4)
    RLINES = RCR3.field(17, 3, unmodelled=_LINES)
    RCR4 = Register(0x98)
    RFRSZ = RCR4.field(16, 5)
    RPACK = RCR4.field(24, 2, unmodelled="packed FIFOs")
    RCR5 = Register(0x9C)
    RDR = RegisterArray(0xA0, 4, ro=True)
    RFR = RegisterArray(0xC0, 4, ro=True)
    RMR = Register(0xE0)

    _fifo: State[list[int]] = State([])
    """Words to be sent."""
    _began = State(0)
    """Virtual ns at which the first of them began to be sent."""
    _received: State[list[int]] = State([])
    """Words in the receiver's FIFO."""
    _heard = State(0)
    """Virtual ns at which the word began that it is receiving."""
    _transmits = State(False)
    _receives = State(False)
    _channel = State(0)
    """Words of the frame under way which are over."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._transmitter = self.alarm(self._sent_some)
        self._receiver = self.alarm(self._received_some)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._update()

    # -- clocks ----------------------------------------------------------------------------------

    def _mclk(self) -> int:
        """Hz of MCLK."""
        return clock_or(self.frequency, sai_clock, self.ccm, self.ccm_analog, self.number)

    def _word_clock(self, config2: int, config5: int) -> tuple[int, int]:
        """Hz of MCLK, and what divides it to words."""
        bits = (config5 >> 24 & 0x1F) + 1
        return self._mclk(), 2 * ((config2 & 0xFF) + 1) * bits

    def _transmit_clock(self) -> tuple[int, int]:
        other = self.TCR2 & SYNCHRONOUS
        return self._word_clock(self.RCR2 if other else self.TCR2, self.TCR5)

    def _receive_clock(self) -> tuple[int, int]:
        other = self.RCR2 & SYNCHRONOUS
        return self._word_clock(self.TCR2 if other else self.RCR2, self.RCR5)

    # -- the transmitter -------------------------------------------------------------------------

    @property
    def _sends(self) -> bool:
        return bool(self.TCSR & ENABLE and self.TCE)

    @TCSR.on_read
    def _read_transmit_status(self) -> int:
        self.system.clock.question(self.name, self._transmitter.deadline)
        self._catch_up()
        self._update()
        return self.TCSR

    @TCSR.on_write
    def _control_transmitter(self, value: int) -> None:
        self._catch_up()
        self.TCSR &= ~FIFO_RESET
        if value & (FIFO_RESET | SOFTWARE_RESET):
            self._fifo = []
        self._go_on()

    @TCR1.on_write
    @TCR2.on_write
    @TCR3.on_write
    @TCR4.on_write
    @TCR5.on_write
    def _configure_transmitter(self, value: int) -> None:
        self._began = self.system.clock.now
        self._go_on()

    @TDR.on_write
    def _put(self, line: int, value: int) -> None:
        self.TDR[line] = 0
        self._catch_up()
        if len(self._fifo) == DEPTH:
            self.TCSR |= FEF
            self.diagnose("sai-overflow", "TDR written while the transmit FIFO is full: lost")
        else:
            if not self._fifo:
                self._began = self.system.clock.now
            self._fifo.append(value)
        self._go_on()

    def _catch_up(self) -> None:
        """Take the words out of the FIFO that are over by now."""
        if not (self._sends and self._transmits and self._fifo):
            return
        hertz, divider = self._transmit_clock()
        over = min(ticks_in(self.system.clock.now - self._began, hertz, divider), len(self._fifo))
        if over:
            self._began += time_of(over, hertz, divider)
            words, self._fifo = self._fifo[:over], self._fifo[over:]
            self._keep(words)
            if not self._fifo:
                self.TCSR |= FEF

    def _keep(self, words: list[int]) -> None:
        bits = (self.TCR5 >> 24 & 0x1F) + 1
        channels = (self.TCR4 >> 16 & 0x1F) + 1
        hertz, divider = self._transmit_clock()
        self._listener.hear(words, bits, channels, hertz // (divider * channels))

    def _sent_some(self) -> None:
        self._catch_up()
        self._go_on()

    # -- the receiver ----------------------------------------------------------------------------

    @property
    def _listens(self) -> bool:
        return bool(self.RCSR & ENABLE and self.RCE)

    @RCSR.on_read
    def _read_receive_status(self) -> int:
        self.system.clock.question(self.name, self._receiver.deadline)
        self._hear()
        self._update()
        return self.RCSR

    @RCSR.on_write
    def _control_receiver(self, value: int) -> None:
        self._hear()
        self.RCSR &= ~FIFO_RESET
        if value & (FIFO_RESET | SOFTWARE_RESET):
            self._received, self._channel = [], 0
        self._go_on()

    @RCR1.on_write
    @RCR2.on_write
    @RCR3.on_write
    @RCR5.on_write
    def _configure_receiver(self, value: int) -> None:
        self._heard = self.system.clock.now
        self._go_on()

    @RDR.on_read
    def _take(self, line: int) -> int:
        self._hear()
        word = self._received.pop(0) if self._received else 0
        self._go_on()
        return word

    def _hear(self) -> None:
        """Put the words into the FIFO that have come by now."""
        if not (self._listens and self._receives):
            return
        hertz, divider = self._receive_clock()
        over = ticks_in(self.system.clock.now - self._heard, hertz, divider)
        self._heard += time_of(over, hertz, divider)
        player, channels, bits = self._player, self.RFRSZ + 1, (self.RCR5 >> 24 & 0x1F) + 1
        room = DEPTH - len(self._received)
        for place in range(self._channel, self._channel + min(over, room)):
            frame, channel = divmod(place, channels)
            self._received.append(player.sound.word(player.position + frame, channel, bits))
        frames, self._channel = divmod(self._channel + over, channels)
        player.position += frames
        if over > room:
            self.RCSR |= FEF
        if over and (odd := player.odd_rate(hertz // (divider * channels))):
            self.note(odd)

    def _received_some(self) -> None:
        self._hear()
        self._go_on()

    # -- both ------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        now = self.system.clock.now
        if self._transmits is not self._sends:
            self._transmits, self._began = self._sends, now
        if self._receives is not self._listens:
            self._receives, self._heard = self._listens, now
        if not (self._sends and self._fifo):
            self._transmitter.cancel()
        else:
            # The next moment at which a flag changes: at the watermark, or when all is sent.
            above = len(self._fifo) - self.TFW
            words = above if above > 0 else len(self._fifo)
            self._transmitter.at(self._began + time_of(words, *self._transmit_clock()))
        if not self._listens or self.RCSR & FEF:
            self._receiver.cancel()
        else:
            # Above the watermark, full, and when a word is lost.
            level = len(self._received)
            words = next(count for count in (self.RFW + 1, DEPTH, DEPTH + 1) if count > level)
            words -= level
            self._receiver.at(self._heard + time_of(words, *self._receive_clock()))
        self._update()

    def _update(self) -> None:
        level = len(self._fifo)
        flags = (FRF if level <= self.TFW else 0) | (FWF if not level else 0)
        self.TCSR = self.TCSR & ~REQUESTS | (flags if self.TCSR & ENABLE else 0)
        level = len(self._received)
        flags = (FRF if level > self.RFW else 0) | (FWF if level == DEPTH else 0)
        self.RCSR = self.RCSR & ~REQUESTS | flags
        # In the order of their requests' numbers.
        for place, (line, status) in enumerate(((self.RX, self.RCSR), (self.TX, self.TCSR))):
            # Enable bits lie 8 below their flags, those of requests to the DMA 16.
            line.set(bool(status & status << 8 & (REQUESTS | FEF)))
            if self.dmamux is not None:
                asks = status & status << 16 & REQUESTS
                self.dmamux.request(self.receive_request + place, bool(asks))
