"""OSPI: the octal memory controller of the Alif Ensemble, with its execute-in-place window."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import Region, ResetCause, State, System, model
from xipsim.peripherals.nor.bus import SpiDevice, Transaction
from xipsim.peripherals.nor.xip import XipWindow

from .ospi_format import INSTRUCTION_BITS, MODE_BITS, Format
from .ospi_registers import OspiRegisters
from .ospi_transfer import RECEIVE, Transfers


@model("Alif.Ospi")
class Ospi(Transfers):
    """Alif OSPI (Synopsys DWC SSI): FIFOs, enhanced transfers, XIP window, two chip selects.

    Prefetch, continuous transfers and wrapping bursts are not visible: the window is always
    coherent with the chip, and each access that is not native is a cycle of its own.
    """

    window = Region("the bytes of the chip that XIP_SER selects (XIP)")

    _xip_enabled = State(False)
    """AES_CONTROL.XIP_EN."""
    _window_reports: State[set[tuple[str, int | None]]] = State(set())
    """Rules broken through the window, with the PC or the end of the operation."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        self._xip = XipWindow(self._native_size)
        super().__init__(system, name=name, **parameters)

    # -- life ------------------------------------------------------------------------------------

    def connected(self) -> None:
        for _, chip in sorted(self.chips.items()):
            chip.watch(self)
        self._lay_out(min(self.chips, default=None))

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._lay_out(self._xip_select)
        self._xip.evaluate()

    def load(self, saved: dict[str, Any]) -> None:
        super().load(saved)
        self._lay_out(self._xip_select)
        self._xip.evaluate()

    def enable_xip(self, on: bool) -> None:
        """AES_CONTROL.XIP_EN has this value from now on. For the AES block."""
        self._xip_enabled = on
        self._leave_native()

    # -- native view -----------------------------------------------------------------------------

    def array_changed(self, chip: SpiDevice, address: int, length: int) -> None:
        """See `ChipWatcher`."""
        self._xip.array_changed(chip, address, length)

    def state_changed(self, chip: SpiDevice) -> None:
        """See `ChipWatcher`."""
        self._leave_native()

    def _enable(self, value: int) -> None:
        super()._enable(value)
        self._leave_native()

    def _leave_native(self) -> None:
        # The way back is taken by the first read: a command changes the window's validity several
        # times, and each change costs the engine more than the command.
        if self._xip.is_native:
            self._xip.evaluate()

    @OspiRegisters.XIP_SER.on_write
    def _select_xip(self, value: int) -> None:
        self._lay_out(self._xip_select)

    @property
    def _xip_select(self) -> int | None:
        """The chip select of the window; None without one that has a chip, or with two."""
        return {1: 0, 2: 1}.get(self.XIP_SELECTS)

    def _lay_out(self, select: int | None) -> None:
        chip = None if select is None else self.chips.get(select)
        if select is None or chip is None or self._xip.is_mapped(select, 0):
            return
        for other in self.chips:
            self._xip.unmap(other)
        self._xip.map(self.window, select, chip, 0, min(chip.size, self.window.size))

    @property
    def _mismatch(self) -> str:
        """Why the window does not work at all now, empty if it does."""
        if not self._xip_enabled:
            return "AES_CONTROL.XIP_EN is 0"
        if not self.SSI_EN:
            return "SSIENR is 0"
        if self._sent:
            return "a transfer is under way"
        if self.TMOD != RECEIVE or self.SPI_FRF != self.XIP_FRF:
            return "CTRLR0 does not hold what XIP needs (receive only, the lines of XIP_CTRL)"
        if self._xip_select is None:
            return f"XIP_SER is {self.XIP_SER:#x}"
        return ""

    def _native_size(self, select: int) -> int:
        """Bytes from the chip's start that reads get as plain array data now, 0 for none."""
        if self._mismatch or self._xip_select != select or self.XIP_HYPERBUS_EN:
            return 0
        if self._xip_format.frame_bits not in (8, 16):
            return 0
        chip = self.chips[select]
        if chip.busy or not chip.reads_array(self._read_cycle(0, 2)):
            return 0
        return min(chip.size, self.window.size)

    # -- the window's cycles -----------------------------------------------------------------------

    @property
    def _xip_format(self) -> Format:
        return Format(
            frf=self.XIP_FRF,
            trans_type=self.XIP_TRANS_TYPE,
            instruction_bits=INSTRUCTION_BITS[self.XIP_INST_L] if self.XIP_INST_EN else 0,
            instruction_ddr=bool(self.XIP_INST_DDR_EN),
            address_bits=4 * self.XIP_ADDR_L,
            ddr=bool(self.XIP_DDR_EN),
            wait=self.XIP_WAIT_CYCLES,
            strobe=bool(self.XIP_RXDS_EN),
            # Assumption: frames that follow the size of the access arrive in order, as bytes.
            frame_bits=max(8, self.DFS + 1) if self.XIP_DFS_HC else 8,
        )

    def _read_cycle(self, address: int, length: int) -> Transaction:
        shape = self._xip_format
        head = [self.XIP_INCR_INST] if shape.instruction_bits else []
        if shape.address_bits:
            head.append(address)
        has_mode = self.XIP_MD_BITS_EN
        return shape.transaction(
            head,
            read=length,
            mode=self.XIP_MODE_BITS if has_mode else None,
            mode_bits=MODE_BITS[self.XIP_MBL] if has_mode else 0,
            swaps=shape.frame_bits == 16,
        )

    @window.on_read
    def _read_window(self, offset: int, size: int) -> int:
        self._settle()
        self._xip.evaluate()
        return int.from_bytes(self.read_flash(offset, size), "little")

    @window.on_peek
    def _peek_window(self, offset: int, size: int) -> int:
        return self._xip.peek(offset, size)

    def read_flash(self, offset: int, size: int) -> bytes:
        """A read of `size` bytes at `offset` of the window, as the controller and chip answer it.

        Assumption: FFh where the window does not work. Silicon promises nothing, not even an end.
        """
        if why := self._mismatch:
            self._report("xip-disabled", f"read at {offset:#x}: {why}", offset, self.system.pc())
            return b"\xff" * size
        chip = self.chips.get(self._xip_select or 0)
        if chip is None:
            return b"\xff" * size
        if chip.busy:
            until = "for ever" if chip.busy_until is None else f"until {chip.busy_until} ns"
            text = f"{chip.name} was read through the window at {offset:#x} while busy {until}"
            self._report("xip-read-while-busy", text, offset, chip.busy_until)
        if self.XIP_HYPERBUS_EN:
            self.gap("XIP_CTRL.XIP_HYPERBUS_EN: HyperBus")
        return self._fetch(chip, offset, size)

    def _fetch(self, chip: SpiDevice, offset: int, size: int) -> bytes:
        frame = -(-self._xip_format.frame_bits // 8)
        # Cycles begin and end with pairs of bytes, which is what octal DDR needs.
        unit = max(2, frame)
        start = offset & -unit
        length = -(start - offset - size) + unit - 1 & -unit
        data = chip.transfer(self._read_cycle(start, length))
        if frame > 1:
            # A frame's first byte is its most significant one; memory is little endian.
            data = b"".join(data[i : i + frame][::-1] for i in range(0, length, frame))
        return data[offset - start : offset - start + size]

    @window.on_write
    def _write_window(self, offset: int, value: int, size: int) -> None:
        self._settle()
        why = self._mismatch
        if not why and not self.WR_INST_L and not self.WR_ADDR_L:
            why = "XIP_WRITE_CTRL has neither instruction nor address"
        chip = self.chips.get(self._xip_select or 0)
        if why or chip is None:
            self._report(
                "xip-store", f"a store to the window at {offset:#x} is lost: {why or 'no chip'}",
                offset, self.system.pc(),
            )  # fmt: skip
            return
        if self.WR_HYPERBUS_EN:
            self.gap("XIP_WRITE_CTRL.XIPWR_HYPERBUS_EN: HyperBus")
        shape = self._write_format
        head = [self.XIP_WRITE_INCR_INST] if shape.instruction_bits else []
        if shape.address_bits:
            head.append(offset)
        data = value.to_bytes(size, "little")
        if shape.frame_bits == 16 and not size & 1:
            data = b"".join(data[i : i + 2][::-1] for i in range(0, size, 2))
        chip.transfer(shape.transaction(head, write=data))

    @property
    def _write_format(self) -> Format:
        return Format(
            frf=self.WR_FRF,
            trans_type=self.WR_TRANS_TYPE,
            instruction_bits=INSTRUCTION_BITS[self.WR_INST_L],
            instruction_ddr=bool(self.WR_INST_DDR_EN),
            address_bits=4 * self.WR_ADDR_L,
            ddr=bool(self.WR_SPI_DDR_EN),
            wait=self.WR_WAIT_CYCLES,
            strobe=False,
            frame_bits=self.DFS + 1,
        )

    def _report(self, rule: str, text: str, offset: int, key: int | None) -> None:
        if (rule, key) not in self._window_reports:
            self._window_reports.add((rule, key))
            self.diagnose(rule, text, address=offset)
