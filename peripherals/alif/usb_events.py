"""Registers of the DWC3 device controller, and the ring in memory in which it tells events.

Register list: MicroPython, ports/alif/tinyusb_port; events: traced with that driver.
"""

from __future__ import annotations

import struct

from ..core import BusError, Output, Peripheral, Register, RegisterArray, State
from ..usb.link import Handshake

ENDPOINTS = 8
"""Physical ones, of which even numbers are OUT."""
_EVENT = 4


class EventRing(Peripheral):
    """Base of the controller. Assumption: version and hardware parameters are not public: 0."""

    SIZE = 0x1_0000

    IRQ = Output("USB interrupt", required=True)

    GSBUSCFG0 = Register(0xC100)
    GSBUSCFG1 = Register(0xC104)
    GCTL = Register(0xC110)
    CORESOFTRESET = GCTL.field(11)
    GSTS = Register(0xC118, ro=True)
    GUCTL1 = Register(0xC11C)
    GSNPSID = Register(0xC120, ro=True)
    GUID = Register(0xC128)
    GUCTL = Register(0xC12C)
    GBUSERRADDRLO = Register(0xC130, ro=True)
    GBUSERRADDRHI = Register(0xC134, ro=True)
    GHWPARAMS = RegisterArray(0xC140, 8, ro=True)
    GUCTL2 = Register(0xC19C)
    GUSB2PHYCFG0 = Register(0xC200)
    GTXFIFOSIZ = RegisterArray(0xC300, 4)
    GRXFIFOSIZ = RegisterArray(0xC380, 4)
    GEVNTADRLO0 = Register(0xC400)
    GEVNTADRHI0 = Register(0xC404)
    GEVNTSIZ0 = Register(0xC408)
    EVENTSIZ = GEVNTSIZ0.field(0, 16)
    EVNTINTRPTMASK = GEVNTSIZ0.field(31)
    GEVNTCOUNT0 = Register(0xC40C)
    GHWPARAMS8 = Register(0xC600, ro=True)
    GTXFIFOPRIDEV = Register(0xC610)
    GTXFIFOPRIHST = Register(0xC618)
    GRXFIFOPRIHST = Register(0xC61C)
    GFLADJ = Register(0xC630)
    GUSB2RHBCTL0 = Register(0xC640)
    DCFG = Register(0xC700)
    DEVSPD = DCFG.field(0, 3)
    DEVADDR = DCFG.field(3, 7)
    DCTL = Register(0xC704)
    CSFTRST = DCTL.field(30)
    RUN_STOP = DCTL.field(31)
    DEVTEN = Register(0xC708)
    DSTS = Register(0xC70C, ro=True)
    DGCMDPAR = Register(0xC710)
    DGCMD = Register(0xC714, unmodelled="generic commands")
    DALEPENA = Register(0xC720)
    DEPCMDPAR2 = RegisterArray(0xC800, ENDPOINTS, stride=16)
    DEPCMDPAR1 = RegisterArray(0xC804, ENDPOINTS, stride=16)
    DEPCMDPAR0 = RegisterArray(0xC808, ENDPOINTS, stride=16)
    DEPCMD = RegisterArray(0xC80C, ENDPOINTS, stride=16)
    DEV_IMOD0 = Register(0xCA00)

    _events = State(0)
    """Bytes of events that the firmware has not taken back yet."""
    _tail = State(0)
    """Where the next event goes, in bytes from the beginning of the ring."""

    def _signal(self) -> None:
        self.IRQ.set(bool(self._events) and not self.EVNTINTRPTMASK)

    def _post(self, event: int) -> None:
        size = self.EVENTSIZ
        if self._events + _EVENT > size:
            self.diagnose("usb-event-overflow", f"no room for event {event:#x} in the ring: lost")
            return
        address = self.GEVNTADRLO0 | self.GEVNTADRHI0 << 32
        try:
            self.system.bus.write(address + self._tail, struct.pack("<I", event))
        except BusError as error:
            self._bus_error(error)
            return
        self._tail = (self._tail + _EVENT) % size
        self._events += _EVENT
        self._signal()

    def _post_device(self, kind: int, info: int = 0) -> None:
        if self.DEVTEN >> kind & 1:
            self._post(1 | kind << 8 | info << 16)

    def _bus_error(self, error: BusError) -> Handshake:
        self.diagnose("usb-bus-error", f"event ring, TRB or buffer: {error}")
        return Handshake.NAK

    @GEVNTADRLO0.on_write
    def _ring_moved(self, value: int) -> None:
        self._tail = 0

    @GEVNTSIZ0.on_write
    def _ring_sized(self, value: int) -> None:
        self._signal()

    @GEVNTCOUNT0.on_read
    @GEVNTCOUNT0.on_peek
    def _count(self) -> int:
        return self._events
