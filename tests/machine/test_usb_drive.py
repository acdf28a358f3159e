"""MicroPython's file system on an Alif Ensemble, which is a drive on USB: the DWC3, TinyUSB's mass
storage, and the firmware's FAT against our own, with pyfatfs as the third."""

from __future__ import annotations

import random
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import fat
import pytest
from images import ALIF

from xipsim import Machine
from xipsim.firmware import boards

if TYPE_CHECKING:
    from pool import Options, Pool

VOLUME = boards.load("ALIF_ENSEMBLE").filesystem
BLOCK = 4096
HANGS = 300.0


@pytest.fixture
def m(pool: Pool, engine: Options) -> Machine:
    """At its first prompt. The test must leave its engine alive."""
    return pool.at_prompt(ALIF, engine)


def test_the_drive_is_the_chips_file_system(m: Machine) -> None:
    drive = m.usb.storage.wait()
    assert (drive.vendor, drive.product) == ("MicroPy", "Mass Storage")
    assert (drive.block_size, drive.blocks) == (BLOCK, VOLUME.size // BLOCK)
    first = m.usb.storage.read_blocks(0, 16)
    assert first == m.flash.read(VOLUME.offset, 16 * BLOCK)


def test_what_either_side_writes_the_other_reads(m: Machine) -> None:
    storage = m.usb.storage
    m.exec("with open('/flash/from firmware.txt', 'w') as f: f.write('hello PC' * 1000)")
    assert storage.read("from firmware.txt") == b"hello PC" * 1000
    data = random.Random(1).randbytes(10_000)
    storage.write("from_pc.bin", data)
    assert storage.files() == {"from firmware.txt": 8000, "from_pc.bin": 10_000}
    by_pyfatfs = fat.files(m.flash.read(VOLUME.offset, VOLUME.size))
    assert by_pyfatfs["FROM_PC.BIN"] == data
    m.reset()  # the firmware has its FAT in memory
    m.exec("import binascii; d = open('/flash/from_pc.bin', 'rb').read()")
    assert m.exec("print(binascii.crc32(d))") == f"{zlib.crc32(data)}\n"


def test_a_file_is_copied_from_the_command_line(qemu: Path | None, tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text("print('hello from the PC')\n")
    options = ["--flash", str(tmp_path / "chip.bin"), *(["--qemu", str(qemu)] if qemu else [])]

    def xipsim(*words: str, behind: tuple[str, ...]) -> str:
        command = [*words, "ALIF_ENSEMBLE", str(ALIF.require()), *behind, *options]
        done = subprocess.run(
            [sys.executable, "-m", "xipsim", *command],
            capture_output=True,
            text=True,
            timeout=HANGS,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    copied = xipsim("usb", "copy", behind=(str(tmp_path / "hello.py"),))
    assert copied == "hello.py: 27 bytes to the board\n"
    assert xipsim("exec", behind=("-c", "import hello")) == "hello from the PC\n"
