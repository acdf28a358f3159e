"""`xipsim standby`: a process that somebody starts, and that keeps ready what `xipsim exec` needs.

`keeper` is that process, and `client` what `xipsim exec` does where there is one. For each client
the keeper forks: `stand_in` carries the command out, by the ordinary code, with the client's
streams, folder and environment, on an engine of those in `engines`.
"""

from __future__ import annotations

import os

from xipsim.firmware.cache import cache_path

FOLDER, SOCKET = "standby", "socket"
"""In the user's cache."""


def find() -> str | None:
    """The folder with the socket of a standby, which may have been killed; None: there is none."""
    folder = os.path.join(cache_path() or os.devnull, FOLDER)
    return folder if os.path.exists(f"{folder}/{SOCKET}") else None
