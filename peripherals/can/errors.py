"""Error counters of a CAN node, and what they make of it. (ISO 11898-1, fault confinement)"""

from __future__ import annotations

from .node import ACKNOWLEDGED, UNACKNOWLEDGED

WARNING, PASSIVE, OFF = 96, 128, 256
"""Counts from which a node warns, is error passive, and is off the bus."""
STEP = 8
RECOVERY_BITS = 128 * 11
"""Recessive bits after which a node that is off takes part again."""


def transmit_count(count: int, outcome: int) -> int:
    """The transmit error counter after a frame."""
    if outcome == ACKNOWLEDGED:
        return max(count - 1, 0)
    if outcome == UNACKNOWLEDGED and count >= PASSIVE:
        return count  # a passive node may well be alone
    return count + STEP


def receive_count(count: int, *, is_good: bool) -> int:
    """The receive error counter after a frame of another node's."""
    if is_good:
        # Assumption: 127, of the 119 to 127 that the standard allows.
        return PASSIVE - 1 if count >= PASSIVE else max(count - 1, 0)
    return min(count + 1, OFF - 1)
