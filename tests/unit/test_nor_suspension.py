"""Suspended operations, the write enable latch, security registers: edges of the W25Q's sheet."""

from __future__ import annotations

import pytest
from nor_bus import Master, quad_read

US = 1e-3
"""Of Master.wait, which takes ms."""


def erasing() -> Master:
    chip = Master(qe=1)
    chip(0x06)
    chip(0x20, address=0x1000)
    return chip


def test_nothing_is_served_natively_while_an_erase_is_suspended() -> None:
    """Part of the array then reads undefined: the model must see each read."""
    chip = erasing()
    read = quad_read(0, 4, mode=0xFF, mode_bits=8, mode_lanes=4, dummy=4)
    assert chip.chip.reads_array(read) is False
    chip.wait(1)
    chip(0x75)
    chip.wait(100 * US)
    assert chip.sr() & 1 == 0, "suspended, not busy"
    assert chip.chip.reads_array(read) is False
    chip(0x7A)
    chip.wait(100)
    assert chip.chip.reads_array(read)


def test_a_suspend_that_comes_too_late_changes_nothing() -> None:
    """The erase takes 45 ms, the suspend 20 us: what ends before it is not suspended."""
    chip = erasing()
    chip.wait(44.99)
    chip(0x75)
    chip.wait(20 * US)
    assert chip.chip.status()["suspended"] is None
    assert chip.sr(0x35) & 0x80 == 0
    assert chip.sr() == 0


def test_power_down_leaves_the_write_enable_latch_alone() -> None:
    """It is not among what the sheet says clears WEL."""
    chip = Master()
    chip(0x06)
    chip(0xB9)
    chip.wait(1)
    chip(0xAB)
    chip.wait(1)
    assert chip.sr() & 2


@pytest.mark.parametrize("address", [0x1100, 0x0000, 0x4000, 0x2F00])
def test_a_security_register_answers_at_its_own_256_bytes_only(address: int) -> None:
    """A15-12 name the register, A11-8 are 0."""
    chip = Master()
    chip(0x48, address=address, dummy=8, read=1)
    assert chip.rules() == ["security-address"]
    chip(0x48, address=0x10FF, dummy=8, read=1)
    assert chip.rules() == []


def test_a_chip_erase_cannot_be_suspended() -> None:
    """W25QxxJV sheet, "Erase / Program Suspend": not during chip erase."""
    chip = Master(qe=1)
    chip(0x06)
    chip(0xC7)
    chip.wait(1)
    chip(0x75)
    chip.wait(1)
    assert chip.sr() & 1, "it goes on"
    assert chip.chip.status()["suspended"] is None
    assert chip.rules() == ["suspend"]
