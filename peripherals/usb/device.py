"""What every USB device controller has: one end of a cable."""

from __future__ import annotations

from xipsim.peripherals.core import Model, Slots, UsbHost

from .link import DevicePort, HostPort

MICROFRAME, FRAME = 125_000, 1_000_000
"""Virtual ns from one start of frame to the next, at high and at full speed."""


class CableEnd(Model, DevicePort):
    """Base of the device controllers: the host that they are wired to, if there is one."""

    port: Slots[HostPort] = Slots(1, "the cable to a host", kind=UsbHost)

    @property
    def _host(self) -> HostPort | None:
        return self.port.get(0)

    @property
    def is_attentive(self) -> bool:
        """See `DevicePort`."""
        return True

    def connected(self) -> None:
        if self._host:
            self._host.connect(self)

    def _tell_ready(self, endpoint: int) -> None:
        if self._host:
            self._host.ready(endpoint)

    def _tell_pull_up(self) -> None:
        if self._host:
            self._host.pull_up_changed()
