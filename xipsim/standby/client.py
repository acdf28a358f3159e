"""`xipsim exec` where a standby is there: hands itself over, waits, and ends as that has ended.

Whatever is in the way, it says so to nobody: then the command is carried out here. All that is
imported here is added to a bare interpreter's start.
"""

from __future__ import annotations

import os
import sys

from xipsim.version import __version__

from . import SOCKET

TYPE_CHECKING = False  # see `xipsim.cli.prestart`
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType
    from typing import Any

NUMBER = 4
"""Bytes of a length, a process id, a status, a user's id, in this computer's order."""
PATIENCE = 1.0
"""Seconds in which a standby must say that it has begun."""
ELSEWHERE = ("/fd/", "/proc/")
"""Parts of paths that mean other files in another process."""
SHARED = ("PYTHON", "LD_", "LANG", "LC_", "GLIBC_", "MALLOC_")
"""Beginnings of the environment variables that a process takes note of when it starts."""
LOST = 2


def common() -> tuple[Any, ...]:
    """What a client and its standby must have in common: plain data."""
    environment = {k: v for k, v in os.environ.items() if k.startswith(SHARED)}
    python = (sys.version, sys.executable, sys.prefix)
    options = (tuple(sys.flags), tuple(sys.warnoptions), tuple(sys._xoptions.items()))
    is_unbuffered = getattr(sys.stdout, "write_through", False)  # python -u
    return __version__, __file__, python, options, is_unbuffered, sorted(environment.items())


def hand_over(words: Sequence[str], folder: str) -> None:
    """Have a standby carry out the command, and end this process as that has ended; comes back
    where none has. Nothing was written here, so that Python has nothing to tidy up in 2 ms.

    folder: where its socket is.
    """
    is_typed = "-" in words and os.isatty(0)  # only who is in the foreground may read that
    is_here = any(part in word for word in words for part in ELSEWHERE)
    are_open = None not in (sys.stdin, sys.stdout, sys.stderr)
    if is_typed or is_here or not are_open:
        return
    signals = _Signals()
    try:
        connection, process = _begin(folder, signals)
    except (OSError, ValueError):
        signals.restore()
    else:
        os._exit(_wait(connection, process, signals))


def _begin(place: str, signals: _Signals) -> tuple[Any, int]:
    """The standby, and the process that has begun for this one. OSError where none does."""
    import _socket  # `socket` takes 3 ms
    from marshal import dumps

    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    connection.settimeout(PATIENCE)
    folder = os.open(place, os.O_PATH | os.O_DIRECTORY)
    here = os.open(os.curdir, os.O_PATH | os.O_DIRECTORY)
    try:
        connection.connect(f"/proc/self/fd/{folder}/{SOCKET}")  # the path itself may be too long
        peer = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 3 * NUMBER)
        if _number(peer[NUMBER : 2 * NUMBER]) != os.geteuid():
            raise PermissionError
        ignored = signals.watch()
        mask = os.umask(0o077)
        os.umask(mask)
        body = dumps((common(), sys.argv, sys.path, dict(os.environ), mask, ignored))
        message = _bytes(len(body)) + body
        files = b"".join(map(_bytes, (0, 1, 2, here)))
        passed = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)]
        connection.sendall(message[connection.sendmsg([message], passed) :])
        answer = connection.recv(NUMBER)
        if len(answer) < NUMBER:
            raise ConnectionRefusedError
        process = os.pidfd_open(_number(answer))
        connection.sendall(b"!")  # it begins now, and not otherwise
        connection.settimeout(None)
        return connection, process
    finally:
        os.close(here)
        os.close(folder)


def _wait(connection: Any, process: int, signals: _Signals) -> int:
    """The exit code with which it ends."""
    signals.pass_on_to(process)
    try:
        answer = connection.recv(NUMBER)
    except OSError:
        answer = b""
    if len(answer) < NUMBER:
        text = "the standby's process for this command is gone, and nobody knows what it has done"
        print(f"xipsim: {text}", file=sys.stderr, flush=True)
        return LOST
    status = _number(answer)
    if os.WIFSIGNALED(status):
        signals.die_of(os.WTERMSIG(status))
    return os.waitstatus_to_exitcode(status)


def _number(data: bytes) -> int:
    return int.from_bytes(data, sys.byteorder)


def _bytes(number: int) -> bytes:
    return number.to_bytes(NUMBER, sys.byteorder)


class _Signals:
    """What is sent to this process is meant for the one that does its work."""

    def __init__(self) -> None:
        import _signal  # type: ignore[import-not-found]  # `signal` makes enums

        self._signal = _signal
        self._before: dict[int, Any] = {}
        self._came: list[int] = []
        self._process: int | None = None

    def watch(self) -> list[int]:
        """Keep those that come; which ones this process was told to ignore."""
        signal, ignored = self._signal, []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP):
            before = signal.getsignal(number)
            if before == signal.SIG_IGN:
                ignored.append(int(number))
            else:
                self._before[number] = before
                signal.signal(number, self._came_one)
        return ignored

    def _came_one(self, number: int, _frame: FrameType | None) -> None:
        if self._process is None:
            self._came.append(number)
        elif number == self._signal.SIGTSTP:
            self._send(self._signal.SIGSTOP)
            self.die_of(number)  # which is to stop
            self._signal.signal(number, self._came_one)
            self._send(self._signal.SIGCONT)
        else:
            self._send(number)

    def _send(self, number: int) -> None:
        try:  # noqa: SIM105 - contextlib would have to be imported
            self._signal.pidfd_send_signal(self._process, number)
        except ProcessLookupError:
            pass

    def pass_on_to(self, process: int) -> None:
        """That is the process: a descriptor of it."""
        self._process = process
        while self._came:
            self._came_one(self._came.pop(0), None)

    def die_of(self, number: int) -> None:
        """Let the signal do what it does to a process that has not asked for it."""
        if number not in (self._signal.SIGKILL, self._signal.SIGSTOP):
            self._signal.signal(number, self._signal.SIG_DFL)
        self._signal.raise_signal(number)

    def restore(self) -> None:
        """Those that came for nobody are this process's own."""
        for number, before in self._before.items():
            self._signal.signal(number, before)
        while self._came:
            self._signal.raise_signal(self._came.pop(0))
