"""Robot keywords per second: a loop of `Write Line To Uart` and `Wait For Line On Uart`.

One suite, run by Robot in this process: the wall time between the first and the last pair, by
Robot's own times of the two loops' ends.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import robot
from measure import arguments

PAIRS = 500
SUITE = """
*** Settings ***
Library    xipsim.robot

*** Test Cases ***
Pairs
    Create Board    {board}    firmware={image}
    Run At REPL    pass
    Create Terminal Tester    sysbus.pc
    Evaluate    open({marks!r}, 'a').write(str(time.time()) + ' ')    modules=time
    FOR    ${{i}}    IN RANGE    {pairs}
        Write Line To Uart    print(${{i}} + 1)    waitForEcho=False
        Wait For Line On Uart    ${{{{ str(${{i}} + 1) }}}}
    END
    Evaluate    open({marks!r}, 'a').write(str(time.time()) + ' ')    modules=time
"""


def main() -> None:
    args = arguments(__doc__, runs=1)
    with tempfile.TemporaryDirectory() as folder:
        marks = str(Path(folder) / "marks")
        suite = Path(folder) / "pairs.robot"
        suite.write_text(
            SUITE.format(board=args.board, image=args.image, marks=marks, pairs=PAIRS)
        )
        began = time.perf_counter()
        code = robot.run(str(suite), output="NONE", log="NONE", report="NONE", console="none")
        whole = time.perf_counter() - began
        if code:
            raise SystemExit("the suite failed")
        first, last = map(float, Path(marks).read_text().split())
    print(f"{2 * PAIRS / (last - first):.0f} keywords a second ({PAIRS} pairs), ", end="")
    print(f"whole run with boot {whole:.2f} s")


if __name__ == "__main__":
    main()
