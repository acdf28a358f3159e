"""Keywords on flash chips: no time passes, and the firmware notices nothing."""

from __future__ import annotations

from pathlib import Path

from xipsim.board.flash import Flash, FlashStats
from xipsim.errors import UserError, XipsimError
from xipsim.firmware.files import read_file

from .keywords import Keywords, keyword


class FlashDiffers(XipsimError):
    """The cells are not what they should be."""

    exit_code = 1


class FlashKeywords(Keywords):
    """Reading, programming and erasing from outside."""

    @keyword("Read Flash")
    def read_flash(self, address: int, length: int, chip: str | None = None) -> bytes:
        """Return the cells, whatever the chip is doing.

        address, length: in bytes, ``0x`` for hex; an address is the chip's own, from 0. chip: its
        name in the platform; without it the one that the board boots from.
        """
        return self._chip(chip).read(address, length)

    @keyword("Program Flash")
    def program_flash(self, address: int, data: bytes | str, chip: str | None = None) -> None:
        """AND ``data`` into the cells, at once: a program can only clear bits.

        data: bytes, or text that is taken as UTF-8. The other arguments: see `Read Flash`.
        """
        content = data.encode() if isinstance(data, str) else data
        self._chip(chip).program(address, content)

    @keyword("Erase Flash")
    def erase_flash(self, address: int, length: int, chip: str | None = None) -> None:
        """Set the cells to FFh, at once. The arguments: see `Read Flash`."""
        self._chip(chip).erase(address, length)

    @keyword("Flash Should Equal File")
    def flash_should_equal_file(
        self, file: Path, address: int = 0, length: int | None = None, chip: str | None = None
    ) -> None:
        """Fail, with the first difference, unless the cells hold what ``file`` holds.

        length: so much of the file; all of it otherwise. The other arguments: see `Read Flash`.
        """
        try:
            expected = read_file(file)
        except OSError as error:
            raise UserError(f"{file}: cannot be read: {error.strerror}") from None
        if length is not None and len(expected) < length:
            raise UserError(f"{file} has only {len(expected)} bytes, {length} were asked for")
        found = self._chip(chip).read(address, len(expected) if length is None else length)
        _require(address, found, expected[: len(found)], str(file))

    @keyword("Flash Should Be Erased")
    def flash_should_be_erased(self, address: int, length: int, chip: str | None = None) -> None:
        """Fail, with the first difference, unless all cells are FFh; see `Read Flash`."""
        found = self._chip(chip).read(address, length)
        _require(address, found, b"\xff" * len(found), "erased cells")

    @keyword("Get Flash Statistics")
    def get_flash_statistics(self, chip: str | None = None) -> FlashStats:
        """Return what happened on the chip since the machine was made.

        The result has ``commands`` (numbers by the data sheet's names), ``bytes_read``,
        ``bytes_programmed``, ``erases`` (numbers by sector, which is address // 4096),
        ``operations`` (completed) and ``busy_time`` (virtual nanoseconds).
        """
        return self._chip(chip).stats

    def _chip(self, name: str | None) -> Flash:
        machine = self.emulation.machine
        return machine.flash if name is None else machine.chips[name.removeprefix("sysbus.")]


def _require(address: int, found: bytes, expected: bytes, what: str) -> None:
    """FlashDiffers with the first difference, unless there is none."""
    for offset, (is_, should) in enumerate(zip(found, expected, strict=True)):
        if is_ != should:
            raise FlashDiffers(
                f"flash at {address + offset:#x} holds {found[offset : offset + 16].hex(' ')}, "
                f"expected {expected[offset : offset + 16].hex(' ')} ({what})"
            )
