"""What people are told when a command fails, and the exit code.

XIPSIM_DEBUG=1 shows the traceback as well.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from contextlib import suppress

from xipsim.version import __version__

OWN_BUG = 5
_OUTPUT = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG)
"""What writing to standard output fails with; errors of other files have the file's name."""
USER = 2
FRAMES = 3
REQUEST = (
    "please report this line, with the command that you gave, to the project "
    f"(xipsim {__version__})"
)


def report(error: Exception) -> int:
    """Print one message on standard error; returns the exit code."""
    text, code = explain(error)
    with suppress(OSError):  # nobody reads standard error
        if os.environ.get("XIPSIM_DEBUG") == "1":
            traceback.print_exception(error)
        print(f"xipsim: {text}", file=sys.stderr, flush=True)
        tell_notes(error)
    return code


def tell_notes(error: BaseException) -> None:
    """What could not be done besides, such as keeping the flash; on standard error."""
    for note in getattr(error, "__notes__", ()):
        print(f"xipsim: {note}", file=sys.stderr, flush=True)


def explain(error: Exception) -> tuple[str, int]:
    """The message and the exit code for `error`."""
    from xipsim.errors import XipsimError

    if isinstance(error, XipsimError):
        own = error.exit_code == OWN_BUG
        return _engine_failed(error) if own else str(error), error.exit_code
    if _is_users(error):
        return str(error), USER
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}", USER
    if isinstance(error, OSError) and (error.errno in _OUTPUT or _is_closed(error)):
        return f"the output cannot be written: {error.strerror}", USER
    if isinstance(error, FileNotFoundError) and _is_nowhere():
        return "the working directory does not exist any more: change to one that does", USER
    return own_bug(error), OWN_BUG


def _is_nowhere() -> bool:
    """Whether the folder in which the command was given is gone: no relative path means a thing."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _is_closed(error: OSError) -> bool:
    from .streams import closed

    return error.errno == errno.EBADF and bool(closed)


def own_bug(error: Exception) -> str:
    """One line that says all a maintainer needs to begin with."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = ", ".join(f"{_short(f.filename)}:{f.lineno}" for f in reversed(frames))
    text = " ".join(str(error).split())
    return f"a bug in xipsim: {type(error).__name__}: {text} (at {places}); {REQUEST}"


def _engine_failed(error: Exception) -> str:
    """The first line, and the last of what the engine's process left behind."""
    lines = [line.strip() for line in str(error).splitlines()] or [type(error).__name__]
    return f"{' '.join([lines[0], *lines[1:][-1:]])}; {REQUEST}"


def _is_users(error: Exception) -> bool:
    """Whether the rooms below say that the user can put it right."""
    from xipsim.engines.api import EngineError, ModelError
    from xipsim.engines.repl.errors import PlatformError
    from xipsim.engines.usermodels import UserModelError
    from xipsim.firmware.errors import FirmwareError
    from xipsim.platforms import UnknownBoard

    if isinstance(error, EngineError):
        return not isinstance(error, ModelError)
    return isinstance(error, (FirmwareError, PlatformError, UnknownBoard, UserModelError))


def _short(file: str) -> str:
    """The file as the project names it: relative to what holds the package."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return os.path.relpath(file, root) if file.startswith(root + os.sep) else file
