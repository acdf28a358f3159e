"""`xipsim usb`: what a person does with a board that is a drive to his PC."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from xipsim.errors import UserError

from .execute import tell_broken_rules
from .progress import Progress
from .running import check_place, opened

if TYPE_CHECKING:
    from xipsim.machine.machine import Machine

AFTERWARDS = "1s"
"""Virtual time that the firmware has for what it was given, before the machine ends."""


def run(args: argparse.Namespace) -> int:
    """0"""
    actions = {"copy": _copy, "image": _image}
    actions[args.action](args)
    return 0


def _copy(args: argparse.Namespace) -> None:
    data = _contents(args.file)
    name = os.path.basename(args.file)
    with opened(args) as (machine, _):
        with Progress(f"copying {name}"):
            storage = machine.usb.storage
            label = storage.label
            storage.write(name, data)
            machine.run_for(AFTERWARDS)
        print(f"{name}: {len(data)} bytes to {label or 'the board'}{_restarts(machine)}")
        tell_broken_rules(machine)


def _restarts(machine: Machine) -> str:
    resets = machine.report()["resets"]
    return f"; the board has restarted ({resets[-1]['cause']})" if resets else ""


def _contents(path: str) -> bytes:
    from xipsim.firmware.files import read_file

    try:
        return read_file(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def _image(args: argparse.Namespace) -> None:
    from xipsim.firmware.store import write_atomic

    check_place(args.output, "image")
    with opened(args) as (machine, _):
        with Progress("reading"):
            data = machine.usb.storage.image()
        try:
            write_atomic(args.output, data)
        except OSError as error:
            raise UserError(f"{args.output}: cannot be written: {error.strerror}") from None
        print(f"{args.output}: {len(data)} bytes", file=sys.stderr)
