"""Unmodified MicroPython on the Alif Ensemble: boot, MRAM, the Secure Enclave's services."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from images import ALIF
from patience import HANGS

from xipsim import platforms
from xipsim.engines.api import Goal, MachineConfig, StopReason
from xipsim.engines.link.engine import ChildEngine
from xipsim.engines.programs import open_engine
from xipsim.firmware import boards, images
from xipsim.peripherals.core import Gap
from xipsim.peripherals.core.trace import Repeated

BOARD = "ALIF_ENSEMBLE"
FACTS = boards.load(BOARD)
MRAM, MRAM_SIZE = 0x8000_0000, 0x58_0000  # alif.md 1.1
ROMFS = 0x8047_E000
UID = "0221e59d24"  # alif.md 6.4
PROMPT = b">>> "
PATIENCE = 20 * 10**9


class Board:
    """The board, at its UART."""

    def __init__(self, engine: ChildEngine) -> None:
        self.engine = engine
        self.gaps: list[str] = []
        engine.subscribe(self._received)

    def _received(self, kind: str, value: Any) -> None:
        if kind == "events":
            found = [e.event for e in value if isinstance(e, Repeated)]
            self.gaps += [f"{e.source}: {e.what}" for e in found if isinstance(e, Gap)]

    def prompt(self) -> str:
        stop = self.engine.run(
            Goal(pattern=PROMPT, console="uart4", until=self.engine.now + PATIENCE, wall=HANGS)
        )
        assert stop.reason is StopReason.MATCH
        return stop.consumed.decode()

    def type(self, line: str) -> str:
        """What the REPL prints after the echo of `line`."""
        self.engine.request("type", "uart4", line.encode() + b"\r")
        return self.prompt().partition("\r\n")[2].removesuffix(f"\r\n{PROMPT.decode()}")


@contextmanager
def running(qemu: Path | None, *, change: int | None = None) -> Iterator[Board]:
    """The board with its image; the byte at `change` before the end of MRAM inverted."""
    mram = bytearray(b"\xff" * MRAM_SIZE)
    for offset, data in images.load(ALIF.require()).placed(MRAM, MRAM_SIZE):
        mram[offset : offset + len(data)] = data
    if change is not None:
        mram[-change] ^= 0xFF
    engine = open_engine(
        MachineConfig(
            platform=platforms.find(BOARD), overrides={"se": {"uid": UID}}, program=qemu
        )
    )
    try:
        engine.build({"mram": bytes(mram)})
        yield Board(engine)
    finally:
        engine.close()


def test_it_boots_to_the_prompt_from_its_package(qemu: Path | None) -> None:
    with running(qemu) as board:
        banner = board.prompt()
        assert "Alif Ensemble DevKit with AE722F80F55D5XX" in banner
        assert board.type("1 + 1") == "2"
        assert not [gap for gap in board.gaps if gap.startswith(("se", "rtss", "bootrom"))]


def test_the_secure_enclave_serves_across_resets(qemu: Path | None) -> None:
    draw = "import machine, os; machine.unique_id().hex(), os.urandom(8).hex()"
    seen = []
    with running(qemu) as board:
        board.prompt()
        for reset in ("machine.soft_reset()", "machine.reset()", "1"):
            answer = re.fullmatch(r"\('(\w+)', '(\w{16})'\)", board.type(draw))
            assert answer
            assert answer[1] == UID + "000000"
            seen.append(answer[2])
            board.type(reset)
        assert "AE722F80F55D5LS" in board.type("import alif; alif.info()")
    assert len(set(seen)) == 3


def test_a_romfs_in_mram_outlives_reset_and_power(qemu: Path | None) -> None:
    with running(qemu) as board:
        board.prompt()
        assert board.type("import vfs; vfs.rom_ioctl(3, 1, 4096)") == "16"
        assert board.type("vfs.rom_ioctl(4, 1, 0, b'sixteen bytes...')") == "0"
        for power in (False, True):
            board.engine.reset(power=power)
            board.prompt()
            text = board.type("import vfs; bytes(vfs.rom_ioctl(2, 1)[:16])")
            assert text == "b'sixteen bytes...'"
        assert board.engine.read_memory(ROMFS, 16) == b"sixteen bytes..."


def test_an_atoc_with_a_bad_checksum_starts_nothing(qemu: Path | None) -> None:
    with running(qemu, change=0x20) as board:
        stop = board.engine.run(Goal(until=10**6))
        assert stop.reason is StopReason.BOOT_FAILED
        assert "bad checksum" in stop.detail["why"]
