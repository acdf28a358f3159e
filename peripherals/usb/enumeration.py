"""How a PC gets to know a device: which request comes next, and what its answer means."""

from __future__ import annotations

import enum

from xipsim.peripherals.core import Record

from . import descriptors
from .cdc import SerialPort, find_serial_port
from .control import Request, get_descriptor, get_string, set_address, set_configuration
from .descriptors import Configuration, Device

_SMALLEST_PACKET = 8
"""What every endpoint zero sends in its first packet."""


class EnumerationError(Exception):
    """The device refused, or garbled, what no host can do without."""


class Step(enum.Enum):
    """The request that is under way."""

    PACKET_SIZE = "device descriptor, for its packet size"
    ADDRESS = "SET_ADDRESS"
    DEVICE = "device descriptor"
    QUALIFIER = "device qualifier"
    LENGTH = "configuration descriptor, for its length"
    CONFIGURATION = "configuration descriptor"
    LANGUAGES = "language codes"
    STRING = "string descriptor"
    CONFIGURE = "SET_CONFIGURATION"
    DONE = "configured"


class Enumeration(Record):
    """Progress of one enumeration, and what has been learned so far.

    address: the one that the device will get.
    """

    def __init__(self, address: int) -> None:
        self.address = address
        self.step = Step.PACKET_SIZE
        self.device: Device | None = None
        self.total = 0
        self.configuration: Configuration | None = None
        self.language = 0
        self.wanted: list[int] = []
        self.strings: dict[int, str] = {}

    @property
    def max_packet(self) -> int:
        """Packet size of endpoint zero."""
        return self.device.max_packet if self.device else _SMALLEST_PACKET

    @property
    def serial_port(self) -> SerialPort | None:
        """The serial port of the configuration, if there is one."""
        return find_serial_port(self.configuration) if self.configuration else None

    def request(self) -> Request:
        """The request of the step."""
        match self.step:
            case Step.PACKET_SIZE:
                return get_descriptor(descriptors.DEVICE, _SMALLEST_PACKET)
            case Step.ADDRESS:
                return set_address(self.address)
            case Step.DEVICE:
                return get_descriptor(descriptors.DEVICE, self.device.length if self.device else 0)
            case Step.QUALIFIER:
                return get_descriptor(descriptors.QUALIFIER, 10)
            case Step.LENGTH:
                return get_descriptor(descriptors.CONFIGURATION, 9)
            case Step.CONFIGURATION:
                return get_descriptor(descriptors.CONFIGURATION, self.total)
            case Step.LANGUAGES:
                return get_string(0, 0)
            case Step.STRING:
                return get_string(self.wanted[0], self.language)
        return set_configuration(self.configuration.value if self.configuration else 0)

    def answer(self, data: bytes | None) -> None:
        """Go on with what the device sent; None: it stalled. Raises EnumerationError."""
        try:
            if data is not None:
                self._learn(data)
            elif self.step not in (Step.QUALIFIER, Step.LANGUAGES, Step.STRING):
                raise EnumerationError(f"the device stalled the request: {self.step.value}")
        except descriptors.DescriptorError as error:
            raise EnumerationError(f"{self.step.value}: {error}") from error
        self.step = self._next(refused=data is None)

    def _learn(self, data: bytes) -> None:
        match self.step:
            case Step.PACKET_SIZE | Step.DEVICE:
                self.device = descriptors.parse_device(data)
            case Step.LENGTH:
                self.total = descriptors.total_length(data)
            case Step.CONFIGURATION:
                self.configuration = descriptors.parse_configuration(data)
                self.wanted = self._string_numbers()
            case Step.LANGUAGES:
                self.language = next(iter(descriptors.parse_languages(data)), 0)
            case Step.STRING:
                self.strings[self.wanted[0]] = descriptors.parse_string(data)

    def _string_numbers(self) -> list[int]:
        port = self.serial_port
        numbers = (*self.device.strings, port.string if port else 0) if self.device else ()
        return list(dict.fromkeys(number for number in numbers if number))

    def _next(self, *, refused: bool) -> Step:
        if self.step is Step.STRING:
            del self.wanted[0]
        if self.step is Step.LANGUAGES and refused:
            self.wanted.clear()
        if self.step is Step.CONFIGURATION and not self.wanted:
            return Step.CONFIGURE
        if self.step in (Step.LANGUAGES, Step.STRING):
            return Step.STRING if self.wanted else Step.CONFIGURE
        steps = list(Step)
        return steps[steps.index(self.step) + 1]
