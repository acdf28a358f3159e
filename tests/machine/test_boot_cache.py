"""Boots from the cache: the same as from power-on, and never in the way."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from images import Image, teensy41s
from patience import HANGS

from xipsim import Machine, WaitTimeout, platforms
from xipsim.reporting.flash_trace import FlashTrace

OWN_MODELS = Path(__file__).parents[1] / "conformance" / "board" / "models.py"
SCRIPT = """
import os, time
print(os.listdir('/'), time.ticks_us())
open('a', 'w').write('x' * 9000)
"""
PERIPHERALS = """
import machine, time
for use in (
    lambda: machine.unique_id(),
    lambda: machine.UART(1, 9600).write(b'abc'),
    lambda: machine.I2C(0).scan(),
    lambda: machine.SPI(0).write(b'abc'),
    lambda: machine.ADC(0).read_u16() >= 0,
    lambda: machine.RTC().datetime((2024, 2, 29, 3, 1, 2, 3, 0)),
    lambda: machine.RTC().datetime(),
    lambda: time.sleep_ms(10),
):
    try:
        print(use())
    except Exception as error:
        print(repr(error))
"""


# Marked with `teensy41s`: what is about the host's files and processes, whatever is in them.


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one; where its boots are."""
    monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path))
    return tmp_path / "boots"


@pytest.fixture
def options(image: Image, qemu: Path | None) -> dict[str, Any]:
    return {"board": image.board, "firmware": image.require(), "qemu": qemu}


def outcome(script: str = SCRIPT, *, cached: bool, **options: Any) -> dict[str, Any]:
    """All that a script shows, from the prompt on, and the report."""
    with Machine(boot_cache=cached, **options) as m:
        m.boot()
        trace = FlashTrace()
        m.trace(trace)
        printed = m.exec(script)
        report = m.report()
        for changing in ("wall_time", "virtual_per_real"):
            del report[changing]
        return {
            "printed": printed,
            "console": m.console.transcript,
            "trace": (trace.count, trace.digest),
            "now": m.now,
            "registers": m.registers(),
            "flash": m.flash.read(0, 1 << 20),
            "report": report,
        }


def test_a_cached_boot_is_a_boot(cache: Path, options: dict[str, Any]) -> None:
    """Console, trace, time, flash and report are those of a machine that boots."""
    cold = outcome(cached=False, **options)
    assert not cache.exists()
    assert outcome(cached=True, **options) == cold
    (file,) = cache.iterdir()
    written = file.stat().st_mtime_ns
    assert outcome(cached=True, **options) == cold
    assert [f.name for f in cache.iterdir()] == [file.name]
    assert file.stat().st_mtime_ns > written, "it counts as used lately"
    assert cold["report"]["flash"]["nor"]["stats"]["commands"], "the boot's commands are told"


def test_models_that_were_not_made_are_what_they_were(cache: Path, options: dict[str, Any]) -> None:
    """A script that uses what no boot needs finds it behind a cached boot as behind a cold one."""
    cold = outcome(PERIPHERALS, cached=False, **options)
    assert "(2024, 2, 29, " in cold["printed"]
    for _ in range(2):
        assert outcome(PERIPHERALS, cached=True, **options) == cold


def test_a_timeout_means_the_same(cache: Path, options: dict[str, Any]) -> None:
    """The boot counts, whether it is simulated or not."""
    ends = []
    for cached in (False, True, True):
        with Machine(boot_cache=cached, **options) as m:
            with pytest.raises(WaitTimeout):
                m.exec("while True: pass", timeout="300ms")
            ends.append(m.now)
        with Machine(boot_cache=cached, **options) as m, pytest.raises(WaitTimeout):
            m.exec("print(1)", timeout="30ms")
    assert ends[0] == ends[1] == ends[2]
    assert 300_000_000 <= ends[0] < 300_010_000


def files_after(cache: Path, variants: list[dict[str, Any]]) -> list[int]:
    """How many there are after a boot of each."""
    counts = []
    for variant in variants:
        with Machine(**variant, boot_cache=True) as m:
            m.boot()
        counts.append(len(list(cache.iterdir())))
    return counts


def test_what_shapes_the_boot_is_part_of_the_key(
    cache: Path, options: dict[str, Any], tmp_path: Path
) -> None:
    """Each of these gives a file of its own; the same again does not."""
    repl = tmp_path / "mine.repl"
    repl.write_text(f'using "{platforms.find(options["board"])}"\n')
    changes: list[dict[str, Any]] = [
        {},
        {"board": str(repl)},
        {"seed": 1},
        {"models": [str(OWN_MODELS)]},
    ]
    variants = [options | change for change in changes for _ in range(2)]
    assert files_after(cache, variants) == [1, 1, 2, 2, 3, 3, 4, 4]


@pytest.mark.needs("a boot from flash")
def test_the_chips_contents_are_part_of_the_key(
    cache: Path, options: dict[str, Any], tmp_path: Path
) -> None:
    """Whatever the form of the image; and what is put beside it."""
    with Machine(**options) as m:
        image = bytearray(m.flash.read().rstrip(b"\xff"))
    same, changed = tmp_path / "same.bin", tmp_path / "changed.bin"
    same.write_bytes(image)
    image[image.index(b"MicroPython v")] ^= 0x20
    changed.write_bytes(image)
    put = {"put": {"x.py": "print(1)"}}
    changes = [{}, {"firmware": same}, {"firmware": changed}, put, {"firmware": same} | put]
    assert files_after(cache, [options | change for change in changes]) == [1, 1, 2, 3, 3]


@pytest.mark.needs("a battery")
def test_the_time_of_now_is_not_kept(cache: Path, options: dict[str, Any]) -> None:
    """It is another one at each start."""
    with Machine(**options, rtc="now", boot_cache=True) as m:
        m.exec("")
    assert not cache.exists()


@teensy41s
def test_what_was_done_before_is_not_lost(
    cache: Path, options: dict[str, Any], image: Image
) -> None:
    """A machine that is not as it was made boots: its changes, its trace, its listeners count."""
    outcome(cached=True, **options)
    with Machine(boot_cache=True, **options) as m:
        m.flash.program(image.facts.blank, b"mine")
        m.exec("")
        assert m.flash.read(image.facts.blank, 4) == b"mine"
    with Machine(boot_cache=True, **options) as m:
        trace = FlashTrace()
        m.trace(trace)
        m.exec("")
        assert trace.count > 10
    with Machine(boot_cache=True, **options) as m:
        heard = bytearray()
        m.console.on_output(heard.extend)
        m.exec("")
        assert heard == m.console.transcript
    with Machine(boot_cache=True, **options) as m:
        m.exec("x = 5")
        m.reset()
        m.exec("")
        assert m.exec("print('x' in globals())") == "False\n"


@teensy41s
def test_an_entry_that_is_damaged_is_replaced(cache: Path, options: dict[str, Any]) -> None:
    cold = outcome(cached=True, **options)
    (file,) = cache.iterdir()
    for damage in (b"", file.read_bytes()[:1000], b"\x80\x04."):
        file.write_bytes(damage)
        assert outcome(cached=True, **options) == cold
        assert len(file.read_bytes()) > 1000


@teensy41s
def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    """A file where the folder should be."""
    (tmp_path / "boots").write_text("in the way")
    monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path))
    assert outcome(cached=True, **options) == outcome(cached=False, **options)


def command(options: dict[str, Any], *more: str) -> list[str]:
    qemu = ["--qemu", str(options["qemu"])] if options["qemu"] else []
    start = [sys.executable, "-m", "xipsim", "exec", options["board"], str(options["firmware"])]
    return [*start, "-c", "print(6 * 7)", *qemu, *more]


@teensy41s
def test_a_full_disk_is_done_without(cache: Path, options: dict[str, Any]) -> None:
    """No file may grow beyond 100 KB: the snapshot does not fit, and nothing is left of it."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        command(options), preexec_fn=limit, capture_output=True, text=True, timeout=HANGS
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "42\n", "")
    assert list(cache.iterdir()) == []


@teensy41s
def test_a_limit_for_files_is_none_for_the_cache(cache: Path, options: dict[str, Any]) -> None:
    """What is read from it goes to the engine by memory, and not by anything that is a file."""
    subprocess.run(command(options), check=True, capture_output=True, timeout=HANGS)
    (file,) = cache.iterdir()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    done = subprocess.run(
        command(options), preexec_fn=limit, capture_output=True, text=True, timeout=HANGS
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "42\n", "")
    assert list(cache.iterdir()) == [file]


@teensy41s
def test_many_processes_fill_it_at_once(cache: Path, options: dict[str, Any]) -> None:
    """All of them go on, and one whole entry is left."""
    running = [
        subprocess.Popen(command(options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(4)
    ]
    assert [process.communicate(timeout=HANGS)[0] for process in running] == [b"42\n"] * 4
    (file,) = cache.iterdir()
    with Machine(**options) as m:
        m.restore(m.load_snapshot(file))
        assert m.exec("print(1)") == "1\n"


@teensy41s
def test_exec_uses_it_and_cold_does_not(cache: Path, options: dict[str, Any]) -> None:
    """And the report of a cached boot tells of the boot."""

    def run(*more: str) -> str:
        done = subprocess.run(
            command(options, *more), capture_output=True, text=True, timeout=HANGS, check=True
        )
        assert done.stderr == ""
        return done.stdout

    assert run("--cold") == "42\n"
    assert not cache.exists()
    reports = []
    for name in ("one", "two"):
        file = cache.parent / name
        assert run("--report", str(file)) == "42\n"
        reports.append(json.loads(file.read_text()))
    assert len(list(cache.iterdir())) == 1
    for report in reports:
        del report["wall_time"], report["virtual_per_real"]
    assert reports[0] == reports[1]
