"""A terminal program on a PC: opens a CDC ACM port of the device as soon as there is one."""

from __future__ import annotations

from collections.abc import Callable

from ..core import Console, Model, ResetCause, State, System, exposed, model
from .cdc import SerialPort, is_line_state
from .control import Request
from .function import PACKET, Pipes, interval
from .link import Handshake


class SerialTerminal(Model, Console):
    """Base of the consoles on USB: one serial port, its data in both directions, DTR.

    Bytes typed while the port is closed wait until it opens; those that the firmware has not taken
    when the connection breaks are lost, with a note.
    """

    has_cable = True

    throttled = State(False)
    dtr = State(True)
    """Whether the terminal wants the port open."""
    baud = State(115_200)
    serial: State[SerialPort | None] = State(None)
    opened_at: State[int | None] = State(None)
    typed = State(bytearray())

    def __init__(self, system: System, *, name: str = "") -> None:
        super().__init__(system, name=name)
        self._receivers: list[Callable[[bytes], None]] = []
        self._pipes: Pipes | None = None
        self._in = self.alarm(self._in_due)
        self._out = self.alarm(self._out_due)
        self._notice = self.alarm(self._notice_due)

    def reset(self, cause: ResetCause) -> None:
        # The PC is no part of the board: a reset only breaks the connection.
        self.forget_port()

    # -- Console ---------------------------------------------------------------------------------

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
            self._submit(self.serial.line_state(on))

    @exposed
    def set_line_coding(self, baud: int) -> None:
        """Set the port to `baud`, 8N1; now, or when it opens. ValueError beyond 32 bits."""
        if not 0 <= baud < 1 << 32:
            raise ValueError(f"{self.name}: expected a rate of 32 bits, given {baud}")
        self.baud = baud
        if self.serial:
            self._submit(self.serial.line_coding(baud))

    # -- for the host ----------------------------------------------------------------------------

    def found_port(self, serial: SerialPort) -> None:
        """The device has been configured, and has this port: open it."""
        self.serial = serial
        self._submit(serial.line_coding(self.baud))
        if self.dtr:
            self._submit(serial.line_state(True))

    def forget_port(self) -> None:
        """The device is gone."""
        self._in.cancel()
        self._out.cancel()
        self._notice.cancel()
        if self.opened_at is not None and self.typed:
            self.note(f"the port closed with {len(self.typed)} typed bytes not taken: lost")
            self.typed.clear()
        self.opened_at = self.serial = None

    def port_ready(self, endpoint: int) -> None:
        """What was answered with NAK at `endpoint` is worth a second try."""
        if self.serial and endpoint == self.serial.receive.address:
            self._try_in()
        elif self.serial and endpoint == self.serial.send.address:
            self._try_out()
        elif self.serial and self.serial.notify and endpoint == self.serial.notify.address:
            self._try_notice()

    def port_answered(self, request: Request) -> None:
        """A control request, of whatever driver, has come to its end."""
        if self.serial and is_line_state(request) and request.w_index == self.serial.interface:
            # A device without line states stalls the request; its port is open all the same.
            self.opened_at = self.system.clock.now if request.value else None
        self._try_in()
        self._try_out()
        self._try_notice()

    # -- data ------------------------------------------------------------------------------------

    def _submit(self, request: Request) -> None:
        if self._pipes:
            self._pipes.submit(request)

    def _try_in(self) -> None:
        """Ask for a packet soon, or stop asking."""
        if self.opened_at is None or self.throttled or not self._pipes:
            self._in.cancel()
        elif self._in.deadline is None:
            self._in.at(self.system.clock.now + PACKET[self._pipes.speed])

    def _try_out(self) -> None:
        """Send a packet soon, if there is one to send."""
        if self.opened_at is None or not self.typed or not self._pipes:
            self._out.cancel()
        elif self._out.deadline is None:
            self._out.at(self.system.clock.now + PACKET[self._pipes.speed])

    def _try_notice(self) -> None:
        """Ask for a notification soon, or stop asking."""
        if self.opened_at is None or not (self._pipes and self.serial and self.serial.notify):
            self._notice.cancel()
        elif self._notice.deadline is None:
            self._notice.at(self.system.clock.now + PACKET[self._pipes.speed])

    def _notice_due(self) -> None:
        """Take a notification. Nobody looks at it, but NXP's stack sends nothing until it went."""
        if self._pipes is None or self.serial is None or self.serial.notify is None:
            return
        endpoint = self.serial.notify
        answer = self._pipes.device.take(endpoint.address)
        if answer is Handshake.STALL:
            self._pipes.unstall(endpoint.address)
        elif isinstance(answer, bytes):
            self._notice.at(self.system.clock.now + interval(endpoint, self._pipes.speed))

    def _in_due(self) -> None:
        if self._pipes is None or self.serial is None:
            return
        endpoint = self.serial.receive.address
        answer = self._pipes.device.take(endpoint)
        if answer is Handshake.STALL:
            self._pipes.unstall(endpoint)
        elif isinstance(answer, bytes):
            self._try_in()
            if answer:
                for receiver in self._receivers:
                    receiver(answer)

    def _out_due(self) -> None:
        if self._pipes is None or self.serial is None:
            return
        endpoint = self.serial.send
        # A transfer that ends with a full packet gets no zero-length one: Linux' cdc-acm sends one
        # only to the few devices of its list that need it (SEND_ZERO_PACKET).
        packet = bytes(self.typed[: endpoint.max_packet])
        answer = self._pipes.device.give(endpoint.address, packet)
        if answer is Handshake.STALL:
            self._pipes.unstall(endpoint.address)
        elif answer is Handshake.ACK:
            del self.typed[: len(packet)]
            self._try_out()


@model("Usb.Terminal")
class Terminal(SerialTerminal):
    """A second terminal program on the PC, for a further serial port of the device.

    Number 0 on the `Usb.Host` has the device's second port, in the order of its descriptors; it
    stays closed with a device that has no such port.
    """

    def connect(self, pipes: Pipes) -> None:
        """The host that the device is at."""
        self._pipes = pipes
