"""The child process: what of an engine is left when its backend is taken away."""

from __future__ import annotations

import os
import sys
import threading

from xipsim.engines.guest.start import receive_build, receive_start
from xipsim.engines.guest.supervisor import watch
from xipsim.engines.link.channel import Channel
from xipsim.engines.link.server import Server

from .backend import ScriptedBackend


def main() -> None:
    """Entry point. Arguments: descriptors of requests, answers and interrupts."""
    requests, answers, interrupts = map(int, sys.argv[1:4])
    server = Server(Channel(requests, answers))
    config, platform = receive_start(server)
    backend = ScriptedBackend()
    guest = receive_build(server, backend, config, platform, lambda guest: None)
    if guest is None:
        os._exit(1)
    threading.Thread(target=watch, args=(interrupts, guest), daemon=True).start()
    backend.run(guest)
