"""Which engines there are: each a program that is found on this machine, and started."""

from __future__ import annotations

from .errors import ConfigurationError

TYPE_CHECKING = False  # see `xipsim.cli.prestart`
if TYPE_CHECKING:
    from .api import MachineConfig, StrPath
    from .link.engine import ChildEngine
    from .link.lent import Lender
    from .link.process import Process
    from .link.program import Program

ENGINES = ("qemu", "renode")
"""By the names that users give them, the default one first."""
WITH_SNAPSHOTS = ("qemu",)
"""Those that can save a machine, and go back, while it runs: only these use the boot cache."""


def find(engine: str = ENGINES[0], given: StrPath | None = None) -> Program:
    """The program of an engine. given: its path; None: the one that is found. EngineError."""
    if engine == "qemu":
        from .qemu.program import Qemu

        return Qemu(given)
    if engine == "renode":
        from .renode.program import Renode

        return Renode(given)
    known = ", ".join(ENGINES)
    raise ConfigurationError(f"there is no engine {engine!r}; there are: {known}")


def open_engine(config: MachineConfig, process: Process | Lender | None = None) -> ChildEngine:
    """The engine that a configuration names.

    process: one that was started ahead for it, of the same program; it is closed with the engine.
    Or somebody who has some of the default program.
    """
    from .link.engine import ChildEngine
    from .link.process import Process

    program = find(config.engine, config.program)
    if process is None or isinstance(process, Process):
        return ChildEngine(config, program, process)
    is_default = config.engine == ENGINES[0] and config.program is None
    if not is_default or config.models or config.gdb_port is not None:
        return ChildEngine(config, program)
    from .link.lent import LentEngine

    return LentEngine(config, program, process)
