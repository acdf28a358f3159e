"""Where the user's cache is. Each `xipsim exec` asks first of all, so nothing slow is imported."""

from __future__ import annotations

import os


def cache_path() -> str | None:
    """XIPSIM_CACHE, else xipsim in XDG_CACHE_HOME or in ~/.cache; None for who has no home."""
    if chosen := os.environ.get("XIPSIM_CACHE"):
        return chosen
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG base directory specification: relative paths are to be ignored.
    if os.path.isabs(base):
        return os.path.join(base, "xipsim")
    home = os.path.expanduser("~")
    return os.path.join(home, ".cache", "xipsim") if os.path.isabs(home) else None
