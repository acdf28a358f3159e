"""The Ensemble E7's platform description against alif.md 1 and 7.10, and the board on top of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from xipsim import platforms
from xipsim.engines.repl import Platform
from xipsim.engines.repl.cache import load
from xipsim.engines.repl.check import check, unmodelled
from xipsim.engines.usermodels import load_models

# name: (address, NVIC lines)
BLOCKS: dict[str, tuple[int, tuple[int, ...]]] = {
    "ospi0": (0x83000000, (96,)),
    "ospi1": (0x83002000, (97,)),
    "aes0": (0x83001000, (98,)),
    "aes1": (0x83003000, (99,)),
    "se_mhu": (0x40040000, (37, 38)),
    "rtss_mhu": (0x40080000, (41, 42)),
    "hwsem": (0x4902E000, tuple(range(105, 121))),
    "host_base": (0x1A010000, ()),
    "refclk": (0x1A200000, ()),
    "refclk_read": (0x1A210000, ()),
    "s32k": (0x1A400000, ()),
    "s32k_read": (0x1A410000, ()),
    "cgu": (0x1A602000, ()),
    "pinmux": (0x1A603000, ()),
    "aon": (0x1A604000, ()),
    "vbat": (0x1A609000, ()),
    "ana": (0x1A60A000, ()),
    "wdt": (0x40100000, ()),
    "lpgpio": (0x42002000, (57, *range(171, 179))),
    "lpgpio_pads": (0x42007000, ()),
    "gpio0": (0x49000000, tuple(range(179, 187))),
    "gpio12": (0x4900C000, tuple(range(275, 283))),
    "gpio14": (0x4900E000, tuple(range(291, 299))),
    "utimer": (0x48000000, tuple(range(377, 473))),
    "lprtc": (0x42000000, (58,)),
    "lptimer": (0x42001000, (60, 61, 62, 63)),
    "uart0": (0x49018000, (124,)),
    "uart4": (0x4901C000, (128,)),
    "uart7": (0x4901F000, (131,)),
    "usb": (0x48200000, (101,)),
    "i2c0": (0x49010000, (132,)),
    "i2c3": (0x49013000, (135,)),
    "spi0": (0x48103000, (137,)),
    "spi3": (0x48106000, (140,)),
    "lpspi": (0x43000000, ()),
    "adc120": (0x49020000, (151, 154, 157, 160)),
    "adc122": (0x49022000, (153, 156, 159, 162)),
    "cmp0": (0x49023000, ()),
    "canfd": (0x49036000, (104,)),
    "backup": (0x4902C000, ()),
    "clkctl_per_slv": (0x4902F000, ()),
    "clkctl_per_mst": (0x4903F000, ()),
}

# name: (size, addresses)
MEMORIES: dict[str, tuple[int, set[int]]] = {
    "itcm": (256 << 10, {0x50000000, 0x0, 0x01000000}),
    "dtcm": (1 << 20, {0x50800000, 0x20000000, 0x21000000}),
    "sram0": (4 << 20, {0x02000000}),
    "sram1": (2560 << 10, {0x08000000}),
    "mram": (5632 << 10, {0x80000000}),
}


@pytest.fixture(scope="module")
def board() -> Platform:
    return load(platforms.find("ALIF_ENSEMBLE"))


def test_every_type_is_modelled_and_everything_fits(board: Platform) -> None:
    registry = load_models(entry.type for entry in board.entries)
    check(board, registry)
    assert unmodelled(board, registry) == ()


@pytest.mark.parametrize("name", BLOCKS)
def test_address_and_interrupts(board: Platform, name: str) -> None:
    entry = board[name]
    lines = tuple(sorted(i.number for i in entry.interrupts if i.destination == "nvic"))
    assert (entry.registrations[0].address, lines) == BLOCKS[name]


LARGER = {"utimer": 0x11000, "usb": 0x10000, "se_mhu": 0x11000, "rtss_mhu": 0x11000}
"""UTIMER: a page for all channels and one for each; MHU: a receiver, and its sender 64 KB above."""


def test_sizes_of_blocks(board: Platform) -> None:
    """alif.md 1.2: 0x1000 each. What a block does not take is the next one's, or nobody's."""
    registry = load_models(entry.type for entry in board.entries)
    entries = [e for e in board.entries if e.type.startswith(("Alif.", "Arm."))]
    sizes = {e.name: getattr(registry[e.type], "SIZE", None) for e in entries if e.registrations}
    expected = {name: LARGER.get(name, 0x1000) for name, size in sizes.items() if size}
    assert {name: size for name, size in sizes.items() if size} == expected
    assert expected.keys() >= BLOCKS.keys()


@pytest.mark.parametrize("name", MEMORIES)
def test_memories_and_their_views(board: Platform, name: str) -> None:
    entry = board[name]
    assert (entry.get("size"), {r.address for r in entry.registrations}) == MEMORIES[name]


def test_the_devkit_has_its_flash_chip_on_ospi1(board: Platform) -> None:
    (registration,) = board["nor"].registrations
    assert (registration.parent, registration.number) == ("ospi1", 0)
    wires = [(str(i.source), i.destination) for i in board["lpgpio"].interrupts]
    assert ("7", "nor") in wires, "P15_7 is RESET#"


def test_it_is_one_description_file_for_the_soc(board: Platform) -> None:
    assert [Path(file).name for file in board.files] == ["ALIF_ENSEMBLE.repl", "ensemble_e7.repl"]


def test_ranges_without_a_model_are_named(board: Platform) -> None:
    names = {tag.range.start: tag.name for tag in board.tags}
    assert names[0x43001000] == "LPI2S" and names[0x400C0000] == "DMA1"
    blocks = {r.address for entry in board.entries for r in entry.registrations}
    assert not blocks & names.keys()
