"""A PC's driver for mass storage: carries SCSI commands by the bulk-only transport.

(USB Mass Storage Class, Bulk-Only Transport 1.0; section numbers below are its own.) What the
commands mean is the business of whoever gives them.
"""

from __future__ import annotations

import enum
import struct

from xipsim.peripherals.core import Record
from xipsim.peripherals.namedtuple import NamedTuple

from .control import Request, clear_halt
from .descriptors import Configuration, Endpoint, bulk_pair
from .function import Function, Pipes
from .link import Handshake

_STORAGE, _BULK_ONLY = 0x08, 0x50
_RESET = 0xFF
_TO_HOST = 0x80
_WRAPPER = struct.Struct("<4sIIBBB16s")
"""Command block wrapper (5.1)."""
_CSW = struct.Struct("<4sIIB")
"""Command status wrapper (5.2)."""
PATIENCE = 30_000_000_000
"""Virtual ns for a command: what Linux gives one to a disk (SD_TIMEOUT)."""


class Status(enum.Enum):
    """How a command ended."""

    PASSED = "passed"
    FAILED = "failed"
    BROKEN = "broken"
    """The device did not keep to the transport, or did not answer."""


class Stage(enum.Enum):
    """Where a command is."""

    IDLE = "nothing under way"
    COMMAND = "command block"
    DATA = "data"
    STATUS = "status"
    RECOVERY = "clearing what is halted"


LONGEST_BLOCK, MOST_BYTES = 16, 1 << 32
"""Of a command, and of its data: what its wrapper has room for."""


class Result(NamedTuple):
    """The end of a command. data: what came. residue: bytes that the device did not process."""

    status: Status
    data: bytes = b""
    residue: int = 0
    why: str = ""
    """Of BROKEN: what the device did, in words."""


class Command(Record):
    """A SCSI command: `data` goes to the device, or `length` bytes are asked for."""

    def __init__(self, block: bytes, data: bytes = b"", length: int = 0) -> None:
        self.block, self.data, self.length = block, data, length

    def wrapper(self, tag: int) -> bytes:
        """The 31 bytes of its CBW."""
        size, flags = (self.length, _TO_HOST) if self.length else (len(self.data), 0)
        return _WRAPPER.pack(b"USBC", tag, size, flags, 0, len(self.block), self.block)


class MassStorage(Function):
    """One mass storage function, and the command under way.

    number: of the last command, 0 before the first; it is the tag of its wrappers, too. result: of
    that command, None while it is under way.
    """

    def __init__(self, interface: int, receive: Endpoint, send: Endpoint) -> None:
        super().__init__((receive.address, send.address))
        self.interface, self.receive, self.send = interface, receive, send
        self.number = 0
        self.command = Command(b"")
        self.stage = Stage.IDLE
        self.result: Result | None = None
        self.until = 0
        self._sent = 0
        self._received = bytearray()
        self._tries = 0
        self._clearing: list[Request] = []
        self._after = Stage.IDLE

    def begin(self, pipes: Pipes, number: int, command: Command) -> None:
        """Start a command. ValueError while another one is under way."""
        if self.number and self.result is None:
            raise ValueError(f"command {self.number} of the mass storage is still under way")
        if not 1 <= len(command.block) <= LONGEST_BLOCK:
            raise ValueError(f"a SCSI command has 1 to 16 bytes, not {len(command.block)}")
        if not 0 <= command.length < MOST_BYTES or len(command.data) >= MOST_BYTES:
            raise ValueError(f"length: expected 0 to {MOST_BYTES - 1:#x}, given {command.length}")
        if command.data and command.length:
            raise ValueError("data of a SCSI command go to the device, or come from it, not both")
        self.number, self.command, self.result = number, command, None
        self._sent, self._tries = 0, 0
        self._received = bytearray()
        self.until = pipes.now + PATIENCE
        if self.stage is Stage.RECOVERY:
            self._after, self.due = Stage.COMMAND, self.until
        else:
            self.stage = Stage.COMMAND
            self.ready(pipes)

    def ready(self, pipes: Pipes) -> None:
        """See `Function`."""
        if self.stage not in (Stage.IDLE, Stage.RECOVERY):
            super().ready(pipes)

    def step(self, pipes: Pipes) -> None:
        """See `Function`."""
        if pipes.now >= self.until:
            self._broken(pipes, f"no answer for {PATIENCE // 10**9} s ({self.stage.value})")
            return
        self.due = self.until
        if self.stage is Stage.COMMAND:
            moved = self._send_wrapper(pipes)
        elif self.stage is Stage.DATA:
            moved = self._take_data(pipes) if self.command.length else self._give_data(pipes)
        else:
            moved = self._take_status(pipes)
        if moved:
            self.ready(pipes)

    # -- phases: each tries a packet, and says whether the next one may be tried -----------------

    def _send_wrapper(self, pipes: Pipes) -> bool:
        wrapper = self.command.wrapper(self.number)
        answer = pipes.device.give(self.send.address, wrapper)
        if answer is Handshake.STALL:
            self._broken(pipes, "it refused the command block (5.3.4)")
        elif answer is Handshake.ACK:
            has_data = self.command.length or self.command.data
            self.stage = Stage.DATA if has_data else Stage.STATUS
        return answer is Handshake.ACK

    def _give_data(self, pipes: Pipes) -> bool:
        data = self.command.data
        packet = data[self._sent : self._sent + self.send.max_packet]
        answer = pipes.device.give(self.send.address, packet)
        if answer is Handshake.STALL:
            self._clear(pipes, [clear_halt(self.send.address)], Stage.STATUS)
        elif answer is Handshake.ACK:
            self._sent += len(packet)
            if self._sent == len(data):
                self.stage = Stage.STATUS
        return answer is Handshake.ACK

    def _take_data(self, pipes: Pipes) -> bool:
        packet = pipes.device.take(self.receive.address)
        if packet is Handshake.STALL:
            self._clear(pipes, [clear_halt(self.receive.address)], Stage.STATUS)
        if isinstance(packet, Handshake):
            return False
        self._received += packet
        if len(self._received) > self.command.length:
            self._broken(pipes, f"it sent more than the {self.command.length} bytes asked for")
            return False
        if not (len(self._received) == len(packet) and self._is_status(packet)):
            is_short = len(packet) < self.receive.max_packet
            if is_short or len(self._received) == self.command.length:
                self.stage = Stage.STATUS
            return True
        # Some devices leave out the data of a command that fails.
        self._received.clear()
        return self._end(pipes, packet)

    def _take_status(self, pipes: Pipes) -> bool:
        packet = pipes.device.take(self.receive.address)
        if packet is Handshake.STALL:
            self._tries += 1
            if self._tries > 1:  # 5.3.3 and figure 2
                self._broken(pipes, "it refused to send a status, twice")
            else:
                self._clear(pipes, [clear_halt(self.receive.address)], Stage.STATUS)
        if isinstance(packet, Handshake):
            return False
        if not packet and not self._tries:
            self._tries += 1  # it ends its data in this way, which Linux forgives, too
            return True
        return self._end(pipes, packet)

    def _is_status(self, packet: bytes) -> bool:
        """Whether it is a valid CSW (6.3.1)."""
        if len(packet) != _CSW.size:
            return False
        signature, tag, _, _ = _CSW.unpack(packet)
        return (signature, tag) == (b"USBS", self.number)

    def _end(self, pipes: Pipes, packet: bytes) -> bool:
        """Judge the status. Always False: there is nothing more to move."""
        if not self._is_status(packet):
            self._broken(pipes, f"its status is none (6.3): {packet.hex(' ') or 'no byte'}")
            return False
        _, _, residue, status = _CSW.unpack(packet)
        if status > 1:
            self._broken(pipes, f"its status is {status}: a phase error (5.3.3.1)")
        else:
            kind = Status.FAILED if status else Status.PASSED
            self._finish(Result(kind, bytes(self._received), residue))
        return False

    def _finish(self, result: Result) -> None:
        self.result, self.stage, self.due = result, Stage.IDLE, None

    # -- what is halted --------------------------------------------------------------------------

    def _broken(self, pipes: Pipes, why: str) -> None:
        """The command has failed for good: reset the transport (5.3.4)."""
        pipes.note(f"mass storage: {why}; the host resets it")
        reset = Request(kind=0x21, code=_RESET, w_index=self.interface)
        halts = [clear_halt(self.receive.address), clear_halt(self.send.address)]
        self._finish(Result(Status.BROKEN, bytes(self._received), why=why))
        self._clear(pipes, [reset, *halts], Stage.IDLE)

    def _clear(self, pipes: Pipes, requests: list[Request], after: Stage) -> None:
        self.stage, self._after, self._clearing = Stage.RECOVERY, after, list(requests)
        self.due = self.until if after is not Stage.IDLE else None
        for request in requests:
            pipes.submit(request)

    def answered(self, pipes: Pipes, request: Request) -> None:
        """See `Function`. A request that is refused has nothing to clear."""
        if self.stage is Stage.RECOVERY and request in self._clearing:
            self._clearing.remove(request)
            if not self._clearing:
                self.stage = self._after
                self.ready(pipes)


def find_storages(configuration: Configuration) -> list[Function]:
    """Drivers for the mass storages that speak the bulk-only transport."""
    return [
        MassStorage(interface.number, *pair)
        for interface in configuration.interfaces
        if interface.kind[0] == _STORAGE and interface.kind[2] == _BULK_ONLY
        if interface.alternate == 0 and (pair := bulk_pair(interface.endpoints))
    ]
