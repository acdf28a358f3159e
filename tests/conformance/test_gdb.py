"""A debugger on the engines that have a port for one."""

from __future__ import annotations

import random
import socket
import subprocess
import threading

import pytest
from candidates import Running
from patience import HANGS
from programs import SLEEP, WAIT

from xipsim.engines.api import Goal, Stop, StopReason
from xipsim.engines.qemu import rsp


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


def pipelined(gdb: socket.socket) -> None:
    """Breakpoints by the hundred, and no answer is read."""
    gdb.sendall(b"".join(rsp.packet(b"Z0,%x,2" % (0x100 + 2 * n)) for n in range(900)))


def answer(gdb: socket.socket, text: bytes) -> bytes:
    """What comes back, as the first packet."""
    gdb.sendall(rsp.packet(text))
    stream = rsp.Stream()
    while True:
        for item in stream.feed(gdb.recv(100)):
            if item[:1] == b"$":
                return rsp.body(item)


def halted(gdb: socket.socket) -> None:
    """As a gdb that is killed at a breakpoint."""
    answer(gdb, b"?")


RUBBISH = random.Random(1).randbytes(50_000)
STRANGERS = {
    "gone": lambda gdb: None,
    "halted": halted,
    "pipelined": pipelined,
    "rubbish": lambda gdb: gdb.sendall(RUBBISH),
    "no hex": lambda gdb: gdb.sendall(rsp.packet(b"qRcmd,7") + rsp.packet(b"qRcmd,zz")),
    "unended": lambda gdb: gdb.sendall(b"$m0,4*#00$m0}#00$abc"),
    "long": lambda gdb: gdb.sendall(b"$" + b"a" * 200_000 + b"#20"),
}
"""What comes to a port that anybody on the computer may open."""


@pytest.mark.needs("gdb")
@pytest.mark.parametrize("what", STRANGERS)
def test_whoever_was_at_gdbs_port_the_core_runs_on_and_the_next_one_is_served(
    running: Running, what: str
) -> None:
    with running(SLEEP, gdb_port=(port := free_port())) as engine:
        ends: list[Stop] = []

        def run(goal: Goal) -> threading.Thread:
            runner = threading.Thread(target=lambda: ends.append(engine.run(goal)))
            runner.start()
            return runner

        runner = run(Goal())
        with socket.create_connection(("127.0.0.1", port), timeout=HANGS) as gdb:
            STRANGERS[what](gdb)
        with socket.create_connection(("127.0.0.1", port), timeout=HANGS) as gdb:
            assert answer(gdb, b"?").startswith(b"T")
        engine.interrupt()
        runner.join(HANGS)
        assert not runner.is_alive()
        runner = run(Goal(until=engine.now + 1_000_000))
        runner.join(HANGS)
        assert [stop.reason for stop in ends] == [StopReason.INTERRUPTED, StopReason.DEADLINE]


def free_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
