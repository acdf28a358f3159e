"""NXP eDMA with its request multiplexer. Reset values: RT1060 family."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    BusError,
    Output,
    Outputs,
    Parameter,
    Peripheral,
    Register,
    RegisterArray,
    ResetCause,
    State,
    System,
    model,
)

from .edma_tcd import (
    BITER_CSR,
    CITER_DOFF,
    DADDR,
    DLAST_SGA,
    DONE,
    DREQ,
    ESG,
    INTHALF,
    INTMAJOR,
    MAJORELINK,
    SADDR,
    SLAST,
    START,
    WORDS,
    Tcd,
    decoded,
)

CHANNELS = 32
ALL = 1 << 6
"""Of the registers that name a channel: all of them."""
NOP = 1 << 7
FULL = 0xFFFF_FFFF
MINOR_LOOP = 200
"""ns. Assumption: what a minor loop takes, however many bytes it moves."""
CONFIGURATION, SOURCE_BUS, DESTINATION_BUS = 0x78, 1 << 1, 1 << 0
"""Bits of ES."""
VALID = 1 << 31
MOST = 1 << 16
"""Bytes of a minor loop that are moved; who asks for more has not set up a descriptor."""


@model("Imxrt.Edma")
class Edma(Peripheral):
    """Minor loops by requests of peripherals, by software and by links, one at a time.

    Assumption: of channels that wait the highest is first, whatever DCHPRI and CR say, and one with
    an error takes no more requests.
    """

    SIZE = 0x4000

    IRQS = Outputs(16, "interrupt of a channel, or of the one 16 above it")
    ERROR = Output("errors of the channels that EEI names")

    CR = Register(0x00, reset=0x400)
    EMLM = CR.field(7)
    ES = Register(0x04, ro=True)
    ERQ = Register(0x0C)
    EEI = Register(0x14)
    CEEI = Register(0x18, width=8)
    SEEI = Register(0x19, width=8)
    CERQ = Register(0x1A, width=8)
    SERQ = Register(0x1B, width=8)
    CDNE = Register(0x1C, width=8)
    SSRT = Register(0x1D, width=8)
    CERR = Register(0x1E, width=8)
    CINT = Register(0x1F, width=8)
    INT = Register(0x24, w1c=FULL)
    ERR = Register(0x2C, w1c=FULL)
    HRS = Register(0x34, ro=True)
    EARS = Register(0x44)
    DCHPRI = RegisterArray(
        0x100, CHANNELS, stride=1, width=8, reset=tuple(n ^ 3 for n in range(CHANNELS))
    )
    TCD = RegisterArray(0x1000, CHANNELS * WORDS)

    _linked = State(0)
    """Channels that a link has started."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._work = self.alarm(self._serve)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._update()

    def request(self, channel: int, level: bool) -> None:
        """A peripheral asks (True), or does not ask any more, for minor loops of a channel."""
        bit = 1 << channel
        self.HRS = self.HRS | bit if level else self.HRS & ~bit
        self._go_on()

    # -- registers -------------------------------------------------------------------------------

    @ERQ.on_write
    @EEI.on_write
    @INT.on_write
    @ERR.on_write
    def _written(self, value: int) -> None:
        self._go_on()

    @staticmethod
    def _named(value: int) -> int:
        """The channels that a value of a set or clear register names."""
        if value & NOP:
            return 0
        return FULL if value & ALL else 1 << (value & 0x1F)

    @CEEI.on_write
    def _clear_error_interrupt(self, value: int) -> None:
        self.EEI &= ~self._named(value)
        self._go_on()

    @SEEI.on_write
    def _set_error_interrupt(self, value: int) -> None:
        self.EEI |= self._named(value)
        self._go_on()

    @CERQ.on_write
    def _clear_request(self, value: int) -> None:
        self.ERQ &= ~self._named(value)
        self._go_on()

    @SERQ.on_write
    def _set_request(self, value: int) -> None:
        self.ERQ |= self._named(value)
        self._go_on()

    @CERR.on_write
    def _clear_error(self, value: int) -> None:
        self.ERR &= ~self._named(value)
        self._go_on()

    @CINT.on_write
    def _clear_interrupt(self, value: int) -> None:
        self.INT &= ~self._named(value)
        self._go_on()

    @CDNE.on_write
    def _clear_done(self, value: int) -> None:
        self._change(self._named(value), DONE, 0)

    @SSRT.on_write
    def _set_start(self, value: int) -> None:
        self._change(self._named(value), 0, START)
        self._go_on()

    def _change(self, channels: int, clear: int, set_: int) -> None:
        """Bits of CSR of some channels."""
        for channel in range(CHANNELS):
            if channels >> channel & 1:
                place = channel * WORDS + BITER_CSR
                self.TCD[place] = self.TCD[place] & ~clear | set_

    @TCD.on_write
    def _descriptor(self, place: int, value: int) -> None:
        if place % WORDS == BITER_CSR:
            self._go_on()

    # -- channels --------------------------------------------------------------------------------

    def _waiting(self) -> int:
        waiting = self.ERQ & self.HRS | self._linked
        for channel in range(CHANNELS):
            if self.TCD[channel * WORDS + BITER_CSR] & START:
                waiting |= 1 << channel
        return waiting

    def _go_on(self) -> None:
        if self._work.deadline is None and self._waiting():
            self._work.at(self.system.clock.now + MINOR_LOOP)
        self._update()

    def _serve(self) -> None:
        waiting = self._waiting()
        if waiting:
            channel = waiting.bit_length() - 1
            self._linked &= ~(1 << channel)
            first = channel * WORDS
            words = [self.TCD[first + place] for place in range(WORDS)]
            self._change(1 << channel, START | DONE, 0)
            self._minor_loop(channel, decoded(words, has_offsets=bool(self.EMLM)))
        self._go_on()

    def _minor_loop(self, channel: int, tcd: Tcd) -> None:
        if tcd.has_modulo:
            self.gap("TCD.ATTR: addresses modulo a power of two")
        sizes = (tcd.source.size, tcd.destination.size)
        if tcd.length > MOST:
            self.gap(f"TCD.NBYTES: a minor loop of more than {MOST} bytes")
            self._fail(channel, CONFIGURATION, f"a minor loop of {tcd.length} bytes is not moved")
            return
        if not tcd.length or any(tcd.length % size for size in sizes) or not tcd.citer:
            self._fail(channel, CONFIGURATION, "its descriptor makes no sense")
            return
        error = SOURCE_BUS
        try:
            data = b"".join(
                self.system.bus.read(address, length)
                for address, length in tcd.source.pieces(tcd.length)
            )
            error = DESTINATION_BUS
            for address, length in tcd.destination.pieces(tcd.length):
                self.system.bus.write(address, data[:length])
                data = data[length:]
        except BusError as problem:
            self._fail(channel, error, str(problem))
            return
        self._after_minor_loop(channel, tcd)

    def _fail(self, channel: int, error: int, why: str) -> None:
        self.diagnose("edma-error", f"channel {channel}: {why}")
        self.ES = VALID | channel << 8 | error
        self.ERR |= 1 << channel
        self.ERQ &= ~(1 << channel)

    def _after_minor_loop(self, channel: int, tcd: Tcd) -> None:
        first = channel * WORDS
        source, destination = tcd.source.after(tcd.length), tcd.destination.after(tcd.length)
        self.TCD[first + SADDR] = source + tcd.source_step
        self.TCD[first + DADDR] = destination + tcd.destination_step
        left = tcd.citer - 1
        self.TCD[first + CITER_DOFF] -= 1 << 16
        if tcd.csr & INTHALF and left == tcd.biter >> 1:
            self.INT |= 1 << channel
        if left == 0:
            self._after_major_loop(channel, tcd, source, destination)
        elif tcd.link is not None:
            self._linked |= 1 << tcd.link

    def _after_major_loop(self, channel: int, tcd: Tcd, source: int, destination: int) -> None:
        first = channel * WORDS
        if tcd.csr & INTMAJOR:
            self.INT |= 1 << channel
        if tcd.csr & DREQ:
            self.ERQ &= ~(1 << channel)
        if tcd.csr & MAJORELINK:
            self._linked |= 1 << (tcd.csr >> 8 & 0x1F)
        last = self.TCD[first + DLAST_SGA]
        if tcd.csr & ESG:
            self._load(channel, last)
        else:
            self.TCD[first + SADDR] = source + self.TCD[first + SLAST]
            self.TCD[first + DADDR] = destination + last
            biter = self.TCD[first + BITER_CSR] & 0xFFFF_0000
            self.TCD[first + CITER_DOFF] = biter | self.TCD[first + CITER_DOFF] & 0xFFFF
        # MicroPython's I2S relies on it behind a new descriptor, too.
        self._change(1 << channel, 0, DONE)

    def _load(self, channel: int, address: int) -> None:
        """Scatter and gather: the next descriptor comes from memory."""
        try:
            data = self.system.bus.read(address, 4 * WORDS)
        except BusError as problem:
            self._fail(channel, SOURCE_BUS, f"its next descriptor: {problem}")
            return
        for place in range(WORDS):
            word = int.from_bytes(data[4 * place : 4 * place + 4], "little")
            self.TCD[channel * WORDS + place] = word

    def _update(self) -> None:
        pending = self.INT | self.INT >> 16
        for place, line in enumerate(self.IRQS):
            line.set(bool(pending >> place & 1))
        self.ERROR.set(bool(self.ERR & self.EEI))


@model("Imxrt.Dmamux")
class Dmamux(Peripheral):
    """Which peripheral's requests each channel of the eDMA takes."""

    SIZE = 0x4000

    edma = Parameter(Edma, "whose channels they are", default=None)

    CHCFG = RegisterArray(0x00, CHANNELS)
    SOURCE = CHCFG.field(0, 7)
    A_ON = CHCFG.field(29, unmodelled="channels that are always on")
    TRIG = CHCFG.field(30, unmodelled="requests paced by the PIT")
    ENBL = CHCFG.field(31)

    _requests = State(0)
    """Sources that ask, one bit each."""

    def reset(self, cause: ResetCause) -> None:
        requests = self._requests
        super().reset(cause)
        # Those who ask tell when that changes.
        self._requests = requests

    def request(self, source: int, level: bool) -> None:
        """A peripheral's request, by its number, has that level."""
        bit = 1 << source
        before = self._requests
        self._requests = before | bit if level else before & ~bit
        if self._requests != before:
            for channel, wanted in enumerate(self.SOURCE):
                if wanted == source:
                    self._route(channel)

    @CHCFG.on_write
    def _configured(self, channel: int, value: int) -> None:
        self._route(channel)

    def _route(self, channel: int) -> None:
        if self.edma is not None:
            configuration = self.CHCFG[channel]
            asks = self._requests >> (configuration & 0x7F) & configuration >> 31
            self.edma.request(channel, bool(asks))
