"""One command of a serial flash: its shape on the lines, and what carries it out."""

from __future__ import annotations

from collections.abc import Callable

from xipsim.peripherals.fixed import Fixed

from .bus import Transaction

Handler = Callable[["Cycle"], bytes | None]
"""Carries a cycle out; returns the bytes that come out, None if the chip ignored it."""
Beginning = Callable[[str, int, bytes], object]
"""Carries out what has that name, at that address and with these data."""


class Command(Fixed):
    """Opcode, then address, then clocks without meaning, then data out or in, as in the sheet.

    Mode bits are the first `mode_clocks` of the `wait` clocks between address and data.
    """

    opcode: int
    name: str
    run: Handler
    address_bits: int = 0
    address_lanes: int = 1
    fixed_width: bool = False
    """The address has as many bits in 3-byte and in 4-byte mode."""
    mode_clocks: int = 0
    wait: int = 0
    data_lanes: int = 1
    ddr: bool = False
    """Address and data use both clock edges."""
    sends: bool = False
    """The chip drives data."""
    takes: bool = False
    """The chip takes data."""
    lengths: tuple[int, ...] = ()
    """Numbers of data bytes that it accepts; empty: any."""
    quad: bool = False
    """Needs the quad enable bit."""
    while_busy: bool = False
    is_private: bool = False
    """It only sets WEL, or reads what WEL and `Maker.latches` tell."""
    is_read: bool = False
    """Reads the array."""
    begins: Beginning | None = None
    """Of a program or an erase of the array, which takes its time: carries it out where nothing
    refuses it, and all that it sends lies in one page."""
    burst: int = 0
    """Bytes within which a read wraps, 0 for none."""
    swaps: bool = False
    """The odd byte of each pair of the array travels first."""
    value: int = 0
    """What tells commands with the same handler apart (register number, bytes to erase)."""

    @property
    def first_byte(self) -> int:
        """The opcode without what follows it in octal modes."""
        return self.opcode >> 8 or self.opcode

    @property
    def address_clocks(self) -> int:
        """Clocks that the address takes."""
        return self.address_bits // (self.address_lanes << self.ddr)

    def fits(self, transaction: Transaction) -> bool:
        """Whether the transaction, its opcode aside, has exactly this shape."""
        t = transaction
        clocks = t.dummy
        if t.mode is not None:
            if t.mode_bits != 8 or t.mode_lanes != self.address_lanes:
                return False
            clocks += 8 // t.mode_lanes
        if self.address_bits:
            if t.address_bits != self.address_bits or t.address_lanes != self.address_lanes:
                return False
            if t.address_ddr != self.ddr:
                return False
        elif t.address is not None:
            clocks += t.address_bits // (t.address_lanes << t.address_ddr)
        if clocks != self.wait and (clocks or t.read or self.mode_clocks or not self.sends):
            return False
        if t.read and (t.write or not self.sends or t.data_lanes != self.data_lanes):
            return False
        if t.write and (not self.takes or t.data_lanes != self.data_lanes):
            return False
        return t.data_ddr == self.ddr or not (t.read or t.write)


class Cycle:
    """What a chip has understood of one transaction. read: bytes that it shall put out.

    is_meant: nothing in the transaction differs from the command, so that the address is the one
    that the controller means.
    """

    __slots__ = ("address", "command", "data", "is_meant", "mode", "read")

    def __init__(self, command: Command, address: int, mode: int, data: bytes, read: int) -> None:
        self.command, self.address, self.mode = command, address, mode
        self.data, self.read = data, read
        self.is_meant = True

    @property
    def place(self) -> int | None:
        """The address, None for a command without one."""
        return self.address if self.command.address_bits else None
