"""Finds the shared library of this interpreter, which an engine's process loads."""

from __future__ import annotations

import os
import sys

from .errors import EngineError

TYPE_CHECKING = False  # see `xipsim.cli.prestart`
if TYPE_CHECKING:
    from collections.abc import Iterable


def find_libpython() -> str:
    """The shared libpython of this interpreter."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    own = f"libpython{version}{sys.abiflags}.so.1.0"
    # Where most have it: what was configured takes two milliseconds of each start to look up.
    multiarch = getattr(sys.implementation, "_multiarch", "")
    lib = os.path.join(sys.base_prefix, "lib")
    found = _first((lib, os.path.join(lib, multiarch)), (own,)) or _configured(own)
    if found:
        return found
    raise EngineError(
        f"this Python ({sys.executable}) has no shared libpython{version}, which puts models "
        "into an engine's process; on Debian and Ubuntu: "
        f"apt install libpython{version}; elsewhere use a "
        "Python that was configured with --enable-shared"
    )


def _configured(own: str) -> str | None:
    """Where this Python was built to have it."""
    import sysconfig

    name = sysconfig.get_config_var("INSTSONAME") or ""
    folders = (
        sysconfig.get_config_var("LIBDIR") or "",
        os.path.join("/usr/lib", sysconfig.get_config_var("MULTIARCH") or ""),
        "/usr/lib",
    )
    return _first(folders, (name, own) if ".so" in name else (own,))


def _first(folders: Iterable[str], names: tuple[str, ...]) -> str | None:
    paths = (os.path.join(folder, name) for folder in folders for name in names)
    return next(filter(os.path.isfile, paths), None)
