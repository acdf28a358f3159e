"""`xipsim doctor`: whether a machine can run here, and if not, the one thing that is missing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from xipsim.engines.api import EngineError
from xipsim.engines.libpython import find_libpython
from xipsim.engines.qemu.locate import (
    KNOWN_VERSIONS,
    find_qemu,
    find_shim,
    qemu_version,
)
from xipsim.engines.renode.locate import find_renode, lacks, renode_version
from xipsim.errors import XipsimError

MISSING = 2
BOARD = "TEENSY41"
RUN = "20ms"
"""What the board is let do: our firmware is at work on the flash then."""


def run(args: argparse.Namespace) -> int:
    """0, or 2 if something is missing; else the code of what a machine that runs ended with."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("Python", _python),
        ("libpython", find_libpython),
        ("QEMU", lambda: _qemu(args.qemu)),
        ("shim", find_shim),
        ("engine", lambda: _engine(args.qemu)),
    ]
    for name, check in checks:
        try:
            print(f"ok       {name:9} {check()}")
        except EngineError as error:
            print(f"missing  {name:9} {error}")
            return MISSING
        except XipsimError as error:
            print(f"broken   {name:9} {error}")
            return error.exit_code
    _images()
    print(_renode())
    print(_standby())
    return 0


def _python() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    return f"{version} ({sys.executable})"


def _qemu(given: Path | None) -> str:
    path = find_qemu(given)
    version = qemu_version(path)
    if any(version == known or version.startswith(f"{known}.") for known in KNOWN_VERSIONS):
        return f"{version} ({path})"
    return f"{version} ({path}), not tried yet: known to work are {', '.join(KNOWN_VERSIONS)}"


def _renode() -> str:
    """The other engine: a convenience, too."""
    try:
        renode = find_renode()
        version, missing = renode_version(renode.path), lacks(renode.path)
    except EngineError as error:
        return f"none     Renode    {error}"
    found = f"{version} ({renode.path}, by {renode.source})"
    return f"ok       Renode    {found}" + "".join(f"; it lacks {what}" for what in missing)


def _standby() -> str:
    """What makes `xipsim exec` quicker, if somebody has started it."""
    from xipsim.standby import place

    try:
        process = place.listener()
    except OSError as error:
        return f"none     standby   {error}"
    if process is None:
        return "none     standby   `xipsim standby` makes `xipsim exec` quicker"
    return f"ok       standby   process {process}"


def _engine(qemu: Path | None) -> str:
    """Let a board run a firmware of our own: the only proof that the parts fit together."""
    import time

    from xipsim import flashcheck
    from xipsim.machine.machine import Machine

    began = time.monotonic()
    with Machine(BOARD, firmware=flashcheck.find(BOARD).image, qemu=qemu) as machine:
        started = time.monotonic()
        machine.run_for(RUN)
        ended = time.monotonic()
    return (
        f"{BOARD} started in {started - began:.2f} s, and ran {RUN} of virtual time in "
        f"{ended - started:.2f} s"
    )


def _images() -> None:
    """Which boards have an image: a convenience, for one can be named on the command line."""
    from xipsim import platforms
    from xipsim.firmware import catalogue
    from xipsim.firmware.errors import FirmwareError

    for board in platforms.boards():
        try:
            found = catalogue.find(board)
            print(f"ok       firmware  {board}: {found.path} ({found.place})")
        except FirmwareError:
            print(f"none     firmware  {board}: `xipsim firmware path {board}` says how to get it")
