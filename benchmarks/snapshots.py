"""Snapshots at the prompt: taking, going back, one test that forks from it, files.

One machine; before each measured restore a script has run that writes a file of 4 KB, so there is
something to undo.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from measure import arguments, show, timed

from xipsim import Machine

SCRIPT = "open('a', 'w').write('x' * 4096)"


def main() -> None:
    args = arguments(__doc__, runs=20)
    with Machine(args.board, firmware=args.image) as m, tempfile.TemporaryDirectory() as folder:
        m.boot()
        show("snapshot", timed(m.snapshot, args.runs))
        saved = m.snapshot()
        restores, forks = [], []
        for _ in range(args.runs):
            m.exec(SCRIPT)
            began = time.perf_counter()
            m.restore(saved)
            restores.append(time.perf_counter() - began)
            began = time.perf_counter()
            m.restore(saved)
            m.exec("print(1 + 1)")
            forks.append(time.perf_counter() - began)
        show("restore after a script that wrote a file", restores)
        show("fork per test: restore and one print at the REPL", forks)
        file = Path(folder) / "snapshot"
        show("save to a file", timed(lambda: saved.save(file), args.runs))
        show(f"load from it ({file.stat().st_size / 1e6:.1f} MB)",
             timed(lambda: m.load_snapshot(file), args.runs))  # fmt: skip


if __name__ == "__main__":
    main()
