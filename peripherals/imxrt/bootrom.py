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
    State,
    model,
)
from xipsim.peripherals.namedtuple import NamedTuple
from xipsim.peripherals.nor.bus import SpiDevice

from . import bootheader
from .bootheader import BootData, DcdCheck, DcdWrite, Fcb, Ivt
from .romapi import RomApi
from .romflexspi import Job, RomError, Waiting

_RT1176_VECTORS = 0x2000
_VECTORS_AT = 128
"""VTOR has no bits below. (Armv7-M, B3.2.5)"""
_DCD_POLL = 10_000
# Assumption: the ROM gives up after a second where FCB or DCD set no limit.
PATIENCE = 1_000_000_000
"""Virtual ns."""
_DOWNLOAD = "The ROM now waits for a download over USB or UART, which is not modelled."


class _Unreadable(Exception):
    """A bus error in a read by the FCB's sequence."""

    def __init__(self, what: str, offset: int, error: BusError) -> None:
        super().__init__(f"at flash offset {offset:#x}, where it reads the {what}: {error}")
        self.offset = offset


class _Image(NamedTuple):
    """An image in flash. start, length: where it is copied to, and how much of it."""

    ivt: Ivt
    in_place: bool
    start: int
    length: int

    def offset(self, address: int) -> int:
        """The flash offset of what the image has at `address`."""
        return address - self.ivt.self_address + bootheader.IVT_OFFSET


@model("Imxrt.BootRom")
class BootRom(RomApi, core.BootRom):
    """i.MX RT boot ROM: FCB, IVT, boot data, DCD, copy, entry; and its FlexSPI NOR API."""

    fcb_offset = Parameter(
        int, "flash offset of the FCB: 0; 0x400 on RT1011 and RT1176", default=0, choices=(0, 0x400)
    )

    _warned = State(False, survives_reset=True)

    def boot(self) -> Generator[int, None, Entry]:
        """Start the image that the chip holds now. See the core's `BootRom`."""
        self.driver.start()
        try:
            fcb = self._read_fcb()
        except _Unreadable as error:
            raise BootError(f"The boot ROM got a bus error {error}.") from error
        self._compare(fcb)
        yield from self._configure(fcb)
        try:
            image = self._read_image()
            yield from self._run_dcd(image)
            self._copy(image)
            return self._entry(image)
        except _Unreadable as error:
            raise BootError(
                f"The boot ROM got a bus error {error}. {self._how_it_reads(fcb, error.offset)}"
            ) from error

    def _read_fcb(self) -> Fcb:
        block = self._read("FCB", self.fcb_offset, bootheader.FCB_SIZE)
        if not block.startswith(bootheader.FCB_TAG):
            raise self._no_fcb(block)
        return Fcb.parse(block)

    def _configure(self, fcb: Fcb) -> Waiting:
        driver = self.driver
        driver.configure(fcb)
        try:
            yield from driver.run(Job(fcb, driver.chip_steps(fcb), patience=PATIENCE))
        except RomError as error:
            raise BootError(str(error)) from error

    # -- access ----------------------------------------------------------------------------------

    @property
    def _chip(self) -> SpiDevice:
        chip = self.flexspi.chips.get(0)
        if chip is None:
            raise BootError(f"There is no flash chip on {self.flexspi.name}, chip select A1.")
        return chip

    def _read(self, what: str, offset: int, length: int) -> bytes:
        """Flash bytes through the controller's AHB port. what: is read, in words."""
        try:
            return self.flexspi.read_flash(offset, length)
        except BusError as error:
            raise _Unreadable(what, offset, error) from error

    def _how_it_reads(self, fcb: Fcb, offset: int) -> str:
        """The fields of the FCB that such a read follows."""
        if offset >= fcb.sizes[0]:
            at = self.fcb_offset + bootheader.SIZE_OFFSET
            return (
                f"The FCB's size of port A1, at flash offset {at:#x}, is {fcb.sizes[0]:#x} bytes, "
                f"the chip has {self._chip.size:#x}."
            )
        at = self.fcb_offset + bootheader.LUT_OFFSET
        return f"It reads by sequence 0 of the FCB's LUT, at flash offset {at:#x}."

    def _is_flash(self, address: int) -> bool:
        window = self.flexspi.window
        return window.address <= address < window.address + window.size

    def _memory(self, address: int, length: int) -> bytes:
        """Bytes at their place in the image's world, once it is there."""
        if self._is_flash(address):
            return self._read("vector table", address - self.flexspi.window.address, length)
        try:
            return self.system.bus.read(address, length)
        except BusError as error:
            raise BootError(
                f"The image's header points at {address:#x}, where nothing answers."
            ) from error

    # -- what goes wrong -------------------------------------------------------------------------

    def _broken(self, what: str, offset: int, wrong: str, block: bytes = b"") -> BootError:
        """The error for the bytes at flash `offset`, with what is known of how they came about.

        block: what was read there.
        """
        chip = self._chip
        text = f"Nothing to boot in {chip.name}: the {what} at flash offset {offset:#x} {wrong}."
        if chip.busy:
            # Assumption: the ROM does not wait for a chip that a reset has left busy.
            operation = getattr(chip, "operation", None) or f"until {chip.busy_until} ns"
            return BootError(f"{text} The chip was busy ({operation}) and gave no data.")
        held = bytes(chip.array[offset : offset + len(block)])
        if held != block:
            at = self.fcb_offset + bootheader.LUT_OFFSET
            text += (
                f" The chip holds {held[:8].hex(' ')} there, which sequence 0 of the FCB's LUT, at "
                f"flash offset {at:#x}, does not read."
            )
        change = chip.last_change(offset)
        if change:
            text += f" The last change there: {change}."
        return BootError(f"{text} {_DOWNLOAD}")

    def _no_fcb(self, block: bytes) -> BootError:
        tag = bootheader.FCB_TAG
        wrong = f'reads {block[:4].hex(" ")}, expected {tag.hex(" ")} ("FCFB")'
        other = 0x400 - self.fcb_offset
        if self._read("FCB", other, 4) == tag:
            wrong += f", which is at {other:#x}: the image is for another i.MX RT"
        return self._broken("FCB", self.fcb_offset, wrong)

    def _compare(self, fcb: Fcb) -> None:
        """Warn, once, of an FCB that does not fit the chip. The ROM goes on all the same."""
        size, warnings = self._chip.size, []
        if fcb.device_type not in (0, bootheader.SERIAL_NOR):
            warnings.append(f"its device type is {fcb.device_type}, not 1 (serial NOR)")
        if fcb.pads in (1, 2, 4, 8) and fcb.pads < fcb.read_pads:
            # Assumption: reads come all the same; on silicon the other pads are not connected.
            warnings.append(f"its read uses {fcb.read_pads} pads, of which it connects {fcb.pads}")
        if fcb.sizes[0] > size:
            warnings.append(f"it gives {fcb.sizes[0]:#x} bytes: addresses from {size:#x} on wrap")
        elif fcb.sizes[0] < size:
            warnings.append(f"it gives {fcb.sizes[0]:#x} of {size:#x} bytes: no access to the rest")
        if warnings and not self._warned:
            self._warned = True
            self.diagnose("fcb-mismatch", f"The FCB does not fit the chip: {'; '.join(warnings)}")

    # -- image -----------------------------------------------------------------------------------

    def _read_image(self) -> _Image:
        """IVT and boot data, and whether they fit together."""
        offset = bootheader.IVT_OFFSET
        block = self._read("IVT", offset, bootheader.IVT_SIZE)
        if fault := bootheader.ivt_fault(block):
            raise self._broken("IVT", offset, f"begins with {fault}", block)
        ivt = Ivt.parse(block)
        here = self.flexspi.window.address + offset
        in_place = ivt.self_address == here
        if not in_place and not bootheader.is_ram(ivt.self_address):
            wrong = f"says that it lies at {ivt.self_address:#x} (at {offset + 0x14:#x}), but is "
            wrong += f"read at {here:#x}"
            raise self._broken("IVT", offset, wrong, block)
        image = _Image(ivt, in_place, 0, self._chip.size)
        size = bootheader.BOOT_DATA_SIZE
        self._expect_inside(image, "boot data", ivt.boot_data, size, field=0x10)
        boot_data = image.offset(ivt.boot_data)
        block = self._read("boot data", boot_data, size)
        start, length, is_plugin = BootData.parse(block)
        wrong = ""
        if block == b"\xff" * size:
            wrong = "is erased"
        elif start != ivt.self_address - offset and not (in_place and self._is_flash(start)):
            wrong = f"says start {start:#x}, while the IVT says it lies at {ivt.self_address:#x}"
        elif is_plugin:
            wrong = f"asks for a plugin (at {boot_data + 8:#x}), which is not modelled"
        elif not in_place and length > self._chip.size:
            wrong = f"says length {length:#x} (at {boot_data + 4:#x}), more than the chip has"
        if wrong:
            wrong += f"; the IVT's pointer to it, at {offset + 0x10:#x}, is {ivt.boot_data:#x}"
            raise self._broken("boot data", boot_data, wrong, block)
        if not in_place:
            image = _Image(ivt, in_place, start, length)
        self._expect_inside(image, "entry", ivt.entry, 2 if ivt.entry & 1 else 8, field=4)
        return image

    def _expect_inside(
        self, image: _Image, what: str, address: int, length: int, field: int
    ) -> None:
        """field: offset of the pointer in the IVT."""
        if not 0 <= image.offset(address) <= image.length - length:
            place = "the chip" if image.in_place else "the image that is to be copied"
            at = bootheader.IVT_OFFSET
            wrong = f"says that it lies at {image.ivt.self_address:#x}, and points at {address:#x} "
            wrong += (
                f"(at {at + field:#x}) for its {what}, not into {place}, {image.length:#x} bytes"
            )
            raise self._broken("IVT", at, wrong)

    def _copy(self, image: _Image) -> None:
        """Put an image that does not execute in place where it wants to be."""
        if image.in_place:
            return
        # Assumption: the copy takes no time.
        data = self._read("image", 0, image.length)
        try:
            self.system.bus.write(image.start, data)
        except BusError as error:
            raise BootError(
                f"The image wants to be copied to {image.start:#x}, {image.length:#x} bytes, where "
                f"there is no memory for all of it: {error}."
            ) from error

    def _run_dcd(self, image: _Image) -> Waiting:
        address = image.ivt.dcd
        if not address:
            return
        # An image that is to be copied is not yet where it wants to be.
        self._expect_inside(image, "DCD", address, 4, field=0xC)
        at = image.offset(address)
        header = self._read("DCD", at, 4)
        length = bootheader.dcd_length(header)
        if not length:
            # The images of the ports lead to a byte that is 0.
            if header[0]:
                self.diagnose(
                    "no-dcd",
                    f"The IVT's DCD pointer, at flash offset {bootheader.IVT_OFFSET + 0xC:#x}, is "
                    f"{address:#x}, where {header.hex(' ')} lies and no DCD (d2, length, 4x): none "
                    "is run",
                )
            return
        if length > bootheader.DCD_LIMIT:
            raise BootError(f"The DCD at {address:#x} has {length} bytes, the ROM's limit is 1768.")
        try:
            for command in bootheader.parse_dcd(self._read("DCD", at, length)):
                if isinstance(command, DcdWrite):
                    self._dcd_write(command)
                else:
                    yield from self._dcd_check(command)
        except (ValueError, BusError) as error:
            raise BootError(f"The DCD at {address:#x} failed: {error}.") from error

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
        polls = PATIENCE // _DCD_POLL if command.polls is None else command.polls
        for _ in range(polls):
            if command.holds(self._load(command.address, command.size)):
                return
            yield self.system.clock.now + _DCD_POLL
        if polls:
            raise ValueError(f"the check of {command.address:#x} against {command.mask:#x} failed")

    def _entry(self, image: _Image) -> Entry:
        entry = image.ivt.entry
        if entry & 1:
            # The image sets MSP and VTOR itself; its vector table lies where RT1176 images have it.
            vectors = image.ivt.self_address - bootheader.IVT_OFFSET + _RT1176_VECTORS
            (sp,) = struct.unpack("<I", self._memory(vectors, 4))
            return Entry(pc=entry, sp=sp, vtor=vectors)
        raw = self._memory(entry, 8)
        sp, pc = struct.unpack("<2I", raw)
        wrong = ""
        if raw == b"\xff" * 8:
            wrong = "is erased"
        elif sp & 3 or not any(sp - 1 in area for area in bootheader.STACKS):
            wrong = f"begins with {sp:#010x}, no stack pointer into RAM"
        elif not pc & 1:
            wrong = f"has the reset vector {pc:#010x}, which is even, and no Thumb code"
        if wrong:
            wrong += f"; the IVT's entry, at {bootheader.IVT_OFFSET + 4:#x}, is {entry:#x}"
            raise self._broken("vector table", image.offset(entry), wrong)
        if entry % _VECTORS_AT:
            self.diagnose(
                "vectors-unaligned",
                f"The vector table at {entry:#x}, the IVT's entry, lies at no multiple of "
                f"{_VECTORS_AT}: exceptions take their vectors from {entry & -_VECTORS_AT:#x}",
            )
        return Entry(pc=pc, sp=sp, vtor=entry)
