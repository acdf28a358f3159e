"""The default engine, started before the command line is understood: both take their time.

The engine's process is what a start waits for, so that whatever this process imports before is
added to it. What is imported until then does without `typing`, `enum`, `collections` and
`contextlib`, and says TYPE_CHECKING = False itself: 5 ms. A test lists what may not be there.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from xipsim.engines.link.process import Process

COMMANDS = ("exec", "run", "trace")
DECIDING = ("--engine", "--qemu", "--models", "--help", "-h")
"""Options that say how it is started, or that it is not."""


def start(argv: Sequence[str]) -> Process | None:
    """The process for the command's machine, if it is already clear what to start."""
    if not argv or argv[0] not in COMMANDS or any(word.startswith(DECIDING) for word in argv):
        return None
    from xipsim.engines import programs
    from xipsim.engines.errors import ConfigurationError, EngineError

    try:
        return programs.find().start()
    except (ConfigurationError, EngineError):
        return None  # the command will say what is missing
