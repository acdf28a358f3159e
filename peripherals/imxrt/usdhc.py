"""uSDHC, the SD host controller of the i.MX RT family."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import BusError, ResetCause, Slots, State, System, model, time_of
from xipsim.peripherals.sd.device import SdDevice

from .usdhc_dma import Segment, adma2_segments, taken
from .usdhc_registers import UsdhcRegisters

CC, TC, DINT, BWR, BRR = 1 << 0, 1 << 1, 1 << 3, 1 << 4, 1 << 5
CTOE, DTOE, DCE, DMAE = 1 << 16, 1 << 20, 1 << 21, 1 << 28
RSTA, RSTC, RSTD = 1 << 24, 1 << 25, 1 << 26
SOFTWARE_RESETS = 0x1F00_0000  # RSTT, INITA, RSTD, RSTC, RSTA
CREQ = 1 << 17
NONE, LONG, SHORT, SHORT_BUSY = range(4)
"""RSPTYP."""
SIMPLE, ADMA1, ADMA2 = range(3)
"""DMASEL."""
RESPONSE_BITS = (8, 136, 48, 48)
"""Clocks from the end of a command, by RSPTYP; 8 until the next one may come."""
COMMAND_BITS = 48
NO_RESPONSE = 64
"""Clocks after which a response is given up, and before which a card begins one."""
RESPONSE_DELAY = 8
"""Assumption: the card takes that many of them."""
BLOCK_EXTRA = 18
"""Start bit, CRC and end bit on each line."""
STOP = 12


@model("Imxrt.Usdhc")
class Usdhc(UsdhcRegisters):
    """The host side of a slot, with a card in it or empty.

    Commands and blocks take their clocks. In an empty slot no command that wants a response gets
    one; card detect and DATA3 say that there is no card. A card is there from the start.
    A block goes over the bus as a whole, and with DMA then to or from memory at once. SDIO, stops
    between blocks, tuning and ADMA1 are not modelled.
    """

    slot = Slots[SdDevice](1, "the card", kind=SdDevice)

    _answer: State[int | None] = State(None)
    """What the response under way holds."""
    _blocks: State[int | None] = State(0)
    """Blocks of a transfer that have not begun; None: until it is stopped."""
    _reads: State[bool | None] = State(None)
    """The direction of the transfer under way, None without one."""
    _fifo: State[bytearray] = State(bytearray())
    _wanted = State(0)
    """Bytes that the firmware has still to write to the data port, 0 with DMA."""
    _memory: State[list[Segment]] = State([])
    """What DMA has still to fill or empty."""
    _on_line: State[bytes | None] = State(None)
    """The block on the data lines; None also while it waits for one in vain."""
    _ends_busy = State(False)
    """What is waited for is the end of the card's busy signal."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._command_line = self.alarm(self._answered)
        self._data_lines = self.alarm(self._moved)

    @property
    def _card(self) -> SdDevice | None:
        return self.slot.get(0)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._update()

    # -- registers -------------------------------------------------------------------------------

    @UsdhcRegisters.PRES_STATE.on_read
    def _read_state(self) -> int:
        self._ask()
        return self._state()

    @UsdhcRegisters.PRES_STATE.on_peek
    def _state(self) -> int:
        self._update()
        return self.PRES_STATE

    @UsdhcRegisters.INT_STATUS.on_read
    def _read_status(self) -> int:
        self._ask()
        return self.INT_STATUS

    def _ask(self) -> None:
        deadlines = [self._command_line.deadline, self._data_lines.deadline]
        card = self._card
        if card is not None and card.busy_until > self.system.clock.now:
            deadlines.append(card.busy_until)
        times = [deadline for deadline in deadlines if deadline is not None]
        self.system.clock.question(self.name, min(times, default=None))

    @UsdhcRegisters.SYS_CTRL.on_write
    def _system_control(self, value: int) -> None:
        self.SYS_CTRL &= ~SOFTWARE_RESETS
        if value & (RSTA | RSTC):
            self._command_line.cancel()
        if value & (RSTA | RSTD):
            self._end_transfer()
        if value & RSTA:
            # INT_STATUS_EN stays: MicroPython, for one, resets all after NXP's driver has set it,
            # and then waits for flags. Assumption: so does INT_SIGNAL_EN.
            for offset in (*range(0x00, 0x10, 4), 0x30, 0x3C):
                self.regs[offset] = 0
        self._update()

    @UsdhcRegisters.PROT_CTRL.on_write
    def _protocol(self, value: int) -> None:
        self.PROT_CTRL &= ~CREQ

    @UsdhcRegisters.INT_STATUS.on_write
    @UsdhcRegisters.INT_STATUS_EN.on_write
    @UsdhcRegisters.INT_SIGNAL_EN.on_write
    def _flags_written(self, value: int) -> None:
        self._update()

    @UsdhcRegisters.DATA_BUFF_ACC_PORT.on_peek
    def _look(self) -> int:
        return int.from_bytes(self._fifo[:4], "little") if self._reads else 0

    @UsdhcRegisters.DATA_BUFF_ACC_PORT.on_read
    def _take(self) -> int:
        word = self._look()
        if self._reads and self._fifo:
            del self._fifo[:4]
            if not self._fifo or (self._blocks and self._data_lines.deadline is None):
                self._go_on()
        else:
            self.diagnose("usdhc-underrun", "the data port was read while its buffer was empty")
        return word

    @UsdhcRegisters.DATA_BUFF_ACC_PORT.on_write
    def _put(self, value: int) -> None:
        if self._reads is False and self._wanted:
            self._fifo += value.to_bytes(4, "little")[: self._wanted]
            self._wanted -= min(4, self._wanted)
            if not self._wanted or len(self._fifo) >= self.BLKSIZE:
                self._go_on()
        else:
            self.diagnose("usdhc-overrun", "the data port was written while no data was wanted")

    # -- commands --------------------------------------------------------------------------------

    def _in(self, clocks: int) -> int:
        """Virtual ns after so many clocks of the card from now."""
        hertz, divider = self._clock()
        return self.system.clock.now + time_of(clocks, hertz, divider)

    @UsdhcRegisters.CMD_XFR_TYP.on_write
    def _command(self, value: int) -> None:
        if self._command_line.deadline is not None:
            self.diagnose("usdhc-command", "CMD_XFR_TYP written while CIHB is set: lost")
            return
        if self.CMDINX == STOP:
            self._end_transfer()
        # The card obeys at once; what it answers comes when its bits are over.
        self._answer = self._card.command(self.CMDINX, self.CMD_ARG) if self._card else None
        kind = self.RSPTYP
        if kind == NONE:
            clocks = RESPONSE_BITS[NONE]
        elif self._answer is None:
            clocks = NO_RESPONSE
        else:
            clocks = RESPONSE_DELAY + RESPONSE_BITS[kind]
        self._command_line.at(self._in(COMMAND_BITS + clocks))
        self._update()

    def _answered(self) -> None:
        kind = self.RSPTYP
        if kind != NONE and self._answer is None:
            self._flag(CTOE)
        else:
            self._show(kind, self._answer or 0)
            self._flag(CC)
            if self.DPSEL:
                self._begin_transfer()
            elif kind == SHORT_BUSY and self._busy():
                self._ends_busy = True
                self._wait_for_card()
        self._update()

    def _show(self, kind: int, answer: int) -> None:
        if kind == LONG:
            registers = ("CMD_RSP0", "CMD_RSP1", "CMD_RSP2", "CMD_RSP3")
            for place, register in enumerate(registers):
                setattr(self, register, answer >> 32 * place)
        elif kind != NONE:
            self.CMD_RSP0 = answer

    def _busy(self) -> bool:
        return self._card is not None and self._card.busy_until > self.system.clock.now

    def _wait_for_card(self) -> None:
        assert self._card is not None
        self._data_lines.at(self._card.busy_until)

    # -- data ------------------------------------------------------------------------------------

    def _begin_transfer(self) -> None:
        self._reads, self._fifo = bool(self.DTDSEL), bytearray()
        many = self.MSBSEL
        self._blocks = (self.BLKCNT if self.BCEN else None) if many else 1
        self._memory, self._wanted = [], 0
        if self.DMAEN:
            self._prepare_dma()
        elif not self._reads:
            self._wanted = self.BLKSIZE * (self._blocks or 0)
            if self._blocks is None:
                self.gap("a write of blocks without a number (MIX_CTRL.BCEN) through the data port")
        self._go_on()

    def _prepare_dma(self) -> None:
        if self.DMASEL == SIMPLE:
            address = self.ADMA_SYS_ADDR if self.AC23EN else self.DS_ADDR
            self._memory = [(address, self.BLKSIZE * (self._blocks or 0))]
        elif self.DMASEL == ADMA2:
            # Assumption: the table is read as a whole when the transfer begins.
            try:
                self._memory = adma2_segments(self.system.bus, self.ADMA_SYS_ADDR)
            except (BusError, ValueError) as error:
                self._fail_dma(str(error))
        else:
            self.gap(f"PROT_CTRL.DMASEL {self.DMASEL}: descriptors of ADMA1")
            self._fail_dma("its descriptors are not understood")

    def _fail_dma(self, why: str) -> None:
        self.diagnose("usdhc-dma", f"the card's data cannot be moved: {why}")
        self._end_transfer()
        self.ADMA_ERR_STATUS = 1
        self._flag(DMAE)

    def _end_transfer(self) -> None:
        self._data_lines.cancel()
        self._reads, self._on_line, self._ends_busy = None, None, False
        self._fifo, self._memory, self._wanted = bytearray(), [], 0

    def _go_on(self) -> None:
        """Begin the next block, if there is one and room for it, or all of it."""
        if self._reads is not None and self._data_lines.deadline is None:
            if self._blocks == 0:
                if not (self._reads and self._fifo):
                    self._finish()
            elif self._reads:
                if len(self._fifo) < max(4 * self.RD_WML, 4):
                    self._begin_block(self._card.send() if self._card else None, is_read=True)
            elif self.DMAEN:
                self._begin_block(self._fetch(), is_read=False)
            elif len(self._fifo) >= self.BLKSIZE:
                block = bytes(self._fifo[: self.BLKSIZE])
                del self._fifo[: self.BLKSIZE]
                self._begin_block(block, is_read=False)
        self._update()

    def _begin_block(self, block: bytes | None, *, is_read: bool) -> None:
        if self._reads is None:
            return  # DMA has failed.
        if self._blocks is not None:
            self._blocks -= 1
        self._on_line = block
        if block is None:
            self._data_lines.at(self._in(1 << 14 + self.DTOCV))
            return
        lines = (1, 4, 8, 8)[self.DTW]
        access = self._card.access_time if is_read and self._card else 0
        self._data_lines.at(self._in(len(block) * 8 // lines + BLOCK_EXTRA) + access)

    def _moved(self) -> None:
        """A block is over on the lines, or given up, or the card is not busy any more."""
        if self._ends_busy:
            self._ends_busy = False
            if self._reads is None:
                self._flag(TC)
        elif self._on_line is None:
            self._end_transfer()
            self._flag(DTOE)
        elif self._reads:
            self._store(self._on_line)
        else:
            self._send(self._on_line)
        self._go_on()

    def _send(self, block: bytes) -> None:
        if self._card is None or not self._card.receive(block):
            self._end_transfer()
            self._flag(DCE)
        elif self._busy():
            self._ends_busy = True
            self._wait_for_card()

    def _store(self, block: bytes) -> None:
        if not self.DMAEN:
            self._fifo += block
            return
        parts = taken(self._memory, len(block))
        if sum(size for _, size in parts) < len(block):
            self._fail_dma("its descriptors name less memory than it has bytes")
            return
        try:
            for address, size in parts:
                self.system.bus.write(address, block[:size])
                block = block[size:]
        except BusError as error:
            self._fail_dma(str(error))

    def _fetch(self) -> bytes | None:
        try:
            parts = taken(self._memory, self.BLKSIZE)
            block = b"".join(self.system.bus.read(address, size) for address, size in parts)
        except BusError as error:
            self._fail_dma(str(error))
            return None
        if len(block) < self.BLKSIZE:
            self._fail_dma("its descriptors name less memory than it has bytes")
        return block

    def _finish(self) -> None:
        is_many = self.MSBSEL
        self._end_transfer()
        self._flag(TC | (DINT if self.DMAEN else 0))
        if is_many and self.AC12EN and self._card:
            self.CMD_RSP3 = self._card.command(STOP, 0) or 0

    # -- status ----------------------------------------------------------------------------------

    def _flag(self, flags: int) -> None:
        self.INT_STATUS |= flags & self.INT_STATUS_EN

    def _update(self) -> None:
        left = len(self._fifo)
        may_read = bool(self._reads) and left >= min(max(4 * self.RD_WML, 4), self._to_come())
        self.BREN = may_read = may_read and left > 0
        self.BWEN = may_write = self._wanted > 0 and left < self.BLKSIZE
        self._flag((BRR if may_read else 0) | (BWR if may_write else 0))
        self.CIHB = self._command_line.deadline is not None
        self.CDIHB = self.DLA = self._reads is not None or self._ends_busy
        self.RTA, self.WTA = self._reads is True, self._reads is False
        self.CINST = self._card is not None
        # Assumption: pads pull DATA0 to 2 up, and DATA3 down, which a card pulls up itself; there
        # are no more lines than those four.
        self.DLSL = 0x7 if self._card is None else 0xE if self._busy() else 0xF
        self.IRQ.set(bool(self.INT_STATUS & self.INT_SIGNAL_EN))

    def _to_come(self) -> int:
        """Bytes that the firmware has still to read of this transfer, as far as that is known."""
        line = len(self._on_line or b"") if self._data_lines.deadline is not None else 0
        return len(self._fifo) + line + (self._blocks or 0) * self.BLKSIZE
