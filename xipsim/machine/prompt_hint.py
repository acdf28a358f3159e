"""Why the prompt may stay away, as far as the firmware's file system can tell."""

from __future__ import annotations

from xipsim.errors import XipsimError
from xipsim.machine.power_on import PowerOnContents
from xipsim.repl.raw_repl import PROMPT
from xipsim.session.session import Session


def prompt_hint(session: Session, contents: PowerOnContents) -> str:
    """A sentence about scripts that may never end; empty where a prompt has come, or none is."""
    facts = contents.facts
    if facts is None or PROMPT in session.log.printed_since_reset:
        return ""
    if facts.filesystem.kind != "littlefs":
        return ""
    from xipsim.firmware.errors import FirmwareError
    from xipsim.firmware.littlefs import read_files

    end = facts.filesystem.offset + facts.filesystem.size
    try:
        flash: bytes = session.call(contents.chip, "read", 0, end)
        files = read_files(flash, facts.filesystem)
    except (XipsimError, FirmwareError):
        return ""
    scripts = [name for name in ("boot.py", "main.py") if f"/{name}" in files]
    if not scripts:
        return ""
    return (
        f"No prompt has come since the board started: {' or '.join(scripts)} in its file "
        "system may never end (newer firmware starts USB only after boot.py)."
    )
