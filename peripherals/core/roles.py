"""What a model can be to its machine, beside what it is on the bus.

A model inherits from each of its roles, and provides everything public that the role names; the
`model` decorator refuses one that does not. Engines ask `isinstance(model, Console)`::

    @model("Lab.Terminal")
    class Terminal(Peripheral, Console): ...
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, ClassVar, Protocol

from .boot import Entry
from .model import Model, exposed
from .ports import IrqLine


class Role:
    """Base of all roles. Plain classes: an ABC would cost time in every process that starts."""


class Console(Role):
    """A person can sit at it: a UART's far end, a PC's USB serial port."""

    has_cable: ClassVar[bool] = False
    """Whether there is a port to open only after the firmware has announced one (USB)."""

    @property
    def opened_at(self) -> int | None:
        """Virtual ns since when the terminal is open, None while there is no port to open."""
        raise NotImplementedError

    def attach(self, receiver: Callable[[bytes], None]) -> None:
        """Hand every byte that the firmware sends to `receiver`, as it arrives."""
        raise NotImplementedError

    def type(self, data: bytes) -> None:
        """Send `data` to the firmware, as fast as it takes them; nothing is lost."""
        raise NotImplementedError

    @property
    def pending(self) -> int:
        """Bytes typed that the firmware has not taken yet."""
        raise NotImplementedError

    @exposed
    def throttle(self, on: bool) -> None:
        """Take nothing more from the firmware (True) until told otherwise."""
        raise NotImplementedError


class Keeper(Role):
    """Keeps its contents without power; they can be kept in a file between runs."""

    BLANK: ClassVar[int] = 0xFF
    """Each byte that nobody has written."""

    @classmethod
    def capacity(cls, parameters: Mapping[str, Any]) -> int:
        """Bytes that a model with these parameters keeps; ValueError where they say nonsense."""
        raise NotImplementedError

    @exposed
    def contents(self) -> bytes:
        """All bytes."""
        raise NotImplementedError

    @exposed
    def fill(self, data: bytes) -> None:
        """Make `data` the contents, before the machine runs."""
        raise NotImplementedError


class FlashWatcher(Protocol):
    """Who wants to know what a flash chip does."""

    def array_changed(self, chip: Any, address: int, length: int) -> None:
        """Cells in [address, address + length) changed."""

    def state_changed(self, chip: Any) -> None:
        """It is busy, idle, or in another mode."""

    def operation_began(self, chip: Any) -> None:
        """It is busy with an operation on its array; nothing else is new."""

    def operation_ended(self, chip: Any, address: int, length: int) -> None:
        """It is so no more, and cells in [address, address + length) changed; likewise."""


class FlashChip(Keeper):
    """A flash chip as people see it: looked at, changed and broken from outside.

    Nothing here takes time or counts as a command. ValueError for what is not within the array.
    """

    @property
    def busy(self) -> bool:
        """Whether an operation is under way."""
        raise NotImplementedError

    @property
    def active_at(self) -> int:
        """Virtual ns at which cells or mode changed last, or an operation began or ended."""
        raise NotImplementedError

    def watch(self, watcher: FlashWatcher) -> None:
        """Tell `watcher` about changes of the array and of the state."""
        raise NotImplementedError

    @exposed
    def info(self) -> dict[str, Any]:
        """What the part is: part, maker, id, uid, size, page, erase_sizes, endurance, times."""
        raise NotImplementedError

    @exposed
    def status(self) -> dict[str, Any]:
        """Registers, mode, `busy`, and `operation` (None, or its facts)."""
        raise NotImplementedError

    @exposed
    def stats(self) -> dict[str, Any]:
        """commands, bytes_read, bytes_programmed, erases, operations, busy_time."""
        raise NotImplementedError

    @exposed
    def read(self, address: int, length: int) -> bytes:
        """The cells, whatever the chip is doing."""
        raise NotImplementedError

    @exposed
    def program(self, address: int, data: bytes) -> None:
        """AND `data` into the cells, at once."""
        raise NotImplementedError

    @exposed
    def erase(self, address: int, length: int) -> None:
        """Set the cells to FFh, at once."""
        raise NotImplementedError

    @exposed
    def fail_program(self, address: int, length: int) -> None:
        """These cells keep their value from now on; the chip reports success all the same."""
        raise NotImplementedError

    @exposed
    def stuck_busy(self) -> None:
        """The next erase, program or status write never ends, until the power goes."""
        raise NotImplementedError

    @exposed
    def stuck_wel(self) -> None:
        """Nothing can be erased or programmed from now on."""
        raise NotImplementedError


class BootRom(Role):
    """Decides, at every reset, how the core starts."""

    def boot(self) -> Generator[int, None, Entry]:
        """Do what the mask ROM does; raise BootError where it would give up.

        Yields a virtual time whenever the ROM waits: the engine goes on with it at that time.
        """
        raise NotImplementedError


class Waker(Role):
    """Can switch a board on again that has switched itself off."""

    @property
    def wake_at(self) -> int | None:
        """Virtual ns at which it will, None while it will not."""
        raise NotImplementedError


class WakeFilter(Role):
    """Lets only some interrupts end a deep sleep of the core."""

    def filtered(self, number: int, line: IrqLine) -> IrqLine:
        """What drives the core's interrupt `number` in place of `line`, which leads there."""
        raise NotImplementedError

    @property
    def holds_back(self) -> bool:
        """Whether an interrupt may have to wait now."""
        raise NotImplementedError


class UsbHost(Role):
    """A PC at the other end of the board's USB cable. Its serial ports are consoles."""

    @exposed
    def plug(self) -> None:
        """Put the cable in again."""
        raise NotImplementedError

    @exposed
    def unplug(self) -> None:
        """Pull the cable."""
        raise NotImplementedError

    @exposed
    def reports(self) -> list[tuple[int, int, bytes]]:
        """What keyboards and mice have sent lately: virtual ns, interface, report."""
        raise NotImplementedError

    @exposed
    def has_storage(self) -> bool:
        """Whether the device is configured, and has a mass storage."""
        raise NotImplementedError

    @exposed
    def begin_command(self, block: bytes, data: bytes, length: int) -> int:
        """Give the mass storage a SCSI command: its number.

        data: goes to the device; length: of what is to come instead. ValueError where there is no
        mass storage, or while another command is under way.
        """
        raise NotImplementedError

    @exposed
    def command_result(self, number: int) -> tuple[str, bytes, int, str] | None:
        """How that command ended: status, data, residue, reason. None while it is under way.

        Status: `passed`, `failed`, `gone` where the device has left meanwhile, or what else ended
        it.
        """
        raise NotImplementedError


class Inputs(Role):
    """Has numbered inputs, to which the outputs of other entries can be wired."""

    INPUTS: ClassVar[int | None] = None
    """How many; None: as many as are wired. The pins of a `PinPort` are its inputs."""

    def on_input(self, number: int, level: bool) -> None:
        """What is wired to input `number` has changed to `level`: several lines are ORed."""
        raise NotImplementedError


class PinPort(Inputs):
    """A port of pins, numbered from 0. ValueError for a pin that is not there."""

    @property
    def pins(self) -> int:
        """How many."""
        raise NotImplementedError

    @exposed
    def level(self, pin: int) -> int:
        """0 or 1, whoever drives it."""
        raise NotImplementedError

    @exposed
    def direction(self, pin: int) -> str:
        """`in` or `out`, as the firmware has set it."""
        raise NotImplementedError

    @exposed
    def drive(self, pin: int, level: bool) -> None:
        """Drive the pin from outside, until `release`. It counts while the pin is an input."""
        raise NotImplementedError

    @exposed
    def release(self, pin: int) -> None:
        """Stop driving the pin."""
        raise NotImplementedError


def roles_of(model: type) -> list[type[Role]]:
    """The roles that `model` plays, without those that another of them includes."""
    played = [base for base in model.__mro__ if _is_role(base)]
    included = {base for role in played for base in role.__mro__[1:]}
    return [role for role in played if role not in included]


def _is_role(kind: type) -> bool:
    return issubclass(kind, Role) and kind is not Role and not issubclass(kind, Model)


def check_roles(model: type) -> None:
    """TypeError where `model` lacks what one of its roles names, saying all that it lacks."""
    for role in filter(_is_role, model.__mro__):
        lacking, hidden = [], []
        for name, wanted in vars(role).items():
            if name.startswith("_") or not _is_provided(wanted):
                continue
            given = next(vars(base)[name] for base in model.__mro__ if name in vars(base))
            if given is wanted:
                lacking.append(name)
            elif _is_exposed(wanted) and not _is_exposed(given):
                hidden.append(name)
        what = f"{model.__name__} is declared to be a {role.__name__}"
        if lacking:
            raise TypeError(f"{what}, but has no {', '.join(lacking)}")
        if hidden:
            raise TypeError(f"{what}, but there is no @exposed on its {', '.join(hidden)}")


def _is_provided(declared: object) -> bool:
    """Whether it is a model that provides it: a method or property, no constant."""
    return callable(declared) or isinstance(declared, (property, classmethod))


def _is_exposed(method: object) -> bool:
    return bool(getattr(method, "exposed", False))
