"""The mask ROM's part that starts an image from serial NOR.

It works as the ROM does, at every reset: through the controller's registers, the chip, the bus.
Source: i.MX RT1060 reference manual, System Boot; the vendor's FlexSPI NOR boot driver.
"""

from __future__ import annotations

import struct
from collections.abc import Generator

from xipsim.peripherals import core
from xipsim.peripherals.core import (
    BootError,
    BusError,
    Entry,
    Parameter,
    Peripheral,
    Register,
    RegisterArray,
    State,
    model,
)
from xipsim.peripherals.nor.bus import SpiDevice

from . import bootheader, lut
from .bootheader import BootData, DcdCheck, DcdWrite, Fcb, Ivt
from .ccm_analog import CcmAnalog
from .flexspi import FlexSpi
from .flexspi_base import LUT_KEY

# CMD 03h, RADDR 24 | READ, STOP: every serial NOR understands it in its power-on state.
_BASIC_READ = (0x0818_0403, 0x0000_2404)
_STATUS, _WRITE_ENABLE = 1, 3
"""LUT sequences with a fixed purpose."""
_RT1176_VECTORS = 0x2000
_RAM = (range(0x2000_0000, 0x3000_0000), range(0x8000_0000, 0xE000_0000))
"""On-chip RAM and what SEMC reaches."""
_DCD_POLL = 10_000
# Assumption: the ROM gives up after a second where the FCB or the DCD set no limit.
_PATIENCE = 1_000_000_000
_PLL3_RUNS = 0x3000
"""PLL_USB1: POWER and ENABLE, not bypassed. FlexSPI's clock comes from it, so images that execute
in place leave it alone and compute other clocks from it."""
_FLAGS = 0xFBF
"""All of INTR that a write may clear, but IPTXWE: writing that pushes."""

Waiting = Generator[int, None, None]


@model("Imxrt.BootRom")
class BootRom(Peripheral, core.BootRom):
    """i.MX RT boot ROM: FCB, IVT, boot data, DCD, entry. Its code and API are not there."""

    SIZE = 0x1_8000

    flexspi = Parameter(FlexSpi, "the controller of the chip to boot from")
    ccm_analog = Parameter(CcmAnalog, "whose USB1 PLL clocks FlexSPI", default=None)
    fcb_offset = Parameter(
        int, "flash offset of the FCB: 0; 0x400 on RT1011 and RT1176", default=0, choices=(0, 0x400)
    )

    _warned = State(False, survives_reset=True)

    def read(self, offset: int, size: int = 4) -> int:
        """Reads 0, reported as a gap."""
        self.gap("ROM code and API")
        return 0

    def write(self, offset: int, value: int, size: int = 4) -> None:
        """Lost, reported as a gap."""
        self.gap("write to the ROM")

    def boot(self) -> Generator[int, None, Entry]:
        """Start the image that the chip holds now. See the core's `BootRom`."""
        self._start_clock()
        self._enable_basic_read()
        block = self._read(self.fcb_offset, bootheader.FCB_SIZE)
        if not block.startswith(bootheader.FCB_TAG):
            raise self._no_fcb(block)
        fcb = Fcb.parse(block)
        self._compare(fcb)
        self._configure(fcb)
        yield from self._configure_chips(fcb)
        ivt = self._read_ivt()
        self._check_boot_data(ivt)
        yield from self._run_dcd(ivt)
        return self._entry(ivt)

    # -- access ----------------------------------------------------------------------------------

    def _start_clock(self) -> None:
        if self.ccm_analog is not None:
            self.ccm_analog.write(CcmAnalog.PLL_USB1.offset, _PLL3_RUNS)

    @property
    def _chip(self) -> SpiDevice:
        chip = self.flexspi.chips.get(0)
        if chip is None:
            raise BootError(f"There is no flash chip on {self.flexspi.name}, chip select A1.")
        return chip

    def _set(self, register: Register | RegisterArray, value: int, index: int = 0) -> None:
        self.flexspi.write(register.offset + 4 * index, value)

    def _read(self, offset: int, length: int) -> bytes:
        """Flash bytes through the controller's AHB port."""
        try:
            return self.flexspi.read_flash(offset, length)
        except BusError as error:
            raise BootError(
                f"The boot ROM got a bus error at flash offset {offset:#x}: {error}."
            ) from error

    def _is_flash(self, address: int) -> bool:
        window = self.flexspi.window
        return window.address <= address < window.address + window.size

    def _memory(self, address: int, length: int) -> bytes:
        if self._is_flash(address):
            return self._read(address - self.flexspi.window.address, length)
        try:
            return self.system.bus.read(address, length)
        except BusError as error:
            raise BootError(
                f"The image's header points at {address:#x}, where nothing answers."
            ) from error

    # -- what goes wrong -------------------------------------------------------------------------

    def _broken(self, what: str, offset: int, wrong: str) -> BootError:
        """The error for the bytes at flash `offset`, with what is known of how they came about."""
        chip = self._chip
        text = f"Nothing to boot in {chip.name}: the {what} at flash offset {offset:#x} {wrong}."
        if chip.busy:
            # Assumption: the ROM does not wait for a chip that a reset has left busy.
            operation = getattr(chip, "operation", None) or f"until {chip.busy_until} ns"
            return BootError(f"{text} The chip was busy ({operation}) and gave no data.")
        change = chip.last_change(offset)
        return BootError(f"{text} The last change there: {change}." if change else text)

    def _no_fcb(self, block: bytes) -> BootError:
        tag = bootheader.FCB_TAG
        wrong = f'reads {block[:4].hex(" ")}, expected {tag.hex(" ")} ("FCFB")'
        other = 0x400 - self.fcb_offset
        if self._read(other, 4) == tag:
            wrong += f", which is at {other:#x}: the image is for another i.MX RT"
        return self._broken("FCB", self.fcb_offset, wrong)

    def _compare(self, fcb: Fcb) -> None:
        """Warn, once, of an FCB that does not fit the chip. The ROM goes on all the same."""
        size, warnings = self._chip.size, []
        if fcb.device_type != bootheader.SERIAL_NOR:
            warnings.append(f"its device type is {fcb.device_type}, not 1 (serial NOR)")
        if fcb.sizes[0] > size:
            warnings.append(f"it gives {fcb.sizes[0]:#x} bytes: addresses from {size:#x} on wrap")
        elif fcb.sizes[0] < size:
            warnings.append(f"it gives {fcb.sizes[0]:#x} of {size:#x} bytes: no access to the rest")
        if warnings and not self._warned:
            self._warned = True
            self.diagnose("fcb-mismatch", f"The FCB does not fit the chip: {'; '.join(warnings)}")

    # -- controller ------------------------------------------------------------------------------

    def _load_lut(self, words: tuple[int, ...]) -> None:
        self._set(FlexSpi.LUTKEY, LUT_KEY)
        self._set(FlexSpi.LUTCR, 2)
        for index, word in enumerate(words):
            self._set(FlexSpi.LUT, word, index)
        self._set(FlexSpi.LUTKEY, LUT_KEY)
        self._set(FlexSpi.LUTCR, 1)

    def _enable(self, clock_source: int) -> None:
        reset = FlexSpi.MCR0.reset & ~FlexSpi.MDIS.mask
        self._set(FlexSpi.MCR0, reset | clock_source << 4)

    def _enable_basic_read(self) -> None:
        self._load_lut(_BASIC_READ)
        # Assumption: as in the vendor's driver, each chip select has settings of its own.
        self._set(FlexSpi.MCR2, FlexSpi.MCR2.reset & ~FlexSpi.SAMEDEVICEEN.mask)
        self._enable(0)

    def _configure(self, fcb: Fcb) -> None:
        if fcb.custom_sequences:
            self.gap("FCB: lutCustomSeqEnable")
        if fcb.is_parallel:
            self.gap("FCB: parallel mode")
        self._enable(fcb.clock_source & 3)
        timing = fcb.cs_setup & 0x1F | (fcb.cs_hold & 0x1F) << 5
        timing |= fcb.is_word_addressed << 10 | (fcb.column_bits & 0xF) << 11
        for select, size in enumerate(fcb.sizes):
            self._set(FlexSpi.FLSHCR0, size >> 10, select)
            self._set(FlexSpi.FLSHCR1, timing, select)
            self._set(FlexSpi.FLSHCR2, 0, select)
        if fcb.clock_source == 3:
            self._set(FlexSpi.DLLCR, 0x79)
        self._set(FlexSpi.IPRXFCR, 1)
        self._set(FlexSpi.IPTXFCR, 1)
        self._load_lut(fcb.lut)

    # -- chip ------------------------------------------------------------------------------------

    def _configure_chips(self, fcb: Fcb) -> Waiting:
        start = 0
        for select, size in enumerate(fcb.sizes):
            if size:
                for command in fcb.commands:
                    # Assumption: the mask ROM does what the vendor's boot driver does here.
                    self._run(fcb, _WRITE_ENABLE, start)
                    self._run(
                        fcb, command.sequence, start, count=command.runs, data=command.argument
                    )
                    if fcb.wait or command.kind in (2, 3):
                        yield self.system.clock.now + fcb.wait
                    else:
                        yield from self._wait_while_busy(fcb, select, start)
            start += size

    def _run(
        self, fcb: Fcb, index: int, address: int, *, count: int = 1, data: int = 0, size: int = 0
    ) -> int:
        """An IP command from sequence `index` on; returns the first word that it read."""
        spi = self.flexspi
        self._set(FlexSpi.IPRXFCR, 1)
        self._set(FlexSpi.IPTXFCR, 1)
        sequences = range(index, index + max(count, 1))
        if any(self._sequence(fcb, i).writes is not None for i in sequences):
            spi.write_tx_fifo(0, data, 4)
            self._set(FlexSpi.INTR, FlexSpi.IPTXWE.mask)
        self._set(FlexSpi.IPCR0, address)
        self._set(FlexSpi.IPCR1, size | (index & 0xF) << 16 | (len(sequences) - 1 & 7) << 24)
        self._set(FlexSpi.IPCMD, 1)
        flags = spi.read(FlexSpi.INTR.offset)
        value = spi.read_rx_fifo(0, 4)
        self._set(FlexSpi.INTR, _FLAGS)
        if flags & FlexSpi.IPCMDERR.mask or not flags & FlexSpi.IPCMDDONE.mask:
            raise BootError(f"The FCB's LUT sequence {index} does not run as an IP command.")
        return value

    @staticmethod
    def _sequence(fcb: Fcb, index: int) -> lut.Sequence:
        first = index % lut.SEQUENCES * lut.WORDS
        return lut.decode(fcb.lut[first : first + lut.WORDS])

    def _wait_while_busy(self, fcb: Fcb, select: int, address: int) -> Waiting:
        if self._sequence(fcb, _STATUS).reads is None:
            return
        clock = self.system.clock
        deadline = clock.now + (fcb.timeout or _PATIENCE)
        size = fcb.busy_bit // 8 + 1
        while True:
            status = self._run(fcb, _STATUS, address, size=size)
            if status >> fcb.busy_bit & 1 != fcb.busy_level:
                return
            if clock.now >= deadline:
                raise BootError(
                    f"The chip on {self.flexspi.name} stays busy after a configuration command "
                    f"of the FCB: its status reads {status:#x}."
                )
            chip = self.flexspi.chips.get(select)
            yield (chip and chip.busy_until) or clock.now + 1_000_000

    # -- image -----------------------------------------------------------------------------------

    def _read_ivt(self) -> Ivt:
        offset = bootheader.IVT_OFFSET
        block = self._read(offset, bootheader.IVT_SIZE)
        if fault := bootheader.ivt_fault(block):
            raise self._broken("IVT", offset, f"begins with {fault}")
        ivt = Ivt.parse(block)
        here = self.flexspi.window.address + offset
        if ivt.self_address != here:
            wrong = f"says that it lies at {ivt.self_address:#x}, but is read at {here:#x}"
            raise self._broken("IVT", offset, wrong)
        for what, address in (("boot data", ivt.boot_data), ("entry", ivt.entry)):
            if not self._is_flash(address):
                wrong = f"points at {address:#x} for its {what}, not into the flash"
                raise self._broken("IVT", offset, wrong)
        return ivt

    def _check_boot_data(self, ivt: Ivt) -> None:
        block = self._memory(ivt.boot_data, bootheader.BOOT_DATA_SIZE)
        start, _, is_plugin = BootData.parse(block)
        if is_plugin:
            self.gap("plugin image")
        if not self._is_flash(start):
            self.gap("image that the ROM copies to RAM")
            offset = ivt.boot_data - self.flexspi.window.address
            raise self._broken("boot data", offset, f"says start {start:#x}, not flash")

    def _run_dcd(self, ivt: Ivt) -> Waiting:
        length = bootheader.dcd_length(self._memory(ivt.dcd, 4)) if ivt.dcd else 0
        if not length:
            return
        if length > bootheader.DCD_LIMIT:
            raise BootError(f"The DCD at {ivt.dcd:#x} has {length} bytes, the ROM's limit is 1768.")
        try:
            for command in bootheader.parse_dcd(self._memory(ivt.dcd, length)):
                if isinstance(command, DcdWrite):
                    self._dcd_write(command)
                else:
                    yield from self._dcd_check(command)
        except (ValueError, BusError) as error:
            raise BootError(f"The DCD at {ivt.dcd:#x} failed: {error}.") from error

    def _dcd_write(self, command: DcdWrite) -> None:
        value = command.value
        if command.operation != "write":
            old = self._load(command.address, command.size)
            value = old | value if command.operation == "set" else old & ~value
        value &= (1 << 8 * command.size) - 1
        self.system.bus.write(command.address, value.to_bytes(command.size, "little"))

    def _load(self, address: int, size: int) -> int:
        return int.from_bytes(self.system.bus.read(address, size), "little")

    def _dcd_check(self, command: DcdCheck) -> Waiting:
        polls = _PATIENCE // _DCD_POLL if command.polls is None else command.polls
        for _ in range(polls):
            if command.holds(self._load(command.address, command.size)):
                return
            yield self.system.clock.now + _DCD_POLL
        if polls:
            raise ValueError(f"the check of {command.address:#x} against {command.mask:#x} failed")

    def _entry(self, ivt: Ivt) -> Entry:
        if ivt.entry & 1:
            # The image sets MSP and VTOR itself; its vector table lies where RT1176 images have it.
            vectors = self.flexspi.window.address + _RT1176_VECTORS
            (sp,) = struct.unpack("<I", self._memory(vectors, 4))
            return Entry(pc=ivt.entry, sp=sp, vtor=vectors)
        raw = self._memory(ivt.entry, 8)
        sp, pc = struct.unpack("<2I", raw)
        if not pc & 1 or sp & 3 or not any(sp - 1 in area for area in _RAM):
            wrong = f"reads {raw.hex(' ')}, no stack pointer and Thumb address"
            raise self._broken("vector table", ivt.entry - self.flexspi.window.address, wrong)
        return Entry(pc=pc, sp=sp, vtor=ivt.entry)
