"""What the user's process may ask while the machine stands still; each public method a request.

LookupError: there is no such thing. ValueError: the arguments do not fit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from xipsim.engines import usermodels
from xipsim.engines.api import SnapshotError
from xipsim.peripherals.core import PinPort, ResetCause, UsbHost

from . import snapshot, snapshotfile
from .dormant import find_dormant

if TYPE_CHECKING:
    from .backend import Core


class Guest(snapshot.Guest, Protocol):
    """A machine that stands still."""

    core: Core

    def begin_anew(self) -> None:
        """Watch the machine as one that has just been built."""


LEAVE_SOMETHING = ("throttle", "trace_commands", "write_memory")
"""Requests of which something may be left where a machine goes back to how it was built."""
NEED_NO_STATE = ("describe", "load_snapshot", "rest", "restore")
"""Those that a machine can answer which shall go back, and has not yet."""


class Requests:
    """Answers for one machine. boot: a snapshot that was read ahead."""

    def __init__(self, guest: Guest, boot: snapshotfile.SnapshotFile | None = None) -> None:
        self._guest, self._boot = guest, boot
        self._snapshots: dict[int, dict[str, Any]] = {}
        self._numbers = 0
        self._built: dict[str, Any] | None = None
        """The machine as it was built, where it will serve another user's process, too."""
        self._is_clean = True
        """Whether it can go back to that."""
        self._must_go_back = self._was_as_built = False
        self._read: tuple[bytes, snapshotfile.SnapshotFile] | None = None
        """What was read last, where it may be read again."""

    def find(self, name: str) -> Callable[..., Any]:
        """What serves the request of that name."""
        method: Callable[..., Any] | None = getattr(self, name, None)
        if method is None or name.startswith("_"):
            raise LookupError(f"no request is called {name!r}")
        return method

    def answer(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """What the request of that name comes to. ValueError for arguments of a wrong type, too."""
        method = self.find(name)
        self._is_clean = self._is_clean and name not in LEAVE_SOMETHING
        if name not in NEED_NO_STATE:
            self.go_back()
        try:
            return method(*arguments)
        except TypeError:
            from .arguments import check_arguments

            check_arguments(name, getattr(type(self), name), arguments)
            raise

    def snapshot(self) -> int:
        """Take a snapshot; its number."""
        return self._keep(snapshot.take(self._guest))

    def _keep(self, state: dict[str, Any]) -> int:
        self._numbers += 1
        self._snapshots[self._numbers] = state
        return self._numbers

    def _find(self, number: int) -> dict[str, Any]:
        if number not in self._snapshots:
            raise SnapshotError("this snapshot was dropped")
        return self._snapshots[number]

    def restore(self, number: int) -> int:
        """Be as when it was taken; the virtual time then."""
        state = self._find(number)
        self._must_go_back = self._was_as_built = False
        self._put_back(state)
        return self._guest.clock.now

    def _put_back(self, state: dict[str, Any]) -> None:
        is_clean, self._is_clean = self._is_clean, False  # where it fails, it is half done
        snapshot.put_back(self._guest, state)
        self._is_clean = is_clean
        if self._built is not None:
            self._guest.begin_anew()

    def drop_snapshot(self, number: int) -> None:
        """Forget it."""
        self._snapshots.pop(number, None)

    def save_snapshot(
        self, number: int, path: str, identity: dict[str, str], extra: bytes
    ) -> None:
        """Write it to a file, with `extra` beside it."""
        state = self._find(number)
        board = self._guest.board
        dormant = find_dormant(board.entries, board.models, state, self.describe())
        snapshotfile.save(path, identity, state, extra, dormant)

    def load_snapshot(self, path: str, identity: dict[str, str]) -> tuple[int, bytes]:
        """Read it from a file; its number, and what was kept beside it."""
        boot, self._boot = self._boot, None
        if boot is None or (boot.path, boot.identity) != (path, identity):
            boot = self._known(path, identity)
        return self._keep(boot.state), boot.extra

    def _known(self, path: str, identity: dict[str, str]) -> snapshotfile.SnapshotFile:
        """What is in that file: the same as before, where the same bytes are in it."""
        data = snapshotfile.read(path)
        if self._read is not None:
            before, known = self._read
            if data == before and identity == known.identity:
                return known
        read = snapshotfile.parse(path, identity, data)
        if self._built is not None:
            self._read = data, read
        return read

    # -- one user's process after another --------------------------------------------------------

    def keep(self) -> None:
        """The machine, which has just been built, will go back to what it is now: see `rest`."""
        self._built = snapshot.take(self._guest)

    def rest(self) -> bool:
        """This user's process leaves: for the next one all shall be as it was built, which it is
        when that needs it. False: it cannot be."""
        self._snapshots.clear()
        self._must_go_back = self._is_clean and self._built is not None
        return self._must_go_back

    def go_back(self) -> None:
        """Be as built, if that is due."""
        if self._must_go_back and self._built is not None:
            self._must_go_back, self._was_as_built = False, True
            self._put_back(self._built)

    @property
    def may_go_back_ahead(self) -> bool:
        """Whether the next user will probably want it as built, as the one before did."""
        return self._must_go_back and self._was_as_built

    # -- looking, typing, resets -----------------------------------------------------------------

    def user_sources(self) -> list[str]:
        """The files of the user's models, and of what they import."""
        return usermodels.sources()

    def now(self) -> int:
        """Virtual ns."""
        return self._guest.clock.now

    def call(self, entry: str, method: str, arguments: tuple[Any, ...]) -> Any:
        """Call an exposed method of a model."""
        return self._guest.host.call(entry, method, arguments)

    def type(self, console: str, data: bytes) -> None:
        """Send bytes to the firmware."""
        self._guest.host.console(console).type(data)

    def throttle(self, console: str, on: bool) -> None:
        """Take nothing from the firmware, or take it again."""
        self._guest.host.console(console).throttle(on)

    def pending(self, console: str) -> int:
        """Bytes typed and not taken yet."""
        pending: int = self._guest.host.console(console).pending
        return pending

    def take_unread(self, console: str) -> bytes:
        """Consume what was printed and not consumed."""
        return self._guest.host.take_unread(console)

    def opened_at(self, console: str) -> int | None:
        """Since when the terminal is open."""
        opened: int | None = self._guest.host.console(console).opened_at
        return opened

    def describe(self) -> dict[str, Any]:
        """Facts about the machine that its user's side needs once."""
        models = self._guest.board.models
        if models.dormant.wired:
            return models.dormant.described
        return {
            "consoles": {n: c.has_cable for n, c in self._guest.host.consoles.items()},
            "chips": {name: chip.info() for name, chip in self._guest.host.chips.items()},
            "ports": {n: m.pins for n, m in models.items() if isinstance(m, PinPort)},
            "usb_hosts": [name for name, m in models.items() if isinstance(m, UsbHost)],
        }

    def trace_commands(self) -> None:
        """From now on send every flash command."""
        self._guest.host.trace_commands()

    def flash_in_flight(self) -> dict[Any, Any]:
        """Status of every chip."""
        return self._guest.host.flash_in_flight()

    def waits(self) -> dict[str, Any]:
        """What the firmware has waited for, see `Waits.told`."""
        return self._guest.clock.questions.waits.told()

    def polled(self) -> list[str]:
        """What the firmware waits for just now, see `GuestClock.polled`."""
        return self._guest.clock.questions.polled()

    def registers(self) -> dict[str, int]:
        """The core's registers."""
        return self._guest.core.registers()

    def read_memory(self, address: int, length: int) -> bytes:
        """Memory as the core sees it. Looking has no side effects: models are not read."""
        return self._guest.board.view.read(self._guest.core, address, length)

    def write_memory(self, address: int, data: bytes) -> None:
        """Write memory as the core would."""
        if not self._guest.core.write_memory(address, data):
            raise LookupError(f"nothing answers at {address:#010x}")

    def reset(self, power: bool) -> None:
        """Press reset, or switch off and on; the boot ROM works with the next run."""
        self._guest.power.begin_reset(ResetCause.POWER_ON if power else ResetCause.PIN)
