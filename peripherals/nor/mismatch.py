"""What is wrong with a transaction, phase by phase, in the words of the data sheet."""

from __future__ import annotations

from collections.abc import Iterator

from .bus import Transaction
from .command import Command
from .maker import Mode

Finding = tuple[str, str]
"""Rule, and what to tell."""


def opcode_mismatch(t: Transaction, mode: Mode) -> Finding | None:
    """The phase of the opcode against the chip's mode."""
    if t.opcode is None and t.address is not None:
        why = "no opcode was sent, and the chip is not in continuous read"
        return "no-opcode", f"{why} ({mode.name} mode)"
    # A plain SPI controller sends everything as data.
    lanes = t.data_lanes if t.opcode is None else t.opcode_lanes
    if lanes != mode.lanes:
        return "wrong-lanes", f"opcode {_wrong_lanes(lanes, mode.lanes)} ({mode.name} mode)"
    clocks = -(-t.opcode_bits // (t.opcode_lanes << t.opcode_ddr))
    if t.opcode is not None and clocks != mode.opcode_clocks:
        why = f"opcode takes {clocks} clocks, not {mode.opcode_clocks} ({mode.name} mode)"
        return "wrong-opcode-length", why
    return None


def mismatches(
    t: Transaction, mode: Mode, command: Command, late: int, *, has_wide: bool
) -> Iterator[Finding]:
    """The phases behind the opcode against those of the command that the chip understood.

    late: clocks by which the controller begins to read after the chip puts out its first bit.
    has_wide: whether the chip has a 4-byte mode.
    """
    # A plain SPI controller sends everything as data.
    is_raw = t.address is None and bool(t.write) and bool(command.address_bits or command.wait)
    if is_raw:
        if command.address_bits and t.data_lanes != command.address_lanes:
            yield "wrong-lanes", f"address {_wrong_lanes(t.data_lanes, command.address_lanes)}"
    elif command.address_bits or late or not t.read:
        yield from _address(t, mode, command, has_wide)
        yield from _mode_bits(t, command)
    if late and t.read and not t.duplex:
        yield from _dummies(t, command, late, is_raw)
    if t.read or t.write:
        if t.data_lanes != command.data_lanes and (command.sends or command.takes):
            yield "wrong-lanes", f"data {_wrong_lanes(t.data_lanes, command.data_lanes)}"
        yield from _edges("data", t.data_ddr, command.ddr)


def _dummies(t: Transaction, command: Command, late: int, is_raw: bool) -> Iterator[Finding]:
    waits = t.dummy + (t.mode_bits // t.mode_lanes if t.mode is not None else 0)
    expected = f"expected {command.wait}{', mode bits included' if command.mode_clocks else ''}"
    if is_raw:
        when = "late" if late > 0 else "early"
        yield "wrong-dummy", f"read {abs(late)} clocks too {when}; dummy cycles: {expected}"
    elif waits != command.wait:
        yield "wrong-dummy", f"{waits} dummy cycles between address and data, {expected}"


def _mode_bits(t: Transaction, command: Command) -> Iterator[Finding]:
    has_both = t.mode is not None and command.mode_clocks
    if has_both and t.mode_lanes != command.address_lanes:
        why = _wrong_lanes(t.mode_lanes, command.address_lanes)
        yield "wrong-lanes", f"mode bits {why}"


def _address(t: Transaction, mode: Mode, command: Command, has_wide: bool) -> Iterator[Finding]:
    sent, expected = t.address_bits if t.address is not None else 0, command.address_bits
    # One phase may be address and data together.
    if sent != expected and (t.read or t.write or not (command.takes and sent > expected)):
        why = ""
        if expected == 32 and mode.lanes == 8:
            why = f" in {mode.name} mode"
        elif {sent, expected} == {24, 32} and command.fixed_width:
            why = " in every mode"
        elif {sent, expected} == {24, 32}:
            mine = f"is in {4 if mode.wide else 3}-byte mode" if has_wide else "has no 4-byte mode"
            why = f": the chip {mine}"
        yield "wrong-address", f"{sent} address bits, expected {expected}{why}"
    if sent and expected:
        if t.address_lanes != command.address_lanes:
            yield "wrong-lanes", f"address {_wrong_lanes(t.address_lanes, command.address_lanes)}"
        yield from _edges("address", t.address_ddr, command.ddr)


def _edges(phase: str, ddr: bool, expected: bool) -> Iterator[Finding]:
    if ddr != expected:
        rates = ("single", "double")
        yield "wrong-edges", f"{phase} at {rates[ddr]} data rate, not {rates[expected]}"


def _wrong_lanes(lanes: int, expected: int) -> str:
    lines = "1 line" if lanes == 1 else f"{lanes} lines"
    return f"on {lines} where the chip uses {expected}"
