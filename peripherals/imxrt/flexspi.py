"""FlexSPI: the serial memory controller of the i.MX RT10xx, with its execute-in-place window."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import BusError, Region, ResetCause, State, System, model
from xipsim.peripherals.nor.bus import SpiDevice
from xipsim.peripherals.nor.xip import XipWindow

from .flexspi_base import FlexSpiBase
from .flexspi_ip import IpCommands
from .lut import SEQUENCES, ErrorCode

_LEVELS = 0x40
"""INTR after a software reset: the transmit FIFO is empty."""


@model("Imxrt.FlexSpi")
class FlexSpi(IpCommands):
    """NXP FlexSPI (RT1060 family): LUT, IP commands, AHB window, four chip selects.

    AHB buffers and prefetch are not modelled: the window is always coherent with the chips.
    """

    window = Region("the chips' bytes, A1, A2, B1 and B2 in a row (XIP)")

    _pointers = State([0, 0, 0, 0])
    """Start instruction of the next AHB read of each chip select (JMP_ON_CS)."""
    _busy_reported: State[tuple[int, int | None] | None] = State(None)
    """Chip select and end of the operation during which a read was reported last."""
    _stores_reported: State[set[int | None]] = State(set())

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        self._xip = XipWindow(self._native_size)
        self._sequences = {}
        super().__init__(system, name=name, **parameters)
        self._measure()

    # -- life ------------------------------------------------------------------------------------

    def connected(self) -> None:
        for _, chip in sorted(self.chips.items()):
            chip.watch(self)
        self._lay_out()

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._rebuild()
        self._drive_irq()

    def load(self, saved: dict[str, Any]) -> None:
        super().load(saved)
        self._rebuild()

    def _rebuild(self) -> None:
        """What was derived from the registers is stale; the chips tell of their own changes."""
        self._sequences.clear()
        self._lay_out()

    # -- configuration ---------------------------------------------------------------------------

    @FlexSpiBase.MCR0.on_write
    def _configure(self, value: int) -> None:
        if self.COMBINATIONEN:
            self.gap("MCR0: port A and B combined to 8 pads")
        if self.SWRESET:
            self.SWRESET = 0
            self._software_reset()
        self._xip.evaluate()

    def _software_reset(self) -> None:
        """FIFOs, flags and the command under way go; configuration and LUT stay."""
        self._abort()
        self._rx.clear()
        self._tx.clear()
        self._pointers = [0, 0, 0, 0]
        self.INTR, self.STS1, self.IPRXFSTS, self.IPTXFSTS = _LEVELS, 0, 0, 0
        self._release()

    @FlexSpiBase.MCR2.on_write
    def _configure_2(self, value: int) -> None:
        self._lay_out()

    @FlexSpiBase.AHBCR.on_write
    def _configure_ahb(self, value: int) -> None:
        self.CLRAHBBUF = 0
        if self.APAREN:
            self.gap("AHBCR: parallel mode")

    @FlexSpiBase.FLSHCR0.on_write
    def _resize(self, index: int, value: int) -> None:
        self._lay_out()

    @FlexSpiBase.FLSHCR1.on_write
    def _configure_timing(self, index: int, value: int) -> None:
        self._xip.evaluate()

    @FlexSpiBase.FLSHCR2.on_write
    def _configure_sequences(self, index: int, value: int) -> None:
        kept, clears_pointer = value & 0x7FFF_FFFF, value >> 31
        # Drivers clear the pointer before every command, most often in vain.
        if kept != self.FLSHCR2[index] or (clears_pointer and self._pointers[index]):
            self.FLSHCR2[index] = kept
            if clears_pointer:
                self._pointers[index] = 0
            self._xip.evaluate()

    @FlexSpiBase.FLSHCR4.on_write
    def _configure_mask(self, value: int) -> None:
        if self.WMEN:
            self.gap("FLSHCR4: write mask on DQS")

    def _lut_changed(self, sequence: int) -> None:
        super()._lut_changed(sequence)
        self._xip.evaluate()

    # -- status ----------------------------------------------------------------------------------

    @FlexSpiBase.STS0.on_read
    def _status(self) -> int:
        from_ip = 2 << 2
        return 3 if self._command is None else from_ip

    @FlexSpiBase.STS2.on_read
    def _dll_status(self) -> int:
        # The delay lines lock at once.
        locks = sum(3 << 16 * port for port in range(2) if self.DLLCR[port] & 1)
        return self.STS2 | locks

    # -- native view -----------------------------------------------------------------------------

    def array_changed(self, chip: SpiDevice, address: int, length: int) -> None:
        """See `ChipWatcher`."""
        self._xip.array_changed(chip, address, length)

    def state_changed(self, chip: SpiDevice) -> None:
        """See `ChipWatcher`."""
        self._xip.evaluate()

    def _bus_changed(self) -> None:
        self._xip.evaluate()

    def _lay_out(self) -> None:
        """Find the chips' places in the window again."""
        self._measure()
        for select, chip in sorted(self.chips.items()):
            start = self._start(select)
            size = self._visible(select, chip)
            if size <= 0:
                self._xip.unmap(select)
            elif not self._xip.is_mapped(select, start):
                self._xip.map(self.window, select, chip, start, size)
        self._xip.evaluate()

    def _visible(self, select: int, chip: SpiDevice) -> int:
        start = self._start(select)
        return min(self._bounds[select] - start, self.window.size - start, chip.size)

    def _native_size(self, select: int) -> int:
        """Bytes from the chip's start that AHB reads get as plain array data now, 0 for none."""
        control = self.FLSHCR2[self._settings(select)]
        if self.MDIS or self._command is not None or control & 0xE0:
            return 0
        start = self._pointers[self._settings(select)]
        sequence = self._sequence(control & 0xF, start)
        # Word and column addresses belong to HyperBus chips.
        if self.FLSHCR1[self._settings(select)] & 0x7C00 or sequence.gaps or sequence.error:
            return 0
        if sequence.reads is None or sequence.jump not in (None, start):
            return 0
        chip = self.chips[select]
        if not chip.reads_array(sequence.probe):
            return 0
        return min(self._visible(select, chip), 1 << sequence.row_bits)

    # -- AHB accesses ----------------------------------------------------------------------------

    @window.on_read
    def _read_window(self, offset: int, size: int) -> int:
        self._report_busy(offset)
        return int.from_bytes(self.read_flash(offset, size), "little")

    @window.on_peek
    def _peek_window(self, offset: int, size: int) -> int:
        return self._xip.peek(offset, size)

    def _report_busy(self, offset: int) -> None:
        select = self._route(offset)
        chip = None if select is None else self.chips.get(select)
        if select is None or chip is None or not chip.busy:
            return
        if self._busy_reported != (select, chip.busy_until):
            self._busy_reported = (select, chip.busy_until)
            until = "for ever" if chip.busy_until is None else f"until {chip.busy_until} ns"
            self.diagnose(
                "xip-read-while-busy",
                f"{chip.name} was read through the window at {offset:#x} while busy {until}",
                address=offset,
            )

    def read_flash(self, offset: int, size: int) -> bytes:
        """An AHB read of `size` bytes at `offset` of the window, as LUT and chip answer it.

        BusError where the controller answers with an error.
        """
        select = self._granted(offset)
        settings = self._settings(select)
        control = self.FLSHCR2[settings]
        received = b""
        start = self._pointers[settings]
        for index in self._run_of(control & 0xF, control >> 5 & 7):
            sequence = self._sequence(index, start)
            if sequence.error is not None:
                raise self._ahb_error(index, sequence.error, offset)
            read = 0 if sequence.reads is None else size
            received += self._transfer(select, sequence, offset, b"", read)
            if sequence.jump is not None:
                self._pointers[settings] = sequence.jump
                self._xip.evaluate()
            start = 0
        if len(received) < size:
            self.AHBBUSTIMEOUT = 1
            self._drive_irq()
            raise BusError(f"{self.name}: LUT sequence {control & 0xF} reads no data")
        return received[:size]

    @window.on_write
    def _write_window(self, offset: int, value: int, size: int) -> None:
        select = self._granted(offset)
        control = self.FLSHCR2[self._settings(select)]
        indices = self._run_of(control >> 8 & 0xF, control >> 13 & 7)
        sequences = [(index, self._sequence(index)) for index in indices]
        if all(sequence.writes is None for _, sequence in sequences):
            self._lose_store(offset)
            return
        for index, sequence in sequences:
            error = sequence.error or (ErrorCode.JUMP if sequence.jump is not None else None)
            if error is not None:
                raise self._ahb_error(index, error, offset)
            data = b"" if sequence.writes is None else value.to_bytes(size, "little")
            self._transfer(select, sequence, offset, data, 0)

    def _lose_store(self, offset: int) -> None:
        # Assumption: a store for which the LUT has no WRITE is lost without a bus error.
        pc = self.system.pc()
        if pc not in self._stores_reported:
            self._stores_reported.add(pc)
            self.diagnose(
                "xip-store",
                f"a store to the window at {offset:#x} is lost: AWRSEQID names no write sequence",
                address=offset,
            )

    @staticmethod
    def _run_of(first: int, more: int) -> list[int]:
        return [(first + i) % SEQUENCES for i in range(more + 1)]

    def _granted(self, offset: int) -> int:
        """The chip select of an AHB access; BusError where it is not granted."""
        if self.MDIS:
            # Assumption: a bus error. Silicon gives none of its error flags here.
            raise BusError(f"{self.name}: the window was accessed while MCR0.MDIS is 1")
        if self._command is not None:
            # The command waits for the core, which waits for this access: AHBGRANTWAIT ends it.
            self.AHBCMDGE = 1
            self._drive_irq()
            raise BusError(f"{self.name}: the window was accessed during an IP command")
        select = self._route(offset)
        if select is None:
            raise BusError(f"{self.name}: window offset {offset:#x} is beyond FLSHxxCR0")
        return select

    def _ahb_error(self, index: int, code: ErrorCode, offset: int) -> BusError:
        text = f"AHB access at {offset:#x}, LUT sequence {index}: {code.text}"
        self.diagnose("ahb-command-error", text, address=offset)
        self.AHBCMDERRID, self.AHBCMDERRCODE = index, code
        self.AHBCMDERR = 1
        self._drive_irq()
        return BusError(f"{self.name}: {text}")
