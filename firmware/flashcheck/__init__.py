"""A bare-metal program that checks the flash of the board that it runs on; reports in TAP.

`common/` holds the checks, a folder per SoC what boots it and drives its controller, `<soc>.bin`
the image, built by `build.py` with the compiler that `<soc>.json` names.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def image(soc: str) -> Path:
    """The built image for `soc`, e.g. `rt1062`; LookupError where there is none."""
    path = FOLDER / f"{soc}.bin"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.bin")))
        raise LookupError(f"flashcheck is not there for {soc}; it is for: {known}")
    return path
