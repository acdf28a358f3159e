"""What an engine gives to the models' end, and nothing else of it is used there.

Times are virtual nanoseconds since power-on. *Standing still* means: the core is between two
instructions, virtual time does not move, and the engine has called `Supervisor.stand_still`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from xipsim.engines.link.messages import Request
from xipsim.engines.link.server import UsersEnd
from xipsim.peripherals.core import (
    Allowed,
    Bus,
    Entry,
    IrqLine,
    Model,
    Read,
    Region,
    Segment,
    Words,
    Write,
)
from xipsim.peripherals.namedtuple import NamedTuple


class Timer(Protocol):
    """A one-shot timer on the virtual clock, made with its callback."""

    @property
    def arm(self) -> Callable[[int], None]:
        """Fire at that time, or at once if it has passed; again moves it."""

    @property
    def disarm(self) -> Callable[[], None]:
        """Do not fire."""


class TimeSource(Protocol):
    """Virtual time, and the core's part in it."""

    @property
    def read(self) -> Callable[[], int]:
        """Tells the virtual ns; exactly, also in the middle of an access."""

    def timer(
        self,
        callback: Callable[[], None],
        *,
        is_hidden: bool = False,
        is_patient: bool = False,
    ) -> Timer:
        """A timer, off. is_hidden: it is the engine's own, and the guest cannot notice it.
        is_patient: that one of these which may fire late where a core in thread mode sleeps, or
        stalls."""

    def next_alarm(self, now: int, most: int, hidden: Mapping[Timer, int]) -> int:
        """ns until the first timer fires, the core's own (SysTick) included, at most `most`.

        hidden: armed timers, with their times, that do not count.
        """

    def hold(self) -> None:
        """The core executes nothing after the access under way; time goes on."""

    def skip(self, span: int) -> bool:
        """In an access, or before an instruction: let it be `span` ns later, unless a timer fires
        before or the engine cannot do that: False."""

    def halt(self) -> None:
        """While standing still: the core executes nothing when that is over; time goes on."""

    def release(self) -> None:
        """The core goes on."""

    def move_on(self) -> None:
        """The core is held, and a timer was set or has fired: time may go to the next one."""


class Player(Protocol):
    """Answers accesses of the core to a model's registers in its place; see `passages`."""

    def connect(
        self, ended: Callable[[], None], accessed: Callable[[object, int, int, bool, int], None]
    ) -> None:
        """Call `ended` where something comes, an access or an alarm, that is no step of what is
        played, before that is done; while recording, `accessed` behind each access, with the
        registers' stored values, offset, size, whether it was a write, and the value."""

    def record(self, on: bool) -> None:
        """Tell of each access that begins from now on."""

    def compile(
        self,
        values: dict[int, int],
        steps: Sequence[Step],
        again: Again | None,
        line: IrqLine | None,
        timer: Timer,
        then: Any = None,
    ) -> tuple[Callable[[int], None], Any]:
        """A function that lets these steps be expected from the next access on, given when they
        began; and for `then` of others, what these steps are. values: of the registers of which
        they are accesses. again: a write that may come behind the last one, see `repeat`. line,
        timer: what accesses drive and set. then: the steps to be expected behind that write, if
        not the same."""

    def repeat(self, times: int) -> None:
        """Of what has just begun to be expected, and was compiled with such a write: so many times,
        answer it, too, and expect all steps again, as of then. Not while an alarm is due. With the
        last but one, the `Witness` marks; with the last of these answers, within the access,
        `ended` is called, and the timer is left to that."""

    def forget(self) -> None:
        """Nothing that was compiled will be played any more."""

    def stop(self) -> Played:
        """Expect no step any more."""


class Played(NamedTuple):
    """What has become of steps that were expected."""

    made: int
    """How many were made since they were expected last."""
    written: Sequence[int]
    """What was written in each, of which what stands for reads is not looked at; where others were
    expected behind them, these follow. Good until more are made."""
    starts: Sequence[int]
    """When a step was made that has `rested`, and when all were made, and they or others were
    expected again."""
    pc: int
    """Of the step that has `sets`, if that was made."""


class Witness(Protocol):
    """Tells whether a turn of a loop that polls has changed anything that the firmware could know.

    *Unchanged* is also: since then, no timer has fired, no exception was taken, and the core has
    accessed nothing but memory and the registers of one model. All is called within accesses.
    """

    def mark(self) -> None:
        """Remember the core's state, the top of its stack, and the memory that is kept."""

    def is_unchanged_since(self, time: int) -> bool:
        """Whether these are as they were marked at that time; False where that is not known."""

    def follow(self) -> None:
        """Note what is written to memory from now on, by whomever."""

    def keep(self) -> bool:
        """From now on, keep all that was written since, and mark how things are. False: that is too
        much."""

    def is_all_unchanged_since(self, time: int) -> bool:
        """The same, and that no other memory has been written since, either."""

    @property
    def forget(self) -> Callable[[], None]:
        """What was marked counts no more: somebody may have changed anything."""


class Turner(Protocol):
    """Makes turns of a loop that stalls, in Python's place; see `turns`."""

    def connect(self, timer: Timer, made: Callable[[], None]) -> None:
        """It is asked where `timer` fires, with which stalls end; what that would call is not
        called then, if a turn is made. Call `made` before anything else is done behind some."""

    def begin(self, end: int, lag: int, until: int, sight: int) -> None:
        """From now on: where the timer fires, which is at `end`, let it be `lag` ns later, and set
        it to the next alarm of the guest's world, or to `until`. Not if that is not later; nor if
        anything else comes within `lag`, nor if an interrupt is pending that the core would take.
        It may leave any turn to Python. An alarm later than `sight` counts as if it came then."""

    def stop(self) -> tuple[Sequence[int], Sequence[int]]:
        """No more. When each was made, by now, and the alarm that was the next one then."""


class Step(NamedTuple):
    """An access. value: what was read or written. allowed: what may be written.

    since: ns since the passage began, None where that does not matter. rested: such a step comes
    so many ns or more after that, or before if negative, and for `since` and `rested` of those
    behind it the passage begins with it. took: ns that the access lasted. level: how the line is
    driven, if it is. disarms: the timer is stopped. arms: ns from the passage's begin for which it
    is set. sets: a timer of another model, and the ns for which that is. hides: what is not native
    any more.
    """

    offset: int
    value: int
    is_write: bool
    allowed: Allowed
    since: int | None
    rested: int | None
    took: int
    level: bool | None = None
    disarms: bool = False
    arms: int | None = None
    sets: tuple[Timer, int] | None = None
    hides: tuple[Segment, ...] = ()

    @property
    def is_free(self) -> bool:
        """Whether the value may be another."""
        return self.is_write and self.allowed[:2] != (self.value, self.value)


class Again(NamedTuple):
    """A write behind the steps of a passage that begins it again, or another one.

    given: steps of which the values must be as recorded, for it to be the same. level: how it
    drives the line, if it does. due: ns behind it for which it sets the timer. rested: ns from the
    passage's last begin after which it may come, None for any.
    """

    offset: int
    value: int
    given: frozenset[int]
    level: bool | None = None
    due: int | None = None
    rested: int | None = None


class CoreDescription(NamedTuple):
    """How a core is made. cpu_type: as the `.repl` says. interrupts: inputs of the NVIC.

    frequency, reference: of SysTick's processor clock and of its external reference, in Hz; 0 if
    it has none. ram: an address in RAM, aligned to 1 KiB, where a vector table may be looked for
    before the boot ROM decides.
    """

    cpu_type: str
    interrupts: int
    frequency: int
    reference: int
    ram: int


class Core(Protocol):
    """The Cortex-M core. Registers by gdb's names; None where nothing answers."""

    @property
    def pc(self) -> int:
        """Program counter."""

    @property
    def exception(self) -> int:
        """Number of the exception being handled, 0 in thread mode."""

    def can_interrupt(self) -> bool:
        """Whether an interrupt is pending that the core would take if it went on; also where an
        engine cannot tell."""

    def registers(self) -> dict[str, int]:
        """All registers."""

    def read_memory(self, address: int, length: int) -> bytes | None:
        """Bytes as the core sees them, its private bus included."""

    def write_memory(self, address: int, data: bytes) -> bool:
        """Write as the core would; False where nothing answers."""

    def interrupt(self, number: int) -> IrqLine:
        """The input of external interrupt `number`, or of the NMI."""


    def on_fault(self, handler: Callable[[dict[str, int]], None]) -> None:
        """Call `handler` with the frame when the core enters a fault handler, before the first
        instruction of that: r0 to r3, r12, sp, lr, pc and xpsr as they were. Where an engine cannot
        tell, the frame is looked for on the stack."""

    def reset(self) -> None:
        """Core, NVIC, SysTick and SCB as after power-on; memory and time stay."""

    def enter(self, entry: Entry) -> None:
        """Start where the boot ROM says."""


class Memory(Protocol):
    """Plain memory."""

    def place(self, address: int) -> None:
        """Make it answer at `address`; again elsewhere makes an alias of the same bytes."""

    def fill(self, data: bytes) -> None:
        """Contents before the machine runs: `data`, and the rest erased (FFh)."""

    def clear(self) -> None:
        """Fill it with zeros, with the core about to be reset."""

    def save(self) -> Any:
        """Its bytes, in a form that can be pickled."""

    def load(self, saved: Any) -> None:
        """Be as when `save` returned `saved`; code made from other bytes is dropped."""


class Window(Protocol):
    """The `Window` port of the models."""

    @property
    def address(self) -> int: ...
    @property
    def size(self) -> int: ...
    def segment(self, offset: int, size: int, *, writable: bool = False) -> Segment: ...


class NoRoom(Exception):
    """The engine cannot have another address range on its bus, and why."""


class Backend(Protocol):
    """An engine, from within its process. What places something may raise NoRoom."""

    @property
    def time(self) -> TimeSource:
        """Virtual time."""

    @property
    def bus(self) -> Bus:
        """Memory and registers as a bus master other than the core sees them."""

    @property
    def turner(self) -> Turner | None:
        """None where the engine has none."""

    @property
    def player(self) -> Player | None:
        """Of passages; None where the engine has none."""

    @property
    def witness(self) -> Witness | None:
        """Of what loops change; None where the engine cannot tell."""

    # -- building --------------------------------------------------------------------------------

    def make_core(
        self, description: CoreDescription, on_reset_request: Callable[[], None]
    ) -> Core:
        """The core. on_reset_request: called when the firmware writes SYSRESETREQ."""

    def make_memory(self, name: str, size: int) -> Memory:
        """Memory that answers nowhere yet."""

    def place_registers(
        self, model: Model, address: int, size: int, read: Read, write: Write, words: Words
    ) -> None:
        """Send accesses at `address` to `read` and `write`, of any width that the core has.

        words: a short cut for some of them, with the same effect.
        """

    def place_late(
        self, name: str, address: int, size: int, make: Callable[[], tuple[Read, Write, Words]]
    ) -> None:
        """The same for a model that is not there yet: `make` is called with the first access.

        Only for an engine that has a cache of boots.
        """

    def place_window(
        self, model: Model, region: Region, address: int, size: int, read: Read, write: Write
    ) -> Window:
        """An address range of which segments can be served natively; the rest goes to the model.

        `read` and `write` take offsets in the window, and may raise BusError.
        """

    def place_tag(self, name: str, address: int, size: int, read: Read, write: Write) -> None:
        """Send what nothing else answers at `address` to `read` and `write`."""

    # -- running ---------------------------------------------------------------------------------

    def enter(self) -> None:
        """Stand still after the instruction under way. Idempotent; from any thread."""

    def next_request(self, server: UsersEnd) -> Request | None:
        """Wait for a request while standing still. None: leave, and come back by `enter`."""

    # -- snapshots -------------------------------------------------------------------------------

    def save(self) -> Any:
        """The state of core, NVIC, SysTick and virtual time, in a form that can be pickled."""

    def load(self, saved: Any) -> None:
        """Be as when `save` returned `saved`; SnapshotError. The models' state comes after it."""
