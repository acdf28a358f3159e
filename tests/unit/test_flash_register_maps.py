"""The registers of both flash controllers: offsets, reset values, fields, what can be written.

FlexSPI: imxrt.md 3.1 and 3.2 (vendor's register header). OSPI and AES: alif.md 3.1 to 3.6 (SVD).
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from xipsim.peripherals.alif.aes import Aes
from xipsim.peripherals.alif.ospi import Ospi
from xipsim.peripherals.core import Peripheral, ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.flexspi import FlexSpi


class Row(NamedTuple):
    """A register, or an array of them: offset, number, reset value, fields (lowest bit, width)."""

    offset: int
    count: int
    reset: int | tuple[int, ...]
    fields: dict[str, tuple[int, int]]


FLEXSPI = {
    "MCR0": Row(0x00, 1, 0xFFFF_80C2, {
        "SWRESET": (0, 1), "MDIS": (1, 1), "ARDFEN": (6, 1), "ATDFEN": (7, 1),
        "SERCLKDIV": (8, 3), "HSEN": (11, 1), "COMBINATIONEN": (13, 1), "IPGRANTWAIT": (16, 8),
        "AHBGRANTWAIT": (24, 8),
    }),
    "MCR1": Row(0x04, 1, 0xFFFF_FFFF, {"AHBBUSWAIT": (0, 16), "SEQWAIT": (16, 16)}),
    "MCR2": Row(0x08, 1, 0x2000_81F7, {"CLRAHBBUFOPT": (11, 1), "SAMEDEVICEEN": (15, 1)}),
    "AHBCR": Row(0x0C, 1, 0x18, {"APAREN": (0, 1), "CLRAHBBUF": (1, 2), "PREFETCHEN": (5, 1)}),
    "INTEN": Row(0x10, 1, 0, {}),
    "INTR": Row(0x14, 1, 0x40, {
        "IPCMDDONE": (0, 1), "IPCMDGE": (1, 1), "AHBCMDGE": (2, 1), "IPCMDERR": (3, 1),
        "AHBCMDERR": (4, 1), "IPRXWA": (5, 1), "IPTXWE": (6, 1), "SCKSTOPBYRD": (8, 1),
        "SCKSTOPBYWR": (9, 1), "AHBBUSTIMEOUT": (10, 1), "SEQTIMEOUT": (11, 1),
    }),
    "LUTKEY": Row(0x18, 1, 0x5AF0_5AF0, {}),
    "LUTCR": Row(0x1C, 1, 2, {"LOCK": (0, 1)}),
    "AHBRXBUFCR0": Row(0x20, 4, (0x8000_0020, 0x8001_0020, 0x8002_0020, 0x8003_0020), {}),
    "FLSHCR0": Row(0x60, 4, 0x1_0000, {}),
    "FLSHCR1": Row(0x70, 4, 0x63, {}),
    "FLSHCR2": Row(0x80, 4, 0, {}),
    "FLSHCR4": Row(0x94, 1, 0, {"WMEN": (2, 2)}),
    "IPCR0": Row(0xA0, 1, 0, {}),
    "IPCR1": Row(0xA4, 1, 0, {
        "IDATSZ": (0, 16), "ISEQID": (16, 4), "ISEQNUM": (24, 3), "IPAREN": (31, 1),
    }),
    "IPCMD": Row(0xB0, 1, 0, {}),
    "IPRXFCR": Row(0xB8, 1, 0, {"CLRIPRXF": (0, 1), "RXDMAEN": (1, 1), "RXWMRK": (2, 4)}),
    "IPTXFCR": Row(0xBC, 1, 0, {"CLRIPTXF": (0, 1), "TXDMAEN": (1, 1), "TXWMRK": (2, 4)}),
    "DLLCR": Row(0xC0, 2, 0x100, {}),
    "STS0": Row(0xE0, 1, 3, {}),
    "STS1": Row(0xE4, 1, 0, {
        "AHBCMDERRID": (0, 4), "AHBCMDERRCODE": (8, 4), "IPCMDERRID": (16, 4),
        "IPCMDERRCODE": (24, 4),
    }),
    "STS2": Row(0xE8, 1, 0x0100_0100, {}),
    "AHBSPNDSTS": Row(0xEC, 1, 0, {}),
    "IPRXFSTS": Row(0xF0, 1, 0, {"RDCNTR": (16, 16)}),
    "IPTXFSTS": Row(0xF4, 1, 0, {"WRCNTR": (16, 16)}),
    "RFDR": Row(0x100, 32, 0, {}),
    "TFDR": Row(0x180, 32, 0, {}),
    "LUT": Row(0x200, 64, 0, {}),
}  # fmt: skip
OSPI = {
    "CTRLR0": Row(0x00, 1, 0x00C0_4407, {
        "DFS": (0, 5), "FRF": (6, 2), "SCPH": (8, 1), "SCPOL": (9, 1), "TMOD": (10, 2),
        "SRL": (13, 1), "SSTE": (14, 1), "SPI_FRF": (22, 2), "SPI_HYPERBUS_EN": (24, 1),
        "SSI_IS_MST": (31, 1),
    }),
    "CTRLR1": Row(0x04, 1, 0, {"NDF": (0, 16)}),
    "SSIENR": Row(0x08, 1, 0, {"SSI_EN": (0, 1)}),
    "MWCR": Row(0x0C, 1, 0, {}),
    "SER": Row(0x10, 1, 0, {"SELECTS": (0, 2)}),
    "BAUDR": Row(0x14, 1, 0, {}),
    "TXFTLR": Row(0x18, 1, 0, {"TFT": (0, 8), "TXFTHR": (16, 8)}),
    "RXFTLR": Row(0x1C, 1, 0, {"RFT": (0, 8)}),
    "TXFLR": Row(0x20, 1, 0, {}),
    "RXFLR": Row(0x24, 1, 0, {}),
    "SR": Row(0x28, 1, 0x06, {}),
    "IMR": Row(0x2C, 1, 0xFF, {}),
    "ISR": Row(0x30, 1, 0, {}),
    "RISR": Row(0x34, 1, 0, {}),
    "TXEICR": Row(0x38, 1, 0, {}),
    "RXOICR": Row(0x3C, 1, 0, {}),
    "RXUICR": Row(0x40, 1, 0, {}),
    "MSTICR": Row(0x44, 1, 0, {}),
    "ICR": Row(0x48, 1, 0, {}),
    "DMACR": Row(0x4C, 1, 0, {"RDMAE": (0, 1), "TDMAE": (1, 1)}),
    "DMATDLR": Row(0x50, 1, 0, {}),
    "DMARDLR": Row(0x54, 1, 0, {}),
    "IDR": Row(0x58, 1, 0xC7C5_C7C5, {}),
    "SSIC_VERSION_ID": Row(0x5C, 1, 0x3130_332A, {}),
    "DR": Row(0x60, 36, 0, {}),
    "RX_SAMPLE_DELAY": Row(0xF0, 1, 0, {}),
    "SPI_CTRLR0": Row(0xF4, 1, 0x200, {
        "TRANS_TYPE": (0, 2), "ADDR_L": (2, 4), "INST_L": (8, 2), "WAIT_CYCLES": (11, 5),
        "SPI_DDR_EN": (16, 1), "INST_DDR_EN": (17, 1), "SPI_RXDS_EN": (18, 1),
        "SPI_DM_EN": (24, 1), "CLK_STRETCH_EN": (30, 1),
    }),
    "DDR_DRIVE_EDGE": Row(0xF8, 1, 0, {}),
    "XIP_MODE_BITS": Row(0xFC, 1, 0, {}),
    "XIP_INCR_INST": Row(0x100, 1, 0, {}),
    "XIP_WRAP_INST": Row(0x104, 1, 0, {}),
    "XIP_CTRL": Row(0x108, 1, 0x0800_0401, {
        "XIP_FRF": (0, 2), "XIP_TRANS_TYPE": (2, 2), "XIP_ADDR_L": (4, 4), "XIP_INST_L": (9, 2),
        "XIP_MD_BITS_EN": (12, 1), "XIP_WAIT_CYCLES": (13, 5), "XIP_DFS_HC": (18, 1),
        "XIP_DDR_EN": (19, 1), "XIP_INST_DDR_EN": (20, 1), "XIP_RXDS_EN": (21, 1),
        "XIP_INST_EN": (22, 1), "XIP_CONT_XFER_EN": (23, 1), "XIP_HYPERBUS_EN": (24, 1),
        "XIP_MBL": (26, 2),
    }),
    "XIP_SER": Row(0x10C, 1, 0, {"XIP_SELECTS": (0, 2)}),
    "XRXOICR": Row(0x110, 1, 0, {}),
    "XIP_CNT_TIME_OUT": Row(0x114, 1, 0, {}),
    "XIP_WRITE_INCR_INST": Row(0x140, 1, 0, {}),
    "XIP_WRITE_WRAP_INST": Row(0x144, 1, 0, {}),
    # The vendor's driver header; the SVD leaves these fields out.
    "XIP_WRITE_CTRL": Row(0x148, 1, 0, {
        "WR_FRF": (0, 2), "WR_TRANS_TYPE": (2, 2), "WR_ADDR_L": (4, 4), "WR_INST_L": (8, 2),
        "WR_SPI_DDR_EN": (10, 1), "WR_INST_DDR_EN": (11, 1), "WR_HYPERBUS_EN": (12, 1),
        "WR_WAIT_CYCLES": (16, 5),
    }),
}  # fmt: skip
MAPS = {FlexSpi: FLEXSPI, Ospi: OSPI}
NAMES = ["Imxrt.FlexSpi", "Alif.Ospi"]

# What reads back after all ones were written to each register (masters disabled, as at reset).
READ_BACK_FLEXSPI = {
    0x04: 0xFFFF_FFFF, 0x10: 0xFFFF_FFFF, 0x18: 0x5AF0_5AF0, 0x20: 0xFFFF_FFFF, 0x2C: 0xFFFF_FFFF,
    0x60: 0xFFFF_FFFF, 0x7C: 0xFFFF_FFFF, 0x80: 0x7FFF_FFFF, 0x8C: 0x7FFF_FFFF, 0xA0: 0xFFFF_FFFF,
    0xA4: 0xFFFF_FFFF, 0xE4: 0, 0xE8: 0x0100_0100, 0xEC: 0, 0xF0: 0, 0xF4: 0,
}  # fmt: skip
READ_BACK_OSPI = {
    0x14: 0xFFFE, 0x20: 0, 0x24: 0, 0x28: 0x06, 0x38: 0, 0x3C: 0, 0x40: 0, 0x44: 0, 0x48: 0,
    0x58: 0xC7C5_C7C5, 0x5C: 0x3130_332A, 0xF0: 0xFFFF_FFFF, 0xF8: 0xFFFF_FFFF,
    0xFC: 0xFFFF_FFFF, 0x100: 0xFFFF_FFFF, 0x104: 0xFFFF_FFFF, 0x10C: 0xFFFF_FFFF, 0x110: 0,
    0x114: 0xFFFF_FFFF, 0x140: 0xFFFF_FFFF, 0x144: 0xFFFF_FFFF,
}  # fmt: skip


@pytest.mark.parametrize("model", MAPS, ids=NAMES)
def test_the_map_is_the_manuals(model: type[Peripheral]) -> None:
    declared: dict[str, Row] = {}
    for name, value in ((n, v) for base in model.__mro__ for n, v in vars(base).items()):
        if hasattr(value, "resets"):
            declared[name] = Row(value.offset, value.count, value.resets, {})
        elif hasattr(value, "reset") and hasattr(value, "ro"):
            declared[name] = Row(value.offset, 1, value.reset, {})
    for name, value in ((n, v) for base in model.__mro__ for n, v in vars(base).items()):
        if hasattr(value, "lsb"):
            declared[value.register.name].fields[name] = (value.lsb, value.width)
    expected = {
        name: row if row.count == 1 or isinstance(row.reset, tuple)
        else row._replace(reset=(row.reset,) * row.count)
        for name, row in MAPS[model].items()
    }  # fmt: skip
    assert declared.keys() == expected.keys()
    for name in expected:
        assert declared[name] == expected[name]


def model_of(kind: type[Peripheral]) -> Peripheral:
    bench = Bench()
    model = kind(bench.system, name="flash")
    bench.window(model, "window", 0x6000_0000, 0x1000_0000)
    if kind is FlexSpi:
        bench.window(model, "rx_fifo", 0x7F80_0000, 0x100)
        bench.window(model, "tx_fifo", 0x7FC0_0000, 0x100)
    model.connected()
    model.reset(ResetCause.POWER_ON)
    return model


@pytest.mark.parametrize("kind", MAPS, ids=NAMES)
def test_every_register_reads_its_reset_value(kind: type[Peripheral]) -> None:
    model = model_of(kind)
    for name, row in MAPS[kind].items():
        values = row.reset if isinstance(row.reset, tuple) else (row.reset,) * row.count
        for index, value in enumerate(values):
            assert model.read(row.offset + 4 * index) == value, (name, index)
            assert model.peek(row.offset + 4 * index) == value, (name, index)


@pytest.mark.parametrize(
    ("kind", "expected"), [(FlexSpi, READ_BACK_FLEXSPI), (Ospi, READ_BACK_OSPI)]
)
def test_what_can_be_written(kind: type[Peripheral], expected: dict[int, int]) -> None:
    for offset, value in expected.items():
        model = model_of(kind)
        model.write(offset, 0xFFFF_FFFF)
        assert model.read(offset) == value, hex(offset)


def test_aes() -> None:
    bench = Bench()
    ospi = Ospi(bench.system, name="ospi")
    aes = Aes(bench.system, name="aes", ospi=ospi)
    for offset in (0x08, 0x0C, 0x10, 0x14, 0x18, 0x20):
        aes.write(offset, 0x1234_5678)
        assert aes.read(offset) == 0x1234_5678, hex(offset)


# What a driver touches for each command, as in a loop that polls a chip: an access to it ends no
# wait. imxrt.md 3.9 (blocking transfer), alif.md 3.4 (every command is set up anew). Data sheets
# know nothing of it.
NEUTRAL = {
    FlexSpi: {
        "INTR", "FLSHCR2", "IPCR0", "IPCR1", "IPCMD", "IPRXFCR", "IPTXFCR", "STS0", "IPRXFSTS",
        "IPTXFSTS", "RFDR", "TFDR",
    },
    Ospi: {
        "CTRLR0", "CTRLR1", "SSIENR", "SER", "BAUDR", "TXFTLR", "RXFTLR", "TXFLR", "RXFLR", "SR",
        "IMR", "ISR", "RISR", "TXEICR", "RXOICR", "RXUICR", "MSTICR", "ICR", "DR", "SPI_CTRLR0",
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", NEUTRAL, ids=NAMES)
def test_what_a_command_touches_ends_no_wait(kind: type[Peripheral]) -> None:
    rows = MAPS[kind]
    offsets = {
        rows[name].offset + 4 * index for name in NEUTRAL[kind] for index in range(rows[name].count)
    }
    assert offsets == kind.NEUTRAL
