"""What happened on the flash chips, one line for each cycle of chip select, and its digest.

::

    1234567 nor 9F read-jedec-id - 3 <ef7017

Fields, separated by blanks: virtual time in ns, chip, opcode in hex, the data sheet's name of the
command, address in hex, number of data bytes, data. `-` stands for what a cycle did not have. Data
begin with `>` (to the chip) or `<` (from the chip) and are hex, or beyond 16 bytes `sha256:` and
the first 16 digits of their digest.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from xipsim.peripherals.core.trace import FlashCommand

LONGEST_HEX = 16
DIGITS = 16


class FlashTrace:
    """Receives flash commands; hands each on as a line, and digests the lines.

    The digest is the SHA-256 of all lines, each with its line feed. times: whether the lines
    begin with the virtual time.
    """

    def __init__(self, write: Callable[[str], object] | None = None, *, times: bool = True) -> None:
        self._write, self._times = write, times
        self._digest = sha256()
        self.count = 0

    def __call__(self, command: FlashCommand) -> None:
        """One more command."""
        text = f"{line(command, times=self._times)}\n"
        self._digest.update(text.encode())
        self.count += 1
        if self._write:
            self._write(text)

    @property
    def digest(self) -> str:
        """In hex, of the lines so far."""
        return self._digest.hexdigest()


def line(command: FlashCommand, *, times: bool = True) -> str:
    """The line for one command, without a line feed."""
    fields = [
        command.chip,
        _hex(command.opcode, 2),
        command.name.replace(" ", "-"),
        _hex(command.address, 6),
        str(len(command.sent) + len(command.received)),
        _data(command),
    ]
    return " ".join([str(command.time), *fields] if times else fields)


def _hex(value: int | None, digits: int) -> str:
    return "-" if value is None else f"{value:0{digits}X}"


def _data(command: FlashCommand) -> str:
    parts = [(">", command.sent), ("<", command.received)]
    return "".join(mark + _shown(data) for mark, data in parts if data) or "-"


def _shown(data: bytes) -> str:
    if len(data) <= LONGEST_HEX:
        return data.hex()
    return f"sha256:{sha256(data).hexdigest()[:DIGITS]}"
