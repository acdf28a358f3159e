"""The boards' flash suites as one piece of work: each test after the other, on one machine."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import test_alif_flash
import test_block_device
import test_mimxrt_flash
from images import Image

from xipsim import Machine

Test = Callable[..., None]
TELLS_TIME = test_block_device.test_erase_reads_back_as_ones_and_takes_the_parts_time
"""It prints microseconds, in which engines may differ."""
WEARS = test_block_device.test_a_cell_that_fails_to_program_goes_unnoticed_by_the_driver
"""It leaves a cell that stays broken: the last one."""


def flash_suite(image: Image) -> Callable[[Machine], None]:
    """Work that runs each test of the block device, and of the board's driver, from power-on.

    Those that make machines of their own, or wait for a time-out in real time, are left out.
    """
    driver = test_alif_flash if image.board == "ALIF_ENSEMBLE" else test_mimxrt_flash
    tests = [(driver.SETUP, test) for test in _tests(driver, image)]
    any_driver = image.facts.flash + test_block_device.SETUP
    others = (test for test in _tests(test_block_device, image) if test not in (TELLS_TIME, WEARS))
    tests += [(any_driver, test) for test in others]

    def run(machine: Machine) -> None:
        known = {"m": machine, "image": image}
        for setup, test in [*tests, (any_driver, WEARS)]:
            machine.exec(setup)
            test(**{name: known[name] for name in inspect.signature(test).parameters})
            machine.power_cycle()
        machine.exec("")

    return run


def _tests(module: ModuleType, image: Image) -> Iterator[Test]:
    functions: list[Any] = [getattr(module, name) for name in vars(module)]
    for function in functions:
        if not getattr(function, "__name__", "").startswith("test_"):
            continue
        marks = getattr(function, "pytestmark", [])
        lacking = any(mark.name == "needs" and mark.args[0] in image.facts.lacks for mark in marks)
        if set(inspect.signature(function).parameters) <= {"m", "image"} and not lacking:
            yield function
