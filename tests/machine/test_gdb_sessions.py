"""gdb at a board: from reset, over resets, at the flash, with an ELF file; a real gdb-multiarch."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from images import PUBLISHED
from patience import HANGS

from xipsim import Machine
from xipsim.engines.api import ConfigurationError, Goal, MachineConfig
from xipsim.engines.engine import Engine
from xipsim.engines.programs import open_engine

DEMO = Path(__file__).parent / "demo"
BOARD = Path(__file__).parents[1] / "conformance" / "board"
CALLS = (DEMO / "calls.hex").read_text().replace("\n", "")
START, OUTER, INNER = 0x2000_0050, 0x2000_0058, 0x2000_0062
TIMER_POLL = 0x4000_0008
CELLS = 0x6000_0000

needs_gdb = pytest.mark.skipif(
    not shutil.which("gdb-multiarch"), reason="there is no gdb-multiarch here"
)
pytestmark = needs_gdb


def gdb(port: int, *commands: str, elf: Path | None = None) -> str:
    """What a gdb that attaches there prints at these commands."""
    words = ["gdb-multiarch", "-nx", "-batch", *([str(elf)] if elf else [])]
    for command in ("set pagination off", f"target remote 127.0.0.1:{port}", *commands):
        words += ["-ex", command]
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=HANGS
    )
    return done.stdout


@contextmanager
def at_work(work: Callable[[], Any], end: Callable[[], None]) -> Iterator[list[BaseException]]:
    """While `work` is done in a thread; `end` lets it come to an end. What it has raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield raised
    finally:
        end()
        thread.join(HANGS)
        assert not thread.is_alive()


@contextmanager
def calls(qemu: Path | None, *, runs: bool = True) -> Iterator[tuple[int, Engine]]:
    """The program of demo/calls.s, and the port of its gdb, who is waited for."""
    config = MachineConfig(
        platform=BOARD / "board.repl",
        models=(BOARD / "models.py",),
        overrides={"rom": {"program": CALLS}},
        program=qemu,
        gdb_port=(port := free_port()),
        gdb_wait=True,
    )
    engine = open_engine(config)
    try:
        engine.build({})
        if runs:
            with at_work(lambda: engine.run(Goal()), engine.interrupt):
                yield port, engine
        else:
            yield port, engine
    finally:
        engine.close()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.mark.parametrize("turn", range(10))
def test_from_reset_and_reset_from_gdb(qemu: Path | None, turn: int) -> None:
    """Ten of ten: the first instruction, breakpoints, reset, and the breakpoints again."""
    pc = "info registers pc"
    reset = ("monitor reset", "monitor reset halt", "monitor reset init")[turn % 3]
    with calls(qemu) as (port, _):
        said = gdb(
            port,
            *(pc, f"break *{INNER:#x}", "continue", pc),
            *(reset, "maintenance flush register-cache", pc, "continue", pc),
            *("stepi", pc, "delete", "detach"),
        )
    places = [int(line.split()[1], 16) for line in said.splitlines() if line.startswith("pc  ")]
    assert places == [START, INNER, START, INNER, INNER + 2], said
    assert "the board was reset" in said


def test_one_gdb_after_the_other(qemu: Path | None) -> None:
    """Also after one that went without a word, or that wanted to kill the machine."""
    with calls(qemu) as (port, engine):
        gdb(port, f"break *{OUTER:#x}", "continue", "disconnect")
        gdb(port, "kill")
        said = gdb(port, f"break *{INNER:#x}", "continue", "info registers pc", "delete", "detach")
        assert f"{INNER:#x}" in said
        engine.interrupt()


def test_a_port_that_is_taken_is_told(qemu: Path | None) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config = MachineConfig(
            platform=BOARD / "board.repl",
            models=(BOARD / "models.py",),
            program=qemu,
            gdb_port=port,
        )
        engine = open_engine(config)
        try:
            with pytest.raises(ConfigurationError, match=f"{port}.*choose another"):
                engine.build({})
        finally:
            engine.close()


def test_looking_changes_nothing_and_the_window_takes_no_stores(qemu: Path | None) -> None:
    with calls(qemu, runs=False) as (port, engine):
        with at_work(lambda: engine.run(Goal()), engine.interrupt):
            said = gdb(
                port,
                *(f"x/3wx {TIMER_POLL:#x}", f"x/wx {CELLS:#x}", f"set {{int}}{CELLS:#x} = 5"),
                *(f"x/wx {CELLS:#x}", "monitor info mtree", "monitor gaps", "detach"),
            )
        assert engine.call("timer", "seen")[0] == 0, "POLL was not read"
    assert "Cannot access memory" in said
    assert said.count("0x60000000:\t0x00000000") == 2, said
    assert "there is no command 'info mtree'" in said


def test_a_backtrace_names_functions_and_lines(qemu: Path | None, tmp_path: Path) -> None:
    if not shutil.which("arm-none-eabi-as"):
        pytest.skip("no arm-none-eabi-as: there is no ELF file to debug with")
    parts = [tmp_path / "calls.o", tmp_path / "calls.elf", tmp_path / "calls.bin"]
    for tool, *arguments in (
        ["as", "-g", "-mcpu=cortex-m7", "-mthumb", str(DEMO / "calls.s"), "-o", str(parts[0])],
        ["ld", "-e", "start", "-Ttext", "0x20000000", str(parts[0]), "-o", str(parts[1])],
        ["objcopy", "-O", "binary", str(parts[1]), str(parts[2])],
    ):
        subprocess.run([f"arm-none-eabi-{tool}", *arguments], check=True)
    assert parts[2].read_bytes().hex() == CALLS
    with calls(qemu) as (port, _):
        said = gdb(port, "break inner", "continue", "backtrace", "delete", "detach", elf=parts[1])
    assert "#0  inner () at " in said
    assert "in outer () at " in said
    assert "calls.s:" in said


def test_a_reset_in_the_middle_of_a_script_lets_it_run_anew(qemu: Path | None) -> None:
    image, sector = PUBLISHED, 200
    block = image.facts.volume // 4096 + sector
    script = (
        f"{image.facts.flash}\nf = Flash()\nf.ioctl(6, {sector})\n"
        f"f.writeblocks({sector}, b'\\x12\\x34\\x56\\x78', 0)\nprint('done')"
    )
    port, firmware = free_port(), image.require()
    out: list[str] = []
    with Machine(image.board, firmware=firmware, qemu=qemu, gdb=port, gdb_wait=True) as m:
        with at_work(lambda: out.append(m.exec(script)), lambda: None) as raised:
            said = gdb(
                port,
                *(f"watch *(unsigned *){image.facts.window + 4096 * block:#x}", "continue"),
                *("monitor reset", "maintenance flush register-cache", "delete", "detach"),
            )
        assert raised == []
        assert "New value = 2018915346" in said, "it was programming"
        assert "the board was reset" in said
        assert out == ["done\n"]
        assert m.flash.stats.erases[block] == 2


def test_what_is_loaded_into_the_flash_is_refused(qemu: Path | None, tmp_path: Path) -> None:
    """`restore` writes as `load` does: gdb says that it failed, and no cell has changed."""
    blob = tmp_path / "blob.bin"
    blob.write_bytes(b"loaded")
    with calls(qemu) as (port, _):
        said = gdb(port, f"restore {blob} binary {CELLS:#x}", f"x/wx {CELLS:#x}", "detach")
    assert "memory write failed" in said
    assert f"{CELLS:#x}:\t0x00000000" in said


def test_a_watchpoint_on_flash_that_an_erase_changes(qemu: Path | None) -> None:
    """The chip changes its cells, and no store of the core does; a store is refused."""
    image = PUBLISHED
    sector = 200
    address = image.facts.window + image.facts.volume + 4096 * sector
    script = (
        f"{image.facts.flash}\nf = Flash()\nf.ioctl(6, {sector})\n"
        f"f.writeblocks({sector}, b'\\x12\\x34\\x56\\x78')\nf.ioctl(6, {sector})\n"
    )
    port = free_port()
    firmware = image.require()
    with Machine(image.board, firmware=firmware, qemu=qemu, gdb=port, gdb_wait=True) as m:
        with at_work(lambda: m.exec(script), lambda: None) as raised:
            said = gdb(
                port,
                *(f"watch *(unsigned *){address:#x}", "continue", "continue"),
                *(f"x/wx {address:#x}", "monitor flash", "monitor pins", "delete", "detach"),
            )
        assert raised == []
        assert "Old value = 4294967295\nNew value = 2018915346" in said, said
        assert "Old value = 2018915346\nNew value = 4294967295" in said, said
        assert f"{address:#x}:\t0xffffffff" in said
        assert "nor (W25Q64" in said
        assert "gpio" in said
        assert m.exec("print(6 * 7)") == "42\n"
