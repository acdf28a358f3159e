"""Each kind of mistake in a platform is told with its place and a way out."""

from collections.abc import Generator
from pathlib import Path

import pytest

from xipsim.engines.repl import PlatformError
from xipsim.engines.repl.check import check, unmodelled
from xipsim.engines.repl.declared import declared, output_name
from xipsim.engines.repl.resolve import resolve
from xipsim.peripherals.alif import usb as alif_usb
from xipsim.peripherals.alif.ospi import Ospi
from xipsim.peripherals.core import (
    BootRom,
    Entry,
    Inputs,
    Model,
    Output,
    Outputs,
    Parameter,
    Peripheral,
    Region,
    Registry,
    Slots,
    hertz,
)
from xipsim.peripherals.imxrt import usb as imxrt_usb
from xipsim.peripherals.imxrt.flexspi import FlexSpi
from xipsim.peripherals.nor.chip import Chip as NorChip
from xipsim.peripherals.usb.host import Host


class Chip(Model):
    TYPE = "Test.Chip"
    part = Parameter(str, "the part's name", choices=("W25Q64JV", "W25Q16JV"))
    speed = Parameter(float, "in MHz", default=1.0)
    fast = Parameter(bool, "", default=False)
    wait = Parameter(int, "cycles", default=0, least=0, most=31)


class Controller(Peripheral):
    TYPE = "Test.Controller"
    SIZE = 0x1000
    window = Region("the chips' bytes")
    fifo = Region("more", required=False)
    IRQ = Output("all causes", required=True)
    clock = hertz("its clock", default=1_000_000)
    chips: Slots[Chip] = Slots(2, "two chip selects")


class Port(Peripheral, Inputs):
    TYPE = "Test.Port"
    SIZE = 0x100
    LOW = Output("pins 0 to 15")
    HIGH = Output("pins 16 to 31")
    pins = Outputs(32, "the pins")
    controller = Parameter(Controller, "whose clock it has", default=None)

    def on_input(self, number: int, level: bool) -> None:
        """Takes wires."""


class Rom(Model, BootRom):
    TYPE = "Test.BootRom"

    def boot(self) -> Generator[int, None, Entry]:
        """Never asked."""
        raise NotImplementedError


MODELS = Registry()
for model in (Chip, Controller, Port, Rom):
    MODELS.add(model.TYPE, model)

GOOD = """\
cpu: CPU.CortexM @ sysbus
    cpuType: "cortex-m7"
    nvic: nvic
nvic: IRQControllers.NVIC @ sysbus 0xE000E000
    systickFrequency: 600000000
    IRQ -> cpu@0
ram: Memory.MappedMemory @ sysbus 0x20000000
    size: 0x1000
ctl: Test.Controller @ { sysbus 0x40000000; sysbus new Bus.BusMultiRegistration { address: 0x60000000; size: 0x1000; region: "window" } }
    -> nvic@1
chip: Test.Chip @ ctl 1
    part: "W25Q64JV"
    speed: 3
port: Test.Port @ sysbus 0x40001000
    controller: ctl
    HIGH -> nvic@2
    [0-1] -> port@[4-5]
    3 -> led@0
led: Miscellaneous.LED @ port 3
button: Miscellaneous.Button @ port 5
    -> port@5
rom: Test.BootRom @ sysbus
"""  # noqa: E501


def problems(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "board.repl"
    file.write_text(text)
    try:
        check(resolve(file)[0], MODELS)
    except PlatformError as error:
        return [str(problem).removeprefix(f"{tmp_path}/") for problem in error.problems]
    return []


def test_a_good_platform_passes(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("good", "bad", "place", "says", "hint"),
    [
        ("chip: Test.Chip", "chip: Test.Chp", "11:7", "no model 'Test.Chp'", "'Test.Chip'"),
        ("chip: Test.Chip", "chip: test.chip", "11:7", "no model", "'Test.Chip'"),
        ("led: Misc", "led2: Misc", "18:10", "no entry 'led'", "'led2'"),
        ('    part: "W25Q64JV"\n', "", "11:1", "'chip' needs the parameter 'part'", "the part's"),
        ('part: "W25Q64JV"', 'part: "W25Q64"', "12:11", "expected one of", "'W25Q64JV'"),
        ('part: "W25Q64JV"', "part: W25Q64JV", "12:11", "given the name", 'part: "W25Q64JV"'),
        ("speed: 3", "sped: 3", "13:5", "no parameter 'sped'", "Did you mean 'speed'?"),
        ("speed: 3", "fast: 1", "13:11", "expected bool, given 1", ""),
        ("speed: 3", "wait: true", "13:11", "expected int, given True", "cycles"),
        ("speed: 3", "wait: <0, +1>", "13:11", "expected int, given a range", ""),
        ("speed: 3", "wait: -1", "13:11", "wait: expected at least 0, given -1", "cycles"),
        ("speed: 3", "wait: 32", "13:11", "wait: expected at most 31, given 32", "cycles"),
        ("    -> nvic@1\n", "    clock: 0\n    -> nvic@1\n", "10:12", "at least 1, given 0", ""),
        ("0xE000E000", "0xE000F000", "4:29", "'nvic' lies at 0xe000e000 in every", "sysbus 0xE0"),
        ("nvic: nvic\n", "nvic: ram\n", "3:11", "nvic: expected the name of an IRQC", ""),
        ("nvic: nvic\n", "nvic: 5\n", "3:11", "nvic: expected the name of an IRQC", ""),
        ("speed: 3", "wait: [1]", "13:11", "expected int, given a list", ""),
        ("controller: ctl", "controller: chip", "15:17", "type Test.Controller, and 'chip' is", ""),
        ("controller: ctl", "controller: ram", "15:17", "'ram' is Memory.MappedMemory", ""),
        ("controller: ctl", "controller: 5", "15:17", "name of an entry of type Test.C", ""),
        ("controller: ctl", "controller: ctrl", "15:17", "no entry 'ctrl'", "'ctl'"),
        ("nvic: nvic", "nvic: nvik", "3:11", "there is no entry 'nvik'", "'nvic'"),
        ("    size: 0x1000\nctl", "ctl", "7:1", "'ram' needs 'size'", "size: 0x10000"),
        ("    -> nvic@1\n", "", "9:1", "output 'IRQ' of 'ctl' goes nowhere (all causes)", "IRQ ->"),
        ("    -> nvic@1\n", "    IRK -> nvic@1\n", "10:5", "has no output 'IRK'", "'IRQ'"),
        ("    -> nvic@1\n", "    2 -> nvic@1\n", "10:5", "has no output '2'", "It has IRQ."),
        ("HIGH ->", "->", "16:5", "2 named outputs: which one?", "It has LOW, HIGH, 0-31."),
        ("3 -> led@0", "32 -> led@0", "18:5", "has no output '32'", ""),
        ("nvic@2", "nvik@2", "16:13", "there is no entry 'nvik'", "'nvic'"),
        ("nvic@2", "nvic@496", "16:13", "'nvic' has no input 496", ""),
        ("3 -> led@0", "3 -> led@1", "18:10", "'led' has no input 1: it has 1", ""),
        ("nvic@2", "nvic#1@2", "16:13", "no groups of inputs", ""),
        ("nvic@2", "ram@2", "16:13", "'ram' is Memory.MappedMemory, which has no inputs", ""),
        ("nvic@2", "chip@2", "16:13", "'chip' is Test.Chip, which has no inputs", ""),
        ("    IRQ -> cpu@0", "    FIQ -> cpu@0", "6:5", "NVIC has no output 'FIQ'", ""),
        ("ctl 1", "ctl 2", "11:19", "'ctl' has no place 2, only 0 to 1", "two chip selects"),
        ("ctl 1", "ctl", "11:19", "where on 'ctl'? `@ ctl 0`", "two chip selects"),
        ("ctl 1", "ctrl 1", "11:19", "there is no entry 'ctrl'", "'ctl'"),
        ("ctl 1", "ram 1", "11:19", "nothing can be registered on 'ram'", ""),
        ("ctl 1", "sysbus 1", "11:19", "Test.Chip has no registers", ""),
        ("Chip @ ctl 1", "Chip @ port 1", "11:19", "on a pin of 'port' (Test", "port: 1 ->"),
        ("rom: Test.BootRom @ sysbus", "rom: Test.BootRom", "22:1", "'rom' is registered nowh", ""),
        ("CPU.CortexM @ sysbus", "CPU.CortexM @ none", "1:1", "'cpu' is registered nowhere", ""),
        ("nvic@1", "cpu@0", "10:8", "'cpu' takes interrupts from the IRQCo", "-> nvic@0"),
        ("Test.Chip @", "Test.Xyzzy @", "11:7", "no model 'Test.Xyzzy'", "`xipsim models` lists"),
        ("port 3", "port 32", "19:26", "'port' has no place 32", "32 pins"),
        ("0x40001000", "0x40000F01", "14:19", "'port' (0x40000f01-0x40001000) overlaps 'ctl'", ""),
        ("sysbus 0x40001000", "sysbus", "14:19", "'port' needs an address", "@ sysbus 0x"),
        ('region: "window"', 'region: "windw"', "9:45", "no region 'windw'", "'window'"),
        ("size: 0x1000; region", "region", "9:45", "region 'window' needs an address and a", ""),
        ("; sysbus new", "; ctl new", "9:26", "'ctl' needs its region 'window'", "BusMulti"),
        ("address: 0x6", "adress: 0x6", "9:83", "no parameter 'adress'", "'address'"),
        ("Bus.BusMulti", "Bus.Multi", "9:56", "no way 'Bus.MultiReg", "Bus.BusMultiRegistration"),
    ],
)
def test_each_mistake(
    tmp_path: Path, good: str, bad: str, place: str, says: str, hint: str
) -> None:
    assert GOOD.count(good) == 1, "the test itself"
    found = problems(tmp_path, GOOD.replace(good, bad))
    match = [text for text in found if text.startswith(f"board.repl:{place}: ")]
    assert any(says in text and hint in text for text in match), found


def changed(good: str, bad: str) -> str:
    assert GOOD.count(good) == 1, "the test itself"
    return GOOD.replace(good, bad)


@pytest.mark.parametrize(
    "size", ["0", "-4096", '"x"', "true", "1.5", "0x1001", "0x800", "nvic", "<0, +4096>", "empty"]
)
def test_a_memory_has_whole_pages(tmp_path: Path, size: str) -> None:
    """Memory is mapped by pages, here and in Renode."""
    (found,) = problems(tmp_path, changed("    size: 0x1000\nctl", f"    size: {size}\nctl"))
    says = "board.repl:8:11: size: expected a size in bytes, a multiple of 0x1000, given "
    assert found.startswith(says)
    assert "Traceback" not in found and found.endswith("size: 0x10000")


@pytest.mark.parametrize(
    ("line", "place", "says"),
    [
        ('cpuType: "cortex-a9"', "2:14", "cpuType: expected one of cortex-m7, cortex-m55, given"),
        ("cpuType: 5", "2:14", "cpuType: expected one of"),
        ("", "1:1", "'cpu' needs 'cpuType'"),
        ('cpuType: "cortex-m7"\n    PerformanceInMips: 300', "3:24", "a divisor of 1000"),
        ('cpuType: "cortex-m7"\n    PerformanceInMips: 0', "3:24", "a divisor of 1000"),
        ('cpuType: "cortex-m7"\n    numberOfMPURegions: 7', "3:25", "one of 0, 4, 8, 12, 16"),
    ],
)
def test_what_our_engines_follow_of_a_core_is_checked(
    tmp_path: Path, line: str, place: str, says: str
) -> None:
    (found,) = problems(tmp_path, changed('cpuType: "cortex-m7"', line))
    assert found.startswith(f"board.repl:{place}: ") and says in found


@pytest.mark.parametrize("value", ["0", "-1", '"x"', "1.5"])
def test_a_frequency_is_a_positive_number(tmp_path: Path, value: str) -> None:
    (found,) = problems(tmp_path, changed("600000000", value))
    assert found.startswith("board.repl:5:23: systickFrequency: expected a frequency in Hz, given")


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("sysbus 0x20000800", "a memory begins at a multiple of 0x1000, not at 0x20000800"),
        ("sysbus -4096", "'ram' lies at -0x1000, in front of the bus"),
        ("sysbus 0xFFFFF001", "'ram' ends at 0x100000000; the bus ends at 0xffffffff"),
        ("sysbus <0x20000000, +0x2000>", "'ram' has 0x1000 bytes, and gets 0x2000 of the bus"),
        ("sysbus <0x20000000, +0>", "'ram' gets 0 bytes of the bus"),
    ],
)
def test_the_bus_has_an_end(tmp_path: Path, place: str, says: str) -> None:
    found = problems(tmp_path, changed("sysbus 0x20000000", place))
    assert any(text.startswith("board.repl:7:28: ") and says in text for text in found), found


def test_a_tag_lies_on_the_bus(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, GOOD + 'sysbus: { init: { Tag <0xFFFFFFF0 0x11> "A" } }\n')
    assert found.startswith("board.repl:23:19: the tag 'A' ends at 0x100000000; the bus ends at")


def test_a_machine_has_one_of_each(tmp_path: Path) -> None:
    twice = problems(tmp_path, GOOD + "rom2: Test.BootRom @ sysbus\n")
    assert "23:1: 'rom2' is a second boot ROM, beside 'rom': one is run" in twice[0]
    texts = [text.split("\n")[0] for text in problems(tmp_path, "port: Test.Port @ none\n")]
    missing = ("boot ROM", "core", "interrupt controller", "memory on the bus")
    assert texts == [f"board.repl:1:1: the board has no {what}" for what in missing]


def test_a_place_is_taken_once(tmp_path: Path) -> None:
    second = 'chip2: Test.Chip @ ctl 1\n    part: "W25Q16JV"\n'
    (found,) = problems(tmp_path, GOOD + second)
    assert "place 1 of 'ctl' is taken by 'chip'" in found and "board.repl:11)" in found


def test_one_output_is_not_wired_in_two_ways(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, GOOD + "ctl:\n    IRQ -> nvic@7\n")
    assert "the output 'IRQ' is wired by its name and by `->` alone" in found


def test_an_entry_without_a_type(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, GOOD + "chp:\n    speed: 4\n")
    assert found.startswith("board.repl:23:1: no entry gives 'chp' a type")
    assert "Did you mean 'chip'?" in found


def test_private_memories_of_two_cores_do_not_overlap(tmp_path: Path) -> None:
    memory = (
        "{name}: Memory.MappedMemory @ sysbus new Bus.BusPointRegistration "
        "{{ address: 0; cpu: {cpu} }}\n    size: 0x1000\n"
    )
    cores = "hp: CPU.CortexM @ sysbus\nhe: CPU.CortexM @ sysbus\n"
    private = [memory.format(name=f"ram_{cpu}", cpu=cpu) for cpu in ("hp", "he")]

    def found(*memories: str) -> str:
        texts = problems(tmp_path, cores + "".join(memories))
        return "\n".join(t for t in texts if "overlaps" in t or "no CPU" in t)

    assert found(*private) == ""
    assert "overlaps 'ram_hp'" in found(private[0], memory.format(name="ram2", cpu="hp"))
    assert "'ram_hp' is no CPU" in found(private[0], memory.format(name="ram3", cpu="ram_hp"))


def test_all_mistakes_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    bad = GOOD.replace("speed: 3", "sped: 3").replace("cpu@0", "cup@0").replace("ctl 1", "ctl 9")
    lines = [text.split(":")[1] for text in problems(tmp_path, bad)]
    assert lines == ["6", "11", "13"]


def test_types_that_are_not_modelled_are_listed(tmp_path: Path) -> None:
    file = tmp_path / "board.repl"
    file.write_text(GOOD + "a: UART.PL011 @ sysbus 0x1\nb: Antmicro.Renode.Peripherals.CAN.X\n")
    platform = resolve(file)[0]
    assert unmodelled(platform, MODELS) == ("CAN.X", "UART.PL011")


def test_the_plain_arrow_means_the_only_output(tmp_path: Path) -> None:
    file = tmp_path / "board.repl"
    file.write_text(GOOD)
    platform = resolve(file)[0]
    assert output_name(platform["ctl"].interrupts[0], Controller) == "IRQ"
    assert output_name(platform["port"].interrupts[1], Port) == "0"


def test_a_long_line_is_shown_around_its_mistake(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, f"{GOOD}x: Test.Port @ sysbus 0x{'F' * 5000}\n")
    _, source, caret = found.split("\n")
    assert len(source) < 200 and source[caret.index("^") :].startswith("0xFFFF")
    (found,) = problems(tmp_path, GOOD + "x" * 4000 + ": Test.Prt\n")
    _, source, caret, _ = found.split("\n")
    assert len(source) < 200 and source[caret.index("^") :].startswith("Test.Prt")


def test_control_characters_of_a_file_are_not_shown(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "x \x1b[31m\n")
    assert "\x1b" not in found.split("\n")[1]


@pytest.mark.parametrize(
    ("where", "fits", "other"),
    [
        (FlexSpi, NorChip, Host),
        (Ospi, NorChip, Host),
        (imxrt_usb.Usb, Host, NorChip),
        (alif_usb.Usb, Host, NorChip),
    ],
)
def test_a_slot_takes_what_belongs_there(
    where: type[Model], fits: type[Model], other: type[Model]
) -> None:
    """A PC on a chip select, or a flash chip at the end of a USB cable, would never be asked."""
    kind = declared(where).slots[0].kind
    assert issubclass(fits, kind)
    assert not issubclass(other, kind)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("sysbus:\n    endianess: 1\n", "24:5", "'endianess' means nothing for 'sysbus'"),
        ("sysbus:\n    -> nvic@1\n", "24:5", "a wire means nothing for 'sysbus'"),
        ("sysbus: @ sysbus 0x1\n", "23:11", "a place means nothing for 'sysbus'"),
        ('x: Test.Port @ sysbus 0x1000 as "ram"\n    controller: ctl\n', "23:16", "of another"),
        ('x: Test.Port @ sysbus 0x1000 as "sysbus"\n    controller: ctl\n', "23:16", "bus's own"),
        ('x: Test.Port @ sysbus 0x1000 as ""\n    controller: ctl\n', "23:33", "not empty"),
        ("machine: Miscellaneous.LED\n", "23:1", "the name of the machine itself"),
    ],
)
def test_what_renode_refuses_of_names_and_of_the_bus(
    tmp_path: Path, text: str, place: str, says: str
) -> None:
    """As its CreationDriver does (E02, E13, E21, E35, E41); here it would have no effect."""
    found = problems(tmp_path, GOOD + text)
    assert any(t.startswith(f"board.repl:{place}: ") and says in t for t in found), found


def test_an_alias_of_its_own_and_an_alias_that_is_the_entrys_name_are_fine(tmp_path: Path) -> None:
    """Two that exchange their names, too: each has one, and no two the same."""
    text = '@ sysbus 0x1000 as "{}"\n    controller: ctl\n    HIGH -> nvic@3\n'
    names = "".join(f"{name}: Test.Port {text.format(alias)}" for name, alias in [("x", "x")])
    assert not [t for t in problems(tmp_path, GOOD + names) if "alias" in t]
    two = 'as "y"', 'as "x"'
    pair = "".join(
        f"{n}: Test.Port @ sysbus {at} {a}\n    controller: ctl\n"
        for n, at, a in (("x", "0x1000", two[0]), ("y", "0x9000", two[1]))
    )
    assert not [t for t in problems(tmp_path, GOOD + pair) if "alias" in t]


TAGS = "sysbus:\n    init:\n        Tag <{} 0x100> \"A\"\n        Tag <{} {}> \"B\"\n"


@pytest.mark.parametrize(
    ("first", "second", "size"),
    [
        ("0x50000000", "0x50000080", "0x100"),
        ("0x50000000", "0x4FFFFF80", "0x100"),
        ("0x50000000", "0x4FFFFF80", "0x1000"),
        ("0x50000000", "0x50000000", "0x101"),
    ],
)
def test_a_tag_that_overlaps_an_earlier_one_is_told_at_the_later(
    tmp_path: Path, first: str, second: str, size: str
) -> None:
    """Renode: "Currently subtag has to be completely contained in other"."""
    (found,) = problems(tmp_path, GOOD + TAGS.format(first, second, size))
    assert found.startswith("board.repl:26:9: the tag 'B' overlaps 'A' (")


@pytest.mark.parametrize(
    ("second", "size"), [("0x50000010", "0x10"), ("0x50000000", "0x100"), ("0x50000100", "4")]
)
def test_a_tag_within_an_earlier_one_or_beside_it_is_fine(
    tmp_path: Path, second: str, size: str
) -> None:
    assert problems(tmp_path, GOOD + TAGS.format("0x50000000", second, size)) == []
