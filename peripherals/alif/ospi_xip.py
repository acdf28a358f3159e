"""OSPI's execute-in-place window: native, or each access a cycle of its own."""

from __future__ import annotations

from xipsim.peripherals.core import time_of
from xipsim.peripherals.nor.bus import SpiDevice, Transaction
from xipsim.peripherals.nor.xip import XipWindow

from .ospi_registers import OspiRegisters
from .ospi_shapes import RECEIVE, Shapes


class XipPort:
    """Reads and stores in the window of the chip that XIP_SER selects.

    Prefetch, continuous transfers and wrapping bursts are not visible: the window is always
    coherent with the chip.
    """

    def __init__(self, ospi: OspiRegisters, shapes: Shapes) -> None:
        self._ospi, self._shapes = ospi, shapes
        self.xip = XipWindow(self._native_size)

    # -- native view -------------------------------------------------------------------------------

    @property
    def select(self) -> int | None:
        """The chip select of the window; None without one that has a chip, or with two."""
        return {1: 0, 2: 1}.get(self._ospi.XIP_SELECTS)

    def lay_out(self, select: int | None) -> None:
        """Give the window to the chip of `select`, if there is one."""
        ospi = self._ospi
        chip = None if select is None else ospi.chips.get(select)
        if select is not None and chip is not None:
            self.xip.keep_only(select)
            self.xip.place(ospi.window, select, chip, 0, min(chip.size, ospi.window.size))

    def enter_native(self) -> None:
        """A read has come: be native if it can be."""
        self._ospi.window_native = True
        self.leave_native()

    def leave_native(self) -> None:
        """Reads may be answered differently from now on."""
        # The way back is taken by the first read: a command changes the window's validity several
        # times, and each change costs the engine more than the command.
        if self._ospi.window_native:
            self.xip.evaluate()
            self._ospi.window_native = self.xip.is_native

    def chip_changed(self, chip: SpiDevice) -> None:
        """As `leave_native`, if it is the window's chip that has changed."""
        if self.select is not None and self._ospi.chips.get(self.select) is chip:
            self.leave_native()

    @property
    def _mismatch(self) -> str:
        """Why the window does not work at all now, empty if it does."""
        ospi = self._ospi
        if not ospi.xip_enabled:
            return "AES_CONTROL.XIP_EN is 0"
        if not ospi.SSI_EN:
            return "SSIENR is 0"
        if ospi.sent or ospi.expected:
            return "a transfer is under way"
        if ospi.TMOD != RECEIVE or ospi.SPI_FRF != ospi.XIP_FRF:
            return "CTRLR0 does not hold what XIP needs (receive only, the lines of XIP_CTRL)"
        if self.select is None:
            return f"XIP_SER is {ospi.XIP_SER:#x}"
        return ""

    def _native_size(self, select: int) -> int:
        """Bytes from the chip's start that reads get as plain array data now, 0 for none."""
        ospi = self._ospi
        if ospi.xip == "cycles" or not ospi.window_native or self._mismatch:
            return 0
        if self.select != select or ospi.XIP_HYPERBUS_EN:
            return 0
        if self._shapes.window_read.frame_bits not in (8, 16):
            return 0
        chip = ospi.chips[select]
        if chip.busy or not chip.reads_array(self._read_cycle(0, 2)):
            return 0
        return min(chip.size, ospi.window.size)

    # -- cycles ------------------------------------------------------------------------------------

    def _read_cycle(self, address: int, length: int) -> Transaction:
        shape = self._shapes.window_read
        head = [self._ospi.XIP_INCR_INST] if shape.instruction_bits else []
        if shape.address_bits:
            head.append(address)
        mode, mode_bits = self._shapes.window_mode
        return shape.transaction(
            head, read=length, mode=mode, mode_bits=mode_bits, swaps=shape.frame_bits == 16
        )

    def read(self, offset: int, size: int) -> tuple[bytes, int]:
        """A read of `size` bytes at `offset` of the window, as the controller and chip answer it.

        Also the ns that it takes.
        Assumption: FFh where the window does not work. Silicon promises nothing, not even an end.
        """
        ospi = self._ospi
        if why := self._mismatch:
            self._report("xip-disabled", f"read at {offset:#x}: {why}", offset, ospi.system.pc())
            return b"\xff" * size, 0
        chip = ospi.chips.get(self.select or 0)
        if chip is None:
            return b"\xff" * size, 0
        if chip.busy:
            until = "for ever" if chip.busy_until is None else f"until {chip.busy_until} ns"
            text = f"{chip.name} was read through the window at {offset:#x} while busy {until}"
            self._report("xip-read-while-busy", text, offset, chip.busy_until)
        if ospi.XIP_HYPERBUS_EN:
            ospi.gap("XIP_CTRL.XIP_HYPERBUS_EN: HyperBus")
        frame = -(-self._shapes.window_read.frame_bits // 8)
        # Cycles begin and end with pairs of bytes, which is what octal DDR needs.
        unit = max(2, frame)
        start = offset & -unit
        length = -(start - offset - size) + unit - 1 & -unit
        data = chip.transfer(self._read_cycle(start, length))
        if frame > 1:
            # A frame's first byte is its most significant one; memory is little endian.
            data = b"".join(data[i : i + frame][::-1] for i in range(0, length, frame))
        return data[offset - start : offset - start + size], self._duration(length)

    def _duration(self, length: int) -> int:
        """ns of a cycle that reads so many bytes.

        Assumption: none without a clock (BAUDR 0). Silicon would make the core wait for ever.
        """
        ospi, shape = self._ospi, self._shapes.window_read
        _, mode_bits = self._shapes.window_mode
        edges = 2 * (shape.read_lead + shape.mode_clocks(mode_bits)) + shape.edges(8 * length)
        return time_of(edges, 2 * ospi.frequency, ospi.BAUDR)

    def write(self, offset: int, value: int, size: int) -> None:
        """A store of `size` bytes at `offset` of the window."""
        ospi = self._ospi
        why = self._mismatch
        if not why and not ospi.WR_INST_L and not ospi.WR_ADDR_L:
            why = "XIP_WRITE_CTRL has neither instruction nor address"
        chip = ospi.chips.get(self.select or 0)
        if why or chip is None:
            text = f"a store to the window at {offset:#x} is lost: {why or 'no chip'}"
            self._report("xip-store", text, offset, ospi.system.pc())
            return
        if ospi.WR_HYPERBUS_EN:
            ospi.gap("XIP_WRITE_CTRL.XIPWR_HYPERBUS_EN: HyperBus")
        shape = self._shapes.window_store
        head = [ospi.XIP_WRITE_INCR_INST] if shape.instruction_bits else []
        if shape.address_bits:
            head.append(offset)
        data = value.to_bytes(size, "little")
        if shape.frame_bits == 16 and not size & 1:
            data = b"".join(data[i : i + 2][::-1] for i in range(0, size, 2))
        chip.transfer(shape.transaction(head, write=data))

    def _report(self, rule: str, text: str, offset: int, key: int | None) -> None:
        reports = self._ospi.window_reports
        if (rule, key) not in reports:
            reports.add((rule, key))
            self._ospi.diagnose(rule, text, address=offset)
