"""eDMA and DMAMUX: descriptors by MIMXRT1062.h and fsl_edma.c, IMXRT1060RM, chapter eDMA."""

from __future__ import annotations

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.edma import Dmamux, Edma

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
