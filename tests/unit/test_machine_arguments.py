"""What Machine's arguments cannot be is the user's mistake, told by name before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xipsim import Machine, UserError
from xipsim.machine.arguments import check_arguments


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("board", 41),
        ("board", ["TEENSY41"]),
        ("board", b"TEENSY41"),
        ("firmware", 5),
        ("firmware", ["a.hex"]),
        ("flash", True),
        ("symbols", b"a.elf"),
        ("qemu", 5),
        ("rtc", 5),
        ("uid", 5),
        ("console", 3),
        ("engine", None),
        ("discard", "no"),
        ("stalls", "off"),
        ("stalls", 0),
        ("strict", None),
        ("boot_cache", 1),
        ("seed", "x"),
        ("seed", 1.5),
        ("seed", True),
        ("gdb", "3333"),
        ("gdb", True),
        ("put", 5),
        ("put", [5]),
        ("put", {"main.py": 5}),
        ("put", {5: "x"}),
        ("put", b"main.py"),
        ("models", 5),
        ("models", ["a.py", None]),
        ("wires", 5),
        ("wires", [("D0", "D1")]),
        ("wires", {"D0": "D1"}),
    ],
)
def test_a_wrong_type_is_told_by_name(name: str, value: Any) -> None:
    given: dict[str, Any] = {"board": "TEENSY41", "start": pytest.fail, name: value}
    with pytest.raises(UserError) as caught:
        Machine(**given)
    assert str(caught.value).startswith(f"{name}: expected ")
    assert str(caught.value).endswith(f", given {value!r}")


def test_every_argument_is_looked_at() -> None:
    names = Machine.__init__.__kwdefaults__.keys() | {"board"}
    for name in names - {"start"}:
        with pytest.raises(UserError, match=f"^{name}: "):
            check_arguments({name: object()})


def test_one_alone_and_several_are_both_right() -> None:
    given = {
        "board": Path("a.repl"),
        "firmware": None,
        "put": {"main.py": "x", "data": b"y"},
        "models": Path("a.py"),
        "wires": (wire for wire in ("D0:D1",)),
        "gdb": 3333,
    }
    check_arguments(given)
    check_arguments({"put": ["a", Path("b")], "models": ("a.py",), "wires": "D0:D1", "gdb": None})
