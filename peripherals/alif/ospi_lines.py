"""Cycles of chip select on OSPI's lines."""

from __future__ import annotations

from functools import reduce
from operator import and_

from xipsim.peripherals.nor.bus import SpiDevice, Transaction

from .ospi_format import Format, packed
from .ospi_registers import OspiRegisters

_CYCLES = 32


class Lines:
    """Lets the chips that were selected when the transfer began have its cycle."""

    def __init__(self, ospi: OspiRegisters) -> None:
        self._ospi, self._clock = ospi, ospi.system.clock
        self._cycles: dict[tuple[int, ...], tuple[Format, Transaction]] = {}
        """Cycles that send no data, and their shapes, by what else they are made of: a driver sends
        the same few again and again, and the chip knows them by their identity."""
        self._chips: dict[int, list[SpiDevice]] = {}
        """Of a value of SER."""

    @property
    def chips(self) -> list[SpiDevice]:
        """Those."""
        chosen = self._ospi.chosen
        known = self._chips.get(chosen)
        if known is None:
            chips = self._ospi.chips
            known = [chips[number] for number in (0, 1) if chosen >> number & 1 and number in chips]
            self._chips[chosen] = known
        return known

    def cycle(self, shape: Format, head: list[int], read: int) -> Transaction:
        """One that sends no data, and reads so many bytes; the same again where it is equal."""
        known = self._cycles.get(asked := (id(shape), read, *head))
        if known is None:
            if len(self._cycles) >= _CYCLES:
                self._cycles.clear()
            known = self._cycles[asked] = shape, shape.transaction(head, read=read)
        return known[1]

    def packed(self, shape: Format, frames: list[int]) -> bytes:
        """Frames as they go out."""
        if len(frames) * shape.frame_bits % 8:
            self._ospi.gap("transfers whose frames do not fill whole bytes")
        return packed(frames, shape.frame_bits)

    def both_ways(self, shape: Format, frames: list[int]) -> bytes:
        """Standard SPI: a byte comes in for each that goes out."""
        data = self.packed(shape, frames)
        if not data:
            return b""
        rest = data[1:]
        transaction = Transaction(opcode=data[0], write=rest, read=len(rest), duplex=True)
        return b"\xff" + self.exchange(transaction)

    def exchange(self, transaction: Transaction) -> bytes:
        """One cycle; FFh where no chip drives the bus."""
        chips = self.chips
        if len(chips) == 1:
            chip = chips[0]
            self._clock.acts(None if chip.busy else chip.again(transaction))
            return chip.transfer(transaction)
        self._clock.acts()
        answers = [chip.transfer(transaction) for chip in chips]
        # Assumption: where two chips drive a line, 0 wins.
        idle = b"\xff" * transaction.read
        return bytes(reduce(and_, levels) for levels in zip(idle, *answers, strict=True))
