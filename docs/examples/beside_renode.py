"""One of xipsim's boards beside one of Renode's own platforms in one emulation, by pyrenode3.

    xipsim renode TEENSY41 --output out
    export PYRENODE_RUNTIME=coreclr PYRENODE_BIN=renode-portable.tar.gz
    python beside_renode.py out/TEENSY41.resc

This Python has both pyrenode3 and xipsim. The models run in it, too: `models_here` gives them, by
their names in the board's `.repl`.
"""

import sys
from pathlib import Path

from pyrenode3.wrappers import Emulation, Monitor, TerminalTester

from xipsim.engines.renode.entry import models_here

(script,) = map(Path, sys.argv[1:])


def monitor(command: str) -> str:
    """What Renode's monitor says; its errors raise."""
    said, wrong = Monitor().execute(command)
    if wrong:
        raise RuntimeError(f"{command}: {wrong}")
    return said.strip()


path = str(script.resolve()).replace(" ", r"\ ")  # as the monitor wants it
monitor(f"include @{path}")
emulation = Emulation()
ours = emulation.get_mach(script.stem)
beside = emulation.add_mach("beside")
beside.load_repl("platforms/cpus/stm32l072.repl")
monitor("emulation SetAdvanceImmediately true")

console = TerminalTester(ours.sysbus.usb1.pc, 20)
emulation.StartAll()


def typed(line: str, answer: str) -> str:
    """The line with `answer` in it that the firmware prints when `line` is typed."""
    console.WriteLine(line)
    found = console.WaitFor(answer, None, False, False, False, False)  # pythonnet wants them all
    if found is None:
        raise RuntimeError(f"nothing with {answer!r} came after {line!r}: {console.GetReport()}")
    return str(found.Line)


typed("import mimxrt; f = mimxrt.Flash(); f.ioctl(6, 150)", "0")
typed("f.writeblocks(150, b'seen from beside', 0)", "0")
print(typed("print('block', 150, 'is written')", "block 150 is written"))
emulation.PauseAll()

chip = models_here()["nor"]
print(chip.read(0x100000 + 150 * 4096, 16))
print([machine.ElapsedVirtualTime.TimeElapsed.TotalSeconds > 0.1 for machine in emulation])
