"""FlexSPI's AHB receive buffers: what the window shows may be older than the chip.

Source: i.MX RT1060 reference manual, FlexSPI, "AHB RX buffer"; the vendor's register header.
"""

from __future__ import annotations

from .flexspi_ahb import AhbPort
from .flexspi_registers import ENTRY, FlexSpiRegisters

CORE = 0
"""The core's master id."""
_BURST = 32
"""Bytes that are fetched without prefetch. Assumption: a line of the core's cache."""
_PREFETCH = 1 << 31
"""AHBRXBUFnCR0.PREFETCHEN."""


class Buffers:
    """Four buffers, each for one master; the last one for all that have none.

    Only the core reads through them. Assumption: the whole of a buffer is filled when it is missed;
    the core waits for what it has asked for only, and reading ahead keeps nobody from the bus.
    """

    def __init__(self, spi: FlexSpiRegisters, port: AhbPort) -> None:
        self._spi, self._port = spi, port

    def clear(self) -> None:
        """Everything that was read ahead is dropped."""
        if any(self._spi.ahb_buffers):
            self._spi.system.clock.acts()
            self._spi.ahb_buffers = [None, None, None, None]

    def written(self, offset: int, size: int) -> None:
        """A store has gone past the buffers: they do not keep what it covers."""
        held = self._spi.ahb_buffers
        for index, entry in enumerate(held):
            if entry and entry[0] < offset + size and offset < entry[0] + len(entry[1]):
                held[index] = None

    def find(self, offset: int, size: int) -> bytes | None:
        """What a buffer holds of `size` bytes at `offset`: all, or None."""
        index = self._index
        held = None if index is None else self._spi.ahb_buffers[index]
        if held is None or offset < held[0] or held[0] + len(held[1]) < offset + size:
            return None
        data = held[1][offset - held[0] :][:size]
        self._compare(offset, data, index)
        return data

    def fill(self, offset: int, size: int) -> tuple[bytes, int]:
        """As `AhbPort.read`, and what is behind the bytes is read ahead."""
        index = self._index
        if index is None:
            return self._port.read(offset, size)
        start = offset & -ENTRY
        end = offset + size - start
        length = max(self._length(index, start), end)
        data, duration = self._port.read(start, length)
        self._spi.ahb_buffers[index] = (start, data)
        wait = duration - self._port.data_time(offset, length - end)
        return data[offset - start : end], wait

    @property
    def _index(self) -> int | None:
        """The core's buffer; None where it has no size."""
        controls = self._spi.AHBRXBUFCR0
        own = (i for i in range(3) if controls[i] & 0xFF and controls[i] >> 16 & 0xF == CORE)
        index = next(own, 3)
        return index if controls[index] & 0xFF else None

    def _length(self, index: int, start: int) -> int:
        """Bytes that a miss at `start` brings: not beyond the chip's end."""
        control = self._spi.AHBRXBUFCR0[index]
        size = (control & 0xFF) * ENTRY
        if not (control & _PREFETCH and self._spi.PREFETCHEN):
            size = min(size, _BURST)
        return min(size, self._port.room(start))

    def _compare(self, offset: int, data: bytes, index: int | None) -> None:
        """Say, once for each state of the buffer, that the chip holds something else by now."""
        spi = self._spi
        if int.from_bytes(data, "little") == self._port.xip.peek(offset, len(data)):
            return
        change = self._port.last_change(offset)
        if (index, change) in spi.stale_reported:
            return
        spi.stale_reported.add((index, change))
        cause = f", before {change}" if change else ", and the chip was busy then"
        spi.diagnose(
            "ahb-stale",
            f"the window at {offset:#x} was read from AHB buffer {index}, which holds what was "
            f"read ahead{cause}: MCR0.SWRESET or AHBCR.CLRAHBRXBUF drops it",
            address=offset,
        )
