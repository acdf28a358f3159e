"""What travels between a serial memory controller and a chip: one chip-select cycle.

A controller turns its own programming (a LUT sequence, a set of control registers) into a
`Transaction`; the chip checks every part of it against its own state.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Protocol

from xipsim.peripherals.core import Alarm
from xipsim.peripherals.fixed import Fixed


class Transaction(Fixed):
    """One cycle of chip select: opcode, address, mode bits, dummy cycles, data.

    A phase that was not sent is None (opcode, address, mode) or 0 (dummy, read) or empty (write).
    `lanes` are 1, 2, 4 or 8; `ddr` says that the phase used both clock edges.
    """

    opcode: int | None = None
    opcode_bits: int = 8
    opcode_lanes: int = 1
    opcode_ddr: bool = False
    address: int | None = None
    """As clocked out; the device's own unit (HyperFlash: words)."""
    address_bits: int = 0
    address_lanes: int = 1
    address_ddr: bool = False
    mode: int | None = None
    """Value of the mode bits, None where the controller drove none."""
    mode_bits: int = 0
    mode_lanes: int = 1
    dummy: int = 0
    """Clock cycles between address (or mode bits) and data, with undriven lines."""
    data_lanes: int = 1
    data_ddr: bool = False
    write: bytes = b""
    """Data sent to the chip."""
    read: int = 0
    """Bytes that the controller clocked out of the chip."""
    strobe: bool = False
    """Whether the controller samples (or drives) with the data strobe (DQS, RWDS)."""
    duplex: bool = False
    """Data goes both ways at once, a line for each: `read` is the length of `write`."""
    swaps: bool = False
    """The controller exchanges the bytes of each pair (16-bit frames in a little-endian memory);
    what `transfer` takes and returns is as on the lines."""

    def at(self, address: int | None, write: bytes, read: int) -> Transaction:
        """The same cycle for other data: what `_replace` does, in a third of the time."""
        return Transaction(
            self.opcode, self.opcode_bits, self.opcode_lanes, self.opcode_ddr,
            address, self.address_bits, self.address_lanes, self.address_ddr,
            self.mode, self.mode_bits, self.mode_lanes, self.dummy,
            self.data_lanes, self.data_ddr, write, read, self.strobe, self.duplex, self.swaps,
        )  # fmt: skip


class Begun(Fixed):
    """An operation of which only the end depends on what was sent."""

    end: Alarm
    """Set for that: until then the chip is busy."""
    page: int
    """Bytes of a page."""
    again: Callable[[int, bytes], object]
    """Begins its like, at that address and with these data."""


def status_question(chip: SpiDevice) -> Hashable:
    """What the firmware asks that polls the status of a busy chip; see `Clock.question`."""
    return "status", chip.name


class SpiDevice(Protocol):
    """A chip on a chip select of a serial memory controller."""

    name: str

    @property
    def size(self) -> int:
        """Bytes of the array."""

    @property
    def array(self) -> bytearray:
        """The cells. Only the chip changes them."""

    def transfer(self, transaction: Transaction) -> bytes:
        """Run one cycle; `transaction.read` bytes come back, FFh where nothing drives the bus."""

    def reads_array(self, transaction: Transaction) -> bool:
        """Whether a read like this one would now return plain array data, changing nothing."""

    @property
    def busy(self) -> bool:
        """Whether an operation is under way."""

    @property
    def busy_until(self) -> int | None:
        """Virtual ns at which the operation ends; None while idle, or if it never ends."""

    @property
    def repeats(self) -> bool:
        """Whether the last cycle, if it came again, would only be counted and told, and answered as
        it was: until there is another one, or an alarm."""

    def repeated(self, times: Sequence[int]) -> None:
        """That cycle has come again at these times."""

    @property
    def latched(self) -> Hashable | None:
        """All that the answers of private cycles follow from, until an alarm; None: not told."""

    def again(self, transaction: Transaction) -> Callable[[], bytes] | None:
        """What this cycle does and answers, whenever it comes and `latched` is what it is now, if
        it is private: it changes nothing but that, is counted, and told. None: it is not."""

    def begins(self, transaction: Transaction) -> Begun | None:
        """What comes of this cycle, if it has an address, whenever it comes and `latched` is what
        it is now; wherever in the array it goes, if it lies as it does in its page, and whatever it
        sends, as much as it does. None: that is not told."""

    def last_change(self, address: int) -> str | None:
        """What erased or programmed the cells there last, in words; None: nothing has."""

    def watch(self, watcher: ChipWatcher) -> None:
        """Tell `watcher` about changes of the array and of the state. For its controller."""


class ChipWatcher(Protocol):
    """What a controller wants to know from its chips."""

    def array_changed(self, chip: SpiDevice, address: int, length: int) -> None:
        """Cells in [address, address + length) changed."""

    def state_changed(self, chip: SpiDevice) -> None:
        """`reads_array` may answer differently from now on (busy, idle, mode, protection)."""

    def operation_began(self, chip: SpiDevice) -> None:
        """It is busy from now on with an operation on its array: nothing else is new."""

    def operation_ended(self, chip: SpiDevice, address: int, length: int) -> None:
        """It is so no more, and cells in [address, address + length) changed; likewise."""
