"""What shapes a machine, as short strings: two machines with equal identities behave alike.

Snapshots carry it, and the boot cache is keyed by it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from xipsim.engines.api import MachineConfig, StrPath
from xipsim.engines.repl import Platform
from xipsim.version import __version__

if TYPE_CHECKING:
    from xipsim.engines.link.program import Program

FORMAT = "3"
"""Of the snapshots themselves; changes when what they hold does."""
ROOT = os.path.abspath(f"{__file__}/../..")
SOURCES = ("peripherals", "engines")
known: str | None = None
"""The digest of the sources, in a process that sees to it that they stay what they are."""


def identity(
    config: MachineConfig, platform: Platform, program: Program, own: Iterable[StrPath] = ()
) -> dict[str, str]:
    """By what a user would call it: the format, xipsim, the engine, the board, ...

    platform: the one that `config` names. program: the engine's. own: files of the user's models,
    and of what these have imported.
    """
    models = sorted({os.fspath(file) for file in (*config.models, *own)})
    return {
        "snapshot format": FORMAT,
        "version of xipsim": __version__,
        "version of the models": known or sources(),
        "engine": config.engine,
        f"build of {program.NAME}": build(program.path),
        "Python": sys.version.split()[0],
        "board": _digest(platform.files),
        "set of your own models": _digest(models),
        "set of arguments": hashlib.sha256(
            json.dumps(
                [config.overrides, config.wires, config.seed, config.stalls, config.strict],
                sort_keys=True,
            ).encode()
        ).hexdigest(),
    }


def sources() -> str:
    """A digest of what models and engines are made of."""
    return _digest(_sources())


def _sources() -> list[str]:
    return [
        os.path.join(folder, name)
        for room in SOURCES
        for folder, _, names in sorted(os.walk(os.path.join(ROOT, room)))
        for name in sorted(names)
        if name.endswith((".py", ".toml", ".so"))
    ]


def _digest(files: Iterable[StrPath]) -> str:
    digest = hashlib.sha256()
    for path in files:
        with open(path, "rb", buffering=0) as file:
            data = file.read()
        digest.update(f"{os.path.basename(path)} {len(data)}\n".encode())
        digest.update(data)
    return digest.hexdigest()


def build(program: str) -> str:
    """A binary is recognised by its place, size and time: reading 20 MB would cost too much."""
    real = os.path.realpath(program)
    status = os.stat(real)
    return f"{real} {status.st_size} {status.st_mtime_ns}"
