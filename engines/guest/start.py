"""How a process in which models live becomes a machine: the first two requests."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from xipsim.engines.api import ConfigurationError, EngineError, MachineConfig, SnapshotError
from xipsim.engines.link.messages import Request
from xipsim.engines.link.server import Server
from xipsim.engines.repl import Platform, PlatformError
from xipsim.engines.usermodels import UserModelError, import_models, load_models
from xipsim.peripherals import load_named
from xipsim.peripherals.core import RAISED

from .modelerror import model_error
from .snapshotfile import SnapshotFile, load
from .supervisor import Supervisor

if TYPE_CHECKING:
    from .backend import Backend


def receive_start(server: Server) -> tuple[MachineConfig, Platform]:
    """What shall be simulated. Its models are imported meanwhile, see `import_ahead`."""
    request = server.receive()
    config, platform = request.arguments
    server.reply(request.number, None)
    return config, platform


def import_ahead(platform: Platform, is_due: Callable[[], bool]) -> threading.Thread:
    """Import models in a thread until it `is_due` to build; what is wrong with them, that says.

    First those that no boot does without, by the names of their types: flash, its controllers,
    what is plugged in somewhere, and what these refer to.
    """

    def work() -> None:
        with contextlib.suppress(Exception):
            for name in _first_types(platform):
                if is_due():
                    return
                load_named(name)
            for entry in platform.entries:
                if is_due():
                    return
                load_models([entry.type])

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def _first_types(platform: Platform) -> list[str]:
    names: set[str] = set()
    for entry in reversed(platform.entries):  # what is referred to comes before
        places = entry.registrations
        if entry.name in names or any(r.region or r.number is not None for r in places):
            names |= {entry.name, *(r.parent for r in places)}
            names |= entry.named
    return [entry.type for entry in platform.entries if entry.name in names]


def receive_build(
    server: Server,
    backend: Backend,
    config: MachineConfig,
    platform: Platform,
    ready: Callable[[Supervisor], None],
) -> Supervisor | None:
    """The machine, as the next request wants it; None if it cannot be built, which was answered.

    ready: called before the answer, to do what is left to do.
    """
    return answer_build(server.receive(), server, backend, config, platform, ready)


def answer_build(
    request: Request,
    server: Server,
    backend: Backend,
    config: MachineConfig,
    platform: Platform,
    ready: Callable[[Supervisor], None] = lambda guest: None,
) -> Supervisor | None:
    """The same where the request has been received. It is answered with the process's id: what the
    user's process has started may be a script that has started this one."""
    contents, boot = request.arguments
    try:
        guest = build(server, backend, config, platform, contents, _read(*boot) if boot else None)
        ready(guest)
    except (ConfigurationError, EngineError, SnapshotError) as error:
        server.refuse(request.number, error)
        return None
    except RAISED as error:
        server.refuse(request.number, model_error(error, access="the machine was being built"))
        return None
    server.reply(request.number, os.getpid())
    return guest


def build(
    server: Server,
    backend: Backend,
    config: MachineConfig,
    platform: Platform,
    contents: Mapping[str, bytes],
    boot: SnapshotFile | None,
) -> Supervisor:
    """A machine, standing still at power-on. contents: as `Engine.build` has them.

    boot: of a machine like this one, to which it will be put back, so that it needs no check.
    """
    try:
        if boot:
            registry = import_models(boot.dormant.modules)
        else:
            from xipsim.engines.repl.check import check

            registry = load_models((entry.type for entry in platform.entries), config.models)
            check(platform, registry)
    except (PlatformError, UserModelError) as error:
        raise ConfigurationError(str(error)) from error
    return Supervisor(server, backend, config, platform, registry, contents, boot)


def _read(path: str, identity: dict[str, str]) -> SnapshotFile | None:
    with contextlib.suppress(SnapshotError):  # it will be told to whoever asks for it
        return load(path, identity)
    return None
