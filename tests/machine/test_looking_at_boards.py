"""Looking at a machine from outside does not change its run."""

from __future__ import annotations

from typing import Any

import pytest
from images import TEENSY41S, parameters

from xipsim import Machine

ERASE = "import mimxrt; f = mimxrt.Flash(); f.ioctl(6, 200)\r"
"""Block 200 of the file system, which begins at 1 MB: 0x1C8000 of the chip."""
ERASED = 0x6000_0000 + 0x10_0000 + 200 * 4096


def erased(m: Machine, *, looks: bool) -> Any:
    """An erase at the prompt, with looks at the chip's window and at its controller meanwhile."""
    commands: list[str] = []
    m.trace(lambda command: commands.append(command.name))
    m.console.write(ERASE)
    seen = 0
    while not m.flash.status["busy"]:
        m.run_for("100us")
    while m.flash.status["busy"]:
        if looks:
            m.read_memory(ERASED, 64)
            m.read_memory(0x402A_8000, 0x100)
            seen += 1
        m.run_for("1ms")
    m.console.expect(">>> ")
    assert bool(seen) == looks
    return commands, m.report()["diagnostics"], m.report()["gaps"], m.now, m.registers()


@pytest.mark.parametrize("image", parameters(TEENSY41S))
def test_a_look_at_the_window_of_a_busy_chip_is_no_access_of_the_firmware(m: Machine) -> None:
    """The firmware is not blamed for it, no command is counted, and no time passes."""
    saved = m.snapshot()
    expected = erased(m, looks=False)
    m.restore(saved)
    assert erased(m, looks=True) == expected


@pytest.mark.parametrize("image", parameters(TEENSY41S))
def test_the_window_shows_the_cells(m: Machine) -> None:
    assert m.read_memory(0x6000_0000, 0x80_0000) == m.flash.read()
