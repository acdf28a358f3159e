"""What a run did, as plain data for `--report`."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

from xipsim.errors import XipsimError
from xipsim.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xipsim.board.flash import Flash
    from xipsim.machine.configuration import Plan, Request
    from xipsim.machine.power_on import PowerOnContents
    from xipsim.session.run_log import RunLog
    from xipsim.session.session import Session


def build(
    session: Session,
    plan: Plan,
    contents: PowerOnContents,
    request: Request,
    chips: Mapping[str, Flash],
) -> dict[str, Any]:
    """Everything; `json` can write it. What a dead engine cannot tell any more is None."""
    wall, log = session.wall_time, session.log
    return {
        "versions": {
            "xipsim": __version__,
            "engine": session.engine.version,
            "python": platform.python_version(),
        },
        "arguments": _arguments(request) | {"rtc": plan.rtc},
        "platform": str(plan.config.platform),
        "firmware": _firmware(contents),
        "warnings": list(contents.warnings),
        "virtual_time": session.now,
        "wall_time": wall,
        "virtual_per_real": session.simulated / 1e9 / wall if wall else None,
        "flash": {name: _chip(chip) for name, chip in chips.items()},
        "diagnostics": [finding.as_dict() for finding in log.diagnostics],
        "gaps": [finding.as_dict() for finding in log.gaps],
        "notes": [finding.as_dict() for finding in log.notes],
        "waits": _waits(session),
        "resets": [reset._asdict() for reset in log.resets],
        "interruptions": [entry._asdict() for entry in log.interruptions],
        "left_out": _left_out(log),
        "console_bytes": {name: len(printed) for name, printed in log.printed.items()},
    }


def _arguments(request: Request) -> dict[str, Any]:
    arguments = request._asdict()
    for name in ("firmware", "flash", "state", "qemu", "symbols"):
        if arguments[name] is not None:
            arguments[name] = str(arguments[name])
    arguments["put"] = list(map(str, request.put))
    arguments["models"] = list(map(str, request.models))
    return arguments


def _firmware(contents: PowerOnContents) -> dict[str, str] | None:
    if contents.firmware is None:
        return None
    image = contents.firmware
    return {"path": str(image.path), "sha256": image.sha256, "place": image.place}


def _waits(session: Session) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = session.request("waits")
    except XipsimError:
        return None
    return found


def _chip(chip: Flash) -> dict[str, Any]:
    try:
        stats: dict[str, Any] | None = chip.stats._asdict()
    except XipsimError:
        stats = None
    return {"info": chip.info, "stats": stats}


def _left_out(log: RunLog) -> dict[str, int]:
    """How much these lists lack, of runs that went on and on."""
    findings = {"diagnostics": log.diagnostics, "gaps": log.gaps, "notes": log.notes}
    return {name: f.left_out for name, f in findings.items()} | log.left_out
