"""`mimxrt.Flash` of unmodified firmware against the chip behind it."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Pool
from images import Image
from littlefs import LittleFS

from xipsim import Machine
from xipsim.errors import ReplError, WaitTimeout
from xipsim.firmware import boards
from xipsim.firmware.littlefs import read_files

BLOCK = 200
"""A block of the file system's volume, far from what the firmware has written by itself."""

SETUP = """
from mimxrt import Flash
from ubinascii import hexlify
f = Flash()
"""

IP_READ = """
from machine import mem32
FLEXSPI = 0x402A8000
def ip_read(offset, length):
    # An IP command of its own: sequence 0 is the quad read that the XIP window uses.
    out = bytearray()
    while length:
        n = min(length, 64)
        mem32[FLEXSPI + 0x14] = 0x1F
        mem32[FLEXSPI + 0xA0] = offset
        mem32[FLEXSPI + 0xB8] = 1 | 7 << 2
        mem32[FLEXSPI + 0xA4] = n
        mem32[FLEXSPI + 0xB0] = 1
        while not mem32[FLEXSPI + 0x14] & 1:
            pass
        for i in range(0, n, 4):
            out += (mem32[FLEXSPI + 0x100 + i] & 0xFFFFFFFF).to_bytes(4, "little")
        mem32[FLEXSPI + 0x14] = 1 << 5
        offset += n
        length -= n
    return bytes(out)
"""

LUT_COMMAND = """
from machine import mem32
FLEXSPI = 0x402A8000
def set_sequence(index, word):
    mem32[FLEXSPI + 0x18] = 0x5AF05AF0
    mem32[FLEXSPI + 0x1C] = 2
    mem32[FLEXSPI + 0x200 + 16 * index] = word
    mem32[FLEXSPI + 0x204 + 16 * index] = 0
    mem32[FLEXSPI + 0x18] = 0x5AF05AF0
    mem32[FLEXSPI + 0x1C] = 1
def run_sequence(index, data=None):
    mem32[FLEXSPI + 0x14] = 0x1F
    mem32[FLEXSPI + 0xA0] = 0
    mem32[FLEXSPI + 0xBC] = 1
    mem32[FLEXSPI + 0xA4] = (0 if data is None else 1) | index << 16
    if data is not None:
        # Before the trigger: a command that waits for data holds the bus, and this code is in XIP.
        mem32[FLEXSPI + 0x180] = data
        mem32[FLEXSPI + 0x14] = 0x40
    mem32[FLEXSPI + 0xB0] = 1
    while not mem32[FLEXSPI + 0x14] & 1:
        pass
"""


@pytest.fixture
def m(pool: Pool, image: Image, qemu: Path | None) -> Machine:
    """A machine at its prompt, with `f` the whole volume."""
    machine = pool.at_prompt(image, qemu)
    machine.exec(SETUP)
    return machine


def offset(image: Image, block: int = BLOCK) -> int:
    """Where a block of the volume lies in the chip."""
    return boards.load(image.board).filesystem.offset + block * 4096


def test_ioctl_tells_the_geometry(m: Machine, image: Image) -> None:
    volume = boards.load(image.board).filesystem
    assert m.exec("print(f.ioctl(4, 0), f.ioctl(5, 0))") == f"{volume.size // 4096} 4096\n"


def test_erase_reads_back_as_ones_and_takes_the_parts_time(m: Machine, image: Image) -> None:
    """ticks_us around ioctl(6) shows 45 ms, the data sheet's typical sector erase, to 1 %."""
    m.exec(f"f.writeblocks({BLOCK}, bytes(4096))")
    script = f"import time; t = time.ticks_us(); f.ioctl(6, {BLOCK}); print(time.ticks_us() - t)"
    assert float(m.exec(script)) == pytest.approx(45_000, rel=0.01)
    assert m.exec(f"b = bytearray(4096); f.readblocks({BLOCK}, b); print(set(b))") == "{255}\n"
    assert set(m.flash.read(offset(image), 4096)) == {0xFF}


@pytest.mark.parametrize(
    ("at", "length"), [(0, 1), (1, 1), (3, 5), (255, 2), (250, 600), (4095, 1), (13, 4083)]
)
def test_extended_writes_at_odd_places(m: Machine, image: Image, at: int, length: int) -> None:
    """Exactly the bytes asked for change, across pages, whatever the alignment."""
    m.exec(f"f.ioctl(6, {BLOCK})")
    data = bytes(i * 7 + 1 & 0xFF for i in range(length))
    m.exec(f"f.writeblocks({BLOCK}, bytes(i * 7 + 1 & 255 for i in range({length})), {at})")
    expected = b"\xff" * at + data + b"\xff" * (4096 - at - length)
    assert m.flash.read(offset(image), 4096) == expected
    read = f"b = bytearray({length}); f.readblocks({BLOCK}, b, {at}); print(hexlify(b).decode())"
    assert m.exec(read).strip() == data.hex()


def test_simple_writes_erase_first_and_extended_ones_do_not(m: Machine, image: Image) -> None:
    """Programming without erasing ANDs; the three-argument form erases one block."""
    m.exec(f"f.writeblocks({BLOCK}, bytes([0xF0] * 4096))")
    m.exec(f"f.writeblocks({BLOCK}, bytes([0x3C] * 16), 32)")
    assert m.flash.read(offset(image) + 32, 16) == bytes([0x30] * 16)
    m.exec(f"f.writeblocks({BLOCK}, bytes([0x3C] * 4096))")
    assert m.flash.read(offset(image), 4096) == bytes([0x3C] * 4096)


def test_every_way_of_reading_gives_the_same(m: Machine, image: Image, tmp_path: Path) -> None:
    """XIP copy, IP command, the chip's array, the saved file; after a write and after an erase."""
    m.exec(IP_READ)
    m.exec(f"f.writeblocks({BLOCK}, bytes(i * 31 & 255 for i in range(4096)))")
    for action in ("", f"f.ioctl(6, {BLOCK})"):
        m.exec(action)
        script = (
            f"b = bytearray(512); f.readblocks({BLOCK}, b, 100)\n"
            f"print(hexlify(b).decode(), hexlify(ip_read({offset(image) + 100}, 512)).decode())"
        )
        window, command = m.exec(script).split()
        cells = m.flash.read(offset(image) + 100, 512)
        m.flash.save(tmp_path / "chip.bin")
        saved = (tmp_path / "chip.bin").read_bytes()[offset(image) + 100 :][:512]
        assert bytes.fromhex(window) == bytes.fromhex(command) == cells == saved


def test_files_survive_resets_and_a_cold_boot(
    image: Image, qemu: Path | None, tmp_path: Path
) -> None:
    """Soft reset, hard reset, cold boot from the saved file; littlefs-python agrees."""
    chip = tmp_path / "chip.bin"
    read = "print(open('/flash/a.txt').read())"
    with Machine(image.board, firmware=image.require(), flash=chip, qemu=qemu) as m:
        m.exec("open('/flash/a.txt', 'w').write('kept')")
        m.console.write(b"\x04")
        m.console.expect("soft reboot")
        assert m.exec(read) == "kept\n"
        m.reset()
        assert m.exec(read) == "kept\n"
        m.power_cycle()
        assert m.exec(read) == "kept\n"
    volume = boards.load(image.board).filesystem
    assert read_files(bytearray(chip.read_bytes()), volume)["/a.txt"] == b"kept"
    with Machine(image.board, flash=chip, qemu=qemu) as m:
        erases = m.flash.stats.erases
        assert m.exec(read) == "kept\n"
        assert erases == {}, "a second boot formats nothing"


def test_a_file_system_made_by_littlefs_python_is_mounted(
    image: Image, qemu: Path | None, tmp_path: Path
) -> None:
    """The reverse: disk version 2.0, as this firmware's littlefs needs, written from outside."""
    volume = boards.load(image.board).filesystem
    made = LittleFS(
        block_size=4096,
        block_count=volume.size // 4096,
        prog_size=256,
        disk_version=0x0002_0000,
    )
    with made.open("hello.py", "w") as file:
        file.write("print('from outside')")
    size = boards.load(image.board).flash.size
    chip = bytearray(b"\xff" * size)
    chip[volume.offset : volume.offset + volume.size] = made.context.buffer
    (tmp_path / "chip.bin").write_bytes(chip)
    with Machine(
        image.board, firmware=image.require(), flash=tmp_path / "chip.bin", qemu=qemu
    ) as m:
        assert m.exec("import hello") == "from outside\n"


def test_a_cell_that_fails_to_program_goes_unnoticed_by_the_driver(
    m: Machine, image: Image
) -> None:
    """The driver never verifies: success is reported, the data differ, one diagnostic tells."""
    m.exec(f"f.ioctl(6, {BLOCK})")
    m.flash.fail_program(offset(image) + 8, 1)
    before = len(m.report()["diagnostics"])
    m.exec(f"f.writeblocks({BLOCK}, bytes(16), 0)")
    assert m.flash.read(offset(image), 16) == bytes(8) + b"\xff" + bytes(7)
    new = m.report()["diagnostics"][before:]
    assert [(d["rule"], d["address"]) for d in new] == [("program-failed", offset(image) + 8)]


def test_a_protected_block_leaves_one_diagnostic_and_no_error(m: Machine, image: Image) -> None:
    """All blocks protected (BP2-0, written volatile by 50h 01h): program is silently ignored."""
    m.exec(f"f.writeblocks({BLOCK}, bytes([0x55] * 4096))")
    m.exec(LUT_COMMAND)
    m.exec(
        "set_sequence(14, 0x00000450)\n"  # CMD 50h
        "set_sequence(15, 0x20010401)\n"  # CMD 01h, WRITE 1
        "run_sequence(14); run_sequence(15, 0x1C)\n"
    )
    assert m.flash.status["sr1"] & 0x1C == 0x1C
    before = len(m.report()["diagnostics"])
    m.exec(f"f.writeblocks({BLOCK}, bytes(16), 0)")
    assert m.flash.read(offset(image), 16) == bytes([0x55] * 16)
    new = m.report()["diagnostics"][before:]
    assert [d["rule"] for d in new] == ["protected"]


def test_a_chip_that_is_stuck_busy_ends_the_wait_with_the_poll_loop(m: Machine) -> None:
    """The driver polls WIP for ever: the error names the operation and where the core is."""
    m.flash.stuck_busy()
    with pytest.raises(WaitTimeout, match="sector erase") as caught:
        m.exec(f"f.ioctl(6, {BLOCK})", timeout="2s")
    assert caught.value.situation.pc is not None
    assert caught.value.situation.pc < 0x2_0000, "the poll loop runs from ITCM"


def test_an_ip_command_error_is_an_oserror(m: Machine) -> None:
    """An unknown instruction in the LUT's erase sequence (5): the controller refuses it."""
    m.exec(LUT_COMMAND)
    m.exec("set_sequence(5, 0xFC00)")
    with pytest.raises(ReplError) as caught:
        m.exec(f"f.writeblocks({BLOCK}, bytes(4096))")
    assert caught.value.type_name == "OSError"


def test_memoryview_is_the_window_itself(m: Machine, image: Image) -> None:
    """Firmware of 2024 and later: the buffer protocol shows the XIP window, also after a write."""
    if image.name.endswith("v1.18"):
        with pytest.raises(ReplError, match="buffer protocol"):
            m.exec("memoryview(f)")
        return
    m.exec(f"v = memoryview(f); f.writeblocks({BLOCK}, bytes([7] * 4096))")
    assert m.exec(f"print(set(v[{BLOCK} * 4096:{BLOCK} * 4096 + 4096]))") == "{7}\n"
    m.exec(f"f.ioctl(6, {BLOCK})")
    assert m.exec(f"print(set(v[{BLOCK} * 4096:{BLOCK} * 4096 + 4096]))") == "{255}\n"
