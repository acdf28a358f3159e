"""What Renode is given: the C# classes of models, the script; and what it tells of its machine."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from xipsim import platforms
from xipsim.engines.renode import generate, output
from xipsim.engines.renode.calls import GUEST, HOST
from xipsim.engines.renode.description import names_of, platform_of
from xipsim.engines.repl.cache import load
from xipsim.engines.usermodels import load_models
from xipsim.peripherals import FAMILIES
from xipsim.peripherals.core import (
    Console,
    Output,
    Outputs,
    Parameter,
    Peripheral,
    Region,
    System,
)
from xipsim.peripherals.nor.chip import Chip
from xipsim.peripherals.pads import Pads

BRIDGE = Path(generate.__file__).with_name("bridge")
SETTINGS = generate.Settings('/usr/lib/lib"python".so', "/usr", ["/a", "/b c"], ["/m.py"])


@pytest.fixture(scope="module")
def file() -> str:
    return generate.generate(load_models(FAMILIES), SETTINGS)


def class_of(name: str, file: str) -> str:
    """The text of a class, by its name in `.repl` files."""
    family, kind = name.split(".")
    space = file.split(f"namespace Antmicro.Renode.Peripherals.{family}\n")[1]
    return re.split(r"\n    }\n", space.split(f"    public class {kind} : ")[1])[0]


class Everything(Peripheral, Console):
    """All kinds of declarations; names that are words of C#."""

    TYPE = "GeneratorTest.Everything"
    SIZE = 0x80
    ref = Parameter(int, "a word of C#, and required")
    fixed = Parameter(float, "", default=1.5)
    base = Parameter(bool, "", default=False)
    choice = Parameter(str, "", default="a", choices=("a", "b"))
    chip = Parameter(Chip, "", default=None)
    port = Parameter(Pads, "a role", default=None)  # type: ignore[type-abstract]
    IRQ = Output("")
    pins = Outputs(3, "")
    big_window = Region("")


def test_a_class_has_what_its_model_declares() -> None:
    text = generate.model_class(Everything)
    assert "public class Everything : Xipsim.BusModel, INumberedGPIOOutput, IUART\n" in text
    assert (
        "public Everything(IMachine machine, long @ref, double? @fixed = null, bool? @base = null, "
        "string @choice = null, Antmicro.Renode.Peripherals.Nor.Chip @chip = null, "
        "Antmicro.Renode.Peripherals.Xipsim.Model @port = null) : base(" in text
    ), "what must be given comes first; a name may be a word of C#"
    assert '"GeneratorTest.Everything", 0x80, ("ref", @ref), ("fixed", @fixed)' in text
    assert "public GPIO IRQ { get; }" in text
    assert text.index("IRQ = Line();") < text.index("Connections = Pins(3);"), "as in Model.lines"
    assert text.count('[ConnectionRegion("big_window")]') == 6, "three widths, both directions"
    assert "ReadDoubleWordFromBigWindow(long offset) => (uint)Read(1, offset, 4);" in text


def test_every_model_but_those_that_renode_has_has_a_class(file: str) -> None:
    registry = load_models(FAMILIES)
    ours = [n for n in registry if n.split(".")[0] in ("Imxrt", "Alif", "Nor", "Usb")]
    assert len(ours) > 50
    for name in ours:
        assert f'"{name}"' in class_of(name, file)
    assert "namespace Antmicro.Renode.Peripherals.Miscellaneous\n" not in file


def test_what_a_class_is_follows_from_the_roles_of_its_model(file: str) -> None:
    assert class_of("Nor.Chip", file).startswith("Xipsim.Model, IGPIOReceiver\n")
    assert class_of("Usb.Terminal", file).startswith("Xipsim.Model, IUART\n")
    place = "IRegisterablePeripheral<IPeripheral, NumberRegistrationPoint<int>>"
    assert class_of("Imxrt.FlexSpi", file).startswith(f"Xipsim.BusModel, {place}\n")
    assert "Antmicro.Renode.Peripherals.Imxrt.Src @src)" in class_of("Imxrt.RtWdog", file)


def test_every_using_stands_before_the_first_namespace(file: str) -> None:
    before, _, after = file.partition("\nnamespace ")
    assert "using System;" in before
    assert not re.search(r"^using .*;$", after, re.MULTILINE)


def test_the_file_knows_this_computer(file: str) -> None:
    assert 'Library = @"/usr/lib/lib""python"".so";' in file
    assert 'Path = { @"/a", @"/b c" };' in file
    assert 'Models = { @"/m.py" };' in file


def test_both_sides_have_the_same_functions_in_the_same_order() -> None:
    text = (BRIDGE / "Calls.cs").read_text(encoding="utf-8")
    for struct, table in (("Guest", GUEST), ("Host", HOST)):
        body = text.split(f"private struct {struct}")[1].split("}")[0]
        names = re.findall(r"> (\w+);", body)
        assert [re.sub(r"(?<!^)(?=[A-Z])", "_", n).lower() for n in names] == list(table)


def test_both_sides_agree_on_the_number_of_arguments() -> None:
    text = (BRIDGE / "Calls.cs").read_text(encoding="utf-8")
    for struct, table in (("Guest", GUEST), ("Host", HOST)):
        body = text.split(f"private struct {struct}")[1].split("}")[0]
        counts = [len(t.split(",")) - 1 for t in re.findall(r"unmanaged<(.*)> \w+;", body)]
        assert counts == [len(kind._argtypes_) for kind in table.values()]  # type: ignore[attr-defined]


def test_a_model_has_no_more_ranges_than_the_bridge_has_ports(file: str) -> None:
    ports = int(re.search(r"MostPorts = (\d+);", file)[1])  # type: ignore[index]
    registry = load_models(FAMILIES)
    assert max(len(registry[name].declared(Region)) for name in registry) < ports


def test_the_machine_comes_back_as_a_platform() -> None:
    facts = json.loads(
        """{"cpu": "cortex-m7",
        "models": [
          {"name": "spi", "type": "Imxrt.FlexSpi", "parameters": {}, "registers": [1073741824],
           "regions": [["window", 1610612736, 268435456]], "slots": [], "inputs": []},
          {"name": "nor", "type": "Nor.Chip", "parameters": {"part": "W25Q64JV", "qe": 1},
           "registers": [], "regions": [], "slots": [[0, 2]], "inputs": []},
          {"name": "rom", "type": "Imxrt.BootRom", "parameters": {"flexspi": {"model": 0}},
           "registers": [2097152], "regions": [], "slots": [], "inputs": []}],
        "memories": [{"name": "ram", "size": 4096, "at": [0, 536870912]}],
        "tags": [{"name": "DMA", "start": 1074692096, "size": 16384, "value": 7}]}"""
    )
    platform = platform_of(facts)
    assert platform["cpu"].get("cpuType") == "cortex-m7"
    assert [r.address for r in platform["ram"].registrations] == [0, 0x2000_0000]
    window = platform["spi"].registrations[1]
    assert (window.address, window.size, window.region) == (0x6000_0000, 0x1000_0000, "window")
    place = platform["nor"].registrations[0]
    assert (place.parent, place.number) == ("spi", 2)
    assert getattr(platform["rom"].get("flexspi"), "name", "") == "spi"
    tag = platform.tags[0]
    assert (tag.name, tag.range.start, tag.range.size, tag.value) == ("DMA", 0x400E_8000, 16384, 7)


def test_models_that_are_registered_nowhere_have_names_of_their_own() -> None:
    """Renode has none for them, and without a name one would be taken for the core's inputs."""
    wire: dict[str, Any] = {"name": "", "type": "Wiring.Wire", "parameters": {}, "registers": []}
    wire |= {"regions": [], "slots": [], "inputs": []}
    facts = {"cpu": "cortex-m7", "models": [wire, wire], "memories": [], "tags": []}
    names = [entry.name for entry in platform_of(facts).entries]
    assert names == ["cpu", "nvic", *names_of(facts)]
    assert "" not in names
    assert len(set(names)) == len(names)


def test_no_entry_of_ours_is_called_like_a_command_of_the_monitor() -> None:
    """Renode's monitor would take it for the command."""
    commands = {"start", "pause", "quit", "help", "log", "using", "include", "machine", "xipsim"}
    for board in platforms.boards():
        assert not commands & {entry.name for entry in load(platforms.find(board)).entries}


def test_the_folder_names_its_own_files(tmp_path: Path) -> None:
    script = output.write(
        tmp_path / "out",
        "TEENSY41",
        platforms.find("TEENSY41"),
        contents={"nor": b"FCFB" + b"\xff" * 100},
        consoles=["sysbus.usb1.pc"],
    )
    assert script == tmp_path / "out" / "TEENSY41.resc"
    text = script.read_text(encoding="utf-8")
    assert "include $ORIGIN/xipsim.cs\n" in text
    board = output.monitor_path(platforms.find("TEENSY41").resolve())
    assert f"LoadPlatformDescription @{board}\n" in text
    assert "xipsim nor $ORIGIN/nor.bin\n" in text
    assert "showAnalyzer sysbus.usb1.pc\n" in text
    assert (script.parent / "nor.bin").read_bytes() == b"FCFB", "what is erased need not be kept"
    assert "class FlexSpi" in (script.parent / "xipsim.cs").read_text(encoding="utf-8")


def test_a_path_that_the_monitor_cannot_take_is_refused(tmp_path: Path) -> None:
    from xipsim.engines.api import EngineError

    for name in ("a\tb", "a;b"):
        with pytest.raises(EngineError, match=rf"{name}.*use"):
            output.write(tmp_path / name, "T", platforms.find("TEENSY41"), contents={}, consoles=[])


def test_a_platform_may_lie_behind_blanks(tmp_path: Path) -> None:
    """Renode's monitor wants them with a backslash."""
    board = tmp_path / "my boards" / "lab.repl"
    board.parent.mkdir()
    board.write_text(platforms.find("TEENSY41").read_text(encoding="utf-8"), encoding="utf-8")
    script = output.write(tmp_path / "out", "T", board, contents={}, consoles=[])
    assert r"/my\ boards/lab.repl" in script.read_text(encoding="utf-8")


def test_folders_are_named_to_renode_so_that_the_first_comes_first(tmp_path: Path) -> None:
    """Each is put before those that were named already; the platform is read after that."""
    lab = tmp_path / "my lab"
    board = platforms.find("TEENSY41")
    script = output.write(
        tmp_path / "out", "T", board, folders=[lab, tmp_path], contents={}, consoles=[]
    )
    lines = script.read_text(encoding="utf-8").splitlines()
    first, second = (lines.index(f"path add @{output.monitor_path(f)}") for f in (lab, tmp_path))
    (read,) = (n for n, line in enumerate(lines) if "LoadPlatformDescription" in line)
    assert second < first < read


def test_the_command_is_one_for_a_shell_and_for_renode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which knows a blank only behind a backslash, and only in a path that is whole."""
    from xipsim.engines.renode.output import command

    monkeypatch.chdir(tmp_path)  # the checkout's own path may have blanks
    blank, plain = tmp_path / "my boards/T.resc", Path("out/T.resc")
    assert command(blank) == rf"renode '{tmp_path}/my\ boards/T.resc'"
    assert command(plain) == "renode out/T.resc"


def test_what_was_made_by_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    """Nor is anything written beside it; what was made here is, again and again."""
    from xipsim.engines.api import EngineError

    def write(folder: Path) -> None:
        contents = {"nor": b"FCFB"}
        output.write(folder, "T", platforms.find("TEENSY41"), contents=contents, consoles=[])

    write(tmp_path / "ours")
    write(tmp_path / "ours")
    for name in ("xipsim.cs", "T.resc", "nor.bin"):
        other = tmp_path / name.replace(".", "-") / name
        other.parent.mkdir()
        other.write_bytes(b"precious")
        with pytest.raises(EngineError, match=rf"{other} is there, and was not made by"):
            write(other.parent)
        assert [file.read_bytes() for file in other.parent.iterdir()] == [b"precious"]
    (tmp_path / "ours/T.resc").write_text("mine")
    with pytest.raises(EngineError, match=r"T\.resc is there, and was not made"):
        write(tmp_path / "ours")


def test_system_is_what_models_get() -> None:
    """The test's own model is a model like any other."""
    from xipsim.peripherals.core.testing import Bench

    system: System = Bench().system
    assert Everything(system, ref=1).lines.keys() == {"IRQ", "0", "1", "2"}
