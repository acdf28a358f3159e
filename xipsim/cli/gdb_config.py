"""`xipsim gdb-config`: a launch.json, with which Cortex-Debug debugs a board in simulation."""

from __future__ import annotations

import argparse
import sys

RESET = ["monitor reset halt", "maintenance flush register-cache"]


def run(args: argparse.Namespace) -> int:
    """0. UserError for a board that there is not, and for a file that gdb cannot read."""
    import json

    from xipsim.machine.configuration import find_board

    find_board(args.board)
    _check_elf(args.elf)
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


def _check_elf(path: str) -> None:
    """UserError for a file that is no ELF file; one that is not there yet may be built later."""
    from xipsim.errors import UserError
    from xipsim.firmware.elf import MAGIC
    from xipsim.firmware.files import read_head

    try:
        is_elf = read_head(path, len(MAGIC)) == MAGIC
    except FileNotFoundError:
        return
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    if not is_elf:
        raise UserError(f"{path}: no ELF file, and gdb takes functions and lines from no other")
