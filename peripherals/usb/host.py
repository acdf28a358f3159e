"""A PC at the other end of the cable: enumerates the device, and opens its serial port."""

from __future__ import annotations

import enum
from collections.abc import Callable

from ..core import Console, Model, ResetCause, State, System, exposed, model
from .cdc import SerialPort, is_line_state
from .control import ControlTransfer, Request, Stage, clear_halt
from .enumeration import Enumeration, EnumerationError, Step
from .link import DevicePort, Handshake, Speed

# Assumption: a real PC waits for 100 ms of stable connection, resets for 10 to 50 ms and then
# leaves 10 ms for recovery. Each of these waits is for analog parts that are not here, and is as
# short as a controller can stand: 3 ms is what the ChipIdea manual grants to the firmware.
_DEBOUNCE = 1_000_000
_RESET = 3_000_000
_MICROFRAME = 125_000
"""A SETUP packet starts in the microframe after the device has become ready for it."""
_PACKET = {Speed.HIGH: 125_000 // 13, Speed.FULL: 1_000_000 // 19}
"""Time of a bulk packet on a bus that carries nothing else. (USB 2.0, tables 5-9 and 5-10)"""
_PATIENCE = 5_000_000_000
"""USB 2.0, section 9.2.6.1: a request that takes longer than five seconds has failed."""
_ADDRESS = 1


class Phase(enum.Enum):
    """How far the connection has come."""

    DETACHED = enum.auto()
    ATTACHED = enum.auto()
    RESET = enum.auto()
    ENUMERATING = enum.auto()
    CONFIGURED = enum.auto()


@model("Usb.Host")
class Host(Model, Console):
    """A PC with a terminal program that opens the device's CDC ACM port as soon as there is one.

    It acts when the device changes something, and in one-shot alarms; each step waits for the
    firmware's answer to the one before. Bytes typed while the port is closed wait until it opens;
    those that the firmware has not taken when the connection breaks are lost, with a note.
    """

    has_cable = True

    plugged = State(True)
    throttled = State(False)
    dtr = State(True)
    """Whether the terminal wants the port open."""
    baud = State(115_200)
    phase = State(Phase.DETACHED)
    speed = State(Speed.HIGH)
    address = State(0)
    enumeration: State[Enumeration | None] = State(None)
    transfer: State[ControlTransfer | None] = State(None)
    requests: State[list[Request]] = State([])
    """Requests of the class driver that wait for the control pipe."""
    serial: State[SerialPort | None] = State(None)
    opened_at: State[int | None] = State(None)
    typed = State(bytearray())

    def __init__(self, system: System, *, name: str = "") -> None:
        super().__init__(system, name=name)
        self._port: DevicePort | None = None
        self._receivers: list[Callable[[bytes], None]] = []
        self._line = self.alarm(self._line_due)
        self._control = self.alarm(self._control_due)
        self._in = self.alarm(self._in_due)
        self._out = self.alarm(self._out_due)
        self._patience = self.alarm(self._lose_patience)

    def reset(self, cause: ResetCause) -> None:
        # The PC is no part of the board: a reset only breaks the connection.
        self._forget()

    # -- terminal (Console) ----------------------------------------------------------------------

    def attach(self, receiver: Callable[[bytes], None]) -> None:
        """Hand every byte that the firmware sends to `receiver`, as it arrives."""
        self._receivers.append(receiver)

    def type(self, data: bytes) -> None:
        """Send `data` to the firmware, as fast as it takes them."""
        self.typed += data
        self._try_out()

    @property
    def pending(self) -> int:
        """Bytes typed that the firmware has not taken yet."""
        return len(self.typed)

    @exposed
    def throttle(self, on: bool) -> None:
        """Take no more IN packets (True) until told otherwise."""
        self.throttled = on
        self._try_in()

    @exposed
    def set_dtr(self, on: bool) -> None:
        """Open the port (True) or close it, with DTR and RTS as a terminal program does."""
        self.dtr = on
        if self.serial:
            self._queue(self.serial.line_state(on))

    @exposed
    def set_line_coding(self, baud: int) -> None:
        """Set the port to `baud`, 8N1; now, or when it opens."""
        self.baud = baud
        if self.serial:
            self._queue(self.serial.line_coding(baud))

    @exposed
    def unplug(self) -> None:
        """Pull the cable."""
        self._plug(False)

    @exposed
    def plug(self) -> None:
        """Put the cable in again."""
        self._plug(True)

    def _plug(self, plugged: bool) -> None:
        self.plugged = plugged
        if self._port:
            self._port.cable_changed()
        self.pull_up_changed()

    # -- cable (HostPort) ------------------------------------------------------------------------

    def connect(self, port: DevicePort) -> None:
        """`port` is the controller at the other end."""
        self._port = port

    def pull_up_changed(self) -> None:
        """Attach or detach."""
        is_attached = self._port is not None and self.plugged and self._port.pull_up
        if is_attached and self.phase is Phase.DETACHED:
            self.phase = Phase.ATTACHED
            self._line.at(self.system.clock.now + _DEBOUNCE)
        elif not is_attached and self.phase is not Phase.DETACHED:
            self._forget()

    def ready(self, endpoint: int) -> None:
        """Try again what was answered with NAK."""
        if endpoint & 0xF == 0:
            if self.phase is Phase.RESET and self._line.deadline is None:
                self._line.at(self.system.clock.now + _MICROFRAME)
            elif self.transfer:
                self._try_control(self.transfer)
        elif self.serial and endpoint == self.serial.receive.address:
            self._try_in()
        elif self.serial and endpoint == self.serial.send.address:
            self._try_out()

    def _forget(self) -> None:
        """The device is gone: everything learned from it is void."""
        for alarm in (self._line, self._control, self._in, self._out, self._patience):
            alarm.cancel()
        if self.opened_at is not None and self.typed:
            self.note(f"the port closed with {len(self.typed)} typed bytes not taken: lost")
            self.typed.clear()
        self.phase, self.address, self.opened_at = Phase.DETACHED, 0, None
        self.enumeration = self.transfer = self.serial = None
        self.requests.clear()

    # -- reset -----------------------------------------------------------------------------------

    def _line_due(self) -> None:
        if self.phase is Phase.ATTACHED:
            self._reset_bus()
        elif self._port and (speed := self._port.end_reset()):
            self.speed = speed
            self.phase = Phase.ENUMERATING
            self.enumeration = Enumeration(_ADDRESS)
            self._begin(self.enumeration.request())

    def _reset_bus(self) -> None:
        self._forget()
        self.phase = Phase.RESET
        if self._port:
            self._port.begin_reset()
        now = self.system.clock.now
        self._line.at(now + _RESET)
        self._patience.at(now + _PATIENCE)

    def _lose_patience(self) -> None:
        doing = self.enumeration.step.value if self.enumeration else "bus reset"
        if self.phase is Phase.CONFIGURED:
            doing = "opening the serial port"
        self.note(f"no answer from the device ({doing}): the host resets the bus")
        self._reset_bus()

    # -- control pipe ----------------------------------------------------------------------------

    def _begin(self, request: Request) -> None:
        packet = self.enumeration.max_packet if self.enumeration else 0
        self.transfer = ControlTransfer(request, packet)
        self._try_control(self.transfer)
        self._be_patient()

    def _be_patient(self) -> None:
        """Wait for the device, but not for ever unless the port is open already."""
        if self.opened_at is None:
            self._patience.at(self.system.clock.now + _PATIENCE)

    def _try_control(self, transfer: ControlTransfer) -> None:
        now = self.system.clock.now
        if transfer.stage is Stage.SETUP:
            # A firmware that has just cleared a status may still be looking at the next one.
            self._control.at(now + _MICROFRAME)
        elif self._control.deadline is None:
            self._control.at(now + _PACKET[self.speed])

    def _control_due(self) -> None:
        transfer = self.transfer
        if transfer is None or self._port is None:
            return
        if transfer.stage is Stage.SETUP and not self._port.is_attentive:
            # A real PC sends it, and some stacks mix it up with what came before, as after an erase
            # with interrupts masked. That is a race, and not what a simulated PC is for.
            return
        if transfer.step(self._port, self.address) is Handshake.NAK:
            return
        if transfer.stage is Stage.DONE:
            self._answered(transfer.request, bytes(transfer.received))
        elif transfer.stage is Stage.STALLED:
            self._answered(transfer.request, None)
        else:
            self._be_patient()
            self._try_control(transfer)

    def _answered(self, request: Request, data: bytes | None) -> None:
        """A request has come to its end; None: it was refused."""
        self._patience.cancel()
        self.transfer = None
        if self.phase is Phase.ENUMERATING and self.enumeration:
            self._learn(self.enumeration, data)
            return
        if is_line_state(request):
            # A device without line states stalls the request; its port is open all the same.
            self.opened_at = self.system.clock.now if request.value else None
        self._try_in()
        self._try_out()
        self._next_request()

    def _next_request(self) -> None:
        if self.requests and self.transfer is None:
            self._begin(self.requests.pop(0))

    def _queue(self, request: Request) -> None:
        self.requests.append(request)
        self._next_request()

    # -- enumeration -----------------------------------------------------------------------------

    def _learn(self, enumeration: Enumeration, data: bytes | None) -> None:
        was = enumeration.step
        try:
            enumeration.answer(data)
        except EnumerationError as error:
            self.note(f"the device cannot be used: {error}")
            self._patience.at(self.system.clock.now + _PATIENCE)
            return
        if was is Step.ADDRESS:
            self.address = enumeration.address
        if enumeration.step is Step.DONE:
            self._configured(enumeration)
        else:
            self._begin(enumeration.request())

    def _configured(self, enumeration: Enumeration) -> None:
        self.phase = Phase.CONFIGURED
        self.serial = enumeration.serial_port
        device, speed = enumeration.device, self.speed.value
        texts = ", ".join(enumeration.strings.values())
        if device:
            self.note(f"USB {device.vendor:04x}:{device.product:04x} at {speed}: {texts}")
        if self.serial is None:
            self.note("the device has no CDC ACM serial port")
            return
        self.requests.append(self.serial.line_coding(self.baud))
        if self.dtr:
            self.requests.append(self.serial.line_state(True))
        self._next_request()

    # -- serial port -----------------------------------------------------------------------------

    def _try_in(self) -> None:
        """Ask for a packet soon, or stop asking."""
        if self.opened_at is None or self.throttled:
            self._in.cancel()
        elif self._in.deadline is None:
            self._in.at(self.system.clock.now + _PACKET[self.speed])

    def _try_out(self) -> None:
        """Send a packet soon, if there is one to send."""
        if self.opened_at is None or not self.typed:
            self._out.cancel()
        elif self._out.deadline is None:
            self._out.at(self.system.clock.now + _PACKET[self.speed])

    def _in_due(self) -> None:
        if self._port is None or self.serial is None:
            return
        endpoint = self.serial.receive.address
        answer = self._port.take(endpoint)
        if answer is Handshake.STALL:
            self._unstall(endpoint)
        elif isinstance(answer, bytes):
            self._try_in()
            if answer:
                for receiver in self._receivers:
                    receiver(answer)

    def _out_due(self) -> None:
        if self._port is None or self.serial is None:
            return
        endpoint = self.serial.send
        # A transfer that ends with a full packet gets no zero-length one, as from Linux' cdc-acm.
        packet = bytes(self.typed[: endpoint.max_packet])
        answer = self._port.give(endpoint.address, packet)
        if answer is Handshake.STALL:
            self._unstall(endpoint.address)
        elif answer is Handshake.ACK:
            del self.typed[: len(packet)]
            self._try_out()

    def _unstall(self, endpoint: int) -> None:
        request = clear_halt(endpoint)
        is_sent = self.transfer is not None and self.transfer.request == request
        if not is_sent and request not in self.requests:
            self._queue(request)
