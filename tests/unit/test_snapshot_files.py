"""Snapshot files: what they take, what they refuse, and that reading one runs nothing."""

from __future__ import annotations

import builtins
import pickle
import subprocess
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from xipsim.engines import unpickle
from xipsim.engines.api import SnapshotError
from xipsim.engines.guest import snapshot, snapshotfile
from xipsim.engines.guest.dormant import Dormant
from xipsim.peripherals.core import Diagnostic, Model, ResetCause
from xipsim.peripherals.nor.operation import Counters, Operation
from xipsim.session.run_log import Reset

IDENTITY = {"version of xipsim": "1", "board": "abc"}


class Evil:
    """Pickles as a call of whatever it is given."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, None, True, (b"x", "y")], 3: {4, 5}, "f": frozenset({6})},
        bytearray(b"cells"),
        Counter("aab"),
        deque([1, 2], maxlen=5),
        OrderedDict(a=1),
        defaultdict(set, a={1}),
        datetime(2024, 2, 29, tzinfo=UTC),
        Decimal("1.10"),
        Fraction(1, 3),
        ResetCause.WATCHDOG,
        Diagnostic(time=1, source="nor", rule="r", message="m"),
        Operation(kind="erase", name="sector erase", start=1, end=2),
        Counters(),
        Reset(time=1, cause="watchdog"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_that_models_hold_come_back(value: Any) -> None:
    again = unpickle.loads(pickle.dumps(value))
    assert again == value
    assert type(again) is type(value)


def test_a_generator_of_random_numbers_goes_on_where_it_was() -> None:
    generator = Random(1)
    generator.random()
    again = unpickle.loads(pickle.dumps(generator))
    assert again.random() == generator.random()


@pytest.mark.parametrize(
    "evil",
    [
        Evil(builtins.eval, "1"),
        Evil(builtins.getattr, int, "from_bytes"),
        Evil(subprocess.Popen, ["true"]),
        Evil(Path, "/"),
        Evil(unpickle.loads, b""),
        unpickle.loads,
        Path,
        print,
    ],
    ids=["eval", "getattr", "Popen", "call of Path", "call of loads", "loads", "Path", "print"],
)
def test_anything_else_is_refused(evil: Any) -> None:
    with pytest.raises(unpickle.Refused, match="no plain data"):
        unpickle.loads(pickle.dumps({"state": evil}))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("xipsim.engines.link.process", "subprocess.Popen"),
        ("xipsim.peripherals.core.record", "pickle.loads"),
        ("xipsim.peripherals.nor.chip", "Any"),
        ("xipsim.session.run_log", "NamedTuple"),
        ("xipsim.peripherals.core.model", "Model.save"),
        ("collections", "_sys.exit"),
        ("collections", "abc.Iterable"),
    ],
)
def test_names_do_not_lead_on_through_our_modules(module: str, name: str) -> None:
    """As protocol 4 writes them: STACK_GLOBAL of two strings."""
    texts = b"".join(b"\x8c" + bytes([len(t)]) + t.encode() for t in (module, name))
    with pytest.raises(unpickle.Refused, match="no plain data"):
        unpickle.loads(b"\x80\x04" + texts + b"\x93.")


def test_nothing_is_imported_for_a_pickle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in the working directory would be: what it names has to be there already."""
    mark = tmp_path / "mark"
    (tmp_path / "xipsim_user_evil.py").write_text(f"open({str(mark)!r}, 'w')\nclass A: pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    text = b"\x80\x04\x8c\x10xipsim_user_evil\x8c\x01A\x93."
    with pytest.raises(unpickle.Refused, match=r"xipsim_user_evil\.A, which is no plain data"):
        unpickle.loads(text)
    assert not mark.exists()


@pytest.mark.parametrize(
    "evil",
    [
        Evil(bytearray, 1 << 40),
        Evil(frozenset, range(1 << 40)),
        Evil(deque, range(1 << 40)),
        Evil(Fraction, "1e1000000000"),
        [Evil(set, HUGE := list(range(100_000))) for _ in range(50)],
    ],
    ids=["bytearray", "frozenset", "deque", "Fraction", "again and again"],
)
def test_a_few_bytes_cannot_ask_for_gigabytes(evil: Any) -> None:
    with pytest.raises(unpickle.Refused, match="it asks for"):
        unpickle.loads(pickle.dumps(evil))


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x05K\x01r\x00\x00\x00\x08.",
        b"\x80\x05\x96\x00\x00\x00\x00\x08\x00\x00\x00abc.",
        b"\x80\x05\x8e\x00\x00\x00\x00\x08\x00\x00\x00abc.",
        b"\x80\x05\x8b\x00\x00\x00\x7fabc.",
        b"\x80\x05K\x01.K",
        b"\x80\x05K\x01",
        b"\x80\x05I1\n.",
        b"",
    ],
    ids=["memo", "bytearray", "bytes", "long", "more", "less", "protocol 0", "nothing"],
)
def test_what_no_pickler_writes_is_refused_before_it_is_read(data: bytes) -> None:
    """LONG_BINPUT 134217728 alone would take a gigabyte for pointers."""
    with pytest.raises(unpickle.Refused, match=r"it has the opcode|it is cut short"):
        unpickle.loads(data)


@pytest.mark.parametrize("protocol", [4, 5])
def test_every_opcode_that_picklers_write_is_known(protocol: int) -> None:
    values = (
        [None, True, False, 0, 255, 65535, -1, 1 << 31, 1 << 100, -(1 << 3000), 1.5, "é" * 300],
        [b"", b"x" * 300, b"x" * 70000, "x" * 70000, bytearray(b"x" * 300), (), (1,), (1, 2)],
        [(1, 2, 3), (1, 2, 3, 4), [], [1], [[1, 2]] * 300, {}, {1: 2}, {1: 2, 3: 4}, set(), {1}],
        [frozenset({1}), list(range(3000)), [str(i) for i in range(3000)], Counters()],
    )
    again = unpickle.loads(pickle.dumps(values, protocol=protocol))
    assert again == values


def test_members_of_enumerations_as_python_3_11_2_writes_them() -> None:
    """Debian 12's Python pickles a member as a call of getattr; that alone is allowed."""
    written = pickle.dumps(Evil(builtins.getattr, ResetCause, "PIN"))
    assert unpickle.loads(written) is ResetCause.PIN


def test_classes_of_models_are_allowed() -> None:
    assert unpickle.loads(pickle.dumps(Model)) is Model


def test_a_file_gives_back_what_was_saved(tmp_path: Path) -> None:
    file = tmp_path / "snapshot"
    dormant = Dormant({"lpuart1": ["IRQ"]}, {"lpuart1": 0x1000}, ["xipsim.peripherals.misc"], {})
    contents = IDENTITY, {"models": {"nor": {1, 2}}}, b"extra", dormant
    snapshotfile.save(file, *contents)
    assert snapshotfile.load(file, IDENTITY) == (file, *contents)
    assert [path.name for path in tmp_path.iterdir()] == ["snapshot"]


@pytest.mark.parametrize("what", IDENTITY)
def test_a_file_of_another_machine_is_refused(tmp_path: Path, what: str) -> None:
    """It says in what the machines differ."""
    file = tmp_path / "snapshot"
    snapshotfile.save(file, IDENTITY, {}, b"")
    with pytest.raises(SnapshotError, match=f"snapshot was taken with another {what}"):
        snapshotfile.load(file, IDENTITY | {what: "other"})


def test_every_byte_counts(tmp_path: Path) -> None:
    """Cut at any place, or with any byte changed, the file is refused; never misread."""
    file = tmp_path / "snapshot"
    snapshotfile.save(file, IDENTITY, {"a": list(range(20))}, b"extra")
    data = file.read_bytes()
    for at in range(len(data)):
        for damaged in (data[:at], data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]):
            file.write_bytes(damaged)
            with pytest.raises(SnapshotError, match=r"not a snapshot|cut short or damaged"):
                snapshotfile.load(file, IDENTITY)


def test_a_well_formed_file_that_names_something_else_is_refused(tmp_path: Path) -> None:
    """The checksum is no signature: anybody can make one."""
    file, mark = tmp_path / "snapshot", tmp_path / "mark"
    snapshotfile.save(file, IDENTITY, {}, b"")
    data = file.read_bytes()
    start = len(snapshotfile.MAGIC) + snapshotfile.CHECK
    head = int.from_bytes(data[start : start + 4], "little")
    evil = pickle.dumps(Evil(subprocess.check_call, ["touch", str(mark)]))
    rest = data[start : start + 4 + head] + evil
    file.write_bytes(snapshotfile.MAGIC + snapshotfile._check(rest) + rest)
    with pytest.raises(SnapshotError, match=r"cannot be used: it names subprocess\.check_call"):
        snapshotfile.load(file, IDENTITY)
    assert not mark.exists()


@pytest.mark.parametrize(
    "dormant",
    [
        (),
        5,
        "a text",
        ({}, {}, []),
        ({}, {}, [], {}, {}),
        ([], {}, [], {}),
        ({}, [], [], {}),
        ({}, {}, "models", {}),
        ({}, {}, [], None),
        ({"lpuart1": 1}, {}, [], {}),
        ({}, {"lpuart1": "0x1000"}, [], {}),
    ],
    ids=repr,
)
def test_dormant_models_that_are_none_are_refused(tmp_path: Path, dormant: Any) -> None:
    """Whoever wrote the file; never an exception of another kind."""
    file = tmp_path / "snapshot"
    snapshotfile.save(file, IDENTITY, {}, b"")
    data = file.read_bytes()
    start = len(snapshotfile.MAGIC) + snapshotfile.CHECK
    head = int.from_bytes(data[start : start + 4], "little")
    rest = data[start : start + 4 + head] + pickle.dumps(({}, b"", dormant))
    file.write_bytes(snapshotfile.MAGIC + snapshotfile._check(rest) + rest)
    with pytest.raises(SnapshotError, match="snapshot cannot be used: what it says of models"):
        snapshotfile.load(file, IDENTITY)


@pytest.mark.parametrize("state", [lambda: 0, Path("/"), open], ids=["lambda", "Path", "open"])
def test_state_that_could_not_be_read_back_is_not_written(tmp_path: Path, state: Any) -> None:
    file = tmp_path / "snapshot"
    with pytest.raises(SnapshotError, match="a model's state cannot be kept in a file"):
        snapshotfile.save(file, IDENTITY, {"state": state}, b"")
    assert not file.exists()


@pytest.mark.parametrize("state", [{}, {"memories": {"ram": 5}}, {"memories": 5}])
def test_a_state_of_no_such_machine_is_told(state: dict[str, Any]) -> None:
    """A file can be whole and say anything."""
    ram = SimpleNamespace(load=lambda pages: pages[0])
    guest: Any = SimpleNamespace(
        clock=SimpleNamespace(cancel_stall=lambda: None),
        backend=SimpleNamespace(begin_memories=lambda: None),
        board=SimpleNamespace(memories={"ram": ram}),
    )
    with pytest.raises(SnapshotError, match="this snapshot does not fit the machine"):
        snapshot.put_back(guest, state)


def test_a_place_that_cannot_be_written_or_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "snapshot"
    with pytest.raises(SnapshotError, match="file/snapshot: cannot be written: "):
        snapshotfile.save(place, IDENTITY, {}, b"")
    with pytest.raises(SnapshotError, match="file/snapshot: cannot be read: Not a directory"):
        snapshotfile.load(place, IDENTITY)
    with pytest.raises(SnapshotError, match="/dev/zero: cannot be read: it is no regular file"):
        snapshotfile.load("/dev/zero", IDENTITY)
