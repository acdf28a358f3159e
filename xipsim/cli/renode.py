"""`xipsim renode`: a folder from which Renode runs the board with our models, without xipsim."""

from __future__ import annotations

import argparse
from pathlib import Path

from xipsim.engines.api import EngineError
from xipsim.engines.renode import output
from xipsim.engines.repl import Platform
from xipsim.engines.repl.resolve import folders_of
from xipsim.errors import UserError
from xipsim.machine.configuration import Request, load_platform, plan
from xipsim.machine.power_on import power_on_contents


def run(args: argparse.Namespace) -> int:
    """0"""
    request = Request(board=args.board, firmware=args.image, models=args.models)
    made = plan(request)
    contents = power_on_contents(request, made)
    platform = load_platform(made.config.platform)
    try:
        script = output.write(
            args.output,
            Path(made.config.platform).stem,
            made.config.platform,
            folders=folders_of(platform.files),
            contents=contents.given,
            consoles=_default_console(platform, args.models),
            models=made.config.models,
        )
    except EngineError as error:
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError(f"{args.output}: cannot be written: {error.strerror}") from error
    finally:
        contents.persistent.close()
    print(output.command(script))
    return 0


def _default_console(platform: Platform, models: list[str]) -> list[str]:
    """Renode's name of the console that people use: the USB host's, else the first one."""
    from xipsim.engines.usermodels import load_models
    from xipsim.peripherals.core import Console

    registry = load_models((e.type for e in platform.entries), models)
    kinds = {e.name: registry[e.type] for e in platform.entries if e.type in registry}
    consoles = [
        (not kind.has_cable, _path(platform, name))
        for name, kind in kinds.items()
        if issubclass(kind, Console)
    ]
    return [min(consoles, key=lambda c: c[0])[1]] if consoles else []


def _path(platform: Platform, name: str) -> str:
    """As Renode's monitor names an entry: by what it is registered on."""
    if name not in platform:
        return name
    registrations = platform[name].registrations
    return f"{_path(platform, registrations[0].parent)}.{name}" if registrations else name
