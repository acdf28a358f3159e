"""What a start imports: each of these modules would cost milliseconds, in one process or both."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FIRST = """
import os, sys
def spawned(*arguments, **options):
    print(*sys.modules, flush=True)
    os._exit(0)
os.posix_spawn = spawned
os.environ["XIPSIM_QEMU"] = sys.executable
from xipsim.__main__ import main
main(["exec", "TEENSY41", "-c", "1"])
"""
"""`xipsim exec`, until it starts QEMU, for which all else has to wait."""

COMMAND = """
from xipsim.cli.parser import parse
parse(["exec", "TEENSY41", "-c", "1"])
import xipsim.cli.execute, xipsim.engines.qemu.program
"""
"""`xipsim exec`, until it makes a machine."""

MACHINE = """
import xipsim.machine.machine, xipsim.machine.boot_cache, xipsim.machine.snapshot
import xipsim.engines.link.engine, xipsim.engines.qemu.program
"""
"""What is imported while QEMU starts."""

CHILD = """
import xipsim.engines.guest.start, xipsim.engines.repl, xipsim.engines.link.channel
import xipsim.engines.guest.snapshotfile
from xipsim.engines.usermodels import load_models
load_models(["Usb.Terminal", "Alif.Usb", "Imxrt.Usb", "Nor.Chip", "Usb.Host", "Miscellaneous.LED"])
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.nor.chip import Chip
Chip(Bench().system, part="W25Q64JV-IM")
"""
"""QEMU's process, but for what only runs there."""

CLIENT = """
import os, sys, _socket
cache = f"{os.environ.get('TMPDIR', '/tmp')}/xipsim-test-{os.getpid()}"
os.makedirs(cache + "/standby")
listener = _socket.socket(_socket.AF_UNIX)
listener.bind(cache + "/standby/socket")
listener.listen()
os.environ["XIPSIM_CACHE"] = cache
from xipsim.standby import client, find
client.PATIENCE = 0.01
client.hand_over(["exec", "TEENSY41", "-c", "1"], find())
os.unlink(cache + "/standby/socket")
os.removedirs(cache + "/standby")
assert _socket.socket(fileno=listener._accept()[0]).recv(100), "it has asked"
"""
"""`xipsim exec` beside a standby, for all that it does."""

PROTOCOLS = {
    "xipsim.engines.engine",
    "xipsim.engines.guest.backend",
    "xipsim.engines.link.program",
}
"""Only type checkers need them."""

COSTLY = {
    "before QEMU": (
        FIRST,
        {"collections", "contextlib", "enum", "fcntl", "functools", "pickle", "re", "typing"},
    ),
    "a command": (COMMAND, {"dataclasses", "inspect", "json", "lark", "shutil", "socket"}),
    "a client": (
        CLIENT,
        {"collections", "contextlib", "enum", "pathlib", "signal", "socket", "typing"},
    ),
    "a machine": (
        MACHINE,
        {"dataclasses", "inspect", "lark", "random", "rich", "shutil", "socket"} | PROTOCOLS,
    ),
    "the child": (
        CHILD,
        {"dataclasses", "hashlib", "inspect", "json", "lark", "pathlib", "pkgutil", "socket"}
        | PROTOCOLS,
    ),
}


@pytest.mark.parametrize(("code", "costly"), COSTLY.values(), ids=COSTLY)
def test_what_takes_long_to_import_is_not(code: str, costly: set[str]) -> None:
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}\nprint(*sys.modules)"
    out = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert "xipsim" in out.split()
    assert costly & set(out.split()) == set()
