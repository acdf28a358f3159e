"""The package: what sdist and wheel hold, and that a wheel works where nothing was built."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import xipsim
from xipsim.engines.qemu import locate

ROOT = Path(__file__).parents[2]
SHIM = "xipsim/engines/qemu/xipsim_shim.so"
NOT_SOURCES = (".*", "build", "dist", "tests", "benchmarks", "*.egg-info", "__pycache__", "*.so")
BUILD = """
import sys
from setuptools import build_meta
getattr(build_meta, f"build_{sys.argv[1]}")(sys.argv[2])
"""


def build(kind: str, source: Path, to: Path) -> Path:
    """Build as pip does, without the network."""
    done = subprocess.run(
        [sys.executable, "-c", BUILD, kind, str(to)], cwd=source, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return next(to.glob("*.tar.gz" if kind == "sdist" else "*.whl"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    checkout = tmp_path_factory.mktemp("checkout") / "xipsim"
    shutil.copytree(ROOT, checkout, symlinks=True, ignore=shutil.ignore_patterns(*NOT_SOURCES))
    return build("sdist", checkout, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the sdist, so that the sdist is complete."""
    unpacked = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["tar", "-xf", sdist, "-C", unpacked], check=True)
    return build("wheel", next(unpacked.iterdir()), tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def test_the_wheel_serves_every_python_on_this_kind_of_machine(wheel: Path) -> None:
    assert wheel.name.startswith(f"xipsim-{xipsim.__version__}-py3-none-linux_")


def test_the_wheel_holds_every_file_of_the_package(installed: Path) -> None:
    """Modules, and what they read: also through the links that join the rooms."""
    made = {".pyc", ".so"}
    rooms = (ROOT / "xipsim", *(path for path in (ROOT / "xipsim").iterdir() if path.is_dir()))
    expected = {
        path.relative_to(ROOT)
        for room in rooms
        for path in room.rglob("*")
        if path.is_file() and path.suffix not in made
    }
    assert len(expected) > 100
    assert sorted(path for path in expected if not (installed / path).is_file()) == []


def test_the_wheel_carries_both_licences(installed: Path) -> None:
    names = {path.name for path in installed.glob("*.dist-info/licenses/**/*") if path.is_file()}
    assert names == {"LICENSE", "GPL-2.0-or-later.txt"}


def test_the_shim_names_nothing_of_the_machine_that_built_it(installed: Path) -> None:
    """No path, and no libpython: it opens the one that it is told to."""
    shim = (installed / SHIM).read_bytes()
    assert shim.startswith(b"\x7fELF")
    for stranger in (b"libpython3", b"/lib/", str(Path.home()).encode(), b"/tmp/"):
        assert stranger not in shim


def test_an_unpacked_wheel_is_enough(installed: Path) -> None:
    """The command answers, and the engine's parts are where it looks for them."""
    code = "import xipsim.__main__ as m, xipsim.engines.qemu.locate as l; print(l.find_shim())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=installed,
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(installed / SHIM)


def test_the_checkout_is_installed_in_place() -> None:
    assert xipsim.__file__ is not None
    assert Path(xipsim.__file__).parent == ROOT / "xipsim"
    assert Path(locate.find_shim()).is_file()


def test_setup_sees_the_libpython_that_is_there() -> None:
    """This interpreter has one: tests of machines run with it."""
    command = '. scripts/setup.sh; python=$1; has_libpython'
    subprocess.run(["bash", "-ec", command, "bash", sys.executable], cwd=ROOT, check=True)
