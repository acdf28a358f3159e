"""The QEMUs on which whole-machine tests run."""

from __future__ import annotations

import os
from pathlib import Path

QEMUS = [Path(p) for p in os.environ.get("XIPSIM_TEST_QEMUS", "").split(os.pathsep) if p]
"""Of XIPSIM_TEST_QEMUS; none: the one that is found."""
