"""What the boot ROM reads from flash: FCB, IVT, boot data and DCD. Their layout stands here alone.

Sources: i.MX RT1060 reference manual, System Boot; vendor's FlexSPI NOR configuration header.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator

from xipsim.peripherals.namedtuple import NamedTuple

FCB_SIZE = 512
FCB_TAG = b"FCFB"
FCB_OFFSETS = (0x000, 0x400)
"""Where in flash a boot ROM of the family looks for the FCB."""
SIZE_OFFSET, LUT_OFFSET = 0x50, 0x80
"""In the FCB: bytes of port A1, and the LUT."""
SERIAL_NOR = 1
"""The device type of these chips in the FCB."""
IVT_OFFSET = 0x1000
IVT_SIZE = 0x20
IVT_TAG = 0xD1
BOOT_DATA_SIZE = 12
DCD_TAG = 0xD2
DCD_LIMIT = 1768
"""Bytes that the ROM takes, header included."""


_ITCM = range(0x8_0000)
STACKS = (range(0x2000_0000, 0x3000_0000), range(0x8000_0000, 0xE000_0000))
"""Where stacks lie: on-chip RAM and what SEMC reaches."""


def is_ram(address: int) -> bool:
    """Whether an image whose IVT says that it lies there is to be copied."""
    return any(address in area for area in (_ITCM, *STACKS))


class Custom(enum.IntEnum):
    """Purposes for which an FCB can name LUT sequences of its own: indices of lutCustomSeq."""

    READ = 0
    READ_STATUS = 1
    WRITE_ENABLE = 2
    ERASE_SECTOR = 3
    WRITE = 4
    ERASE_CHIP = 5
    ERASE_BLOCK = 7


_USUAL = {
    Custom.READ: 0,
    Custom.READ_STATUS: 1,
    Custom.WRITE_ENABLE: 3,
    Custom.ERASE_SECTOR: 5,
    Custom.ERASE_BLOCK: 8,
    Custom.WRITE: 9,
    Custom.ERASE_CHIP: 11,
}
"""LUT sequences where the FCB names no others."""


class Command(NamedTuple):
    """A device-mode or configuration command: LUT sequences to run once, and their argument."""

    kind: int
    runs: int
    sequence: int
    argument: int


class Fcb(NamedTuple):
    """FlexSPI configuration block: how the ROM shall talk to the chip. Field names in comments."""

    version: int
    clock_source: int  # readSampleClkSrc
    cs_hold: int
    cs_setup: int
    column_bits: int  # columnAddressWidth
    wait: int  # waitTimeCfgCommands, in ns
    commands: tuple[Command, ...]  # deviceMode..., configCmd...: the enabled ones
    misc: int  # controllerMiscOption
    device_type: int
    pads: int  # sflashPadType
    frequency: int  # serialClkFreq, a code
    custom: dict[int, tuple[int, int]]  # lutCustomSeq: first sequence and number, by `Custom`
    sizes: tuple[int, ...]  # bytes of A1, A2, B1, B2
    timeout: int  # timeoutInMs, in ns
    busy_bit: int  # busyOffset
    busy_level: int  # of that bit while the chip is busy, from busyBitPolarity
    lut: tuple[int, ...]
    page_size: int
    sector_size: int

    def sequence(self, purpose: Custom) -> tuple[int, int]:
        """The first LUT sequence for it, and how many."""
        return self.custom.get(purpose, (_USUAL[purpose], 1))

    @property
    def read_pads(self) -> int:
        """The most pads that an instruction of sequence 0 uses, by which the core reads."""
        words = self.lut[:4]
        steps = [word >> at & 0xFFFF for word in words for at in (0, 16)]
        return max((1 << (step >> 8 & 3) for step in steps if step), default=1)

    @property
    def is_parallel(self) -> bool:
        """Whether two chips are to be read side by side."""
        return bool(self.misc >> 2 & 1)

    @property
    def is_ddr(self) -> bool:
        """Whether data come with both edges of the clock."""
        return bool(self.misc >> 6 & 1)

    @property
    def is_word_addressed(self) -> bool:
        """Whether the chip counts in 16-bit words."""
        return bool(self.misc >> 3 & 1)

    @classmethod
    def parse(cls, block: bytes) -> Fcb:
        """Decode the FCB_SIZE bytes at the FCB's place; the tag is checked by the caller."""
        (version,) = struct.unpack_from("<I", block, 0x04)
        (wait,) = struct.unpack_from("<H", block, 0x12)
        (misc,) = struct.unpack_from("<I", block, 0x40)
        timeout, busy_bit, polarity = struct.unpack_from("<I8x2H", block, 0x70)
        page_size, sector_size = struct.unpack_from("<2I", block, 0x1C0)
        return cls(
            version=version,
            clock_source=block[0x0C],
            cs_hold=block[0x0D],
            cs_setup=block[0x0E],
            column_bits=block[0x0F],
            wait=wait * 100_000,
            commands=tuple(_commands(block)),
            misc=misc,
            device_type=block[0x44],
            pads=block[0x45],
            frequency=block[0x46],
            custom=dict(_custom(block)),
            sizes=struct.unpack_from("<4I", block, SIZE_OFFSET),
            timeout=timeout * 1_000_000,
            busy_bit=busy_bit,
            busy_level=0 if polarity else 1,
            lut=struct.unpack_from("<64I", block, LUT_OFFSET),
            page_size=page_size,
            sector_size=sector_size,
        )


def _commands(block: bytes) -> Iterator[Command]:
    if block[0x10]:
        (argument,) = struct.unpack_from("<I", block, 0x18)
        yield Command(kind=block[0x11], runs=block[0x14], sequence=block[0x15], argument=argument)
    if block[0x1C]:
        for i in range(3):
            runs, sequence = block[0x20 + 4 * i : 0x22 + 4 * i]
            (argument,) = struct.unpack_from("<I", block, 0x30 + 4 * i)
            if runs:
                yield Command(kind=block[0x1D + i], runs=runs, sequence=sequence, argument=argument)


def _custom(block: bytes) -> Iterator[tuple[int, tuple[int, int]]]:
    """The sequences of the FCB's own, none if lutCustomSeqEnable is 0 or its table empty."""
    if block[0x47]:
        for purpose in Custom:
            number, first = block[0x180 + 4 * purpose : 0x182 + 4 * purpose]
            if number:
                yield purpose, (first, number)


class Ivt(NamedTuple):
    """Image vector table."""

    entry: int
    dcd: int
    boot_data: int
    self_address: int

    @classmethod
    def parse(cls, block: bytes) -> Ivt:
        """Decode the IVT_SIZE bytes at IVT_OFFSET; `ivt_fault` has found nothing."""
        _, entry, _, dcd, boot_data, self_address, _, _ = struct.unpack("<8I", block)
        return cls(entry=entry, dcd=dcd, boot_data=boot_data, self_address=self_address)


def ivt_fault(block: bytes) -> str:
    """What is wrong with an IVT's header, empty if nothing is."""
    tag, length, version = struct.unpack_from(">BHB", block)
    if tag == IVT_TAG and length == IVT_SIZE and version >> 4 == 4:
        return ""
    return f"{block[:4].hex(' ')}, expected d1 00 20 4x"


class BootData(NamedTuple):
    """Where the image begins and how long it is, in bytes; plugin: it is code for the ROM to call.

    In the images of the ports these 12 bytes follow the IVT.
    """

    start: int
    length: int
    plugin: bool

    @classmethod
    def parse(cls, block: bytes) -> BootData:
        """Decode the BOOT_DATA_SIZE bytes to which the IVT points."""
        start, length, plugin = struct.unpack("<3I", block)
        return cls(start=start, length=length, plugin=bool(plugin & 1))


class DcdWrite(NamedTuple):
    """Store `value`, or set or clear its bits (`operation`: write, set, clear)."""

    operation: str
    size: int
    address: int
    value: int


class DcdCheck(NamedTuple):
    """Poll until the `mask` bits are all (or, with `some`, any) 1 (`level`) or 0.

    polls: before the ROM gives up; None: no limit.
    """

    size: int
    address: int
    mask: int
    level: bool
    some: bool
    polls: int | None

    def holds(self, value: int) -> bool:
        """Whether `value` ends the polling."""
        bits = (value if self.level else ~value) & self.mask
        return bits != 0 if self.some else bits == self.mask


DcdCommand = DcdWrite | DcdCheck


def dcd_length(header: bytes) -> int:
    """Bytes of the DCD, header included, that begins with these four; 0 if none does."""
    tag, length, version = struct.unpack(">BHB", header)
    return length if tag == DCD_TAG and version >> 4 == 4 else 0


def parse_dcd(block: bytes) -> Iterator[DcdCommand]:
    """The commands of a whole DCD; NOP and unlock do nothing. ValueError where it is malformed."""
    at = 4
    while at + 4 <= len(block):
        tag, length, flags = struct.unpack_from(">BHB", block, at)
        body = block[at + 4 : at + length]
        if len(body) != length - 4:
            raise ValueError(f"command {tag:#04x} at DCD offset {at:#x} has length {length}")
        if tag == 0xCC:
            yield from _writes(flags, body, at)
        elif tag == 0xCF:
            yield _check(flags, body, at)
        elif tag not in (0xC0, 0xB2):
            raise ValueError(f"unknown command {tag:#04x} at DCD offset {at:#x}")
        at += length


def _size(flags: int, at: int) -> int:
    size = flags & 7
    if size not in (1, 2, 4):
        raise ValueError(f"the command at DCD offset {at:#x} has data of {size} bytes")
    return size


def _writes(flags: int, body: bytes, at: int) -> Iterator[DcdWrite]:
    operation = "write" if not flags & 0x08 else "set" if flags & 0x10 else "clear"
    for address, value in struct.iter_unpack(">II", body[: len(body) & ~7]):
        yield DcdWrite(operation=operation, size=_size(flags, at), address=address, value=value)


def _check(flags: int, body: bytes, at: int) -> DcdCheck:
    if len(body) not in (8, 12):
        raise ValueError(f"the check at DCD offset {at:#x} has {len(body)} bytes")
    address, mask, *polls = struct.unpack(f">{len(body) // 4}I", body)
    return DcdCheck(
        size=_size(flags, at),
        address=address,
        mask=mask,
        level=bool(flags & 0x10),
        some=bool(flags & 0x08),
        polls=polls[0] if polls else None,
    )
