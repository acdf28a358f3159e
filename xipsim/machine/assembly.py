"""From a request to a machine that stands at power-on: engine, contents, session."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from xipsim.engines.api import ConfigurationError, EngineError, MachineConfig
from xipsim.engines.programs import WITH_SNAPSHOTS
from xipsim.machine.configuration import Plan, Request, explain, plan, user_mistakes
from xipsim.machine.power_on import PowerOnContents, power_on_contents
from xipsim.machine.prompt_hint import prompt_hint
from xipsim.peripherals.namedtuple import NamedTuple
from xipsim.session.session import Session

if TYPE_CHECKING:
    from xipsim.engines.engine import Engine

StartEngine = Callable[[MachineConfig], "Engine"]


class Assembled(NamedTuple):
    """A machine's parts. boot_file: where a boot of it is cached; None: nowhere."""

    plan: Plan
    contents: PowerOnContents
    session: Session
    boot_file: Path | None


def assemble(request: Request, start: StartEngine, console: str, *, may_cache: bool) -> Assembled:
    """Start the engine, and put the machine together while it starts. XipsimError."""
    planned = plan(request)
    # With `now` the time is another one at each start: such a boot would not be used again.
    may_cache = may_cache and request.gdb is None and request.rtc != "now"
    may_cache = may_cache and request.engine in WITH_SNAPSHOTS
    own_models = bool(planned.config.models)
    engine = _start(start, planned.config)
    try:
        contents = power_on_contents(request, planned)
        file = _boot_file(engine, contents, console) if may_cache and not own_models else None
        session = _build(engine, planned.config, contents, console, file)
        if may_cache and own_models:
            # Which files these models have imported, only the built machine knows.
            file = _boot_file(engine, contents, console)
    except BaseException:
        engine.close()
        raise
    return Assembled(plan=planned, contents=contents, session=session, boot_file=file)


def _start(start: StartEngine, config: MachineConfig) -> Engine:
    with user_mistakes():
        try:
            return start(config)
        except (ConfigurationError, EngineError) as error:
            raise explain(error, config) from error


def _boot_file(engine: Engine, contents: PowerOnContents, console: str) -> Path | None:
    """Where a boot of this machine is cached; None if that cannot be told.

    Found while the engine starts, if possible. What is wrong with the machine, `_build` says.
    """
    from xipsim.machine import boot_cache

    with suppress(Exception):
        return boot_cache.place(engine.identity(), contents.given, console)
    return None


def _build(
    engine: Engine,
    config: MachineConfig,
    contents: PowerOnContents,
    console: str,
    boot_file: Path | None,
) -> Session:
    try:
        is_cached = boot_file is not None and boot_file.is_file()
        engine.build(contents.given, boot=boot_file if is_cached else None)
        session = Session(
            engine,
            console=console or (contents.facts.console if contents.facts else ""),
            warnings=contents.warnings,
            models=tuple(str(file) for file in config.models),
            is_debugged=config.gdb_port is not None,
            hint=lambda: prompt_hint(session, contents),
            symbols=contents.symbols,
        )
        return session
    except BaseException as error:
        contents.persistent.close()
        if isinstance(error, (ConfigurationError, EngineError)):
            raise explain(error, config) from error
        raise
