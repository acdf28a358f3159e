"""The default engine, started before the command line is understood: both take their time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xipsim.engines.link.process import Process

COMMANDS = ("exec", "run", "trace")
DECIDING = ("--engine", "--qemu", "--models", "--help", "-h")
"""Options that say how it is started, or that it is not."""


def start(argv: Sequence[str]) -> Process | None:
    """The process for the command's machine, if it is already clear what to start."""
    if not argv or argv[0] not in COMMANDS or any(word.startswith(DECIDING) for word in argv):
        return None
    from xipsim.engines import programs
    from xipsim.engines.api import ConfigurationError, EngineError

    try:
        return programs.find().start()
    except (ConfigurationError, EngineError):
        return None  # the command will say what is missing
