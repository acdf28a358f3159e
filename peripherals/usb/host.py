"""A PC at the other end of the cable: enumerates the device, and drives its functions."""

from __future__ import annotations

import enum

from ..core import ResetCause, Slots, State, System, UsbHost, exposed, model
from .cdc import find_serial_ports
from .control import ControlTransfer, Request, Stage, clear_halt
from .descriptors import Configuration
from .enumeration import Enumeration, EnumerationError, Step
from .function import PACKET
from .functions import FunctionDrivers
from .link import DevicePort, Handshake, Speed
from .terminal import SerialTerminal, Terminal

# Assumption: a real PC waits for 100 ms of stable connection, resets for 10 to 50 ms and then
# leaves 10 ms for recovery. Each of these waits is for analog parts that are not here, and is as
# short as a controller can stand: 3 ms is what the ChipIdea manual grants to the firmware.
_DEBOUNCE = 1_000_000
_RESET = 3_000_000
_MICROFRAME = 125_000
"""A SETUP packet starts in the microframe after the device has become ready for it."""
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
class Host(FunctionDrivers, UsbHost):
    """A PC with a terminal program that opens the device's CDC ACM port as soon as there is one.

    It acts when the device changes something, and in one-shot alarms; each step waits for the
    firmware's answer to the one before. Reports of keyboards and mice are read as they come; a
    mass storage is left alone until somebody asks for it, as on a PC that mounts nothing by
    itself. Further serial ports are those of the `Usb.Terminal`s that stand on this entry.
    """

    terminals: Slots[Terminal] = Slots(
        4, "terminals for further serial ports, in their order", kind=Terminal
    )

    plugged = State(True)
    phase = State(Phase.DETACHED)
    speed = State(Speed.HIGH)
    address = State(0)
    enumeration: State[Enumeration | None] = State(None)
    transfer: State[ControlTransfer | None] = State(None)
    requests: State[list[Request]] = State([])
    """Requests of the drivers that wait for the control pipe."""

    def __init__(self, system: System, *, name: str = "") -> None:
        super().__init__(system, name=name)
        self._port: DevicePort | None = None
        self._pipes = self
        self._all_terminals: list[SerialTerminal] = [self]
        self._line = self.alarm(self._line_due)
        self._control = self.alarm(self._control_due)
        self._patience = self.alarm(self._lose_patience)

    def connected(self) -> None:
        for _, terminal in sorted(self.terminals.items()):
            terminal.connect(self)
            self._all_terminals.append(terminal)

    def reset(self, cause: ResetCause) -> None:
        # The PC is no part of the board: a reset only breaks the connection.
        self._forget()

    # -- what drivers use (Pipes) ----------------------------------------------------------------

    @property
    def now(self) -> int:
        """Virtual ns."""
        return self.system.clock.now

    @property
    def device(self) -> DevicePort:
        """The controller at the other end."""
        assert self._port is not None
        return self._port

    def submit(self, request: Request) -> None:
        """Send a control request, after those that wait already."""
        self.requests.append(request)
        self._next_request()

    def unstall(self, endpoint: int) -> None:
        """Clear the halt of an endpoint, unless that is asked already."""
        request = clear_halt(endpoint)
        under_way = self.transfer.request if self.transfer else None
        if request != under_way and request not in self.requests:
            self.submit(request)

    # -- cable (HostPort) ------------------------------------------------------------------------

    @exposed
    def unplug(self) -> None:
        """See `UsbHost`."""
        self._plug(False)

    @exposed
    def plug(self) -> None:
        """See `UsbHost`."""
        self._plug(True)

    def _plug(self, plugged: bool) -> None:
        self.plugged = plugged
        if self._port:
            self._port.cable_changed()
        self.pull_up_changed()

    def connect(self, port: DevicePort) -> None:
        """`port` is the controller at the other end."""
        self._port = port

    def pull_up_changed(self) -> None:
        """Attach or detach."""
        is_attached = self._port is not None and self.plugged and self._port.pull_up
        if is_attached and self.phase is Phase.DETACHED:
            self.phase = Phase.ATTACHED
            self._line.at(self.now + _DEBOUNCE)
        elif not is_attached and self.phase is not Phase.DETACHED:
            self._forget()

    def ready(self, endpoint: int) -> None:
        """Try again what was answered with NAK."""
        if endpoint & 0xF == 0:
            if self.phase is Phase.RESET and self._line.deadline is None:
                self._line.at(self.now + _MICROFRAME)
            elif self.transfer:
                self._try_control(self.transfer)
            return
        for terminal in self._all_terminals:
            terminal.port_ready(endpoint)
        self.function_ready(endpoint)

    def _forget(self) -> None:
        """The device is gone: everything learned from it is void."""
        for alarm in (self._line, self._control, self._patience):
            alarm.cancel()
        for terminal in self._all_terminals:
            terminal.forget_port()
        self.phase, self.address = Phase.DETACHED, 0
        self.enumeration = self.transfer = None
        self.requests.clear()
        self.forget_functions()

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
        now = self.now
        self._line.at(now + _RESET)
        self._patience.at(now + _PATIENCE)

    def _lose_patience(self) -> None:
        doing = self.enumeration.step.value if self.enumeration else "bus reset"
        if self.phase is Phase.CONFIGURED:
            doing = "opening the serial port" if self.serial else "a request of a driver"
        self.note(f"no answer from the device ({doing}): the host resets the bus")
        self._reset_bus()

    # -- control pipe ----------------------------------------------------------------------------

    def _begin(self, request: Request) -> None:
        packet = self.enumeration.max_packet if self.enumeration else 0
        self.transfer = ControlTransfer(request, packet)
        self._try_control(self.transfer)
        self._be_patient()

    def _be_patient(self) -> None:
        """Wait for the device, but not for ever unless a port is open already."""
        if all(terminal.opened_at is None for terminal in self._all_terminals):
            self._patience.at(self.now + _PATIENCE)

    def _try_control(self, transfer: ControlTransfer) -> None:
        now = self.now
        if transfer.stage is Stage.SETUP:
            # A firmware that has just cleared a status may still be looking at the next one.
            self._control.at(now + _MICROFRAME)
        elif self._control.deadline is None:
            self._control.at(now + PACKET[self.speed])

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
        for terminal in self._all_terminals:
            terminal.port_answered(request)
        self.function_answered(request)
        self._next_request()

    def _next_request(self) -> None:
        if self.requests and self.transfer is None:
            self._begin(self.requests.pop(0))

    # -- enumeration -----------------------------------------------------------------------------

    def _learn(self, enumeration: Enumeration, data: bytes | None) -> None:
        was = enumeration.step
        try:
            enumeration.answer(data)
        except EnumerationError as error:
            self.note(f"the device cannot be used: {error}")
            self._patience.at(self.now + _PATIENCE)
            return
        if was is Step.ADDRESS:
            self.address = enumeration.address
        if enumeration.step is Step.DONE:
            self._configured(enumeration)
        else:
            self._begin(enumeration.request())

    def _configured(self, enumeration: Enumeration) -> None:
        self.phase = Phase.CONFIGURED
        device, speed = enumeration.device, self.speed.value
        texts = ", ".join(enumeration.strings.values())
        if device:
            self.note(f"USB {device.vendor:04x}:{device.product:04x} at {speed}: {texts}")
        if enumeration.configuration:
            self._find_drivers(enumeration.configuration)

    def _find_drivers(self, configuration: Configuration) -> None:
        ports = find_serial_ports(configuration)
        if not ports:
            self.note("the device has no CDC ACM serial port")
        terminals = self._all_terminals
        if len(ports) > len(terminals):
            self.note(
                f"the device has {len(ports)} serial ports, the board terminals for "
                f"{len(terminals)}: the next is for a `Usb.Terminal @ {self.name} "
                f"{len(terminals) - 1}`"
            )
        for terminal, port in zip(terminals, ports, strict=False):
            terminal.found_port(port)
        self.find_functions(configuration)
