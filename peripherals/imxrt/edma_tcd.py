"""A transfer control descriptor (TCD) of NXP's eDMA, as eight words."""

from __future__ import annotations

from collections.abc import Iterator

from xipsim.peripherals.namedtuple import NamedTuple

WORDS = 8
SADDR, ATTR_SOFF, NBYTES, SLAST, DADDR, CITER_DOFF, DLAST_SGA, BITER_CSR = range(WORDS)
START, INTMAJOR, INTHALF, DREQ, ESG, MAJORELINK, ACTIVE, DONE = (1 << bit for bit in range(8))
"""CSR."""
SMLOE, DMLOE = 1 << 31, 1 << 30


def signed(value: int, bits: int) -> int:
    """A two's complement of so many bits."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


class Side(NamedTuple):
    """Where a minor loop reads or writes: each of `size` bytes, `offset` after the one before."""

    address: int
    offset: int
    size: int

    def pieces(self, length: int) -> Iterator[tuple[int, int]]:
        """Addresses and lengths of the accesses; those that follow each other are one."""
        if self.offset == self.size:
            yield self.address, length
            return
        for place in range(length // self.size):
            yield self.address + place * self.offset & 0xFFFF_FFFF, self.size

    def after(self, length: int) -> int:
        """The address when `length` bytes are over."""
        return self.address + length // self.size * self.offset & 0xFFFF_FFFF


class Tcd(NamedTuple):
    """What the words say."""

    source: Side
    destination: Side
    length: int
    """Bytes of a minor loop."""
    citer: int
    biter: int
    link: int | None
    """The channel that the end of each minor loop but the last starts."""
    source_step: int
    destination_step: int
    """What the minor loop's offset adds to the addresses at its end."""
    csr: int
    has_modulo: bool


def decoded(words: list[int], *, has_offsets: bool) -> Tcd:
    """The descriptor in these words. has_offsets: CR.EMLM, NBYTES may hold an offset."""
    attributes, nbytes = words[ATTR_SOFF] >> 16, words[NBYTES]
    step = 0
    if has_offsets:
        has_step = nbytes & (SMLOE | DMLOE)
        step = signed(nbytes >> 10, 20) if has_step else 0
        length = nbytes & (0x3FF if has_step else 0x3FFF_FFFF)
    else:
        length = nbytes
    citer, biter = words[CITER_DOFF] >> 16, words[BITER_CSR] >> 16
    link = citer >> 9 & 0x1F if citer >> 15 else None
    mask = 0x1FF if citer >> 15 else 0x7FFF
    return Tcd(
        source=Side(words[SADDR], signed(words[ATTR_SOFF], 16), 1 << (attributes >> 8 & 7)),
        destination=Side(words[DADDR], signed(words[CITER_DOFF], 16), 1 << (attributes & 7)),
        length=length,
        citer=citer & mask,
        biter=biter & mask,
        link=link,
        source_step=step if nbytes & SMLOE else 0,
        destination_step=step if nbytes & DMLOE else 0,
        csr=words[BITER_CSR] & 0xFFFF,
        has_modulo=bool(attributes & 0xF8F8),
    )
