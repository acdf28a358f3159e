"""A flash chip of a few commands, and a FlexSPI with it, for tests of the controller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench, FakeWindow
from xipsim.peripherals.imxrt.flexspi import FlexSpi
from xipsim.peripherals.nor.bus import ChipWatcher, Transaction

WINDOW = 0x6000_0000
ERASE_TIME = 45_000_000

# imxrt.md 3.10: what mimxrt firmware loads.
MIMXRT_LUT = [0] * 64
MIMXRT_LUT[0:2] = [0x0A1804EB, 0x26043206]
MIMXRT_LUT[4] = 0x24010405
MIMXRT_LUT[12] = 0x00000406
MIMXRT_LUT[20] = 0x08180420
MIMXRT_LUT[40:42] = [0x08180432, 0x00002204]


class FakeChip:
    """Reads with 03h and EBh (4 lanes, 6 dummies), 05h, 06h, 20h, 32h; keeps what it was sent."""

    def __init__(self, bench: Bench, size: int = 0x10000, name: str = "nor") -> None:
        self.name, self.array = name, bytearray(b"\xff" * size)
        self.clock = bench.clock
        self.end: int | None = None
        self.writable = False
        self.seen: list[Transaction] = []
        self.watchers: list[ChipWatcher] = []

    @property
    def size(self) -> int:
        return len(self.array)

    @property
    def busy(self) -> bool:
        return self.busy_until is not None

    @property
    def busy_until(self) -> int | None:
        return self.end if self.end is not None and self.clock.now < self.end else None

    @property
    def repeats(self) -> bool:
        return False

    def repeated(self, times: Sequence[int]) -> None:
        raise AssertionError(times)

    latched = None

    def again(self, transaction: Transaction) -> None:
        return None

    def begins(self, transaction: Transaction) -> None:
        return None

    def last_change(self, address: int) -> str | None:
        return None

    def watch(self, watcher: ChipWatcher) -> None:
        self.watchers.append(watcher)

    def changed(self) -> None:
        for watcher in self.watchers:
            watcher.state_changed(self)

    def reads_array(self, t: Transaction) -> bool:
        plain = (t.opcode, t.dummy, t.data_lanes) in ((0x03, 0, 1), (0xEB, 6, 4))
        return plain and not self.busy

    def transfer(self, t: Transaction) -> bytes:
        self.seen.append(t)
        if t.opcode == 0x05:
            return bytes([self.busy | self.writable << 1]) * t.read
        if self.busy:
            return b"\xff" * t.read
        if self.reads_array(t):
            at = (t.address or 0) % self.size
            return bytes((self.array + self.array)[at : at + t.read])
        if t.opcode == 0x06:
            self.writable = True
        elif t.opcode in (0x20, 0x32) and self.writable:
            self._modify(t)
        return b"\xff" * t.read

    def _modify(self, t: Transaction) -> None:
        at = t.address or 0
        data = b"\xff" * 4096 if t.opcode == 0x20 else t.write
        self.array[at : at + len(data)] = data
        self.writable, self.end = False, self.clock.now + ERASE_TIME
        for watcher in self.watchers:
            watcher.array_changed(self, at, len(data))
        self.changed()


class Rig:
    """A bench with a FlexSPI, its three windows, and chips by chip select."""

    def __init__(
        self, *chips: FakeChip | None, bench: Bench | None = None, spi: FlexSpi | None = None
    ) -> None:
        self.bench = bench or Bench()
        self.spi = spi or FlexSpi(self.bench.system, name="flexspi")
        self.window: FakeWindow = self.bench.window(self.spi, "window", WINDOW, 0x1000_0000)
        self.rx = self.bench.window(self.spi, "rx_fifo", 0x7FC0_0000, 0x40_0000)
        self.tx = self.bench.window(self.spi, "tx_fifo", 0x7F80_0000, 0x40_0000)
        for select, chip in enumerate(chips):
            if chip is not None:
                self.spi.chips[select] = chip
        self.spi.connected()
        self.spi.reset(ResetCause.POWER_ON)

    def set(self, register: Any, value: int, index: int = 0) -> None:
        """Write a register as the core does."""
        self.spi.write(register.offset + 4 * index, value)

    def get(self, register: Any, index: int = 0) -> int:
        """Read a register as the core does."""
        return self.spi.read(register.offset + 4 * index)

    def enable(self, *lut: int, sizes: tuple[int, ...] = (64, 0, 0, 0)) -> None:
        """Enable the module as the firmware finds it, with `lut` and chip sizes in KB."""
        self.load_lut(list(lut) or MIMXRT_LUT)
        self.set(FlexSpi.MCR2, 0x2000_01F7)
        for select, size in enumerate(sizes):
            self.set(FlexSpi.FLSHCR0, size, select)
        self.set(FlexSpi.MCR0, 0xFFFF_8010)

    def load_lut(self, words: list[int]) -> None:
        """Unlock, write, lock, as the vendor's driver does."""
        self.set(FlexSpi.LUTKEY, 0x5AF0_5AF0)
        self.set(FlexSpi.LUTCR, 2)
        for index, word in enumerate(words):
            self.set(FlexSpi.LUT, word, index)
        self.set(FlexSpi.LUTKEY, 0x5AF0_5AF0)
        self.set(FlexSpi.LUTCR, 1)

    def poll(self, register: Any, is_enough: Callable[[int], bool]) -> int:
        """Read a register as a driver's loop does, 10 ns a turn, until its value is enough."""
        for _ in range(1000):
            if is_enough(value := self.get(register)):
                return value
            self.bench.clock.advance(10)
        raise AssertionError(f"{register.name} stays {value:#x}")

    def wait(self, clocks: int) -> None:
        """Let so many clocks of the bus pass: at 100 MHz, as nothing says otherwise."""
        self.bench.clock.advance(10 * clocks)

    def start(self, sequence: int, address: int = 0, size: int = 0, count: int = 1) -> None:
        """Steps 1 to 6 of the vendor driver's blocking transfer (imxrt.md 3.9)."""
        self.set(FlexSpi.FLSHCR2, self.get(FlexSpi.FLSHCR2) | 1 << 31)
        self.set(FlexSpi.INTR, 0x1F)
        self.set(FlexSpi.IPCR0, address)
        self.set(FlexSpi.IPTXFCR, self.get(FlexSpi.IPTXFCR) | 1)
        self.set(FlexSpi.IPRXFCR, self.get(FlexSpi.IPRXFCR) | 1)
        self.set(FlexSpi.IPCR1, size | sequence << 16 | (count - 1) << 24)
        self.set(FlexSpi.IPCMD, self.get(FlexSpi.IPCMD) | 1)

    def finish(self) -> int:
        """Steps 8 and 9: the error bits, once the command is done."""
        self.poll(FlexSpi.INTR, lambda flags: flags & 1)
        errors = self.get(FlexSpi.INTR) & 0x80A
        self.set(FlexSpi.INTR, errors)
        return errors

    def command(self, sequence: int, address: int = 0, count: int = 1) -> int:
        """A command without data."""
        self.start(sequence, address, count=count)
        return self.finish()

    def send(self, sequence: int, address: int, data: bytes) -> int:
        """Step 7w."""
        self.start(sequence, address, len(data))
        chunk = ((self.get(FlexSpi.IPTXFCR) >> 2 & 0xF) + 1) * 8
        for at in range(0, len(data), chunk):
            self.poll(FlexSpi.INTR, lambda flags: flags & 0x40)
            part = data[at : at + chunk]
            for i in range(0, len(part), 4):
                word = int.from_bytes(part[i : i + 4], "little")
                self.set(FlexSpi.TFDR, word, i // 4)
            self.set(FlexSpi.INTR, 0x40)
        return self.finish()

    def receive(self, sequence: int, address: int, size: int) -> bytes:
        """Step 7r."""
        self.start(sequence, address, size)
        return self.receive_rest(size)

    def receive_rest(self, size: int) -> bytes:
        """`size` bytes of a read that has been started, and its end."""
        chunk = ((self.get(FlexSpi.IPRXFCR) >> 2 & 0xF) + 1) * 8
        data = b""
        while len(data) < size:
            left = size - len(data)
            if left >= chunk:
                self.poll(FlexSpi.INTR, lambda flags: flags & 0x20)
            else:
                self.poll(FlexSpi.IPRXFSTS, lambda s, left=left: (s & 0xFF) * 8 >= left)
            words = range((min(left, chunk) + 3) // 4)
            part = b"".join(self.get(FlexSpi.RFDR, i).to_bytes(4, "little") for i in words)
            data += part[: min(left, chunk)]
            self.set(FlexSpi.INTR, 0x20)
        assert self.finish() == 0
        return data
