"""A firmware's USB stack at register level, in the order in which TinyUSB's ci_hs driver works.

`old` is the driver of MicroPython v1.18: it leaves URI disabled, handles a bus reset after PCI, and
hands a SETUP on before the completions of the same interrupt.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.usb import Usb
from xipsim.peripherals.usb.host import Host
from xipsim.peripherals.usb.terminal import Terminal

QUEUE_HEADS, DESCRIPTORS, BUFFERS = 0x2000_0000, 0x2000_1000, 0x2001_0000
BUFFER = 0x5000
USBCMD, USBSTS, USBINTR, DEVICEADDR, LIST, PORTSC1 = 0x140, 0x144, 0x148, 0x154, 0x158, 0x184
OTGSC, USBMODE, SETUPSTAT, PRIME, FLUSH, STAT, COMPLETE, CTRL = (
    0x1A4, 0x1A8, 0x1AC, 0x1B0, 0x1B4, 0x1B8, 0x1BC, 0x1C0,
)  # fmt: skip
UI, PCI, URI, SRI = 1, 4, 0x40, 0x80
MS = 1_000_000
S = 1_000_000_000


@dataclass
class Layout:
    """What the device's descriptors say, and where its serial port is."""

    configuration: bytes
    control: int
    bulk_in: int
    bulk_out: int
    value: int = 1
    strings: tuple[int, int, int] = (1, 2, 3)
    texts: dict[int, str] = field(default_factory=dict)
    qualifier: bool = False

    @property
    def device(self) -> bytes:
        return struct.pack(
            "<BBHBBBBHHHBBBB",
            18, 1, 0x200, 0xEF, 2, 1, 64, 0xF055, 0x9802, 0x100, *self.strings, 1,
        )  # fmt: skip


def endpoint(address: int, kind: int, size: int) -> bytes:
    return struct.pack("<BBBBHB", 7, 5, address, kind, size, 0)


def interface(number: int, count: int, kind: tuple[int, int, int], string: int = 0) -> bytes:
    return bytes((9, 4, number, 0, count, *kind, string))


def whole(value: int, interfaces: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), interfaces, value, 0, 0x80, 125) + body


# MicroPython's own: imxrt.md 7.3.
MICROPYTHON = Layout(
    whole(
        1, 2,
        bytes((8, 11, 0, 2, 2, 2, 0, 0)),
        interface(0, 1, (2, 2, 0), 4),
        bytes((5, 0x24, 0, 0x20, 1, 5, 0x24, 1, 0, 1, 4, 0x24, 2, 6, 5, 0x24, 6, 0, 1)),
        endpoint(0x81, 3, 8),
        interface(1, 2, (10, 0, 0)),
        endpoint(0x02, 2, 512), endpoint(0x82, 2, 512),
    ),
    control=0, bulk_in=0x82, bulk_out=0x02,
    texts={1: "MicroPython", 2: "Board in FS mode", 3: "000000000000", 4: "Board CDC"},
)  # fmt: skip

# Mass storage first; the data interface before the control interface, found by the union alone.
SHUFFLED = Layout(
    whole(
        3, 3,
        interface(0, 2, (8, 6, 0x50), 9),
        endpoint(0x84, 2, 512), endpoint(0x06, 2, 512),
        interface(1, 2, (10, 0, 0)),
        endpoint(0x83, 2, 512), endpoint(0x01, 2, 512),
        interface(2, 1, (2, 2, 1), 7),
        bytes((5, 0x24, 0, 0x20, 1, 4, 0x24, 2, 6, 5, 0x24, 6, 2, 1)),
        endpoint(0x85, 3, 16),
    ),
    control=2, bulk_in=0x83, bulk_out=0x01, value=3, strings=(6, 5, 0),
    texts={5: "Shuffled", 6: "Somebody", 7: "port " * 25},
    qualifier=True,
)  # fmt: skip


class Firmware:
    """Interrupt handler and device task. `held`: interrupts are masked, as by a flash erase."""

    def __init__(self, bench: Bench, usb: Usb, layout: Layout, *, old: bool = False) -> None:
        self.bench, self.usb, self.layout, self.old = bench, usb, layout, old
        bench.bus.add(QUEUE_HEADS, BUFFERS - QUEUE_HEADS + 16 * BUFFER)
        self.entry = bench.clock.alarm(self.interrupt)
        self.held = False
        self.refuse: set[tuple[int, int]] = set()
        self.setups: list[bytes] = []
        self.resets = self.late_resets = 0
        self.line_state = 0
        self.line_coding = b""
        self.received = bytearray()
        self.outbox: list[bytes] = []
        self.sending = False
        usb.IRQ.connect(self)

    # -- engine's side

    def set(self, level: bool) -> None:
        if level and self.entry.deadline is None:
            self.entry.at(self.bench.clock.now + 500)

    def hold(self, on: bool) -> None:
        self.held = on
        self.set(not on and self.usb.IRQ.level)

    def interrupt(self) -> None:
        if self.held:
            return
        self.isr()
        self.set(self.usb.IRQ.level)

    # -- driver

    def start(self) -> None:
        w = self.usb.write
        w(USBCMD, self.usb.read(USBCMD) | 2)
        assert not self.usb.read(USBCMD) & 2
        w(USBMODE, 2)
        w(OTGSC, 0x09)
        self.clear_queues()
        w(LIST, QUEUE_HEADS)
        w(USBSTS, self.usb.read(USBSTS))
        w(USBINTR, 0x107 if self.old else 0x147)
        w(USBCMD, 1)

    def stop(self) -> None:
        self.usb.write(USBCMD, 0)

    def clear_queues(self) -> None:
        self.bench.bus.write(QUEUE_HEADS, bytes(0x2000))
        self.sending = False

    def queue_head(self, address: int, size: int) -> None:
        at = QUEUE_HEADS + 64 * self.index(address)
        ios = 1 << 15 if address == 0 else 0
        capabilities = 1 << 29 | size << 16 | ios
        self.bench.bus.write(at, struct.pack("<16I", capabilities, 0, 1, *[0] * 13))

    @staticmethod
    def index(address: int) -> int:
        return 2 * (address & 0xF) + (address >> 7)

    @staticmethod
    def bit(address: int) -> int:
        return 1 << (address & 0xF) << 16 * (address >> 7)

    def bus_reset(self) -> None:
        w, r = self.usb.write, self.usb.read
        for number in range(1, 8):
            w(CTRL + 4 * number, 0x0008_0008)
        if self.old:
            w(USBSTS, r(USBSTS))
        w(SETUPSTAT, r(SETUPSTAT))
        w(COMPLETE, r(COMPLETE))
        assert r(PRIME) == 0
        w(FLUSH, 0xFFFF_FFFF)
        assert r(FLUSH) == 0
        self.resets += 1
        if not self.old and not r(PORTSC1) & 0x100:
            self.late_resets += 1
        self.clear_queues()
        self.queue_head(0x00, 64)
        self.queue_head(0x80, 64)

    def transfer(self, address: int, size: int) -> None:
        index = self.index(address)
        descriptor, buffer = DESCRIPTORS + 32 * index, BUFFERS + BUFFER * index
        pages = [buffer + 0x1000 * i for i in range(5)]
        self.bench.bus.write(descriptor, struct.pack("<7I", 1, size << 16 | 0x8080, *pages))
        self.bench.bus.write(QUEUE_HEADS + 64 * index + 8, struct.pack("<I", descriptor))
        if address & 0xF == 0:
            assert not self.usb.read(SETUPSTAT) & 1
        self.usb.write(PRIME, self.bit(address))

    def send(self, address: int, data: bytes) -> None:
        self.bench.bus.write(BUFFERS + BUFFER * self.index(address), data)
        self.transfer(address, len(data))

    def isr(self) -> None:
        w, r = self.usb.write, self.usb.read
        status = r(USBSTS) & r(USBINTR)
        w(USBSTS, status)
        if not self.old and status & URI:
            self.bus_reset()
        if self.old and status & PCI and r(USBSTS) & URI:
            w(USBSTS, URI)
            assert r(PORTSC1) & 1
            self.bus_reset()
        if not status & UI:
            return
        complete = r(COMPLETE)
        w(COMPLETE, complete)
        events: list[bytes | int] = [
            address for n in range(8) for address in (n, n | 0x80) if complete & self.bit(address)
        ]
        if r(SETUPSTAT):
            setup = self.bench.bus.read(QUEUE_HEADS + 0x28, 8)
            w(SETUPSTAT, r(SETUPSTAT))
            events.insert(0 if self.old else len(events), setup)
        for event in events:
            if isinstance(event, bytes):
                self.setup(event)
            else:
                self.completed(event)

    def completed(self, address: int) -> None:
        index = self.index(address)
        token = int.from_bytes(self.bench.bus.read(DESCRIPTORS + 32 * index + 4, 4), "little")
        assert not token & 0xFF
        left = token >> 16
        if address == 0x80:
            self.control_sent()
        elif address == 0x00:
            self.control_received(left)
        elif address == self.layout.bulk_out:
            data = self.bench.bus.read(BUFFERS + BUFFER * index, self.room - left)
            self.received += data
            self.receive()
        elif address == self.layout.bulk_in:
            assert left == 0
            self.sending = False
            self.send_next()

    # -- control requests

    def setup(self, packet: bytes) -> None:
        self.setups.append(packet)
        self.kind, self.code, self.value, self.at, self.length = struct.unpack("<BBHHH", packet)
        self.done = False
        if self.kind & 0x80:
            answer = self.describe()
            if answer is None or (self.code, self.value >> 8) in self.refuse:
                self.stall()
                return
            self.answer, self.sent = answer[: self.length], 0
            self.control_chunk()
        elif (self.kind, self.code) in self.refuse:
            self.stall()
        elif self.length:
            self.transfer(0x00, self.length)
        else:
            self.apply(b"")

    def stall(self) -> None:
        for shift in (0, 16):
            self.usb.write(CTRL, self.usb.read(CTRL) | 1 << shift)
            self.usb.write(FLUSH, 1 << shift)

    def describe(self) -> bytes | None:
        kind, number = self.value >> 8, self.value & 0xFF
        if kind == 1:
            return self.layout.device
        if kind == 2:
            return self.layout.configuration
        if kind == 3 and number == 0:
            return b"\x04\x03\x09\x04"
        if kind == 3 and number in self.layout.texts and self.at == 0x409:
            text = self.layout.texts[number].encode("utf-16-le")
            return bytes((2 + len(text), 3)) + text
        if kind == 6 and self.layout.qualifier:
            return bytes((10, 6, 0, 2, 0xEF, 2, 1, 64, 1, 0))
        return None

    def control_chunk(self) -> None:
        chunk = self.answer[self.sent : self.sent + 64]
        self.sent += len(chunk)
        self.done = len(chunk) < 64 or self.sent == self.length
        self.send(0x80, chunk)

    def control_sent(self) -> None:
        if self.kind & 0x80:
            if self.done:
                self.transfer(0x00, 0)
            else:
                self.control_chunk()

    def control_received(self, left: int) -> None:
        if not self.kind & 0x80:
            self.apply(self.bench.bus.read(BUFFERS, self.length - left))

    def apply(self, data: bytes) -> None:
        if (self.kind, self.code) == (0, 5) and not self.old:
            self.usb.write(DEVICEADDR, self.value << 25 | 1 << 24)
        if (self.kind, self.code) == (0, 9):
            assert self.value == self.layout.value
            self.configure()
        if (self.kind, self.code) == (0x02, 1):
            shift = 16 if self.at & 0x80 else 0
            register = CTRL + 4 * (self.at & 0xF)
            self.usb.write(register, self.usb.read(register) & ~(1 << shift))
        if self.kind == 0x21:
            assert self.at == self.layout.control
        if (self.kind, self.code) == (0x21, 0x20):
            self.line_coding = data
        if (self.kind, self.code) == (0x21, 0x22):
            self.line_state = self.value
        self.transfer(0x80, 0)
        if (self.kind, self.code) == (0, 5) and self.old:
            self.usb.write(DEVICEADDR, self.value << 25 | 1 << 24)

    # -- serial port

    room = 512

    def configure(self) -> None:
        for address in (self.layout.bulk_in, self.layout.bulk_out):
            self.queue_head(address, 512)
            register, shift = CTRL + 4 * (address & 0xF), 16 if address & 0x80 else 0
            self.usb.write(register, self.usb.read(register) & ~(0xFFFF << shift) | 0xC8 << shift)
        self.receive()
        self.send_next()

    def receive(self) -> None:
        self.transfer(self.layout.bulk_out, self.room)

    def print(self, *chunks: bytes) -> None:
        """Send each chunk as one transfer."""
        self.outbox += chunks
        self.send_next()

    def send_next(self) -> None:
        if self.outbox and not self.sending:
            self.sending = True
            self.send(self.layout.bulk_in, self.outbox.pop(0))


class Board:
    """Controller, PC and firmware on one bench."""

    def __init__(
        self,
        layout: Layout = MICROPYTHON,
        *,
        old: bool = False,
        kind: type[Firmware] = Firmware,
        terminals: int = 0,
    ) -> None:
        self.bench = Bench()
        self.usb = Usb(self.bench.system, name="usb1")
        self.pc = Host(self.bench.system, name="pc")
        self.more = [Terminal(self.bench.system, name=f"pc{n + 2}") for n in range(terminals)]
        self.pc.terminals.update(enumerate(self.more))
        self.pc.connected()
        self.usb.port[0] = self.pc
        self.usb.connected()
        self.firmware = kind(self.bench, self.usb, layout, old=old)
        self.printed = bytearray()
        self.pc.attach(self.printed.extend)
        for one in (self.usb, self.pc, *self.more):
            one.reset(ResetCause.POWER_ON)

    def run(self, duration: int) -> None:
        self.bench.clock.advance(duration)

    def open(self) -> Board:
        """Start the firmware, and wait until the PC has opened the port."""
        self.firmware.start()
        self.run(50 * MS)
        assert self.pc.opened_at is not None, self.notes
        return self

    @property
    def notes(self) -> list[str]:
        return [note.message for note in self.bench.notes]

    @property
    def idle(self) -> bool:
        """Whether no alarm is set."""
        return all(alarm.deadline is None for alarm in self.bench.clock.alarms)
