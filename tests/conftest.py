"""What all tests share: which QEMUs and images the whole-machine tests run on.

XIPSIM_TEST_QEMUS: paths, separated by `:`, of the QEMUs on which whole-machine tests are repeated
(default: the one on the PATH).
"""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings
from qemus import QEMUS

# How long an example takes depends on what else the computer does.
settings.register_profile("xipsim", deadline=None)
settings.load_profile("xipsim")


def pytest_configure() -> None:
    """Signals must work where tests send them: a shell's background jobs begin with Ctrl-C ignored,
    and what `nohup` starts with SIGHUP."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_report_header() -> str:
    """Says aloud on what the whole-machine tests run."""
    if QEMUS:
        return f"QEMU: {', '.join(map(str, QEMUS))}"
    return (
        "QEMU: only the one on the PATH; XIPSIM_TEST_QEMUS names others "
        "(7.2 and 10.0 are the known versions)"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat what asks for `qemu` on each."""
    if "qemu" in metafunc.fixturenames:
        ids = [str(p) for p in QEMUS] or ["default"]
        metafunc.parametrize("qemu", QEMUS or [None], ids=ids, scope="session")
