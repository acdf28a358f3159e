"""What a data sheet says of a part, and how the files of this folder write it down."""

from __future__ import annotations

from typing import Any, Self

from xipsim.peripherals.namedtuple import NamedTuple


class EraseUnit(NamedTuple):
    """One size of erase: the commands that do it, and how long it takes."""

    name: str
    size: int
    time: str
    """Key of the part's times."""
    opcodes: tuple[int, ...]
    opcodes4: tuple[int, ...] = ()
    """Those that always take a 4-byte address."""


class Part(NamedTuple):
    """Everything that a data sheet says about one part number, as far as the model uses it.

    Sizes are in bytes, times in ns.
    """

    name: str
    aliases: tuple[str, ...]
    maker: str
    family: str
    """Which class of `makers/` knows its commands and registers."""
    lanes: int
    """Data lines."""
    id: bytes
    """Answer to 9Fh."""
    device_id: int
    """Answer to ABh, and the second byte of 90h."""
    size: int
    page: int
    endurance: int
    """Erase cycles that each sector is specified for."""
    uid_length: int
    erase: tuple[EraseUnit, ...]
    times: dict[str, tuple[int, int]]
    """Typical and maximum."""
    options: dict[str, Any]
    """What only this family asks for; see its class in `makers/`."""
    sfdp: dict[int, str]
    """The SFDP space, in pieces: hexadecimal bytes by address. Empty: none, or not known."""
    qe: int = 0
    """Factory value of the quad enable bit, where there is one."""

    def like(self, **different: Any) -> Self:
        """A sibling: this row, but for what is different. Aliases are not inherited.

        Of `times`, `options` and `sfdp`, too, only what is different is given.
        """
        for name, value in different.items():
            if isinstance(value, dict):
                different[name] = getattr(self, name) | value
        return self._replace(**{"aliases": ()} | different)

    def sfdp_space(self) -> bytes:
        """The SFDP space from address 0; what lies beyond reads FFh."""
        space = bytearray()
        for at, text in self.sfdp.items():
            data = bytes.fromhex(text)
            space.extend(b"\xff" * (at + len(data) - len(space)))
            space[at : at + len(data)] = data
        return bytes(space)
