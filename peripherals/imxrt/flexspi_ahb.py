"""FlexSPI's AHB port: reads and stores in the execute-in-place window, natively or by the LUT."""

from __future__ import annotations

from xipsim.peripherals.core import BusError, time_of
from xipsim.peripherals.nor.bus import Transaction
from xipsim.peripherals.nor.xip import XipWindow

from .flexspi_bus import SerialBus
from .flexspi_chips import ChipSelects
from .flexspi_lut import LookUpTable
from .flexspi_registers import FlexSpiRegisters
from .lut import SEQUENCES, ErrorCode

_MCR0, _MDIS = FlexSpiRegisters.MCR0.offset, FlexSpiRegisters.MDIS.mask
_FLSHCR1, _FLSHCR2 = FlexSpiRegisters.FLSHCR1.offsets, FlexSpiRegisters.FLSHCR2.offsets


class AhbTimeout(BusError):
    """The controller has given an access up, `after` so many ns."""

    def __init__(self, text: str, after: int) -> None:
        super().__init__(text)
        self.after = after


def _run_of(first: int, more: int) -> list[int]:
    return [(first + i) % SEQUENCES for i in range(more + 1)]


class AhbPort:
    """The window, without AHB buffers and prefetch: coherent with the chips."""

    def __init__(
        self, spi: FlexSpiRegisters, chips: ChipSelects, lut: LookUpTable, bus: SerialBus
    ) -> None:
        self._spi, self._chips, self._lut, self._bus = spi, chips, lut, bus
        self.xip = XipWindow(self._native_size)
        self._views: dict[int, tuple[Transaction | None, int]] = {}
        """By chip select: see `_view`."""
        self._is_buffered = spi.ahb == "buffers"

    # -- native view -----------------------------------------------------------------------------

    def lay_out(self) -> None:
        """Find the chips' places in the window again."""
        self._chips.measure()
        for select, chip in sorted(self._spi.chips.items()):
            start, size = self._chips.start(select), self._chips.visible(select, chip)
            self.xip.place(self._spi.window, select, chip, start, size)
        self.registers_changed()

    def registers_changed(self) -> None:
        """Those of which the window is made, or the pointers of JMP_ON_CS."""
        self._views.clear()
        self.xip.evaluate()

    def _native_size(self, select: int) -> int:
        """Bytes from the chip's start that AHB reads get as plain array data now, 0 for none."""
        command = self._spi.command
        if command is not None and command.holds_bus:
            return 0
        view = self._views.get(select)
        if view is None:
            view = self._views[select] = self._view(select)
        probe, size = view
        if probe is None or not self._spi.chips[select].reads_array(probe):
            return 0
        return size

    def _view(self, select: int) -> tuple[Transaction | None, int]:
        """What registers say of reads: one like all of them, and the bytes from the chip's start
        that they reach, if the chip answers that as plain array data; None: none are native."""
        spi = self._spi
        regs, settings = spi.regs, self._chips.settings(select)
        control = regs[_FLSHCR2[settings]]
        if self._is_buffered or regs[_MCR0] & _MDIS or control & 0xE0:
            return None, 0
        start = spi.pointers[settings]
        sequence = self._lut.sequence(control & 0xF, start)
        # Word and column addresses belong to HyperBus chips.
        if regs[_FLSHCR1[settings]] & 0x7C00 or sequence.gaps or sequence.error:
            return None, 0
        if sequence.reads is None or sequence.jump not in (None, start):
            return None, 0
        return sequence.probe, 1 << sequence.row_bits

    # -- accesses that are not native ------------------------------------------------------------

    def read(self, offset: int, size: int) -> tuple[bytes, int]:
        """An AHB read of `size` bytes at `offset` of the window, as LUT and chip answer it.

        Also the ns that it takes. BusError where the controller answers with an error.
        """
        spi = self._spi
        select = self._granted(offset)
        settings = self._chips.settings(select)
        control = spi.FLSHCR2[settings]
        received, duration = b"", 0
        start = spi.pointers[settings]
        for index in _run_of(control & 0xF, control >> 5 & 7):
            sequence = self._lut.sequence(index, start)
            if sequence.error is not None:
                raise self._error(index, sequence.error, offset)
            self._lut.report(index, offset)
            read = 0 if sequence.reads is None else size
            received += self._chips.transfer(select, sequence, offset, b"", read)
            cost = self._bus.cost(settings, sequence)
            duration += cost.interval + cost.total(read)
            if sequence.jump is not None:
                spi.pointers[settings] = sequence.jump
                self.registers_changed()
            start = 0
        if len(received) < size:
            self._lut.report_no_data(control & 0xF, size, offset)
            spi.AHBBUSTIMEOUT = 1
            spi.drive_irq()
            text = f"{spi.name}: LUT sequence {control & 0xF} reads no data"
            raise AhbTimeout(text, self._bus.ahb_data_limit)
        return received[:size], duration

    def write(self, offset: int, value: int, size: int) -> None:
        """A store of `size` bytes at `offset` of the window."""
        select = self._granted(offset)
        control = self._spi.FLSHCR2[self._chips.settings(select)]
        indices = _run_of(control >> 8 & 0xF, control >> 13 & 7)
        sequences = [(index, self._lut.sequence(index)) for index in indices]
        if all(sequence.writes is None for _, sequence in sequences):
            self._lose_store(offset)
            return
        for index, sequence in sequences:
            error = sequence.error or (ErrorCode.JUMP if sequence.jump is not None else None)
            if error is not None:
                raise self._error(index, error, offset)
            self._lut.report(index, offset)
            data = b"" if sequence.writes is None else value.to_bytes(size, "little")
            self._chips.transfer(select, sequence, offset, data, 0)

    def data_time(self, offset: int, length: int) -> int:
        """ns for `length` bytes of data of a read at `offset`."""
        select = self._granted(offset)
        settings = self._chips.settings(select)
        sequence = self._lut.sequence(self._spi.FLSHCR2[settings] & 0xF)
        cost = self._bus.cost(settings, sequence)
        return time_of(length, cost.hertz, cost.byte_clocks)

    def room(self, offset: int) -> int:
        """Bytes from `offset` to the end of its chip select's addresses."""
        select = self._chips.route(offset)
        return 0 if select is None else self._chips.ends[select] - offset

    def last_change(self, offset: int) -> str | None:
        """As the chip's, of the cells behind `offset`."""
        select = self._chips.route(offset)
        chip = None if select is None else self._spi.chips.get(select)
        if select is None or chip is None:
            return None
        return chip.last_change(offset - self._chips.start(select))

    def report_busy(self, offset: int) -> None:
        """Say, once for each operation of a chip, that the core reads the busy chip."""
        spi, select = self._spi, self._chips.route(offset)
        chip = None if select is None else spi.chips.get(select)
        if select is None or chip is None or not chip.busy:
            return
        if spi.busy_reported != (select, chip.busy_until):
            spi.busy_reported = (select, chip.busy_until)
            until = "for ever" if chip.busy_until is None else f"until {chip.busy_until} ns"
            spi.diagnose(
                "xip-read-while-busy",
                f"{chip.name} was read through the window at {offset:#x} while busy {until}",
                address=offset,
            )

    def report_open(self, offset: int) -> None:
        """Say that the core reads the window while the sequence for that is being rewritten."""
        spi, select = self._spi, self._chips.route(offset)
        chip = None if select is None else spi.chips.get(select)
        if spi.LOCK or select is None or chip is None or chip.busy:
            return
        settings = self._chips.settings(select)
        index = spi.FLSHCR2[settings] & 0xF
        sequence = self._lut.sequence(index, spi.pointers[settings])
        if sequence.reads is not None and chip.reads_array(sequence.probe):
            return
        text = f"the window was read while the LUT is unlocked, and sequence {index} reads no array"
        if spi.ahb != "buffers":
            text += '; with ahb "buffers" what was read ahead would still be there, as on silicon'
        spi.diagnose("ahb-lut-open", text, address=offset)

    def _lose_store(self, offset: int) -> None:
        # Assumption: a store for which the LUT has no WRITE is lost without a bus error.
        spi, pc = self._spi, self._spi.system.pc()
        if pc not in spi.stores_reported:
            spi.stores_reported.add(pc)
            spi.diagnose(
                "xip-store",
                f"a store to the window at {offset:#x} is lost: AWRSEQID names no write sequence",
                address=offset,
            )

    def _granted(self, offset: int) -> int:
        """The chip select of an AHB access; BusError where it is not granted."""
        spi = self._spi
        if spi.MDIS:
            # Assumption: a bus error. Silicon gives none of its error flags here.
            raise BusError(f"{spi.name}: the window was accessed while MCR0.MDIS is 1")
        if spi.command is not None:
            # The command waits for the core, which waits for this access: AHBGRANTWAIT ends it.
            spi.AHBCMDGE = 1
            spi.drive_irq()
            text = f"{spi.name}: the window was accessed during an IP command"
            raise AhbTimeout(text, self._bus.ahb_grant_limit)
        select = self._chips.route(offset)
        if select is None:
            raise BusError(f"{spi.name}: window offset {offset:#x} is beyond FLSHxxCR0")
        return select

    def _error(self, index: int, code: ErrorCode, offset: int) -> BusError:
        spi = self._spi
        text = f"AHB access at {offset:#x}, LUT sequence {index}: {code.text}"
        spi.diagnose("ahb-command-error", text, address=offset)
        spi.AHBCMDERRID, spi.AHBCMDERRCODE = index, code
        spi.AHBCMDERR = 1
        spi.drive_irq()
        return BusError(f"{spi.name}: {text}")
