"""The command line with real machines: a terminal, a PTY with unmodified mpremote, signals."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from images import ALIF, RECENT, Image, parameters
from patience import HANGS

from xipsim.cli.terminal import LAG
from xipsim.firmware import catalogue
from xipsim.firmware.errors import FirmwareError

XIPSIM = [sys.executable, "-m", "xipsim"]
PROMPT = b">>> "


@pytest.fixture(scope="module")
def image() -> Path:
    try:
        return catalogue.find("TEENSY41").path
    except FirmwareError as error:
        pytest.skip(f"no image: {error}")


@pytest.fixture
def environment(qemu: Path | None) -> dict[str, str]:
    return dict(os.environ) | ({"XIPSIM_QEMU": str(qemu)} if qemu else {})


class Person:
    """Somebody at a terminal in which a program runs."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.screen, self.terminal = os.openpty()
        self.modes = termios.tcgetattr(self.terminal)
        ends = dict.fromkeys(("stdin", "stdout", "stderr"), self.terminal)
        self.program = subprocess.Popen(
            [*XIPSIM, *arguments], env=environment, start_new_session=True, **ends
        )
        self.seen = b""

    def type(self, data: bytes) -> None:
        os.write(self.screen, data)

    def read_until(self, text: bytes) -> bytes:
        end = time.monotonic() + HANGS
        while text not in self.seen:
            assert time.monotonic() < end, self.seen[-500:]
            if select.select([self.screen], [], [], 0.1)[0]:
                self.seen += os.read(self.screen, 65536)
        before, found, self.seen = self.seen.partition(text)
        return before + found

    def is_restored(self) -> bool:
        return termios.tcgetattr(self.terminal) == self.modes


@contextmanager
def person(arguments: list[str], environment: dict[str, str]) -> Iterator[Person]:
    somebody = Person(arguments, environment)
    try:
        yield somebody
    finally:
        somebody.program.kill()
        somebody.program.wait()
        os.close(somebody.screen)
        os.close(somebody.terminal)


def run(
    arguments: list[str], environment: dict[str, str], **options: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*XIPSIM, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=HANGS,
        **options,
    )


# -- at a terminal -------------------------------------------------------------------------------


def test_a_person_talks_to_the_board_and_leaves(image: Path, environment: dict[str, str]) -> None:
    with person(["run", "TEENSY41", str(image)], environment) as somebody:
        somebody.read_until(b"MicroPython")
        somebody.read_until(PROMPT)
        assert not somebody.is_restored()
        somebody.type(b"print(6 * 7)\r")
        somebody.read_until(b"\r\n42\r\n>>> ")
        somebody.type(b"\x1d")
        assert somebody.program.wait(HANGS) == 0
        assert somebody.is_restored()


def test_virtual_time_follows_real_time(image: Path, environment: dict[str, str]) -> None:
    """sleep(1) takes a second of the person's time, less what a late start had to make good."""
    with person(["run", "TEENSY41", str(image)], environment) as somebody:
        somebody.read_until(PROMPT)
        somebody.type(b"import time; time.sleep(1); print('awa' + 'ke')\r")
        began = time.monotonic()
        somebody.read_until(b"awake\r\n")
        assert time.monotonic() - began > 1 - LAG / 1e9 - 0.02


def test_a_terminal_that_nobody_reads_stops_nothing(
    image: Path, environment: dict[str, str]
) -> None:
    """The firmware prints more than the terminal holds; Ctrl-C still arrives, Ctrl-] leaves."""
    with person(["run", "TEENSY41", str(image)], environment) as somebody:
        somebody.read_until(PROMPT)
        somebody.type(b"while True: print('x' * 60)\r\r")
        while select.select([], [somebody.terminal], [], 0)[1]:
            time.sleep(0.01)  # until no more goes in
        somebody.type(b"\x03")
        somebody.read_until(b"KeyboardInterrupt")
        somebody.type(b"\x1d")
        assert somebody.program.wait(HANGS) == 0
        assert somebody.is_restored()


@pytest.mark.parametrize("each", parameters((RECENT, ALIF)))
def test_a_fault_ends_the_run_and_gives_the_terminal_back(
    each: Image, environment: dict[str, str]
) -> None:
    nothing = each.facts.nothing
    with person(["run", each.board, str(each.require())], environment) as somebody:
        somebody.read_until(PROMPT)
        somebody.type(f"import machine; machine.mem32[{nothing}]\r".encode())
        somebody.read_until(b"xipsim: The firmware faulted")
        somebody.read_until(f"at {nothing:#010x}".encode())
        assert somebody.program.wait(HANGS) == 6
        assert somebody.is_restored()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_saves_the_flash(
    image: Path, environment: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    flash = str(tmp_path / "flash.bin")
    with person(["run", "TEENSY41", str(image), "--flash", flash], environment) as somebody:
        somebody.read_until(PROMPT)
        somebody.type(b"f = open('x', 'w'); f.write('kept'); f.close(); print('do' + 'ne')\r")
        somebody.read_until(b"done")
        somebody.program.send_signal(number)
        assert somebody.program.wait(HANGS) == 128 + number
        assert somebody.is_restored()
    read = run(["exec", "TEENSY41", "--flash", flash, "-c", "print(open('x').read())"], environment)
    assert (read.returncode, read.stdout, read.stderr) == (0, "kept\n", "")


# -- mpremote ------------------------------------------------------------------------------------


@contextmanager
def pty(
    image: Path, environment: dict[str, str], *options: str, board: str = "TEENSY41"
) -> Iterator[str]:
    """The name of the PTY of a machine under way; ended with Ctrl-C."""
    machine = subprocess.Popen(
        [*XIPSIM, "run", board, str(image), "--pty", *options],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert machine.stdout
    try:
        yield machine.stdout.readline().strip()
        machine.send_signal(signal.SIGINT)
        assert machine.wait(HANGS) == 0
    finally:
        machine.kill()
        machine.wait()
        machine.stdout.close()


def mpremote(name: str, *arguments: str) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "mpremote", "connect", name, *arguments],
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("each", parameters((RECENT, ALIF)))
def test_mpremote(each: Image, environment: dict[str, str], tmp_path: Path) -> None:
    """exec, fs cp/ls/cat/rm, run; after a reset the port is the same, and the file is there."""
    script = tmp_path / "hello.py"
    script.write_text("print('hello from a file')\n" * 120)
    with pty(each.require(), environment, board=each.board) as name:
        assert mpremote(name, "exec", "print(6 * 7)") == "42\n"
        mpremote(name, "fs", "cp", str(script), ":hello.py")
        assert f"{script.stat().st_size} hello.py" in mpremote(name, "fs", "ls")
        assert mpremote(name, "fs", "cat", "hello.py") == script.read_text()
        assert mpremote(name, "run", str(script)).count("hello from a file\n") == 120
        mpremote(name, "reset")
        assert "hello.py" in mpremote(name, "fs", "ls")
        mpremote(name, "fs", "rm", "hello.py")
        assert "hello.py" not in mpremote(name, "fs", "ls")


def test_mpremote_repl(image: Path, environment: dict[str, str]) -> None:
    """mpremote's own REPL needs a terminal of its own; Ctrl-] ends it, not the machine."""
    with pty(image, environment) as name:
        screen, terminal = os.openpty()
        repl = subprocess.Popen(
            [sys.executable, "-m", "mpremote", "connect", name, "repl"],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        seen = b""
        for awaited, typed in ((b"Use Ctrl-]", b"\r"), (PROMPT, b"6 * 7\r"), (b"42", b"\x1d")):
            end = time.monotonic() + HANGS
            while awaited not in seen:
                assert time.monotonic() < end, seen
                if select.select([screen], [], [], 0.1)[0]:
                    seen += os.read(screen, 4096)
            os.write(screen, typed)
        assert repl.wait(HANGS) == 0
        os.close(screen)
        os.close(terminal)
        assert mpremote(name, "eval", "1 + 1") == "2\n"


# -- exec and trace ------------------------------------------------------------------------------


def test_output_is_the_firmwares_bytes(image: Path, environment: dict[str, str]) -> None:
    code = "import sys; sys.stdout.buffer.write(bytes(range(11, 256)))"
    result = subprocess.run(
        [*XIPSIM, "exec", "TEENSY41", str(image), "-c", code],
        env=environment,
        capture_output=True,
        timeout=HANGS,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, bytes(range(11, 256)), b"")


def test_an_exception_of_the_script(image: Path, environment: dict[str, str]) -> None:
    result = run(["exec", "TEENSY41", str(image), "-c", "print(1)\n1/0"], environment)
    assert (result.returncode, result.stdout) == (1, "1\n")
    assert result.stderr.startswith("Traceback (most recent call last):\n")
    assert "ZeroDivisionError" in result.stderr


def test_a_script_without_end(image: Path, environment: dict[str, str]) -> None:
    arguments = ["exec", "TEENSY41", str(image), "-c", "while True: pass", "--timeout", "2s"]
    result = run(arguments, environment)
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr.startswith("xipsim: Waited 2 s of virtual time for the script to end")


def test_ctrl_c_ends_a_script_in_order(image: Path, environment: dict[str, str]) -> None:
    program = subprocess.Popen(
        [*XIPSIM, "exec", "TEENSY41", str(image), "-c", "print('begun')\nwhile True: pass"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout
    assert program.stdout.readline() == "begun\n"
    program.send_signal(signal.SIGINT)
    assert program.communicate(timeout=HANGS) == ("", "")
    assert program.returncode == 130


def test_the_trace_begins_with_the_boot_rom_and_repeats(
    image: Path, environment: dict[str, str]
) -> None:
    """The ROM reads the FCB: 512 bytes from 0 with a plain read. (imxrt.md 2.2)"""
    arguments = ["trace", "TEENSY41", str(image), "-c", "print(1)"]
    first = run(arguments, environment)
    assert first.stderr == "1\n"
    assert first.stdout.splitlines()[0].startswith("0 nor 03 read-data 000000 512 <sha256:")
    assert run(arguments, environment).stdout == first.stdout
    hashes = {run([*arguments, "--hash"], environment).stdout for _ in range(2)}
    assert len(hashes) == 1


def test_the_trace_from_the_prompt_leaves_the_boot_out(
    image: Path, environment: dict[str, str]
) -> None:
    arguments = ["trace", "TEENSY41", str(image), "--from-prompt", "-c"]
    assert run([*arguments, "1"], environment).stdout == ""
    written = run([*arguments, "f = open('x', 'w'); f.write('y'); f.close()"], environment).stdout
    assert "quad-page-program" in written
    assert " read-data 000000 512 " not in written
