"""The child process: QEMU with Python inside, serving the user's process over pipes.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from typing import NoReturn

from xipsim.engines.api import CoreStopped, EngineError, Stop, StopReason
from xipsim.engines.guest.start import import_ahead, receive_build, receive_start
from xipsim.engines.guest.supervisor import Supervisor, watch
from xipsim.engines.link.channel import Channel
from xipsim.engines.link.server import Server

from . import library as q
from . import shim
from .backend import QemuBackend
from .core import command_line
from .mpu import MpuWatch

ARGUMENTS = (
    "qemu-system-arm -M none -accel tcg -display none -nodefaults -S -monitor none -serial none"
    " -icount shift=1,sleep=off"
)
"""One instruction takes 2 ns. Nothing of QEMU's own listens anywhere."""

HOUSEKEEPING = 0.05
"""Seconds between two turns of QEMU's main loop where nothing depends on it."""
LOG_END = 4096
"""Bytes of the log in which the reason of an abort is looked for."""

LOCK_UP = b"qemu: fatal: Lockup"
"""How QEMU's last words begin where its v7-M code gives up; see `cpu_abort` there."""


def _aborted(guest: Supervisor, backend: QemuBackend) -> None:
    """QEMU, or a library in its process, gives up: answer questions until the end."""
    said = _last_line_of_log()
    if LOCK_UP in said:
        report = guest.faults.lock_up(backend.core.interrupted())
        guest.die(
            CoreStopped(
                "the core has locked up, and QEMU can neither go on with it nor reset it: close "
                "this machine, and make another one"
            ),
            Stop(StopReason.FAULT, guest.clock.now, pc=guest.core.pc, detail=report),
        )
    why = said.decode(errors="replace") or "nothing was printed"
    guest.die(
        EngineError("the engine's process has aborted; start anew"),
        EngineError(f"the engine's process has aborted{_where()}; its last words: {why}"),
    )


def _last_line_of_log() -> bytes:
    """The last line that says something; the log is what standard error is."""
    end = os.fstat(2).st_size
    text = os.pread(2, LOG_END, max(0, end - LOG_END))
    fatal = [line for line in text.splitlines() if b"fatal" in line or b"ssert" in line]
    return (fatal or text.splitlines() or [b""])[-1]


def _where() -> str:
    """The line of Python, of a model mostly, that has called what aborts."""
    frame = sys._getframe()
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None:
        return ""
    return f" in {frame.f_code.co_filename}, line {frame.f_lineno}, in {frame.f_code.co_name}"


def _main_loop() -> NoReturn:
    """QEMU's own main loop would be woken whenever time moves on, to find nothing to do."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)  # QEMU's handlers ask its main loop to end
    q.unlock()
    while True:
        time.sleep(HOUSEKEEPING)
        q.lock(b"xipsim", 0)
        q.main_loop_wait(1)
        q.unlock()


def main() -> None:
    """Entry point. Arguments: descriptors of requests, answers and interrupts; the shim."""
    gc.disable()  # nothing that is built here becomes garbage
    requests, answers, interrupts = map(int, sys.argv[1:4])
    server = Server(Channel(requests, answers))
    config, platform = receive_start(server)
    models = import_ahead(platform, lambda: server.poll(0))
    options = [*ARGUMENTS.split(), *command_line(platform), "-plugin", sys.argv[4]]
    stub = None
    if config.gdb_port is not None:
        import socket

        ours, stub = socket.socketpair()
        options += ["-chardev", f"socket,id=gdb,fd={stub.fileno()}"]
    argc, argv = q.start_arguments(options)
    q.qemu_init(argc, argv, None)  # meanwhile, the interpreter imports
    models.join()
    backend = QemuBackend(gdb=config.gdb_port is not None)

    def ready(guest: Supervisor) -> None:
        if config.gdb_port is not None:
            from . import gdb

            gdb.serve(config.gdb_port, ours, guest, backend, waits=config.gdb_wait)
        guest.begin_anew = MpuWatch(guest.core, guest.clock, guest.board.trace).begin
        shim.on_abort.value = q.pointer(q.PLAIN(lambda: _aborted(guest, backend))).value
        q.transaction_commit()
        gc.freeze()
        gc.enable()

    q.transaction_begin()
    guest = receive_build(server, backend, config, platform, ready)
    if guest is None:
        os._exit(1)
    threading.Thread(target=watch, args=(interrupts, guest), daemon=True).start()
    if config.gdb_port is not None:
        q.gdb_start(b"chardev:gdb", q.error_fatal)
    backend.start(guest.stand_still, guest.clock, sleeps=config.stalls)
    q.vm_start()
    if config.stalls and config.gdb_port is None:
        _main_loop()
    q.qemu_main_loop()
