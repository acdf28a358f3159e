"""The two lines of an I2C bus whose master moves pins: who listens, and what they answer."""

from __future__ import annotations

from collections.abc import Callable

from xipsim.peripherals.core import Record

from .controller import I2cController

SCL, SDA = 0, 1
IDLE, ADDRESS, RECEIVE, SEND = range(4)
"""What the bits under way are to those that listen: nothing, an address, theirs, from them."""
BYTE = 8


class LinesState(Record):
    """What a model that has such lines keeps of them, in a `State`."""

    def __init__(self) -> None:
        self.scl = self.sda = True
        self.phase = IDLE
        self.bits = 0
        """Clocks of the byte under way; the ninth is its acknowledgement."""
        self.byte = 0
        self.address = 0
        self.is_target = False
        """It is the controller that was addressed."""
        self.is_open = False
        """An address was acknowledged, and no STOP yet."""
        self.pulled = [False, False]
        """Whether SCL, and SDA, is held low."""


class Lines:
    """The bus of `controller` for somebody else who is its master.

    He meets the devices of that bus, and the controller as a target. state: what is kept. pull:
    called with a line and whether it is held low from now on.
    """

    def __init__(
        self,
        controller: I2cController,
        state: Callable[[], LinesState],
        pull: Callable[[int, bool], None],
    ) -> None:
        self._controller, self._state, self._pull = controller, state, pull

    def connected(self) -> None:
        """The models around are there."""
        if target := self._controller.target:
            target.waiter = self._go_on

    def changed(self, line: int, level: bool) -> None:
        """A line may have another level."""
        state = self._state()
        if line == SCL:
            was, state.scl = state.scl, level
            if level and not was:
                self._risen(state)
            elif was and not level:
                self._fallen(state)
        else:
            was, state.sda = state.sda, level
            if state.scl and was != level:
                if level:
                    self._stop(state)
                else:
                    self._start(state)

    def release(self) -> None:
        """Hold nothing any more."""
        for line in (SDA, SCL):
            self._hold(line, False)

    # -- what the master does --------------------------------------------------------------------

    def _start(self, state: LinesState) -> None:
        if target := self._controller.target:
            target.begin()
        state.phase, state.bits, state.byte = ADDRESS, 0, 0

    def _stop(self, state: LinesState) -> None:
        if state.is_open and not state.is_target:
            self._controller.bus.stop(state.address)
        if target := self._controller.target:
            target.stop()
        state.phase, state.is_open = IDLE, False

    def _risen(self, state: LinesState) -> None:
        if state.phase == IDLE:
            return
        if state.bits < BYTE and state.phase != SEND:
            state.byte = state.byte << 1 & 0xFF | state.sda
        elif state.bits == BYTE and state.phase == SEND and state.sda:
            # Not acknowledged: this was the last one.
            if state.is_target and self._controller.target:
                self._controller.target.refused()
            state.phase = IDLE
        state.bits += 1

    def _fallen(self, state: LinesState) -> None:
        if state.phase == IDLE:
            self._hold(SDA, False)
        elif state.bits == BYTE:
            self._ninth(state)
        elif state.bits > BYTE:
            state.bits = 0
            self._next(state)
        elif state.phase == SEND:
            self._put(state.byte >> BYTE - 1 - state.bits & 1)

    # -- what the others answer ------------------------------------------------------------------

    def _ninth(self, state: LinesState) -> None:
        """Eight bits are over: acknowledge, or let the master do it."""
        if state.phase == SEND:
            self._hold(SDA, False)
        elif self._acknowledges(state):
            self._put(0)
        else:
            state.phase = IDLE

    def _acknowledges(self, state: LinesState) -> bool:
        target, bus = self._controller.target, self._controller.bus
        if state.phase != ADDRESS:
            if state.is_target and target:
                return target.write(state.byte)
            return bus.write(state.address, state.byte)
        address, reads = state.byte >> 1, bool(state.byte & 1)
        state.is_target = bool(target and target.start(address, reads))
        is_there = state.is_target or bus.start(address, reads)
        if is_there:
            state.address, state.is_open = address, True
            state.phase = SEND if reads else RECEIVE
        return is_there

    def _next(self, state: LinesState) -> None:
        """The next byte, as soon as the target is ready for it, or has it."""
        target = self._controller.target if state.is_target else None
        byte: int | None = 0
        if state.phase == SEND:
            byte = target.read() if target else self._controller.bus.read(state.address)
        elif target and not target.is_ready():
            byte = None
        if byte is None:
            self._hold(SDA, False)
            self._hold(SCL, True)
            return
        if state.phase == SEND:
            state.byte = byte
            self._put(byte >> BYTE - 1)
        else:
            self._hold(SDA, False)
        self._hold(SCL, False)

    def _go_on(self) -> None:
        """The target has a byte now, or is ready for one."""
        state = self._state()
        if state.pulled[SCL]:
            self._next(state)

    def _put(self, bit: int) -> None:
        self._hold(SDA, not bit)

    def _hold(self, line: int, is_held: bool) -> None:
        pulled = self._state().pulled
        if pulled[line] != is_held:
            pulled[line] = is_held
            self._pull(line, is_held)
