"""A bare-metal program that checks the flash of the board that it runs on; reports in TAP.

`common/` holds the checks; a folder that is named like a SoC's `.repl` what boots there and drives
its controller. `<soc>.bin` is the image, `<soc>.json` says which compiler made it of which sources
(`build.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from xipsim.firmware.errors import FirmwareError
from xipsim.peripherals.namedtuple import NamedTuple

FOLDER = Path(__file__).parent
CONSOLES = {"ensemble_e7": "uart4", "rt1062": "lpuart1"}
"""The UART on which the program speaks, by SoC."""


class Program(NamedTuple):
    """An image, and the entry of the UART on which it speaks."""

    soc: str
    image: Path
    console: str


def find(platform_files: Iterable[str]) -> Program:
    """The program for a board whose `.repl` these files make up; FirmwareError if there is none."""
    for soc in (Path(file).stem for file in platform_files):
        if soc in CONSOLES:
            return Program(soc=soc, image=FOLDER / f"{soc}.bin", console=CONSOLES[soc])
    raise FirmwareError(f"flashcheck is only there for {', '.join(CONSOLES)}")
