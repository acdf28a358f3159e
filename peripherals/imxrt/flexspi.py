"""FlexSPI: the serial memory controller of the i.MX RT10xx, with its execute-in-place window.

The register table is in `flexspi_registers.py`; here stands which part acts on which register.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from xipsim.peripherals.core import BusError, ResetCause, System, model

from .flexspi_ahb import AhbPort, AhbTimeout
from .flexspi_buffers import Buffers
from .flexspi_bus import SerialBus
from .flexspi_chips import ChipSelects
from .flexspi_fifos import Fifos
from .flexspi_ip import IpCommands
from .flexspi_looks import Looks
from .flexspi_lut import LookUpTable
from .flexspi_passages import Passages
from .flexspi_registers import FIFO, FlexSpiRegisters

_IPCMD, _STS1 = FlexSpiRegisters.IPCMD.offset, FlexSpiRegisters.STS1.offset
_AHB_ERROR = FlexSpiRegisters.AHBCMDERRID.mask | FlexSpiRegisters.AHBCMDERRCODE.mask
_SWRESET, _MDIS = FlexSpiRegisters.SWRESET.mask, FlexSpiRegisters.MDIS.mask
_ARDFEN = FlexSpiRegisters.ARDFEN.mask
# A page is sixty-four words and its polls hundreds of accesses: what they have in common works on
# the stored integers instead of on fields.
_AHBCMDERR = FlexSpiRegisters.AHBCMDERR.mask
_MCR0, _INTR = FlexSpiRegisters.MCR0.offset, FlexSpiRegisters.INTR.offset
_FLAGS = FlexSpiRegisters.INTR.w1c
_LUT_OF = itemgetter(*FlexSpiRegisters.LUT.offsets)
_LEVELS = 0x40
"""INTR after a software reset: the transmit FIFO is empty."""
_IDLE, _FROM_IP = 3, 2 << 2
"""STS0: nothing is under way; an IP command is."""


@model("Imxrt.FlexSpi")
class FlexSpi(FlexSpiRegisters):
    """NXP FlexSPI (RT1060 family): LUT, IP commands, AHB window, four chip selects.

    AHB buffers and prefetch are there with `ahb: "buffers"` only: else the window is always
    coherent with the chips.
    """

    LOADS_ITSELF = True

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._selects = ChipSelects(self)
        self._lut = LookUpTable(self)
        bus, self._fifos = SerialBus(self), Fifos(self)
        self._ahb = AhbPort(self, self._selects, self._lut, bus)
        self._buffers = Buffers(self, self._ahb)
        progress, grant = self.alarm(self._progressed), self.alarm(self._refuse)
        self._ip = IpCommands(
            self,
            self._selects,
            self._lut,
            bus,
            self._fifos,
            progress,
            grant,
            self._ahb.xip,
        )
        self._passages = Passages(
            self, self._selects, self._lut, bus, self._ip, progress, grant
        )
        self._looks = Looks(self, self._ip, self._fifos, self._passages.begin)
        self._selects.measure()

    # -- life ------------------------------------------------------------------------------------

    def connected(self) -> None:
        for _, chip in sorted(self.chips.items()):
            chip.watch(self._ahb.xip)
        self._ahb.lay_out()

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._lut.forget()
        self._ahb.lay_out()
        self.drive_irq()

    def load(self, saved: dict[str, Any]) -> None:
        if _LUT_OF(saved["registers"]) != _LUT_OF(self.regs):
            self._lut.forget()
        super().load(saved)
        self._ahb.lay_out()

    # -- configuration ---------------------------------------------------------------------------

    @FlexSpiRegisters.MCR0.on_write
    def _configure(self, value: int) -> None:
        # Drivers reset it before each command, which concerns the window where this has changed.
        concerns_window = (self.regs[_MCR0] ^ value) & _MDIS or any(self.pointers)
        self.regs[_MCR0] = value & ~_SWRESET
        if value & _SWRESET:
            self._software_reset()
        if self.MDIS and self.CLRAHBBUFOPT:
            self._buffers.clear()
        if concerns_window:
            self.system.clock.acts()
            self._ahb.registers_changed()

    def _software_reset(self) -> None:
        """FIFOs, buffers, flags and the command under way go; configuration and LUT stay."""
        self._ip.reset()
        self._buffers.clear()
        self.pointers = [0, 0, 0, 0]
        self.INTR, self.STS1 = _LEVELS, 0
        self._fifos.update(0)

    @FlexSpiRegisters.MCR2.on_write
    def _configure_2(self, value: int) -> None:
        self._ahb.lay_out()

    @FlexSpiRegisters.AHBCR.on_write
    def _configure_ahb(self, value: int) -> None:
        if self.CLRAHBBUF & 1:
            self._buffers.clear()
        self.CLRAHBBUF = 0

    @FlexSpiRegisters.FLSHCR0.on_write
    def _resize(self, index: int, value: int) -> None:
        self._ahb.lay_out()

    @FlexSpiRegisters.FLSHCR1.on_write
    def _configure_timing(self, index: int, value: int) -> None:
        self._ahb.registers_changed()

    @FlexSpiRegisters.FLSHCR2.on_write
    def _configure_sequences(self, index: int, value: int) -> None:
        kept, clears_pointer = value & 0x7FFF_FFFF, value >> 31
        # Drivers clear the pointer before every command, most often in vain.
        if kept != self.FLSHCR2[index] or (clears_pointer and self.pointers[index]):
            self.FLSHCR2[index] = kept
            if clears_pointer:
                self.pointers[index] = 0
            self.system.clock.acts()
            self._ahb.registers_changed()

    # -- interrupts and status -------------------------------------------------------------------

    @FlexSpiRegisters.INTEN.on_write
    def _enable(self, value: int) -> None:
        self._ip.enable()

    @FlexSpiRegisters.INTR.on_read
    def _flags(self) -> int:
        command = self.command
        return self.regs[_INTR] if command is None else self._looks.poll_flags(command)

    @FlexSpiRegisters.INTR.on_peek
    def _peek_flags(self) -> int:
        return self._looks.flags()

    @FlexSpiRegisters.INTR.on_write
    def _acknowledge(self, value: int) -> None:
        self.regs[_INTR] &= ~value | ~_FLAGS
        if value & _AHBCMDERR:
            self.regs[_STS1] &= ~_AHB_ERROR
        self._ip.acknowledge(value)

    @FlexSpiRegisters.STS0.on_read
    def _status(self) -> int:
        return _FROM_IP if self.command is not None and self._looks.poll_busy() else _IDLE

    @FlexSpiRegisters.STS0.on_peek
    def _peek_status(self) -> int:
        return _FROM_IP if self._looks.is_busy else _IDLE

    @FlexSpiRegisters.STS2.on_read
    @FlexSpiRegisters.STS2.on_peek
    def _dll_status(self) -> int:
        # The delay lines lock at once.
        locks = sum(3 << 16 * port for port in range(2) if self.DLLCR[port] & 1)
        return self.STS2 | locks

    # -- LUT -------------------------------------------------------------------------------------

    @FlexSpiRegisters.LUTKEY.on_write
    def _take_key(self, value: int) -> None:
        self._lut.key(value)

    @FlexSpiRegisters.LUTCR.on_write
    def _lock(self, value: int) -> None:
        self._lut.lock(value)

    @FlexSpiRegisters.LUT.on_write
    def _write_lut(self, index: int, value: int) -> None:
        if self._lut.write(index, value):
            self._ahb.registers_changed()

    # -- IP commands -----------------------------------------------------------------------------

    @FlexSpiRegisters.IPCMD.on_write
    def _trigger(self, value: int) -> None:
        self.regs[_IPCMD] = 0
        if value & 1:
            self._ip.trigger()
            self._passages.begin()

    def _progressed(self) -> None:
        self._ip.progressed()

    def _refuse(self) -> None:
        self._ip.refuse()

    @FlexSpiRegisters.IPRXFCR.on_write
    def _control_rx(self, value: int) -> None:
        self._ip.control_rx(value)

    @FlexSpiRegisters.IPTXFCR.on_write
    def _control_tx(self, value: int) -> None:
        self._ip.control_tx(value)

    @FlexSpiRegisters.IPRXFSTS.on_read
    def _rx_status(self) -> int:
        return self._looks.poll_rx_status()

    @FlexSpiRegisters.IPRXFSTS.on_peek
    def _peek_rx_status(self) -> int:
        return self._fifos.rx_status(self.system.clock.now)

    @FlexSpiRegisters.IPTXFSTS.on_read
    @FlexSpiRegisters.IPTXFSTS.on_peek
    def _tx_status(self) -> int:
        return self._fifos.tx_status(self.system.clock.now)

    @FlexSpiRegisters.RFDR.on_read
    def _read_rfdr(self, index: int) -> int:
        if self.regs[_MCR0] & _ARDFEN and self.rx:
            self._report_fifo("RFDR was read while MCR0.ARDFEN is 1: the data are on the AHB")
        return self._peek_rfdr(index)

    @FlexSpiRegisters.RFDR.on_peek
    def _peek_rfdr(self, index: int) -> int:
        if self.regs[_MCR0] & _ARDFEN:
            return 0
        # Without a command nothing is on its way.
        now = self.system.clock.now if self.command is not None else 0
        return self._fifos.head(4 * index, 4, now)

    @FlexSpiRegisters.TFDR.on_read
    @FlexSpiRegisters.TFDR.on_peek
    def _read_tfdr(self, index: int) -> int:
        return 0

    @FlexSpiRegisters.TFDR.on_write
    def _refuse_tfdr(self, index: int, value: int) -> None:
        self._report_fifo("TFDR was written while MCR0.ATDFEN is 1: the FIFO is on the AHB")

    def _report_fifo(self, text: str) -> None:
        self.diagnose("wrong-fifo-port", text)

    @FlexSpiRegisters.rx_fifo.on_read
    def read_rx_fifo(self, offset: int, size: int) -> int:
        """Read the FIFO's head over the AHB; nothing is consumed. BusError unless ARDFEN."""
        if not self.ARDFEN:
            self._report_fifo("the receive FIFO was read on the AHB while MCR0.ARDFEN is 0")
        return self._peek_rx_fifo(offset, size)

    @FlexSpiRegisters.rx_fifo.on_peek
    def _peek_rx_fifo(self, offset: int, size: int) -> int:
        if not self.ARDFEN:
            raise BusError(f"{self.name}: MCR0.ARDFEN is 0, the receive FIFO is not on the AHB")
        return self._fifos.head(offset, size, self.system.clock.now)

    @FlexSpiRegisters.rx_fifo.on_write
    def _write_rx_fifo(self, offset: int, value: int, size: int) -> None:
        raise BusError(f"{self.name}: the receive FIFO is read only")

    @FlexSpiRegisters.tx_fifo.on_read
    def _read_tx_fifo(self, offset: int, size: int) -> int:
        raise BusError(f"{self.name}: the transmit FIFO is write only")

    @FlexSpiRegisters.tx_fifo.on_write
    def write_tx_fifo(self, offset: int, value: int, size: int) -> None:
        """Write the words to push next over the AHB. BusError unless ATDFEN."""
        if not self.ATDFEN:
            self._report_fifo("the transmit FIFO was written on the AHB while MCR0.ATDFEN is 0")
            raise BusError(f"{self.name}: MCR0.ATDFEN is 0, the transmit FIFO is not on the AHB")
        if offset + size <= FIFO:
            self._fifos.stage(offset, value, size)

    # -- the window ------------------------------------------------------------------------------

    @FlexSpiRegisters.window.on_read
    def _read_window(self, offset: int, size: int) -> int:
        is_buffered = self.ahb == "buffers"
        data = self._buffers.find(offset, size) if is_buffered else None
        if data is None:
            free_at = max(self._ip.give_way(), self.quiet_at)
            self._ahb.report_busy(offset)
            self._ahb.report_open(offset)
            read = self._buffers.fill if is_buffered else self._ahb.read
            try:
                data, duration = read(offset, size)
            except AhbTimeout as error:
                self.system.clock.lasts(free_at + error.after)
                raise
            self.quiet_at = free_at + duration
            self.system.clock.lasts(self.quiet_at)
        return int.from_bytes(data, "little")

    @FlexSpiRegisters.window.on_peek
    def _peek_window(self, offset: int, size: int) -> int:
        return self._ahb.xip.peek(offset, size)

    @FlexSpiRegisters.window.on_write
    def _write_window(self, offset: int, value: int, size: int) -> None:
        self._ip.give_way()
        self._ahb.write(offset, value, size)
        self._buffers.written(offset, size)

    def read_flash(self, offset: int, size: int) -> bytes:
        """As `AhbPort.read`: for the boot ROM, in no time."""
        return self._ahb.read(offset, size)[0]

    @property
    def rests_at(self) -> int | None:
        """As `Looks.rests_at`: for the boot ROM."""
        return self._looks.rests_at
