"""Builds the shim, a plain shared object that serves every Python; see pyproject.toml for the rest.

CC names the compiler (default: cc).
"""

import os
import shlex
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

SHIM = (
    *("shim", "registers", "calls", "passages", "turns", "translation", "loops", "python_api"),
    *("privates", "nvic", "maintenance", "sameness", "written"),
)
HEADERS = ("passages", "privates", "translation", "python_api")


class BuildShim(build_ext):
    """Compiles without the flags, paths and file names of the Python that happens to build."""

    def get_ext_filename(self, fullname: str) -> str:
        return str(Path(*fullname.split("."))) + ".so"

    def build_extension(self, ext: Extension) -> None:
        target = Path(self.get_ext_fullpath(ext.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        compiler = shlex.split(os.environ.get("CC", "cc"))
        flags = ["-O2", "-Wall", "-Wextra", "-fPIC", "-shared"]
        self.spawn([*compiler, *flags, "-o", str(target), *ext.sources, "-ldl"])


class AnyPythonWheel(bdist_wheel):
    """py3-none-<platform>: the shim finds libpython at run time."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


setup(
    ext_modules=[
        Extension(
            "xipsim.engines.qemu.xipsim_shim",
            [f"xipsim/engines/qemu/{name}.c" for name in SHIM],
            depends=[f"xipsim/engines/qemu/{name}.h" for name in HEADERS],
        )
    ],
    cmdclass={"build_ext": BuildShim, "bdist_wheel": AnyPythonWheel},
)
