"""`xipsim gdb-config`: a launch.json, with which Cortex-Debug debugs a board in simulation."""

from __future__ import annotations

import argparse
import sys

RESET = ["monitor reset halt", "maintenance flush register-cache"]


def run(args: argparse.Namespace) -> int:
    """0. UserError for a board that there is not."""
    import json

    from xipsim import platforms
    from xipsim.machine.configuration import user_mistakes

    with user_mistakes():
        platforms.find(args.board)
    configuration = {
        "name": f"{args.board} in xipsim",
        "type": "cortex-debug",
        "request": "launch",
        "servertype": "external",
        "gdbTarget": f"127.0.0.1:{args.gdb}",
        "gdbPath": "gdb-multiarch",
        "cwd": "${workspaceFolder}",
        "executable": args.elf,
        # The image is in the chip already: nothing is loaded.
        "overrideLaunchCommands": RESET,
        "overrideResetCommands": RESET,
        "overrideRestartCommands": RESET,
    }
    text = json.dumps({"version": "0.2.0", "configurations": [configuration]}, indent=4)
    sys.stdout.write(f"{text}\n")
    return 0
