"""Commands of Renode's monitor that set a machine up, without making one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from xipsim.errors import UserError
from xipsim.robot.emulation import Emulation
from xipsim.robot.monitor import Monitor


class FakeMachine(SimpleNamespace):
    """Notes what it is asked."""

    now = 3_723_456_789_000

    def __init__(self) -> None:
        super().__init__(asked=[])

    def run_for(self, duration: int) -> None:
        self.asked.append(duration)

    def read_memory(self, address: int, length: int) -> bytes:
        return bytes(range(address, address + length))

    def write_memory(self, address: int, data: bytes) -> None:
        self.asked.append((address, data))

    def call(self, *words: Any) -> Any:
        if words[0] != "gpio2":
            raise UserError(f"no entry {words[0]}")
        self.asked.append(words)
        return 1

    def close(self) -> None:
        pass


class Bench:
    def __init__(self, folder: Path) -> None:
        self.emulation, self.notes = Emulation(), list[str]()
        self.folder = folder
        self.monitor = Monitor(self.emulation, lambda: [folder], self.notes.append)
        self.run = self.monitor.execute

    def with_machine(self) -> Any:
        machine: Any = FakeMachine()
        self.run("mach create")
        self.emulation.made = machine
        return machine


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.emulation.close()


def test_a_machine_is_described_step_by_step(bench: Bench, tmp_path: Path) -> None:
    image = tmp_path / "image.hex"
    image.touch()
    bench.run('mach create "board"')
    bench.run("machine LoadPlatformDescription @platforms/boards/TEENSY41.repl")
    bench.run('machine LoadPlatformDescriptionFromString "led2: Miscellaneous.LED @ gpio2 4"')
    bench.run("set bin @image.hex")
    bench.run("sysbus LoadHEX $bin")
    bench.run("emulation SetSeed 0x10")
    setup = bench.emulation.setup
    assert (setup.name, setup.platform) == ("board", "TEENSY41")
    assert setup.further == ["led2: Miscellaneous.LED @ gpio2 4"]
    assert setup.options == {"firmware": image, "seed": 16}


def test_a_script_with_variables_and_a_macro(bench: Bench, tmp_path: Path) -> None:
    """`?=` gives only what has no value; a macro's text runs when it is called."""
    (tmp_path / "run.resc").write_text(
        ':name: a comment\n# another\n$name?="given later"\n$board?="TEENSY40"\nmach create $name\n'
        'macro load\n"""\nmachine LoadPlatformDescription @platforms/boards/$board.repl\n"""\n'
        "runMacro $load\n"
    )
    bench.run('$board="TEENSY41"')
    bench.run("include @run.resc")
    assert bench.emulation.setup.name == "given later"
    assert bench.emulation.setup.platform == "TEENSY41"


@pytest.mark.parametrize("command", ["showAnalyzer sysbus.pc", "using sysbus", "logLevel -1 nor"])
def test_what_has_no_meaning_is_said(bench: Bench, command: str) -> None:
    assert bench.run(command) == ""
    assert "has no effect" in bench.notes[0]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("frobnicate 1", "'frobnicate 1' is no command that xipsim knows"),
        ("start", "there is no machine"),
        ("sysbus LoadHEX @x.hex", "there is no file x.hex"),
        ("sysbus LoadELF @https://example.org/x.elf", "nothing is downloaded"),
        ("emulation RunFor", "expected a time, given nothing"),
        ("mach create $x", r"the variable \$x has no value"),
        ("include @script.py", "there is no file"),
        ("cpu PC 0x60002000", "`cpu PC` takes nothing here, given '0x60002000'"),
        ("mach create one two", "expected a name, given one two"),
        ("mach clear one", "takes nothing here"),
        ("Clear now", "takes nothing here"),
        ("machine Reset cpu", "takes nothing here"),
        ("start @script.resc", "takes nothing here"),
        ("pause 5", "takes nothing here"),
        ("emulation GetTimeSourceInfo now", "takes nothing here"),
        ("emulation RunFor 1 2", "expected a time, given 1 2"),
        ("emulation SetSeed 1 2", "expected a seed, given 1 2"),
    ],
)
def test_mistakes(bench: Bench, command: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        bench.run(command)


def test_a_machine_without_a_platform(bench: Bench) -> None:
    bench.run("mach create")
    with pytest.raises(UserError, match="has no platform"):
        bench.run("start")


def test_a_second_machine(bench: Bench) -> None:
    bench.run('mach create "one"')
    with pytest.raises(UserError, match=r"a machine already \(one\).*`Reset Emulation`"):
        bench.run("mach create")
    bench.run("mach clear")
    bench.run("mach create")


@pytest.mark.parametrize(
    ("time", "ns"), [("0.5", 500_000_000), ('"00:01:02.25"', 62_250_000_000), ("1:0", 60 * 10**9)]
)
def test_times(bench: Bench, time: str, ns: int) -> None:
    machine = bench.with_machine()
    bench.run(f"emulation RunFor {time}")
    assert machine.asked == [ns]


def test_looking(bench: Bench) -> None:
    machine = bench.with_machine()
    assert bench.run("emulation GetTimeSourceInfo") == "Elapsed Virtual Time: 01:02:03.456789\n"
    assert bench.run("sysbus ReadDoubleWord 0x10") == "0x13121110\n"
    assert bench.run("sysbus ReadByte 16") == "0x10\n"
    bench.run("sysbus WriteWord 0x20 0x1234")
    assert bench.run("sysbus.gpio2 level 3") == "1\n"
    assert machine.asked == [(0x20, b"\x34\x12"), ("gpio2", "level", 3)]
    with pytest.raises(UserError, match="does not fit into 1 bytes"):
        bench.run("sysbus WriteByte 0 256")
    with pytest.raises(UserError, match="no command that xipsim knows"):
        bench.run("nothing level 3")


def test_a_loaded_platform_cannot_change_any_more(bench: Bench) -> None:
    bench.with_machine()
    with pytest.raises(UserError, match="has been made"):
        bench.run('machine LoadPlatformDescriptionFromString "x: y"')


def test_a_script_or_a_macro_that_runs_itself(bench: Bench) -> None:
    (bench.folder / "again.resc").write_text("include @again.resc\n")
    with pytest.raises(UserError, match="run each other 50 deep"):
        bench.run("include @again.resc")
    bench.run('macro again """\nrunMacro $again\n"""')
    with pytest.raises(UserError, match="run each other 50 deep"):
        bench.run("runMacro $again")
    assert bench.run("echo still here") == "still here"


def test_a_script_that_is_no_text(bench: Bench) -> None:
    (bench.folder / "odd.resc").write_bytes(b"start\n\xff\n")
    with pytest.raises(UserError, match=r"odd.resc is no text: byte 6"):
        bench.run("include @odd.resc")


@pytest.mark.parametrize("command", ['echo "half', 'mach create "board', 'sysbus LoadHEX "a b'])
def test_a_quotation_mark_that_is_not_closed(bench: Bench, command: str) -> None:
    """The words behind it would be arguments of their own."""
    with pytest.raises(UserError, match="a quotation mark is not closed"):
        bench.run(command)
