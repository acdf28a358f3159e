"""The flash chips of a board, from outside: no time passes, and the firmware notices nothing."""

from __future__ import annotations

import os
from typing import Any

from xipsim.board.by_name import ByName
from xipsim.errors import UserError
from xipsim.peripherals.namedtuple import NamedTuple
from xipsim.session.session import Session

SECTOR = 4096


class FlashStats(NamedTuple):
    """What happened on a chip since the machine was made.

    commands: cycles of chip select by the data sheet's name of the command. erases: erase cycles
    by sector number (address // 4096). busy_time: virtual ns. operations: erases, programs and
    status writes that were completed.
    """

    commands: dict[str, int]
    bytes_read: int
    bytes_programmed: int
    erases: dict[int, int]
    operations: int
    busy_time: int


class Flash:
    """One flash chip."""

    def __init__(self, session: Session, name: str) -> None:
        self.name = name
        self._session = session

    @property
    def info(self) -> dict[str, Any]:
        """What the part is: part, maker, id, uid, size, page, erase_sizes, endurance, times."""
        return dict(self._session.chips[self.name])

    @property
    def size(self) -> int:
        """Bytes."""
        size: int = self._session.chips[self.name]["size"]
        return size

    def read(self, address: int = 0, length: int | None = None) -> bytes:
        """The cells, whatever the chip is doing; to the end of the chip without a length."""
        if length is None:
            self._check(address, 0)
            length = self.size - address
        self._check(address, length)
        data: bytes = self._session.call(self.name, "read", address, length)
        return data

    def program(self, address: int, data: bytes) -> None:
        """AND `data` into the cells, at once. Pages, protection and wear do not count."""
        try:
            cells = bytes(memoryview(data))
        except TypeError:
            raise UserError(f"data: expected bytes, given {data!r}") from None
        self._check(address, len(cells))
        self._session.call(self.name, "program", address, cells)

    def erase(self, address: int, length: int) -> None:
        """Set the cells to FFh, at once. Sectors, protection and wear do not count."""
        self._check(address, length)
        self._session.call(self.name, "erase", address, length)

    def _check(self, address: int, count: int) -> None:
        for name, value in (("address", address), ("length", count)):
            if not isinstance(value, int):
                raise UserError(f"{name}: expected a whole number, given {value!r}")
        if not 0 <= address <= address + count <= self.size:
            raise UserError(
                f"{count} bytes at {address:#x} are not within the {self.size:#x} bytes of "
                f"flash chip {self.name}"
            )

    @property
    def stats(self) -> FlashStats:
        """Numbers up to now."""
        return FlashStats(**self._session.call(self.name, "stats"))

    @property
    def status(self) -> dict[str, Any]:
        """Registers and mode; `operation`: what it is busy with (None, or its facts)."""
        status: dict[str, Any] = self._session.call(self.name, "status")
        return status

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the whole chip to a file, atomically. Such a file can be given as `flash`."""
        from xipsim.firmware.store import write_atomic

        try:
            write_atomic(path, self.read())
        except OSError as error:
            raise UserError(f"{os.fspath(path)}: not saved: {error.strerror}") from None

    def fail_program(self, address: int, length: int) -> None:
        """Cells that wear out: they keep their value from now on; the chip reports success."""
        self._session.call(self.name, "fail_program", address, length)

    def stuck_busy(self) -> None:
        """The next erase, program or status write never ends, until the power goes."""
        self._session.call(self.name, "stuck_busy")

    def stuck_wel(self) -> None:
        """The write enable latch stays 0 from now on: nothing can be erased or programmed."""
        self._session.call(self.name, "stuck_wel")


class Chips(ByName[Flash]):
    """The board's flash chips, by the names of their entries."""

    def __init__(self, session: Session) -> None:
        super().__init__("flash chip", {n: Flash(session, n) for n in session.chips})
