"""What a CAN bus and a node on it say to each other."""

from __future__ import annotations

from typing import Protocol

from xipsim.peripherals.namedtuple import NamedTuple

from .frame import Frame

ACKNOWLEDGED, UNACKNOWLEDGED, DESTROYED = range(3)
"""What becomes of a frame: somebody has taken it, nobody has, or it ended in an error frame."""

Rate = tuple[int, int]
"""Of bits: a clock in Hz, and what divides it."""


class Standing(NamedTuple):
    """How a node takes part in the bus; rates of None fit any."""

    rate: Rate | None = None
    fast_rate: Rate | None = None
    takes_fd: bool = True
    acknowledges: bool = True
    """Else it only listens: it sends no error flags either."""
    acknowledges_itself: bool = False
    """Its own frames, as some controllers can in a loopback."""
    is_passive: bool = False
    """Its error flags destroy nothing."""


class Node(Protocol):
    """A controller on a bus. What it is told may change what it wants, but not the bus."""

    name: str

    def standing(self) -> Standing | None:
        """None while it takes no part."""

    def wants(self) -> Frame | None:
        """What it would send now."""

    def begins(self) -> None:
        """What it wants goes onto the bus: it has won the arbitration."""

    def sent(self, outcome: int) -> None:
        """What has become of its frame."""

    def heard(self, frame: Frame) -> None:
        """A frame of another's that was acknowledged."""

    def disturbed(self) -> None:
        """A frame of another's that ended in an error frame."""
