"""The Secure Enclave as the cores see it: a request in memory, a doorbell, a reply in its place.

Sources: the vendor's services library (`services_host_handler.c`); alif.md 6.3 and 6.4.
"""

from __future__ import annotations

import struct
from typing import Any

from xipsim.peripherals.core import BusError, Model, Parameter, State, System, model

from .mhu import Mhu
from .services import ERROR_CODE, HEADER, SERVICES, UNKNOWN_COMMAND, Answer, Service

_LOCAL = (range(0x0200_0000), range(0x2000_0000, 0x2200_0000))
"""Where each M55 sees its own TCM, and nobody else does."""


@model("Alif.SecureEnclave")
class SecureEnclave(Model):
    """Takes requests from the cores' MHU frames and answers them at once.

    Assumption: a request takes no time; on silicon it takes some tens of microseconds.
    """

    uid = Parameter(
        str,
        "unique id, 10 hexadecimal digits, with which `machine.unique_id().hex()` begins; "
        "made from the seed if empty",
        default="",
    )
    part_number = Parameter(str, "the device's part number", default="AE722F80F55D5LS")

    # Assumption: before they are set, all of a profile reads 0.
    run_profile = State(bytes(44))
    off_profile = State(bytes(56))
    # Goes on over resets, or firmware would draw the same numbers after each.
    _drawn = State(0, survives_reset=True)

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        uid = self.uid or f"{system.random(f'{self.name}/uid').getrandbits(40):010x}"
        try:
            self.unique_id = bytes.fromhex(uid)
        except ValueError:
            self.unique_id = b""
        if len(self.unique_id) != 5:
            raise ValueError(f"{self.name}: uid: expected 10 hexadecimal digits, given {uid!r}")

    def doorbell(self, mhu: Mhu, channel: int, message: int) -> None:
        """A core's MHU says that there is a request at the address `message`."""
        mhu.acknowledge(channel)
        if any(message in area for area in _LOCAL):
            self.diagnose(
                "se-local-address",
                f"the request's address {message:#010x} is a core's own: the Secure Enclave finds "
                "something else there",
                address=message,
            )
            return
        try:
            replied = self._serve(message)
        except BusError as error:
            self.diagnose("se-address", f"the request cannot be read: {error}", address=message)
            return
        if replied:
            mhu.deliver(channel, message)

    def random_bytes(self, length: int) -> bytes:
        """The next random numbers."""
        self._drawn += 1
        return self.system.random(f"{self.name}/{self._drawn}").randbytes(length)

    def _serve(self, packet: int) -> bool:
        """Execute the request at `packet`. Whether there is a reply."""
        bus = self.system.bus
        (number,) = struct.unpack("<H", bus.read(packet, 2))
        service = SERVICES.get(number)
        if service is None:
            self.gap(f"service {number}")
            bus.write(packet + ERROR_CODE, struct.pack("<H", UNKNOWN_COMMAND))
            return True
        answer = self._run(service, packet)
        if answer is None:
            return False
        if answer.data:
            bus.write(packet + HEADER + answer.at, answer.data)
        if service.error is not None:
            bus.write(packet + service.error, struct.pack("<I", answer.error))
        bus.write(packet + ERROR_CODE, bytes(2))
        return True

    def _run(self, service: Service, packet: int) -> Answer | None:
        layout = struct.Struct("<" + service.request)
        request = layout.unpack(self.system.bus.read(packet + HEADER, layout.size))
        return service.run(self, *request)
