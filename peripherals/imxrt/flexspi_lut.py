"""FlexSPI's look-up table in its registers: the lock, and sequences as they are needed."""

from __future__ import annotations

from collections.abc import Hashable

from xipsim.peripherals.namedtuple import NamedTuple

from .flexspi_registers import LUT_KEY, FlexSpiRegisters
from .flexspi_stage import Stage
from .lut import SEQUENCES, WORDS, Sequence, decode


class Program(NamedTuple):
    """The sequences that one command runs, one after the other."""

    indices: tuple[int, ...]
    sequences: tuple[Sequence, ...]
    reads: bool
    """One of them has a READ."""
    moves_data: bool
    """One of them has a READ or a WRITE."""
    is_plain: bool
    """There is nothing to report about any of them, whatever the size of the data."""
    is_sound: bool
    """None of them is an error of an IP command, whatever the address."""


class LookUpTable:
    """The 64 LUT registers; a sequence is decoded when it is used first."""

    def __init__(self, spi: FlexSpiRegisters) -> None:
        self._spi = spi
        self._decoded: dict[tuple[int, int], Sequence] = {}
        """By index and start instruction."""
        self._programs: dict[tuple[int, int], Program] = {}
        """By first index, and how many follow it."""
        self.stages: dict[Hashable, Stage] = {}
        """What IP commands know of sequences, by index and what else they asked for."""
        self.version = 0
        """Another one with each change, of no other meaning."""

    def key(self, value: int) -> None:
        """LUTKEY was written."""
        self._spi.key_given = value == LUT_KEY

    def lock(self, value: int) -> None:
        """LUTCR was written: 1 locks, 2 unlocks, right behind the key only."""
        if self._spi.key_given and value in (1, 2):
            self._spi.LUTCR = value
        self._spi.key_given = False

    def write(self, index: int, value: int) -> bool:
        """Word `index` was written; whether that changed a sequence."""
        spi = self._spi
        if spi.LOCK:
            spi.diagnose("lut-locked", f"LUT[{index}] was written while the LUT is locked")
        elif value != spi.LUT[index]:
            spi.LUT[index] = value
            for start in range(2 * WORDS):
                self._decoded.pop((index // WORDS, start), None)
            self._changed()
            return True
        return False

    def sequence(self, index: int, start: int = 0) -> Sequence:
        """Sequence `index`, run from instruction `start` on."""
        known = self._decoded.get((index, start))
        if known is None:
            words = [self._spi.LUT[index * WORDS + i] for i in range(WORDS)]
            known = self._decoded[index, start] = decode(words, start)
        return known

    def program(self, first: int, more: int) -> Program:
        """The sequences that an IP command runs: `first` and so many `more`."""
        known = self._programs.get((first, more))
        if known is None:
            # Assumption: sequences are numbered modulo 16.
            indices = [(first + i) % SEQUENCES for i in range(more + 1)]
            sequences = tuple(map(self.sequence, indices))
            reads = any(s.reads is not None for s in sequences)
            moves_data = reads or any(s.writes is not None for s in sequences)
            is_plain = moves_data and not any(s.empty or s.behind for s in sequences)
            is_sound = all(s.error is None and s.jump is None for s in sequences)
            known = Program(tuple(indices), sequences, reads, moves_data, is_plain, is_sound)
            self._programs[first, more] = known
        return known

    def report(self, index: int, address: int) -> None:
        """Say what is odd about sequence `index`, which is about to run for `address`."""
        sequence = self.sequence(index)
        if sequence.empty:
            text = f"LUT sequence {index} is empty: no chip is selected"
            self._spi.diagnose("lut-empty", text, address=address)
        elif sequence.behind:
            self._spi.diagnose(
                "lut-behind-data",
                f"LUT sequence {index} has {', '.join(sequence.behind)} behind its data, without "
                "STOP: words of another sequence",
                address=address,
            )

    def report_no_data(self, index: int, size: int, address: int) -> None:
        """Say that sequence `index` moves none of the `size` bytes that are asked for."""
        text = f"{size} bytes are asked for, and LUT sequence {index} has neither READ nor WRITE"
        self._spi.diagnose("lut-no-data", text, address=address)

    def forget(self) -> None:
        """The registers were set from outside: a reset, a snapshot."""
        self._decoded.clear()
        self._changed()

    def _changed(self) -> None:
        self._programs.clear()
        self.stages.clear()
        self.version += 1
