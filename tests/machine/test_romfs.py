"""ROMFS in the flash: written by the firmware to its partition, mounted at the next start."""

from __future__ import annotations

from pathlib import Path

import pytest
from images import Image
from mpremote.romfs import make_romfs

from xipsim import Machine


@pytest.mark.needs("ROMFS")
def test_a_romfs_is_mounted_and_read_in_place(
    m: Machine, image: Image, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Text comes back, code runs, and a file's memory is the XIP window itself."""
    (tmp_path / "hello.py").write_text("print('from ROM')\n")
    (tmp_path / "data.txt").write_text("read in place" * 500)
    partition = make_romfs(str(tmp_path), mpy_cross=None)
    capfd.readouterr()  # what mpremote prints about it
    m.exec(f"image = {partition!r}\n{image.facts.write_romfs}")
    m.reset()
    assert m.exec("import hello") == "from ROM\n"
    assert m.exec("print(open('/rom/data.txt').read() == 'read in place' * 500)") == "True\n"
    address = "uctypes.addressof(memoryview(open('/rom/data.txt', 'rb')))"
    found = int(m.exec(f"import uctypes; print({address})")) - image.facts.window
    assert m.flash.read(found, 13) == b"read in place"
