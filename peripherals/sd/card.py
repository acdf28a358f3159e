"""An SD card. SD Specifications, Part 1: Physical Layer Simplified Specification, version 6.00."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xipsim.peripherals.core import (
    Keeper,
    Parameter,
    ResetCause,
    State,
    System,
    exposed,
    model,
)
from xipsim.peripherals.namedtuple import NamedTuple

from .device import SdDevice
from .registers import (
    CID,
    CONFIGURATION,
    RCA,
    READY_AND_HIGH_CAPACITY,
    UNIT,
    VOLTAGES,
    card_specific_data,
)

BLOCK = 512
LARGEST = 0x4000_0000
"""More is refused: all of it is held in memory, and moved to the file and back."""
ILLEGAL_COMMAND, ADDRESS_OUT_OF_RANGE, READY_FOR_DATA, APP_CMD = 1 << 22, 1 << 31, 1 << 8, 1 << 5
ERASE_SEQUENCE_ERROR = 1 << 28
IDLE, READY, IDENTIFICATION, STANDBY, TRANSFER, SENDING, RECEIVING = range(7)
"""States, as CURRENT_STATE of the card status numbers them."""

ANY = frozenset(range(7))
ADDRESSED = frozenset((STANDBY, TRANSFER, SENDING, RECEIVING))


class Command(NamedTuple):
    """The states in which a command is legal, and the method that obeys it."""

    states: frozenset[int]
    method: str


def _only(state: int, method: str) -> Command:
    return Command(frozenset((state,)), method)


COMMANDS = {
    0: Command(ANY, "_go_idle"),
    2: _only(READY, "_identify"),
    3: Command(frozenset((IDENTIFICATION, STANDBY)), "_publish_address"),
    6: _only(TRANSFER, "_switch_function"),
    7: Command(frozenset((STANDBY, TRANSFER, SENDING)), "_select"),
    8: _only(IDLE, "_interface_condition"),
    9: _only(STANDBY, "_send_csd"),
    10: _only(STANDBY, "_send_cid"),
    12: Command(frozenset((TRANSFER, SENDING, RECEIVING)), "_stop"),
    13: Command(ADDRESSED, "_send_status"),
    16: _only(TRANSFER, "_set_block_length"),
    17: _only(TRANSFER, "_read_one"),
    18: _only(TRANSFER, "_read_many"),
    23: _only(TRANSFER, "_set_block_count"),
    24: _only(TRANSFER, "_write_one"),
    25: _only(TRANSFER, "_write_many"),
    32: _only(TRANSFER, "_erase_from"),
    33: _only(TRANSFER, "_erase_to"),
    38: _only(TRANSFER, "_erase"),
    55: Command(ANY, "_application_command"),
}
"""Tables 4-18 to 4-30."""
APPLICATION_COMMANDS = {
    6: _only(TRANSFER, "_acknowledge"),  # the bus is as wide as the controller makes it
    13: _only(TRANSFER, "_send_sd_status"),
    23: _only(TRANSFER, "_acknowledge"),  # blocks to be erased before a write
    41: Command(frozenset((IDLE, READY)), "_operating_condition"),
    42: _only(TRANSFER, "_acknowledge"),  # the pull-up of DATA3
    51: _only(TRANSFER, "_send_configuration"),
}


@model("Sd.Card")
class Card(SdDevice, Keeper):
    """A card of high capacity: addressed by blocks of 512 bytes, whatever its size.

    A block of zeros is what an erased one reads. Assumption: it is ready with the first ACMD41 that
    names a voltage, and takes the same time for each block. It never fails and is never locked; its
    switch function knows the default of each group alone, so that it stays at 25 MHz.
    """

    BLANK = 0x00

    size = Parameter(int, "bytes, a multiple of 512 KB up to 1 GB", default=0x200_0000)
    file = Parameter(
        str, "the image that holds its contents, beside the `.repl`; empty: none", default=""
    )

    # Assumption: of the order of what class 10 cards take; the specification has 100 and 250 ms as
    # the longest.
    access_time = 100_000
    WRITE_TIME = 250_000

    busy_until = State(0)
    _blocks: State[dict[int, bytes]] = State({})
    """Those that are not blank, by number."""
    _state = State(IDLE)
    _errors = State(0)
    """Bits of the card status that the next response shows."""
    _expects_application = State(False)
    _address = State(0)
    """RCA, 0 before it has one."""
    _position = State(0)
    """The next block to read or write."""
    _left: State[int | None] = State(None)
    """Blocks until a transfer ends by itself; None: at CMD12."""
    _count: State[int | None] = State(None)
    """Of CMD23, for the next transfer."""
    _register: State[bytes | None] = State(None)
    """What a command sends on the data lines that reads no block."""
    _erased: State[tuple[int | None, int | None]] = State((None, None))
    """What CMD32 and CMD33 have named."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self.capacity(self.parameters)

    def reset(self, cause: ResetCause) -> None:
        """Power-on keeps the cells."""
        blocks = self._blocks
        super().reset(cause)
        self._blocks = blocks

    @classmethod
    def capacity(cls, parameters: Mapping[str, Any]) -> int:
        """Its size; ValueError for one that no card has."""
        size = int(parameters.get("size", cls.size.default))
        if size % UNIT or not UNIT <= size <= LARGEST:
            raise ValueError(f"size: expected a multiple of {UNIT:#x} up to 1 GB, given {size}")
        return size

    # -- from outside ----------------------------------------------------------------------------

    @exposed
    def contents(self) -> bytes:
        """All bytes."""
        data = bytearray(self.size)
        for number, block in self._blocks.items():
            data[number * BLOCK : (number + 1) * BLOCK] = block
        return bytes(data)

    @exposed
    def fill(self, data: bytes) -> None:
        """Make `data` the contents; it must have exactly their size."""
        if len(data) != self.size:
            raise ValueError(f"{self.name}: expected {self.size} bytes, given {len(data)}")
        self._blocks = {}
        for number in range(self.size // BLOCK):
            self._put(number, data[number * BLOCK : (number + 1) * BLOCK])

    def _put(self, number: int, block: bytes) -> None:
        if any(block):
            self._blocks[number] = bytes(block)
        else:
            self._blocks.pop(number, None)

    # -- for the controller ----------------------------------------------------------------------

    def command(self, index: int, argument: int) -> int | None:
        known = COMMANDS.get(index)
        if self._expects_application:
            known = APPLICATION_COMMANDS.get(index, known)
        if known is None or self._state not in known.states:
            self._expects_application = False
            self._errors |= ILLEGAL_COMMAND
            return None
        answer: int | None = getattr(self, known.method)(argument)
        self._expects_application = index == 55 and answer is not None
        return answer

    def send(self) -> bytes | None:
        if self._state != SENDING:
            return None
        if self._register is not None:
            data, self._register, self._state = self._register, None, TRANSFER
            return data
        if not self._is_within(self._position):
            return None
        data = self._blocks.get(self._position, bytes(BLOCK))
        self._over()
        return data

    def receive(self, data: bytes) -> bool:
        if self._state != RECEIVING or len(data) != BLOCK or not self._is_within(self._position):
            return False
        self._put(self._position, data)
        self.busy_until = self.system.clock.now + self.WRITE_TIME
        self._over()
        return True

    def _over(self) -> None:
        """A block is over."""
        self._position += 1
        if self._left is not None:
            self._left -= 1
            if not self._left:
                self._state = TRANSFER

    def _is_within(self, number: int) -> bool:
        if number < self.size // BLOCK:
            return True
        self._errors |= ADDRESS_OUT_OF_RANGE
        return False

    # -- commands --------------------------------------------------------------------------------

    def _status(self) -> int:
        """The card status; errors are cleared by showing them."""
        status = self._errors | self._state << 9 | READY_FOR_DATA
        self._errors = 0
        return status

    def _acknowledge(self, argument: int) -> int:
        return self._status() | (APP_CMD if self._expects_application else 0)

    def _is_meant(self, argument: int) -> bool:
        return argument >> 16 == self._address

    def _go_idle(self, argument: int) -> None:
        blocks, busy = self._blocks, self.busy_until
        self._reset_state(ResetCause.POWER_ON)
        self._blocks, self.busy_until = blocks, busy

    def _interface_condition(self, argument: int) -> int | None:
        # 2.7 to 3.6 V is what it works with: another range gets no response.
        return argument & 0xFFF if argument >> 8 & 0xF == 1 else None

    def _application_command(self, argument: int) -> int | None:
        return self._status() | APP_CMD if self._is_meant(argument) else None

    def _operating_condition(self, argument: int) -> int:
        if not argument & VOLTAGES:
            return VOLTAGES
        self._state = READY
        return VOLTAGES | READY_AND_HIGH_CAPACITY

    def _identify(self, argument: int) -> int:
        self._state = IDENTIFICATION
        return CID

    def _publish_address(self, argument: int) -> int:
        status = self._status()
        self._state, self._address = STANDBY, RCA
        # R6: bits 23, 22 and 19 of the status come down beside its low 13.
        return RCA << 16 | status >> 8 & 0xC000 | status >> 6 & 0x2000 | status & 0x1FFF

    def _select(self, argument: int) -> int | None:
        if not self._is_meant(argument):
            self._state = STANDBY
            return None
        if self._state != STANDBY:
            self._errors |= ILLEGAL_COMMAND
            return None
        status = self._status()
        self._state = TRANSFER
        return status

    def _send_csd(self, argument: int) -> int | None:
        return card_specific_data(self.size) if self._is_meant(argument) else None

    def _send_cid(self, argument: int) -> int | None:
        return CID if self._is_meant(argument) else None

    def _send_status(self, argument: int) -> int | None:
        return self._status() if self._is_meant(argument) else None

    def _set_block_length(self, argument: int) -> int:
        # Blocks of such a card have 512 bytes whatever this says.
        return self._status()

    def _set_block_count(self, argument: int) -> int:
        self._count = argument or None
        return self._status()

    def _stop(self, argument: int) -> int:
        status = self._status()
        self._state = TRANSFER
        return status

    def _read_one(self, argument: int) -> int:
        return self._begin(SENDING, argument, 1)

    def _read_many(self, argument: int) -> int:
        return self._begin(SENDING, argument, self._count)

    def _write_one(self, argument: int) -> int:
        return self._begin(RECEIVING, argument, 1)

    def _write_many(self, argument: int) -> int:
        return self._begin(RECEIVING, argument, self._count)

    def _begin(self, state: int, position: int, count: int | None) -> int:
        self._position, self._left, self._count = position, count, None
        self._register = None
        is_within = self._is_within(position)
        status = self._status()
        if is_within:
            self._state = state
        return status

    def _send(self, data: bytes) -> int:
        status = self._acknowledge(0)
        self._state, self._register = SENDING, data
        return status

    def _switch_function(self, argument: int) -> int:
        """Function 0 of each of the six groups (4.3.10)."""
        groups = [0 if argument >> 4 * group & 0xF in (0, 0xF) else 0xF for group in range(6)]
        chosen = sum(function << 4 * group for group, function in enumerate(groups))
        # The highest current in mA, what each group supports, what was chosen.
        status = (100).to_bytes(2, "big") + b"\x80\x01" * 6 + chosen.to_bytes(3, "big")
        return self._send(status.ljust(64, b"\x00"))

    def _send_sd_status(self, argument: int) -> int:
        # Four lines, and speed class 10.
        return self._send(bytes((0x80, 0, 0, 0, 0, 0, 0, 0, 4)).ljust(64, b"\x00"))

    def _send_configuration(self, argument: int) -> int:
        return self._send(CONFIGURATION)

    def _erase_from(self, argument: int) -> int:
        self._erased = argument, None
        return self._status()

    def _erase_to(self, argument: int) -> int:
        first, _ = self._erased
        if first is None:
            self._errors |= ERASE_SEQUENCE_ERROR
        else:
            self._erased = first, argument
        return self._status()

    def _erase(self, argument: int) -> int:
        first, last = self._erased
        self._erased = None, None
        if first is None or last is None or last < first:
            self._errors |= ERASE_SEQUENCE_ERROR
        elif self._is_within(last):
            for number in [number for number in self._blocks if first <= number <= last]:
                del self._blocks[number]
            self.busy_until = self.system.clock.now + self.WRITE_TIME
        return self._status()
