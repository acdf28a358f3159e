"""Models for `fake_engine`: what a board is to its user, and nothing behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from xipsim.peripherals.core import (
    Console,
    FlashChip,
    FlashWatcher,
    Model,
    PinPort,
    UsbHost,
    exposed,
)

SIZE = 0x20_0000
STATS = {
    "commands": {"sector erase 4K": 2},
    "bytes_read": 1,
    "bytes_programmed": 256,
    "erases": {256: 2},
    "operations": 3,
    "busy_time": 90_000_000,
}


class Serial(Model, Console):
    """A UART that is never used."""

    TYPE = "Imxrt.Lpuart"
    opened_at = 0
    throttled = False

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.queue = bytearray()
        self.typed: list[tuple[int, bytes]] = []
        self.print: Callable[[bytes], None] = lambda data: None

    def attach(self, receiver: Callable[[bytes], None]) -> None:
        self.print = receiver

    def type(self, data: bytes) -> None:
        self.typed.append((self.system.clock.now, data))
        self.queue += data

    @property
    def pending(self) -> int:
        return len(self.queue)

    @exposed
    def throttle(self, on: bool) -> None:
        self.throttled = on


class Usb(Serial, UsbHost):
    """The console: there once the firmware has opened it."""

    TYPE = "Usb.Host"
    has_cable = True
    opened_at: int | None = None

    @exposed
    def has_storage(self) -> bool:
        return False


class Chip(Model, FlashChip):
    """A chip of 2 MB that is busy when the test says so."""

    TYPE = "Nor.Chip"

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.cells = bytearray(b"\xff" * SIZE)
        self.operation: dict[str, Any] | None = None

    @classmethod
    def capacity(cls, parameters: Mapping[str, Any]) -> int:
        return SIZE

    @exposed
    def contents(self) -> bytes:
        return bytes(self.cells)

    @exposed
    def fill(self, data: bytes) -> None:
        self.cells[:] = data.ljust(SIZE, b"\xff")

    @property
    def busy(self) -> bool:
        return self.operation is not None

    @property
    def active_at(self) -> int:
        return 0

    def watch(self, watcher: FlashWatcher) -> None: ...

    @exposed
    def info(self) -> dict[str, Any]:
        return {"part": "W25Q16JV-IM", "size": SIZE}

    @exposed
    def status(self) -> dict[str, Any]:
        return {"operation": self.operation}

    @exposed
    def stats(self) -> dict[str, Any]:
        return STATS

    @exposed
    def read(self, address: int, length: int) -> bytes:
        return bytes(self.cells[address : address + length])


class Port(Model, PinPort):
    """Pins that are all high, and outputs."""

    TYPE = "Imxrt.Gpio"
    pins = 32

    @exposed
    def level(self, pin: int) -> int:
        return 1

    @exposed
    def direction(self, pin: int) -> str:
        return "out"

    @exposed
    def drive(self, pin: int, level: bool) -> None: ...

    @exposed
    def release(self, pin: int) -> None: ...


class SmallPort(Port):
    """One of the low-power domain."""

    pins = 2
