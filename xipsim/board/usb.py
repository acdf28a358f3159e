"""The PC at the other end of the board's USB cable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xipsim.errors import UserError
from xipsim.peripherals.namedtuple import NamedTuple
from xipsim.session.session import Session

if TYPE_CHECKING:
    from xipsim.board.storage import Storage

class Report(NamedTuple):
    """What a keyboard, mouse or the like has sent. time: virtual ns; interface: its number."""

    time: int
    interface: int
    data: bytes


class UsbHost:
    """What a person at the PC does and sees, beside its consoles."""

    def __init__(self, session: Session, name: str) -> None:
        self.name = name
        self._session = session

    def plug(self) -> None:
        """Put the cable in again."""
        self._session.call(self.name, "plug")

    def unplug(self) -> None:
        """Pull the cable."""
        self._session.call(self.name, "unplug")

    @property
    def reports(self) -> list[Report]:
        """The last 1000 reports of each keyboard, mouse or the like, since it was configured."""
        return [Report(*one) for one in self._session.call(self.name, "reports")]

    @property
    def storage(self) -> Storage:
        """The mass storage that the board is to the PC; it need not have appeared yet."""
        from xipsim.board.storage import Storage

        return Storage(self._session, self.name)


def first_host(session: Session) -> UsbHost:
    """The PC at the board's first USB port; UserError on a board without one."""
    if not session.usb_hosts:
        raise UserError("the board has no PC at a USB port (Usb.Host)")
    return UsbHost(session, session.usb_hosts[0])
