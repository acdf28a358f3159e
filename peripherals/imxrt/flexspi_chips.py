"""FlexSPI's four chip selects: where their chips lie in its address space, and cycles on them."""

from __future__ import annotations

from collections.abc import Callable

from xipsim.peripherals.core import Allowed
from xipsim.peripherals.nor.bus import SpiDevice, Transaction

from .flexspi_registers import FlexSpiRegisters
from .lut import Sequence

_FLSHCR1 = FlexSpiRegisters.FLSHCR1.offset
_WORDS = 0x7C00
"""WA and CAS of FLSHxxCR1: addresses are sent as those of words, or of rows and columns."""
_CYCLES = 32


class ChipSelects:
    """A1, A2, B1 and B2, one behind the other in the FlexSPI address space."""

    def __init__(self, spi: FlexSpiRegisters) -> None:
        self._spi = spi
        self.ends: tuple[int, ...] = (0, 0, 0, 0)
        """Where each chip select's addresses end: a cache of FLSHxxCR0."""
        self._cycles: dict[tuple[int, ...], tuple[Sequence, Transaction]] = {}
        """Cycles without address and data, and their sequences, by what else they are made of: a
        driver sends the same few again and again, and the chip knows them by their identity."""

        self.told: tuple[Allowed, int] | None = None
        """Of the last command that has begun something in its chip: addresses of the FlexSPI space
        with which it would do the same, from that of the chip on, and how many bytes it sent."""

    def measure(self) -> None:
        """FLSHxxCR0 or MCR2 have changed."""
        ends, end = [], 0
        for select in range(4):
            end += (self._spi.FLSHCR0[self.settings(select)] & 0x7F_FFFF) << 10
            ends.append(end)
        self.ends = tuple(ends)

    def settings(self, select: int) -> int:
        """Which of the FLSHxxCRn apply to chip select `select`."""
        return 0 if select and self._spi.SAMEDEVICEEN else select

    def start(self, select: int) -> int:
        """Where the addresses of chip select `select` begin."""
        return self.ends[select - 1] if select else 0

    def visible(self, select: int, chip: SpiDevice) -> int:
        """Bytes from the chip's start that the window shows; 0 or less for none."""
        start = self.start(select)
        return min(self.ends[select] - start, self._spi.window.size - start, chip.size)

    def route(self, address: int) -> int | None:
        """The chip select that has byte `address` of the FlexSPI space."""
        for select, end in enumerate(self.ends):
            if address < end:
                return select
        return None

    def tell(self, select: int, sequence: Sequence, address: int, data: bytes) -> None:
        """A command that reads nothing is over: what it begins in its chip may begin later."""
        self.told = None
        chip, is_plain = self._spi.chips.get(select), not self._control(select) & _WORDS
        if chip is not None and sequence.template.address_bits and is_plain and not sequence.gaps:
            cycle = self._cycle(select, sequence, address, data, 0)
            begun = chip.begins(cycle) if cycle.write == data else None
            if begun is not None:
                start = self.start(select)
                last = start + min(chip.size, 1 << sequence.row_bits) - max(1, len(data))
                self.told = (start, last, begun.page - 1), len(data)
                self._spi.system.clock.acts(begun.again, begun.end)
                chip.transfer(cycle)
                return
        self.transfer(select, sequence, address, data, 0)

    def transfer(
        self, select: int, sequence: Sequence, address: int, data: bytes, read: int
    ) -> bytes:
        """One cycle of chip select; FFh where no chip drives the bus."""
        spi = self._spi
        for gap in sequence.gaps:
            spi.gap(gap)
        if sequence.empty:
            return b""
        chip = spi.chips.get(select)
        if chip is None:
            return b"\xff" * read
        clock = spi.system.clock
        if data or sequence.template.address_bits:
            clock.acts()
            return chip.transfer(self._cycle(select, sequence, address, data, read))
        clock.acts(self.later(select, sequence, read))
        return chip.transfer(self._plain_cycle(select, sequence, read))

    def later(
        self, select: int, sequence: Sequence, read: int
    ) -> Callable[[], bytes] | None:
        """What a cycle without address and data does now, or later as well; None where it does more
        than its chip can be told later: also of a busy chip, which is asked when it will be ready,
        and where there is none."""
        chip = self._spi.chips.get(select)
        return None if chip is None or chip.busy else self.again(select, sequence, read)

    def again(
        self, select: int, sequence: Sequence, read: int
    ) -> Callable[[], bytes] | None:
        """Of a cycle without address and data: see `SpiDevice.again`."""
        chip = self._spi.chips.get(select)
        return None if chip is None else chip.again(self._plain_cycle(select, sequence, read))

    def _plain_cycle(self, select: int, sequence: Sequence, read: int) -> Transaction:
        """Without address and data."""
        control = self._control(select)
        known = self._cycles.get(asked := (id(sequence), select, read, control))
        if known is None:
            if len(self._cycles) >= _CYCLES:
                self._cycles.clear()
            cycle = self._cycle(select, sequence, self.start(select), b"", read)
            known = self._cycles[asked] = sequence, cycle
        return known[1]

    def _control(self, select: int) -> int:
        return self._spi.regs[_FLSHCR1 + 4 * self.settings(select)]

    def _cycle(
        self, select: int, sequence: Sequence, address: int, data: bytes, read: int
    ) -> Transaction:
        control = self._control(select)
        return sequence.transaction(
            address - self.start(select),
            word=bool(control >> 10 & 1),
            column=control >> 11 & 0xF,
            data=data,
            read=read,
        )
