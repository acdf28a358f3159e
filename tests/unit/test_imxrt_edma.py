"""eDMA and DMAMUX: descriptors by MIMXRT1062.h and fsl_edma.c, IMXRT1060RM, chapter eDMA."""

from __future__ import annotations

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.edma import Dmamux, Edma
from xipsim.peripherals.imxrt.edma_tcd import Side, decoded

CR, ES, ERQ, EEI, SERQ, CERQ, CDNE, SSRT, CINT, INT, ERR, HRS = (
    0x00, 0x04, 0x0C, 0x14, 0x1B, 0x1A, 0x1C, 0x1D, 0x1F, 0x24, 0x2C, 0x34
)  # fmt: skip
EMLM = 1 << 7
START, INTMAJOR, INTHALF, DREQ, ESG, MAJORELINK, DONE = (1 << bit for bit in (0, 1, 2, 3, 4, 5, 7))
SADDR, SOFF, ATTR, NBYTES, SLAST, DADDR, DOFF, CITER, DLAST, CSR, BITER = (
    0x00, 0x04, 0x06, 0x08, 0x0C, 0x10, 0x14, 0x16, 0x18, 0x1C, 0x1E
)  # fmt: skip
FROM, TO = 0x2000_0000, 0x2020_0000
SOURCE = 20


class Dma:
    def __init__(self) -> None:
        self.bench = Bench()
        self.edma = Edma(self.bench.system)
        self.mux = Dmamux(self.bench.system, edma=self.edma)
        for model in (self.edma, self.mux):
            model.reset(ResetCause.POWER_ON)
        self.source = self.bench.bus.add(FROM, 0x100)
        self.target = self.bench.bus.add(TO, 0x100)
        self.source[:] = bytes(range(256))

    def tcd(self, channel: int, **fields: int) -> None:
        """A channel that copies 16 bytes in words, four to a minor loop, but for `fields`."""
        values = {
            "saddr": FROM, "soff": 4, "attr": 0x202, "nbytes": 4, "slast": 0, "daddr": TO,
            "doff": 4, "citer": 4, "dlast": 0, "csr": 0, "biter": fields.get("citer", 4),
        } | fields  # fmt: skip
        for name, value in values.items():
            offset = globals()[name.upper()]
            size = 2 if offset in (SOFF, ATTR, DOFF, CITER, CSR, BITER) else 4
            self.edma.write(0x1000 + 32 * channel + offset, value & (1 << 8 * size) - 1, size)

    def read(self, channel: int, offset: int, size: int = 4) -> int:
        return self.edma.read(0x1000 + 32 * channel + offset, size)

    def start(self, channel: int) -> None:
        self.edma.write(SSRT, channel, 1)
        self.settle()

    def settle(self) -> None:
        self.bench.clock.advance(100_000)

    def ask(self, level: bool = True) -> None:
        self.mux.request(SOURCE, level)
        self.settle()


@pytest.fixture
def dma() -> Dma:
    return Dma()


def test_a_start_by_software_moves_one_minor_loop(dma: Dma) -> None:
    dma.tcd(3)
    dma.start(3)
    assert dma.target[:8] == bytes(range(4)) + bytes(4)
    assert dma.read(3, CITER, 2) == 3 and dma.read(3, CSR, 2) == 0
    assert dma.read(3, SADDR) == FROM + 4 and dma.read(3, DADDR) == TO + 4


def test_a_major_loop(dma: Dma) -> None:
    dma.tcd(3, slast=-16, dlast=-16, csr=INTMAJOR)
    for _ in range(4):
        assert not dma.edma.read(INT) and not dma.edma.IRQS[3].level
        dma.start(3)
    assert dma.target[:16] == bytes(range(16))
    assert dma.edma.read(INT) == 1 << 3 and dma.edma.IRQS[3].level
    assert dma.read(3, CSR, 2) == INTMAJOR | DONE and dma.read(3, CITER, 2) == 4
    assert dma.read(3, SADDR) == FROM and dma.read(3, DADDR) == TO
    dma.edma.write(CINT, 3, 1)
    dma.edma.write(CDNE, 3, 1)
    assert not dma.edma.IRQS[3].level and dma.read(3, CSR, 2) == INTMAJOR


def test_channels_share_interrupts(dma: Dma) -> None:
    dma.tcd(19, citer=1, csr=INTMAJOR)
    dma.start(19)
    assert dma.edma.IRQS[3].level and dma.edma.read(INT) == 1 << 19


def test_half_of_a_major_loop(dma: Dma) -> None:
    dma.tcd(0, csr=INTHALF)
    seen = []
    for _ in range(4):
        dma.start(0)
        seen.append(dma.edma.read(INT))
    assert seen == [0, 1, 1, 1]


def test_requests_of_a_peripheral(dma: Dma) -> None:
    dma.tcd(5, csr=DREQ)
    dma.mux.write(4 * 5, 1 << 31 | SOURCE)
    dma.ask()
    assert dma.edma.read(HRS) == 1 << 5 and dma.target[0:4] == bytes(4), "not enabled"
    dma.edma.write(SERQ, 5, 1)
    dma.settle()
    assert dma.target[:16] == bytes(range(16)) and dma.read(5, CITER, 2) == 4
    assert dma.edma.read(ERQ) == 0, "DREQ: the end of the major loop takes no more requests"


def test_only_the_selected_source_counts(dma: Dma) -> None:
    dma.tcd(5, csr=DREQ)
    dma.edma.write(ERQ, 1 << 5)
    for configuration in (SOURCE, 1 << 31 | SOURCE + 1):
        dma.mux.write(4 * 5, configuration)
        dma.ask()
        assert dma.target[:4] == bytes(4)
    dma.mux.write(4 * 5, 1 << 31 | SOURCE)
    dma.settle()
    assert dma.target[:16] == bytes(range(16))


def test_a_request_that_is_disabled_stops(dma: Dma) -> None:
    dma.tcd(5, soff=0, doff=0, citer=0x7FFF)
    dma.mux.write(4 * 5, 1 << 31 | SOURCE)
    dma.edma.write(ERQ, 1 << 5)
    dma.ask()
    dma.edma.write(CERQ, 5, 1)
    before = dma.read(5, CITER, 2)
    dma.settle()
    assert dma.read(5, CITER, 2) == before < 0x7FFF, "time went on all the while"


def test_a_peripherals_data_register(dma: Dma) -> None:
    """An offset of 0: each item goes to the same place; 16-bit items."""
    dma.tcd(1, attr=0x101, soff=2, doff=0, nbytes=8, citer=1)
    dma.start(1)
    assert dma.target[:4] == b"\x06\x07\x00\x00"
    dma.tcd(1, attr=0x201, soff=4, doff=2, nbytes=8, citer=1)
    dma.start(1)
    assert dma.target[:8] == bytes(range(8)), "words in, half-words out"


def test_scatter_and_gather(dma: Dma) -> None:
    """The end of a major loop loads the next descriptor, and DONE is seen behind it."""
    words = (FROM + 0x80, 0x0202_0004, 4, 0, TO + 0x40, 0x0001_0004, 0, 0x0001_0000)
    table = b"".join(word.to_bytes(4, "little") for word in words)
    dma.bench.bus.add(0x2000_4000, 32)[:] = table
    dma.tcd(2, citer=1, dlast=0x2000_4000, csr=ESG)
    dma.start(2)
    assert dma.target[:4] == bytes(range(4)) and dma.read(2, SADDR) == FROM + 0x80
    assert dma.read(2, CSR, 2) == DONE
    dma.start(2)
    assert dma.target[0x40:0x44] == bytes(range(0x80, 0x84))


def test_links(dma: Dma) -> None:
    """CITER[ELINK] starts a channel with each minor loop but the last, MAJORELINK with that."""
    for channel, place in ((7, 0x40), (9, 0x60)):
        dma.tcd(channel, daddr=TO + place, citer=8)
    elink = 1 << 15 | 7 << 9 | 2
    dma.tcd(4, citer=elink, biter=elink, csr=MAJORELINK | 9 << 8)
    dma.start(4)
    assert (dma.read(7, CITER, 2), dma.read(9, CITER, 2)) == (7, 8)
    dma.start(4)
    assert (dma.read(7, CITER, 2), dma.read(9, CITER, 2)) == (7, 7)


def test_an_offset_behind_each_minor_loop(dma: Dma) -> None:
    dma.edma.write(CR, EMLM)
    dma.tcd(4, nbytes=1 << 31 | (0xFFFF8 << 10) | 4)  # SMLOE, -8
    dma.start(4)
    assert dma.read(4, SADDR) == FROM + 4 - 8 and dma.read(4, DADDR) == TO + 4


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"saddr": 0x5000_0000}, 1 << 1),
        ({"daddr": 0x5000_0000}, 1 << 0),
        ({"nbytes": 6}, 0x78),
        ({"nbytes": 1 << 29}, 0x78),
        ({"citer": 0}, 0x78),
    ],
)
def test_errors(dma: Dma, fields: dict[str, int], error: int) -> None:
    dma.edma.write(EEI, 1 << 6)
    dma.tcd(6, **fields)
    dma.start(6)
    assert dma.edma.read(ES) == 1 << 31 | 6 << 8 | error and dma.edma.read(ERR) == 1 << 6
    assert dma.edma.ERROR.level and [d.rule for d in dma.bench.diagnostics] == ["edma-error"]
    dma.edma.write(ERR, 1 << 6)
    assert not dma.edma.ERROR.level


# -- which channel, when ---------------------------------------------------------------------------


def test_a_minor_loop_takes_its_time_and_the_highest_channel_is_first(dma: Dma) -> None:
    """200 ns are assumed for each, one after the other."""
    for channel in (0, 9, 31):
        dma.tcd(channel, daddr=TO + channel)
    for channel in (9, 31, 0):
        dma.edma.write(SSRT, channel, 1)
    left = []
    for step in (199, 1, 199, 1, 200):
        dma.bench.clock.advance(step)
        left.append([dma.read(channel, CITER, 2) for channel in (0, 9, 31)])
    assert left == [[4, 4, 4], [4, 4, 3], [4, 4, 3], [4, 3, 3], [3, 3, 3]]


def test_all_channels_at_once_or_none(dma: Dma) -> None:
    for channel in range(32):
        dma.tcd(channel)
    dma.start(1 << 7 | 3)
    assert {dma.read(channel, CITER, 2) for channel in range(32)} == {4}
    dma.start(1 << 6)
    assert {dma.read(channel, CITER, 2) for channel in range(32)} == {3}


def test_what_is_written_to_the_registers_of_all_channels_counts_at_once(dma: Dma) -> None:
    """ERQ lets a request through that stands; a one in INT and ERR clears; EEI opens a line."""
    dma.tcd(5, csr=DREQ | INTMAJOR)
    dma.tcd(6, citer=0)
    dma.edma.request(5, True)
    dma.settle()
    assert dma.edma.read(HRS) == 1 << 5 and not dma.edma.read(INT)
    dma.edma.write(ERQ, 1 << 5 | 1 << 6)
    dma.settle()
    assert dma.edma.read(INT) == 1 << 5 and dma.edma.IRQS[5].level
    dma.edma.write(INT, ~(1 << 5) & 0xFFFF_FFFF)
    assert dma.edma.IRQS[5].level
    dma.edma.write(INT, 1 << 5)
    assert not dma.edma.IRQS[5].level and not dma.edma.read(INT)
    dma.edma.request(5, False)
    assert dma.edma.read(HRS) == 0
    dma.start(6)
    assert not dma.edma.ERROR.level
    dma.edma.write(EEI, 1 << 6)
    assert dma.edma.ERROR.level
    dma.edma.write(ERR, 1 << 6)
    assert not dma.edma.ERROR.level


def test_an_error_takes_no_more_requests_of_its_channel_alone(dma: Dma) -> None:
    dma.tcd(6, nbytes=0)
    dma.edma.write(ERQ, 0xFFFF_FFFF)
    dma.start(6)
    assert dma.edma.read(ERQ) == 0xFFFF_FFFF & ~(1 << 6) and dma.edma.read(ES) & 0xFF == 0x78
    dma.tcd(6)
    dma.start(6)
    assert dma.target[:4] == bytes(range(4)), "but it can be started"


@pytest.mark.parametrize(("length", "moves"), [(0x1_0000, True), (0x1_0001, False)])
def test_a_minor_loop_that_is_too_long_is_a_gap(dma: Dma, length: int, moves: bool) -> None:
    dma.bench.bus.add(0x3000_0000, 0x2_0000)[0xFFFF] = 7
    memory = dma.bench.bus.add(0x3100_0000, 0x2_0000)
    dma.tcd(0, saddr=0x3000_0000, daddr=0x3100_0000, nbytes=length, attr=0, soff=1, doff=1)
    dma.start(0)
    assert (memory[0xFFFF] == 7, bool(dma.bench.gaps)) == (moves, not moves)


# -- what a descriptor does ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "half"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (8, 4), (9, 5)]
)
def test_half_is_where_citer_is_half_of_biter(dma: Dma, count: int, half: int) -> None:
    """CSR.INTHALF: at CITER == BITER >> 1; not where the major loop is over with it."""
    dma.tcd(0, csr=INTHALF, citer=count)
    loops = 0
    while not dma.edma.read(INT) and loops < count:
        dma.start(0)
        loops += 1
    assert loops == half


def test_what_a_major_loop_leaves(dma: Dma) -> None:
    """SLAST and DLAST are added, CITER is loaded, SOFF and DOFF stay; all of 32 bits."""
    dma.tcd(2, soff=-4, doff=-8, nbytes=8, citer=2, slast=0x10, dlast=-0x20, saddr=FROM + 0x40,
            daddr=TO + 0x80, csr=INTMAJOR)  # fmt: skip
    dma.start(2)
    assert dma.target[0x80:0x84] + dma.target[0x78:0x7C] == bytes((64, 65, 66, 67, 60, 61, 62, 63))
    assert (dma.read(2, SADDR), dma.read(2, DADDR)) == (FROM + 0x38, TO + 0x70)
    dma.start(2)
    assert (dma.read(2, SADDR), dma.read(2, DADDR)) == (FROM + 0x40, TO + 0x40)
    assert (dma.read(2, SOFF, 2), dma.read(2, DOFF, 2)) == (0xFFFC, 0xFFF8)
    assert (dma.read(2, CITER, 2), dma.read(2, BITER, 2)) == (2, 2)
    assert dma.edma.read(INT) == 1 << 2


@pytest.mark.parametrize(
    ("nbytes", "source", "destination"),
    [
        (1 << 31 | 0xFFFF8 << 10 | 4, -4, 4),
        (1 << 30 | 0xFFFF8 << 10 | 4, 4, -4),
        (3 << 30 | 0x0010 << 10 | 4, 20, 20),
        (4, 4, 4),
    ],
)
def test_which_address_the_offset_counts_for(
    dma: Dma, nbytes: int, source: int, destination: int
) -> None:
    """NBYTES: SMLOE is bit 31, DMLOE bit 30; not behind the last minor loop."""
    dma.edma.write(CR, EMLM)
    dma.tcd(4, nbytes=nbytes, citer=2, saddr=FROM + 16, daddr=TO + 16)
    dma.start(4)
    moved = dma.read(4, SADDR) - FROM - 16, dma.read(4, DADDR) - TO - 16
    assert moved == (source, destination)
    dma.start(4)
    moved = dma.read(4, SADDR) - FROM - 16, dma.read(4, DADDR) - TO - 16
    assert moved == (source + 4, destination + 4)


def words(**fields: int) -> list[int]:
    """Words of a descriptor: SADDR, ATTR and SOFF, NBYTES, SLAST, DADDR, CITER and DOFF, ..."""
    names = ("saddr", "attr_soff", "nbytes", "slast", "daddr", "citer_doff", "dlast", "biter_csr")
    return [fields.get(name, 0) for name in names]


@pytest.mark.parametrize(
    ("has_offsets", "nbytes", "length", "steps"),
    [
        (False, 0xFFFF_FFFF, 0xFFFF_FFFF, (0, 0)),
        (True, 0x3FFF_FFFF, 0x3FFF_FFFF, (0, 0)),
        (True, 0x8000_07FF, 0x3FF, (1, 0)),
        (True, 0x5FFF_FC00, 0, (0, 0x7FFFF)),
        (True, 0xE000_0001, 1, (-0x80000, -0x80000)),
        (True, 0xBFFF_FFFF, 0x3FF, (-1, 0)),
    ],
)
def test_forms_of_nbytes(
    has_offsets: bool, nbytes: int, length: int, steps: tuple[int, int]
) -> None:
    """TCD_NBYTES_MLNO, _MLOFFNO and _MLOFFYES of MIMXRT1062.h."""
    tcd = decoded(words(nbytes=nbytes), has_offsets=has_offsets)
    assert (tcd.length, (tcd.source_step, tcd.destination_step)) == (length, steps)


@pytest.mark.parametrize(
    ("count", "number", "link"),
    [
        (0x7FFF, 0x7FFF, None),
        (0x4200, 0x4200, None),
        (0xFFFF, 0x1FF, 31),
        (0x8200, 0, 1),
        (0xA001, 1, 16),
    ],
)
def test_forms_of_citer_and_biter(count: int, number: int, link: int | None) -> None:
    """ELINK is bit 15, LINKCH 13:9, and nine bits count then."""
    tcd = decoded(words(citer_doff=count << 16, biter_csr=count << 16 | 0xABCD), has_offsets=False)
    assert (tcd.citer, tcd.biter, tcd.link, tcd.csr) == (number, number, link, 0xABCD)


@pytest.mark.parametrize(
    ("attributes", "sizes", "has_modulo"),
    [
        (0x0000, (1, 1), False),
        (0x0102, (2, 4), False),
        (0x0305, (8, 32), False),
        (0x0500, (32, 1), False),
        *((1 << bit, (1, 1), True) for bit in (*range(3, 8), *range(11, 16))),
    ],
)
def test_sizes_of_items(attributes: int, sizes: tuple[int, int], has_modulo: bool) -> None:
    """ATTR: DSIZE 2:0, DMOD 7:3, SSIZE 10:8, SMOD 15:11."""
    tcd = decoded(words(attr_soff=attributes << 16 | 0x8000), has_offsets=False)
    assert (tcd.source.size, tcd.destination.size) == sizes and tcd.has_modulo == has_modulo
    assert tcd.source.offset == -0x8000


def test_where_items_lie() -> None:
    """Addresses have 32 bits, in both directions."""
    assert list(Side(0x100, 4, 4).pieces(12)) == [(0x100, 12)]
    assert list(Side(0xFFFF_FFFE, 4, 2).pieces(6)) == [(0xFFFF_FFFE, 2), (2, 2), (6, 2)]
    assert list(Side(1, -2, 1).pieces(2)) == [(1, 1), (0xFFFF_FFFF, 1)]
    assert Side(0xFFFF_FFFC, 8, 4).after(8) == 0xC and Side(4, -4, 2).after(6) == 0xFFFF_FFF8


def test_a_link_has_five_bits_of_channel(dma: Dma) -> None:
    """CSR.MAJORLINKCH is 12:8."""
    dma.tcd(30, daddr=TO + 0x40)
    dma.tcd(4, citer=1, csr=MAJORELINK | 30 << 8 | 1 << 13)
    dma.start(4)
    assert dma.read(30, CITER, 2) == 3


def test_a_new_descriptor_is_loaded_whole(dma: Dma) -> None:
    table = [FROM + 1, 2, 0x33, 0x44, TO + 5, 6, 0x77, 0x0008_0000]
    dma.bench.bus.add(0x2000_4000, 32)[:] = b"".join(w.to_bytes(4, "little") for w in table)
    dma.tcd(31, citer=1, slast=0x1000, dlast=0x2000_4000, csr=ESG | INTMAJOR)
    dma.start(31)
    table[7] |= DONE
    assert [dma.read(31, 4 * n) for n in range(8)] == table and dma.edma.read(INT) == 1 << 31


# -- DMAMUX ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [1, 63, 64, 126])
def test_each_source_reaches_the_channels_that_name_it(dma: Dma, source: int) -> None:
    """CHCFG.SOURCE has seven bits, ENBL is bit 31; one source may have several channels."""
    for channel in (0, 31):
        dma.mux.write(4 * channel, 1 << 31 | source)
    dma.mux.write(4 * 7, source)
    dma.mux.write(4 * 8, 1 << 31)
    dma.mux.request(source, True)
    assert dma.edma.read(HRS) == 1 << 31 | 1
    dma.mux.request(source ^ 2, True)
    dma.mux.write(0, 0)
    assert dma.edma.read(HRS) == 1 << 31
    dma.mux.request(source, False)
    assert dma.edma.read(HRS) == 0


def test_a_request_outlives_the_multiplexers_reset(dma: Dma) -> None:
    """Who asks is another block; it asks on."""
    dma.mux.request(SOURCE, True)
    dma.mux.reset(ResetCause.SOFTWARE)
    dma.mux.write(0, 1 << 31 | SOURCE)
    assert dma.edma.read(HRS) == 1
