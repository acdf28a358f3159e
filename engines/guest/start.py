"""How a process in which models live becomes a machine: the first two requests."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping

from xipsim.engines.api import ConfigurationError, EngineError, MachineConfig, SnapshotError
from xipsim.engines.link.messages import Request
from xipsim.engines.link.server import Server
from xipsim.engines.repl import Platform, PlatformError
from xipsim.engines.usermodels import UserModelError, load_models

from .backend import Backend
from .modelerror import model_error
from .supervisor import Supervisor


def receive_start(server: Server) -> tuple[MachineConfig, Platform]:
    """What shall be simulated. Its models are imported meanwhile, see `import_ahead`."""
    request = server.receive()
    config, platform = request.arguments
    server.reply(request.number, None)
    return config, platform


def import_ahead(platform: Platform) -> threading.Thread:
    """Import the models' families in a thread; `receive_build` says what is wrong with them."""

    def work() -> None:
        with contextlib.suppress(Exception):
            load_models(entry.type for entry in platform.entries)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


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
    contents, checked = request.arguments
    try:
        guest = build(server, backend, config, platform, contents, checked=checked)
        ready(guest)
    except (ConfigurationError, EngineError, SnapshotError) as error:
        server.refuse(request.number, error)
        return None
    except Exception as error:
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
    *,
    checked: bool,
) -> Supervisor:
    """A machine, standing still at power-on. contents, checked: as `Engine.build` has them."""
    try:
        registry = load_models((entry.type for entry in platform.entries), config.models)
        if not checked:
            from xipsim.engines.repl.check import check

            check(platform, registry)
    except (PlatformError, UserModelError) as error:
        raise ConfigurationError(str(error)) from error
    return Supervisor(server, backend, config, platform, registry, contents)
