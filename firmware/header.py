"""What the boot headers of an i.MX RT say, read from a chip's contents without booting it.

Layouts: imxrt.md 2.2 (FCB) and 2.3 (IVT, boot data). The boot ROM's model does the booting; this
only foresees what will go wrong.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from .boards import FlashFacts
from .images import FCB_OFFSETS, FCB_TAG, IVT_OFFSET

_IVT_TAG = 0xD1
_ERASED = b"\xff\xff\xff\xff"
_DEVICE_TYPES = {1: "NOR", 2: "NAND", 3: "RAM"}
_PORTS = ("A1", "A2", "B1", "B2")


class Fcb(NamedTuple):
    """Fields of the flash configuration block, named as in the manual; sizes in bytes."""

    version: int
    device_mode_enable: bool
    device_mode_type: int
    device_type: int
    pads: int
    sizes: tuple[int, int, int, int]
    page_size: int
    sector_size: int


class Ivt(NamedTuple):
    """Fields of the image vector table and of the boot data that follow it in these images."""

    entry: int
    dcd: int
    boot_data: int
    self_address: int
    start: int
    length: int


class Header(NamedTuple):
    """The headers that a chip holds, None for one that is not at its place.

    `tag` are the four bytes at the FCB's place, `elsewhere` another place where an FCB lies,
    `reset` the address of the first instruction and `reset_erased` whether erased flash is there.
    """

    tag: bytes
    fcb: Fcb | None
    elsewhere: int | None
    ivt: Ivt | None
    reset: int | None
    reset_erased: bool


def describe(flash: bytes | bytearray, facts: FlashFacts) -> Header:
    """Read the headers from `flash`, a chip's contents from its offset 0; the rest is erased."""
    place = facts.fcb_offset
    others = [at for at in FCB_OFFSETS if at != place and flash.startswith(FCB_TAG, at)]
    ivt = _ivt(flash)
    reset = _reset(flash, facts, ivt) if ivt else None
    at = (reset & ~1) - facts.base if reset is not None else -1
    return Header(
        tag=bytes(flash[place : place + 4]),
        fcb=_fcb(flash, place) if flash.startswith(FCB_TAG, place) else None,
        elsewhere=others[0] if others else None,
        ivt=ivt,
        reset=reset,
        reset_erased=0 <= at < facts.size and flash[at : at + 4].ljust(4, b"\xff") == _ERASED,
    )


def check_fits(header: Header, facts: FlashFacts) -> list[str]:
    """What will go wrong when `header` boots on a board of these `facts`, the first thing first."""
    if header.fcb is None:
        return [_missing_fcb(header, facts)]
    return _check_fcb(header.fcb, facts) + _check_ivt(header, facts)


def _fcb(flash: bytes | bytearray, place: int) -> Fcb:
    field = bytes(flash[place : place + 0x200]).ljust(0x200, b"\xff")
    page_size, sector_size = struct.unpack_from("<2I", field, 0x1C0)
    return Fcb(
        version=int.from_bytes(field[4:8], "little"),
        device_mode_enable=field[0x10] == 1,
        device_mode_type=field[0x11],
        device_type=field[0x44],
        pads=field[0x45],
        sizes=struct.unpack_from("<4I", field, 0x50),
        page_size=page_size,
        sector_size=sector_size,
    )


def _ivt(flash: bytes | bytearray) -> Ivt | None:
    if len(flash) < IVT_OFFSET + 0x30 or flash[IVT_OFFSET] != _IVT_TAG:
        return None
    _, entry, _, dcd, boot_data, self_address, _, _, start, length = struct.unpack_from(
        "<10I", flash, IVT_OFFSET
    )
    return Ivt(
        entry=entry,
        dcd=dcd,
        boot_data=boot_data,
        self_address=self_address,
        start=start,
        length=length,
    )


def _reset(flash: bytes | bytearray, facts: FlashFacts, ivt: Ivt) -> int | None:
    """The first instruction: an odd entry is it, an even one is the vector table's address."""
    if ivt.entry & 1:
        return ivt.entry
    table = ivt.entry - facts.base
    if not 0 <= table <= len(flash) - 8:
        return None
    return int.from_bytes(flash[table + 4 : table + 8], "little")


def _missing_fcb(header: Header, facts: FlashFacts) -> str:
    what = (
        f"there is no FCB at flash offset 0x{facts.fcb_offset:X}, where the {facts.soc}'s boot ROM "
        f"looks (it holds {header.tag.hex(' ') or 'nothing'})"
    )
    if header.elsewhere is not None:
        what += f" but one at 0x{header.elsewhere:X}, as another SoC of the family wants it"
    return what + ": the boot ROM will start nothing"


def _check_fcb(fcb: Fcb, facts: FlashFacts) -> list[str]:
    wrong = []
    if fcb.device_type != facts.device_type:
        wrong.append(
            f"the FCB describes device type {_device(fcb.device_type)}, the board has "
            f"{_device(facts.device_type)}: commands will not be those of the chip"
        )
    if fcb.pads not in (1, 2, 4, 8) or fcb.pads > facts.pads:
        wrong.append(
            f"the FCB wants {fcb.pads} data pads, the board's chip has {facts.pads}: "
            "reads will return garbage"
        )
    size = fcb.sizes[0]
    if size < facts.size:
        wrong.append(
            f"the FCB gives port A1 {_bytes(size)}, the chip has {_bytes(facts.size)}: "
            f"accesses from flash offset 0x{size:X} on will fail"
        )
    elif size > facts.size:
        wrong.append(
            f"the FCB gives port A1 {_bytes(size)}, the chip has {_bytes(facts.size)}: accesses "
            "beyond the chip's end will reach its beginning again or nothing"
        )
    wrong += [
        f"the FCB gives port {port} {_bytes(size)}: the board has no chip there"
        for port, size in zip(_PORTS[1:], fcb.sizes[1:], strict=True)
        if size
    ]
    return wrong


def _check_ivt(header: Header, facts: FlashFacts) -> list[str]:
    ivt, expected = header.ivt, facts.base + IVT_OFFSET
    if ivt is None:
        return [
            f"there is no image vector table at flash offset 0x{IVT_OFFSET:X}: "
            "the boot ROM will start nothing"
        ]
    if ivt.self_address != expected:
        return [
            f"the image vector table was made for 0x{ivt.self_address:08X} and lies at "
            f"0x{expected:08X}: the boot ROM will refuse it"
        ]
    if header.reset is None or not facts.base <= header.reset < facts.base + facts.size:
        where = "nowhere" if header.reset is None else f"at 0x{header.reset:08X}"
        return [
            f"entry 0x{ivt.entry:08X} leads {where}, outside the flash: the core will fault at once"
        ]
    if header.reset_erased:
        return [
            f"the first instruction, at 0x{header.reset:08X}, is erased flash (the image may be "
            "truncated): the core will fault at once"
        ]
    return []


def _device(number: int) -> str:
    return f"{number} ({_DEVICE_TYPES.get(number, 'unknown')})"


def _bytes(size: int) -> str:
    if size and size % 0x100000 == 0:
        return f"{size >> 20} MB"
    return f"{size} bytes"
