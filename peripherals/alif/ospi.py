"""OSPI: the octal memory controller of the Alif Ensemble, with its execute-in-place window.

The register table is in `ospi_registers.py`; here stands which part acts on which register.
"""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import ResetCause, System, model
from xipsim.peripherals.nor.bus import SpiDevice

from .ospi_fifos import RXO, RXU, TXO, Fifos
from .ospi_passages import Passages
from .ospi_registers import OspiRegisters
from .ospi_shapes import Shapes
from .ospi_transfer import Transfers
from .ospi_xip import XipPort


@model("Alif.Ospi")
class Ospi(OspiRegisters):
    """Alif OSPI (Synopsys DWC SSI): FIFOs, enhanced transfers, XIP window, two chip selects.

    Prefetch, continuous transfers and wrapping bursts are not visible: the window is always
    coherent with the chip, and each access that is not native is a cycle of its own.
    """

    LOADS_ITSELF = True

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        shapes = Shapes(self)
        self._fifos = Fifos(self)
        progress = self.alarm(self._progressed)
        self._transfers = Transfers(self, shapes, self._fifos, progress)
        self._passages = Passages(self, self._transfers, progress)
        self._port = XipPort(self, shapes)

    # -- life ------------------------------------------------------------------------------------

    def connected(self) -> None:
        for _, chip in sorted(self.chips.items()):
            chip.watch(self)
        self._port.lay_out(min(self.chips, default=None))

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._rebuild()

    def load(self, saved: dict[str, Any]) -> None:
        super().load(saved)
        self._rebuild()

    def _rebuild(self) -> None:
        self._port.lay_out(self._port.select)
        self._port.xip.evaluate()

    def enable_xip(self, on: bool) -> None:
        """AES_CONTROL.XIP_EN has this value from now on. For the AES block."""
        self.xip_enabled = on
        self._port.leave_native()

    def array_changed(self, chip: SpiDevice, address: int, length: int) -> None:
        """See `ChipWatcher`."""
        self._port.xip.array_changed(chip, address, length)

    def state_changed(self, chip: SpiDevice) -> None:
        """See `ChipWatcher`."""
        self._port.chip_changed(chip)

    operation_began = state_changed

    def operation_ended(self, chip: SpiDevice, address: int, length: int) -> None:
        """See `ChipWatcher`."""
        self._port.xip.array_changed(chip, address, length)
        self._port.chip_changed(chip)

    # -- transfers -------------------------------------------------------------------------------

    @OspiRegisters.SSIENR.on_write
    def _enable(self, value: int) -> None:
        self._transfers.enable(bool(value & 1))
        if self.window_native:
            self.system.clock.acts()
            self._port.leave_native()

    @OspiRegisters.SER.on_write
    def _select(self, value: int) -> None:
        was_under_way = bool(self.expected or self.sent)
        self._transfers.select()
        if (self.expected or self.sent) and not was_under_way:
            self._passages.begin()

    @OspiRegisters.DR.on_write
    def _push(self, index: int, value: int) -> None:
        self._passages.pushed = index
        self._transfers.push(value)

    @OspiRegisters.DR.on_read
    def _pop(self, index: int) -> int:
        return self._transfers.pop()

    @OspiRegisters.DR.on_peek
    def _peek_frame(self, index: int) -> int:
        return self.rx[0] if self.rx else 0

    def _progressed(self) -> None:
        self._transfers.progressed()

    # -- FIFOs and interrupts --------------------------------------------------------------------

    @OspiRegisters.TXFTLR.on_write
    @OspiRegisters.RXFTLR.on_write
    def _set_threshold(self, value: int) -> None:
        self._transfers.threshold_changed()

    @OspiRegisters.TXFLR.on_read
    @OspiRegisters.TXFLR.on_peek
    def _read_tx_level(self) -> int:
        return self._fifos.tx_level

    @OspiRegisters.RXFLR.on_read
    def _read_rx_level(self) -> int:
        self._transfers.ask()
        if self.rx and not self.expected:
            self._passages.begin()
        return len(self.rx)

    @OspiRegisters.RXFLR.on_peek
    def _peek_rx_level(self) -> int:
        return len(self.rx)

    @OspiRegisters.SR.on_read
    def _read_status(self) -> int:
        self._transfers.ask()
        if self._transfers.has_ended and not self.sent and not self.expected:
            self._transfers.has_ended = False
            self._passages.begin()
        return self._fifos.status

    @OspiRegisters.SR.on_peek
    def _peek_status(self) -> int:
        return self._fifos.status

    @OspiRegisters.IMR.on_write
    def _mask(self, value: int) -> None:
        self._fifos.drive_irq()

    @OspiRegisters.ISR.on_read
    @OspiRegisters.ISR.on_peek
    def _read_masked(self) -> int:
        return self._fifos.masked

    @OspiRegisters.RISR.on_read
    @OspiRegisters.RISR.on_peek
    def _read_raw(self) -> int:
        return self._fifos.raw

    @OspiRegisters.TXEICR.on_read
    def _clear_tx(self) -> int:
        return self._fifos.clear(TXO)

    @OspiRegisters.TXEICR.on_peek
    def _peek_tx(self) -> int:
        return self._fifos.stays(TXO)

    @OspiRegisters.RXOICR.on_read
    def _clear_rx_overflow(self) -> int:
        return self._fifos.clear(RXO)

    @OspiRegisters.RXOICR.on_peek
    def _peek_rx_overflow(self) -> int:
        return self._fifos.stays(RXO)

    @OspiRegisters.RXUICR.on_read
    def _clear_rx_underflow(self) -> int:
        return self._fifos.clear(RXU)

    @OspiRegisters.RXUICR.on_peek
    def _peek_rx_underflow(self) -> int:
        return self._fifos.stays(RXU)

    @OspiRegisters.ICR.on_read
    def _clear_all(self) -> int:
        return self._fifos.clear(TXO | RXO | RXU)

    @OspiRegisters.ICR.on_peek
    def _peek_any(self) -> int:
        return self._fifos.stays(TXO | RXO | RXU)

    # -- the window ------------------------------------------------------------------------------

    @OspiRegisters.XIP_SER.on_write
    def _select_xip(self, value: int) -> None:
        self._port.lay_out(self._port.select)

    @OspiRegisters.window.on_read
    def _read_window(self, offset: int, size: int) -> int:
        self._transfers.settle()
        self._port.enter_native()
        data, duration = self._port.read(offset, size)
        self.system.clock.lasts(self.system.clock.now + duration)
        return int.from_bytes(data, "little")

    @OspiRegisters.window.on_write
    def _write_window(self, offset: int, value: int, size: int) -> None:
        self._transfers.settle()
        self._port.write(offset, value, size)

    @OspiRegisters.window.on_peek
    def _peek_window(self, offset: int, size: int) -> int:
        return self._port.xip.peek(offset, size)

    def read_flash(self, offset: int, size: int) -> bytes:
        """As `XipPort.read`, natively or not, in no time."""
        return self._port.read(offset, size)[0]
