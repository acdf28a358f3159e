"""What a standby is made of: who is served, what is kept, what is found to have changed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from processes import is_alive

from xipsim.engines.guest import requests, snapshot, snapshotfile
from xipsim.engines.link.process import Command, Process
from xipsim.errors import UserError
from xipsim.firmware import images
from xipsim.firmware.errors import ImageError
from xipsim.standby.engines import KEPT, Engine, Stable
from xipsim.standby.likeness import facts_of
from xipsim.standby.place import listening
from xipsim.standby.watched import Watched

BUILD = "a QEMU"


# -- files ---------------------------------------------------------------------------------------


def test_a_change_of_a_source_is_noticed_and_no_other(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "a.py").write_text("1")
    (tmp_path / "b.py").write_text("1")
    for change in (
        lambda: (inner / "a.py").write_text("2"),
        lambda: (inner / "c.py").write_text(""),
        lambda: (tmp_path / "b.py").rename(tmp_path / "d.py"),
        lambda: (inner / "c.py").unlink(),
    ):
        watched = Watched(str(tmp_path), (".py",))
        (inner / "a.pyc").write_text("2")
        (tmp_path / "notes.txt").write_text("2")
        assert (inner / "a.py").read_text()
        assert not watched.have_changed()
        change()
        assert watched.have_changed()
        assert watched.have_changed()


def test_whoever_ends_takes_nobody_elses_socket_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleting the cache is safe: the next standby has a socket of its own, and keeps it."""
    monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path))
    socket = tmp_path / "standby" / "socket"
    with listening():
        shutil.rmtree(tmp_path / "standby")
    with listening():
        shutil.rmtree(tmp_path / "standby")
        other = listening()
        other.__enter__()
    assert socket.exists()
    with pytest.raises(UserError, match="there is a standby already"), listening():
        pass
    other.__exit__(None, None, None)
    assert not socket.exists()


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "image.hex"
    file.write_text(":0400000001020304F2\n:00000001FF\n")
    yield file
    images.remembered.clear()


def test_an_image_is_remembered_for_as_long_as_its_file_is_the_same(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "SETTLED", 0)
    images.remember(str(image))
    with monkeypatch.context() as patch:
        patch.setattr(images, "read_file", None)  # it is not read
        patch.chdir(image.parent)
        assert images.load("image.hex").path == "image.hex"
        assert images.load(image).segments[0].data == bytes((1, 2, 3, 4))
    times = image.stat()
    with image.open("r+") as file:
        file.write(":0400000002020304F1")
    os.utime(image, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert images.load(image).segments[0].data == bytes((2, 2, 3, 4))
    images.remember(str(image))
    image.unlink()
    with pytest.raises(ImageError, match="cannot be read"):
        images.load(image)


def test_an_image_that_was_just_written_is_not_remembered(image: Path) -> None:
    """It may be written again within the same tick of the clock that gives files their times."""
    images.remember(str(image))
    assert images.remembered == {}


def test_of_many_images_the_last_ones_are_remembered(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "SETTLED", 0)
    paths = [str(image.with_name(f"{number}.hex")) for number in range(images.REMEMBERED + 2)]
    for path in paths:
        Path(path).write_bytes(image.read_bytes())
        images.remember(path)
    assert [*images.remembered] == paths[2:]


# -- who is alike --------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", ["true", "ulimit -n 77", "ulimit -c 0; ulimit -t 1000"])
def test_other_limits_are_seen(limit: str) -> None:
    with subprocess.Popen(
        ["sh", "-c", f"{limit}; echo; read x"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert (facts_of(other.pid) == facts_of(os.getpid())) is (limit == "true")
        other.communicate()


# -- engines -------------------------------------------------------------------------------------


class FakeProcess:
    """As `Process`."""

    def __init__(self, pid: int) -> None:
        self.pid, self.is_over, self.closed = pid, False, False

    def has_ended(self) -> bool:
        return self.is_over

    def kill(self) -> None:
        self.is_over = True

    def close(self) -> None:
        assert self.is_over
        self.closed = True


def engine(pid: int, machine: str) -> Engine:
    made: Any = Engine(FakeProcess(pid), BUILD)  # type: ignore[arg-type]
    made.machine = machine
    return made


@pytest.fixture
def stable() -> Stable:
    """Two machines, 1 and 2, and a spare process, 3."""
    made = Stable()
    made.idle += [engine(1, "one"), engine(2, "two")]
    made._spare = engine(3, "")
    return made


def taken(stable: Stable, machine: str, build: str = BUILD, among: Any = (1, 2, 3)) -> int | None:
    found = stable.take(machine, build, among)
    return found and found.process.pid


def test_a_machine_is_lent_to_one_at_a_time(stable: Stable) -> None:
    assert taken(stable, "two") == 2
    assert taken(stable, "two") == 3, "the spare one"
    assert taken(stable, "two") is None
    assert taken(stable, "one") == 1
    assert stable.all() == {}


def test_only_what_a_stand_in_has_open_is_lent_to_it(stable: Stable) -> None:
    assert taken(stable, "one", among=(2,)) is None
    assert taken(stable, "one", among=(2, 3)) == 3


def test_another_qemu_is_not_lent(stable: Stable) -> None:
    assert taken(stable, "one", "another QEMU") is None
    assert len(stable.all()) == 3


def test_one_that_has_ended_is_not_lent(stable: Stable) -> None:
    first: Any = stable.idle[0].process
    first.is_over = True
    assert taken(stable, "one") == 3
    assert first.closed
    assert [*stable.all()] == [2]


def test_the_one_used_least_lately_goes(stable: Stable) -> None:
    idle: list[Any] = [stable.idle[0].process]
    for pid in range(4, 4 + KEPT - 1):
        stable.take_back(engine(pid, str(pid)))
    assert [p.closed for p in idle] == [True]
    assert [e.process.pid for e in stable.idle] == [2, 4, 5, 6]


def test_who_has_adopted_a_process_can_tell_how_it_ended() -> None:
    """Though it is not its parent, which has not waited for it yet."""
    process = Process(lambda _: Command([sys.executable, "-c", "import time; time.sleep(60)"], {}))
    reading, writing = os.pipe()
    if not (fork := os.fork()):
        try:
            process.adopt()
            os.kill(process.pid, signal.SIGTERM)
            os.write(writing, process.death().encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(fork, 0)
    with open(reading) as told:
        assert told.read().startswith("was killed by signal 15, from outside")
    process.close()


def test_a_process_that_was_adopted_stays_when_it_is_closed() -> None:
    process = Process(lambda _: Command([sys.executable, "-c", "import time; time.sleep(60)"], {}))
    if not (fork := os.fork()):
        try:
            process.adopt()
            process.close()
        finally:
            os._exit(0)
    os.waitpid(fork, 0)
    assert is_alive(process.pid) and not process.has_ended()
    process.kill()
    process.close()


# -- a machine that is used again ----------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """requests: of a machine; done: what was put back, and how often watching began anew."""
    done: list[Any] = []
    monkeypatch.setattr(snapshot, "take", lambda _guest: f"state {len(done)}")
    monkeypatch.setattr(snapshot, "put_back", lambda _guest, state: done.append(state))
    console = SimpleNamespace(throttle=lambda on: None, pending=0)
    guest: Any = SimpleNamespace(
        begin_anew=lambda: done.append("anew"),
        clock=SimpleNamespace(now=5),
        host=SimpleNamespace(console=lambda name: console),
    )
    return SimpleNamespace(requests=requests.Requests(guest), done=done)


def test_a_machine_goes_back_when_somebody_needs_it_as_built(asked: SimpleNamespace) -> None:
    answer = asked.requests.answer
    answer("keep", ())
    assert answer("rest", ())
    assert asked.done == []
    assert answer("pending", ("pc",)) == 0
    assert asked.done == ["state 0", "anew"]
    answer("pending", ("pc",))
    assert len(asked.done) == 2
    assert answer("rest", ())
    asked.requests.go_back()  # as a run does
    assert asked.done == ["state 0", "anew"] * 2


def test_a_machine_that_is_put_back_elsewhere_need_not_go_back(asked: SimpleNamespace) -> None:
    answer = asked.requests.answer
    answer("keep", ())
    answer("rest", ())
    number = asked.requests._keep("a cached boot")
    answer("restore", (number,))
    answer("pending", ("pc",))
    assert asked.done == ["a cached boot", "anew"]
    answer("rest", ())
    with pytest.raises(Exception, match="was dropped"):
        answer("restore", (number,))


def test_going_back_ahead_is_for_those_whose_last_user_needed_it(asked: SimpleNamespace) -> None:
    answer = asked.requests.answer
    answer("keep", ())
    answer("rest", ())
    assert not asked.requests.may_go_back_ahead
    answer("pending", ("pc",))
    answer("rest", ())
    assert asked.requests.may_go_back_ahead
    answer("restore", (asked.requests._keep("a cached boot"),))
    answer("rest", ())
    assert not asked.requests.may_go_back_ahead


def test_who_has_throttled_or_traced_leaves_a_machine_that_cannot_rest(
    asked: SimpleNamespace,
) -> None:
    answer = asked.requests.answer
    assert not answer("rest", ()), "it was not kept"
    answer("keep", ())
    answer("throttle", ("pc", True))
    assert not answer("rest", ())


def test_a_machine_that_could_not_go_back_cannot_rest(
    asked: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_guest: Any, _state: Any) -> None:
        raise snapshot.SnapshotError("half")

    answer = asked.requests.answer
    answer("keep", ())
    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "put_back", fails)
        with pytest.raises(snapshot.SnapshotError):
            answer("restore", (asked.requests._keep("another"),))
    assert not answer("rest", ())


def test_a_cached_boot_is_read_once_for_as_long_as_its_bytes_are_the_same(
    asked: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"a": b"1"}
    parsed: list[bytes] = []

    def parse(path: str, identity: dict[str, str], data: bytes) -> Any:
        parsed.append(data)
        return SimpleNamespace(path=path, identity=identity, state=object(), extra=data)

    monkeypatch.setattr(snapshotfile, "read", files.__getitem__)
    monkeypatch.setattr(snapshotfile, "parse", parse)

    def load(**identity: str) -> object:
        number, extra = asked.requests.answer("load_snapshot", ("a", identity))
        assert extra == files["a"]
        return asked.requests._find(number)

    load()
    load()
    assert len(parsed) == 2, "nobody comes again to a machine that is not kept"
    asked.requests.answer("keep", ())
    assert load() is load()
    assert load(board="another") is not load()
    files["a"] = b"2"
    assert load() is load()
    assert parsed[-1] == b"2"
