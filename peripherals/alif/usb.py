"""USB controller of the Alif Ensemble: Synopsys DWC3, as a high-speed device.

Register list and what the firmware does with it: MicroPython, ports/alif/tinyusb_port; behaviour of
commands, TRBs and events: traced with that driver. Host mode is not modelled.
"""

from __future__ import annotations

import enum

from ..core import BusError, ResetCause, State, System, model
from ..usb.device import FRAME, MICROFRAME, CableEnd
from ..usb.link import Handshake, Speed
from .usb_events import ENDPOINTS, EventRing
from .usb_transfer import KINDS, Endpoint, Transfer, Trb

_ACTIVE = 1 << 10
_COMMAND_STATUS = 0xF << 12
_NO_RESOURCE = 1 << 12
"""Start Transfer failed: there is one under way already."""

_DISCONNECT, _RESET, _CONNECT_DONE, _LINK_CHANGE, _SOF = 0, 1, 2, 3, 7
_COMPLETE, _NOT_READY = 1, 3
_COMPLETE_ENABLED, _NOT_READY_ENABLED = 1 << 8, 1 << 10
_SHORT, _LAST = 1 << 1, 1 << 3
"""Status of a completion."""
_DATA, _STATUS = 1, 2
"""Status of "not ready" on endpoint 0: the stage that the host asks for."""
_ON, _DISCONNECTED, _RESETTING = 0, 4, 14
"""States of the link."""


class Command(enum.IntEnum):
    """CMDTYP of an endpoint command."""

    CONFIGURE = 1
    RESOURCES = 2
    STALL = 4
    CLEAR_STALL = 5
    START = 6
    END = 8
    NEW_CONFIGURATION = 9


@model("Alif.Usb")
class Usb(CableEnd, EventRing):
    """The device controller, one end of the cable."""

    _endpoints = State([Endpoint() for _ in range(ENDPOINTS)])
    _link = State(_DISCONNECTED)
    _resetting = State(False)
    """The host drives reset, and the firmware has not been told."""
    _setup = State(bytes(8))

    def __init__(self, system: System, *, name: str = "") -> None:
        super().__init__(system, name=name)
        self._start_of_frame = self.alarm(self._frame_started)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._signal()
        self._tell_pull_up()

    # -- events ----------------------------------------------------------------------------------

    def _post_endpoint(self, number: int, kind: int, status: int) -> None:
        enable = _COMPLETE_ENABLED if kind == _COMPLETE else _NOT_READY_ENABLED
        if self._endpoints[number].events & enable:
            self._post(number << 1 | kind << 6 | status << 12)

    @EventRing.GEVNTCOUNT0.on_write
    def _taken(self, value: int) -> None:
        self._events = max(self._events - (value & 0xFFFF), 0)
        self._signal()
        if not self._events:
            self._tell_ready(0)

    # -- global and device registers -------------------------------------------------------------

    @EventRing.GSTS.on_read
    @EventRing.GSTS.on_peek
    def _status(self) -> int:
        return 1 << 6 if self._events else 0  # Device_IP

    @EventRing.GCTL.on_write
    def _global_control(self, value: int) -> None:
        if self.CORESOFTRESET:
            self._reset_core()

    @EventRing.DCTL.on_write
    def _device_control(self, value: int) -> None:
        if self.CSFTRST:
            self._reset_core()
            self.CSFTRST = 0
        self._pace_frames()
        self._tell_pull_up()

    def _reset_core(self) -> None:
        self._endpoints = [Endpoint() for _ in range(ENDPOINTS)]
        self._events = self._tail = 0
        self._resetting, self._link = False, _DISCONNECTED
        self._pace_frames()
        self._signal()

    @EventRing.DEVTEN.on_write
    def _events_enabled(self, value: int) -> None:
        self._pace_frames()

    @property
    def _frame_length(self) -> int:
        return FRAME if self.DEVSPD else MICROFRAME

    def _pace_frames(self) -> None:
        if not (self.DEVTEN >> _SOF & 1 and self.RUN_STOP and self._link == _ON):
            self._start_of_frame.cancel()
        elif self._start_of_frame.deadline is None:
            self._await_frame()

    def _await_frame(self) -> None:
        now, length = self.system.clock.now, self._frame_length
        self._start_of_frame.at(now - now % length + length)

    def _frame_started(self) -> None:
        # Assumption: a firmware that takes no events gets no more of these, so that the ring keeps
        # room for what it must not miss.
        if not self._events:
            self._post_device(_SOF)
        self._await_frame()

    @EventRing.DSTS.on_read
    @EventRing.DSTS.on_peek
    def _device_status(self) -> int:
        frame = self.system.clock.now // self._frame_length & 0x3FFF
        halted = not self.RUN_STOP
        return self.DEVSPD | frame << 3 | 1 << 17 | self._link << 18 | halted << 22

    # -- commands --------------------------------------------------------------------------------

    @EventRing.DEPCMD.on_write
    def _commanded(self, number: int, value: int) -> None:
        if value & _ACTIVE:
            self.DEPCMD[number] = value & ~(_ACTIVE | _COMMAND_STATUS)
            self._execute(number, value & 0xF)
            self._tell_ready(self._address(number))

    def _execute(self, number: int, command: int) -> None:
        endpoint = self._endpoints[number]
        if command == Command.CONFIGURE:
            endpoint.max_packet = self.DEPCMDPAR0[number] >> 3 & 0x7FF
            endpoint.events = self.DEPCMDPAR1[number]
        elif command in (Command.STALL, Command.CLEAR_STALL):
            endpoint.stalled = command == Command.STALL
        elif command == Command.START:
            self._start(number, endpoint)
        elif command == Command.END:
            endpoint.transfer = None
        elif command not in (Command.RESOURCES, Command.NEW_CONFIGURATION):
            self.gap(f"DEPCMD: command {command}")

    def _start(self, number: int, endpoint: Endpoint) -> None:
        if endpoint.transfer is not None:
            self.DEPCMD[number] |= _NO_RESOURCE
            return
        address = self.DEPCMDPAR1[number] | self.DEPCMDPAR0[number] << 32
        try:
            transfer = Transfer.read(self.system.bus, address)
        except BusError as error:
            self._bus_error(error)
            return
        if not transfer.owned:
            self.diagnose("usb-trb-not-owned", f"the TRB at {address:#010x} has HWO clear")
            return
        if not transfer.last or transfer.kind not in KINDS:
            self.gap(f"TRBs of kind {transfer.kind}, TRBs in chains and rings")
        endpoint.transfer = transfer
        endpoint.waiting.clear()
        if self._resetting:
            self._tell_reset()

    @staticmethod
    def _address(number: int) -> int:
        return number >> 1 | (number & 1) << 7

    @staticmethod
    def _number(address: int) -> int:
        return (address & 0xF) << 1 | address >> 7

    # -- the host's side (DevicePort) ------------------------------------------------------------

    @property
    def pull_up(self) -> bool:
        """RUN_STOP: the device shows itself."""
        return bool(self.RUN_STOP)

    def cable_changed(self) -> None:
        """The cable was plugged or pulled."""
        if self._host and not self._host.plugged:
            self._resetting, self._link = False, _DISCONNECTED
            self._pace_frames()
            if self.RUN_STOP:
                self._post_device(_LINK_CHANGE, _DISCONNECTED)
                self._post_device(_DISCONNECT)

    def begin_reset(self) -> None:
        """The bus is reset; the firmware hears of it when it can stand it."""
        self._resetting, self._link = True, _RESETTING
        self._pace_frames()
        self._tell_reset()

    def _tell_reset(self) -> None:
        """Report the reset once endpoint 0 waits for a SETUP.

        On silicon it comes at any time. But Alif's driver does not arm endpoint 0 anew after a
        reset, and a PC's first reset, 100 ms after the attachment, always finds it armed.
        """
        control = self._endpoints[0].transfer
        if control is None or control.kind != Trb.SETUP:
            return
        self._resetting = False
        for endpoint in self._endpoints[1:]:
            # Assumption: a reset ends all other transfers, and what was stalled is not any more.
            endpoint.transfer, endpoint.stalled = None, False
        self._post_device(_RESET)

    def end_reset(self) -> Speed | None:
        """The reset is over, if the firmware has handled it."""
        if self._resetting or self._events:
            return None
        self._link = _ON
        self._pace_frames()
        self._post_device(_CONNECT_DONE)
        return Speed.FULL if self.DEVSPD else Speed.HIGH

    def setup(self, address: int, packet: bytes) -> Handshake:
        """Complete the transfer that waits for a SETUP."""
        control = self._endpoints[0]
        transfer = control.transfer
        if address != self.DEVADDR or self._events or self._resetting:
            return Handshake.NAK
        if transfer is None or transfer.kind != Trb.SETUP:
            return Handshake.NAK
        self._endpoints[1].transfer = None
        for endpoint in self._endpoints[:2]:
            endpoint.stalled = False
            endpoint.waiting.clear()
        self._setup = packet
        return self._receive(0, transfer, packet)

    def take(self, endpoint: int) -> bytes | Handshake:
        """The next packet of an IN endpoint."""
        number = self._number(endpoint)
        transfer = self._ready_transfer(number)
        if not isinstance(transfer, Transfer):
            return transfer
        try:
            packet = transfer.fetch(self.system.bus, self._endpoints[number].max_packet)
            if not transfer.left:
                self._finish(number, transfer)
        except BusError as error:
            return self._bus_error(error)
        return packet

    def give(self, endpoint: int, data: bytes) -> Handshake:
        """Put a packet into the buffer of an OUT endpoint."""
        number = self._number(endpoint)
        transfer = self._ready_transfer(number)
        if not isinstance(transfer, Transfer):
            return transfer
        return self._receive(number, transfer, data)

    def _receive(self, number: int, transfer: Transfer, data: bytes) -> Handshake:
        if len(data) > transfer.left:
            self.diagnose(
                "usb-overrun",
                f"endpoint {number}: a packet of {len(data)} bytes exceeds the TRB's buffer",
            )
        is_short = len(data) < self._endpoints[number].max_packet
        try:
            transfer.store(self.system.bus, data)
            if is_short or not transfer.left:
                self._finish(number, transfer)
        except BusError as error:
            return self._bus_error(error)
        return Handshake.ACK

    def _ready_transfer(self, number: int) -> Transfer | Handshake:
        """What a packet at `number` belongs to, or how it is refused."""
        endpoint = self._endpoints[number]
        pair = self._endpoints[:2] if number < 2 else [endpoint]
        if any(one.stalled for one in pair):
            return Handshake.STALL
        transfer = endpoint.transfer
        if transfer is None or transfer.kind == Trb.SETUP:
            self._not_ready(number, endpoint)
            return Handshake.NAK
        return transfer

    def _not_ready(self, number: int, endpoint: Endpoint) -> None:
        """Tell once that the host asks for what the firmware has not started."""
        stage = self._stage(number) if number < 2 else 0
        if stage not in endpoint.waiting:
            endpoint.waiting.add(stage)
            self._post_endpoint(number, _NOT_READY, stage)

    def _stage(self, number: int) -> int:
        """The stage of the request under way that has packets at control endpoint `number`.

        Data goes the way that bit 7 of bmRequestType says, and status the other way; without data,
        status is IN.
        """
        has_data, is_in = any(self._setup[6:8]), self._setup[0] >> 7
        return _DATA if has_data and is_in == number else _STATUS

    def _finish(self, number: int, transfer: Transfer) -> None:
        self._endpoints[number].transfer = None
        transfer.retire(self.system.bus)
        short = _SHORT if transfer.left else 0
        self._post_endpoint(number, _COMPLETE, short | _LAST)
