"""The Machine: what it is made from, what ends it, files, reports, errors."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alif_package import application
from fake_engine import MS
from fake_models import STATS
from machines import IMAGE, make_machine

import xipsim
from xipsim import (
    BootFailed,
    EngineFailed,
    FirmwareFault,
    Machine,
    ModelGap,
    PoweredOff,
    UnknownName,
    UserError,
)
from xipsim.engines.api import Goal, StopReason
from xipsim.firmware.store import FlashFile
from xipsim.peripherals.core import Diagnostic, FlashCommand, Gap, Note

SIZE = 0x20_0000
FAULT = {
    "exception": "HardFault",
    "cfsr": 0x8200,
    "hfsr": 0x4000_0000,
    "mmfar": 0,
    "bfar": 0x5000_0000,
    "registers": {"pc": 0x6000_2000},
    "stacked": {"pc": 0x6001_2344, "lr": 0x6001_0001},
}


# -- what ends a machine -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "detail", "kind", "exit_code", "parts"),
    [
        (
            StopReason.FAULT,
            FAULT,
            FirmwareFault,
            6,
            ["HardFault", "bus error on a data access at 0x50000000", "at 0x60012344"],
        ),
        (StopReason.BOOT_FAILED, {"why": "no FCB"}, BootFailed, 7, ["no FCB"]),
        (StopReason.POWERED_OFF, {"why": "SNVS LPCR.TOP"}, PoweredOff, 3, ["SNVS LPCR.TOP"]),
        (
            StopReason.GAP,
            {"source": "semc", "what": "write to IPCMD"},
            ModelGap,
            4,
            ["semc: write to IPCMD"],
        ),
    ],
)
def test_what_ends_a_machine_is_raised(
    tmp_path: Path,
    reason: StopReason,
    detail: dict[str, Any],
    kind: type[Exception],
    exit_code: int,
    parts: list[str],
) -> None:
    machine, engine, _ = make_machine(tmp_path)
    engine.at(3 * MS, lambda: engine.end(reason, **detail))
    with pytest.raises(kind) as caught:
        machine.run_for("1s")
    for part in [*parts, "virtual time 0.003000 s", "PC 0x60002000", "flash nor idle"]:
        assert part in str(caught.value)
    assert caught.value.exit_code == exit_code  # type: ignore[attr-defined]


def test_a_failed_boot_says_what_was_noticed_before(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    assert any("image vector table" in warning for warning in machine.warnings)
    engine.at(1, lambda: engine.end(StopReason.BOOT_FAILED, why="no IVT"))
    with pytest.raises(BootFailed, match=r"Noticed before: .*image vector table"):
        machine.run_for("1s")


def test_a_dead_engine_is_our_mistake_and_never_a_hang(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    engine.dead = True
    with pytest.raises(EngineFailed, match="killed by signal 9") as caught:
        machine.exec("a")
    assert caught.value.exit_code == 5
    assert machine.report()["flash"]["nor"]["stats"] is None
    machine.close()


def test_an_interrupt_ends_a_run_and_one_that_comes_late_ends_nothing(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    engine.at(1, lambda: engine.end(StopReason.INTERRUPTED))
    machine.run_for("1ms")
    engine.at(machine.now + 1, machine.interrupt)
    assert machine.run(Goal(until=10 * MS)).reason is StopReason.INTERRUPTED
    engine.at(machine.now + 1, machine.interrupt)
    with pytest.raises(KeyboardInterrupt):
        machine.run_for("1ms")


def test_a_closed_machine_says_so(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    machine.close()
    machine.close()
    assert engine.closed
    with pytest.raises(UserError, match="closed"):
        machine.run_for("1ms")


# -- the flash file ------------------------------------------------------------------------------


def test_the_flash_file_is_written_back(tmp_path: Path) -> None:
    """The image over what the file held; on the way out what the chip holds."""
    file = tmp_path / "chip.bin"
    file.write_bytes(b"\xaa" * SIZE)
    image = tmp_path / "image.hex"
    make_machine(tmp_path)[0].close()
    machine, engine, _ = make_machine(tmp_path, flash=file, firmware=image)
    assert engine.chip[:8] == b"FCFB\xaa\xaa\xaa\xaa"
    with pytest.raises(ZeroDivisionError), machine:
        engine.chip[16:20] = b"\x01\x02\x03\x04"
        1 / 0  # noqa: B018
    assert file.read_bytes()[:20] == bytes(engine.chip[:20])


def test_with_discard_the_file_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "chip.bin"
    file.write_bytes(b"\xaa" * SIZE)
    with make_machine(tmp_path, flash=file, discard=True)[0] as machine:
        assert machine.firmware is None
        machine.flash.read()
    assert file.read_bytes() == b"\xaa" * SIZE


def test_an_engine_that_died_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "chip.bin"
    file.write_bytes(b"\xaa" * SIZE)
    machine, engine, _ = make_machine(tmp_path, flash=file)
    engine.dead = True
    with pytest.raises(EngineFailed, match="not saved, the file is as it was"):
        machine.close()
    assert file.read_bytes() == b"\xaa" * SIZE
    FlashFile(file, SIZE).close()  # not locked any more


def test_that_it_was_not_saved_does_not_hide_the_first_error(tmp_path: Path) -> None:
    image = tmp_path / "image.hex"
    image.write_text(IMAGE)
    machine, engine, _ = make_machine(tmp_path, flash=_chip(tmp_path), firmware=image)
    with pytest.raises(ZeroDivisionError) as caught, machine:
        engine.dead = True
        1 / 0  # noqa: B018
    assert "not saved" in caught.value.__notes__[0]


def test_a_machine_that_could_not_be_made_leaves_no_lock(tmp_path: Path) -> None:
    file = _chip(tmp_path)
    with pytest.raises(UserError):
        make_machine(tmp_path, flash=file, console="none")
    FlashFile(file, SIZE).close()


def _chip(tmp_path: Path) -> Path:
    file = tmp_path / "chip.bin"
    file.write_bytes(b"\xff" * SIZE)
    return file


def test_files_are_put_into_the_file_system(tmp_path: Path) -> None:
    """By path under the file's own name, or names with contents."""
    from xipsim.firmware import boards
    from xipsim.firmware.littlefs import read_files

    script = tmp_path / "main.py"
    script.write_text("print(1)")
    where = boards.load("TEENSY40").filesystem
    _, engine, _ = make_machine(tmp_path, put=[script])
    assert read_files(engine.chip, where) == {"/main.py": b"print(1)"}
    _, engine, _ = make_machine(tmp_path, put={"lib/a.py": "x", "b": b"\x00"})
    assert read_files(engine.chip, where) == {"/b": b"\x00", "/lib/a.py": b"x"}


def test_a_folder_keeps_the_chip_in_a_file_that_is_named_after_it(tmp_path: Path) -> None:
    """A missing folder is made; the image goes over what is kept only when one is given."""
    state = tmp_path / "a" / "state"
    with make_machine(tmp_path)[0]:
        pass
    image = tmp_path / "image.hex"
    with make_machine(tmp_path, state=state, firmware=image)[0] as machine:
        with pytest.raises(UserError, match="in use by another machine"):
            make_machine(tmp_path, state=state)
        assert machine.firmware
    assert [file.name for file in state.iterdir()] == ["nor.bin"]
    kept = b"\x01" * SIZE
    (state / "nor.bin").write_bytes(kept)
    with make_machine(tmp_path, state=state, firmware=None, discard=True)[0] as machine:
        assert machine.firmware is None
    with make_machine(tmp_path, state=state, firmware=image)[0] as machine:
        assert machine.flash.read(0, 8) == b"FCFB" + kept[:4]
    assert (state / "nor.bin").read_bytes() == b"FCFB" + kept[4:]


# -- the user's mistakes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"board": "TENSY40"}, "did you mean TEENSY40"),
        ({"board": "no/such.repl"}, "no file no/such.repl"),
        ({"firmware": "/no/image.hex"}, "cannot be read"),
        ({"flash": "/no/folder/chip.bin"}, "folder is missing"),
        ({"put": ["/no/main.py"]}, "/no/main.py: cannot be read"),
        ({"put": {"../x": ""}}, "no name for a file"),
        ({"put": [__file__, __file__]}, "another file that is put on the board has the same"),
        ({"flash": "a", "state": "b"}, "give one of them"),
        ({"state": __file__}, "no folder for the state: File exists"),
        ({"board": "ALIF_ENSEMBLE"}, "4 bytes at 0x60000000.* take the image of this board"),
        ({"rtc": "yesterday"}, "no time for the clock"),
        ({"rtc": "2024-01-01T00:00:00+02:00"}, "without an offset"),
        ({"models": ["/no/model.py"], "uid": "00"}, "/no/model.py"),
    ],
)
def test_the_users_mistakes(tmp_path: Path, options: dict[str, Any], text: str) -> None:
    image = tmp_path / "given.hex"
    image.write_text(IMAGE)
    with pytest.raises(UserError, match=text) as caught:
        make_machine(tmp_path, **{"firmware": image, **options})
    assert caught.value.exit_code == 2


def test_nothing_is_put_into_a_file_system_that_is_not_littlefs(tmp_path: Path) -> None:
    image = tmp_path / "firmware.bin"
    image.write_bytes(application())
    with pytest.raises(UserError, match="its file system is FAT, not littlefs"):
        make_machine(tmp_path, board="ALIF_ENSEMBLE", firmware=image, put={"main.py": ""})


def test_a_flash_file_of_the_wrong_size(tmp_path: Path) -> None:
    file = tmp_path / "chip.bin"
    file.write_bytes(bytes(1000))
    with pytest.raises(UserError, match="1000 bytes, but what it keeps has 2097152"):
        make_machine(tmp_path, flash=file)


def test_rtc_and_uid_reach_the_models_that_take_them(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(
        tmp_path, rtc="2024-02-29T12:00", uid="0011223344556677", seed=7
    )
    assert engine.config.seed == 7
    assert engine.config.overrides == {
        "snvs": {"rtc": "2024-02-29T12:00:00"},
        "ocotp": {"uid": "0011223344556677"},
    }
    assert machine.report()["arguments"]["rtc"] == "2024-02-29T12:00:00"


def test_a_board_of_ones_own(tmp_path: Path) -> None:
    """By path; the chip's size is the part's, the images' facts are those of the board below."""
    board = tmp_path / "mine.repl"
    base = Path(xipsim.__file__).parent / "platforms" / "boards" / "TEENSY40.repl"
    board.write_text(f'using "{base.resolve()}"\nnor:\n    part: "W25Q64JV-IM"\n')
    kept, image = tmp_path / "chip.bin", tmp_path / "image.hex"
    image.write_text(IMAGE)
    _, engine, _ = make_machine(tmp_path, board=str(board), flash=kept, firmware=image)
    assert engine.config.platform == board
    assert engine.chip[:4] == b"FCFB"


OWN_CHIP = '''
from xipsim.peripherals.core import model
from xipsim.peripherals.nor.chip import Chip

@model("Mine.Flash")
class Flash(Chip):
    """Another flash chip."""
'''


def test_a_flash_chip_of_the_users_own(tmp_path: Path) -> None:
    """It is one because it says so, whatever its type is called."""
    (tmp_path / "mine.py").write_text(OWN_CHIP)
    board = tmp_path / "lab.repl"
    soc = 'using "platforms/soc/rt1062.repl"\n'
    board.write_text(soc + 'flash: Mine.Flash @ flexspi 0\n    part: "W25Q16JV-IM"\n')
    image, kept = tmp_path / "image.hex", tmp_path / "chip.bin"
    image.write_text(IMAGE)
    options: dict[str, Any] = {"board": str(board), "flash": kept, "firmware": image}
    with make_machine(tmp_path, models=[tmp_path / "mine.py"], **options)[0]:
        pass
    assert kept.stat().st_size == 0x20_0000
    board.write_text(soc)
    with pytest.raises(UserError, match="no flash chip"):
        make_machine(tmp_path, **options)


def test_a_copy_of_a_board_is_one_of_ones_own(tmp_path: Path) -> None:
    """Neither its name nor its chip makes it ours: no image is looked for."""
    soc = Path(xipsim.__file__).parents[1] / "platforms" / "soc" / "rt1062.repl"
    ours = (soc.parents[1] / "boards" / "TEENSY40.repl").read_text()
    board = tmp_path / "TEENSY40.repl"
    board.write_text(ours.replace("../soc/rt1062.repl", str(soc)))
    with pytest.raises(UserError, match=r"TEENSY40\.repl is a board of your own: name the image"):
        make_machine(tmp_path, board=str(board), firmware=None)


def test_headers_are_foreseen_for_a_board_of_ones_own_too(tmp_path: Path) -> None:
    """What its FCB says does not fit the chip that its own file names."""
    soc = Path(xipsim.__file__).parents[1] / "platforms" / "soc" / "rt1062.repl"
    board = tmp_path / "mine.repl"
    board.write_text(f'using "{soc}"\nnor: Nor.Chip @ flexspi 0\n    part: "W25Q64JV-IM"\n')
    machine, _, _ = make_machine(tmp_path, board=str(board))
    assert any("the chip has 8 MB" in text for text in machine.warnings), machine.warnings


# -- the rest ------------------------------------------------------------------------------------


def test_flash_pins_and_memory(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    assert machine.flash.read(0, 4) == b"FCFB"
    assert machine.flash.stats.erases == STATS["erases"]
    assert machine.flash.size == SIZE
    machine.flash.save(tmp_path / "saved.bin")
    assert (tmp_path / "saved.bin").read_bytes() == bytes(engine.chip)
    pin = machine.gpio["gpio2"][3]
    assert (pin.level, pin.direction) == (1, "out")
    pin.drive(0)
    pin.release()
    assert engine.calls[-2:] == [("gpio2", "drive", 3, False), ("gpio2", "release", 3)]
    for mistake in (
        lambda: machine.flash.read(SIZE - 1, 2),
        lambda: machine.gpio["gpio9"],
        lambda: machine.gpio["gpio2"][32],
        lambda: machine.gpio["lpgpio"][2],
        lambda: pin.drive(2),
        lambda: machine.chips["other"],
        lambda: machine.call("gpio2", "explode"),
        lambda: machine.read_memory(0x5000_0000, 4),
    ):
        with pytest.raises(UserError):
            mistake()
    with pytest.raises(UnknownName, match="it has: gpio2"):
        machine.gpio["gpio9"]


def test_reset_and_power_cycle(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    machine.exec("a")
    machine.reset()
    machine.power_cycle()
    assert engine.resets == [False, True]
    assert machine.report()["resets"] == []
    assert machine.exec("a") == "1\n"


def test_the_report_can_be_written_as_json(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path, put={"a": "b"})
    engine.emit(
        "events",
        [
            Diagnostic(time=1, source="nor", rule="program-without-wel", message="ignored"),
            Gap(time=2, source="semc", what="write"),
            Note(time=3, source="pc", message="USB"),
        ],
    )
    machine.exec("a")
    report = json.loads(json.dumps(machine.report()))
    assert report["diagnostics"][0]["rule"] == "program-without-wel"
    assert report["gaps"][0]["source"] == "semc"
    assert report["notes"][0]["message"] == "USB"
    assert report["flash"]["nor"]["stats"]["busy_time"] == 90 * MS
    assert report["virtual_time"] == machine.now
    assert report["firmware"]["path"].endswith("image.hex")


def test_flash_commands_go_to_who_asked(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    seen: list[FlashCommand] = []
    machine.trace(seen.append)
    command = FlashCommand(time=1, chip="nor", opcode=6, name="write enable")
    engine.emit("events", [command])
    assert seen == [command]
    assert ("trace_commands",) in engine.calls


def test_importing_the_package_imports_nothing_else() -> None:
    """Names come when they are used, and heavy libraries not even with the Machine."""
    code = (
        "import sys, xipsim\n"
        "assert 'xipsim.machine.machine' not in sys.modules and 'dataclasses' not in sys.modules\n"
        "from xipsim import Machine, UserError\n"
        "heavy = {'lark', 'elftools', 'littlefs', 'rich', 'tomllib', 'importlib.metadata'}\n"
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-I", "-c", code], check=True)


def test_a_name_that_the_package_does_not_have() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        xipsim.nothing  # noqa: B018
    for name in xipsim.__all__:
        assert getattr(xipsim, name)


def test_a_single_name_is_not_taken_for_its_letters(tmp_path: Path) -> None:
    """A wire, a file to put and a model file, each given alone instead of in a list."""
    for options, text in (
        ({"wires": "D0:D99"}, "there is no pin 'D99'"),
        ({"models": "mine.py"}, "mine.py: cannot be read"),
        ({"models": Path("mine.py")}, "mine.py: cannot be read"),
        ({"put": Path("mine.py")}, "mine.py: cannot be read"),
    ):
        with pytest.raises(UserError, match=text):
            make_machine(tmp_path, **options)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"gdb": 70_000}, "70000 is no TCP port"),
        ({"gdb": 0}, "0 is no TCP port"),
        ({"gdb_wait": True}, "needs a port for gdb"),
    ],
)
def test_a_debugger_without_a_port(tmp_path: Path, options: dict[str, Any], text: str) -> None:
    with pytest.raises(UserError, match=text):
        make_machine(tmp_path, **options)


def test_a_board_is_a_path_as_well(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no file .*mine\.repl"):
        xipsim.Machine(tmp_path / "mine.repl")


def test_a_script_has_a_bound(tmp_path: Path) -> None:
    machine, _, _ = make_machine(tmp_path)
    with pytest.raises(UserError, match="more than 16 MB, which no script has"):
        machine.exec(b"#" * (16 << 20) + b"\n")


@pytest.mark.parametrize("size", [0, SIZE])
def test_a_flash_file_of_an_erased_chip_is_no_firmware(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """A run that was killed before its first save leaves one; older versions one of FFh."""
    from xipsim.firmware import catalogue

    image, file = tmp_path / "image.hex", tmp_path / "chip.bin"
    image.write_text(IMAGE)
    file.write_bytes(b"\xff" * size)
    found = catalogue.Found(image, "the test")
    monkeypatch.setattr(catalogue, "find", lambda board: found)
    machine, _, _ = make_machine(tmp_path, firmware=None, flash=file)
    assert machine.flash.read(0, 4) == b"FCFB"
    machine.close()


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda m: m.exec(None), "a script is text, or bytes, not None"),
        (lambda m: m.exec(5), "a script is text, or bytes, not 5"),
        (lambda m: m.restore(5), "5 is no snapshot"),
        (lambda m: m.run_for(1 << 70), "too long"),
        (lambda m: m.exec("1", output=5), "output: expected a function, given 5"),
        (lambda m: m.trace(5), "receiver: expected a function, given 5"),
        (lambda m: m.on_wait_in_vain(None), "receiver: expected a function, given None"),
        (lambda m: m.console.on_output("x"), "listener: expected a function, given 'x'"),
        (lambda m: m.console.write(5), "what is typed is text, or bytes, not 5"),
        (lambda m: m.console.write("\ud800"), "what is typed holds what is no character"),
        (lambda m: m.console.expect(5), "a pattern is text, or bytes, not 5"),
        (lambda m: m.console.expect(None, regex=True), "a pattern is text, or bytes, not None"),
        (lambda m: m.flash.read("a"), "address: expected a whole number, given 'a'"),
        (lambda m: m.flash.read(0, 1.5), "length: expected a whole number, given 1.5"),
        (lambda m: m.flash.erase(None, 1), "address: expected a whole number, given None"),
        (lambda m: m.flash.program(0, "text"), "data: expected bytes, given 'text'"),
        (lambda m: m.flash.program(0, 5), "data: expected bytes, given 5"),
    ],
)
def test_what_a_method_cannot_take_is_the_users_mistake(
    tmp_path: Path, ask: Callable[[Machine], object], says: str
) -> None:
    machine, _, _ = make_machine(tmp_path)
    machine.boot()
    with pytest.raises(UserError) as caught:
        ask(machine)
    assert says in str(caught.value)
    assert machine.exec("1") is not None
