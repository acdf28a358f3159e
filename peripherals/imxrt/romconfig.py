"""The configuration block that the ROM makes for a quad SPI chip, of what its SFDP says.

Sources: the vendor's fsl_romapi.h (block, option) and published driver (what goes where); JESD216B,
6.4 (the basic flash parameter table, whose words count from 1 there, and from 0 here).
"""

from __future__ import annotations

import struct

from xipsim.peripherals.namedtuple import NamedTuple

from . import bootheader
from .lut import Op
from .romflexspi import INVALID_ARGUMENT, RomError

SFDP_NOT_FOUND = 20007
SFDP_SIZE = 256
"""Bytes of it that are read: the tables lie there."""
READ_SFDP = (0x0818_045A, 0x24FF_3008)
"""LUT sequence: 5Ah, 24 bits of address, 8 dummies, data; all on one pad."""
QUAD_SDR = "device_type 0 (SFDP, SDR), commands and query on one pad, misc_mode 0"
"""What of the options is modelled."""
_VERSION = 0x5601_0400
_SAFE_CONFIG_FREQUENCY = 1 << 4
_LARGEST = 16 << 20
"""Bytes that three bytes of address reach."""
_READ, _STATUS, _ENABLE, _SECTOR, _SET_QE, _BLOCK, _PROGRAM, _CHIP = 0, 1, 3, 5, 6, 8, 9, 11
"""LUT sequences of the block (NOR_CMD_LUT_SEQ_IDX_...); 6 is the driver's own."""
_ONE, _FOUR = 0, 2
"""Pads, as an instruction has them."""
_WORDS, _WORDS_A, _REVISION_A = 9, 16, 5
"""Of the first table; of the one, and its revision, that says how QE is set."""
_SETTINGS = {1: 2, 2: 1, 3: 3, 4: 2, 5: 2, 6: 4}
"""quad_mode_setting of the option, by the table's quad enable requirement."""


class Quad(NamedTuple):
    """How QE is set: the command that reads its register, its bit, the command that writes it with
    so many bytes, its own behind those of `before` other registers, and bits that it clears.
    """

    read: int
    bit: int
    write: int
    size: int
    before: int = 0
    clears: int = 0


QUADS = {
    1: Quad(0x05, 6, 0x01, 1, clears=0x3C),
    2: Quad(0x35, 1, 0x01, 2, before=1),
    3: Quad(0x3F, 7, 0x3E, 2),
    4: Quad(0x35, 1, 0x31, 1),
}
"""By quad_mode_setting."""


def is_modelled(option: int) -> bool:
    """Whether the first word of an option asks for what is made here. The second one, which
    option_size announces, is not."""
    size, device, query, commands = (option >> at & 0xF for at in (24, 20, 16, 12))
    return not (size or device or query or commands or option >> 4 & 0xF)


def first_block() -> bytes:
    """With which the chip is asked for its SFDP: slow, 16 MB, reads by 03h."""
    block = bytearray(bootheader.FCB_SIZE)
    block[:4] = bootheader.FCB_TAG
    struct.pack_into("<I", block, 0x04, _VERSION)
    block[0x0D:0x0F] = 3, 3
    block[0x45], block[0x46] = 4, 1
    struct.pack_into("<I", block, 0x50, _LARGEST)
    _sequence(block, _READ, (Op.CMD, _ONE, 0x03), (Op.RADDR, _ONE, 24), (Op.READ, _ONE, 4))
    block[0x1C8] = 1
    return bytes(block)


def table(sfdp: bytes) -> tuple[int, ...]:
    """The basic flash parameter table in it; RomError where there is none."""
    if sfdp[:4] != b"SFDP":
        raise RomError(SFDP_NOT_FOUND, f"the chip's SFDP begins with {sfdp[:4].hex(' ')}")
    for at in range(8, 8 + 8 * min(sfdp[6] + 1, 10), 8):
        if sfdp[at] == 0 and sfdp[at + 7] == 0xFF:
            first = int.from_bytes(sfdp[at + 4 : at + 7], "little")
            data = sfdp[first : first + 4 * min(sfdp[at + 3], _WORDS_A)]
            if len(data) >= 4 * _WORDS:
                return struct.unpack(f"<{len(data) // 4}I", data[: len(data) & ~3])
    raise RomError(SFDP_NOT_FOUND, "the chip's SFDP has no basic flash parameter table")


def quad(sfdp: bytes, option: int) -> Quad | None:
    """How QE is set; None: it is not."""
    words = table(sfdp)
    if sfdp[4] >= _REVISION_A or len(words) >= _WORDS_A:
        requirement = words[14] >> 20 & 7 if len(words) > 14 else 0
        return QUADS.get(_SETTINGS.get(requirement, 0))
    return QUADS.get(option >> 8 & 0xF)


def read_status(how: Quad) -> tuple[int, int]:
    """The LUT sequence that reads QE's register."""
    return _word((Op.CMD, _ONE, how.read), (Op.READ, _ONE, 1)), 0


def block(sfdp: bytes, option: int, status: int) -> bytes:
    """The whole block. status: of QE's register."""
    words = table(sfdp)
    made = bytearray(first_block())
    made[0x44], made[0x46] = bootheader.SERIAL_NOR, option & 0xF
    struct.pack_into("<I", made, 0x40, _SAFE_CONFIG_FREQUENCY)
    size = words[1] + 1 >> 3
    if words[1] >> 31 or size > _LARGEST:
        raise RomError(INVALID_ARGUMENT, "a chip beyond 16 MB: its commands are not modelled")
    struct.pack_into("<I", made, 0x50, size)
    page = 1 << (words[10] >> 4 & 0xF) if len(words) >= _WORDS_A else 256
    smallest, largest = _erases(words)
    struct.pack_into("<2I", made, 0x1C0, 256 if page == 1 << 15 else page, smallest[0])
    struct.pack_into("<I", made, 0x1D0, largest[0])
    made[0x1C9] = smallest[0] == largest[0]
    _read(made, words)
    _sequence(made, _STATUS, (Op.CMD, _ONE, 0x05), (Op.READ, _ONE, 4))
    _sequence(made, _ENABLE, (Op.CMD, _ONE, 0x06))
    _sequence(made, _SECTOR, (Op.CMD, _ONE, smallest[1]), (Op.RADDR, _ONE, 24))
    _sequence(made, _BLOCK, (Op.CMD, _ONE, largest[1]), (Op.RADDR, _ONE, 24))
    _sequence(made, _PROGRAM, (Op.CMD, _ONE, 0x02), (Op.RADDR, _ONE, 24), (Op.WRITE, _ONE, 4))
    _sequence(made, _CHIP, (Op.CMD, _ONE, 0x60))
    how = quad(sfdp, option)
    if how is not None and not status >> how.bit & 1:
        _sequence(made, _SET_QE, (Op.CMD, _ONE, how.write), (Op.WRITE, _ONE, how.size))
        made[0x10:0x12] = 1, 1
        made[0x14:0x16] = 1, _SET_QE
        value = (status & ~how.clears | 1 << how.bit) << 8 * how.before
        struct.pack_into("<I", made, 0x18, value)
    return bytes(made)


def _erases(words: tuple[int, ...]) -> tuple[tuple[int, int], tuple[int, int]]:
    """The smallest unit and the largest below 1 MB: bytes, and the command."""
    kinds = [word >> at & 0xFFFF for word in words[7:9] for at in (0, 16)]
    units = [(1 << (kind & 0xFF), kind >> 8) for kind in kinds if 0 < kind & 0xFF < 20]
    if not units:
        raise RomError(SFDP_NOT_FOUND, "the chip's SFDP has no unit to erase")
    return min(units), max(units)


def _read(made: bytearray, words: tuple[int, ...]) -> None:
    """The quickest read that the table has: 1-4-4, else 1-1-4, else 03h."""
    for supported, at, pads in ((21, 0, _FOUR), (22, 16, _ONE)):
        if words[0] >> supported & 1:
            dummies, modes = words[2] >> at & 0x1F, words[2] >> at + 5 & 7
            steps = [(Op.CMD, _ONE, words[2] >> at + 8 & 0xFF), (Op.RADDR, pads, 24)]
            if modes:
                steps.append((Op.MODE4 if modes == 1 else Op.MODE8, _FOUR, 0))
            steps += [(Op.DUMMY, _FOUR, dummies), (Op.READ, _FOUR, 4)]
            _sequence(made, _READ, *steps)
            return


Step = tuple[Op, int, int]
"""An instruction: operation, pads, operand."""


def _word(first: Step, second: Step | None = None) -> int:
    halves = [op << 10 | pads << 8 | operand for op, pads, operand in filter(None, (first, second))]
    return sum(half << 16 * place for place, half in enumerate(halves))


def _sequence(made: bytearray, number: int, *steps: Step) -> None:
    """Sequence `number` of the block's LUT."""
    padded = (*steps, None)
    words = [_word(steps[i], padded[i + 1]) for i in range(0, len(steps), 2)]
    struct.pack_into("<4I", made, 0x80 + 16 * number, *(words + [0] * 4)[:4])
