"""A firmware's USB stack at register level, in the order in which MicroPython's Alif port works.

The interrupt handler takes events and answers status stages by itself; requests are handled a
little later, by the device task. A status stage is over when both have seen it.
"""

from __future__ import annotations

import struct

from usb_firmware import MICROPYTHON, MS, Layout

from xipsim.peripherals.alif.usb import Usb
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.usb.host import Host

MEMORY = 0x0200_0000
RING, TRBS, SETUP, BUFFERS = MEMORY, MEMORY + 0x1000, MEMORY + 0x2000, MEMORY + 0x4000
GCTL, GSTS = 0xC110, 0xC118
GEVNTADRLO, GEVNTSIZ, GEVNTCOUNT = 0xC400, 0xC408, 0xC40C
DCFG, DCTL, DEVTEN, DSTS, DALEPENA = 0xC700, 0xC704, 0xC708, 0xC70C, 0xC720
PAR1, PAR0, CMD = 0xC804, 0xC808, 0xC80C
NORMAL, SETUP_TRB, STATUS_2, STATUS_3, DATA, ZLP = 1, 2, 3, 4, 5, 9
TASK = 20_000
"""ns from an event to the device task."""


class Firmware:
    """Driver, device task and application."""

    def __init__(self, bench: Bench, usb: Usb, layout: Layout) -> None:
        self.bench, self.usb, self.layout = bench, usb, layout
        bench.bus.add(MEMORY, 0x1_0000)
        self.entry = bench.clock.alarm(self.interrupt)
        self.task = bench.clock.alarm(self.work)
        self.tail = 0
        self.sizes = [0] * 8
        self.events: list[int] = []
        self.todo: list[tuple[str, int]] = []
        self.status = 0
        self.long_data = False
        self.setups: list[bytes] = []
        self.resets = 0
        self.line_state = 0
        self.received = bytearray()
        self.outbox: list[bytes] = []
        self.sending = self.configured = self.deaf = False
        usb.IRQ.connect(self)

    # -- engine's side

    def set(self, level: bool) -> None:
        if level and self.entry.deadline is None:
            self.entry.at(self.bench.clock.now + 500)

    def interrupt(self) -> None:
        while self.usb.read(GEVNTCOUNT):
            assert not self.usb.read(GSTS) & 0x30
            (event,) = struct.unpack("<I", self.bench.bus.read(RING + self.tail, 4))
            self.tail = (self.tail + 4) % 4096
            self.events.append(event)
            self.handle(event)
            self.usb.write(GEVNTCOUNT, 4)

    # -- driver

    def command(self, number: int, kind: int, parameter: int = 0) -> int:
        register = CMD + 16 * number
        self.usb.write(register, kind | parameter << 16)
        self.usb.write(register, self.usb.read(register) | 1 << 10)
        value = self.usb.read(register)
        assert not value & 1 << 10
        return value >> 12 & 0xF

    def configure_endpoint(self, number: int, size: int, kind: int, modify: bool = False) -> None:
        self.usb.write(PAR1 + 16 * number, number << 25 | 0x500)
        self.usb.write(PAR0 + 16 * number, modify << 31 | size << 3 | kind << 1)
        assert self.command(number, 1) == 0
        if not modify:
            self.usb.write(PAR0 + 16 * number, 1)
            assert self.command(number, 2) == 0

    def start_transfer(self, number: int, buffer: int, size: int, kind: int) -> int:
        trb = TRBS + 32 * number
        self.bench.bus.write(trb, struct.pack("<4I", buffer, 0, size, 0xC03 | kind << 4))
        self.usb.write(PAR1 + 16 * number, trb)
        self.usb.write(PAR0 + 16 * number, 0)
        return self.command(number, 6)

    def arm_setup(self) -> int:
        return self.start_transfer(0, SETUP, 8, SETUP_TRB)

    def start(self) -> None:
        w, r = self.usb.write, self.usb.read
        w(DCTL, r(DCTL) & ~(1 << 31))
        w(DCTL, r(DCTL) | 1 << 30)
        assert not r(DCTL) & 1 << 30
        w(GCTL, r(GCTL) | 1 << 11)
        w(GCTL, r(GCTL) & ~(1 << 11))
        self.tail = 0
        w(GEVNTADRLO, RING)
        w(GEVNTSIZ, 4096)
        w(GEVNTCOUNT, r(GEVNTCOUNT) & ~0xFFFF)
        w(DEVTEN, 0xF)
        self.command(0, 9)
        for number in (0, 1):
            self.configure_endpoint(number, 512, 0)
        w(DCTL, r(DCTL) | 1 << 31)
        self.arm_setup()
        w(DALEPENA, 3)

    def stop(self) -> None:
        self.usb.write(DCTL, self.usb.read(DCTL) & ~(1 << 31))

    def later(self, what: str, value: int = 0) -> None:
        self.todo.append((what, value))
        if self.task.deadline is None:
            self.task.at(self.bench.clock.now + TASK)

    def handle(self, event: int) -> None:
        if event & 1:
            kind = event >> 8 & 0x1F
            if kind == 1:
                self.usb.write(DCFG, self.usb.read(DCFG) & ~(0x7F << 3))
                self.resets += 1
                self.later("reset")
            elif kind == 2:
                for number in (0, 1):
                    self.configure_endpoint(number, 64, 0, modify=True)
            elif kind == 3 and event >> 16 & 0xF == 4:
                self.later("unplugged")
            return
        number, kind, status = event >> 1 & 0x1F, event >> 6 & 0xF, event >> 12 & 0xF
        if kind == 1:
            self.completed(number)
        elif kind == 3 and status == 2 and number == 1:
            request = self.bench.bus.read(SETUP, 3)
            if request[:2] == b"\0\5":
                self.usb.write(DCFG, self.usb.read(DCFG) & ~(0x7F << 3) | request[2] << 3)
            self.start_transfer(1, 0, 0, STATUS_2)
        elif kind == 3 and status == 2 and number == 0:
            self.sizes[0] = 0
            self.start_transfer(0, SETUP, 64, STATUS_3)

    def completed(self, number: int) -> None:
        left, control = struct.unpack("<2I", self.bench.bus.read(TRBS + 32 * number + 8, 8))
        assert not control & 1, "HWO"
        kind = control >> 4 & 0x3F
        if number == 0 and kind == SETUP_TRB:
            assert left == 0
            self.later("setup")
        elif (number, kind) in ((0, STATUS_3), (1, STATUS_2)) and not self.sizes[number]:
            self.status_seen()
        else:
            self.later("done", number << 16 | self.sizes[number] - left)

    def status_seen(self) -> None:
        self.status += 1
        if self.status == 2:
            self.status = 0
            self.later("status")

    # -- device task

    def work(self) -> None:
        todo, self.todo = self.todo, []
        for what, value in todo:
            match what:
                case "reset" | "unplugged":
                    self.configured = self.sending = False
                    self.line_state = 0
                case "setup":
                    self.setup(self.bench.bus.read(SETUP, 8))
                case "status":
                    self.long_data = False
                    if not self.deaf:
                        assert self.arm_setup() == 0
                case "done":
                    self.done(value >> 16, value & 0xFFFF)

    def setup(self, packet: bytes) -> None:
        self.setups.append(packet)
        self.kind, self.code, self.value, self.at, self.length = struct.unpack("<BBHHH", packet)
        if self.kind & 0x80:
            answer = self.describe()
            if answer is None:
                self.stall()
                return
            self.answer, self.sent = answer[: self.length], 0
            self.control_chunk()
        elif self.length:
            self.sizes[0] = self.length
            self.start_transfer(0, BUFFERS, self.length, STATUS_3)
        else:
            self.apply()

    def stall(self) -> None:
        for number in (0, 1):
            self.command(number, 4)
            self.arm_setup()

    def describe(self) -> bytes | None:
        kind, number = self.value >> 8, self.value & 0xFF
        if kind == 1:
            return self.layout.device
        if kind == 2:
            return self.layout.configuration
        if kind == 3 and number == 0:
            return b"\x04\x03\x09\x04"
        if kind == 3 and number in self.layout.texts:
            text = self.layout.texts[number].encode("utf-16-le")
            return bytes((2 + len(text), 3)) + text
        return None

    def control_chunk(self) -> None:
        chunk = self.answer[self.sent : self.sent + 64]
        self.sent += len(chunk)
        kind = NORMAL if self.long_data else DATA
        self.long_data = len(chunk) == 64
        self.bench.bus.write(BUFFERS + 0x800, chunk)
        self.sizes[1] = len(chunk)
        self.start_transfer(1, BUFFERS + 0x800, len(chunk), kind)

    def done(self, number: int, size: int) -> None:
        if number == 1:
            if size == 64 and self.sent < len(self.answer):
                self.control_chunk()
            else:
                self.status_seen()
        elif number == 0:
            self.apply()
        elif number == 2 * self.layout.bulk_out:
            self.received += self.bench.bus.read(BUFFERS + 0x1000, size)
            self.receive()
        elif number == 2 * (self.layout.bulk_in & 0xF) + 1:
            self.sending = False
            self.send_next()

    def apply(self) -> None:
        if (self.kind, self.code) == (0, 9):
            self.command(0, 9, 2)
            out, back = 2 * self.layout.bulk_out, 2 * (self.layout.bulk_in & 0xF) + 1
            for number in (out, back):
                self.configure_endpoint(number, 512, 2)
                self.usb.write(DALEPENA, self.usb.read(DALEPENA) | 1 << number)
            self.configured = True
            self.receive()
            self.send_next()
        if (self.kind, self.code) == (0x21, 0x22):
            self.line_state = self.value
        self.sizes[1] = 0
        self.status_seen()

    # -- serial port

    def receive(self) -> None:
        number = 2 * self.layout.bulk_out
        self.sizes[number] = 512
        assert self.start_transfer(number, BUFFERS + 0x1000, 512, NORMAL) == 0

    def print(self, *chunks: bytes) -> None:
        """Send each chunk as one transfer."""
        self.outbox += chunks
        self.send_next()

    def send_next(self) -> None:
        if self.outbox and not self.sending and self.configured:
            chunk = self.outbox.pop(0)
            self.sending = True
            number = 2 * (self.layout.bulk_in & 0xF) + 1
            self.bench.bus.write(BUFFERS + 0x2000, chunk)
            self.sizes[number] = len(chunk)
            kind = NORMAL if chunk else ZLP
            assert self.start_transfer(number, BUFFERS + 0x2000, len(chunk), kind) == 0


class Board:
    """Controller, PC and firmware on one bench."""

    def __init__(self, layout: Layout = MICROPYTHON) -> None:
        self.bench = Bench()
        self.usb = Usb(self.bench.system, name="usb")
        self.pc = Host(self.bench.system, name="pc")
        self.usb.port[0] = self.pc
        self.usb.connected()
        self.firmware = Firmware(self.bench, self.usb, layout)
        self.printed = bytearray()
        self.pc.attach(self.printed.extend)
        for one in (self.usb, self.pc):
            one.reset(ResetCause.POWER_ON)

    def run(self, duration: int) -> None:
        self.bench.clock.advance(duration)

    def open(self) -> Board:
        """Start the firmware, and wait until the PC has opened the port."""
        self.firmware.start()
        self.run(100 * MS)
        assert self.pc.opened_at is not None, self.notes
        return self

    @property
    def notes(self) -> list[str]:
        return [note.message for note in self.bench.notes]
