"""The command `xipsim`, also as `python -m xipsim`."""

from __future__ import annotations

import sys

from xipsim.cli import main

if __name__ == "__main__":
    sys.exit(main())
