"""A CAN bus: arbitration, acknowledgement, and errors, frame by frame."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Model,
    Slots,
    State,
    System,
    exposed,
    model,
    time_of,
)

from .device import CanNode
from .frame import Frame
from .node import ACKNOWLEDGED, DESTROYED, UNACKNOWLEDGED, Node, Rate, Standing

ERROR_BITS = 6 + 8 - 8
"""Error flag and delimiter, in place of the ACK delimiter and the end of the frame."""
SUSPENDED_BITS = 8
"""For which a node that is error passive waits after its own frame."""
TOLERANCE = 0.015
"""By which the rates of two nodes may differ. Assumption: the rest is up to their sample points."""


@model("Can.Bus")
class CanBus(Model):
    """The wires of a bus. Controllers name it as their parameter `bus`, other nodes stand in it.

    A frame is looked at when it is over. A node whose bits have another rate, or that takes no FD
    frames, destroys them by its error flags while it is error active. Assumption: an error frame
    begins where a missing acknowledgement is noticed, whatever the error.
    """

    nodes = Slots[CanNode](16, "nodes that are no controllers of the board's", kind=CanNode)

    _frame: State[Frame | None] = State(None)
    """What is on the bus."""
    _sender = State("")
    _disturbances = State(0, outside=True)
    """Frames to come that are to be destroyed."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._controllers: list[Node] = []
        self._end = self.alarm(self._ended)

    def connected(self) -> None:
        for node in self.nodes.values():
            node.connect(self.request)

    @exposed
    def disturb(self, frames: int = 1) -> None:
        """Let so many frames to come end in an error frame, whoever sends them."""
        self._disturbances = frames

    # -- the controllers' side -------------------------------------------------------------------

    def attach(self, controller: Node) -> None:
        """A controller of the board is on this bus."""
        self._controllers.append(controller)

    @property
    def over_at(self) -> int | None:
        """Virtual ns at which the frame on the bus is over; None while it is idle."""
        return self._end.deadline

    def request(self) -> None:
        """Somebody wants to send, or takes part now."""
        if self._frame is None:
            self._arbitrate()

    def leave(self, controller: Node) -> None:
        """A controller was reset: what it was sending is gone."""
        if self._frame is not None and self._sender == controller.name:
            self._frame = None
            self._end.cancel()
            self._arbitrate()

    # -- frames ----------------------------------------------------------------------------------

    def _others(self, sender: Node) -> list[tuple[Node, Standing]]:
        """Who takes part but `sender`."""
        all_ = [*self._controllers, *self.nodes.values()]
        known = ((node, node.standing()) for node in all_ if node is not sender)
        return [(node, standing) for node, standing in known if standing is not None]

    def _arbitrate(self) -> None:
        """Let the node begin whose frame has the lowest rank."""
        rivals = []
        for place, node in enumerate([*self._controllers, *self.nodes.values()]):
            if node.standing() is not None and (frame := node.wants()) is not None:
                # A node that is none of the board's waits until somebody can hear it.
                if isinstance(node, CanNode) and not self._is_acknowledged(node):
                    continue
                rivals.append((frame.rank, place, node, frame))
        if not rivals:
            return
        _, _, node, frame = min(rivals)
        self._frame, self._sender = frame, node.name
        self._end.at(self.system.clock.now + self._duration(node, frame))
        node.begins()

    def _is_acknowledged(self, sender: Node) -> bool:
        return any(standing.acknowledges for _, standing in self._others(sender))

    def _duration(self, sender: Node, frame: Frame) -> int:
        """ns that a frame takes, with the error frame at its end that it may have."""
        standing = sender.standing()
        assert standing is not None, "it wants to send"
        slow, fast = frame.bits
        if self._outcome(sender, frame) != ACKNOWLEDGED:
            slow += ERROR_BITS + (SUSPENDED_BITS if standing.is_passive else 0)
        rate = standing.rate or self._common_rate(sender)
        fast_rate = standing.fast_rate or rate
        return time_of(slow, *rate) + (time_of(fast, *fast_rate) if fast else 0)

    def _common_rate(self, sender: Node) -> Rate:
        """The rate of a node that has none of its own: the others'."""
        rates = (standing.rate for _, standing in self._others(sender))
        return next((rate for rate in rates if rate is not None), (500_000, 1))

    def _outcome(self, sender: Node, frame: Frame) -> int:
        """What becomes of a frame, by who takes part now."""
        own = sender.standing()
        acknowledged = own is not None and own.acknowledges_itself
        for _, standing in self._others(sender):
            if _understands(standing, own, frame):
                acknowledged |= standing.acknowledges
            elif standing.acknowledges and not standing.is_passive:
                return DESTROYED
        if self._disturbances:
            return DESTROYED
        return ACKNOWLEDGED if acknowledged else UNACKNOWLEDGED

    def _ended(self) -> None:
        frame = self._frame
        sender = next(
            node
            for node in [*self._controllers, *self.nodes.values()]
            if node.name == self._sender
        )
        assert frame is not None, "the alarm is set with it"
        outcome, own = self._outcome(sender, frame), sender.standing()
        for node, standing in self._others(sender):
            if outcome == ACKNOWLEDGED and _understands(standing, own, frame):
                node.heard(frame)
            elif outcome != UNACKNOWLEDGED:
                node.disturbed()
        if outcome == DESTROYED and self._disturbances:
            self._disturbances -= 1
        sender.sent(outcome)
        self._frame = None
        self._arbitrate()


def _understands(standing: Standing, sender: Standing | None, frame: Frame) -> bool:
    """Whether a node can read what the sender's frame is made of."""
    if frame.is_fd and not standing.takes_fd:
        return False
    if sender is None:
        return True  # it has left meanwhile
    if not _same(standing.rate, sender.rate):
        return False
    return not frame.is_fast or _same(standing.fast_rate, sender.fast_rate)


def _same(one: Rate | None, other: Rate | None) -> bool:
    if one is None or other is None:
        return True
    first, second = one[0] * other[1], other[0] * one[1]
    return abs(first - second) <= TOLERANCE * max(first, second)
