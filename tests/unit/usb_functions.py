"""A firmware with two serial ports, a mass storage and a keyboard, beside `usb_firmware`'s."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from usb_firmware import BUFFER, BUFFERS, CTRL, Board, Firmware, Layout, endpoint, interface, whole

BLOCK, BLOCKS = 512, 4096
SECOND, SECOND_IN, SECOND_OUT = 4, 0x86, 0x06
STORAGE, STORAGE_IN, STORAGE_OUT = 2, 0x83, 0x03
KEYBOARD, KEYS = 3, 0x84
NOTIFY = 0x81
REPORT_DESCRIPTOR = bytes.fromhex("05 01 09 06 a1 01 05 07 19 e0 29 e7 15 00 25 01 c0")
AT_ONCE = 16384


def serial(control: int, notify: int, receive: int, send: int, string: int) -> bytes:
    """The interfaces of a serial port, data behind control."""
    return (
        bytes((8, 11, control, 2, 2, 2, 0, 0))
        + interface(control, 1, (2, 2, 0), string)
        + bytes((5, 0x24, 0, 0x20, 1, 4, 0x24, 2, 6, 5, 0x24, 6, control, control + 1))
        + endpoint(notify, 3, 8)
        + interface(control + 1, 2, (10, 0, 0))
        + endpoint(receive, 2, 512)
        + endpoint(send, 2, 512)
    )


COMPOSITE = Layout(
    whole(
        1, 6,
        serial(0, 0x81, 0x02, 0x82, 4),
        interface(STORAGE, 2, (8, 6, 0x50)),
        endpoint(STORAGE_IN, 2, 512), endpoint(STORAGE_OUT, 2, 512),
        interface(KEYBOARD, 1, (3, 1, 1)),
        struct.pack("<BBHBBBH", 9, 0x21, 0x111, 0, 1, 0x22, len(REPORT_DESCRIPTOR)),
        bytes((7, 5, KEYS, 3, 8, 0, 4)),
        serial(SECOND, 0x85, SECOND_OUT, SECOND_IN, 5),
    ),
    control=0, bulk_in=0x82, bulk_out=0x02,
    texts={1: "Maker", 2: "Composite", 3: "123", 4: "first port", 5: "second port"},
)  # fmt: skip


class Composite(Firmware):
    """Serves its storage in `disk`. misbehave: what it does instead, once, on a command: given the
    command block, it has done it all if it returns True."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.disk = bytearray(BLOCK * BLOCKS)
        self.commands: list[bytes] = []
        self.misbehave: Callable[[bytes], bool] | None = None
        self.sense = self.unready = (0, 0, 0)
        self.resets_of_storage = 0
        self.after: list[Callable[[], None]] = []
        self.second = bytearray()
        self.second_state = 0
        self.idle_set = False
        self.notified: list[int] = []

    # -- set-up

    def configure(self) -> None:
        super().configure()
        for address in (NOTIFY, STORAGE_IN, STORAGE_OUT, SECOND_IN, SECOND_OUT, KEYS):
            self.queue_head(address, 8 if address in (NOTIFY, KEYS) else 512)
            register, shift = CTRL + 4 * (address & 0xF), 16 if address & 0x80 else 0
            self.usb.write(register, self.usb.read(register) & ~(0xFFFF << shift) | 0xC8 << shift)
        self.wait_for_command()
        self.transfer(SECOND_OUT, 512)

    def describe(self) -> bytes | None:
        if (self.kind, self.value) == (0x81, 0x2200) and self.at == KEYBOARD:
            return REPORT_DESCRIPTOR
        return super().describe()

    def apply(self, data: bytes) -> None:
        if self.kind == 0x21 and self.at != self.layout.control:
            if self.code == 0xFF and self.at == STORAGE:
                self.resets_of_storage += 1
                self.wait_for_command()
            elif self.code == 0x0A and self.at == KEYBOARD:
                self.idle_set = True
            elif self.code == 0x22 and self.at == SECOND:
                self.second_state = self.value
            self.transfer(0x80, 0)
            return
        super().apply(data)
        if (self.kind, self.code) == (0x21, 0x22):
            self.send(NOTIFY, bytes.fromhex("a1 20 00 00 00 00 02 00 03 00"))

    def completed(self, address: int) -> None:
        index = self.index(address)
        at = BUFFERS + BUFFER * index
        if address == STORAGE_OUT:
            self.storage_received(self.bench.bus.read(at, AT_ONCE))
        elif address == STORAGE_IN:
            self.after.pop(0)()
        elif address == NOTIFY:
            self.notified.append(self.bench.clock.now)
        elif address == SECOND_OUT:
            token = int.from_bytes(self.bench.bus.read(0x2000_1000 + 32 * index + 4, 4), "little")
            self.second += self.bench.bus.read(at, 512 - (token >> 16))
            self.transfer(SECOND_OUT, 512)
        else:
            super().completed(address)

    def press(self, report: bytes) -> None:
        self.send(KEYS, report)

    # -- mass storage

    def wait_for_command(self) -> None:
        self.phase = "command"
        self.transfer(STORAGE_OUT, 512)

    def storage_received(self, data: bytes) -> None:
        if self.phase == "command":
            signature, self.tag, self.asked, _, _, length = struct.unpack("<4sIIBBB", data[:15])
            assert signature == b"USBC"
            block = data[15 : 15 + length]
            self.commands.append(block)
            self.block = block
            if self.misbehave and (wrong := self.misbehave):
                self.misbehave = None
                if wrong(block):
                    return
            self.execute(block)
        else:
            at, taken = self.written, min(self.asked - self.written, AT_ONCE)
            self.disk[self.first + at : self.first + at + taken] = data[:taken]
            self.written += taken
            self.write_on()

    def execute(self, block: bytes) -> None:
        code = block[0]
        if code == 0x12:
            self.answer_with(b"\0\x80\5\2\x1f\0\0\0Maker   Stick           1.0 ")
        elif code == 0x03:
            key, asc, ascq = self.sense
            sense = bytes((0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, asc, ascq, 0, 0, 0, 0))
            self.answer_with(sense)
            self.sense = (0, 0, 0)
        elif code == 0x25:
            self.answer_with(struct.pack(">II", BLOCKS - 1, BLOCK))
        elif code == 0x28:
            first, count = struct.unpack(">IxH", block[2:9])
            self.answer_with(self.disk[first * BLOCK : (first + count) * BLOCK])
        elif code == 0x2A:
            first, _ = struct.unpack(">IxH", block[2:9])
            self.first, self.written, self.phase = first * BLOCK, 0, "data"
            self.write_on()
        elif code == 0x00:
            self.sense = self.unready
            self.status(1 if self.unready[0] else 0)
        else:
            self.fail((5, 0x20, 0))

    def fail(self, sense: tuple[int, int, int]) -> None:
        """Fail a command without data, or before them: by a stall of the data phase."""
        self.sense = sense
        if self.asked:
            self.halt(STORAGE_IN)
        self.status(1)

    def halt(self, address: int) -> None:
        register = CTRL + 4 * (address & 0xF)
        self.usb.write(register, self.usb.read(register) | 1 << (16 if address & 0x80 else 0))

    def write_on(self) -> None:
        if self.written < self.asked:
            self.transfer(STORAGE_OUT, min(self.asked - self.written, AT_ONCE))
        else:
            self.status(0)

    def answer_with(self, data: bytes) -> None:
        pieces = [data[at : at + AT_ONCE] for at in range(0, len(data), AT_ONCE)]
        residue = max(self.asked - len(data), 0)
        self.after += [lambda p=p: self.send(STORAGE_IN, p) for p in pieces[1:]]
        self.after.append(lambda: self.status(0, residue))
        self.send(STORAGE_IN, pieces[0])

    def status(self, status: int, residue: int = 0, *, tag: int | None = None) -> None:
        self.after.append(self.wait_for_command)
        csw = struct.pack("<4sIIB", b"USBS", self.tag if tag is None else tag, residue, status)
        self.send(STORAGE_IN, csw)


def composite(**keywords: Any) -> Board:
    """A board with that firmware, its port open."""
    return Board(COMPOSITE, kind=Composite, **keywords).open()


class FakeSession:
    """As much of a session as `UsbHost` and `Storage` need, on the bench of a board."""

    class Turn:
        def __enter__(self) -> None: ...
        def __exit__(self, *_: object) -> None: ...

    def __init__(self, board: Board) -> None:
        self._board = board
        self.turn = self.Turn()
        self.usb_hosts = ["pc"]
        self.on_step: Callable[[], None] = lambda: None

    @property
    def now(self) -> int:
        return self._board.bench.clock.now

    def call(self, entry: str, method: str, *arguments: Any) -> Any:
        from xipsim.errors import UserError

        assert entry == "pc"
        assert getattr(type(self._board.pc), method).exposed
        try:
            return getattr(self._board.pc, method)(*arguments)
        except ValueError as error:
            raise UserError(str(error)) from None

    def limits(self, timeout: str | int, wall: float | None = None) -> Any:
        from types import SimpleNamespace

        from xipsim.units import duration

        return SimpleNamespace(until=self.now + duration(timeout))

    def run_until(self, limits: Any) -> None:
        self._board.run(limits.until - self.now)
        self.on_step()
