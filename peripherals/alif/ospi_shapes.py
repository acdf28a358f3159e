"""What OSPI's control registers ask for: the shapes of commands, window reads and window stores."""

from __future__ import annotations

from operator import itemgetter

from xipsim.peripherals.core import time_of
from xipsim.peripherals.namedtuple import NamedTuple

from .ospi_format import Format, size
from .ospi_registers import OspiRegisters

BOTH, TRANSMIT, RECEIVE, EEPROM_READ = range(4)
"""CTRLR0.TMOD."""
_CTRLR0, _SPI_CTRLR0 = OspiRegisters.CTRLR0.offset, OspiRegisters.SPI_CTRLR0.offset
_of_formats = itemgetter(_CTRLR0, _SPI_CTRLR0)
_of_commands = itemgetter(
    _CTRLR0,
    _SPI_CTRLR0,
    OspiRegisters.CTRLR1.offset,
    OspiRegisters.BAUDR.offset,
    OspiRegisters.RXFTLR.offset,
)
_XIP_CTRL = OspiRegisters.XIP_CTRL.offset
_INSTRUCTION_BITS = (0, 4, 8, 16)
_MODE_BITS = (2, 4, 8, 16)
_PLANS = 64
"""That are kept: firmware that receives ever other lengths needs no more of them."""


class Plan(NamedTuple):
    """What the registers alone tell of a transfer through the FIFOs."""

    shape: Format
    receives: bool
    """It only does."""
    frames: int
    """That come: of a receive."""
    read: int
    """Bytes that hold them."""
    lead: int
    """Clock cycles of a receive before its first frame."""
    first: int
    """ns from the begin of a receive to the end of its first frame."""
    change: int
    """ns from the begin of a receive to the moment at which the receive FIFO, if it was empty,
    exceeds its threshold, or all has come."""
    lasts: tuple[int, ...]
    """ns that each entry takes that is sent, the first one of data included; all of data take as
    long. 0 without a serial clock."""


class Shapes:
    """Reads the registers as formats."""

    def __init__(self, ospi: OspiRegisters) -> None:
        self._ospi = ospi
        self._commands: dict[tuple[int, ...], Format] = {}
        """By CTRLR0 and SPI_CTRLR0."""
        self._plans: dict[tuple[int, ...], Plan] = {}
        """By all that they follow from."""
        self._window_reads: dict[tuple[int, int], Format] = {}
        """By CTRLR0 and XIP_CTRL."""

    @property
    def command(self) -> Format:
        """Of transfers through the FIFOs."""
        regs = self._ospi.regs
        known = self._commands.get(key := _of_formats(regs))
        if known is None:
            known = self._commands[key] = self._command()
        return known

    @property
    def plan(self) -> Plan:
        """Of the transfer that begins now, or is under way."""
        known = self._plans.get(key := _of_commands(self._ospi.regs))
        if known is None:
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            known = self._plans[key] = self._plan()
        return known

    def _plan(self) -> Plan:
        ospi, shape = self._ospi, self.command
        receives, frames, divider = ospi.TMOD == RECEIVE, ospi.NDF + 1, ospi.BAUDR
        lead = shape.read_lead if shape.frf else 0

        def after(came: int) -> int:
            edges = 2 * lead + came * shape.frame_edges
            return time_of(edges, 2 * ospi.frequency, divider)

        return Plan(
            shape=shape,
            receives=receives,
            frames=frames,
            read=size(frames, shape.frame_bits),
            lead=lead,
            first=after(1),
            change=after(min(frames, ospi.RFT + 1)),
            lasts=tuple(
                time_of(shape.clocks(entry), ospi.frequency, divider)
                for entry in range(shape.head + 1)
            ),
        )

    def _command(self) -> Format:
        ospi = self._ospi
        self._report_gaps()
        is_enhanced = ospi.SPI_FRF > 0
        return Format(
            frf=ospi.SPI_FRF,
            trans_type=ospi.TRANS_TYPE,
            instruction_bits=_INSTRUCTION_BITS[ospi.INST_L] if is_enhanced else 0,
            instruction_ddr=bool(is_enhanced and ospi.INST_DDR_EN),
            address_bits=4 * ospi.ADDR_L if is_enhanced else 0,
            ddr=bool(is_enhanced and ospi.SPI_DDR_EN),
            wait=ospi.WAIT_CYCLES if is_enhanced else 0,
            strobe=bool(is_enhanced and ospi.SPI_RXDS_EN),
            frame_bits=max(4, ospi.DFS + 1),
        )

    def _report_gaps(self) -> None:
        """Say what the registers ask for and the model does not do."""
        ospi = self._ospi
        for asked, what in (
            (ospi.SPI_HYPERBUS_EN, "CTRLR0.SPI_HYPERBUS_EN: HyperBus transfers"),
            (ospi.FRF, "CTRLR0.FRF: other frame formats than Motorola SPI"),
            (ospi.SRL, "CTRLR0.SRL: loop-back"),
            (not ospi.SSI_IS_MST, "CTRLR0.SSI_IS_MST 0: slave mode"),
            (
                ospi.SSTE and not ospi.SCPH and not ospi.SPI_FRF,
                "CTRLR0.SSTE: chip select that toggles between frames",
            ),
            (ospi.SPI_FRF and ospi.SPI_DM_EN, "SPI_CTRLR0.SPI_DM_EN: data mask"),
            (ospi.SPI_FRF and ospi.CLK_STRETCH_EN, "SPI_CTRLR0.CLK_STRETCH_EN: clock stretching"),
            (ospi.SPI_FRF and ospi.ADDR_L > 8, "SPI_CTRLR0.ADDR_L: addresses beyond 32 bits"),
        ):
            if asked:
                ospi.gap(what)

    @property
    def window_read(self) -> Format:
        """Of reads in the window."""
        regs = self._ospi.regs
        key = regs[_CTRLR0], regs[_XIP_CTRL]
        known = self._window_reads.get(key)
        if known is None:
            known = self._window_reads[key] = self._window_read()
        return known

    def _window_read(self) -> Format:
        ospi = self._ospi
        return Format(
            frf=ospi.XIP_FRF,
            trans_type=ospi.XIP_TRANS_TYPE,
            instruction_bits=_INSTRUCTION_BITS[ospi.XIP_INST_L] if ospi.XIP_INST_EN else 0,
            instruction_ddr=bool(ospi.XIP_INST_DDR_EN),
            address_bits=4 * ospi.XIP_ADDR_L,
            ddr=bool(ospi.XIP_DDR_EN),
            wait=ospi.XIP_WAIT_CYCLES,
            strobe=bool(ospi.XIP_RXDS_EN),
            # Assumption: frames that follow the size of the access arrive in order, as bytes.
            frame_bits=ospi.DFS + 1 if ospi.XIP_DFS_HC else 8,
        )

    @property
    def window_mode(self) -> tuple[int | None, int]:
        """Mode bits of reads in the window, and how many; (None, 0) without."""
        ospi = self._ospi
        if not ospi.XIP_MD_BITS_EN:
            return None, 0
        return ospi.XIP_MODE_BITS, _MODE_BITS[ospi.XIP_MBL]

    @property
    def window_store(self) -> Format:
        """Of stores in the window."""
        ospi = self._ospi
        return Format(
            frf=ospi.WR_FRF,
            trans_type=ospi.WR_TRANS_TYPE,
            instruction_bits=_INSTRUCTION_BITS[ospi.WR_INST_L],
            instruction_ddr=bool(ospi.WR_INST_DDR_EN),
            address_bits=4 * ospi.WR_ADDR_L,
            ddr=bool(ospi.WR_SPI_DDR_EN),
            wait=ospi.WR_WAIT_CYCLES,
            strobe=False,
            frame_bits=ospi.DFS + 1,
        )
