"""A UART's line with a terminal at its other end.

Characters take their time on the line in both directions; the terminal is set up as the firmware
sets up the controller (rate, parity, polarity, bit order), so there are no framing errors.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from xipsim.peripherals.core import (
    Console,
    Model,
    Parameter,
    ResetCause,
    State,
    System,
    exposed,
)


class SerialTerminal(Model, Console, ABC):
    """A UART inherits from it before its registers.

    `_tx` and `_rx` are its FIFOs.
    """

    handshake: Parameter[bool]
    """Both ends wait for each other."""

    opened_at = 0

    _tx: State[list[int]] = State([])
    _shifter: State[int | None] = State(None)
    """The character on its way to the terminal."""
    _rx: State[list[int]] = State([])
    """Characters as the data register shows them."""
    _typed = State(bytearray(), survives_reset=True)
    _throttled = State(False, outside=True)

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._receivers: list[Callable[[bytes], None]] = []
        self._sending = self.alarm(self._sent)
        self._receiving = self.alarm(self._arrived)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._go_on()

    @abstractmethod
    def _character(self) -> int:
        """Virtual ns that a character takes on the line, 0 while it has no rate."""

    @abstractmethod
    def _may_send(self) -> bool:
        """Whether the transmitter is on and need not wait."""

    @abstractmethod
    def _may_receive(self) -> bool:
        """Whether the next character from the terminal would be taken."""

    @abstractmethod
    def _arrived(self) -> None:
        """The first of `_typed` is over."""

    def _begun(self) -> None:
        """A character has left the FIFO for the line."""

    def _over(self, character: int) -> None:
        """One that was sent is over, and the terminal has it."""

    @abstractmethod
    def _update(self) -> None:
        """Bring flags and the interrupt line in line with the FIFOs."""

    # -- the terminal ----------------------------------------------------------------------------

    def attach(self, receiver: Callable[[bytes], None]) -> None:
        """Hand every character that the firmware sends to `receiver` when its stop bit is over."""
        self._receivers.append(receiver)

    @exposed
    def type(self, data: bytes) -> None:
        """Send `data` to the firmware, one character after the other."""
        self._typed += data
        self._listen()
        self._update()

    @property
    def pending(self) -> int:
        """Characters typed that have not arrived yet."""
        return len(self._typed)

    @exposed
    def throttle(self, on: bool) -> None:
        """Take nothing more (True): the transmitter waits after the character it is sending.

        Without `handshake` there is nothing that could stop it.
        """
        self._throttled = on
        self._go_on()

    # -- the line --------------------------------------------------------------------------------

    def _ask(self) -> None:
        """The firmware asks what only the line's alarms can change."""
        first = None
        for alarm in self._alarms.values():
            due = alarm.deadline
            if due is not None and (first is None or due < first):
                first = due
        self.system.clock.question(self.name, first)

    def _go_on(self) -> None:
        self._send()
        self._listen()
        self._update()

    def _held(self) -> bool:
        """Whether the terminal lets the transmitter wait."""
        return self._throttled and self.handshake

    def _send(self) -> None:
        """Begin the next character if there is one and the line is free."""
        if self._shifter is not None or not (self._tx and self._may_send()):
            return
        takes = self._character()
        if takes:
            self._shifter = self._tx.pop(0)
            self._sending.at(self.system.clock.now + takes)
            self._begun()

    def _sent(self) -> None:
        character, self._shifter = self._shifter, None
        assert character is not None
        if self._tx:
            self._send()
        self._update()
        data = bytes((character,))
        for receiver in self._receivers:
            receiver(data)
        self._over(character)

    def _listen(self) -> bool:
        """Let the terminal begin its next character if it has one and may; whether it did."""
        if not self._typed or self._receiving.deadline is not None:
            return False
        may, takes = self._may_receive() or not self.handshake, self._character()
        # Assumption: while the line has no rate, nobody types.
        if not (may and takes):
            return False
        self._receiving.at(self.system.clock.now + takes)
        return True
