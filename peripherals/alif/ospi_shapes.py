"""What OSPI's control registers ask for: the shapes of commands, window reads and window stores."""

from __future__ import annotations

from operator import itemgetter

from .ospi_format import Format
from .ospi_registers import OspiRegisters

_CTRLR0, _SPI_CTRLR0 = OspiRegisters.CTRLR0.offset, OspiRegisters.SPI_CTRLR0.offset
_of_commands = itemgetter(_CTRLR0, _SPI_CTRLR0)
_XIP_CTRL = OspiRegisters.XIP_CTRL.offset
_INSTRUCTION_BITS = (0, 4, 8, 16)
_MODE_BITS = (2, 4, 8, 16)


class Shapes:
    """Reads the registers as formats."""

    def __init__(self, ospi: OspiRegisters) -> None:
        self._ospi = ospi
        self._commands: dict[tuple[int, ...], Format] = {}
        """By CTRLR0 and SPI_CTRLR0."""
        self._window_reads: dict[tuple[int, int], Format] = {}
        """By CTRLR0 and XIP_CTRL."""

    @property
    def command(self) -> Format:
        """Of transfers through the FIFOs."""
        regs = self._ospi.regs
        known = self._commands.get(key := _of_commands(regs))
        if known is None:
            known = self._commands[key] = self._command()
        return known

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
