"""Boots unmodified MicroPython firmware in simulation and shows what it does to its flash.

::

    from xipsim import Machine

    with Machine("TEENSY41") as m:
        print(m.exec("print(6 * 7)"))

Names are imported when they are first used: `import xipsim` alone costs nothing.
"""

from __future__ import annotations

from .version import __version__

TYPE_CHECKING = False  # as all that `cli.prestart` needs: see there
if TYPE_CHECKING:
    from typing import Any

    from .board.console import Console
    from .errors import (
        BoardReset,
        BootFailed,
        EngineFailed,
        EngineKilled,
        FirmwareFault,
        ModelGap,
        PoweredOff,
        ReplError,
        Stopped,
        UnknownName,
        UserError,
        WaitTimeout,
        XipsimError,
    )
    from .machine.machine import Machine

__all__ = [
    "BoardReset",
    "BootFailed",
    "Console",
    "EngineFailed",
    "EngineKilled",
    "FirmwareFault",
    "Machine",
    "ModelGap",
    "PoweredOff",
    "ReplError",
    "Stopped",
    "UnknownName",
    "UserError",
    "WaitTimeout",
    "XipsimError",
    "__version__",
]

_ELSEWHERE = {"Console": "board.console", "Machine": "machine.machine"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'xipsim' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"xipsim.{_ELSEWHERE.get(name, 'errors')}"), name)
