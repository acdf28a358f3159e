"""Finds what the embedded engine needs: QEMU, the shim, a shared libpython.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

import os

from xipsim.engines.errors import EngineError

TYPE_CHECKING = False  # see `xipsim.cli.prestart`
if TYPE_CHECKING:
    from xipsim.engines.api import StrPath

KNOWN_VERSIONS = ("7.2", "8.2", "10.0")
"""QEMU versions on which the whole-machine tests have passed."""

SHIM = os.path.join(os.path.dirname(__file__), "xipsim_shim.so")
INSTALL_QEMU = "install it with: apt install qemu-system-arm"


def find_qemu(given: StrPath | None = None) -> str:
    """The QEMU to use: the one given, XIPSIM_QEMU, or qemu-system-arm on the PATH."""
    named = given or os.environ.get("XIPSIM_QEMU")
    if named:
        path = os.fspath(named)
        if not (os.path.isfile(path) and os.access(path, os.X_OK)):
            source = "--qemu" if given else "XIPSIM_QEMU"
            raise EngineError(f"{path} ({source}) is not a program that can be started")
        return os.path.abspath(path)  # a name without a slash would be sought on the PATH
    for folder in os.get_exec_path():  # shutil.which, without the time that importing it takes
        file = os.path.join(folder, "qemu-system-arm")
        if os.path.isfile(file) and os.access(file, os.X_OK):  # also in folders closed to us
            return file
    raise EngineError(f"there is no qemu-system-arm on the PATH; {INSTALL_QEMU}")


def find_shim() -> str:
    """The shared object that puts Python into QEMU's process; built with the package."""
    if not os.path.isfile(SHIM):
        raise EngineError(
            "xipsim_shim.so is not built: install the package (pip install .) with a C compiler"
        )
    return SHIM


def qemu_version(qemu: str) -> str:
    """The version that the binary prints, e.g. `7.2.22`."""
    import subprocess  # not needed by a start

    try:
        printed = subprocess.run(
            [qemu, "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except OSError as error:
        raise EngineError(f"{qemu} cannot be started: {error.strerror}") from error
    except subprocess.SubprocessError as error:
        said = "nothing within 20 s" if isinstance(error, subprocess.TimeoutExpired) else "an error"
        raise EngineError(f"{qemu} is not QEMU: it answers --version with {said}") from error
    words = printed.split()
    if words[:1] != ["QEMU"] or "version" not in words[:-1]:
        raise EngineError(f"{qemu} is not QEMU; {INSTALL_QEMU}")
    return words[words.index("version") + 1]
