"""A user's process that will be killed. Arguments: the engine's name, a program's image."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from candidates import BOARD, engines  # noqa: E402

from xipsim.engines.api import Goal, MachineConfig  # noqa: E402

name, image = sys.argv[1:]
candidate = next(one for one in engines() if one.name == name)
engine = candidate.open(
    MachineConfig(
        platform=BOARD / "board.repl",
        models=(BOARD / "models.py",),
        overrides={"rom": {"program": image}},
    )
)
engine.build({})
print(engine.pid, flush=True)
engine.run(Goal())
