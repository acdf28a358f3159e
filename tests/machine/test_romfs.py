"""ROMFS in the flash: written by the firmware to its partition, mounted at the next start."""

from __future__ import annotations

from pathlib import Path

import pytest
from images import TEENSYS
from mpremote.romfs import make_romfs

from xipsim import Machine

IMAGE = TEENSYS[2]
WRITE = """
import vfs
partition = vfs.rom_ioctl(2, 0)
image = {image!r}
for block in range((len(image) + 4095) // 4096):
    partition.writeblocks(block, image[block * 4096:(block + 1) * 4096])
"""


def test_a_romfs_is_mounted_and_read_in_place(
    tmp_path: Path, qemu: Path | None, capfd: pytest.CaptureFixture[str]
) -> None:
    """Text comes back, code runs, and a file's memory is the XIP window itself."""
    (tmp_path / "hello.py").write_text("print('from ROM')\n")
    (tmp_path / "data.txt").write_text("read in place" * 500)
    image = make_romfs(str(tmp_path), mpy_cross=None)
    capfd.readouterr()  # what mpremote prints about it
    with Machine(IMAGE.board, firmware=IMAGE.require(), qemu=qemu) as m:
        m.exec(WRITE.format(image=image))
        m.reset()
        assert m.exec("import hello") == "from ROM\n"
        assert m.exec("print(open('/rom/data.txt').read() == 'read in place' * 500)") == "True\n"
        found = m.exec(
            "import uctypes\nprint(uctypes.addressof(memoryview(open('/rom/data.txt', 'rb'))))"
        )
        window, chip = 0x6000_0000, m.flash.read(0, 0x10_0000)
        assert chip[int(found) - window :].startswith(b"read in place")
