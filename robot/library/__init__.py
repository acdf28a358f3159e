"""Robot Framework keywords for boards in simulation: `Library  xipsim.robot`; see docs/robot.md."""

from __future__ import annotations

from typing import Any

from xipsim.version import __version__

from .board import BoardKeywords
from .emulation import Emulation
from .failure import REPEAT, describe
from .flash import FlashKeywords
from .renode import RenodeKeywords
from .uart import UartKeywords


class XipsimLibrary(RenodeKeywords, UartKeywords, BoardKeywords, FlashKeywords):
    """Boots MicroPython boards in simulation, with Renode's keywords and some of xipsim's own.

    | *** Settings ***
    | Library          xipsim.robot
    | Test Teardown    Reset Emulation
    |
    | *** Test Cases ***
    | The Prompt Answers
    |     Create Board               TEENSY41
    |     Create Terminal Tester     pc
    |     Wait For Prompt On Uart    >>>
    |     Write Line To Uart         print(6 * 7)
    |     Wait For Line On Uart      42
    |     ${erased}=    Run At REPL    from mimxrt import Flash    print(Flash().ioctl(6, 200))
    |     Should Be Equal    ${erased}    0

    All times are virtual: the board's. They pass only while a keyword waits for something, and the
    machine then stands still; a run repeats to the nanosecond. `Sleep` lets nothing happen, `Run
    For` does.

    A library has one machine at a time, and each suite has a library of its own. A failed test
    tells what the console showed last, what the flash is doing, and how to repeat it.
    """

    ROBOT_LIBRARY_SCOPE = "SUITE"
    ROBOT_LIBRARY_VERSION = __version__
    ROBOT_AUTO_KEYWORDS = False
    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        super().__init__(Emulation())
        self.ROBOT_LIBRARY_LISTENER = self

    def _start_test(self, data: Any, result: Any) -> None:
        self.emulation.last_words = ""

    def _end_test(self, data: Any, result: Any) -> None:
        """Failures of other libraries' keywords get the context, too."""
        if result.failed and REPEAT not in result.message:
            words = self.emulation.last_words
            if words or self.emulation.made:
                result.message += f"\n\n{words or describe(self.emulation, result.message)}"

    def _close(self) -> None:
        self.emulation.close()


robot = XipsimLibrary
"""Robot Framework takes the class that is called as the last part of the library's name."""
