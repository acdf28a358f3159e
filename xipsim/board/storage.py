"""The mass storage of a device on USB, used as a PC uses it: blocks, and files of its FAT volume.

::

    m.usb.storage.write("firmware.uf2", data)
    print(m.usb.storage.files())

Virtual time passes while a command is under way, and only then.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager

from xipsim.errors import StorageError, UserError
from xipsim.firmware.fat.blocks import AT_ONCE
from xipsim.firmware.fat.entries import FatError
from xipsim.firmware.fat.volume import Volume
from xipsim.peripherals.namedtuple import NamedTuple
from xipsim.session.session import Session

_STEP = "500us"
"""Virtual time that passes at least while a command is under way."""
_APPEARS = "10s"
_BECOMES_READY = 20
"""How often TEST UNIT READY is asked, 50 ms apart."""
_SENSE_LENGTH, _INQUIRY_LENGTH, _CAPACITY_LENGTH = 18, 36, 8
_NOT_READY, _ILLEGAL_REQUEST, _UNIT_ATTENTION, _WRITE_PROTECTED = 2, 5, 6, 7
_SENSE_KEYS = {
    1: "recovered error",
    _NOT_READY: "not ready",
    3: "medium error",
    4: "hardware error",
    _ILLEGAL_REQUEST: "illegal request",
    _UNIT_ATTENTION: "unit attention",
    _WRITE_PROTECTED: "data protect",
    0xB: "aborted command",
}
"""SPC-4, table 49."""


class Sense(NamedTuple):
    """Why a command failed: key, additional code and qualifier."""

    key: int
    code: int
    qualifier: int

    def __str__(self) -> str:
        what = _SENSE_KEYS.get(self.key, "sense key")
        return f"{what} ({self.key:X}h, {self.code:02X}h/{self.qualifier:02X}h)"


class Refused(StorageError):
    """The device has failed a command, and said why."""

    def __init__(self, text: str, sense: Sense) -> None:
        super().__init__(text)
        self.sense = sense


class Drive(NamedTuple):
    """What the device says of itself."""

    vendor: str
    product: str
    block_size: int
    blocks: int


class Storage:
    """The first mass storage of the device at a USB host, logical unit 0.

    The volume is looked at anew for each call of `files`, `read` and `write`: the firmware may have
    changed it. Raises StorageError for what the device does, WaitTimeout where it does not appear,
    UserError for a volume that cannot be used.
    """

    def __init__(self, session: Session, host: str) -> None:
        self._session, self._host = session, host
        self._drive: Drive | None = None

    # -- files -----------------------------------------------------------------------------------

    @property
    def label(self) -> str:
        """The volume's name."""
        with self._volume() as volume:
            return volume.label

    def files(self) -> dict[str, int]:
        """The size of each file of the FAT volume by its path (`lib/x.py`)."""
        with self._volume() as volume:
            return volume.files()

    def read(self, path: str) -> bytes:
        """What is in a file of the volume."""
        _check_path(path)
        with self._volume() as volume:
            return volume.read(path)

    def write(self, path: str, data: bytes) -> None:
        """Make a file in the volume, or replace it; its folder has to be there.

        FATs and folders are written first: a bootloader restarts with the last block of an image.
        """
        _check_path(path)
        content = _bytes(data)
        with self._volume() as volume:
            volume.write(path, content)
        if self.is_there:
            self._synchronize()

    def image(self) -> bytes:
        """All blocks: of an ordinary volume, an image file that can be mounted."""
        drive = self.wait()
        steps = range(0, drive.blocks, AT_ONCE)
        return b"".join(self.read_blocks(n, min(AT_ONCE, drive.blocks - n)) for n in steps)

    @contextmanager
    def _volume(self) -> Iterator[Volume]:
        """UserError for what is wrong with it, or with a path."""
        drive = self.wait()
        try:
            yield Volume(_Blocks(self, drive))
        except FatError as error:
            raise UserError(str(error)) from None

    # -- the device ------------------------------------------------------------------------------

    @property
    def is_there(self) -> bool:
        """Whether the device is configured, and has a mass storage."""
        there: bool = self._session.call(self._host, "has_storage")
        return there

    def wait(self, timeout: str | int = _APPEARS) -> Drive:
        """Run until the device has a mass storage that is ready; what it says of itself."""
        limits = self._session.limits(timeout)
        while not self.is_there:
            if self._session.now >= limits.until:
                raise StorageError(
                    f"no mass storage has appeared at {self._host} within {timeout} of virtual "
                    "time: the firmware offers none on USB, or has not come as far"
                )
            self._session.run_until(self._session.limits(_STEP))
        inquiry = self.command(bytes((0x12, 0, 0, 0, _INQUIRY_LENGTH, 0)), length=_INQUIRY_LENGTH)
        self._wait_until_ready()
        capacity = self.command(bytes((0x25, *bytes(9))), length=_CAPACITY_LENGTH)
        if len(capacity) < _CAPACITY_LENGTH or len(inquiry) < _INQUIRY_LENGTH:
            raise StorageError("the mass storage has sent less than INQUIRY or READ CAPACITY need")
        last, block_size = struct.unpack(">II", capacity)
        vendor, product = (inquiry[a:b].decode("ascii", "replace") for a, b in ((8, 16), (16, 32)))
        if block_size not in (512, 1024, 2048, 4096):
            raise StorageError(f"the mass storage has blocks of {block_size} bytes")
        self._drive = Drive(vendor.strip(" \0"), product.strip(" \0"), block_size, last + 1)
        return self._drive

    def _wait_until_ready(self) -> None:
        for _ in range(_BECOMES_READY):
            try:
                self.command(bytes(6))
            except Refused as refused:
                if refused.sense.key not in (_NOT_READY, _UNIT_ATTENTION):
                    raise
                reason = str(refused)
                if refused.sense.key == _NOT_READY:
                    self._session.run_until(self._session.limits("50ms"))
            else:
                return
        raise StorageError(f"the mass storage does not become ready: {reason}")

    def read_blocks(self, first: int, count: int) -> bytes:
        """Blocks of the device: READ (10)."""
        _check_blocks(first, count)
        size = count * self._known.block_size
        block = struct.pack(">BBIBHB", 0x28, 0, first, 0, count, 0)
        data = self.command(block, length=size)
        if len(data) != size:
            raise StorageError(f"READ (10) of {size} bytes at block {first}: {len(data)} came")
        return data

    def write_blocks(self, first: int, data: bytes) -> None:
        """Change whole blocks of the device: WRITE (10)."""
        data = _bytes(data)
        count, rest = divmod(len(data), self._known.block_size)
        if rest:
            whole = self._known.block_size
            raise UserError(f"{len(data)} bytes are no whole blocks, which have {whole} each")
        _check_blocks(first, count)
        self.command(struct.pack(">BBIBHB", 0x2A, 0, first, 0, count, 0), data=data)

    @property
    def _known(self) -> Drive:
        return self._drive or self.wait()

    def _synchronize(self) -> None:
        """Have the firmware write what it holds back; many do not know the command."""
        try:
            self.command(bytes((0x35, *bytes(9))))
        except Refused as refused:
            if refused.sense.key != _ILLEGAL_REQUEST:
                raise

    def command(self, block: bytes, *, data: bytes = b"", length: int = 0) -> bytes:
        """Any SCSI command: `data` goes to the device, or up to `length` bytes come from it.

        Refused, with the sense that REQUEST SENSE gives, where the device fails it.
        """
        with self._session.turn:
            status, received, why = self._execute(block, data, length)
            if status == "passed":
                return received
            what = f"the mass storage at {self._host}: SCSI command {block[0]:02X}h"
            if status != "failed":
                raise StorageError(f"{what}: {why}")
            request = bytes((0x03, 0, 0, 0, _SENSE_LENGTH, 0))
            status, received, why = self._execute(request, b"", _SENSE_LENGTH)
            if status != "passed" or len(received) < 14:
                raise StorageError(f"{what} failed, and REQUEST SENSE has no answer: {why}")
            sense = Sense(received[2] & 0xF, received[12], received[13])
            raise Refused(f"{what} failed: {sense}", sense)

    def _execute(self, block: bytes, data: bytes, length: int) -> tuple[str, bytes, str]:
        """Status, data, reason. The model bounds its phases, so that there is an end."""
        session = self._session
        number = session.call(self._host, "begin_command", block, data, length)
        while (result := session.call(self._host, "command_result", number)) is None:
            session.run_until(session.limits(_STEP))
        status, received, _, why = result
        return status, received, why


def _check_path(path: object) -> None:
    if not isinstance(path, str):
        raise UserError(f"path: expected text, given {path!r}")


def _check_blocks(first: object, count: object) -> None:
    """What READ (10) and WRITE (10) have room for; where the device ends, it says itself."""
    for name, value, bits in (("first", first, 32), ("count", count, 16)):
        if not isinstance(value, int) or value < 0 or value >> bits:
            raise UserError(f"{name}: expected 0 to {(1 << bits) - 1:#x}, given {value!r}")


def _bytes(data: object) -> bytes:
    try:
        return bytes(memoryview(data))  # type: ignore[arg-type]
    except TypeError:
        raise UserError(f"data: expected bytes, given {data!r}") from None


class _Blocks:
    """What a FAT volume lies on."""

    def __init__(self, storage: Storage, drive: Drive) -> None:
        self.block_size, self.count = drive.block_size, drive.blocks
        self.read, self.write = storage.read_blocks, storage.write_blocks
