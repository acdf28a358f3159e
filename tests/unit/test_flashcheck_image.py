"""The built flashcheck images: their boot headers, and that they are what the sources give."""

from __future__ import annotations

import hashlib
import json
import struct

import pytest

from xipsim.firmware.flashcheck import CONSOLES, FOLDER, build

FLASH = 0x6000_0000
MRAM = 0x8002_0000
LIMIT = 0x8000


@pytest.fixture(params=CONSOLES)
def soc(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def facts(soc: str) -> dict[str, str]:
    loaded: dict[str, str] = json.loads((FOLDER / f"{soc}.json").read_text())
    return loaded


def test_size(soc: str) -> None:
    assert 0x1000 < (FOLDER / f"{soc}.bin").stat().st_size < LIMIT


def test_image_is_the_one_described(soc: str) -> None:
    image = (FOLDER / f"{soc}.bin").read_bytes()
    assert hashlib.sha256(image).hexdigest() == facts(soc)["image"]


def test_image_is_of_these_sources(soc: str) -> None:
    assert build.sources_hash(soc) == facts(soc)["sources"], (
        "the sources have changed: python -m xipsim.firmware.flashcheck.build"
    )


def test_rebuilding_gives_the_same_bytes(soc: str) -> None:
    compiler = build.compiler_version()
    if compiler is None:
        pytest.skip("no arm-none-eabi-gcc: flashcheck is not rebuilt")
    if compiler != facts(soc)["compiler"]:
        pytest.skip(f"{compiler} is not {facts(soc)['compiler']}: flashcheck is not rebuilt")
    assert build.build(soc) == (FOLDER / f"{soc}.bin").read_bytes()


def test_no_path_gets_into_the_image(soc: str) -> None:
    assert str(FOLDER).encode() not in (FOLDER / f"{soc}.bin").read_bytes()


def test_ensemble_e7_vectors() -> None:
    """As the Secure Enclave starts it: MSP in DTCM, reset in the HP application's MRAM."""
    image = (FOLDER / "ensemble_e7.bin").read_bytes()
    stack, reset = struct.unpack_from("<2I", image)
    assert stack in range(0x2000_0000, 0x2010_0001)
    assert reset & 1
    assert MRAM < reset < MRAM + len(image)


def test_rt1062_headers() -> None:
    """As the boot ROM reads them: i.MX RT1060 reference manual, System Boot."""
    image = (FOLDER / "rt1062.bin").read_bytes()
    assert image[:8] == b"FCFB" + bytes.fromhex("00040156")
    assert image[0x44] == 1, "serial NOR"
    header, entry, _, dcd, boot_data, here = struct.unpack_from("<6I", image, 0x1000)
    assert header.to_bytes(4, "little") == bytes.fromhex("d1002041")
    assert (dcd, here) == (0, FLASH + 0x1000)
    start, length, plugin = struct.unpack_from("<3I", image, boot_data - FLASH)
    assert (start, length, plugin) == (FLASH, len(image), 0)
    stack, reset = struct.unpack_from("<2I", image, entry - FLASH)
    assert stack == 0x2002_0000
    assert reset & 1
    assert FLASH + 0x1000 < reset < FLASH + len(image)
