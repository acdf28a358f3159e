"""What is wrong with a transaction, phase by phase, in the words of the data sheet."""

from __future__ import annotations

from collections.abc import Iterator

from .bus import Transaction
from .command import Command
from .maker import Mode

Finding = tuple[str, str]
"""Rule, and what to tell."""


def opcode_mismatch(t: Transaction, mode: Mode) -> Iterator[Finding]:
    """The phase of the opcode against the chip's mode."""
    if t.opcode_lanes != mode.lanes:
        yield "wrong-lanes", f"opcode {_wrong_lanes(t.opcode_lanes, mode.lanes)} ({mode.name} mode)"
    elif t.opcode is not None:
        clocks = -(-t.opcode_bits // (t.opcode_lanes << t.opcode_ddr))
        if clocks != mode.opcode_clocks:
            why = f"opcode takes {clocks} clocks, not {mode.opcode_clocks} ({mode.name} mode)"
            yield "wrong-opcode-length", why


def mismatches(t: Transaction, mode: Mode, command: Command, late: int) -> Iterator[Finding]:
    """The phases behind the opcode against those of the command that the chip understood.

    late: clocks by which the controller begins to read after the chip puts out its first bit.
    """
    # A plain SPI controller sends everything as data.
    is_raw = t.address is None and bool(t.write) and bool(command.address_bits or command.wait)
    if is_raw:
        if command.address_bits and t.data_lanes != command.address_lanes:
            yield "wrong-lanes", f"address {_wrong_lanes(t.data_lanes, command.address_lanes)}"
    elif command.address_bits or late or not t.read:
        yield from _address(t, mode, command)
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


def _address(t: Transaction, mode: Mode, command: Command) -> Iterator[Finding]:
    sent, expected = t.address_bits if t.address is not None else 0, command.address_bits
    # One phase may be address and data together.
    if sent != expected and (t.read or t.write or not (command.takes and sent > expected)):
        why = ""
        if expected == 32 and mode.lanes == 8:
            why = f" in {mode.name} mode"
        elif expected == 32 and mode.wide:
            why = ": the chip is in 4-byte mode"
        elif expected == 24 and not mode.wide:
            why = ": the chip is in 3-byte mode"
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
