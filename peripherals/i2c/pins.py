"""An I2C bus at two pins of GPIO ports: for masters that move the pins themselves (`SoftI2C`)."""

from __future__ import annotations

from functools import partial
from typing import Any

from xipsim.peripherals.core import Model, Parameter, ResetCause, State, System, model
from xipsim.peripherals.pads import Pads

from .controller import I2cController

SCL, SDA = 0, 1
IDLE, ADDRESS, RECEIVE, SEND = range(4)
"""What the bits under way are to those that listen: nothing, an address, theirs, from them."""
BYTE = 8


@model("I2c.Pins")
class Pins(Model):
    """The bus of `controller`, at the pins at which the board has it.

    Whoever moves the pins as a master meets the devices of that bus, and the controller as a
    target. What the controller itself sends as a master does not show at the pins.
    """

    controller = Parameter(I2cController, "whose bus it is")
    scl_port = Parameter(Pads, "the port of SCL")  # type: ignore[type-abstract]
    scl_pin = Parameter(int, "its pin")
    sda_port = Parameter(Pads, "the port of SDA")  # type: ignore[type-abstract]
    sda_pin = Parameter(int, "its pin")

    _scl = State(True)
    _sda = State(True)
    _phase = State(IDLE)
    _bits = State(0)
    """Clocks of the byte under way; the ninth is its acknowledgement."""
    _byte = State(0)
    _address: State[int] = State(0)
    _is_target = State(False)
    """It is the controller that was addressed."""
    _is_open = State(False)
    """An address was acknowledged, and no STOP yet."""
    _holds_clock = State(False)
    _pulls = State(False)
    """SDA is held low."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._target = self.controller.target
        # ValueError for a pin that is not there.
        self.scl_port.level(self.scl_pin)
        self.sda_port.level(self.sda_pin)

    def connected(self) -> None:
        self.scl_port.watch(self.scl_pin, partial(self.on_input, SCL))
        self.sda_port.watch(self.sda_pin, partial(self.on_input, SDA))
        if self._target:
            self._target.waiter = self._go_on

    def reset(self, cause: ResetCause) -> None:
        self._release()
        if self._holds_clock:
            self.scl_port.release(self.scl_pin)
        super().reset(cause)
        self._scl = bool(self.scl_port.level(self.scl_pin))
        self._sda = bool(self.sda_port.level(self.sda_pin))

    def on_input(self, number: int, level: bool) -> None:
        """A line has another level."""
        if number == SCL:
            was, self._scl = self._scl, level
            if level and not was:
                self._risen()
            elif was and not level:
                self._fallen()
        else:
            was, self._sda = self._sda, level
            if self._scl and was != level:
                if level:
                    self._stop()
                else:
                    self._start()

    # -- what the master does --------------------------------------------------------------------

    def _start(self) -> None:
        if self._target:
            self._target.begin()
        self._phase, self._bits, self._byte = ADDRESS, 0, 0

    def _stop(self) -> None:
        if self._is_open and not self._is_target:
            self.controller.bus.stop(self._address)
        if self._target:
            self._target.stop()
        self._phase, self._is_open = IDLE, False

    def _risen(self) -> None:
        if self._phase == IDLE:
            return
        if self._bits < BYTE and self._phase != SEND:
            self._byte = self._byte << 1 & 0xFF | self._sda
        elif self._bits == BYTE and self._phase == SEND and self._sda:
            # Not acknowledged: this was the last one.
            if self._is_target and self._target:
                self._target.refused()
            self._phase = IDLE
        self._bits += 1

    def _fallen(self) -> None:
        if self._phase == IDLE:
            self._release()
        elif self._bits == BYTE:
            self._ninth()
        elif self._bits > BYTE:
            self._bits = 0
            if self._phase == SEND:
                self._fetch()
            else:
                self._release()
        elif self._phase == SEND:
            self._put(self._byte >> BYTE - 1 - self._bits & 1)

    # -- what the others answer ------------------------------------------------------------------

    def _ninth(self) -> None:
        """Eight bits are over: acknowledge, or let the master do it."""
        if self._phase == SEND:
            self._release()
        elif self._acknowledges():
            self._put(0)
        else:
            self._phase = IDLE

    def _acknowledges(self) -> bool:
        if self._phase == ADDRESS:
            address, reads = self._byte >> 1, bool(self._byte & 1)
            is_there = self._addressed(address, reads)
            if is_there:
                self._address, self._is_open = address, True
                self._phase = SEND if reads else RECEIVE
            return is_there
        if self._is_target and self._target:
            return self._target.write(self._byte)
        return self.controller.bus.write(self._address, self._byte)

    def _addressed(self, address: int, reads: bool) -> bool:
        self._is_target = bool(self._target and self._target.start(address, reads))
        return self._is_target or self.controller.bus.start(address, reads)

    def _fetch(self) -> None:
        """The next byte for the master, as soon as there is one."""
        byte: int | None
        if self._is_target and self._target:
            byte = self._target.read()
        else:
            byte = self.controller.bus.read(self._address)
        if byte is None:
            self._release()
            self._holds_clock = True
            self.scl_port.drive(self.scl_pin, False)
            return
        self._byte = byte
        self._put(byte >> BYTE - 1)

    def _go_on(self) -> None:
        """The target has a byte now."""
        if self._holds_clock:
            self._holds_clock = False
            self._fetch()
            self.scl_port.release(self.scl_pin)

    def _put(self, bit: int) -> None:
        if bit:
            self._release()
        elif not self._pulls:
            self._pulls = True
            self.sda_port.drive(self.sda_pin, False)

    def _release(self) -> None:
        if self._pulls:
            self._pulls = False
            self.sda_port.release(self.sda_pin)
