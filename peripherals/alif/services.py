"""The Secure Enclave's services: numbers, packet layouts, what each of them does.

Source: the vendor's `services_lib_protocol.h` and `services_lib_ids.h`; alif.md 6.4. Offsets count
from the packet's first byte; its header has eight.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Protocol

from xipsim.peripherals.core import ResetCause, System
from xipsim.peripherals.namedtuple import NamedTuple

from . import atoc

HEADER = 8
ERROR_CODE = 4
"""Offset of the transport's error code, 16 bits, in the header."""
UNKNOWN_COMMAND = 0xFC

_FAIL = 0x200
_TOC_OBJECT_NOT_FOUND = 0x1B
_INVALID_CPU_ID = 0x15
_LONGEST_RANDOM = 256

# Assumption: what no public source tells. A device of revision B4 in the state "device
# manufacturer", no keys, and a version of the Secure Enclave's software that knows these services.
_REVISION_ID = 0xB400
_SE_REVISION = b"SES B4 v1.104.0\0"
_LIFE_CYCLE_STATE = 1


class Enclave(Protocol):
    """What the services need of the Secure Enclave's model."""

    system: System
    part_number: str
    unique_id: bytes
    run_profile: bytes
    off_profile: bytes

    def random_bytes(self, length: int) -> bytes:
        """The next random numbers."""

    def diagnose(self, rule: str, message: str) -> None:
        """See `Model`."""

    def gap(self, what: str) -> None:
        """See `Model`."""


class Answer(NamedTuple):
    """What a service replies: an error word, and `data` from the packet's offset 8 + `at` on."""

    error: int = 0
    data: bytes = b""
    at: int = 0


class Service(NamedTuple):
    """A service. request: the `struct` format of what it is given after the header. error: the
    offset of its error word in the packet, None if it has none."""

    request: str
    error: int | None
    run: Callable[..., Answer | None]
    """Called with the Secure Enclave and the request's values. None: there is no reply."""


def _heartbeat(se: Enclave) -> Answer:
    return Answer()


def _se_revision(se: Enclave) -> Answer:
    return Answer(data=struct.pack("<I80s", len(_SE_REVISION), _SE_REVISION))


def _device_revision(se: Enclave) -> Answer:
    data = struct.pack(
        "<I4x16s52x4x16x32s8sB3x",
        _REVISION_ID,
        se.part_number.encode(),
        manufacturing_data(se.unique_id),
        se.unique_id,
        _LIFE_CYCLE_STATE,
    )
    return Answer(data=data)


def _set_run_profile(se: Enclave, profile: bytes) -> Answer:
    se.run_profile = profile
    return Answer()


def _get_run_profile(se: Enclave) -> Answer:
    return Answer(data=se.run_profile)


def _set_off_profile(se: Enclave, profile: bytes) -> Answer:
    se.off_profile = profile
    return Answer()


def _get_off_profile(se: Enclave) -> Answer:
    return Answer(data=se.off_profile)


def _random(se: Enclave, length: int) -> Answer:
    if length > _LONGEST_RANDOM:
        se.diagnose("se-random-length", f"{length} random bytes asked for, 256 is the most")
        return Answer(error=_FAIL)
    return Answer(data=se.random_bytes(length), at=4)


def _process_toc_entry(se: Enclave, name: bytes) -> Answer:
    wanted = name.rstrip(b"\0").decode("latin-1")
    try:
        entries = atoc.read_entries(se.system.bus.read)
    except atoc.AtocError:
        entries = []
    entry = next((e for e in entries if e.name == wanted), None)
    if entry is None:
        return Answer(error=_TOC_OBJECT_NOT_FOUND)
    se.gap(f"service 500: starting {wanted} on another core")
    return Answer()


def _boot_cpu(se: Enclave, core: int, address: int) -> Answer:
    return _control(se, core, 501)


def _release_cpu(se: Enclave, core: int) -> Answer:
    return _control(se, core, 502)


def _reset_cpu(se: Enclave, core: int) -> Answer:
    return _control(se, core, 503)


def _control(se: Enclave, core: int, service: int) -> Answer:
    if core >= len(atoc.CORES):
        return Answer(error=_INVALID_CPU_ID)
    se.gap(f"service {service}: control of {atoc.CORES[core]}")
    return Answer()


def _reset_soc(se: Enclave) -> None:
    se.system.request_reset(ResetCause.SOFTWARE)


def _clock(se: Enclave, *settings: int) -> Answer:
    return Answer()


SERVICES: dict[int, Service] = {
    0: Service("", None, _heartbeat),
    103: Service("", 92, _se_revision),
    208: Service("", 148, _device_revision),
    310: Service("", 52, _get_run_profile),
    311: Service("44s", 52, _set_run_profile),
    312: Service("", 64, _get_off_profile),
    313: Service("56s", 64, _set_off_profile),
    400: Service("I", 268, _random),
    500: Service("8s", 16, _process_toc_entry),
    501: Service("II", 16, _boot_cpu),
    502: Service("I", 12, _release_cpu),
    503: Service("I", 12, _reset_cpu),
    504: Service("", None, _reset_soc),
    # Assumption: clocks stay as the models have them, whatever is selected or switched.
    701: Service("II", 16, _clock),
    702: Service("II", 16, _clock),
}
"""By number. What is not here is answered with UNKNOWN_COMMAND, and reported."""


def manufacturing_data(unique_id: bytes) -> bytes:
    """What MfgData begins with: from it the firmware packs the five bytes of `unique_id`."""
    packed = int.from_bytes(unique_id, "big")
    x, y, wafer_fab = packed >> 33, packed >> 26 & 0x7F, packed >> 20 & 0x3F
    year, week, lot = packed >> 14 & 0x3F, packed >> 8 & 0x3F, packed & 0xFF
    return bytes((x, y, wafer_fab >> 1 | (wafer_fab & 1) << 7, year, week, lot))
