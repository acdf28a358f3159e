"""What people are told when a machine stops for another reason than the one they waited for.

Every text is one paragraph: what happened, when, where the core is, what the flash was doing, what
the console showed last, and what the models noticed before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from xipsim.engines.api import EXCEPTIONS, Stop, StopReason
from xipsim.errors import (
    BootFailed,
    FirmwareFault,
    ModelGap,
    PoweredOff,
    Situation,
    XipsimError,
)
from xipsim.units import show_duration, show_time

# What the raw REPL says before a script runs: it is xipsim's conversation, nobody's output.
_RAW_REPL = re.compile(
    rb"raw REPL; CTRL-B to exit\r\n>(?:R\x01..[\x01\x04]*|OK|)|R\x01..[\x01\x04]+", re.DOTALL
)
TAIL_LINES = 3
TAIL_LENGTH = 240

FATAL = (
    StopReason.FAULT,
    StopReason.BOOT_FAILED,
    StopReason.POWERED_OFF,
    StopReason.GAP,
)
"""Stops after which a machine does not go on."""

# ARMv7-M Architecture Reference Manual, B3.2.15 to B3.2.17; STKOF: ARMv8-M, D1.2.
_CFSR = {
    0: "instruction fetch from execute-never memory",
    1: "data access not permitted",
    3: "unstacking not permitted",
    4: "stacking not permitted",
    5: "lazy floating-point stacking not permitted",
    8: "bus error on an instruction fetch",
    9: "bus error on a data access",
    10: "imprecise bus error",
    11: "bus error on unstacking",
    12: "bus error on stacking",
    13: "bus error on lazy floating-point stacking",
    16: "undefined instruction",
    17: "invalid state (a jump to an even address)",
    18: "invalid exception return",
    19: "coprocessor not enabled",
    20: "stack overflow",
    24: "unaligned access",
    25: "division by zero",
}
_ESCALATED = {
    "BKPT": "{}, and no debugger is attached",
    "UDF": "undefined instruction {}",
    "SVC": "{} where the handler of SVCall may not run (in a handler of its priority, or masked)",
}
"""Instructions that became a HardFault without a cause of its own."""
FIRST_INTERRUPT = 16
_MMARVALID, _BFARVALID = 1 << 7, 1 << 15
_VECTTBL = 1 << 1


def wait_text(what: str, limit: str, situation: Situation, hint: str) -> str:
    """A wait for `what` that ran out after `limit`. hint: what may be the cause, or empty."""
    text = f"Waited {limit} for {what}, in vain. {describe(situation)}"
    if not situation.opened:
        text += f" The firmware has not brought up {situation.console}: there is no console yet."
    return f"{text} {hint}" if hint else text


def error(stop: Stop, situation: Situation, warnings: tuple[str, ...]) -> XipsimError:
    """The error of a `FATAL` stop. warnings: what was noticed about the image."""
    reason, detail = stop.reason, stop.detail
    why = str(detail.get("why", ""))
    if reason is StopReason.FAULT:
        return FirmwareFault(fault_text(detail, situation), situation, detail)
    if reason is StopReason.BOOT_FAILED:
        return BootFailed(boot_text(why, situation, warnings), situation)
    if reason is StopReason.POWERED_OFF:
        return PoweredOff(power_text(why, situation), situation)
    return ModelGap(gap_text(detail["source"], detail["what"], situation), situation)


def fault_text(detail: Mapping[str, Any], situation: Situation) -> str:
    """A fault of the core. detail: as in `FirmwareFault`."""
    if why := detail.get("why"):
        return f"The firmware is stuck: {why}. {describe(situation)}"
    stacked = detail.get("stacked") or {}
    what = "The core locked up" if detail.get("lockup") else "The firmware faulted"
    if (time := detail.get("time")) is not None:
        what += f" at {show_time(time)}"
    text = f"{what}: {detail.get('exception', 'fault')}, {_causes(detail)}"
    if stacked:
        pc, lr = (situation.place(stacked[name]) for name in ("pc", "lr"))
        if (vector := detail.get("vector")) is not None:
            text += f"; the vector of {_exception(vector)} led to {pc}"
            if (place := detail.get("interrupted")) is not None:
                text += f", and it interrupted {situation.place(place)}"
        else:
            text += f"; the instruction was at {pc}, called from {lr}"
        if (end := detail.get("locked_up_at", stacked["pc"])) != stacked["pc"]:
            text += f", and its handler faulted at {situation.place(end)}"
    values = [
        f"{n.upper()} {detail[n]:#010x}" for n in ("cfsr", "hfsr") if detail.get(n) is not None
    ]
    return f"{text} ({', '.join(values)}). {describe(situation)}"


def _exception(number: int) -> str:
    if number >= FIRST_INTERRUPT:
        return f"interrupt {number - FIRST_INTERRUPT}"
    return EXCEPTIONS.get(number, f"exception {number}")


def boot_text(why: str, situation: Situation, warnings: tuple[str, ...]) -> str:
    """The boot ROM gave up: all warnings may be the cause, not the first alone."""
    text = f"The boot ROM found nothing to start: {_sentence(why)} {describe(situation)}"
    return " ".join([text, *(f"Noticed before: {_sentence(w)}" for w in warnings[1:])])


def power_text(why: str, situation: Situation) -> str:
    """The board switched itself off."""
    return f"The board switched itself off: {_sentence(why)} {describe(situation)}"


def gap_text(source: str, what: str, situation: Situation) -> str:
    """Something not modelled was used in a strict machine."""
    return f"Not modelled: {source}: {_sentence(what)} {describe(situation)}"


def reset_text(cause: str, situation: Situation) -> str:
    """The board was reset under a script."""
    return f"The board was reset ({cause}) while the script ran. {describe(situation)}"


def describe(situation: Situation) -> str:
    """Virtual time, PC, flash and console, and what the models noticed."""
    parts = [f"virtual time {show_time(situation.now)}"]
    if situation.pc is not None:
        parts.append(f"PC {situation.place(situation.pc)}")
    parts += [f"flash {name} {activity(status)}" for name, status in situation.flash.items()]
    if situation.polled:
        parts.append(f"polling {' and '.join(situation.polled)}")
    text = f"Now: {', '.join(parts)}."
    if situation.console:
        shown = _tail(situation.tail)
        text += f" Console {situation.console} showed last: {shown}."
    return " ".join([text, *situation.noticed])


def _causes(detail: Mapping[str, Any]) -> str:
    cfsr, hfsr = detail.get("cfsr") or 0, detail.get("hfsr") or 0
    causes = [text for bit, text in _CFSR.items() if cfsr >> bit & 1]
    if hfsr & _VECTTBL:
        causes.append("bus error on reading the vector table")
    if (instruction := detail.get("escalated")) is not None:
        causes.append(_ESCALATED[instruction.split()[0]].format(instruction))
    text = " and ".join(causes) or "no cause recorded"
    for valid, register in ((_MMARVALID, "mmfar"), (_BFARVALID, "bfar")):
        if cfsr & valid and detail.get(register) is not None:
            text += f" at {detail[register]:#010x}"
    return text


def activity(status: Mapping[str, Any]) -> str:
    """What a chip is doing, by its `status`."""
    operation = status.get("operation")
    if not operation:
        return "idle"
    text = f"busy with {operation['name']}"
    if operation["length"]:
        text += f" at {operation['address']:#x}"
    end = operation["end"]
    until = "for ever" if end is None else f"until {show_time(end)}"
    return f"{text} since {show_time(operation['start'])}, {until}"


def _tail(data: bytes) -> str:
    if not data:
        return "nothing"
    data = _RAW_REPL.sub(b"", data)
    lines = data.decode("utf-8", "replace").splitlines(keepends=True)[-TAIL_LINES:]
    return repr("".join(lines)[-TAIL_LENGTH:])


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def limit_text(timeout: int, wall: float | None, *, is_wall: bool) -> str:
    """The limit that was reached, in words."""
    if is_wall:
        return f"{wall:g} s of real time"
    return f"{show_duration(timeout)} of virtual time"
