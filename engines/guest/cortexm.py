"""What a Cortex-M tells of a fault, whatever executes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xipsim.engines.api import EXCEPTIONS

if TYPE_CHECKING:
    from .backend import Core

CFSR, HFSR, MMFAR, BFAR = 0xE000ED28, 0xE000ED2C, 0xE000ED34, 0xE000ED38
VECTTBL = 1 << 1
"""Of HFSR: the vector table could not be read."""
ICSR, VECTPENDING = 0xE000ED04, 0x1FF000
FAULTS = {number: EXCEPTIONS[number] for number in range(2, 8)}
"""The NMI and those that are faults."""
FRAME = ("r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr")
"""What the core stacks when it enters an exception."""
EXC_RETURN = 0xFFFF_FF00
"""From here on, a link register holds no address but says how to return from an exception."""
ON_PROCESS_STACK = 1 << 2
"""Bit of EXC_RETURN: the frame of what was interrupted lies there."""
EXCEPTION = 0x1FF
"""Bits of xPSR: the exception that is being handled."""
PADDED = 1 << 9
"""Bit of a stacked xPSR: a word lies behind the frame."""
BASIC_FRAME, FLOATING = 1 << 4, 18 * 4
"""Bit of EXC_RETURN, and bytes that the frame has besides where that is 0."""
NESTED = 8
"""Exceptions that may have interrupted each other, at most, for the first to be found."""
NO_FETCH = 1 << 8 | 1 << 0
"""Bits of CFSR: IBUSERR and IACCVIOL."""
LONG = 0xE8
"""From here on, the upper byte of an instruction's first half-word says that it has two."""
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


def next_pc(core: Core) -> int:
    """In an access: of the instruction behind the one that makes it."""
    pc = core.pc
    first = core.read_memory(pc, 2)
    return pc + (4 if first is not None and first[1] >= LONG else 2)


def fault_report(core: Core, frame: dict[str, int] | None = None) -> dict[str, Any]:
    """Fault registers, and what the core stacked when it entered the fault handler.

    frame: that, if it is known; else it is looked for.
    """
    registers = core.registers()
    report: dict[str, Any] = {
        "exception": FAULTS.get(core.exception, str(core.exception)),
        "cfsr": read_word(core, CFSR),
        "hfsr": read_word(core, HFSR),
        "mmfar": read_word(core, MMFAR),
        "bfar": read_word(core, BFAR),
        "registers": registers,
    }
    if frame is not None:
        report["stacked"] = frame
        report |= _bad_vector(core, report["cfsr"] or 0, frame)
    elif (found := _stacked_frame(core, registers["sp"], registers["lr"])) is not None:
        words = [read_word(core, found + 4 * i) for i in range(len(FRAME))]
        report["stacked"] = dict(zip(FRAME, words, strict=True))
    return report


def escalated(report: dict[str, Any], look: Callable[[int, int], bytes]) -> dict[str, Any]:
    """What became a HardFault, or a lock-up, of which no register tells a cause (`escalated`): the
    instruction by which the core came to it. Empty for any other fault.

    look: memory as `View.read`. Stacked is the address of BKPT and UDF, and that behind SVC.
    (Armv7-M B1.5.6, B1.5.9; silicon has HFSR.DEBUGEVT besides)
    """
    stacked = report.get("stacked")
    if report["cfsr"] or (report["hfsr"] or 0) & VECTTBL or not stacked:
        return {}
    pc = stacked["pc"]
    for at, code, name in ((pc, 0xBE, "BKPT"), (pc, 0xDE, "UDF"), (pc - 2, 0xDF, "SVC")):
        try:
            value, opcode = look(at, 2)
        except (LookupError, ValueError):
            continue
        if opcode == code:
            return {"escalated": f"{name} #{value}"}
    return {}


def _bad_vector(core: Core, cfsr: int, frame: dict[str, int]) -> dict[str, Any]:
    """Of a handler whose first instruction could not be fetched: the exception's number (`vector`)
    and the place that it interrupted, if that can be found; empty for any other fault.

    Where that was such a handler, too, as with a vector table that cannot be read: the first one.
    """
    number, lr, sp = frame["xpsr"] & EXCEPTION, frame["lr"], frame["sp"]
    if not (number and lr >= EXC_RETURN and cfsr & NO_FETCH):
        return {}
    for _ in range(NESTED):
        if lr & ON_PROCESS_STACK:
            break
        words = [read_word(core, sp + 4 * place) for place in range(len(FRAME))]
        behind, pc, xpsr = (words[FRAME.index(name)] for name in ("lr", "pc", "xpsr"))
        if behind is None or pc is None or xpsr is None:
            break
        if not (pc == frame["pc"] and xpsr & EXCEPTION and behind >= EXC_RETURN):
            return {"vector": number, "interrupted": pc}
        sp += 4 * len(FRAME) + (0 if lr & BASIC_FRAME else FLOATING) + (4 if xpsr & PADDED else 0)
        number, lr = xpsr & EXCEPTION, behind
    return {"vector": number}


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
