"""A process in which models live: started, ended, and its last words."""

from __future__ import annotations

import errno
import os
import sys

from xipsim.engines.errors import ConfigurationError, EngineError
from xipsim.peripherals.namedtuple import NamedTuple

from .messages import NUMBER, UNUSABLE

TYPE_CHECKING = False  # see `xipsim.cli.prestart`
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xipsim.engines.api import StrPath

SIGKILL = 9
IGNORED = (13, 25)
"""SIGPIPE and SIGXFSZ, which Python ignores and its children should not. Importing `signal` or
`subprocess` would cost 2 ms before the child starts."""
EXHAUSTED = (errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""Errors of a computer, or of limits, that leave no room for another process."""
FROM_OUTSIDE = (1, 2, 3, SIGKILL, 15, 24)
"""SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGTERM and SIGXCPU: no program sends them to itself."""
LAST_LINES = 20
OF_SHELLS = 128
"""A shell ends with so much more than the number of the signal that has killed its command."""
ANSWER_TIME = 20.0
"""Seconds in which the child must answer a request or notice an interrupt, of its own as long as it
computes; of real time for going on with a message that it has begun to read or to write."""
END_TIME = 2.0
"""Seconds of real time after which a child that should end is killed."""
ROOM = 1 << 20
"""Bytes of the pipe to the child: an image fits into it while the child still starts. This is as
much as Linux lets everybody have."""
ROOT = os.path.abspath(f"{__file__}/../../../..")
"""The folder from which `xipsim` is imported."""


def search_path() -> list[str]:
    """Where the child shall look for modules: where this process does, and for `xipsim` first."""
    return [ROOT, *(path or os.getcwd() for path in sys.path)]


class Command(NamedTuple):
    """How a child is started. environment: what it has beside this process's own."""

    words: list[str]
    environment: Mapping[str, str]


class Process:
    """A child that serves `channel`; what it simulates, the first messages say.

    command: made from the descriptors that the child finds open: requests, answers, interrupts, and
    the `files`, to read. EngineError if it cannot be started, ConfigurationError if this computer
    has not what every process needs. pid: its process id, unless it has started another one that
    serves.
    """

    def __init__(
        self, command: Callable[[tuple[int, ...]], Command], files: Sequence[StrPath] = ()
    ) -> None:
        self._closed = True
        opened: list[int] = []
        try:
            opened.append(os.memfd_create("xipsim-log"))
            for _ in ("requests", "answers", "interrupts"):
                opened += os.pipe()
            opened += (os.open(file, os.O_RDONLY) for file in files)
        except OSError as error:
            for descriptor in opened:
                os.close(descriptor)
            text = f"no process can be started for the engine: {error.strerror}"
            raise ConfigurationError(text) from error
        log, requests, to_child, from_child, answers, interrupts, self._interrupt, *read = opened
        passed = (requests, answers, interrupts, *read)
        self._log = open(log, "w+b")  # noqa: SIM115 - see close
        self._ends = (from_child, to_child, self._interrupt)
        self._closed = False
        self._code: int | None = None
        self._is_killed = self._is_lent = False
        self._owner = os.getpid()
        made = command(passed)
        try:
            self._started = self.pid = os.posix_spawn(
                made.words[0],
                made.words,
                os.environ | made.environment,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, log, 1),
                    (os.POSIX_SPAWN_DUP2, log, 2),
                    # Onto itself: that is how it stays open in the child.
                    *((os.POSIX_SPAWN_DUP2, descriptor, descriptor) for descriptor in passed),
                ],
                setsid=True,  # Ctrl-C at the terminal is the parent's business
                setsigdef=IGNORED,
            )
        except OSError as error:
            self._let_go()
            self._log.close()
            text = f"{made.words[0]} cannot be started: {error.strerror}"
            kind = ConfigurationError if error.errno in EXHAUSTED else EngineError
            raise kind(text) from error
        finally:
            for descriptor in passed:
                os.close(descriptor)
        # What follows is imported while the child starts.
        import fcntl
        from contextlib import suppress

        from .channel import Channel

        with suppress(OSError):  # there is a limit for each user, too
            fcntl.fcntl(to_child, fcntl.F_SETPIPE_SZ, ROOM)
        self.channel = Channel(from_child, to_child, ANSWER_TIME)

    def __del__(self) -> None:
        """Nobody has it, as when Ctrl-C comes while it is handed over: it shall end, too."""
        if not self._closed:
            self._let_go()
            self._log.close()

    @property
    def _is_ours(self) -> bool:
        return os.getpid() == self._owner

    def adopt(self) -> None:
        """This process, a fork of the one that has started it, is its only user from now on, and
        ends it by `kill` alone."""
        self._owner, self._is_lent = os.getpid(), True

    def forget_words(self) -> None:
        """What it has printed until now says nothing of what it will do."""
        self._log.truncate(0)
        self._log.seek(0)

    def has_ended(self) -> bool:
        """Whether it is gone."""
        from .channel import wait_for

        watched = os.pidfd_open(self._started)
        try:
            return wait_for(watched, 0)
        finally:
            os.close(watched)

    def processor_time(self) -> float:
        """Seconds that it has computed until now; 0 where that cannot be told."""
        try:
            with open(f"/proc/{self.pid}/stat", "rb") as file:
                # proc(5): utime and stime are the fields 14 and 15; the name, field 2, has blanks.
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def interrupt(self, number: int) -> None:
        """End the run of that number."""
        from contextlib import suppress

        if not self._closed and self._is_ours:
            with suppress(OSError):
                os.write(self._interrupt, number.to_bytes(NUMBER, "little"))

    def kill(self) -> None:
        """End it, and what it has started, without its consent."""
        from contextlib import suppress

        self._is_killed = True
        with suppress(ProcessLookupError):
            os.killpg(self._started, SIGKILL)

    def close(self) -> None:
        """End it and wait for it. Safe to call twice; a fork of its owner only forgets it."""
        if self._closed:
            return
        self._let_go()
        if self._is_ours and not self._is_lent:
            self._wait()
        self._log.close()

    def _let_go(self) -> None:
        """A child whose pipes are closed ends."""
        self._closed = True
        for descriptor in self._ends:
            os.close(descriptor)

    def refusal(self) -> str:
        """Why it says that it cannot run in this installation; empty where it ended otherwise.

        Call it when it is gone, or as good as gone.
        """
        return self._last_lines()[-1] if self._wait() == UNUSABLE else ""

    def death(self) -> str:
        """How it ended, and its last words. Call it when it is gone, or as good as gone."""
        code, number = self._wait(), self._signal()
        how = f"was killed by signal {number}" if number > 0 else f"ended with exit code {code}"
        if self.is_ended_from_outside():
            how += ", from outside: where memory runs out, at a limit of time, or by somebody"
        return f"{how}{self.last_words()}"

    def is_ended_from_outside(self) -> bool:
        """Whether somebody else, or the system, has ended it. Call it when it is gone."""
        return self._signal() in FROM_OUTSIDE and not self._is_killed

    def _signal(self) -> int:
        """The signal that has ended it; 0 or less if none has."""
        code = self._wait()
        return -code if code < 0 else code - OF_SHELLS

    def _wait(self) -> int:
        """The exit code, negative for a signal; 0 if somebody else has asked for it before."""
        if self._code is None:
            from .channel import wait_for

            try:
                watched = os.pidfd_open(self._started)
                if not wait_for(watched, END_TIME):
                    self.kill()
                os.close(watched)
                self._code = os.waitstatus_to_exitcode(self._status())
            except (ProcessLookupError, ChildProcessError, FileNotFoundError):
                self._code = 0
        return self._code

    def _status(self) -> int:
        if not self._is_lent:
            return os.waitpid(self._started, 0)[1]
        # proc(5): the last field, of a process for which its parent has not waited yet.
        with open(f"/proc/{self._started}/stat", "rb") as file:
            return int(file.read().split()[-1])

    def last_words(self) -> str:
        """What it has printed last, as the end of a sentence; empty if it has not."""
        lines = self._last_lines()
        return "; its last words:\n" + "\n".join(lines) if lines else ""

    def _last_lines(self) -> list[str]:
        self._log.seek(0)
        return self._log.read().decode(errors="replace").splitlines()[-LAST_LINES:]
