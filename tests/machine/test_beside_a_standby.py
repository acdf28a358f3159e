"""`xipsim exec` beside a standby: it ends, prints and writes as without one, whatever the command.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import fuse
import pytest
from images import ALIF, PUBLISHED
from patience import HANGS
from processes import descendants, has_stopped, is_alive
from test_exit_codes import ENDLESS, ENDS

XIPSIM = [sys.executable, "-m", "xipsim"]
WRITES = "open('kept.txt', 'w').write('kept'); import os; print(os.listdir())"
LISTS = "import os; print(os.listdir())"
REAL = ("wall_time", "virtual_per_real")
"""Of a report, what real time decides."""


class Standby:
    """One at work, in a cache of its own. alone: the environment of who has the same but it."""

    def __init__(self, folder: Path, qemu: Path | None) -> None:
        own = {k: v for k, v in os.environ.items() if not k.startswith("XIPSIM_TEST")}
        own |= {"XIPSIM_QEMU": str(qemu)} if qemu else {}
        self.alone = own | {"XIPSIM_CACHE": str(folder / "alone")}
        self.environment = own | {"XIPSIM_CACHE": str(folder / ("deep" * 30) / "with")}
        self.process = self.start()

    def start(self) -> subprocess.Popen[str]:
        started = subprocess.Popen(
            [*XIPSIM, "standby"], env=self.environment, stderr=subprocess.PIPE, text=True
        )
        assert started.stderr is not None
        assert "ready" in started.stderr.readline()
        return started

    @property
    def socket(self) -> Path:
        return Path(self.environment["XIPSIM_CACHE"], "standby", "socket")

    @property
    def pid(self) -> int:
        return self.process.pid

    def served(self) -> int:
        """Grows with each of its processes that ends: faults of pages in those (proc(5))."""
        return int(Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[8])

    def engines(self) -> set[int]:
        return engines(self.pid)

    def end(self) -> None:
        self.process.terminate()
        assert self.process.wait(HANGS) == 0


@pytest.fixture(scope="module")
def standby(
    qemu: Path | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Standby]:
    PUBLISHED.require()
    started = Standby(tmp_path_factory.mktemp("standby"), qemu)
    yield started
    started.end()


class Told(NamedTuple):
    """What a command has come to."""

    code: int
    out: str
    said: str
    files: dict[str, object]


def engines(process: int) -> set[int]:
    """Those that it, or what it has started, has started."""
    found = set()
    for other in descendants(process):
        with suppress(FileNotFoundError):  # it has ended meanwhile
            if "qemu" in os.readlink(f"/proc/{other}/exe"):
                found.add(other)
    return found


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + HANGS
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def run(
    words: list[str],
    folder: Path,
    environment: dict[str, str],
    *,
    stdin: str = "",
    ends_by: signal.Signals | None = None,
) -> Told:
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    program = subprocess.Popen(
        [*XIPSIM, "exec", *words],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    begun = ""
    if ends_by is not None:
        assert program.stdout is not None
        begun = program.stdout.readline()
        program.send_signal(ends_by)
    out, said = program.communicate(stdin, timeout=HANGS)
    after = [path for path in folder.iterdir() if path.name != "__pycache__"]
    written = [path for path in after if before.get(path) != path.stat().st_mtime_ns]
    return Told(program.returncode, begun + out, said, {p.name: _content(p) for p in written})


def _content(path: Path) -> object:
    if path.is_dir():
        return {inner.name: _content(inner) for inner in path.iterdir()}
    if path.suffix != ".json":
        return path.read_bytes()
    report = json.loads(path.read_text())
    return {name: value for name, value in report.items() if name not in REAL}


def beside(standby: Standby, words: list[str], folder: Path, **how: object) -> Told:
    """Carried out by the standby, which is made sure of."""
    before = standby.served()
    told = run(words, folder, standby.environment, **how)  # type: ignore[arg-type]
    until(lambda: standby.served() > before)
    return told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where commands are given: with what some of them name."""
    inner = tmp_path / "here"
    inner.mkdir()
    (inner / "blank.bin").write_bytes(b"FCFB" + bytes(0x3000))
    (inner / "fuse.py").write_text(fuse.MODEL)
    (inner / "lab.repl").write_text(fuse.BOARD)
    (inner / "script.py").write_text("print('of a file')")
    (inner / "put.txt").write_text("put there")
    return inner


def words_of(given: list[str]) -> list[str]:
    return [str(PUBLISHED.path) if word == "IMAGE" else word for word in given]


def restored(folder: Path, told: Told) -> None:
    """Without what a command has written."""
    for name in told.files:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize("name", ENDS)
def test_each_kind_of_end_is_the_same(name: str, standby: Standby, folder: Path) -> None:
    """Also the second time, when the engine has been used before."""
    end = ENDS[name]
    words = words_of(end.arguments)
    wanted = run(words, folder, standby.alone, ends_by=end.signal)
    assert wanted.code == end.code
    for _ in range(2):
        assert beside(standby, words, folder, ends_by=end.signal) == wanted


def case(code: str, *options: str) -> list[str]:
    return ["TEENSY41", "IMAGE", *options, "-c", code]


CASES = {
    "cold": case("print(1)", "--cold"),
    "report": case("1 / 0", "--report", "report.json"),
    "a chip in a file": case(WRITES, "--flash", "chip.bin"),
    "the whole state": case(WRITES, "--state", "state"),
    "a file on the board": case(LISTS, "--put", "put.txt"),
    "another seed": case("import os; print(os.urandom(8))", "--seed", "7"),
    "another id": case("import machine; print(machine.unique_id())", "--uid", "0123456789abcdef"),
    "a clock": case("import time; print(time.localtime())", "--rtc", "2024-02-29T12:00:00"),
    "polls": case("import time; time.sleep_ms(5); print(time.ticks_us())", "--stalls", "off"),
    "a wire": case("from machine import Pin; print(Pin('D1').value())", "--wire", "D0:D1"),
    "a script's file": ["TEENSY41", "IMAGE", "script.py"],
    "standard input": ["TEENSY41", "IMAGE", "-"],
    "a board that is found": ["TEENSY41", "-c", "print(2)"],
    "another board": ["TEENSY40", "IMAGE", "-c", "print(3)"],
    "time": case("import time; print(time.ticks_us()); time.sleep(1); print(time.ticks_us())"),
    "help": ["--help"],
    "reset": case("import machine; print(4); machine.reset()"),
    "fault behind a boot": case("import machine; machine.mem32[0x48000000]", "--cold"),
    "too short a time": case("print(1)", "--timeout", "1ms"),
}


@pytest.mark.parametrize("name", CASES)
def test_each_option_means_the_same(name: str, standby: Standby, folder: Path) -> None:
    words, stdin = words_of(CASES[name]), "print('typed')"
    wanted = run(words, folder, standby.alone, stdin=stdin)
    restored(folder, wanted)
    for _ in range(3):
        told = beside(standby, words, folder, stdin=stdin)
        assert told == wanted
        restored(folder, told)


def test_nothing_is_left_of_the_one_before(standby: Standby, folder: Path) -> None:
    """Neither files on the flash, nor what was counted and noted, nor time."""
    words = words_of(case(LISTS, "--report", "report.json"))
    wanted = run(words, folder, standby.alone)
    untidy = (
        case(WRITES),
        case(WRITES, "--cold"),
        case("import machine; machine.mem32[0x400B4000]"),
        case("import time; time.sleep(2)", "--timeout", "1s"),
        case("import machine; machine.mem32[0x48000000]"),
    )
    for given in untidy:
        beside(standby, words_of(given), folder)
        told = beside(standby, words, folder)
        assert told == wanted


def test_a_chip_that_is_kept_goes_on_from_run_to_run(standby: Standby, folder: Path) -> None:
    for number in range(3):
        script = f"print(len(os.listdir())); open('file{number}', 'w').close()"
        words = words_of(case(f"import os; {script}", "--flash", "chip.bin"))
        assert beside(standby, words, folder).out == f"{number}\n"


def test_another_image_of_the_same_name(standby: Standby, folder: Path) -> None:
    """And one that is damaged where it lies, a moment after it was used."""
    image = folder / "image.hex"
    data = Path(str(PUBLISHED.path)).read_bytes()
    image.write_bytes(data)
    words = ["TEENSY41", "image.hex", "-c", "print(1)"]
    assert beside(standby, words, folder).code == 0
    with image.open("r+b") as file:
        file.seek(len(data) // 2)
        file.write(b"?")
    wanted = run(words, folder, standby.alone)
    assert wanted.code == 2
    assert beside(standby, words, folder)[:3] == wanted[:3]
    image.unlink()
    image.write_bytes(data)
    assert beside(standby, words, folder).code == 0


def test_the_environment_is_the_clients(standby: Standby, folder: Path) -> None:
    nowhere = standby.environment | {"XIPSIM_FIRMWARE_PATH": str(folder)}
    words = ["TEENSY41", "-c", "print(1)"]
    shutil.copy(str(PUBLISHED.path), folder / "TEENSY41.hex")
    before = standby.served()
    told = run([*words, "--report", "report.json"], folder, nowhere)
    until(lambda: standby.served() > before)
    report = told.files["report.json"]
    assert isinstance(report, dict)
    assert report["firmware"]["path"] == str(folder / "TEENSY41.hex")


def test_the_umask_is_the_clients(standby: Standby, folder: Path) -> None:
    before, mask = standby.served(), os.umask(0o027)
    try:
        run(words_of(case("1", "--report", "report.json")), folder, standby.environment)
    finally:
        os.umask(mask)
    until(lambda: standby.served() > before)
    wanted = 0o600 if (folder / "report.json").stat().st_mode & 0o077 == 0 else 0o640
    assert (folder / "report.json").stat().st_mode & 0o777 == wanted


def test_who_differs_from_it_does_without(standby: Standby, folder: Path) -> None:
    """By environment, options of Python, limits; descriptors that only the client has."""
    words, before = words_of(case("print(1)")), standby.served()
    other = standby.environment | {"PYTHONHASHSEED": "7"}
    assert run(words, folder, other).out == "1\n"
    command = [sys.executable, "-X", "dev", *XIPSIM[1:], "exec", *words]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))

    for given, prepare in ((command, None), ([*XIPSIM, "exec", *words], limit)):
        done = subprocess.run(
            given, env=standby.environment, preexec_fn=prepare, stdout=subprocess.PIPE
        )
        assert done.stdout == b"1\n"
    reading, writing = os.pipe()
    os.write(writing, b"print('passed')")
    os.close(writing)
    done = subprocess.run(
        [*XIPSIM, "exec", "TEENSY41", str(PUBLISHED.path), f"/dev/fd/{reading}"],
        env=standby.environment,
        pass_fds=[reading],
        stdout=subprocess.PIPE,
    )
    os.close(reading)
    assert done.stdout == b"passed\n"
    assert standby.served() == before


def test_output_that_nobody_reads_any_more(standby: Standby, folder: Path) -> None:
    words = " ".join(f"'{word}'" for word in words_of(case("for i in range(9999): print(i)")))
    command = f"'{sys.executable}' -m xipsim exec {words} | head -1; echo ${{PIPESTATUS[0]}}"
    for environment in (standby.alone, standby.environment, standby.environment):
        done = subprocess.run(
            ["bash", "-c", command], env=environment, capture_output=True, text=True, timeout=HANGS
        )
        assert (done.stdout, done.stderr) == ("0\n141\n", "")


def test_two_at_once(standby: Standby, folder: Path) -> None:
    def one(number: int) -> Told:
        code = f"import time; time.sleep(1); print({number})"
        return run(words_of(case(code)), folder, standby.environment)

    with ThreadPoolExecutor(3) as pool:
        for number, told in enumerate(pool.map(one, range(9))):
            assert told[:3] == (0, f"{number}\n", "")


def begun(standby: Standby, folder: Path) -> subprocess.Popen[str]:
    """A client whose script has begun, and does not end."""
    client = subprocess.Popen(
        [*XIPSIM, "exec", *words_of(case(ENDLESS, "--flash", "chip.bin", "--timeout", "9000s"))],
        cwd=folder,
        env=standby.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,  # with somebody outside of it who can let it go on
    )
    assert client.stdout is not None
    assert client.stdout.readline() == "begun\n"
    return client


def test_a_client_that_is_killed_takes_its_engine_along(standby: Standby, folder: Path) -> None:
    before = standby.served()
    client = begun(standby, folder)
    client.kill()
    client.communicate(timeout=HANGS)
    until(lambda: standby.served() > before)
    assert beside(standby, words_of(case("print(1)")), folder).out == "1\n"


def test_a_client_that_is_stopped_and_goes_on(standby: Standby, folder: Path) -> None:
    """And with it who does its work."""
    client = begun(standby, folder)
    until(lambda: len(descendants(standby.pid) - standby.engines()) == 1)
    (stand_in,) = descendants(standby.pid) - standby.engines()
    client.send_signal(signal.SIGTSTP)
    until(lambda: has_stopped(client.pid) and has_stopped(stand_in))
    client.send_signal(signal.SIGCONT)
    until(lambda: not has_stopped(client.pid) and not has_stopped(stand_in))
    client.send_signal(signal.SIGINT)
    assert client.wait(HANGS) == 128 + signal.SIGINT
    client.communicate()


def test_an_engine_that_is_killed_between_two_commands(standby: Standby, folder: Path) -> None:
    for _ in range(2):
        assert beside(standby, words_of(case("print(1)")), folder).out == "1\n"
        killed = standby.engines()
        for engine in killed:
            os.kill(engine, signal.SIGKILL)
        until(lambda: not any(map(is_alive, killed)))  # noqa: B023


def test_an_engine_that_is_killed_in_a_run(standby: Standby, folder: Path) -> None:
    """The same words as without a standby."""
    said = []
    for environment in (standby.alone, standby.environment):
        client = subprocess.Popen(
            [*XIPSIM, "exec", *words_of(case(ENDLESS))],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert client.stdout is not None
        assert client.stdout.readline() == "begun\n"
        whose = standby.pid if environment is standby.environment else client.pid
        for engine in engines(whose):
            os.kill(engine, signal.SIGKILL)
        _, text = client.communicate(timeout=HANGS)
        said.append((client.returncode, text))
    assert said[0] == said[1]
    assert "was killed by signal 9, from outside" in said[0][1]
    assert beside(standby, words_of(case("print(1)")), folder).out == "1\n"


def standby_as_doctor_says(environment: dict[str, str]) -> str:
    doctor = [*XIPSIM, "doctor"]
    said = subprocess.run(doctor, env=environment, capture_output=True, text=True, timeout=HANGS)
    return next(line for line in said.stdout.splitlines() if " standby " in line)


def test_doctor_tells_of_it(standby: Standby) -> None:
    assert standby_as_doctor_says(standby.environment).endswith(f" process {standby.pid}")
    assert standby_as_doctor_says(standby.alone).startswith("none ")


def test_a_second_one_is_refused(standby: Standby) -> None:
    second = subprocess.run(
        [*XIPSIM, "standby"], env=standby.environment, capture_output=True, text=True
    )
    assert second.returncode == 2
    assert "there is a standby already" in second.stderr


@pytest.mark.skipif(ALIF.path is None, reason=f"{ALIF.name} is not here: {ALIF.where}")
def test_the_alif_ensemble(standby: Standby, folder: Path) -> None:
    words = ["ALIF_ENSEMBLE", str(ALIF.path), "-c", WRITES, "--report", "report.json"]
    wanted = run(words, folder, standby.alone)
    for options in ([], ["--cold"], []):
        told = beside(standby, [*words, *options], folder)
        assert told == wanted


@pytest.fixture
def own(qemu: Path | None, tmp_path: Path) -> Iterator[Standby]:
    """One to be ended."""
    PUBLISHED.require()
    started = Standby(tmp_path / "own", qemu)
    yield started
    if started.process.poll() is None:
        started.end()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_stays_behind(end: signal.Signals, own: Standby, folder: Path) -> None:
    beside(own, words_of(case("print(1)")), folder)
    left = descendants(own.pid)
    assert len(left) >= 1
    own.process.send_signal(end)
    assert own.process.wait(HANGS) == 0
    assert not own.socket.exists()
    until(lambda: not any(map(is_alive, left)))


def test_one_that_is_ended_waits_for_what_has_begun(own: Standby, folder: Path) -> None:
    client = begun(own, folder)
    own.process.send_signal(signal.SIGINT)
    until(lambda: not own.socket.exists() or "waits" in str(own.process.stderr.readline()))
    assert run(words_of(case("print(1)")), folder, own.environment).out == "1\n"
    assert client.poll() is None
    own.process.send_signal(signal.SIGINT)
    assert client.wait(HANGS) == 128 + signal.SIGTERM
    assert own.process.wait(HANGS) == 0
    assert (folder / "chip.bin").stat().st_size  # it was saved
    client.communicate()


def test_one_that_is_killed_leaves_its_clients_alone(own: Standby, folder: Path) -> None:
    """A command that has begun goes on, and ends as it would; the next one does without."""
    client = begun(own, folder)
    idle = own.engines()
    own.process.kill()
    own.process.wait()
    assert standby_as_doctor_says(own.environment).startswith("none ")
    client.send_signal(signal.SIGINT)
    assert client.wait(HANGS) == 128 + signal.SIGINT
    client.communicate()
    assert (folder / "chip.bin").stat().st_size
    assert run(words_of(case("print(1)")), folder, own.environment).out == "1\n"
    until(lambda: not any(map(is_alive, idle)))
    own.process = own.start()  # in spite of the socket that is there
    beside(own, words_of(case("print(1)")), folder)
