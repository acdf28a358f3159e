"""The process that `xipsim standby` is: waits for clients, and forks a stand-in for each."""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from marshal import dumps, loads
from types import FrameType
from typing import Any

from xipsim import platforms
from xipsim.cli.running import ENDING
from xipsim.engines import identity
from xipsim.engines.repl import cache
from xipsim.firmware import decoded, images

from .client import NUMBER, common
from .engines import NUMBERS, ROOM, Borrower, Engine, Stable
from .likeness import facts_of
from .place import listening
from .stand_in import Command, carry_out
from .watched import Watched

PATIENCE = 1.0
"""Seconds in which a client must say what it wants."""
LARGEST = 16 << 20
"""Bytes of what a client says: Linux lets nobody start a program with more."""
PASSED = 4
"""Descriptors that come with that."""
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = (".py", ".toml", ".lark", ".so")


class Client:
    """A client, and the stand-in that carries out what it wants."""

    def __init__(self, connection: socket.socket, control: socket.socket, process: int) -> None:
        self.connection, self.control, self.process = connection, control, process
        self.watched = os.pidfd_open(process)
        self.engine: Engine | None = None

    def close(self) -> None:
        """Have nothing to do with it."""
        self.connection.close()
        self.control.close()
        os.close(self.watched)


class Keeper:
    """Serves clients until a signal ends it; then those that have begun, until a second one does.

    tell: takes what its user should know.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._stable = Stable()
        self._clients: set[Client] = set()
        self._waiting = select.poll()
        self._calls: dict[int, Callable[[], None]] = {}
        self._signals = 0
        self._process = os.getpid()
        self._sources = Watched(ROOT, SOURCES)
        self._is_stale = False
        # What is found out here, no stand-in has to.
        identity.known = identity.sources()
        decoded.load("")
        for board in platforms.boards():
            cache.load(platforms.find(board))

    def serve(self) -> None:
        """Until it is ended. UserError where another one is there, OSError where none can be."""
        with listening() as (self._listener, self._lock), self._listening_to_signals():
            try:
                self._stable.prepare()
                gc.collect()
                gc.freeze()
                self._watch(self._listener.fileno(), self._accept)
                self._tell("ready: what `xipsim exec` needs is here, until Ctrl-C")
                while not self._signals or self._clients:
                    for descriptor, _ in self._waiting.poll():
                        self._calls.get(descriptor, lambda: None)()
            finally:
                for client in self._clients:
                    os.kill(client.process, signal.SIGKILL)
                    self._let_go(client)
                self._stable.end()

    def _watch(
        self, descriptor: int, call: Callable[[], None], events: int = select.POLLIN
    ) -> None:
        self._calls[descriptor] = call
        self._waiting.register(descriptor, events)

    def _forget(self, descriptor: int) -> None:
        if self._calls.pop(descriptor, None):
            self._waiting.unregister(descriptor)

    # -- signals ---------------------------------------------------------------------------------

    @contextmanager
    def _listening_to_signals(self) -> Iterator[None]:
        reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._watch(reading, lambda: self._end(len(os.read(reading, ROOM))))
        signal.set_wakeup_fd(writing)
        before = {number: signal.getsignal(number) for number in ENDING}
        for number in ENDING:
            if before[number] is not signal.SIG_IGN:  # nohup
                signal.signal(number, _noted)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, signals: int) -> None:
        self._forget(self._listener.fileno())
        self._listener.close()
        self._signals += signals
        if self._signals > 1:
            for client in self._clients:
                os.kill(client.process, signal.SIGTERM)
        elif self._clients:
            self._tell("waits for commands that have begun; a second Ctrl-C ends them, too")

    # -- a client comes --------------------------------------------------------------------------

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        descriptors: list[int] = []
        try:
            command = self._received(connection, descriptors)
            if command is not None:
                self._fork(connection, command, descriptors)
                return
        except (OSError, ValueError, EOFError, TypeError):
            pass  # it says so to itself where it hears nothing
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        connection.close()

    def _received(self, connection: socket.socket, descriptors: list[int]) -> Command | None:
        """What it wants, if that can be done here as well as there."""
        connection.settimeout(PATIENCE)
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 3 * NUMBER)
        pid, user, _ = memoryview(peer).cast("i")
        if user != os.geteuid():
            return None
        data, passed, _, _ = socket.recv_fds(connection, ROOM, PASSED)
        descriptors += passed
        size = int.from_bytes(data[:NUMBER], sys.byteorder)
        while len(data) < NUMBER + size <= LARGEST and (more := connection.recv(size)):
            data += more
        theirs, *rest = loads(data[NUMBER:])
        is_alike = theirs == common() and facts_of(pid) == facts_of(os.getpid())
        if not is_alike or len(passed) < PASSED or self._has_changed():
            return None
        return Command(*rest)

    def _has_changed(self) -> bool:
        """Whether xipsim's own files are others than those that were imported here."""
        if not self._is_stale and self._sources.have_changed():
            self._is_stale = True
            self._tell("xipsim has changed, and `xipsim exec` does without this: start it anew")
        return self._is_stale

    def _fork(self, connection: socket.socket, command: Command, descriptors: list[int]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        engines = self._stable.all()
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)  # which the stand-in takes otherwise
        try:
            if not (process := os.fork()):
                for client in self._clients:
                    client.close()
                for end in (ours, self._listener, self._lock):
                    end.close()
                carry_out(connection, command, descriptors, Borrower(theirs, engines))
        finally:
            if os.getpid() != self._process:
                os._exit(1)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
            theirs.close()
        client = Client(connection, ours, process)
        self._clients.add(client)
        self._watch(ours.fileno(), lambda: self._hear(client, engines))
        # Nothing else is asked of it than whether its other end is gone.
        self._watch(connection.fileno(), lambda: self._lose(client), 0)
        self._watch(client.watched, lambda: self._reap(client))

    # -- what a stand-in says --------------------------------------------------------------------

    def _hear(self, client: Client, engines: dict[int, Engine]) -> None:
        message = client.control.recv(ROOM)
        kind, *parts = loads(message) if message else ("",)
        if kind == "lend":
            machine, build = parts
            client.engine = engine = self._stable.take(machine, build, engines)
            answer: tuple[Any, ...] = (0, False, 0)
            if engine is not None:
                answer = engine.process.pid, bool(engine.machine), engine.loans * NUMBERS
                engine.machine = machine
            with suppress(OSError):
                client.control.send(dumps(answer))
        elif kind == "take back" and client.engine is not None:
            self._stable.take_back(client.engine)
            client.engine = None
        elif kind == "learned":
            modules, files = parts
            for learn, names in ((import_module, modules), (images.remember, files)):
                for name in names:
                    with suppress(Exception):
                        learn(name)
        else:
            self._forget(client.control.fileno())

    def _lose(self, client: Client) -> None:
        """It was killed."""
        self._forget(client.connection.fileno())
        os.kill(client.process, signal.SIGKILL)

    def _reap(self, client: Client) -> None:
        while hear := self._calls.get(client.control.fileno()):
            hear()
        self._clients.remove(client)
        self._let_go(client)
        if not self._clients and not self._signals:
            self._stable.prepare()

    def _let_go(self, client: Client) -> None:
        """It has ended, or will at once."""
        status = os.waitpid(client.process, 0)[1]
        with suppress(OSError):  # most have said it themselves, and the client is gone
            client.connection.send(status.to_bytes(NUMBER, sys.byteorder))
        for descriptor in (client.control.fileno(), client.connection.fileno(), client.watched):
            self._forget(descriptor)
        if client.engine is not None:
            client.engine.end()
        client.close()


def _noted(_number: int, _frame: FrameType | None) -> None:
    """The signal's number is in the pipe."""
