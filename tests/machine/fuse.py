"""A model of a user's that raises, and a board with it, as files of the user's."""

from __future__ import annotations

MODEL = '''
from xipsim.peripherals.core import Peripheral, Register, model


@model("Lab.Fuse")
class Fuse(Peripheral):
    """Does not like what is written to it."""

    SIZE = 0x10
    A = Register(0)

    @A.on_write
    def _write(self, value: int) -> None:
        raise ValueError(f"no such value {value}")
'''
BOARD = 'using "platforms/boards/TEENSY41.repl"\n\nfuse: Lab.Fuse @ sysbus 0x90000000\n'
"""For a folder in which the model is `fuse.py`, and this any file."""
