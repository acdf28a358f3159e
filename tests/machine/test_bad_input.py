"""What the user got wrong, what died, what two want at once: one clear sentence each."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from images import IMAGES, KINDS, PUBLISHED, Image, parameters
from patience import wait_for_saves
from pool import Options, Pool

from xipsim import EngineFailed, Machine, UserError, WaitTimeout
from xipsim.errors import BootFailed

SIZE = 8 * 1024 * 1024
ENDLESS = "print('begun')\nwhile True: pass"


@pytest.fixture
def image() -> Path:
    return PUBLISHED.require()


def refusal(**arguments: object) -> str:
    """What a Machine with these arguments is refused with: one line, no traceback of ours."""
    arguments.setdefault("board", "TEENSY41")
    with pytest.raises(UserError) as caught:
        Machine(str(arguments.pop("board")), **arguments).close()  # type: ignore[arg-type]
    text = str(caught.value)
    assert caught.value.exit_code == 2
    assert "Traceback" not in text
    return text


# -- images ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("cut.hex", lambda data: data[: len(data) // 2 - 7], "cut.hex"),
        ("empty.hex", lambda data: b"", "empty"),
        ("empty.bin", lambda data: b"", "empty"),
        ("text.hex", lambda data: b"hello\n", "text.hex"),
        ("huge.bin", lambda data: b"FCFB" + bytes(SIZE), "huge.bin"),
        ("wrong.elf", lambda data: elf(62), "wrong.elf"),
        ("cut.elf", lambda data: elf(40)[:40], "cut.elf"),
    ],
)
def test_an_image_that_is_none(
    image: Path, tmp_path: Path, name: str, change: Callable[[bytes], bytes], said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(change(image.read_bytes()))
    assert said in refusal(firmware=path)


def elf(machine: int) -> bytes:
    """A 32-bit header. machine: 40 is Arm, 62 is x86-64."""
    start = b"\x7fELF\x01\x01\x01" + bytes(9)
    return start + (2).to_bytes(2, "little") + machine.to_bytes(2, "little") + bytes(32)


def test_an_image_that_is_not_there(tmp_path: Path) -> None:
    assert "none.hex" in refusal(firmware=tmp_path / "none.hex")


def test_an_image_for_a_larger_chip_boots_with_warnings(qemu: Path | None) -> None:
    """It names the TEENSY41, whose FCB gives 8 MB; the TEENSY40's chip has 2."""
    with Machine("TEENSY40", firmware=PUBLISHED.require(), qemu=qemu) as m:
        board, chip = m.warnings
        assert "it is for Teensy 4.1" in board
        assert "port A1 8 MB, the chip has 2 MB" in chip
        with contextlib.suppress(WaitTimeout):
            m.console.expect(">>> ", timeout="2s")
        assert m.now > 0


def test_an_image_of_another_make_is_not_started(tmp_path: Path, qemu: Path | None) -> None:
    path = tmp_path / "blank.bin"
    path.write_bytes(b"FCFB" + bytes(0x3000))
    with (
        Machine("TEENSY41", firmware=path, qemu=qemu) as m,
        pytest.raises(BootFailed, match="The boot ROM found nothing to start"),
    ):
        m.run_for("1s")


# -- boards ----------------------------------------------------------------------------------------


def test_a_board_that_does_not_exist_names_the_nearest() -> None:
    assert "TEENSY41" in refusal(board="TENSY41")


MISTAKES = {
    "sensor: Imxrt.Sensor @ sysbus 0x90000000": "Imxrt.Sensor",
    "extra: Imxrt.Gpoi @ sysbus 0x90000000": "Imxrt.Gpio",
    "gpio1: Imxrt.Gpio @ sysbus 0x90000000": "already declared",
    "extra: Imxrt.Gpio @ sysbus 0x401B8000": "overlap",
    "nor2: Nor.Chip @ flexspi 9\n    part: \"W25Q64JV-IM\"": "9",
    "nor:\n    part: \"W25Q64XX\"": "W25Q64",
    "nor:\n    colour: \"red\"": "colour",
    "gpio1 Imxrt.Gpio": "",
    "using \"nowhere.repl\"": "nowhere.repl",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_in_a_platform_names_the_place(tmp_path: Path, image: Path, line: str) -> None:
    board = tmp_path / "mine.repl"
    board.write_text(f'using "platforms/boards/TEENSY41.repl"\n\n{line}\n'.replace(
        "platforms/boards", str(Path(__file__).parents[2] / "platforms/boards")
    ))
    text = refusal(board=str(board), firmware=image)
    assert MISTAKES[line] in text
    assert "mine.repl:3" in text or "mine.repl:4" in text, text


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("e: I2c.Eeprom @ lpi2c1 0x50\n    page: 63\n", ":4:11: e: page: expected a power of two"),
        ("e: I2c.Eeprom @ lpi2c1 0x50\n    size: 9\n", ":4:11: size: expected 128, 256 or"),
        ('nor:\n    uid: "zz"\n', ":4:10: nor: uid: expected 8 bytes in hex, given 'zz'"),
        (
            "w: Wiring.Wire\n    port: gpio1\n    pin: 2\n    other: gpio1\n    other_pin: 2\n",
            ":7:16: w: other_pin: expected another pin",
        ),
        (
            "w: Wiring.Wire\n    port: gpio1\n    pin: 40\n    other: gpio1\n    other_pin: 2\n",
            ":3:1: gpio1: expected a pin from 0 to 31, given 40",
        ),
    ],
)
def test_what_a_model_refuses_names_the_place(
    tmp_path: Path, image: Path, entry: str, says: str
) -> None:
    board = tmp_path / "mine.repl"
    board.write_text(f'using "platforms/boards/TEENSY41.repl"\n\n{entry}')
    assert f"{board}{says}" in refusal(board=board, firmware=image)


def many(path: Path, count: int, line: str) -> Path:
    """A Teensy 4.1 with so many lines, of which each has an address and a number."""
    teensy = Path(__file__).parents[2] / "platforms/boards/TEENSY41.repl"
    lines = [line.format(at=0xA000_0000 + n * 0x4000, n=n) for n in range(count)]
    head = ["sysbus:", "    init:"] if line.startswith(" ") else []
    path.write_text("\n".join([f'using "{teensy}"', *head, *lines, ""]))
    return path


@pytest.mark.parametrize(
    ("count", "line"),
    [
        (3000, "m{n}: Memory.MappedMemory @ sysbus {at:#x} {{ size: 0x1000 }}"),
        (1000, '        Tag <{at:#x} 0x1000> "T{n}"'),
        (500, '        Tag <{at:#x} 0x10> "T{n}"'),
        (1000, "p{n}: Imxrt.Wdog @ sysbus {at:#x}"),
    ],
)
def test_more_ranges_than_qemu_tells_apart(
    tmp_path: Path, image: Path, qemu: Path | None, count: int, line: str
) -> None:
    """Its own limit is 1024 pieces; it would abort."""
    board = many(tmp_path / "mine.repl", count, line)
    text = refusal(board=board, firmware=image, qemu=qemu)
    assert re.match(rf"{re.escape(str(board))}:\d+:\d+: QEMU has no room for so many", text)


@pytest.mark.parametrize(
    ("count", "line"),
    [
        (750, "m{n}: Memory.MappedMemory @ sysbus {at:#x} {{ size: 0x1000 }}"),
        (400, '        Tag <{at:#x} 0x10> "T{n}"'),
    ],
)
def test_as_many_ranges_as_are_taken(
    tmp_path: Path, image: Path, qemu: Path | None, count: int, line: str
) -> None:
    board = many(tmp_path / "mine.repl", count, line)
    with Machine(board, firmware=image, qemu=qemu) as m:
        assert m.exec("print(1)") == "1\n"


def test_a_board_given_by_path(tmp_path: Path, image: Path, qemu: Path | None) -> None:
    board = tmp_path / "mine.repl"
    teensy = Path(__file__).parents[2] / "platforms/boards/TEENSY41.repl"
    board.write_text(f'using "{teensy}"\n')
    with Machine(str(board), firmware=image, qemu=qemu) as m:
        assert m.exec("print('mine')") == "mine\n"


# -- arguments -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"rtc": "tomorrow"}, "tomorrow"),
        ({"rtc": "2024-02-30T00:00:00"}, "2024-02-30"),
        ({"uid": "12"}, "uid"),
        ({"console": "lpuart99"}, "lpuart99"),
        ({"qemu": "/nonexistent/qemu"}, "/nonexistent/qemu"),
        ({"models": ["/nonexistent/model.py"]}, "model.py"),
        ({"put": ["/nonexistent/main.py"]}, "main.py"),
    ],
)
def test_an_argument_that_makes_no_sense(
    image: Path, arguments: dict[str, object], said: str
) -> None:
    assert said in refusal(firmware=image, **arguments)


def test_a_qemu_that_cannot_be_executed(tmp_path: Path, image: Path) -> None:
    """One error that names it; nothing that was opened for it stays open."""
    program = tmp_path / "qemu"
    program.write_bytes(b"\x7fELF and no more")
    program.chmod(0o755)
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(UserError, match=f"{program} cannot be started: .*Exec format error"):
        Machine("TEENSY41", firmware=image, qemu=program)
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_duration_that_is_none(pool: Pool, engine: Options) -> None:
    m = pool.at_prompt(PUBLISHED, engine)
    for wrong in ("2h", "soon", "-1s", -5, "1.5"):
        with pytest.raises(UserError):
            m.run_for(wrong)
    with pytest.raises(UserError, match="regular expression"):
        m.console.expect("(", regex=True)
    with pytest.raises(UserError):
        m.flash.read(SIZE - 1, 2)


# -- the flash file --------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, SIZE - 1, SIZE + 1, SIZE // 4])
def test_a_flash_file_of_the_wrong_size(tmp_path: Path, image: Path, size: int) -> None:
    chip = tmp_path / "chip.bin"
    chip.write_bytes(bytes(size))
    text = refusal(firmware=image, flash=chip)
    assert "chip.bin" in text
    assert str(size) in text or f"{size:#x}" in text
    assert chip.stat().st_size == size, "left alone"


def test_a_flash_file_that_another_machine_holds(
    tmp_path: Path, image: Path, qemu: Path | None
) -> None:
    chip = tmp_path / "chip.bin"
    with Machine("TEENSY41", firmware=image, flash=chip, qemu=qemu):
        assert "chip.bin" in refusal(firmware=image, flash=chip)
    with Machine("TEENSY41", flash=chip, qemu=qemu) as m:
        assert m.exec("print('mine now')") == "mine now\n"


def test_two_machines_at_once(image: Path, qemu: Path | None) -> None:
    """They know nothing of each other, and may take turns."""
    with (
        Machine("TEENSY41", firmware=image, qemu=qemu) as one,
        Machine("TEENSY40", firmware=IMAGES[0].require(), qemu=qemu) as two,
    ):
        one.exec("x = 1")
        two.exec("x = 2")
        assert (one.exec("print(x)"), two.exec("print(x)")) == ("1\n", "2\n")


def test_discard_leaves_the_file_alone(tmp_path: Path, image: Path, qemu: Path | None) -> None:
    chip = tmp_path / "chip.bin"
    with Machine("TEENSY41", firmware=image, flash=chip, qemu=qemu) as m:
        m.exec("")
    before = chip.read_bytes()
    with Machine("TEENSY41", flash=chip, discard=True, qemu=qemu) as m:
        m.exec("open('/flash/new', 'w').write('x')")
        assert m.flash.read() != before
    assert chip.read_bytes() == before


def test_a_parent_killed_while_it_saves_leaves_a_whole_file(
    tmp_path: Path, image: Path, qemu: Path | None
) -> None:
    """SIGKILL at some moment of saves in a row: old or new, never a mixture."""
    chip = tmp_path / "chip.bin"
    script = (
        "import sys; from xipsim import Machine\n"
        "m = Machine('TEENSY41', firmware=sys.argv[1], flash=sys.argv[2],"
        " qemu=sys.argv[3] or None)\n"
        "print('ready', flush=True)\n"
        "for n in range(1000):\n"
        "  m.flash.erase(0, 8 << 20); m.flash.program(0, bytes([n & 255]) * (8 << 20))\n"
        "  m.flash.save(sys.argv[2])\n"
    )
    for saves in (2, 3):
        with subprocess.Popen(
            [sys.executable, "-c", script, str(image), str(chip), str(qemu or "")],
            stdout=subprocess.PIPE,
        ) as parent:
            assert parent.stdout is not None
            parent.stdout.readline()
            wait_for_saves(chip, saves)
            parent.send_signal(signal.SIGKILL)
        data = chip.read_bytes()
        assert len(data) == SIZE
        assert len(set(data[::4096])) == 1, "one save, not two"


# -- what dies -------------------------------------------------------------------------------------


def test_a_child_killed_during_exec(image: Path, qemu: Path | None, tmp_path: Path) -> None:
    """An error at once, no orphan, and the flash file as it was."""
    chip = tmp_path / "chip.bin"
    with Machine("TEENSY41", firmware=image, flash=chip, qemu=qemu) as m:
        m.exec("")
    before = chip.read_bytes()
    m = Machine("TEENSY41", flash=chip, qemu=qemu)
    m.exec("open('/flash/x', 'w').write('y')")
    pid = child_of_this_process(m)
    with pytest.raises(EngineFailed, match="was killed by signal 9"):
        m.exec(ENDLESS, timeout="1000s", output=lambda _: os.kill(pid, signal.SIGKILL))
    with pytest.raises(EngineFailed, match="not saved, the file is as it was"):
        m.close()
    assert chip.read_bytes() == before
    assert not Path(f"/proc/{pid}").exists()


def child_of_this_process(m: Machine) -> int:
    """The engine's process: the youngest child."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return max(map(int, children), key=lambda pid: Path(f"/proc/{pid}").stat().st_ctime)


def test_a_closed_machine(image: Path) -> None:
    m = Machine("TEENSY41", firmware=image)
    m.close()
    m.close()
    with pytest.raises(UserError, match="closed"):
        m.exec("print(1)")


def test_an_interrupted_user(image: Path, qemu: Path | None) -> None:
    """Ctrl-C in the user's program: the machine stands still and can go on."""
    with Machine("TEENSY41", firmware=image, qemu=qemu) as m:
        m.exec("")
        begun: list[str] = []

        def interrupt(text: str) -> None:
            if not begun:
                threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGINT)).start()
            begun.append(text)

        with pytest.raises(KeyboardInterrupt):
            m.exec(ENDLESS, timeout="1000s", output=interrupt)
        assert m.exec("print('goes on')") == "goes on\n"


@pytest.mark.parametrize("each", parameters(KINDS))
def test_an_image_for_each_board_is_named(each: Image) -> None:
    """The report says which image ran, and where it was found."""
    with Machine(each.board, firmware=each.require()) as m:
        report = m.report()["firmware"]
        assert report["path"] == str(each.require())
        assert len(report["sha256"]) == 64
