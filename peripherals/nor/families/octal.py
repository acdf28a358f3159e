"""Octal flash: eight lines, both clock edges, and pairs of bytes as the unit of an array access."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..bus import Transaction
from ..command import Command, Cycle
from ..wire import Wire
from .nor import NorFamily, repeated

if TYPE_CHECKING:
    from ..chip import Chip


class OctalFamily(NorFamily):
    """What the makers of octal flash share. A family adds tables, registers and protection."""

    UNMODELLED: dict[int, str] = {}
    """Commands that the chips have and the model has not, by the first byte of their opcode."""
    swaps_pairs = False
    """In octal DDR the odd byte of each pair travels first."""

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self._options = chip.row.options

    # -- modes -------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def is_octal(self) -> bool:
        """Whether opcodes come on eight lines."""

    @property
    @abstractmethod
    def is_ddr(self) -> bool:
        """Whether the mode uses both clock edges."""

    @property
    @abstractmethod
    def strobes(self) -> bool:
        """Whether the chip drives the data strobe with its data."""

    @property
    def quad_enabled(self) -> bool:
        return True

    def enters_continuous(self, mode: int) -> bool:
        return False

    def set_continuous(self, opcode: int) -> None:
        """There is no continuous read."""

    def mode_changed(self) -> None:
        """Take the tables of the new mode, and tell the controller."""
        self.refresh()
        self.chip.notify()

    # -- decoding ----------------------------------------------------------------------------------

    def transfer(self, t: Transaction) -> bytes:
        answer = super().transfer(t)
        if t.strobe and t.read and not self.strobes:
            # Assumption: a controller that waits for a strobe in vain samples idle lines.
            self.chip.diagnose(
                "no-strobe", "the controller samples with a data strobe, and the chip drives none",
                opcode=t.opcode, address=t.address,
            )  # fmt: skip
            return b"\xff" * t.read
        return answer

    def reads_array(self, t: Transaction) -> bool:
        if t.strobe and not self.strobes:
            return False
        if self.is_ddr and t.address is not None and t.address & 1:
            return False
        return super().reads_array(t)

    def swaps(self, command: Command) -> bool:
        return self.swaps_pairs and self.is_octal and command.ddr

    def _report_unknown(self, t: Transaction, opcode: int | None) -> None:
        first = None if opcode is None else opcode >> 8 or opcode
        if first in self.UNMODELLED and not self.chip.powered_down:
            self.chip.gap(f"command {first:02X}h, {self.UNMODELLED[first]}")
        else:
            super()._report_unknown(t, opcode)

    def opcode_on(self, wire: Wire) -> int:
        ddr = self.is_octal and self.is_ddr
        value = wire.value(0, self.opcode_clocks, self.lanes, ddr=ddr)
        return self.opcode_of(value)

    def opcode_of(self, bits: int) -> int:
        """The table's key for what came in the clocks of the opcode."""
        return bits

    # -- tables ------------------------------------------------------------------------------------

    def controls(self) -> Iterator[Command]:
        """Commands of an opcode alone, as in SPI mode."""
        for opcode, name, run in (
            (0x06, "write enable", self._write_enable),
            (0x04, "write disable", self._write_disable),
            (0xB9, "power-down", self._power_down),
        ):
            yield Command(opcode=opcode, name=name, run=run)
        for opcode, name, run_always in (
            (0x66, "reset enable", self._reset_enable),
            (0x99, "reset", self._reset),
        ):
            yield Command(opcode=opcode, name=name, run=run_always, while_busy=True)
        yield Command(
            opcode=0xAB, name="release power-down", run=self._release, wait=24, sends=True
        )

    def erases(self, bits: int) -> Iterator[Command]:
        """Erases of all sizes, as in SPI mode; `bits` of address for the legacy opcodes."""
        for unit in self.chip.row.erase:
            sizes = [(opcode, bits) for opcode in unit.opcodes]
            sizes += [(opcode, 32) for opcode in unit.opcodes4]
            for opcode, size in sizes:
                yield Command(
                    opcode=opcode, name=unit.name, address_bits=size, value=unit.size,
                    run=self.erase_handler(unit.time),
                )  # fmt: skip
        for opcode in (0xC7, 0x60):
            yield Command(
                opcode=opcode, name="chip erase", value=self.chip.size,
                run=self.erase_handler("chip_erase"),
            )  # fmt: skip

    # -- pairs of bytes ----------------------------------------------------------------------------

    def _read(self, c: Cycle) -> bytes:
        wanted = c.read
        if c.command.ddr:
            self._even(c)
            c.read += c.read & 1
        answer = super()._read(c)
        if self.swaps(c.command):
            answer = exchanged(answer)
        return answer[:wanted]

    def _program(self, c: Cycle) -> bytes | None:
        if c.command.ddr and c.data:
            self._even(c)
            if len(c.data) & 1:
                # Assumption: the byte that is missing leaves its cells alone.
                self._odd(c, f"{len(c.data)} bytes of data, where they come in pairs")
                c.data += b"\xff"
            if self.swaps(c.command):
                c.data = exchanged(c.data)
        return super()._program(c)

    def _even(self, c: Cycle) -> None:
        if c.address & 1:
            # Assumption: address bit 0 counts as 0. The sheets promise nothing.
            self._odd(c, f"address {c.address:#x} is odd")
            c.address &= ~1

    def _odd(self, c: Cycle, why: str) -> None:
        self.chip.diagnose(
            "odd-in-ddr", f"{c.command.name}: {why}", opcode=c.command.opcode, address=c.place
        )

    def registers(self, value: bytes, c: Cycle) -> bytes:
        """Register contents as they come out, again and again, while the controller clocks."""
        return repeated(value, c.read)


def exchanged(data: bytes) -> bytes:
    """An even number of bytes, those of each pair exchanged."""
    out = bytearray(len(data))
    out[0::2], out[1::2] = data[1::2], data[0::2]
    return bytes(out)
