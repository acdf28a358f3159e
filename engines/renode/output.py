"""What a Renode user gets: a folder with the C# file, a script, and the contents at power-on."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from xipsim.engines.api import EngineError, StrPath
from xipsim.engines.libpython import find_libpython
from xipsim.engines.link.process import search_path
from xipsim.engines.usermodels import load_models
from xipsim.peripherals import FAMILIES

from .generate import Settings, generate

BRIDGE = "xipsim.cs"
SCRIPT = """\
:name: {name}
:description: Made by `xipsim renode`: {name} with xipsim's models.

include $ORIGIN/{bridge}
$name?="{name}"
mach create $name
machine LoadPlatformDescription @{platform}
{contents}
# Time is handed out in large pieces; interrupts and timers keep their exact times all the same.
emulation SetGlobalQuantum "0.01"
# A line for each cache operation is nothing to read.
logLevel 3 sysbus.nvic

{consoles}
"""
FORBIDDEN = "\"'\n@;"
"""Characters that Renode's monitor cannot take in a path."""


def monitor_path(path: Path) -> str:
    """A path behind `@`, as Renode's monitor wants it; EngineError where it cannot take it."""
    text = str(path)
    if any(character in text for character in FORBIDDEN):
        raise EngineError(f"{path}: Renode's monitor cannot take this path; use a plainer one")
    return text.replace(" ", "\\ ")


def plain_path(path: Path) -> Path:
    """The same; EngineError where Renode cannot start with it: what it is given first knows no
    way to write a blank."""
    if monitor_path(path) != str(path):
        raise EngineError(f"{path}: Renode cannot start from this path; use one without blanks")
    return path


def write(
    folder: Path,
    name: str,
    platform: StrPath,
    *,
    contents: Mapping[str, bytes],
    consoles: Iterable[str],
    models: Iterable[StrPath] = (),
) -> Path:
    """Write the folder's files; the path of the script.

    contents: by entry. consoles: entries whose terminals are shown. EngineError where a path
    cannot be named to Renode, or this Python has no shared library.
    """
    files = [str(Path(file).resolve()) for file in models]
    registry = load_models(FAMILIES, files)
    folder.mkdir(parents=True, exist_ok=True)
    plain_path(folder.resolve())
    settings = Settings(
        library=find_libpython(),
        home=sys.base_prefix,
        path=search_path(),
        models=files,
    )
    (folder / BRIDGE).write_text(generate(registry, settings), encoding="utf-8")
    lines = []
    for entry, data in contents.items():
        (folder / f"{entry}.bin").write_bytes(data.rstrip(b"\xff") or data[:1])
        lines.append(f"xipsim {entry} $ORIGIN/{entry}.bin")
    script = folder / f"{name}.resc"
    script.write_text(
        SCRIPT.format(
            name=name,
            bridge=BRIDGE,
            platform=monitor_path(Path(platform).resolve()),
            contents="\n".join(lines),
            consoles="\n".join(f"showAnalyzer {console}" for console in consoles),
        ),
        encoding="utf-8",
    )
    return script
