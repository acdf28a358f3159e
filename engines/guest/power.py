"""The microcontroller from reset to reset: the boot ROM's work, the firmware's, power off."""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator
from typing import Any

from xipsim.engines.api import StopReason
from xipsim.peripherals.core import BootError, Entry, ResetCause

from .board import Board
from .clock import GuestClock
from .cortexm import next_pc
from .faultwatch import FaultWatch


class Power(enum.Enum):
    """Where the microcontroller is between reset and reset."""

    RESETTING = "a reset is due"
    BOOTING = "the boot ROM is at work, the core is held"
    ON = "the core executes the firmware"
    SWITCHING_OFF = "it has switched itself off with the instruction under way"
    OFF = "nothing is executed until a reset"


class PowerSequencer:
    """Resets one board, boots it and switches it off.

    enter: has the machine stand still after the instruction under way. stop: ends the run there.
    was_reset: called when all is reset.
    """

    def __init__(
        self,
        board: Board,
        clock: GuestClock,
        faults: FaultWatch,
        *,
        enter: Callable[[], None],
        stop: Callable[..., None],
        was_reset: Callable[[ResetCause], None],
    ) -> None:
        self._board, self._core, self._clock, self._faults = board, board.core, clock, faults
        self._enter, self._stop, self._was_reset = enter, stop, was_reset
        self._power = Power.RESETTING
        self._cause = ResetCause.POWER_ON
        self._rom: Generator[int, None, Entry] | None = None
        self._rom_alarm = clock.alarm(enter)
        self._wake_alarm = clock.alarm(lambda: self.request_reset(ResetCause.WAKE_UP))

    # -- what models and watchers ask for --------------------------------------------------------

    def request_reset(self, cause: ResetCause) -> None:
        """Reset the microcontroller after the instruction under way. The first cause counts."""
        if self._power is not Power.RESETTING:
            self._power, self._cause = Power.RESETTING, cause
        self._enter()

    def power_off(self, reason: str) -> None:
        """The board has switched itself off: it sleeps until its alarm, or for good."""
        if self._power is not Power.ON:
            return  # a reset of the same instruction, or the first of two, was quicker
        self._power = Power.SWITCHING_OFF
        wake = self._board.wake_at()
        if wake is None:
            self._stop(StopReason.POWERED_OFF, detail={"why": reason})
        else:
            self._wake_alarm.at(wake)
            self._enter()

    def pc(self) -> int | None:
        """Program counter of the access under way; None while the boot ROM, a model, works."""
        if self._rom is not None:
            return None
        if self._clock.is_behind:
            return next_pc(self._core)
        return self._clock.passages.past.pc or self._core.pc

    @property
    def is_on(self) -> bool:
        """Whether the core executes the firmware."""
        return self._power is Power.ON

    # -- while the machine stands still ----------------------------------------------------------

    def settle(self) -> None:
        """Do what was asked for since the last instruction."""
        if self._power is Power.SWITCHING_OFF:
            self._power = Power.OFF
            self._clock.halt()
            self._core.reset()  # SysTick, too, is without power
            self._faults.stop()
        if self._power is Power.RESETTING:
            self.begin_reset(self._cause)

    def begin_reset(self, cause: ResetCause) -> None:
        """Reset everything now; the ROM starts when the run goes on."""
        self._power, self._cause = Power.BOOTING, cause
        self._clock.cancel_stall()
        self._clock.questions.proofs.clear()
        self._rom_alarm.cancel()
        self._wake_alarm.cancel()
        self._faults.restart()
        if cause is ResetCause.POWER_ON:
            self._board.lose_memory()
        self._core.reset()
        self._board.reset(cause)
        self._rom = self._board.boot()
        self._was_reset(cause)

    def boot(self) -> bool:
        """Let the boot ROM go on, if it is at work and waits for nothing. True: it is done, and the
        core stands at the firmware's first instruction."""
        if self._power is not Power.BOOTING or self._rom_alarm.deadline is not None:
            return False
        assert self._rom is not None
        try:
            self._rom_alarm.at(next(self._rom))
            self._clock.halt()
        except StopIteration as done:
            self._rom, self._power = None, Power.ON
            self._core.enter(done.value)
            self._faults.start()
            self._clock.resume()
            return True
        except BootError as error:
            self.give_up()
            self._stop(StopReason.BOOT_FAILED, detail={"why": str(error)})
        return False

    def give_up(self) -> None:
        """The board does not come out of its reset: nothing is executed until another one."""
        self._power, self._rom = Power.OFF, None
        self._clock.halt()

    # -- snapshots -------------------------------------------------------------------------------

    @property
    def boot_rom_works(self) -> bool:
        """Whether the ROM waits for something; its state cannot be saved."""
        return self._rom is not None

    def save(self) -> dict[str, Any]:
        """Whether it is on, what is due, and what was seen of faults."""
        return {
            "power": self._power.name,
            "cause": self._cause,
            "wake_at": self._wake_alarm.deadline,
            "faults": self._faults.save(),
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Go on as when `save` returned `saved`."""
        self._rom = None
        self._rom_alarm.cancel()
        self._power, self._cause = Power[saved["power"]], saved["cause"]
        self._wake_alarm.cancel()
        if saved["wake_at"] is not None:
            self._wake_alarm.at(saved["wake_at"])
        self._faults.load(saved["faults"])
        if self._power is Power.OFF:
            self._clock.halt()
        elif self._clock.halted:
            self._clock.resume()
