"""machine.SDCard of the Teensy 4.1: its slot empty, and with a card that a file holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from images import Image, teensy41s

from xipsim import Machine, UserError, platforms

pytestmark = teensy41s

MB = 1 << 20
OPEN = "import machine, os; s = machine.SDCard(1)"


@pytest.fixture
def board(image: Image, tmp_path: Path) -> str:
    """A Teensy with a card of 4 MB, kept in card.img beside it."""
    boards = Path(platforms.__file__).resolve().parent / "boards"
    text = f'using "{boards / image.board}.repl"\n\ncard: Sd.Card @ usdhc1 0\n'
    board = tmp_path / "LAB.repl"
    board.write_text(f'{text}    size: 0x400000\n    file: "card.img"\n')
    return str(board)


def machine(board: str, image: Image, qemu: Path | None, discard: bool = False) -> Machine:
    return Machine(board, firmware=image.require(), qemu=qemu, discard=discard)


def test_an_empty_slot_gives_the_drivers_errors(m: Machine) -> None:
    m.exec(OPEN)
    assert m.exec("print(s.present(), s.info(), s.ioctl(1, 0))") == "False None -5\n"
    assert m.exec("print(s.readblocks(0, bytearray(512)))") == "-5\n"
    m.exec("s.deinit()")


def test_blocks_go_through_dma_and_through_the_port(
    image: Image, qemu: Path | None, board: str
) -> None:
    """The driver uses DMA where buffers are aligned; newer images only to lines of the cache."""
    with machine(board, image, qemu) as m:
        m.exec(OPEN)
        assert m.exec("print(s.present(), s.ioctl(1, 0), s.info())") == f"True 0 ({4 * MB}, 512)\n"
        m.exec("b = bytes(i * 7 & 255 for i in range(1536)); r = bytearray(1537)")
        m.exec("v = memoryview(r)")
        for start in (0, 1):
            # The driver wants a buffer that can be written, to write it as well.
            script = f"x = memoryview(bytearray({start}) + b)[{start}:]; y = v[{start}:][:1536]\n"
            script += "print(s.writeblocks(5, x), s.readblocks(5, y), y == b)"
            assert m.exec(script) == "0 0 True\n"
        assert m.exec("print(s.readblocks(8192, v[:512]))") == "-5\n"
        assert m.call("card", "contents")[5 * 512 : 6 * 512] == bytes(
            i * 7 & 255 for i in range(512)
        )
        assert m.report()["gaps"] == []


def test_a_file_system_outlives_the_machine(
    image: Image, qemu: Path | None, board: str, tmp_path: Path
) -> None:
    with machine(board, image, qemu) as m:
        m.exec(f"{OPEN}; os.VfsFat.mkfs(s); os.mount(s, '/card')")
        m.exec("f = open('/card/a.txt', 'w'); f.write('kept'); f.close()")
    kept = (tmp_path / "card.img").read_bytes()
    assert len(kept) == 4 * MB and b"kept" in kept
    with machine(board, image, qemu, discard=True) as m:
        # Images that mount a card at boot name it /sdcard.
        m.exec(f"{OPEN}\nif 'sdcard' in os.listdir('/'): os.umount('/sdcard')")
        assert m.exec("os.mount(s, '/card'); print(open('/card/a.txt').read())") == "kept\n"
        m.exec("os.remove('/card/a.txt')")
    assert (tmp_path / "card.img").read_bytes() == kept, "only read, with discard"


def test_a_file_of_another_size_is_refused(
    image: Image, qemu: Path | None, board: str, tmp_path: Path
) -> None:
    (tmp_path / "card.img").write_bytes(bytes(MB))
    with pytest.raises(UserError, match=r"card.img: .*1048576"):
        machine(board, image, qemu)
