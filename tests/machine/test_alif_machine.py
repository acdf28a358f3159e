"""ALIF_ENSEMBLE as users have it: kept state, consoles, snapshots, bad images, exit codes."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import fat
import pytest
from images import ALIF
from patience import HANGS

import xipsim
from xipsim import BootFailed, Machine, UserError, WaitTimeout
from xipsim.firmware import boards

if TYPE_CHECKING:
    from pool import Options, Pool

BOARD = "ALIF_ENSEMBLE"
FACTS = boards.load(BOARD)
PLATFORM = Path(xipsim.__file__).parent / "platforms" / "boards" / f"{BOARD}.repl"
MRAM, MRAM_SIZE = 0x8000_0000, 0x58_0000  # alif.md 1.1
BACKUP = 0x4902_CF00
"""A word of the backup SRAM that the firmware does not use (alif.md 7.9)."""
ROMFS = "import vfs; print(bytes(vfs.rom_ioctl(2, 1)[:16]))"


@pytest.fixture
def m(pool: Pool, engine: Options) -> Machine:
    """At its first prompt. The test must leave its engine alive."""
    return pool.at_prompt(ALIF, engine)


def variant(tmp_path: Path, text: str) -> str:
    """A board of one's own on top of this one."""
    path = tmp_path / "variant.repl"
    path.write_text(f'using "{PLATFORM.resolve()}"\n\n{text}\n')
    return str(path)


def cli(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "xipsim", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANGS)


# -- the console ---------------------------------------------------------------------------------


def test_the_uart_is_the_default_console_and_usb_has_a_prompt_too(engine: Options) -> None:
    with Machine(BOARD, firmware=ALIF.require(), **engine) as machine:
        assert machine.console.name == "uart4"
        assert machine.exec("print('uart')") == "uart\n"
        assert "AE722F80F55D5LS" in machine.exec("import alif; alif.info()")
    with Machine(BOARD, firmware=ALIF.require(), console="pc", **engine) as machine:
        assert machine.exec("print('usb')") == "usb\n"


@pytest.mark.parametrize("console", ["uart4", "pc"])
def test_bytes_that_are_no_utf_8_are_not_lost(engine: Options, console: str) -> None:
    """All 256 values there and back, more than any buffer on the way holds."""
    script = """
import sys, micropython
micropython.kbd_intr(-1)
print("ready")
data = sys.stdin.buffer.read(1024)
sys.stdout.buffer.write(bytes(255 - b for b in data))
micropython.kbd_intr(3)
"""
    with Machine(BOARD, firmware=ALIF.require(), console=console, **engine) as machine:
        machine.exec("")
        heard = bytearray()
        machine.console.on_output(heard.extend)
        machine.console.write(b"\x05" + script.replace("\n", "\r").encode() + b"\x04")
        machine.console.expect("ready\r\n")
        machine.console.write(bytes(range(256)) * 4)
        machine.console.expect(">>> ")
        assert bytes(range(255, -1, -1)) * 4 in heard


# -- what is kept --------------------------------------------------------------------------------


def test_the_state_is_kept_between_runs(engine: Options, tmp_path: Path) -> None:
    """Flash, MRAM, backup SRAM. The second run takes the image from MRAM, the third anew."""
    state = tmp_path / "state"
    options = {"state": state, **engine}
    with Machine(BOARD, firmware=ALIF.require(), **options) as machine:
        machine.exec("with open('a.txt', 'w') as file: file.write('kept')")
        machine.exec("import vfs; vfs.rom_ioctl(3, 1, 4096); vfs.rom_ioctl(4, 1, 0, b'r' * 16)")
        machine.write_memory(BACKUP, b"back")
    sizes = {file.name: file.stat().st_size for file in state.iterdir()}
    assert sizes == {"nor.bin": 0x400_0000, "mram.bin": MRAM_SIZE, "backup.bin": 4096}
    assert (state / "nor.bin").read_bytes()[:3] == bytes.fromhex("EBFE90")
    assert fat.files((state / "nor.bin").read_bytes()[: FACTS.filesystem.size]) == {
        "A.TXT": b"kept"
    }
    for firmware in (None, ALIF.path):
        with Machine(BOARD, firmware=firmware, **options) as machine:
            assert (machine.firmware is None) == (firmware is None)
            assert machine.exec("print(open('a.txt').read())") == "kept\n"
            assert machine.exec(ROMFS) == f"{b'r' * 16}\n"
            assert machine.read_memory(BACKUP, 4) == b"back"
            assert machine.flash.stats.erases == {}, "a second boot formats nothing"


def test_state_files_of_the_wrong_size_or_in_use(tmp_path: Path) -> None:
    ALIF.require()
    (tmp_path / "mram.bin").write_bytes(bytes(1000))
    with pytest.raises(UserError, match=r"mram\.bin: 1000 bytes, but .* 5767168"):
        Machine(BOARD, state=tmp_path)
    (tmp_path / "mram.bin").unlink()
    with Machine(BOARD, state=tmp_path), pytest.raises(UserError, match="in use by another"):
        Machine(BOARD, state=tmp_path)


def test_a_pin_that_is_not_there_is_the_users_mistake(m: Machine) -> None:
    """A port of the Ensemble has eight pins, not the 32 of an i.MX RT."""
    port = m.gpio[next(iter(m.gpio))]
    assert port.pins == 8
    assert port[7].level in (0, 1)
    with pytest.raises(UserError, match="pins 0 to 7, no pin 8"):
        port[8]


def test_memory_without_power(m: Machine) -> None:
    """MRAM and flash stay, RAM and backup SRAM do not: there is no battery."""
    m.exec("import vfs; vfs.rom_ioctl(3, 1, 4096); vfs.rom_ioctl(4, 1, 0, b'r' * 16)")
    m.write_memory(BACKUP, b"back")
    m.reset()
    assert m.exec("import machine; print(machine.reset_cause())") == "2\n"
    assert m.read_memory(BACKUP, 4) == b"back"
    m.power_cycle()
    assert m.exec("import machine; print(machine.reset_cause())") == "1\n"
    assert m.read_memory(BACKUP, 4) == bytes(4)
    assert m.exec(ROMFS) == f"{b'r' * 16}\n"


def test_a_reset_ends_what_the_chip_was_doing(m: Machine) -> None:
    """Nothing boots from it, and the driver drives its RESET# first of all (alif.md 4.2)."""
    m.console.write("import alif; alif.Flash().ioctl(6, 200)\r")
    m.run_for("20ms")
    operation = m.flash.status["operation"]
    m.reset()
    assert m.flash.status["operation"] == operation, "the chip knows nothing of the core's reset"
    start = m.now
    assert m.exec("print('up')") == "up\n"
    assert m.flash.status["operation"] is None
    assert operation["end"] > start


# -- snapshots and cached boots ------------------------------------------------------------------


def test_a_snapshot_brings_everything_back(m: Machine) -> None:
    """Files, MRAM, backup SRAM; also in the middle of an erase."""
    m.write_memory(BACKUP, b"old!")
    m.console.write("import alif; alif.Flash().ioctl(6, 500)\r")
    m.run_for("50ms")
    assert m.flash.status["operation"]
    middle = m.snapshot()
    m.console.expect(">>> ")
    after = m.now
    m.exec("import vfs; vfs.rom_ioctl(3, 1, 4096); vfs.rom_ioctl(4, 1, 0, b'r' * 16)")
    m.exec("with open('a.txt', 'w') as file: file.write('gone')")
    m.write_memory(BACKUP, b"new!")
    m.restore(middle)
    m.console.expect(">>> ")
    assert m.now == after
    assert m.exec("import os; print(os.listdir())") == "[]\n"
    assert m.exec(ROMFS) != f"{b'r' * 16}\n"
    assert m.read_memory(BACKUP, 4) == b"old!"


def test_the_boot_cache_knows_what_is_in_mram(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another MRAM is another boot; the same one need not boot again."""
    monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path / "cache"))
    state = tmp_path / "state"
    ALIF.require()

    def cached() -> int:
        return len(list((tmp_path / "cache" / "boots").glob("*.snapshot")))

    def start(firmware: Path | None, action: str) -> None:
        with Machine(BOARD, firmware=firmware, state=state, boot_cache=True) as machine:
            machine.exec(action)

    start(ALIF.path, "import vfs; vfs.rom_ioctl(3, 1, 4096); vfs.rom_ioctl(4, 1, 0, b'r' * 16)")
    assert cached() == 1
    start(None, ROMFS)
    assert cached() == 2
    with Machine(BOARD, state=state, boot_cache=True, discard=True) as machine:
        assert machine.exec(ROMFS) == f"{b'r' * 16}\n"


# -- bad boards and images -----------------------------------------------------------------------


@pytest.mark.parametrize("part", ["MX25UM25645G", "W25Q64JV-IM"])
def test_a_chip_that_the_firmware_does_not_know_ends_in_its_own_fatal_error(
    engine: Options, tmp_path: Path, part: str
) -> None:
    """This port accepts only 9D 5B 1A (alif.md 4.1), says so at the UART, and blinks for ever."""
    board = variant(tmp_path, f'nor:\n    part: "{part}"')
    with Machine(board, firmware=ALIF.require(), **engine) as machine:
        with pytest.raises(WaitTimeout, match=r"FATAL ERROR:.*ospi_init failed") as caught:
            machine.exec("", timeout="3s")
        assert caught.value.exit_code == 3


def test_no_flash(engine: Options, tmp_path: Path) -> None:
    """A board with nothing on its OSPI; the image goes into the memory at its address."""
    soc = PLATFORM.resolve().parents[1] / "soc" / "ensemble_e7.repl"
    board = tmp_path / "bare.repl"
    board.write_text(f'using "{soc}"\n')
    options = {"firmware": ALIF.require(), "console": "uart4", **engine}
    with Machine(str(board), **options) as machine:
        with pytest.raises(WaitTimeout, match=r"FATAL ERROR:.*ospi_init failed"):
            machine.exec("", timeout="3s")
        with pytest.raises(UserError, match="no flash chip"):
            machine.flash.read()


def files_of(image: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(image) as archive:
        return {Path(name).name: archive.read(name) for name in archive.namelist()}


def test_an_atoc_with_a_bad_checksum(tmp_path: Path) -> None:
    package = bytearray(files_of(ALIF.require())["firmware.toc.bin"])
    package[-0x20] ^= 1
    raw = tmp_path / "package.bin"
    raw.write_bytes(package)
    done = cli("exec", BOARD, raw, "-c", "1", "--cold")
    assert done.returncode == 7
    assert "bad checksum" in done.stderr


def test_a_package_without_its_application(tmp_path: Path) -> None:
    raw = tmp_path / "package.bin"
    raw.write_bytes(files_of(ALIF.require())["firmware.toc.bin"])
    with Machine(BOARD, firmware=raw) as machine, pytest.raises(BootFailed):
        machine.run_for("1ms")


@pytest.mark.parametrize(("name", "keep"), [("firmware.toc.bin", 1999), ("firmware.bin", 8)])
def test_a_raw_image_that_is_cut_short(tmp_path: Path, name: str, keep: int) -> None:
    raw = tmp_path / name
    raw.write_bytes(files_of(ALIF.require())[name][:keep])
    assert cli("exec", BOARD, raw, "-c", "1").returncode == 2


def test_a_package_that_is_cut_short(tmp_path: Path) -> None:
    cut = tmp_path / "firmware.zip"
    cut.write_bytes(ALIF.require().read_bytes()[:100_000])
    done = cli("exec", BOARD, cut, "-c", "1")
    assert done.returncode == 2
    assert "truncated" in done.stderr


def test_an_image_for_the_other_core(tmp_path: Path) -> None:
    """A vector table for M55_HE, alone in MRAM."""
    raw = tmp_path / "he.bin"
    raw.write_bytes((0x2004_0000).to_bytes(4, "little") + (0x8032_0101).to_bytes(4, "little") * 99)
    done = cli("exec", BOARD, raw, "-c", "1", "--cold")
    assert done.returncode == 7
    assert "only image is for M55_HE" in done.stderr


def test_the_demonstration() -> None:
    ALIF.require()
    done = subprocess.run(
        [sys.executable, "-m", "xipsim.demo", "--board", BOARD],
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for fact in ("from alif import Flash", "WRITTEN in place", "soft reboot", "8400\n"):
        assert fact in done.stdout


# -- the command line ----------------------------------------------------------------------------


def test_the_commands_know_the_board(tmp_path: Path) -> None:
    image = ALIF.require()
    done = cli("exec", BOARD, image, "-c", "print(6 * 7)", "--state", tmp_path / "s")
    assert (done.returncode, done.stdout, done.stderr) == (0, "42\n", "")
    traced = cli("trace", BOARD, image, "-c", "import alif; alif.Flash().ioctl(6, 9)", "--no-times",
                 "--from-prompt")  # fmt: skip
    assert "nor 21 " in traced.stdout
    assert BOARD in cli("boards").stdout
    assert "0x80020000 to" in cli("firmware", "info", image).stdout


# -- sleep ---------------------------------------------------------------------------------------


def test_a_light_sleep_lasts_as_long_as_it_was_told_to(m: Machine) -> None:
    """Through an overflow of UTIMER, every 10.7 s, which the WIC keeps from the core."""
    script = (
        "import machine, time\nfor _ in range(2):\n"
        "  t = time.ticks_ms(); machine.lightsleep(9000); print(time.ticks_ms() - t)"
    )
    assert m.exec(script, timeout="30s") == "9000\n9000\n"
    assert [gap for gap in m.report()["gaps"] if gap["source"] == "aon"] == []
