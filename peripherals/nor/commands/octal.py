"""The array at double data rate: pairs of bytes are the unit of an access."""

from __future__ import annotations

from ..command import Cycle
from ..state import ChipState
from .array import ArrayCommands


class PairedArray:
    """Reads and programs; where a command uses one clock edge only, those of `array`."""

    def __init__(self, chip: ChipState, array: ArrayCommands) -> None:
        self._chip, self._array = chip, array

    def read(self, c: Cycle) -> bytes:
        """Read the array."""
        wanted = c.read
        if c.command.ddr:
            self._make_even(c)
            c.read += c.read & 1
        answer = self._array.read(c)
        if c.command.swaps:
            answer = exchanged(answer)
        return answer[:wanted]

    def program(self, c: Cycle) -> bytes | None:
        """Program within a page."""
        if c.command.ddr and c.data:
            self._make_even(c)
            if len(c.data) & 1:
                # Assumption: the byte that is missing leaves its cells alone.
                self.report_odd(c, f"{len(c.data)} bytes of data, where they come in pairs")
                c.data += b"\xff"
            if c.command.swaps:
                c.data = exchanged(c.data)
        return self._array.program(c)

    def _make_even(self, c: Cycle) -> None:
        if c.address & 1:
            # Assumption: address bit 0 counts as 0. The sheets promise nothing.
            self.report_odd(c, f"address {c.address:#x} is odd")
            c.address &= ~1

    def report_odd(self, c: Cycle, why: str) -> None:
        """Say what does not come in pairs."""
        self._chip.diagnose(
            "odd-in-ddr", f"{c.command.name}: {why}", opcode=c.command.opcode, address=c.place
        )


def exchanged(data: bytes) -> bytes:
    """An even number of bytes, those of each pair exchanged."""
    out = bytearray(len(data))
    out[0::2], out[1::2] = data[1::2], data[0::2]
    return bytes(out)
