"""What the system grants a process: limits, rights, what it sees of the computer.

A stand-in has the keeper's, and a client to which others apply would be told other errors.
"""

from __future__ import annotations

import os

SEEN = ("mnt", "pid", "user")
GRANTED = ("Uid", "Gid", "Groups", "CapEff", "NoNewPrivs", "Seccomp")


def facts_of(process: int) -> tuple[object, ...]:
    """Equal for processes to which the system is the same. OSError."""
    place = f"/proc/{process}"
    with open(f"{place}/limits") as file:
        limits = file.read()
    with open(f"{place}/status") as file:
        granted = [line for line in file if line.partition(":")[0] in GRANTED]
    seen = [os.readlink(f"{place}/ns/{name}") for name in SEEN]
    return limits, granted, seen, os.readlink(f"{place}/root")
