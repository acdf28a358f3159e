"""USB OTG controller (ChipIdea) in device mode. (RT10xx)

IMXRT1060RM, chapter 42. What the firmware does with it: TinyUSB, portable/chipidea/ci_hs. As a host
it has nothing at its port: schedules and frames run (EHCI 1.0, 2.3), and nobody connects.
"""

from __future__ import annotations

from ..core import BusError, ResetCause, State, System, model
from ..usb.device import FRAME, MICROFRAME, CableEnd
from ..usb.link import Handshake, Speed
from .usb_queue import QUEUE_HEAD_SIZE, QueueHead
from .usb_registers import CONTROL_ENABLED, UsbRegisters
from .usb_timers import UsbTimers

_EP0 = 0x0001_0001
_PORT_STATUS = 1 << 6 | 1 << 2
"""URI and PCI in USBSTS"""
_FIRST_OPERATIONAL = 0x140
_HOST = 3
"""USBMODE.CM; 2 is a device."""
_FRAME_LIST = 1024
"""Elements of the longest one: one for each ms."""
_TOGGLE_RESET = 0x0040_0040
_STALL = 0x0001_0001


def _bit(endpoint: int) -> int:
    """The bit of `endpoint` in ENDPTPRIME and its like: OUT n is bit n, IN n is bit 16 + n."""
    return 1 << (endpoint & 0xF) << (16 if endpoint & 0x80 else 0)


@model("Imxrt.Usb")
class Usb(CableEnd, UsbTimers):
    """One core of the USB controller, as a device. A second instance lies at +0x200."""

    flushed = State(True)
    """Whether the firmware has flushed the endpoints since the last bus reset began."""
    address = State(0)
    """The bus address in effect; DEVICEADDR may hold the next one already (USBADRA)."""

    def __init__(self, system: System, *, name: str = "") -> None:
        super().__init__(system, name=name)
        self._start_of_frame = self.alarm(self._frame_started)
        self._rollover = self.alarm(self._rolled_over)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self.cable_changed()
        self._signal()
        self._tell_pull_up()

    # -- interrupts, frames ----------------------------------------------------------------------

    @property
    def _is_host(self) -> bool:
        """It runs, as a host."""
        return bool(self.RS) and self.CM == _HOST

    @property
    def _frame_length(self) -> int:
        return MICROFRAME if self.HSP or self._is_host else FRAME

    def _pace_frames(self) -> None:
        # Nobody can notice another frame while SRI stands; an alarm would cut the waits of firmware
        # that has masked its interrupts.
        has_frames = self._is_host or (self.CCS and not self.PR)
        rounds = MICROFRAME * 8 * (_FRAME_LIST >> (self.FS | self.FS2 << 2))
        for alarm, length, wanted in (
            (self._start_of_frame, self._frame_length, self.SRE and not self.SRI and has_frames),
            (self._rollover, rounds, self.FRE and not self.FRI and self._is_host),
        ):
            if not wanted:
                alarm.cancel()
            elif alarm.deadline is None:
                now = self.system.clock.now
                alarm.at(now - now % length + length)

    def _rolled_over(self) -> None:
        # As SRI, it is set only while it is enabled.
        self.FRI = 1
        self._signal()
        self._pace_frames()

    def _frame_started(self) -> None:
        # SRI is set only while it is enabled; on silicon it is set whether or not anybody looks.
        self.SRI = 1
        self._signal()
        self._pace_frames()

    @UsbRegisters.FRINDEX.on_read
    @UsbRegisters.FRINDEX.on_peek
    def _frame_index(self) -> int:
        frames = self.system.clock.now // self._frame_length
        if not (self.CCS or self._is_host):
            return 0
        return (frames if self._frame_length == MICROFRAME else frames << 3) & 0x3FFF

    @UsbRegisters.USBSTS.on_write
    def _status_cleared(self, value: int) -> None:
        self._signal()
        self._pace_frames()
        if value & (_PORT_STATUS | Usb.UI.mask):
            self._tell_ready(0)

    @UsbRegisters.USBINTR.on_write
    def _interrupts_enabled(self, value: int) -> None:
        self._signal()
        self._pace_frames()

    @UsbRegisters.OTGSC.on_write
    def _otg_written(self, value: int) -> None:
        self._signal()

    # -- commands --------------------------------------------------------------------------------

    @UsbRegisters.USBCMD.on_write
    def _commanded(self, value: int) -> None:
        if self.RST:
            self._reset_controller()
        self._cable_sensed()
        self._tell_pull_up()
        self._run_schedules()

    @UsbRegisters.USBMODE.on_write
    def _mode_written(self, value: int) -> None:
        if self.CM == _HOST and self._host is not None:
            self.gap("USBMODE.CM: host mode, with a PC at the port")
        self._run_schedules()

    def _run_schedules(self) -> None:
        """As a host: USBSTS follows USBCMD, and the doorbell is answered at once."""
        runs = self._is_host
        self.HCH = int(self.CM == _HOST and not runs)
        self.PS, self.AS = int(runs and self.PSE), int(runs and self.ASE)
        if runs and self.IAA:
            self.IAA, self.AAI = 0, 1
        self._rollover.cancel()
        self._pace_frames()
        self._signal()

    def _reset_controller(self) -> None:
        # Assumption: RST leaves OTGSC alone, as it watches the cable and not the bus.
        for register in self.registers():
            if register.offset >= _FIRST_OPERATIONAL and register is not Usb.OTGSC:
                self.regs[register.offset] = register.reset
        self.flushed, self.address = True, 0

    @UsbRegisters.DEVICEADDR.on_write
    def _address_written(self, value: int) -> None:
        if not self.USBADRA:
            self.address = self.USBADR

    @UsbRegisters.PORTSC1.on_write
    def _port_written(self, value: int) -> None:
        self.FPR = 0

    # -- endpoints, the firmware's side ----------------------------------------------------------

    def _queue(self, number: int, is_in: bool) -> QueueHead:
        address = self.ENDPTLISTADDR + QUEUE_HEAD_SIZE * (2 * number + is_in)
        return QueueHead(self.system.bus, address)

    @UsbRegisters.ENDPTPRIME.on_write
    def _prime(self, value: int) -> None:
        self.ENDPTPRIME = 0
        for number in range(8):
            for is_in in (False, True):
                bit = 1 << number << 16 * is_in
                if value & bit:
                    self._prime_one(number, is_in, bit)

    def _prime_one(self, number: int, is_in: bool, bit: int) -> None:
        try:
            is_primed = self._queue(number, is_in).prime()
        except BusError as error:
            self._bus_error(error)
            return
        if is_primed:
            self.ENDPTSTAT |= bit
            self._tell_ready(number | 0x80 * is_in)

    @UsbRegisters.ENDPTFLUSH.on_write
    def _flush(self, value: int) -> None:
        self.ENDPTFLUSH = 0
        self.ENDPTSTAT &= ~value
        if not self.URI:
            self.flushed = True
        self._tell_ready(0)

    @UsbRegisters.ENDPTCOMPLETE.on_write
    def _complete_cleared(self, value: int) -> None:
        if value & _EP0:
            self._tell_ready(0)

    @UsbRegisters.ENDPTSETUPSTAT.on_write
    def _setup_cleared(self, value: int) -> None:
        self._tell_ready(0)

    @UsbRegisters.ENDPTCTRL.on_write
    def _controlled(self, number: int, value: int) -> None:
        value &= ~_TOGGLE_RESET
        self.ENDPTCTRL[number] = value | (0 if number else CONTROL_ENABLED)
        if value & _STALL:
            self._tell_ready(number)
            self._tell_ready(number | 0x80)

    # -- the host's side (DevicePort) ------------------------------------------------------------

    @property
    def pull_up(self) -> bool:
        """RS: the pull-up on D+ is on."""
        return bool(self.RS) and self.CM != _HOST

    def cable_changed(self) -> None:
        """The cable was plugged or pulled: VBUS comes or goes."""
        plugged = self._host is not None and self._host.plugged
        if plugged != bool(self.BSV):
            self.ASV = self.BSV = int(plugged)
            self.BSE = int(not plugged)
            self.BSVIS = self.BSEIS = 1
        self._cable_sensed()
        self._signal()

    def _cable_sensed(self) -> None:
        """Follow cable and pull-up: without both of them the bus is idle, and suspends."""
        is_connected = int(bool(self.BSV) and self.pull_up)
        if is_connected != self.CCS:
            self.CCS, self.PR = is_connected, 0
            self.SUSP = int(self.pull_up and not is_connected)
            # Silicon needs 3 ms of idle bus to tell suspension.
            self.SLI |= self.SUSP
        self._pace_frames()

    def begin_reset(self) -> None:
        """The bus is reset: URI, and PR for as long as it lasts."""
        self.PR, self.HSP, self.SUSP, self.URI = 1, 0, 0, 1
        self.DEVICEADDR, self.address, self.flushed = 0, 0, False
        self._pace_frames()
        self._signal()

    def end_reset(self) -> Speed | None:
        """The reset is over, if the firmware has flushed its endpoints within it."""
        # TinyUSB before 2023 does not enable URI, and handles the reset after PCI. Newer ones
        # start all over when PR is gone before they have flushed.
        if self.URE and not self.flushed:
            return None
        self.PR, self.PCI = 0, 1
        self.HSP = int(not self.PFSC)
        self.PSPD = 2 if self.HSP else 0
        self._pace_frames()
        self._signal()
        return Speed.HIGH if self.HSP else Speed.FULL

    @property
    def is_attentive(self) -> bool:
        """See `DevicePort`. What asked for no interrupt needs no notice: a stack may leave it."""
        told = self.USBSTS & self.USBINTR
        concerns_ep0 = self.ENDPTCOMPLETE & _EP0 or self.ENDPTSETUPSTAT & 1
        unnoticed = told & _PORT_STATUS or (told & Usb.UI.mask and concerns_ep0)
        return self.flushed and not unnoticed

    def setup(self, address: int, packet: bytes) -> Handshake:
        """Store a SETUP packet in the queue head; what endpoint 0 had primed is void."""
        if address != self.address:
            return Handshake.NAK
        try:
            queue = self._queue(0, False)
            queue.write_setup(packet)
        except BusError as error:
            return self._bus_error(error)
        self.ENDPTSTAT &= ~_EP0
        self.ENDPTCTRL[0] &= ~_STALL
        self.SUTW = self.USBADRA = 0
        self.ENDPTSETUPSTAT |= 1
        self.UI |= queue.interrupt_on_setup
        self._signal()
        return Handshake.ACK

    def take(self, endpoint: int) -> bytes | Handshake:
        """The next packet that an IN endpoint has primed."""
        if refused := self._refusal(endpoint):
            return refused
        try:
            queue = self._queue(endpoint & 0xF, True)
            packet = queue.send()
        except BusError as error:
            return self._bus_error(error)
        if endpoint & 0xF == 0 and self.USBADRA:
            self.USBADRA, self.address = 0, self.USBADR
        self._follow(endpoint, queue)
        return packet

    def give(self, endpoint: int, data: bytes) -> Handshake:
        """Put a packet into the buffer that an OUT endpoint has primed."""
        if refused := self._refusal(endpoint):
            return refused
        try:
            queue = self._queue(endpoint & 0xF, False)
            queue.receive(data)
        except BusError as error:
            return self._bus_error(error)
        if queue.failed:
            self.UEI = 1
            self.diagnose(
                "usb-overrun", f"endpoint {endpoint}: {len(data)} bytes exceed the primed buffer"
            )
        self._follow(endpoint, queue)
        return Handshake.ACK

    def _refusal(self, endpoint: int) -> Handshake | None:
        if self.ENDPTCTRL[endpoint & 0xF] & (1 << 16 if endpoint & 0x80 else 1):
            return Handshake.STALL
        if self.ENDPTSTAT & _bit(endpoint):
            return None
        self.ENDPTNAK |= _bit(endpoint)
        if self.ENDPTNAK & self.ENDPTNAKEN:
            self.NAKI = 1
            self._signal()
        return Handshake.NAK

    def _follow(self, endpoint: int, queue: QueueHead) -> None:
        """Report what the packet completed."""
        if not queue.retired:
            return
        if not queue.active:
            self.ENDPTSTAT &= ~_bit(endpoint)
        self.ENDPTCOMPLETE |= _bit(endpoint)
        self.UI |= queue.interrupt
        self._signal()

    def _bus_error(self, error: BusError) -> Handshake:
        self.SEI = 1
        self._signal()
        self.diagnose("usb-bus-error", f"queue head, descriptor or buffer: {error}")
        return Handshake.NAK
