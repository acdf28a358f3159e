"""The block device of unmodified firmware against the chip behind it."""

from __future__ import annotations

from pathlib import Path

import pytest
from images import Image, every_board
from pool import Options, Pool

from xipsim import Machine
from xipsim.errors import WaitTimeout

pytestmark = [every_board, pytest.mark.every_engine]
BLOCK = 200
"""A block of the file system's volume, far from what the firmware has written by itself."""
SIZE = 4096

SETUP = """
from binascii import hexlify
f = Flash()
def show(block, length, offset=0):
    b = bytearray(length)
    f.readblocks(block, b, offset)
    print(hexlify(b).decode())
"""


@pytest.fixture
def m(pool: Pool, image: Image, engine: Options) -> Machine:
    """A machine at its prompt, with `f` the whole volume."""
    machine = pool.at_prompt(image, engine)
    machine.exec(image.facts.flash + SETUP)
    return machine


def offset(image: Image, block: int = BLOCK) -> int:
    """Where a block of the volume lies in the chip."""
    return image.facts.volume + block * SIZE


@pytest.mark.essential
def test_every_ioctl(m: Machine, image: Image) -> None:
    """1 to 3 do nothing, 4 and 5 tell the geometry; what the driver does not know gives None."""
    assert m.exec("print([f.ioctl(n, 0) for n in (0, 1, 2, 3, 4, 5, 7, -1)])") == (
        f"[None, 0, 0, 0, {image.facts.blocks}, {SIZE}, None, None]\n"
    )


@pytest.mark.essential
def test_erase_reads_back_as_ones_and_takes_the_parts_time(m: Machine, image: Image) -> None:
    """ticks_us around ioctl(6) shows the data sheet's typical sector erase, to 1 %."""
    m.exec(f"f.writeblocks({BLOCK}, bytes({SIZE}))")
    script = f"t = time.ticks_us(); n = f.ioctl(6, {BLOCK}); print(time.ticks_us() - t, n)"
    took, said = map(int, m.exec(f"import time; {script}").split())
    assert took == pytest.approx(image.facts.erase_ms * 1000, rel=0.01)
    assert said == 0
    assert m.exec(f"b = bytearray({SIZE}); f.readblocks({BLOCK}, b); print(set(b))") == "{255}\n"
    assert set(m.flash.read(offset(image), SIZE)) == {0xFF}


def test_extended_writes_at_odd_places(m: Machine, image: Image) -> None:
    """Exactly the bytes asked for change, across pages and into the next block."""
    for at, length in image.facts.extended_writes:
        m.exec(f"f.ioctl(6, {BLOCK}); f.ioctl(6, {BLOCK + 1})")
        data = bytes(i * 7 + 1 & 0xFF for i in range(length))
        script = f"bytes(i * 7 + 1 & 255 for i in range({length}))"
        assert m.exec(f"print(f.writeblocks({BLOCK}, {script}, {at}))") == "0\n"
        expected = (b"\xff" * at + data).ljust(2 * SIZE, b"\xff")
        assert m.flash.read(offset(image), 2 * SIZE) == expected, (at, length)
        assert m.exec(f"show({BLOCK}, {length}, {at})").strip() == data.hex()


def test_simple_writes_erase_first_and_extended_ones_do_not(m: Machine, image: Image) -> None:
    """Programming without erasing ANDs."""
    m.exec(f"f.writeblocks({BLOCK}, bytes([0xF0] * {SIZE}))")
    m.exec(f"f.writeblocks({BLOCK}, bytes([0x3C] * 16), 32)")
    assert m.flash.read(offset(image) + 32, 16) == bytes([0x30] * 16)
    m.exec(f"f.writeblocks({BLOCK}, bytes([0x3C] * {SIZE}))")
    assert m.flash.read(offset(image), SIZE) == bytes([0x3C] * SIZE)


def test_which_blocks_a_simple_write_erases(m: Machine, image: Image) -> None:
    """What is not erased is ANDed: F0h on 0Fh leaves zeros."""
    begin = offset(image)
    for length, count in image.facts.erased_by_write.items():
        m.flash.erase(begin, 3 * SIZE)
        m.flash.program(begin, b"\x0f" * 3 * SIZE)
        before = m.flash.stats.erases
        assert m.exec(f"print(f.writeblocks({BLOCK}, bytes([0xF0]) * {length}))") == "0\n"
        after = m.flash.stats.erases
        erased = {sector for sector in after if after[sector] > before.get(sector, 0)}
        assert erased == {begin // SIZE + n for n in range(count)}, length
        cells = bytearray(b"\xff" * count * SIZE + b"\x0f" * (3 - count) * SIZE)
        cells[:length] = bytes(cell & 0xF0 for cell in cells[:length])
        assert m.flash.read(begin, 3 * SIZE) == cells, length


def test_every_way_of_reading_gives_the_same(m: Machine, image: Image, tmp_path: Path) -> None:
    """The window, a command, the chip's array, the saved file; after a write and after an erase."""
    m.exec(image.facts.read_command)
    m.exec(f"f.writeblocks({BLOCK}, bytes(i * 31 & 255 for i in range({SIZE})))")
    begin = offset(image) + 100
    for action in ("", f"f.ioctl(6, {BLOCK})"):
        m.exec(action)
        script = f"show({BLOCK}, 512, 100); print(hexlify(read_command({begin}, 512)).decode())"
        window, command = m.exec(script).split()
        cells = m.flash.read(begin, 512)
        m.flash.save(tmp_path / "chip.bin")
        with (tmp_path / "chip.bin").open("rb") as saved:
            saved.seek(begin)
            assert bytes.fromhex(window) == bytes.fromhex(command) == cells == saved.read(512)


def test_files_survive_resets_and_a_cold_boot(
    image: Image, engine: Options, tmp_path: Path
) -> None:
    """Soft reset, hard reset, cold boot from the saved file; another implementation agrees."""
    chip = tmp_path / "chip.bin"
    read = "print(len(open('/flash/a.txt').read()))"
    with Machine(image.board, firmware=image.require(), flash=chip, **engine) as m:
        m.exec("with open('/flash/a.txt', 'w') as file: file.write('kept' * 5000)")
        m.console.write(b"\x04")
        m.console.expect("soft reboot")
        assert m.exec(read) == "20000\n"
        m.reset()
        assert m.exec(read) == "20000\n"
        m.power_cycle()
        assert m.exec(read) == "20000\n"
    with chip.open("rb") as saved:
        saved.seek(image.facts.volume)
        files = image.facts.read_volume(saved.read(image.facts.blocks * SIZE))
    assert files["a.txt"] == b"kept" * 5000
    firmware = image.require() if "a boot from flash" in image.facts.lacks else None
    with Machine(image.board, firmware=firmware, flash=chip, discard=True, **engine) as m:
        assert m.exec(read) == "20000\n"
        assert m.flash.stats.erases == {}, "a second boot formats nothing"


def test_a_file_system_made_by_another_implementation_is_mounted(
    m: Machine, image: Image
) -> None:
    volume = image.facts.make_volume("hello.py", b"print('from outside')")
    m.flash.erase(image.facts.volume, len(volume))
    m.flash.program(image.facts.volume, volume.rstrip(b"\xff"))
    m.reset()
    assert m.exec("import hello") == "from outside\n"


@pytest.mark.needs("undone wear")
def test_a_cell_that_fails_to_program_goes_unnoticed_by_the_driver(
    m: Machine, image: Image
) -> None:
    """The driver never verifies: success is reported, the data differ, one diagnostic tells."""
    m.exec(f"f.ioctl(6, {BLOCK})")
    m.flash.fail_program(offset(image) + 8, 1)
    before = len(m.report()["diagnostics"])
    assert m.exec(f"print(f.writeblocks({BLOCK}, bytes(16), 0))") == "0\n"
    assert m.flash.read(offset(image), 16) == bytes(8) + b"\xff" + bytes(7)
    new = m.report()["diagnostics"][before:]
    assert [(d["rule"], d["address"]) for d in new] == [("program-failed", offset(image) + 8)]


def test_a_chip_that_is_stuck_busy_ends_the_wait_with_the_poll_loop(
    m: Machine, image: Image
) -> None:
    """The driver polls WIP for ever: the error names the operation and where the core is."""
    m.flash.stuck_busy()
    with pytest.raises(WaitTimeout, match=r"busy with sector erase 4K .* for ever") as caught:
        m.exec(f"f.ioctl(6, {BLOCK})", timeout="2s")
    assert caught.value.situation.pc in image.facts.poll_loop


@pytest.mark.essential
@pytest.mark.needs("a buffer of the flash")
def test_memoryview_is_the_window_itself(m: Machine, image: Image) -> None:
    """Also after a write and after an erase; it cannot be written through."""
    m.exec(f"v = memoryview(f); f.writeblocks({BLOCK}, bytes([7] * {SIZE}))")
    assert m.exec(f"print(set(v[{BLOCK} * {SIZE}:{BLOCK + 1} * {SIZE}]))") == "{7}\n"
    m.exec(f"f.ioctl(6, {BLOCK})")
    assert m.exec(f"print(set(v[{BLOCK} * {SIZE}:{BLOCK + 1} * {SIZE}]))") == "{255}\n"
    address = "import uctypes; print(uctypes.addressof(v))"
    assert m.exec(address) == f"{image.facts.window + image.facts.volume}\n"
    refused = "try:\n v[0] = 0\nexcept TypeError:\n print('read-only')"
    assert m.exec(refused) == "read-only\n"
