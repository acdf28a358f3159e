"""Every engine that the suite is for.

An engine is a row of `engines()`: how it is opened, and what it is known to lack, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from qemus import QEMUS
from scripted.program import Scripted

from xipsim.engines.api import MachineConfig
from xipsim.engines.link.engine import ChildEngine
from xipsim.engines.programs import open_engine

BOARD = Path(__file__).parent / "board"
FEATURES = {
    "gdb": "a debugger can be attached",
    "systick": "the core's own timer",
    "life after lock-up": "a core that has locked up goes on after a reset",
    "aliases": "code that is written at one address of a memory runs at its others at once",
    "snapshots": "the machine can be saved, and gone back to",
    "times within a block": "an access happens at the nanosecond of its instruction",
    "loads that last": "what a load takes passes before the next instruction",
    "sleep": "a WFI that ends at once, again and again, is a wait",
    "proofs": "it can tell that a loop counts nothing",
    "event register": "WFE goes on at once where an interrupt came since the last one",
}


class Candidate(NamedTuple):
    """An engine that shall conform. lacks: by feature, why.

    program: its name among `xipsim.engines.programs`; empty: it is always there. is_slow: it takes
    seconds to start, so that only tests marked `essential` run on it; see `conftest.py`.
    """

    name: str
    open: Callable[[MachineConfig], ChildEngine]
    lacks: Mapping[str, str] = {}
    program: str = ""
    is_slow: bool = False


def _open_qemu(path: Path | None, config: MachineConfig) -> ChildEngine:
    return open_engine(config._replace(engine="qemu", program=path))


def _open_renode(config: MachineConfig) -> ChildEngine:
    return open_engine(config._replace(engine="renode"))


def _open_scripted(config: MachineConfig) -> ChildEngine:
    return ChildEngine(config._replace(engine="scripted"), Scripted())


def engines() -> Iterator[Candidate]:
    """All of them."""
    for path in QEMUS or [None]:
        yield Candidate(
            f"qemu {path or ''}".strip(),
            partial(_open_qemu, path),
            lacks={"life after lock-up": "QEMU gives up where a core locks up"},
            program="qemu",
        )
    yield Candidate(
        "scripted",
        _open_scripted,
        lacks={
            "gdb": "it has no stub",
            "systick": "it has none",
            "proofs": "it makes every turn",
        },
    )
    yield Candidate(
        "renode",
        _open_renode,
        lacks={
            "gdb": "Renode's own stub lets the machine run while it is attached",
            "aliases": "Renode keeps translations by address",
            "proofs": "Renode does not say what was written to memory",
            "snapshots": "Renode saves the whole emulation, which takes seconds",
            "times within a block": "Renode's time is that of the beginning of the block",
            "loads that last": "Renode leaves a block in the middle after stores only",
            "event register": "Renode's WFE sleeps to the next timer at least",
            "sleep": "Renode sees to that itself: a WFI that ends at once costs an instruction",
        },
        program="renode",
        is_slow=True,
    )


Running = Callable[..., Any]
"""`with running(program, chips=..., stalls=...) as engine:` a machine at power-on."""
