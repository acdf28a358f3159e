"""Frames on their way from the chip into OSPI's receive FIFO."""

from __future__ import annotations

from xipsim.peripherals.core import ticks_in, time_of

from .ospi_fifos import DEPTH, Fifos
from .ospi_registers import OspiRegisters
from .ospi_shapes import Plan, Shapes

_BAUDR, _RXFTLR = OspiRegisters.BAUDR.offset, OspiRegisters.RXFTLR.offset
_RFT = OspiRegisters.RFT.mask


class Incoming:
    """A receive under way: what the chip answers is known, each frame comes with its last clock."""

    def __init__(self, ospi: OspiRegisters, shapes: Shapes, fifos: Fifos) -> None:
        self._ospi, self._shapes, self._fifos = ospi, shapes, fifos

    def begin(self, data: bytes, frames: int, *, since: int, lead: int) -> None:
        """`frames` frames of `data` come, `lead` clocks after `since`, in ns."""
        ospi = self._ospi
        ospi.incoming, ospi.expected, ospi.arrived, ospi.lost = data, frames, 0, 0
        ospi.since, ospi.lead = since, 2 * lead

    def fetch(self, now: int) -> bool:
        """Put into the FIFO what has come until `now`; the last frame ends the receive.

        Whether anything has come.
        """
        ospi, plan = self._ospi, self._shapes.plan
        arrived = self._came(now, plan)
        if arrived == ospi.arrived:
            return False
        self._fifos.receive(ospi.incoming, plan.shape.frame_bits, ospi.arrived, arrived)
        ospi.arrived = arrived
        if arrived == ospi.expected:
            self.end()
        return True

    def _came(self, now: int, plan: Plan) -> int:
        """How many frames have come until `now`."""
        ospi = self._ospi
        if plan.receives and ospi.expected == 1:
            return int(now >= ospi.since + plan.first)
        edges = ticks_in(now - ospi.since, 2 * ospi.frequency, ospi.regs[_BAUDR])
        return min(ospi.expected, max(0, edges - ospi.lead) // plan.shape.frame_edges)

    def end(self) -> None:
        """No more frames come."""
        ospi = self._ospi
        if ospi.lost:
            ospi.diagnose("rx-fifo-overflow", f"{ospi.lost} frames found the receive FIFO full")
        ospi.incoming, ospi.expected, ospi.arrived, ospi.lost = b"", 0, 0, 0

    def comes(self, frames: int) -> int:
        """When the receive has brought so many frames, in ns."""
        ospi = self._ospi
        edges = ospi.lead + frames * self._shapes.command.frame_edges
        return ospi.since + time_of(edges, 2 * ospi.frequency, ospi.regs[_BAUDR])

    @property
    def next_frame(self) -> int:
        """When the next frame will have come, in ns."""
        ospi, plan = self._ospi, self._shapes.plan
        if plan.receives and not ospi.arrived:
            return ospi.since + plan.first
        return self.comes(ospi.arrived + 1)

    @property
    def next_change(self) -> int:
        """When the level exceeds its threshold, the FIFO overflows, or the receive ends."""
        ospi = self._ospi
        level, more = len(ospi.rx), ospi.expected - ospi.arrived
        for step in (ospi.regs[_RXFTLR] & _RFT, DEPTH):
            if level <= step < level + more:
                more = step + 1 - level
        return self.comes(ospi.arrived + more)
