"""What several entries and files say of one name becomes one entry, as in Renode."""

from collections.abc import Callable
from pathlib import Path

import pytest

from xipsim.engines.repl import Place, Platform, PlatformError, Range, Reference
from xipsim.engines.repl.resolve import ROOT, folders_of, resolve

Read = Callable[..., Platform]


@pytest.fixture
def platform(tmp_path: Path) -> Read:
    """Writes `main.repl` and other files given by name, and resolves it."""

    def read(main: str, **others: str) -> Platform:
        for name, text in {"main": main, **others}.items():
            (tmp_path / f"{name}.repl").write_text(text)
        return resolve(tmp_path / "main.repl")[0]

    return read


def names(platform: Platform) -> list[str]:
    return [entry.name for entry in platform.entries]


def test_a_later_entry_changes_what_it_names_and_nothing_else(platform: Read) -> None:
    x = platform(
        "x: T @ sysbus 1\n    a: 1\n    b: 2\n    c: 3\n    -> p@1\n    4 -> p@2\n"
        "x: @ sysbus 2\n    b: 20\n    c: none\n    4 -> p@9 | q@8\n"
    )["x"]
    assert [r.address for r in x.registrations] == [2]
    assert (x.get("a"), x.get("b"), x.get("c")) == (1, 20, None)
    assert [(w.source, w.destination, w.number) for w in x.interrupts] == [
        ("", "p", 1),
        (4, "p", 9),
        (4, "q", 8),
    ]


def test_wires_and_registrations_can_be_taken_away(platform: Read) -> None:
    x = platform("x: T @ sysbus 1\n    -> p@1\nx: @ none\n    -> none\n")["x"]
    assert (x.registrations, x.interrupts) == ((), ())


def test_init_replaces_and_init_add_appends(platform: Read) -> None:
    base = "x: T\n    init:\n        A\n    reset:\n        R\n"
    added = platform(base + "x:\n    init add:\n        B\n    reset:\n        S\n")["x"]
    assert [s.text for s in added.init] == ["A", "B"]
    assert [s.text for s in added.reset] == ["S"]


def test_a_file_overrides_what_it_uses(platform: Read) -> None:
    board = platform(
        'using "./soc.repl"\nx:\n    a: "main"\n',
        soc='using "./core.repl"\nx: T\n    a: "soc"\n    b: "soc"\n',
        core='x:\n    a: "core"\n    b: "core"\n    c: "core"\n',
    )
    assert [board["x"].get(name) for name in "abc"] == ["main", "soc", "core"]
    assert [Path(file).stem for file in board.files] == ["main", "soc", "core"]
    assert Path(board["x"].place.file).name == "soc.repl"


def test_a_type_may_come_after_what_changes_it(platform: Read) -> None:
    board = platform('using "./more.repl"\nx: T\n', more="x:\n    a: 1\n")
    assert (board["x"].type, board["x"].get("a")) == ("T", 1)


def test_a_prefix_renames_everything_but_the_bus(platform: Read) -> None:
    board = platform(
        'using "./part.repl" prefixed "left_"\nusing "./rest.repl"\nleft_x:\n    b: 2\n',
        part=(
            "x: T @ sysbus 1\n    a: y\n    -> y@1\n"
            "y: T @ x 0\nz: T @ sysbus new P { cpu: y }\n"
        ),
        rest="x: T @ sysbus 2\n",
    )
    left = board["left_x"]
    assert sorted(names(board)) == ["left_x", "left_y", "left_z", "x"]
    assert left.get("a") == Reference("left_y", Place(left.place.file, 2, 8))
    assert left.interrupts[0].destination == "left_y"
    assert (left.registrations[0].parent, left.get("b")) == ("sysbus", 2)
    assert board["left_y"].registrations[0].parent == "left_x"
    assert board["left_z"].registrations[0].cpu == "left_y"


def test_local_entries_belong_to_their_file(platform: Read) -> None:
    board = platform(
        'using "./one.repl"\nlocal x: T\n    a: 2\ny: T\n    of: x\n',
        one="local x: T\n    a: 1\nz: T\n    of: x\n",
    )
    assert len(names(board)) == 4
    for name, expected in (("z", 1), ("y", 2)):
        of = board[name].get("of")
        assert isinstance(of, Reference)
        assert board[of.name].get("a") == expected


def test_what_is_needed_comes_first(platform: Read) -> None:
    order = names(
        platform(
            "chip: T @ ctl 0\ncpu: T @ sysbus\n    nvic: nvic\n    Later: last\n"
            "nvic: T @ sysbus new P { cpu: cpu }\nctl: T @ sysbus 1\n    list: [first]\n"
            "first: T\nlast: T\n    of: cpu\n"
        )
    )
    before = [("ctl", "chip"), ("nvic", "cpu"), ("first", "ctl"), ("cpu", "last")]
    assert all(order.index(a) < order.index(b) for a, b in before)


def test_a_parent_that_needs_its_child_comes_after_it(platform: Read) -> None:
    assert names(platform("ctl: T\n    of: chip\nchip: T @ ctl 0\n")) == ["chip", "ctl"]


def test_the_bus_takes_commands_and_tags(platform: Read) -> None:
    board = platform(
        "sysbus:\n    init:\n"
        '        Tag <0x100, 0x1FF> "ONE"\n'
        '        Tag <0x200 0x10> "TWO" 0x5\n'
        '        Tag <0x300 16> THREE silent=true\n'
        '        Tag < 0x400 , 0x40F > "FOUR" defaultValue=0x0A020083 true # a comment\n'
        "        Other 1\n"
        '        Tag <0001280 016> "FIVE" 010 True\n'
    )
    assert [(t.range, t.name, t.value) for t in board.tags] == [
        (Range(0x100, 0x100), "ONE", 0),
        (Range(0x200, 0x10), "TWO", 5),
        (Range(0x300, 0x10), "THREE", 0),
        (Range(0x400, 0x10), "FOUR", 0x0A02_0083),
        (Range(1280, 16), "FIVE", 10),
    ]
    assert board.sysbus.init[4].text == "Other 1"
    assert board.tags[0].place[1:] == (3, 9)


@pytest.mark.parametrize(
    ("tag", "says"),
    [
        ('<0x100, +0x10> "A"', "Write `Tag <0x100 0x10>` for a start and a size."),
        ('<0x100,+16> "A" 5', "Write `Tag <0x100 16>` for a start and a size."),
        ('0x100 "A"', "a tag reads `Tag <first, last>"),
        ('<0x100 0x10 0x10> "A"', "a tag reads"),
        ('<x 0x10> "A"', "a tag reads"),
        ('<-1 0x10> "A"', "a tag reads"),
        ("<0x100 0x10>", "a tag reads"),
        ('<0x100 0x10> "A" five', "a tag reads"),
        ('<0x100, 0x10> "A"', "the tag 'A' ends before it begins"),
        ('<0x100 0> "A"', "the tag 'A' has no size"),
        ('<0x100 4> "A" 99999999999999999999', "longer than 64 bits"),
    ],
)
def test_tags_that_renode_would_refuse(tmp_path: Path, tag: str, says: str) -> None:
    """Ranges of the monitor's tokenizer: `<first, last>` and `<start size>`, hex or decimal."""
    (tmp_path / "main.repl").write_text(f"sysbus:\n    init:\n        Tag {tag}\n")
    with pytest.raises(PlatformError) as caught:
        resolve(tmp_path / "main.repl")
    assert "main.repl:3:9: " in str(caught.value) and says in str(caught.value)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"main": 'using "./no.repl"\n'}, "main.repl:1:7: there is no file './no.repl'"),
        ({"main": 'using "no.repl"\n'}, "/platforms/no.repl"),
        ({"main": 'using "/dev/null"\n'}, "Looked for /dev/null (no regular file)."),
        ({"main": 'using "/etc"\n'}, "Looked for /etc (a folder)."),
        ({"main": 'using "./a.repl"\n', "a": 'using "./main.repl"\n'}, "main.repl -> a.repl ->"),
        ({"main": 'using "./main.repl"\n'}, "main.repl -> main.repl"),
        ({"main": 'using "./a.repl"\nusing "./a.repl"\n', "a": "x: T"}, ":2:7: './a.repl' is used"),
        ({"main": 'using "./a.repl"\n', "a": "x: T @ <\n"}, "a.repl:1:8: '<' is unexpected"),
        ({"main": "x: T\n    a: y\ny: T\n    b: x\n"}, "need each other: x -> y -> x"),
        ({"main": "sysbus: T @ sysbus\n"}, "'sysbus' is already declared"),
        (
            {f"f{i}": f'using "./f{i + 1}.repl"\nusing "./g{i + 1}.repl"\n' for i in range(40)}
            | {f"g{i}": f'using "./f{i + 1}.repl"\nusing "./g{i + 1}.repl"\n' for i in range(40)}
            | {"f40": "", "g40": "", "main": 'using "./f0.repl"\n'},
            "more than 256 files, counted each time that one is used",
        ),
        ({"main": f"x: T\n    a: {'[' * 5000}1{']' * 5000}\n"}, "nested here goes too deep"),
        (
            {"main": "".join(f"e{i}: T\n    of: e{i + 1}\n" for i in range(3000)) + "e3000: T\n"},
            "too many entries name each other in a row",
        ),
        (
            {"main": "x: T\n" + "".join(f"    o{i} -> y@0 | z@0\n" for i in range(5))
                + "".join(f"    [{i}-{i + 4000}] -> y@[0-4000] | z@[0-4000]\n" for i in range(30))},
            "more than 100000 wires in this file",
        ),
        ({"main": "local x: T\nlocal x: T\n"}, "2:7: 'x' is already declared"),
        ({"main": "x: T\n    [0-99999999] -> y@[0-99999999]\n"}, "2:6: 0-99999999 are more than"),
        ({"main": f"x: T\n    a: {'9' * 5000}\n"}, ":2:8: this number is longer than 64 bits"),
        ({"main": f"x: T\n    a: 0x1{'0' * 16}\n"}, ":2:8: this number is longer than 64 bits"),
    ],
)
def test_mistakes(tmp_path: Path, files: dict[str, str], says: str) -> None:
    folder = tmp_path / "platforms"
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.repl").write_text(text)
    with pytest.raises(PlatformError) as caught:
        resolve(folder / "main.repl")
    assert says in str(caught.value)


def test_using_is_also_looked_for_from_the_root(tmp_path: Path) -> None:
    board = tmp_path / "platforms" / "boards" / "b.repl"
    soc = tmp_path / "platforms" / "soc" / "s.repl"
    for file, text in ((soc, "x: T\n"), (board, 'using "platforms/soc/s.repl"\n')):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    assert names(resolve(board)[0]) == ["x"]


def test_the_folders_in_which_files_are_looked_for_can_be_told_to_renode(tmp_path: Path) -> None:
    """Those of the user's own files, the nearest first; our own files need none."""
    lab = tmp_path / "lab" / "boards"
    (tmp_path / "lab" / "platforms").mkdir(parents=True)
    lab.mkdir()
    (lab / "part.repl").write_text("")
    (lab / "board.repl").write_text('using "platforms/boards/TEENSY41.repl"\nusing "part.repl"\n')
    found, _ = resolve(lab / "board.repl")
    assert folders_of(found.files) == [lab, tmp_path / "lab", ROOT]
    ours, _ = resolve(ROOT / "platforms" / "boards" / "TEENSY41.repl")
    assert folders_of(ours.files) == []


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match=r"cannot read .*no\.repl: No such file"):
        resolve(tmp_path / "no.repl")
    (tmp_path / "b.repl").write_bytes(b"x: T \xff\n")
    with pytest.raises(PlatformError, match="byte 5 is not UTF-8"):
        resolve(tmp_path / "b.repl")
