"""A debugger on the engines that have a port for one."""

from __future__ import annotations

import socket
import subprocess
import threading

import pytest
from candidates import Running
from patience import HANGS
from programs import WAIT

from xipsim.engines.api import Goal


@pytest.mark.needs("gdb")
def test_gdb_stops_at_a_breakpoint_and_goes_on(running: Running) -> None:
    """Real gdb on a port of loopback: breakpoint, registers, detach; the run goes on and ends."""
    with running(WAIT, gdb_port=(port := free_port())) as engine:
        loop = WAIT.labels["loop"]
        gdb = subprocess.Popen(
            [
                *("gdb-multiarch", "-nx", "-batch", "-ex", f"target remote 127.0.0.1:{port}"),
                *("-ex", f"hbreak *{loop:#x}", "-ex", "continue", "-ex", "info registers pc r4"),
                *("-ex", "delete", "-ex", "detach"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        runner = threading.Thread(target=lambda: engine.run(Goal()))
        runner.start()
        output, _ = gdb.communicate(timeout=HANGS)
        engine.interrupt()
        runner.join(HANGS)
        assert not runner.is_alive()
        assert f"{loop:#x}" in output
        assert "r4             0x2" in output


def free_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
