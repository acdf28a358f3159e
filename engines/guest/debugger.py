"""What a debugger at a port of the engine's wants of the machine.

To stand still at a place, to look at models without touching them, and commands of its own
(`monitor` in gdb).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from xipsim.peripherals.core import FlashChip, Gap, PinPort, ResetCause
from xipsim.peripherals.nor.bus import SpiDevice

from .backend import Core
from .board import Board
from .power import PowerSequencer

MOST_GAPS = 100
HELP = (
    "flash  what each flash chip is doing, and has done\n"
    "pins   the level of each pin that is not 1\n"
    "gaps   what was used and is not modelled\n"
    "reset  press reset; the core stands before the firmware's first instruction\n"
)


class Guest(Protocol):
    """The machine."""

    board: Board
    core: Core
    power: PowerSequencer


class Debugger:
    """The models' side of it.

    hold: stands still, in the engine, until the debugger has halted the core or its argument says
    that this is over. enter: has the engine call `stand_still` after the instruction under way.
    at_entry: stand still before the firmware's first instruction.
    """

    def __init__(
        self,
        guest: Guest,
        *,
        hold: Callable[[Callable[[], bool]], None],
        enter: Callable[[], None],
        at_entry: bool,
    ) -> None:
        self._guest, self._hold, self._enter = guest, hold, enter
        self._at_entry, self._due = at_entry, False
        self._gaps: dict[tuple[str, str], int] = {}
        self._watched: dict[tuple[int, int], bytes] = {}
        self.hit: int | None = None
        """Address of the watched cells that have changed, for the stop under way."""
        self.is_held = threading.Event()
        self.on_held: Callable[[], None] = lambda: None
        guest.board.trace.subscribe(Gap, self._note_gap)
        for chip in guest.board.models.values():
            if isinstance(chip, FlashChip):
                chip.watch(self)

    # -- standing still --------------------------------------------------------------------------

    def entered(self) -> None:
        """The boot ROM has set the core to the firmware's first instruction."""
        self._due, self._at_entry = self._at_entry, False

    def stand_still(self, is_over: Callable[[], bool]) -> None:
        """Called between two instructions: the place to wait for the debugger."""
        for (address, length), known in self._watched.items():
            now = self.look(address, length)
            if now is not None and now != known:
                self._watched[address, length] = now
                self.hit, self._due = address, True
        if self._due:
            self._due = False
            self.is_held.set()
            self.on_held()
            self._hold(is_over)
            self.is_held.clear()

    def reset(self) -> None:
        """Press reset, and stand still at the firmware's first instruction."""
        self._at_entry = True
        self._guest.power.request_reset(ResetCause.PIN)

    # -- looking ---------------------------------------------------------------------------------

    def look(self, address: int, length: int) -> bytes | None:
        """Bytes as the core sees them, by looking only; None where there is nothing to be seen."""
        try:
            return self._guest.board.view.read(self._guest.core, address, length)
        except LookupError:
            return None

    def is_window(self, address: int, length: int) -> bool:
        """Whether a store there would change what a window shows, and not what it shows it of."""
        return self._guest.board.view.is_window(address, length)

    # -- watched cells (ChipWatcher) -------------------------------------------------------------

    def watch(self, address: int, length: int) -> None:
        """Stand still when cells that are seen there change."""
        self._watched[address, length] = self.look(address, length) or b""

    def forget(self, address: int, length: int) -> None:
        """Undo `watch`."""
        self._watched.pop((address, length), None)

    def forget_all(self) -> None:
        """Nothing is watched any more."""
        self._watched.clear()

    def array_changed(self, _chip: SpiDevice, _address: int, _length: int) -> None:
        """Cells changed."""
        if self._watched:
            self._enter()

    def state_changed(self, _chip: SpiDevice) -> None:
        """Busy, idle, or another mode: no cells changed."""

    operation_began = state_changed
    operation_ended = array_changed

    # -- commands --------------------------------------------------------------------------------

    def _note_gap(self, gap: Gap) -> None:
        key = (gap.source, gap.what)
        if key in self._gaps or len(self._gaps) < MOST_GAPS:
            self._gaps[key] = self._gaps.get(key, 0) + 1

    def answer(self, command: str) -> str:
        """What a command other than `reset` has to say."""
        commands: dict[str, Callable[[], Iterator[str]]] = {
            "flash": self._flash,
            "pins": self._pins,
            "gaps": self._told_gaps,
        }
        if command in ("", "help"):
            return HELP
        if command not in commands:
            return f"there is no command {command!r} here; these are:\n{HELP}"
        return "".join(f"{line}\n" for line in commands[command]()) or "nothing\n"

    def _flash(self) -> Iterator[str]:
        for name, chip in self._guest.board.models.items():
            if isinstance(chip, FlashChip):
                facts: dict[str, Any] = chip.info()
                status, stats = chip.status(), chip.stats()
                operation = status["operation"]
                doing = "idle"
                if operation:
                    end = operation["end"]
                    until = "for ever" if end is None else f"until {end} ns"
                    doing = f"busy with {operation['name']} at {operation['address']:#x}, {until}"
                yield (
                    f"{name} ({facts['part']}): {doing}; {stats['operations']} operations, "
                    f"{stats['bytes_programmed']} bytes programmed, "
                    f"{sum(stats['erases'].values())} sectors erased"
                )

    def _pins(self) -> Iterator[str]:
        for name, port in self._guest.board.models.items():
            if isinstance(port, PinPort):
                levels = [port.level(pin) for pin in range(port.pins)]
                low = [str(pin) for pin, level in enumerate(levels) if not level]
                yield f"{name}: low are {', '.join(low) or 'none'} of {port.pins}"

    def _told_gaps(self) -> Iterator[str]:
        for (source, what), count in self._gaps.items():
            yield f"{source}: {what}" + (f" ({count} times)" if count > 1 else "")
