"""`xipsim run`: the board's console at this terminal, or on a PTY."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import TYPE_CHECKING

from xipsim.cli.terminal import (
    Conversation,
    Line,
    linked,
    pseudo_terminal,
    require_terminal,
    terminal,
)

from .execute import tell_broken_rules
from .running import Signals, opened

if TYPE_CHECKING:
    from xipsim.machine.machine import Machine

LAGS = "xipsim: this computer does not keep up with the board: virtual time lags behind real time"


def run(args: argparse.Namespace) -> int:
    """0 when the user has left."""
    is_pty = args.pty or args.pty_link
    if not is_pty:
        require_terminal()
    with opened(args) as (machine, signals):
        if is_pty:
            return _at_pty(machine, signals, args)
        _say(f"xipsim: {_what(machine, args.board)}; Ctrl-] leaves\n")
        try:
            with terminal() as line:
                _talk(machine, line, signals, newline="\r\n", is_fast=args.fast)
        finally:
            _say("\n")
            tell_broken_rules(machine)
    return 0


def _at_pty(machine: Machine, signals: Signals, args: argparse.Namespace) -> int:
    with pseudo_terminal() as (line, name), linked(args.pty_link, name):
        print(name, flush=True)
        try:
            _talk(machine, line, signals, newline="\n", is_fast=args.fast)
        except KeyboardInterrupt:
            if signals.received != signal.SIGINT:
                raise
    return 0


def _talk(
    machine: Machine, line: Line, signals: Signals, *, newline: str, is_fast: bool
) -> None:
    def lags() -> None:
        sys.stderr.write(f"{newline}{LAGS}{newline}")
        sys.stderr.flush()

    def stopped() -> bool:
        return signals.received != 0

    talk = Conversation(machine, line, stopped=stopped, on_lag=lags, is_fast=is_fast)
    talk.go_on()
    if signals.received:
        raise KeyboardInterrupt


def _what(machine: Machine, board: str) -> str:
    image = machine.firmware
    if image is None:
        return f"{board} runs what its files hold"
    return f"{board} runs {image.path}" + (f" ({image.place})" if image.place else "")


def _say(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(text)
        sys.stderr.flush()
