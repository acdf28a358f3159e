"""The first page of the ROM: the table of its API, and the code that leads from there to the model.

Each function is a stub that hands arguments, stack pointer and its own number to registers of the
model, and polls until the model is done. Interrupts come as they do on silicon. Source of tables
and order: the vendor's fsl_romapi.h and bl_api.h.
"""

from __future__ import annotations

import struct

BASE = 0x0020_0000
REGISTERS = 0x0021_7000
"""Where the code expects the model's registers."""
PAGE = 0x1000
_POINTER, _TREE, _TABLES, _COMMON = 0x1C, 0x40, 0x80, 0x300
"""Offsets of the pointer to the API, the API, the drivers' tables, and the code."""
_API_VERSION = 0x4B01_0000  # Assumption: "K", 1.0.0
_NOR_VERSION = 0x0001_0500

NOR = ("init", "program", "erase_all", "erase", "read", "clear_cache", "xfer", "update_lut",
       "get_config")  # fmt: skip
_CLOCK = (
    "SetMux", "GetMux", "SetDiv", "GetDiv", "ControlGate", "EnableClock", "DisableClock", "SetMode",
    "SetPllBypass", "GetFreq", "GetCpuClkFreq", "InitExternalClk", "DeinitExternalClk", "SwitchOsc",
    "GetRtcFreq", "SetXtalFreq", "SetRtcXtalFreq", "InitRcOsc24M", "DeinitRcOsc24M", "InitArmPll",
    "DeinitArmPll", "InitSysPll", "DeinitSysPll", "InitUsb1Pll", "DeinitUsb1Pll", "InitUsb2Pll",
    "DeinitUsb2Pll", "InitAudioPll", "DeinitAudioPll", "InitVideoPll", "DeinitVideoPll",
    "InitEnetPll", "DeinitEnetPll", "GetPllFreq", "InitSysPfd", "DeinitSysPfd", "InitUsb1Pfd",
    "DeinitUsb1Pfd", "GetSysPfdFreq", "GetUsb1PfdFreq", "EnableUsbhs0Clock",
    "EnableUsbhs0PhyPllClock", "DisableUsbhs0PhyPllClock", "EnableUsbhs1Clock",
    "EnableUsbhs1PhyPllClock", "DisableUsbhs1PhyPllClock",
)  # fmt: skip
_RTWDOG = (
    "GetDefaultConfig", "Init", "Deinit", "Enable", "Disable", "EnableInterrupts",
    "DisableInterrupts", "GetStatusFlags", "ClearStatusFlags", "SetTimeoutValue", "SetWindowValue",
    "Unlock", "Refresh", "GetCounterValue",
)  # fmt: skip
_WDOG = (
    "GetDefaultConfig", "Init", "Deinit", "Enable", "Disable", "EnableInterrupts", "GetStatusFlags",
    "ClearInterruptStatus", "SetTimeoutValue", "SetInterrputTimeoutValue",
    "DisablePowerDownEnable", "Refresh",
)  # fmt: skip
FUNCTIONS = (
    "runBootloader",
    *(f"FLEXSPI_NOR.{name}" for name in NOR),
    *(f"CLOCK.{name}" for name in _CLOCK),
    *(f"RTWDOG.{name}" for name in _RTWDOG),
    *(f"WDOG.{name}" for name in _WDOG),
)
"""Names of the functions, by the number that their stubs give."""

_BODY = bytes.fromhex(
    "10b5 064c 0fc4 6846 2060 c4f8 04c0 a068 0028 fcd0 e068 10bd 00bf 00bf"
) + struct.pack("<I", REGISTERS)
"""push {r4, lr}; ldr r4, =REGISTERS; stmia r4!, {r0-r3}; mov r0, sp; str r0, [r4];
str r12, [r4, #4]; again: ldr r0, [r4, #8]; cmp r0, #0; beq again; ldr r0, [r4, #12];
pop {r4, pc}"""


def page() -> bytes:
    """The bytes of the page; erased where there is nothing."""
    code = bytearray(b"\xff" * PAGE)
    code[_COMMON : _COMMON + len(_BODY)] = _BODY
    # The stubs come first: their branch leads backwards, over less than 4 KB.
    stubs = _COMMON + len(_BODY)
    for number in range(len(FUNCTIONS)):
        at = stubs + 8 * number
        code[at : at + 8] = _stub(number, _COMMON - at - 8)

    def entry(number: int) -> int:
        return BASE + stubs + 8 * number | 1

    drivers = []
    at, number = _TABLES, 1
    for version, names in (
        ((_NOR_VERSION,), NOR), ((_NOR_VERSION,), _CLOCK), ((), _RTWDOG), ((), _WDOG),
    ):  # fmt: skip
        words = [*version, *(entry(number + i) for i in range(len(names)))]
        struct.pack_into(f"<{len(words)}I", code, at, *words)
        drivers.append(BASE + at)
        at, number = at + 4 * len(words), number + len(names)
    nor, clock, rtwdog, wdog = drivers
    tree = (_API_VERSION, 0, entry(0), 0, nor, 0, clock, rtwdog, wdog, 0)
    struct.pack_into(f"<{len(tree)}I", code, _TREE, *tree)
    struct.pack_into("<I", code, _POINTER, BASE + _TREE)
    return bytes(code)


def _stub(number: int, back: int) -> bytes:
    """mov r12, #number; b.w by `back` bytes from its end. (Armv7-M manual A7.7.12)"""
    offset = back >> 1
    high = 0xF000 | 1 << 10 | offset >> 11 & 0x3FF
    # J1 and J2 are 1: the two bits below the sign are like it.
    return struct.pack("<4H", 0xF04F, 0x0C00 | number, high, 0x9000 | 0x2800 | offset & 0x7FF)
