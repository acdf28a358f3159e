"""Finds the shared library of this interpreter, which an engine's process loads."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

from .api import EngineError


def find_libpython() -> Path:
    """The shared libpython of this interpreter."""
    name = sysconfig.get_config_var("INSTSONAME") or ""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folders = [
        sysconfig.get_config_var("LIBDIR") or "",
        str(Path(sys.base_prefix) / "lib"),
        f"/usr/lib/{sysconfig.get_config_var('MULTIARCH') or ''}",
        "/usr/lib",
    ]
    names = [n for n in (name, f"libpython{version}.so.1.0") if ".so" in n]
    for folder in folders:
        for candidate in names:
            path = Path(folder) / candidate
            if path.is_file():
                return path
    raise EngineError(
        f"this Python ({sys.executable}) has no shared libpython{version}, which puts models "
        "into an engine's process; on Debian and Ubuntu: "
        f"apt install libpython{version}; elsewhere use a "
        "Python that was configured with --enable-shared"
    )
