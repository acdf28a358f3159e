"""The part of a PC that drives what is no serial port: mass storage, keyboards and mice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import State, System, exposed
from .control import Request
from .descriptors import Configuration
from .function import Function
from .terminal import SerialTerminal

if TYPE_CHECKING:
    from ._storage import MassStorage, Result

_HID, _STORAGE = 0x03, 0x08
"""Interface classes."""


class FunctionDrivers(SerialTerminal):
    """Base of the host: its drivers, and what a person asks of them.

    A board whose firmware has nothing but serial ports imports none of them.
    """

    functions: State[list[Function]] = State([])
    commands = State(0)
    """How many a mass storage was ever given."""
    ended: State[tuple[int, Result | None]] = State((0, None))
    """The last command of a mass storage that is gone: its number, and how it had ended by then."""

    def __init__(self, system: System, *, name: str = "") -> None:
        super().__init__(system, name=name)
        self._work = self.alarm(self._work_due)

    # -- for whoever sits at the PC --------------------------------------------------------------

    @exposed
    def has_storage(self) -> bool:
        """See `UsbHost`."""
        return self._storage() is not None

    @exposed
    def begin_command(self, block: bytes, data: bytes, length: int) -> int:
        """See `UsbHost`."""
        from ._storage import Command

        storage = self._storage()
        if storage is None or self._pipes is None:
            raise ValueError(f"{self.name}: the device at the cable has no mass storage")
        self.commands += 1
        storage.begin(self._pipes, self.commands, Command(block, data, length))
        self._arrange()
        return self.commands

    @exposed
    def command_result(self, number: int) -> tuple[str, bytes, int, str] | None:
        """See `UsbHost`."""
        storage = self._storage()
        if storage is not None and storage.number == number:
            result = storage.result
        elif self.ended[0] == number and self.ended[1] is not None:
            result = self.ended[1]
        else:
            return "gone", b"", 0, "the device has left the bus"
        return result and (result.status.value, result.data, result.residue, result.why)

    @exposed
    def reports(self) -> list[tuple[int, int, bytes]]:
        """See `UsbHost`."""
        if not self.functions:
            return []
        from ._hid import Hid

        hids = [function for function in self.functions if isinstance(function, Hid)]
        return sorted((t, hid.interface, report) for hid in hids for t, report in hid.reports)

    def _storage(self) -> MassStorage | None:
        """The driver of the first mass storage."""
        if not self.functions:
            return None
        from ._storage import MassStorage

        return next((f for f in self.functions if isinstance(f, MassStorage)), None)

    # -- for the host ----------------------------------------------------------------------------

    def find_functions(self, configuration: Configuration) -> None:
        """The device has been configured: drive what it has."""
        kinds = {interface.kind[0] for interface in configuration.interfaces}
        if _STORAGE in kinds:
            from ._storage import find_storages

            self.functions += find_storages(configuration)
        if _HID in kinds:
            from ._hid import find_hids

            self.functions += find_hids(configuration)
        if self._pipes:
            for function in self.functions:
                function.start(self._pipes)
        self._arrange()

    def forget_functions(self) -> None:
        """The device is gone."""
        self._work.cancel()
        if storage := self._storage():
            self.ended = storage.number, storage.result
        self.functions = []

    def function_ready(self, endpoint: int) -> None:
        """What was answered with NAK at `endpoint` is worth a second try."""
        for function in self.functions:
            if self._pipes and endpoint in function.endpoints:
                function.ready(self._pipes)
                self._arrange()

    def function_answered(self, request: Request) -> None:
        """A control request, of whatever driver, has come to its end, or was refused."""
        for function in self.functions:
            if self._pipes:
                function.answered(self._pipes, request)
        self._arrange()

    # --------------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        """Set the alarm for the driver that is due first."""
        due = min((f.due for f in self.functions if f.due is not None), default=None)
        if due is None:
            self._work.cancel()
        else:
            self._work.at(due)

    def _work_due(self) -> None:
        for function in self.functions:
            if self._pipes and function.due is not None and function.due <= self._pipes.now:
                function.step(self._pipes)
        self._arrange()
