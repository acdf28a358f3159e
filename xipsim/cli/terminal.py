"""A board's console at a person's terminal or on a PTY, at the pace of real time."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from xipsim.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from xipsim.machine.machine import Machine

LEAVE = b"\x1d"
"""Ctrl-]"""
SLICE = 10_000_000
"""Virtual ns that pass at most between two looks at the keyboard."""
TALKING_SLICE = 1_000_000
"""The same while bytes go to and fro: each answer waits for the end of a slice."""
TALKING = 0.1
"""Seconds after the last byte for which a conversation is taken to go on."""
SILENT_SLICE = 80_000_000
"""The same where nobody has said anything for long: what the board says then comes so much later,
and what is typed is heard at once. Less than half of LAG, as waiting may take longer than asked."""
SILENT = 1.0
"""Seconds after the last byte from which on nobody is taken to be talking."""
LAG = 200_000_000
"""ns by which virtual time may be late and still catch up."""
LAG_WORTH_SAYING = 1_000_000_000
TYPED_AHEAD = 4096
"""Bytes typed that the firmware has not taken, after which the keyboard is not read."""
PIECE = 4096
"""Bytes written at once: what a pipe that is ready takes without blocking (PIPE_BUF)."""


class HungUp(Exception):
    """Nobody is at the other end any more."""


class Line:
    """The bytes between a console and whoever sits at its terminal; nothing here blocks.

    is_pty: others may come and go, and the line stays.
    """

    def __init__(
        self, reads: int, writes: int, *, leave: bytes = b"", is_pty: bool = False
    ) -> None:
        self.reads, self.writes, self._is_pty = reads, writes, is_pty
        self._poll = select.poll()
        self._poll.register(reads, select.POLLIN)
        self.left = False
        """Whether `leave` has been typed."""
        self._leave = leave
        self._waiting = bytearray()

    @property
    def is_full(self) -> bool:
        """Whether output waits because the terminal takes no more."""
        return bool(self._waiting)

    def is_deserted(self) -> bool:
        """Whether nobody has the PTY open, and all that was typed has been read."""
        return self._is_pty and self._poll.poll(0) == [(self.reads, select.POLLHUP)]

    def send(self, data: bytes) -> None:
        """Queue output for `flush`. Never fails: it is called while the machine runs."""
        self._waiting += data

    def flush(self) -> None:
        """Write as much of the queue as the terminal takes."""
        while self._waiting and select.select([], [self.writes], [], 0)[1]:
            try:
                count = os.write(self.writes, self._waiting[:PIECE])
            except BlockingIOError:
                return
            except OSError:
                raise HungUp from None
            del self._waiting[:count]

    def receive(self) -> bytes:
        """What was typed, up to the key that leaves. Call it when there is something to read."""
        try:
            data = os.read(self.reads, PIECE)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data and not self._is_pty:
            raise HungUp
        if self._leave:
            data, key, _ = data.partition(self._leave)
            self.left = bool(key)
        return data


def require_terminal() -> None:
    """UserError where nobody sits at standard input."""
    if not sys.stdin.isatty():
        raise UserError(
            "run needs a terminal at standard input; `xipsim exec` runs scripts, "
            "and --pty gives other programs a port"
        )


@contextmanager
def terminal() -> Iterator[Line]:
    """The terminal at standard input, in raw mode, and as it was afterwards."""
    require_terminal()
    reads, writes = sys.stdin.fileno(), sys.stdout.fileno()
    own = _unblocked(writes)
    before = termios.tcgetattr(reads)
    try:
        tty.setraw(reads, termios.TCSADRAIN)
        yield Line(reads, writes if own is None else own, leave=LEAVE)
    finally:
        with suppress(termios.error):  # the terminal may be gone
            termios.tcsetattr(reads, termios.TCSADRAIN, before)
        if own is not None:
            os.close(own)


def _unblocked(descriptor: int) -> int | None:
    """The terminal `descriptor` opened once more, for writing that does not block.

    Setting the flag on the descriptor itself would set it for the shell, too.
    """
    if not os.isatty(descriptor):
        return None
    try:
        return os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return None


@contextmanager
def pseudo_terminal() -> Iterator[tuple[Line, str]]:
    """A new PTY, raw and without echo, and its name. What was set stays, whoever opens it."""
    try:
        ours, theirs = os.openpty()
    except OSError as error:
        raise UserError(f"--pty: there is no PTY to be had here: {error.strerror}") from None
    try:
        try:
            name = os.ttyname(theirs)
            tty.setraw(theirs, termios.TCSANOW)
        except OSError as error:
            text = f"--pty: the PTY has no name here, is /dev/pts mounted? ({error.strerror})"
            raise UserError(text) from None
        finally:
            os.close(theirs)
        os.set_blocking(ours, False)
        yield Line(ours, ours, is_pty=True), name
    finally:
        os.close(ours)


@contextmanager
def linked(path: Path | None, target: str) -> Iterator[None]:
    """`path`, if there is one, as a symbolic link to the PTY `target`, and removed afterwards.

    A link that is there already is another machine's, or was left by one that was killed: replaced.
    UserError for anything else of that name.
    """
    if path is None:
        yield
        return
    if os.path.lexists(path) and not os.path.islink(path):
        raise UserError(f"--pty-link {path}: it is there already, and is no symbolic link")
    fresh = f"{path}.{os.getpid()}"
    try:
        os.symlink(target, fresh)
        os.replace(fresh, path)
    except OSError as error:
        raise UserError(f"--pty-link {path}: cannot be made: {error.strerror}") from None
    try:
        yield
    finally:
        with suppress(OSError):
            if os.readlink(path) == target:
                os.unlink(path)


class Pace:
    """Says how much virtual time may pass: it is never ahead of real time.

    Where it cannot follow, at most LAG is made good later; the rest is lost for ever, so that
    virtual time does not run too fast afterwards.
    """

    def __init__(self, now: int, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._offset = now - clock()
        self.lost = 0
        """Virtual ns that real time is ahead for ever."""

    def due(self, now: int) -> int:
        """Virtual ns that may pass from `now` on; 0 if none."""
        due = self._clock() + self._offset - now
        if due > LAG:
            self.lost += due - LAG
            self._offset -= due - LAG
            due = LAG
        return max(0, due)


class NoPace:
    """Virtual time passes as fast as the computer lets it, and whoever reads `line`.

    Firmware drops what a PC does not take for half a second, which would be over at once. While
    nobody is there it keeps the pace of real time: whoever wanted it fast may have been killed.
    """

    lost = 0

    def __init__(self, line: Line) -> None:
        self._line = line
        self._alone: Pace | None = None

    def due(self, now: int) -> int:
        """See `Pace`."""
        if self._line.is_full:
            return 0
        if not self._line.is_deserted():
            self._alone = None
            return SLICE
        if self._alone is None:
            self._alone = Pace(now)
        return self._alone.due(now)


class Conversation:
    """A machine's console on a line, until the person leaves or `stopped` says so.

    on_lag is called once, when virtual time is seen to lag behind. is_fast: virtual time is not
    held to real time.
    """

    def __init__(
        self,
        machine: Machine,
        line: Line,
        *,
        stopped: Callable[[], bool] = lambda: False,
        on_lag: Callable[[], None] = lambda: None,
        is_fast: bool = False,
    ) -> None:
        self._machine, self._line = machine, line
        self._stopped, self._on_lag, self._is_fast = stopped, on_lag, is_fast
        self._typed_ahead = 0
        """Bytes that the firmware may not have taken yet, at most."""
        self._is_unread = False
        self._throttled = False
        self._last_byte = time.monotonic()

    def go_on(self) -> None:
        """Let the board run."""
        console = self._machine.console
        stop_listening = console.on_output(self._show)
        pace = NoPace(self._line) if self._is_fast else Pace(self._machine.now)
        self._line.send(console.read_bytes())
        try:
            while not (self._stopped() or self._line.left):
                self._pass(pace)
                self._type(self._wait(self._slice - pace.due(self._machine.now)))
        except HungUp:
            return
        finally:
            stop_listening()

    @property
    def _slice(self) -> int:
        if self._is_fast:
            return SLICE  # over at once, where nothing is going on
        silence = time.monotonic() - self._last_byte
        if silence < TALKING:
            return TALKING_SLICE
        return SLICE if silence < SILENT else SILENT_SLICE

    def _pass(self, pace: Pace | NoPace) -> None:
        if due := min(pace.due(self._machine.now), self._slice):
            self._machine.run_for(due)
            if self._is_unread:
                self._is_unread = False
                self._machine.console.read_bytes()  # it was shown; nobody waits for it
        if pace.lost >= LAG_WORTH_SAYING:
            self._on_lag()
            self._on_lag = lambda: None
        self._line.flush()
        if self._line.is_full != self._throttled:
            self._throttled = self._line.is_full
            self._machine.console.throttle(self._throttled)

    def _show(self, data: bytes) -> None:
        self._last_byte = time.monotonic()
        self._is_unread = True
        self._line.send(data)

    def _wait(self, ns: int) -> bool:
        """Wait for real time to pass, or something to do; whether bytes can be read."""
        deaf = self._is_typed_ahead() or self._line.is_deserted()
        reads = [] if deaf else [self._line.reads]
        writes = [self._line.writes] if self._line.is_full else []
        readable, _, _ = select.select(reads, writes, [], max(0, ns) / 1e9)
        return bool(readable)

    def _is_typed_ahead(self) -> bool:
        if self._typed_ahead >= TYPED_AHEAD:
            self._typed_ahead = self._machine.console.pending
        return self._typed_ahead >= TYPED_AHEAD

    def _type(self, readable: bool) -> None:
        if readable and (data := self._line.receive()):
            self._last_byte = time.monotonic()
            self._typed_ahead += len(data)
            self._machine.console.write(data)
