"""What a Cortex-M tells of a fault, whatever executes it."""

from __future__ import annotations

from typing import Any

from .backend import Core

CFSR, HFSR, MMFAR, BFAR = 0xE000ED28, 0xE000ED2C, 0xE000ED34, 0xE000ED38
ICSR, VECTPENDING = 0xE000ED04, 0x1FF000
EXCEPTIONS = {
    2: "NMI",
    3: "HardFault",
    4: "MemManage",
    5: "BusFault",
    6: "UsageFault",
    7: "SecureFault",
}
FRAME = ("r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr")
"""What the core stacks when it enters an exception."""
EXC_RETURN = 0xFFFF_FF00
"""From here on, a link register holds no address but says how to return from an exception."""
DEEPEST = 256
"""Bytes that a fault handler may have pushed for its frame to be found."""


def read_word(core: Core, address: int) -> int | None:
    """A word as the core sees it (its private bus included); None where nothing answers."""
    data = core.read_memory(address, 4)
    return None if data is None else int.from_bytes(data, "little")


def is_interrupt_pending(core: Core) -> bool:
    """Whether WFI would end: an enabled interrupt is pending, masked by PRIMASK or not."""
    icsr = read_word(core, ICSR)
    return bool(icsr is not None and icsr & VECTPENDING)


def fault_report(core: Core, frame: dict[str, int] | None = None) -> dict[str, Any]:
    """Fault registers, and what the core stacked when it entered the fault handler.

    frame: that, if it is known; else it is looked for.
    """
    registers = core.registers()
    report: dict[str, Any] = {
        "exception": EXCEPTIONS.get(core.exception, str(core.exception)),
        "cfsr": read_word(core, CFSR),
        "hfsr": read_word(core, HFSR),
        "mmfar": read_word(core, MMFAR),
        "bfar": read_word(core, BFAR),
        "registers": registers,
    }
    if frame is not None:
        report["stacked"] = frame
    elif (found := _stacked_frame(core, registers["sp"], registers["lr"])) is not None:
        words = [read_word(core, found + 4 * i) for i in range(len(FRAME))]
        report["stacked"] = dict(zip(FRAME, words, strict=True))
    return report


def _stacked_frame(core: Core, sp: int, lr: int) -> int | None:
    """Address of the exception frame: on top of the stack if the handler has pushed nothing,
    else behind the EXC_RETURN value that it has pushed."""
    if lr >= EXC_RETURN:
        return sp
    for address in range(sp, sp + DEEPEST, 4):
        word = read_word(core, address)
        if word is not None and word >= EXC_RETURN:
            return address + 4
    return None
