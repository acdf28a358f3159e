"""gdb's remote serial protocol, cut out of a stream, and the launch.json for Cortex-Debug."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from xipsim.cli import main
from xipsim.engines.qemu import rsp


@pytest.mark.parametrize("step", [1, 2, 3, 100])
def test_a_stream_is_cut_into_items_however_it_comes(step: int) -> None:
    """`OK` sums up to 9Ah: GDB manual, Overview of the remote protocol."""
    stream = rsp.Stream()
    data = b"+$OK#9a\x03junk$qRcmd,666c617368#67-$m0,4#fd"
    items = [item for i in range(0, len(data), step) for item in stream.feed(data[i : i + step])]
    assert items == [b"+", b"$OK#9a", b"\x03", b"$qRcmd,666c617368#67", b"-", b"$m0,4#fd"]
    assert rsp.packet(b"OK") == b"$OK#9a"


@pytest.mark.parametrize(
    ("item", "whole"),
    [
        (b"$OK#9a", True),
        (b"$OK#9A", True),
        (b"$OK#9b", False),
        (b"$OK#zz", False),
        (b"$#00", True),
        (rsp.packet(b"m0}"), False),
        (rsp.packet(b"m0*"), False),
        (rsp.packet(b"a" * rsp.LONGEST), False),
    ],
)
def test_what_would_leave_qemu_waiting_for_the_rest_is_no_packet(item: bytes, whole: bool) -> None:
    assert rsp.is_whole(item) is whole


def test_gdb_config_is_for_the_port_and_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gdb-config", "TEENSY41", "a.elf", "--gdb", "4444"]) == 0
    (configuration,) = json.loads(capsys.readouterr().out)["configurations"]
    assert configuration["gdbTarget"] == "127.0.0.1:4444"
    assert configuration["executable"] == "a.elf"
    assert configuration["overrideLaunchCommands"][0] == "monitor reset halt"
    assert main(["gdb-config", "NOBOARD"]) == 2


@pytest.mark.parametrize(
    ("name", "says"),
    [("firmware.hex", "no ELF file"), ("folder", "Is a directory"), ("pipe", "no regular file")],
)
def test_gdb_config_takes_no_file_that_gdb_would_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, says: str
) -> None:
    (tmp_path / "firmware.hex").write_text(":00000001FF\n")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert main(["gdb-config", "TEENSY41", str(tmp_path / name)]) == 2
    out, err = capsys.readouterr()
    assert f"{name}: " in err and says in err
    assert not out


def test_gdb_wait_wants_a_port(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exec", "TEENSY41", "-c", "1", "--gdb-wait"]) == 2
    assert "(--gdb-wait) needs a port for gdb" in capsys.readouterr().err
