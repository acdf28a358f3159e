"""gdb's port: between a debugger and QEMU's own stub, which no one else can reach.

SPDX-License-Identifier: GPL-2.0-or-later

QEMU's stub hands `monitor` commands to QEMU's monitor, writes into the flash window without the
chip's knowledge, and reads registers of models as the core would. So all that goes to it is looked
at: these are answered here, the rest passes.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from xipsim.engines.api import ConfigurationError
from xipsim.engines.guest.debugger import Debugger
from xipsim.engines.guest.supervisor import Supervisor

from . import library as q
from . import rsp
from .backend import QemuBackend

RUNS = (b"c", b"C", b"s", b"S", b"vCont;")
STOPS = b"TSWX"
PATIENCE = 20.0
"""Seconds for which QEMU's stub may be silent, or a boot ROM may work."""
MOST_WAITING = 1000
"""Packets that a debugger may send before their answers; gdb sends one."""
PAUSE = 0.001
"""Seconds between two looks whether the core has halted."""
CHARACTERS = 500
"""Of a command's output in one packet."""
REFUSED = b"E01"
RESET = ("reset", "reset halt", "reset init", "reset run", "system_reset")
IN_HAND = (
    "the board was reset; the core stands before the firmware's first instruction\n"
    "(gdb: `maintenance flush register-cache` shows it)\n"
)


def serve(
    port: int, stub: socket.socket, guest: Supervisor, backend: QemuBackend, *, waits: bool
) -> None:
    """Let debuggers in at that port of 127.0.0.1. ConfigurationError where it is taken.

    stub: connected to QEMU's. waits: the first debugger finds the machine at the firmware's first
    instruction.
    """
    server = _listen(port)
    guest.debugger = Debugger(guest, hold=backend.hold, enter=backend.enter, at_entry=waits)
    _Port(server, stub, guest.debugger, waits=waits)


def _listen(port: int) -> socket.socket:
    """A socket at that port of 127.0.0.1. ConfigurationError where that is taken."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind(("127.0.0.1", port))
    except OSError as error:
        server.close()
        raise ConfigurationError(
            f"gdb's port {port} of 127.0.0.1 cannot be used ({error.strerror}): choose another"
        ) from None
    server.listen(1)
    return server


@contextlib.contextmanager
def big_lock() -> Iterator[None]:
    """QEMU's: no core and no device works meanwhile."""
    q.lock(b"xipsim", 0)
    try:
        yield
    finally:
        q.unlock()


def _is_running() -> bool:
    with big_lock():
        return bool(q.is_running())


class _Port:
    """Serves one debugger after the other, in a thread. stub: connected to QEMU's.

    waits: the first one is not served before the machine stands at the firmware's first
    instruction.
    """

    def __init__(
        self, server: socket.socket, stub: socket.socket, debugger: Debugger, *, waits: bool
    ) -> None:
        self._server, self._stub, self._debugger = server, stub, debugger
        self._waits = waits
        self._held, self._tell_held = os.pipe()
        debugger.on_held = self._on_held
        threading.Thread(target=self._serve, daemon=True).start()

    def _on_held(self) -> None:
        os.write(self._tell_held, b"h")

    def _serve(self) -> None:
        is_attached = True  # from QEMU's start on; each debugger leaves it detached
        while True:
            gdb, _ = self._server.accept()
            gdb.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._waits:
                self._debugger.is_held.wait()
                self._waits = False
            with gdb, contextlib.suppress(OSError, EOFError):
                _Session(gdb, self._stub, self._held, self._debugger).serve(is_attached)
            is_attached = False


class _Session:
    """One debugger. OSError, EOFError: it is gone, or QEMU is."""

    def __init__(
        self, gdb: socket.socket, stub: socket.socket, held: int, debugger: Debugger
    ) -> None:
        self._gdb, self._stub, self._held, self._debugger = gdb, stub, held, debugger
        self._from_gdb, self._from_stub = rsp.Stream(), rsp.Stream()
        self._unasked = 0
        """Acknowledgements to come from gdb for what QEMU has not said."""
        self._is_running = False
        self._is_attached = True
        self._is_asked = False
        """QEMU's stub owes an answer. It takes one request at a time: of several it would write the
        answers, the machine standing still, to who is writing and does not read."""
        self._waiting: deque[bytes] = deque()

    def serve(self, is_attached: bool) -> None:
        """Until gdb goes; then the core runs. is_attached: whether QEMU's stub is, to the core."""
        self._halt(tells=is_attached)
        self._ask(b"vAttach;1")
        try:
            while True:
                sources: list[Any] = [self._gdb, self._stub, self._held]
                ready, _, _ = select.select(sources, [], [])
                if self._held in ready:
                    os.read(self._held, 1)
                    if self._is_running:
                        self._stub.sendall(rsp.BREAK)
                if self._stub in ready:
                    for item in self._from_stub.feed(_some(self._stub)):
                        self._pass_down(item)
                if self._gdb in ready:
                    for item in self._from_gdb.feed(_some(self._gdb)):
                        self._take(item)
        finally:
            self._leave()

    def _leave(self) -> None:
        self._debugger.forget_all()
        if self._is_attached:
            if self._is_asked and not self._is_running:
                with contextlib.suppress(EOFError):
                    self._answer()
            if self._is_running:
                self._halt()
            self._ask(b"D;1")

    # -- QEMU's stub -----------------------------------------------------------------------------

    def _pass_down(self, item: bytes) -> None:
        self._is_asked &= item[:1] not in (b"$", rsp.NAK)
        if item[1:2] and item[1:2] in STOPS and self._is_running:
            self._is_running = False
            if (hit := self._debugger.hit) is not None:
                self._debugger.hit = None
                _, _, rest = rsp.body(item)[3:].rpartition(b"watch:")
                item = rsp.packet(b"T05watch:%08x;%s" % (hit, rest))
        self._gdb.sendall(item)
        while self._waiting and not self._is_asked:
            self._take_packet(self._waiting.popleft())

    def _ask(self, text: bytes) -> bytes:
        """Say something to the stub of which gdb does not know; the answer."""
        self._stub.sendall(rsp.packet(text))
        return self._answer()

    def _answer(self) -> bytes:
        while True:
            if not select.select([self._stub], [], [], PATIENCE)[0]:
                raise EOFError
            for item in self._from_stub.feed(_some(self._stub)):
                if item[:1] == b"$":
                    self._stub.sendall(rsp.ACK)
                    return rsp.body(item)

    def _halt(self, *, tells: bool = True) -> None:
        """Have the stub halt the core. tells: it says so, which it does while it is attached."""
        if not _is_running():
            return
        self._stub.sendall(rsp.BREAK)
        if tells:
            self._answer()
            return
        end = time.monotonic() + PATIENCE
        while _is_running():
            if time.monotonic() > end:
                raise EOFError
            time.sleep(PAUSE)

    # -- gdb -------------------------------------------------------------------------------------

    def _take(self, item: bytes) -> None:
        if item == rsp.ACK and self._unasked:
            self._unasked -= 1
            return
        if item[:1] != b"$":
            self._stub.sendall(item)
        elif not rsp.is_whole(item):
            self._gdb.sendall(rsp.NAK)
        elif self._is_asked:
            self._waiting.append(item)
            if len(self._waiting) > MOST_WAITING:
                raise EOFError
        else:
            self._take_packet(item)

    def _take_packet(self, item: bytes) -> None:
        body = rsp.body(item)
        answers = self._own_answers(body)
        if answers:
            self._unasked += len(answers)
            self._gdb.sendall(rsp.ACK + b"".join(map(rsp.packet, answers)))
            return
        self._is_running = body.startswith(RUNS) and body != b"vCont?"
        self._is_attached &= not body.startswith(b"D")
        self._is_asked = True
        self._stub.sendall(item)

    def _own_answers(self, body: bytes) -> list[bytes]:
        """The answers to what QEMU's stub shall not see; none: it shall."""
        if body.startswith(b"qRcmd,"):
            try:
                text = bytes.fromhex(body[6:].decode())
            except ValueError:
                return [REFUSED]
            said = self._command(text.decode(errors="replace"))
            pieces = [said[i : i + CHARACTERS] for i in range(0, len(said), CHARACTERS)]
            return [*(b"O" + piece.encode().hex().encode() for piece in pieces), b"OK"]
        answer = self._own_answer(body)
        return [] if answer is None else [answer]

    def _own_answer(self, body: bytes) -> bytes | None:
        try:
            if body[:1] in (b"M", b"X"):
                with big_lock():
                    is_window = self._debugger.is_window(*rsp.numbers(body[1:].split(b":")[0]))
                return REFUSED if is_window else None
            if body[:1] == b"m":
                return self._look(*rsp.numbers(body[1:]))
            if body[:3] in (b"Z2,", b"z2,", b"Z4,", b"z4,"):
                return self._watch(body[:1] == b"Z", *rsp.numbers(body[3:].split(b";")[0]))
        except ValueError:
            return REFUSED
        if body[:1] == b"k" or body.startswith(b"vKill"):
            return b"OK"  # the debugger leaves; the machine is its user's
        return None

    def _look(self, address: int, length: int) -> bytes:
        with big_lock():
            seen = self._debugger.look(address, length)
        return REFUSED if seen is None else seen.hex().encode()

    def _watch(self, on: bool, address: int, length: int) -> bytes | None:
        """Cells of a chip, which no store of the core changes, are watched by the models."""
        with big_lock():
            if not self._debugger.is_window(address, length):
                return None
            (self._debugger.watch if on else self._debugger.forget)(address, length)
        return b"OK"

    # -- commands --------------------------------------------------------------------------------

    def _command(self, text: str) -> str:
        command = " ".join(text.split())
        if command in RESET:
            return self._reset()
        with big_lock():
            return self._debugger.answer(command)

    def _reset(self) -> str:
        with big_lock():
            self._debugger.reset()
        self._stub.sendall(rsp.packet(b"c"))
        in_hand = self._debugger.is_held.wait(PATIENCE)
        with contextlib.suppress(BlockingIOError):
            os.set_blocking(self._held, False)
            os.read(self._held, 16)
        os.set_blocking(self._held, True)
        self._stub.sendall(rsp.BREAK)
        self._answer()
        return IN_HAND if in_hand else "the board does not start, or nobody lets it run\n"


def _some(source: socket.socket) -> bytes:
    data = source.recv(1 << 16)
    if not data:
        raise EOFError
    return data
