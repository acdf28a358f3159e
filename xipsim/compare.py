"""Runs the same on every engine, and tells where they differ.

::

    from xipsim.compare import compare, script

    found = compare("TEENSY41", script("import os; print(os.listdir('/'))"))
    assert not found.differences, found.text
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from xipsim.engines import programs
from xipsim.engines.api import EngineError
from xipsim.errors import FirmwareFault, ModelGap, ReplError, Stopped, UserError, WaitTimeout
from xipsim.machine.machine import Machine
from xipsim.peripherals.namedtuple import NamedTuple
from xipsim.reporting import differences
from xipsim.reporting.differences import CommandLines, Difference, Observed

Work = Callable[[Machine], object]
"""What is done with the machine, from power-on."""
FAULT = ("cfsr", "hfsr", "pc", "lr")
"""What is compared of a fault; the last two as the core has stacked them."""


class Comparison(NamedTuple):
    """The embedded engine's run, and Renode's. differences: at most one for each thing."""

    runs: tuple[Observed, Observed]

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The first one in each thing that runs show."""
        return differences.differences(*self.runs)

    @property
    def text(self) -> str:
        """Them, or what was compared."""
        return differences.text(*self.runs)


def script(code: str | bytes, *, timeout: str | int | None = None) -> Work:
    """Work: a script at the REPL, as `Machine.exec` runs it."""
    return lambda machine: machine.exec(code, timeout=timeout)


def compare(board: str, work: Work, **options: Any) -> Comparison:
    """Do `work` on each engine. options: of `Machine`, for both; nothing is kept.

    What the firmware does to end a run (an exception, a fault, a wait in vain) is compared, too.
    UserError where an engine is missing, or cannot do what the options ask for.
    """
    for engine in programs.ENGINES:
        try:
            programs.find(engine)
        except EngineError as error:
            raise UserError(str(error)) from None
    one, other = (observe(board, work, engine=engine, **options) for engine in programs.ENGINES)
    return Comparison((one, other))


def observe(board: str, work: Work, *, engine: str, **options: Any) -> Observed:
    """Do `work` on that engine, and look what the run has shown by its end."""
    with Machine(board, engine=engine, **options) as machine:
        commands = CommandLines()
        machine.trace(commands)
        ending = _ending(machine, work)
        report = machine.report()
        return Observed(
            name=engine,
            ending=ending,
            commands=commands.lines,
            diagnostics=_first_of_each_rule(report["diagnostics"]),
            gaps=[f"{g['source']}: {g['what']}" for g in report["gaps"]],
            resets=[reset["cause"] for reset in report["resets"]],
            consoles={name: console.transcript for name, console in machine.consoles.items()},
            pins={
                f"{port.name}/{number}": f"{port[number].direction} {port[number].level}"
                for port in machine.gpio.values()
                for number in range(port.pins)
            },
            chips={name: chip.read() for name, chip in machine.chips.items()},
        )


def _ending(machine: Machine, work: Work) -> str:
    try:
        work(machine)
    except ReplError as error:
        return f"the script raised {error.type_name}"
    except FirmwareFault as error:
        registers = {**error.detail, **(error.detail.get("stacked") or {})}
        told = ", ".join(f"{name.upper()} {_hex(registers.get(name))}" for name in FAULT)
        return f"the firmware faulted: {error.detail.get('exception')}, {told}"
    except WaitTimeout as error:
        return f"in vain it waited for {error.waited_for}"
    except (Stopped, ModelGap) as error:
        return type(error).__name__
    return "it came to its end"


def _first_of_each_rule(diagnostics: Iterable[Mapping[str, Any]]) -> list[str]:
    """Without the PC, and the later ones, which are told apart by it: in a loop that waits for the
    chip, engines are at different instructions when something ends."""
    texts: dict[tuple[str, str], str] = {}
    for each in diagnostics:
        source, rule = each["source"], each["rule"]
        texts.setdefault((source, rule), f"{source}: {_timeless(each['message'])} ({rule})")
    return list(texts.values())


def _timeless(message: str) -> str:
    return re.sub(r"\b\d+ ns\b", "... ns", message)


def _hex(value: int | None) -> str:
    return "-" if value is None else f"{value:#010x}"
