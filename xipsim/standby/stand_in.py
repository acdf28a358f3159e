"""The process that carries out a client's command: a fork of the keeper, with the client's things.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from typing import Any, NoReturn

from xipsim.cli import main
from xipsim.cli.running import ENDING
from xipsim.firmware import images
from xipsim.peripherals.namedtuple import NamedTuple

from .client import NUMBER
from .engines import Borrower

LEARNED = ("xipsim.", *sys.stdlib_module_names)
"""How the names of modules begin that every stand-in may need; a user's models are others."""


class Command(NamedTuple):
    """What the client was called with. ignored: signals that it does not take note of."""

    argv: list[str]
    path: list[str]
    environment: dict[str, str]
    umask: int
    ignored: list[int]


def carry_out(
    client: socket.socket, command: Command, descriptors: Sequence[int], borrower: Borrower
) -> NoReturn:
    """Be the client, from here to its end. descriptors: its streams, and its working directory."""
    code, known = 1, {*sys.modules}
    try:
        os.setsid()  # what is typed at the keeper's terminal is the keeper's
        _become(command, descriptors)
        client.settimeout(None)
        client.sendall(os.getpid().to_bytes(NUMBER, sys.byteorder))
        if client.recv(1):
            code = _run(command.argv[1:], borrower)
            modules = [name for name in {*sys.modules} - known if name.startswith(LEARNED)]
            borrower.learned(modules, [*images.loaded])
            for descriptor in range(3):  # whoever reads its output shall not wait for this process
                os.close(descriptor)
            client.sendall((code << 8).to_bytes(NUMBER, sys.byteorder))
    finally:
        os._exit(code)


def _become(command: Command, descriptors: Sequence[int]) -> None:
    *streams, here = descriptors
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    os.fchdir(here)
    for descriptor in descriptors:
        os.close(descriptor)
    os.umask(command.umask)
    os.environ.clear()
    os.environ.update(command.environment)
    time.tzset()
    sys.argv, sys.path[:] = command.argv, command.path
    _open_streams()
    signal.set_wakeup_fd(-1)
    for number in ENDING:
        default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, signal.SIG_IGN if number in command.ignored else default)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    gc.enable()


def _open_streams() -> None:
    """As Python does when it starts (`create_stdio` in pylifecycle.c); it has for the keeper."""
    stdin, stdout, stderr = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = open(0, encoding=stdin.encoding, errors=stdin.errors, closefd=False)  # noqa: SIM115
    sys.stdout, sys.stderr = _output(1, stdout), _output(2, stderr)


def _output(number: int, like: Any) -> TextIOWrapper:
    is_buffered = not like.write_through
    stream = open(number, "wb", -1 if is_buffered else 0, closefd=False)  # noqa: SIM115
    return TextIOWrapper(
        stream,
        encoding=like.encoding,
        errors=like.errors,
        newline="\n",
        line_buffering=is_buffered and (number == 2 or os.isatty(number)),
        write_through=not is_buffered,
    )


def _run(words: Sequence[str], borrower: Borrower) -> int:
    """The exit code, as Python has it where `sys.exit` is given what `main` returns."""
    code: object = 1
    try:
        code = main(words, borrower)
    except SystemExit as end:
        code = end.code
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        if isinstance(error, KeyboardInterrupt):
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.raise_signal(signal.SIGINT)
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    return (code or 0) & 0xFF
