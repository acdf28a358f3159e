"""What the boot headers of an i.MX RT say, read from a chip's contents without booting it.

The boot ROM's model does the booting; this only foresees what will go wrong.
"""

from __future__ import annotations

from xipsim.peripherals.imxrt.bootheader import (
    FCB_OFFSETS,
    FCB_SIZE,
    FCB_TAG,
    IVT_OFFSET,
    IVT_SIZE,
    SERIAL_NOR,
    Fcb,
    Ivt,
    is_ram,
    ivt_fault,
)
from xipsim.peripherals.namedtuple import NamedTuple

_ERASED = b"\xff\xff\xff\xff"
_NOTHING = 0xFFFF_FFFF
"""What a word of erased flash is."""
_DEVICE_TYPES = {SERIAL_NOR: "NOR", 2: "NAND", 3: "RAM"}
_PORTS = ("A1", "A2", "B1", "B2")


class BootChip(NamedTuple):
    """The chip that is booted from: its address for the core, its bytes, its data lines.

    fcb_offset: where in it the boot ROM looks for the FCB.
    """

    base: int
    size: int
    pads: int
    fcb_offset: int = 0


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


def describe(flash: bytes | bytearray, chip: BootChip) -> Header:
    """Read the headers from `flash`, a chip's contents from its offset 0; the rest is erased."""
    place = chip.fcb_offset
    others = [at for at in FCB_OFFSETS if at != place and flash.startswith(FCB_TAG, at)]
    ivt = _ivt(flash)
    reset = _reset(flash, chip, ivt) if ivt else None
    at = (reset & ~1) - chip.base if reset is not None else -1
    return Header(
        tag=bytes(flash[place : place + 4]),
        fcb=_fcb(flash, place) if flash.startswith(FCB_TAG, place) else None,
        elsewhere=others[0] if others else None,
        ivt=ivt,
        reset=reset,
        reset_erased=0 <= at < chip.size and flash[at : at + 4].ljust(4, b"\xff") == _ERASED,
    )


def check_fits(header: Header, chip: BootChip) -> list[str]:
    """What will go wrong when `header` boots from `chip`, the first thing first."""
    if header.fcb is None:
        return [_missing_fcb(header, chip)]
    return _check_fcb(header.fcb, chip) + _check_ivt(header, chip)


def _fcb(flash: bytes | bytearray, place: int) -> Fcb:
    return Fcb.parse(bytes(flash[place : place + FCB_SIZE]).ljust(FCB_SIZE, b"\xff"))


def _ivt(flash: bytes | bytearray) -> Ivt | None:
    block = bytes(flash[IVT_OFFSET : IVT_OFFSET + IVT_SIZE])
    return Ivt.parse(block) if len(block) == IVT_SIZE and not ivt_fault(block) else None


def _reset(flash: bytes | bytearray, chip: BootChip, ivt: Ivt) -> int | None:
    """The first instruction: an odd entry is it, an even one is the vector table's address.

    Where the flash holds it: an image for RAM is looked at before it is copied.
    """
    moved = chip.base + IVT_OFFSET - ivt.self_address if is_ram(ivt.self_address) else 0
    if ivt.entry & 1:
        return ivt.entry + moved
    table = ivt.entry + moved - chip.base
    if not 0 <= table <= len(flash) - 8:
        return None
    return int.from_bytes(flash[table + 4 : table + 8], "little") + moved


def _missing_fcb(header: Header, chip: BootChip) -> str:
    what = (
        f"there is no FCB at flash offset 0x{chip.fcb_offset:X}, where the board's boot ROM "
        f"looks (it holds {header.tag.hex(' ') or 'nothing'})"
    )
    if header.elsewhere is not None:
        what += f" but one at 0x{header.elsewhere:X}, as another SoC of the family wants it"
    return what + ": the boot ROM will start nothing"


def _check_fcb(fcb: Fcb, chip: BootChip) -> list[str]:
    wrong = []
    # 0, which Zephyr leaves there for the Teensys: the ROM starts such images, too.
    if fcb.device_type not in (0, SERIAL_NOR):
        wrong.append(
            f"the FCB describes device type {_device(fcb.device_type)}, the board has "
            f"{_device(SERIAL_NOR)}: commands will not be those of the chip"
        )
    if fcb.pads not in (1, 2, 4, 8) or fcb.pads > chip.pads:
        wrong.append(
            f"the FCB wants {fcb.pads} data pads, the board's chip has {chip.pads}: "
            "reads will return garbage"
        )
    size = fcb.sizes[0]
    if size < chip.size:
        wrong.append(
            f"the FCB gives port A1 {_bytes(size)}, the chip has {_bytes(chip.size)}: "
            f"accesses from flash offset 0x{size:X} on will fail"
        )
    elif size > chip.size:
        wrong.append(
            f"the FCB gives port A1 {_bytes(size)}, the chip has {_bytes(chip.size)}: accesses "
            "beyond the chip's end will reach its beginning again or nothing"
        )
    wrong += [
        f"the FCB gives port {port} {_bytes(size)}: the board has no chip there"
        for port, size in zip(_PORTS[1:], fcb.sizes[1:], strict=True)
        if size
    ]
    return wrong


def _check_ivt(header: Header, chip: BootChip) -> list[str]:
    ivt, expected = header.ivt, chip.base + IVT_OFFSET
    if ivt is None:
        return [
            f"there is no image vector table at flash offset 0x{IVT_OFFSET:X}: "
            "the boot ROM will start nothing"
        ]
    if ivt.self_address != expected and not is_ram(ivt.self_address):
        return [
            f"the image vector table was made for 0x{ivt.self_address:08X} and lies at "
            f"0x{expected:08X}: the boot ROM will refuse it"
        ]
    if header.reset in (None, _NOTHING) and chip.base <= ivt.entry <= chip.base + chip.size - 8:
        return [
            f"the vector table, at 0x{ivt.entry:08X}, is erased flash (the image may be "
            "truncated): the boot ROM will start nothing"
        ]
    if header.reset is None or not chip.base <= header.reset < chip.base + chip.size:
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
