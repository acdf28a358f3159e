"""The child process before it is Renode: takes what shall be simulated, writes it down for Renode.

Renode wants the C# classes of the models before it can read a platform, and the first request says
which models there are, the user's own among them. So that is received here, and the second one with
the contents, too; then this process becomes Renode, and `child.py` in it goes on.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from pathlib import Path

from xipsim.engines.api import ConfigurationError, EngineError, MachineConfig
from xipsim.engines.guest.start import receive_start
from xipsim.engines.libpython import find_libpython
from xipsim.engines.link.channel import Channel
from xipsim.engines.link.process import search_path
from xipsim.engines.link.server import Server
from xipsim.engines.repl import Platform, PlatformError
from xipsim.engines.repl.check import check
from xipsim.engines.repl.resolve import folders_of
from xipsim.engines.usermodels import UserModelError, load_models
from xipsim.firmware.store import cache_folder, keep_newest, write_once

from .generate import Settings, generate
from .output import monitor_path, path_commands

FOLDER = "renode"
KEPT = 40
"""Files of each kind that stay in the cache."""
HANDED_OVER = "XIPSIM_HANDED_OVER"
"""The environment's variable with the descriptors: requests, answers, interrupts, the first two
requests."""
OPTIONS = ("--disable-gui", "--plain", "--console", "-P", "-1")
RUNTIME = {
    "DOTNET_EnableWriteXorExecute": "0",
    "DOTNET_TC_CallCountingDelayMs": "0",
    "DOTNET_TC_CallCountThreshold": "1000",
}
"""For .NET, unless the user has set them: code that runs once, as most of a start does, is neither
mapped twice, nor compiled anew. It takes a tenth off the time of a start. What is called 1000h
times is compiled for speed at once, by what another 1000h calls have shown of it: that takes a
quarter off a register's way, and would cost a start a tenth with fewer. Else it begins when nothing
new has been called for a while, with what has been called 30 times: of a start, too much, and of a
register's way, for seconds too little."""
CONFIGURATION = "[general]\ncompiler-cache-enabled = True\n"
SCRIPT = """\
logLevel 3
include @{bridge}
{folders}xipsim_engine @{platform}
"""
"""Its last line never ends, so that what comes after the script is only reached where it failed."""


def main() -> None:
    """Entry point. Arguments: descriptors of requests, answers and interrupts; Renode's path."""
    requests, answers, interrupts = map(int, sys.argv[1:4])
    server = Server(Channel(requests, answers))
    config, platform = receive_start(server)
    # Renode goes to a folder of its own.
    config = config._replace(models=tuple(os.path.abspath(file) for file in config.models))
    build = server.receive()
    try:
        renode = sys.argv[4]
        script, configuration = _prepare(config, platform, renode)
        command = f"include @{monitor_path(script)}\nquit"
        words = [renode, *OPTIONS, "--config", str(configuration), "-e", command]
        handed_over = _kept_open(pickle.dumps((config, platform, build), protocol=5))
        descriptors = (requests, answers, interrupts, handed_over)
        os.environ.update({**RUNTIME, **os.environ})
        os.environ[HANDED_OVER] = " ".join(map(str, descriptors))
        _silent_input()
        os.execv(renode, words)
    except (PlatformError, UserModelError) as error:
        server.refuse(build.number, ConfigurationError(str(error)))
    except (ConfigurationError, EngineError) as error:
        server.refuse(build.number, error)
    except OSError as error:
        server.refuse(build.number, ConfigurationError(f"Renode cannot be started: {error}"))
    os._exit(1)


def _prepare(config: MachineConfig, platform: Platform, renode: str) -> tuple[Path, Path]:
    """Write what Renode needs into the user's cache: the script, and Renode's settings."""
    if config.gdb_port is not None:
        raise ConfigurationError(
            "gdb cannot be attached to Renode from here; the embedded engine (qemu) can"
        )
    models = [os.fspath(file) for file in config.models]
    registry = load_models((entry.type for entry in platform.entries), models)
    check(platform, registry)
    settings = Settings(
        library=find_libpython(),
        home=sys.base_prefix,
        path=search_path(),
        models=models,
        module="xipsim.engines.renode.child",
    )
    folder = cache_folder(FOLDER)
    bridge = _written(folder, _compiled_by(renode) + generate(registry, settings), ".cs")
    description = monitor_path(Path(config.platform).resolve())
    commands = SCRIPT.format(
        bridge=monitor_path(bridge),
        folders=path_commands(folders_of(platform.files)),
        platform=description,
    )
    script = _written(folder, commands, ".resc")
    return script, _written(folder, CONFIGURATION, ".config")


def _compiled_by(renode: str) -> str:
    """A comment: Renode keeps what it has compiled by the text alone, for whatever Renode comes."""
    program = os.stat(renode)
    return f"// {os.path.realpath(renode)} {program.st_size} {program.st_mtime_ns}\n"


def _written(folder: Path, text: str, kind: str) -> Path:
    """A file with that text, named after it: several processes may write it at once."""
    data = text.encode()
    path = folder / f"{hashlib.sha256(data).hexdigest()[:32]}{kind}"
    # Renode executes it: only what was written here counts, whatever lies there.
    if write_once(path, data):
        keep_newest(folder, f"*{kind}", KEPT)
    return path


def _silent_input() -> None:
    """Standard input on which nothing ever comes: at its end Renode would read it again and again,
    as fast as it can."""
    reading, writing = os.pipe()
    os.dup2(reading, 0)
    os.set_inheritable(writing, True)


def _kept_open(data: bytes) -> int:
    """A file without a name that the program which this process becomes can read."""
    descriptor = os.memfd_create("xipsim-handed-over", 0)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
