"""What a Renode user gets: a folder with the C# file, a script, and the contents at power-on."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from xipsim.engines.api import EngineError, StrPath
from xipsim.engines.libpython import find_libpython
from xipsim.engines.link.process import search_path
from xipsim.engines.usermodels import load_models
from xipsim.firmware.store import write_atomic
from xipsim.peripherals import FAMILIES

from .generate import MARK, Settings, generate

BRIDGE = "xipsim.cs"
SCRIPT = """\
:name: {name}
:description: {mark}, which writes it anew each time: {name} with xipsim's models.

include $ORIGIN/{bridge}
{folders}$name?="{name}"
mach create $name
machine LoadPlatformDescription @{platform}
{contents}
# Time is handed out in large pieces; interrupts and timers keep their exact times all the same.
emulation SetGlobalQuantum "0.01"
# A line for each cache operation is nothing to read.
logLevel 3 sysbus.nvic

{consoles}
"""
FORBIDDEN = "\"'@;"
"""Characters that Renode's monitor cannot take in a path, beside all space but blanks."""


def monitor_path(path: Path) -> str:
    """A path behind `@`, as Renode's monitor wants it; EngineError where it cannot take it."""
    text = str(path)
    if any(c in FORBIDDEN or (c.isspace() and c != " ") for c in text):
        raise EngineError(f"{path}: Renode's monitor cannot take this path; use a plainer one")
    return text.replace(" ", "\\ ")


def path_commands(folders: Sequence[Path]) -> str:
    """Commands that have Renode look into these folders before any others, in this order."""
    return "".join(f"path add @{monitor_path(folder)}\n" for folder in reversed(folders))


def command(script: Path) -> str:
    """What to type in a shell for Renode to run it.

    Renode takes its argument for a path of its monitor's, behind the current folder if that is
    relative, whose blanks it leaves as they are.
    """
    whole = monitor_path(script.resolve())
    return f"renode {shlex.quote(whole if ' ' in whole else str(script))}"


def write(
    folder: Path,
    name: str,
    platform: StrPath,
    *,
    folders: Sequence[Path] = (),
    contents: Mapping[str, bytes],
    consoles: Iterable[str],
    models: Iterable[StrPath] = (),
) -> Path:
    """Write the folder's files; the path of the script.

    folders: where the platform's files look for others. contents: by entry. consoles: entries whose
    terminals are shown. EngineError where a path cannot be named to Renode, this Python has no
    shared library, or a file of somebody else's would be replaced.
    """
    files = [str(Path(file).resolve()) for file in models]
    registry = load_models(FAMILIES, files)
    monitor_path(folder.resolve())
    settings = Settings(
        library=find_libpython(),
        home=sys.base_prefix,
        path=search_path(),
        models=files,
    )
    script = SCRIPT.format(
        mark=MARK,
        name=name,
        bridge=BRIDGE,
        folders=path_commands(folders),
        platform=monitor_path(Path(platform).resolve()),
        contents="\n".join(f"xipsim {entry} $ORIGIN/{entry}.bin" for entry in contents),
        consoles="\n".join(f"showAnalyzer {console}" for console in consoles),
    )
    written = {
        BRIDGE: generate(registry, settings).encode(),
        **{f"{entry}.bin": data.rstrip(b"\xff") or data[:1] for entry, data in contents.items()},
        f"{name}.resc": script.encode(),
    }
    _check_replaced(folder, list(written))
    for file, data in written.items():
        write_atomic(folder / file, data)
    return folder / f"{name}.resc"


def _check_replaced(folder: Path, names: list[str]) -> None:
    """EngineError if one of the files is there and was not made here; binaries do not tell, but
    lie beside a file that does."""
    for name in names:
        path = folder / name
        marked = folder / BRIDGE if path.suffix == ".bin" else path
        if path.exists() and not (marked.is_file() and MARK.encode() in marked.read_bytes()[:200]):
            raise EngineError(
                f"{path} is there, and was not made by `xipsim renode`: it would be replaced;"
                " name another folder"
            )
