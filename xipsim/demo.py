"""A demonstration: boots a MicroPython image, works with its flash, and shows what that did.

`scripts/demo` runs it; so does `python -m xipsim.demo`. Without an image it runs our own firmware
instead, which checks the flash.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from typing import TYPE_CHECKING

from xipsim import flashcheck
from xipsim.board.flash import SECTOR
from xipsim.errors import UserError, XipsimError
from xipsim.machine.machine import Machine
from xipsim.units import show_duration

if TYPE_CHECKING:
    from rich.table import Table

    from xipsim.firmware.boards import Board
    from xipsim.peripherals.core.trace import FlashCommand

BOARDS = ("TEENSY41", "TEENSY40", "ALIF_ENSEMBLE")
"""The boards to look for an image for if none is given, the best first."""

SESSION = (
    "import time; from {module} import Flash",
    "flash = Flash(); buffer = bytearray(16)",
    "flash.ioctl(4, 0), flash.ioctl(5, 0)  # blocks, bytes in each",
    "# Erase block 200, and see how many microseconds that takes.",
    "start = time.ticks_us(); flash.ioctl(6, 200); time.ticks_diff(time.ticks_us(), start)",
    "flash.writeblocks(200, b'written in place', 8)",
    "flash.readblocks(200, buffer, 8); buffer",
    "# Programming without an erase can only clear bits: of a letter, the one for small print.",
    "flash.writeblocks(200, b'WRITTEN ', 8)",
    "flash.readblocks(200, buffer, 8); buffer",
    "file = open('diary.txt', 'w'); file.write('Dear diary!\\n' * 700); file.close()",
    "\x04",
    "len(open('diary.txt').read())",
)
"""What is typed, one line at each prompt; 04h is Ctrl-D, a soft reset."""

SECTORS_SHOWN = 8
RULES_SHOWN = 3


class CheckFailed(XipsimError):
    """Our own firmware found something wrong with the flash."""

    exit_code = 1


def main() -> int:
    """Run the demonstration; returns the exit code of `xipsim`."""
    from xipsim.cli.failure import report

    args = _arguments()
    try:
        _run(args)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        return report(error)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__.split("\n")[0])
    parser.add_argument(
        "image",
        nargs="?",
        metavar="IMAGE",
        help="a MicroPython image; else one is looked for in the cache of `xipsim firmware`, "
        "in XIPSIM_FIRMWARE_PATH, and in ../shared/firmware next to the checkout",
    )
    parser.add_argument("--board", help="the image's board, if the image does not say")
    parser.add_argument("--interactive", action="store_true", help="stay at the prompt")
    args = parser.parse_args()
    if args.interactive and not sys.stdin.isatty():
        parser.error("--interactive needs a terminal")
    return args


def _run(args: argparse.Namespace) -> None:
    board, image, place = _find(args)
    own = None if image else flashcheck.find(board.name)
    if own:
        print(f"{place}\n\n{board.product}, booting xipsim's own flashcheck:\n", flush=True)
    else:
        print(f"{board.product}, booting {image} ({place})\n", flush=True)
    commands = Counter[str]()
    moved = Counter[str]()

    def count(command: FlashCommand) -> None:
        commands[command.name] += 1
        moved[command.name] += len(command.sent) + len(command.received)

    with Machine(board.name, firmware=own.image if own else image) as machine:
        machine.trace(count)
        if own:
            _check_flash(machine, own.console)
        else:
            _type_session(machine, board.module)
        if args.interactive:
            _stay(machine)
        _show_flash(machine, board, commands, moved)


def _check_flash(machine: Machine, console: str) -> None:
    """Let our own firmware check the flash, and show its report as it comes."""

    def show(text: str) -> None:
        sys.stdout.write(text)

    report = flashcheck.follow(machine.consoles[console], show)
    if not report.passed:
        raise CheckFailed(f"{len(report.failures)} checks failed. {report.bail_out}".strip())


def _find(args: argparse.Namespace) -> tuple[Board, str, str]:
    """Board and image, and in words where the image comes from.

    Without an image: an empty one, and what to do about it.
    """
    from xipsim.firmware import boards, catalogue, images
    from xipsim.firmware.errors import FirmwareError

    if args.image:
        name = args.board or catalogue.identify(images.load(args.image)).board
        if not name:
            raise UserError(f"{args.image} does not say which board it is for: give --board")
        return boards.load(name), args.image, "as given"
    failures = []
    for name in [args.board] if args.board else BOARDS:
        try:
            found = catalogue.find(name)
        except FirmwareError as error:
            failures.append(error)
        else:
            return boards.load(name), str(found.path), found.place
    if args.interactive:
        raise UserError(f"{failures[0]}\nOr hand the file to the demo itself: scripts/demo FILE")
    hint = f"{failures[0]}\nOr hand the file to the demo itself: scripts/demo FILE"
    return boards.load(args.board or BOARDS[0]), "", hint


def _type_session(machine: Machine, module: str) -> None:
    """Type the session, and let the console be seen. module: the one with `Flash`."""
    console = machine.console
    stop_showing = console.on_output(_show)
    console.expect(">>> ")
    for line in (line.format(module=module) for line in SESSION):
        console.write(line if line == "\x04" else f"{line}\r")
        console.expect(">>> ")
    stop_showing()
    print(flush=True)


def _show(data: bytes) -> None:
    sys.stdout.write(data.decode(errors="replace").replace("\r\n", "\n"))
    sys.stdout.flush()


def _stay(machine: Machine) -> None:
    from xipsim.cli.terminal import Conversation, terminal

    print("The board is yours. Ctrl-] ends this.")
    with terminal() as line:
        machine.console.write("\r")
        Conversation(machine, line).go_on()
    print()


def _show_flash(
    machine: Machine, board: Board, commands: Counter[str], moved: Counter[str]
) -> None:
    """What happened on the chip, as tables."""
    from rich.console import Console
    from rich.table import Table

    report, chip = machine.report(), machine.flash
    busy, virtual, wall = chip.stats.busy_time, report["virtual_time"], report["wall_time"]
    tables = Table.grid(padding=(0, 4))
    tables.add_row(_sent(commands, moved), _erased(chip.stats.erases, board))
    times = Table.grid(padding=(0, 2))
    times.add_row("  Chip busy", show_duration(busy), f"{busy / virtual:.0%} of virtual time")
    times.add_row("  Virtual time", show_duration(virtual), "since power-on")
    times.add_row("  Real time", f"{wall:.3f} s", f"{virtual / 1e9 / wall:.2f} virtual s each s")
    out = Console(highlight=False)
    out.print(f"\n[bold]What happened on the flash chip[/], {chip.info['part']}:")
    out.print(tables, times)
    broken: Counter[str] = Counter()
    for diagnostic in report["diagnostics"]:
        broken[diagnostic["message"]] += diagnostic["count"]
    for message, count in broken.most_common(RULES_SHOWN):
        again = f" ({count} times)" if count > 1 else ""
        out.print(f"\n  [bold]Against the rules:[/] {message}{again}")
    if len(broken) > RULES_SHOWN:
        out.print(f"\n  And {len(broken) - RULES_SHOWN} more that were against the rules.")


def _sent(commands: Counter[str], moved: Counter[str]) -> Table:
    table = _table("Command", "Times", "Bytes")
    for name, times in commands.most_common():
        table.add_row(name, f"{times:,}", f"{moved[name]:,}" if moved[name] else "")
    return table


def _erased(erases: dict[int, int], board: Board) -> Table:
    first = board.filesystem.offset // SECTOR
    table = _table("Sector erased", "Times", "Block")
    for sector in sorted(erases)[:SECTORS_SHOWN]:
        table.add_row(f"{sector * SECTOR:#x}", str(erases[sector]), str(sector - first))
    if len(erases) > SECTORS_SHOWN:
        table.add_row(f"and {len(erases) - SECTORS_SHOWN} more")
    return table


def _table(first: str, *numbers: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(first, box=box.SIMPLE_HEAD)
    for name in numbers:
        table.add_column(name, justify="right")
    return table


if __name__ == "__main__":
    sys.exit(main())
