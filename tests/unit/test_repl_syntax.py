"""One file's grammar, as Renode's documentation and its own parser tests define it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from xipsim.engines.repl import (
    Dictionary,
    Entry,
    Enum,
    New,
    Place,
    PlatformError,
    Range,
    Reference,
)
from xipsim.engines.repl.prelexer import prelex
from xipsim.engines.repl.resolve import resolve

Read = Callable[[str], Entry]
Mistake = Callable[[str], tuple[int, int, str]]


@pytest.fixture
def entry(tmp_path: Path) -> Read:
    """Reads a file whose last entry is `x`, and answers that entry."""

    def read(text: str) -> Entry:
        file = tmp_path / "board.repl"
        file.write_text(text)
        return resolve(file)[0]["x"]

    return read


@pytest.fixture
def mistake(tmp_path: Path) -> Mistake:
    """Reads a file with one mistake, and answers its line, column and the whole message."""

    def read(text: str) -> tuple[int, int, str]:
        file = tmp_path / "board.repl"
        file.write_text(text)
        with pytest.raises(PlatformError) as caught:
            resolve(file)
        place = caught.value.problems[0].place
        return place.line, place.column, str(caught.value)

    return read


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("first\nsecond\n    a\n    b\nthird", "first;\nsecond{\n    a;\n    b};\nthird"),
        ("a\n    b\n        c", "a{\n    b{\n        c}}"),
        ("a\n\n    b\n\nc\n", "a{\n\n    b};\n\nc\n"),
        ("a {\n  b;\nc }\nd", "a {\n  b;\nc };\nd"),
        ("a {\n  b }\n    c", "a {\n  b }{\n    c}"),
        ("a // {\nb", "a     ;\nb"),
        ("a /* { */ b", "a         b"),
        ('a "// {" b\nc', 'a "// {" b;\nc'),
        ("a '''x\n  { y''' \nb", "a '''x\n  { y''' ;\nb"),
        ("a\r\nb", "a;\nb"),
        ("", ""),
    ],
)
def test_indentation_becomes_braces_and_nothing_moves(source: str, expected: str) -> None:
    assert prelex(source, "f") == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1_000", 1000),
        ("0xFFFF_0000", 0xFFFF0000),
        ("-5", -5),
        ("- 0x10", -16),
        ("010", 10),
        ("-3.25", -3.25),
        ("true", True),
        ("False", False),
        ("empty", None),
        (r'"a \"b\" \\ c; // d"', r'a "b" \ c; // d'),
        (r"'''one 'two' \''' three'''", "one 'two' ''' three"),
        ("'''one\n// two'''", "one\n// two"),
        ("<0x100, 0x300>", Range(0x100, 0x200)),
        ("<0x100, +0x300>", Range(0x100, 0x300)),
        ("Kind.Deep.Value", Enum("Kind.Deep", "Value")),
        (".Value", Enum("", "Value")),
        ("[1, 2,]", (1, 2)),
        ('[[1], "a", <0, +1>, empty]', ((1,), "a", Range(0, 1), None)),
        ('{"a": 1; 2: true}', Dictionary((("a", 1), (2, True)))),
        ("{}", Dictionary(())),
        ("[]", ()),
    ],
)
def test_values(entry: Read, text: str, value: object) -> None:
    found = entry(f"x: T\n    a: {text}\n    b: 1\n")
    assert (found.get("a"), found.get("b")) == (value, 1)
    assert type(found.get("a")) is type(value)


def test_references_and_nested_objects(entry: Read) -> None:
    x = entry(
        "x: T\n    a: other\n    b: new P { q: other; r: new Q }\n    c: new P\n        q: 1\n"
    )
    assert x.get("a") == Reference("other", Place(x.place.file, 2, 8))
    nested = x.get("b")
    assert isinstance(nested, New) and nested.type == "P"
    assert nested.get("q") == Reference("other", Place(x.place.file, 3, 19))
    indented = x.get("c")
    assert isinstance(indented, New) and indented.get("q") == 1


def test_every_node_knows_its_place(entry: Read) -> None:
    x = entry('// a board\n\nx: Some.T @ sysbus 0x10\n    part: "W25"\n    IRQ -> x@3\n')
    attribute, wire = x.attributes[0], x.interrupts[0]
    assert x.place[1:] == (3, 1)
    assert x.type_place[1:] == (3, 4)
    assert x.registrations[0].place[1:] == (3, 13)
    assert attribute.place[1:] == (4, 5)
    assert attribute.value_place[1:] == (4, 11)
    assert (wire.place[1:], wire.destination_place[1:]) == ((5, 5), (5, 12))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-> nvic@108", [("", "nvic", 108)]),
        ("0 -> nvic@1", [(0, "nvic", 1)]),
        ("IRQ -> nvic @ 0x3", [("IRQ", "nvic", 3)]),
        ("[0-2] -> nvic@[4-6]", [(0, "nvic", 4), (1, "nvic", 5), (2, "nvic", 6)]),
        ("0-1 -> nvic@5-4", [(0, "nvic", 5), (1, "nvic", 4)]),
        ("[0, IRQ] -> a@[7, 9]", [(0, "a", 7), ("IRQ", "a", 9)]),
        ("-> a@1 | b@2", [("", "a", 1), ("", "b", 2)]),
        ("[0-1] -> a@[1, 2] | b@[3, 4]", [(0, "a", 1), (0, "b", 3), (1, "a", 2), (1, "b", 4)]),
        ("-> none", []),
        ("IRQ -> none", []),
    ],
)
def test_wires(entry: Read, text: str, expected: list[object]) -> None:
    wires = entry(f"x: T\n    {text}\n").interrupts
    assert [(w.source, w.destination, w.number) for w in wires] == expected


def test_a_wire_to_a_group_of_inputs(entry: Read) -> None:
    assert [(w.destination, w.local, w.number) for w in entry("x: T { -> a#2@3 }").interrupts] == [
        ("a", 2, 3)
    ]


def test_registrations(entry: Read) -> None:
    x = entry(
        "x: T @ {\n"
        "        sysbus 0x100;\n"
        "        sysbus <0x200, +0x10>; // a range\n"
        '        sysbus new Bus.BusMultiRegistration { address: 3; size: 4; region: "w" };\n'
        "        sysbus new Bus.BusPointRegistration { address: 5; cpu: hp };\n"
        "        ctl 2\n"
        '    } as "alias"\n'
        "    a: 1\n"
    )
    bus = [(r.address, r.size, r.region, r.cpu) for r in x.registrations[:4]]
    assert bus == [
        (0x100, None, "", ""),
        (0x200, 0x10, "", ""),
        (3, 4, "w", ""),
        (5, None, "", "hp"),
    ]
    assert (x.registrations[4].parent, x.registrations[4].number) == ("ctl", 2)
    assert (x.alias, x.get("a")) == ("alias", 1)


def test_sections_keep_their_commands_as_text(entry: Read) -> None:
    x = entry(
        "x: T\n"
        "    init:\n"
        '        Write 0x10 "a; {b}" // c\n'
        "        Second [0]\n"
        "    reset: { Third; Fourth }\n"
        "    preinit add:\n"
        "        include @file.cs\n"
    )
    assert [s.text for s in x.init] == ['Write 0x10 "a; {b}"', "Second [0]"]
    assert x.init[1].place[1:] == (4, 9)
    assert [s.text for s in x.reset] == ["Third", "Fourth"]
    assert [s.text for s in x.preinit] == ["include @file.cs"]


def test_names_may_begin_like_keywords(entry: Read) -> None:
    x = entry("x: newT\n    initial: 1\n    trueish: nonesuch\n    usings: asb\n    add: localb\n")
    assert [a.name for a in x.attributes] == ["initial", "trueish", "usings", "add"]


def test_renodes_default_namespace_may_be_written(entry: Read) -> None:
    assert entry("x: Antmicro.Renode.Peripherals.UART.A").type == "UART.A"


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("x: T\n   a: 1\n", (2, 4), "indented by 3 spaces"),
        ("x: T\n\ta: 1\n", (2, 1), "a tab"),
        ("    x: T\n", (1, 5), "unexpected indentation"),
        ("x: T\n        a: 1\n", (2, 9), "unexpected indentation"),
        ('x: T\n    a: "b\n', (2, 8), "this string is not closed"),
        ("x: T\n    a: '''b\n", (2, 8), "''' text is never closed"),
        ("x: T /* y\n", (1, 6), "this comment is never closed"),
        ("x: T\n    /* a */ b: 1\n", (2, 5), "hides the indentation"),
        ("x: T\n    a 1\n", (2, 7), "'1' is unexpected; expected '->' or ':'"),
        ("x: T\n    a: \n    b: 1\n", (2, 7), "the line ends here; expected a value"),
        ("x T\n", (1, 3), "'T' is unexpected; expected ':'"),
        ("x: T @ sysbus <1 2>\n", (1, 18), "expected ','"),
        ("x: T\n    a = 1\n", (2, 7), "Attributes are written `name: value`."),
        ("x: T {// y\n}", (1, 7), "A // comment needs a space before it."),
        ("x: T { a: 1\n", (1, 12), "the line ends here; expected the end of the line or '}'"),
        ("x: T\n    new: 1\n", (2, 5), "'new' is unexpected"),
        ("using board\n", (1, 7), "expected a string in double quotes"),
        ("x: T\n    a: 5\n        b: 1\n", (2, 9), "an indented line follows"),
        ('x: T\n    a: "b\\n"\n', (2, 10), r"\n means nothing in a string"),
        ("x: T\n    a: <5, 2>\n", (2, 8), "ends before it begins; write <0x5, +0x2>"),
        ("x: T\n    [0-2] -> nvic@[1-2]\n", (2, 14), "3 sources, but 2 inputs"),
        ("x: T\n    a: new P { -> b@1 }\n", (2, 12), "only attributes can stand in"),
        ("x: T\n    a: 1\n    a: 2\n", (3, 5), "`a` stands twice"),
        ("x: T\n    -> b@1\n    -> b@2\n", (3, 5), "`->` stands twice"),
        ("x: T\n    init: { A }\n    init add: { B }\n", (3, 5), "`init:` stands twice"),
        ("x: T\ny:\n", (2, 1), "'y' says nothing"),
        ('x: T as "y"\n', (1, 1), "an alias needs a registration"),
        ("x: T\nx: T\n", (2, 1), "'x' is already declared in"),
    ],
)
def test_mistakes_are_told_with_place_and_words(
    mistake: Mistake, text: str, place: tuple[int, int], says: str
) -> None:
    line, column, message = mistake(text)
    assert says in message
    assert (line, column) == place


def test_a_message_shows_the_line_with_a_caret(mistake: Mistake, tmp_path: Path) -> None:
    _, _, message = mistake("// x\nx: T @@ sysbus\n")
    assert message == (
        f"{tmp_path}/board.repl:2:7: '@' is unexpected; expected a name or '{{'\n"
        "    x: T @@ sysbus\n"
        "          ^"
    )
