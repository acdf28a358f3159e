"""The RT1062's platform description against imxrt.md 1.3 and 1.4, and the boards on top of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from xipsim import platforms
from xipsim.engines.repl import Platform, PlatformError
from xipsim.engines.repl.cache import load
from xipsim.engines.repl.check import check, unmodelled
from xipsim.engines.usermodels import load_models

ROOT = Path(platforms.__file__).resolve().parent
BOARDS = {"TEENSY40": "W25Q16JV-IM", "TEENSY41": "W25Q64JV-IM"}

# name: (address, NVIC lines)
BLOCKS: dict[str, tuple[int, tuple[int, ...]]] = {
    "flexspi": (0x402A8000, (108,)),
    "flexspi2": (0x402A4000, (107,)),
    "ccm": (0x400FC000, ()),
    "ccm_analog": (0x400D8000, ()),
    "dcdc": (0x40080000, ()),
    "gpc": (0x400F4000, ()),
    "src": (0x400F8000, ()),
    "iomuxc": (0x401F8000, ()),
    "iomuxc_gpr": (0x400AC000, ()),
    "iomuxc_snvs": (0x400A8000, ()),
    "iomuxc_snvs_gpr": (0x400A4000, ()),
    "wdog1": (0x400B8000, (92,)),
    "wdog2": (0x400D0000, (45,)),
    "rtwdog": (0x400BC000, (93,)),
    "snvs": (0x400D4000, (46,)),
    "ocotp": (0x401F4000, ()),
    "trng": (0x400CC000, ()),
    "gpt1": (0x401EC000, (100,)),
    "gpt2": (0x401F0000, (101,)),
    "pit": (0x40084000, (122,)),
    "gpio1": (0x401B8000, (80, 81)),
    "gpio2": (0x401BC000, (82, 83)),
    "gpio3": (0x401C0000, (84, 85)),
    "gpio4": (0x401C4000, (86, 87)),
    "gpio5": (0x400C0000, (88, 89)),
    "gpio6": (0x42000000, (157, 157)),
    "gpio9": (0x4200C000, (157, 157)),
    "lpuart1": (0x40184000, (20,)),
    "lpuart8": (0x401A0000, (27,)),
    "pwm1": (0x403DC000, ()),
    "pwm4": (0x403E8000, ()),
    "tmr1": (0x401DC000, ()),
    "tmr4": (0x401E8000, ()),
    "lpi2c1": (0x403F0000, (28,)),
    "lpi2c4": (0x403FC000, (31,)),
    "lpspi1": (0x40394000, (32,)),
    "lpspi4": (0x403A0000, (35,)),
    "adc1": (0x400C4000, (67,)),
    "adc2": (0x400C8000, (68,)),
    "usdhc1": (0x402C0000, (110,)),
    "usdhc2": (0x402C4000, (111,)),
    "semc": (0x402F0000, (109,)),
    "flexram": (0x400B0000, ()),
    "usb1": (0x402E0000, (113,)),
    "usb2": (0x402E0200, (112,)),
    "usbphy1": (0x400D9000, ()),
    "usbphy2": (0x400DA000, ()),
}


@pytest.fixture(scope="module", params=BOARDS)
def board(request: pytest.FixtureRequest) -> Platform:
    return load(ROOT / "boards" / f"{request.param}.repl")


def test_every_type_is_modelled_and_everything_fits(board: Platform) -> None:
    registry = load_models(entry.type for entry in board.entries)
    check(board, registry)
    assert unmodelled(board, registry) == ()


@pytest.mark.parametrize("name", BLOCKS)
def test_address_and_interrupts(board: Platform, name: str) -> None:
    entry = board[name]
    lines = tuple(i.number for i in entry.interrupts if i.destination == "nvic")
    assert (entry.registrations[0].address, lines) == BLOCKS[name]


def test_each_board_has_its_flash_chip_with_quad_enabled(board: Platform) -> None:
    nor = board["nor"]
    assert nor.get("part") == BOARDS[Path(board.files[0]).stem]
    assert nor.get("qe") == 1


def test_ranges_without_a_model_are_named(board: Platform) -> None:
    names = {tag.range.start: tag.name for tag in board.tags}
    assert names[0x40380000] == "SPDIF"
    assert names[0x402FC000] == "DCP"
    blocks = {r.address for entry in board.entries for r in entry.registrations}
    assert not blocks & names.keys()


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("x: Nor.Chip @ lpspi4 0\n    part: \"W25Q64JV\"", "It takes what is SpiDevice."),
        ("x: I2c.Tmp102 @ lpspi4 0", "It takes what is SpiDevice."),
        ("x: Spi.Loopback @ lpi2c1 3", "It takes what is I2cDevice."),
        ("x: I2c.Tmp102 @ lpi2c1 128", "'lpi2c1' has no place 128, only 0 to 127"),
        ("x: Spi.Loopback @ lpspi4 4", "'lpspi4' has no place 4, only 0 to 3"),
    ],
)
def test_what_does_not_belong_on_a_bus_is_told(tmp_path: Path, entry: str, says: str) -> None:
    file = tmp_path / "LAB.repl"
    file.write_text(f'using "{ROOT}/boards/TEENSY41.repl"\n\n{entry}\n')
    platform = load(file)
    registry = load_models(e.type for e in platform.entries)
    with pytest.raises(PlatformError) as caught:
        check(platform, registry)
    assert says in str(caught.value) and "LAB.repl:3" in str(caught.value)
