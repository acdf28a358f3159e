"""Builds the shim: a plain shared object that serves every Python, so the wheel is not tied to one.

Everything else about the package stands in pyproject.toml.
"""

from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from wheel.bdist_wheel import bdist_wheel


class BuildShim(build_ext):
    """Compiles without Python's flags and names the result as the engine looks for it."""

    def get_ext_filename(self, fullname: str) -> str:
        return str(Path(*fullname.split("."))) + ".so"

    def get_export_symbols(self, ext: Extension) -> list[str]:
        return []


class AnyPythonWheel(bdist_wheel):
    """py3-none-<platform>: the shim finds libpython at run time."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


setup(
    ext_modules=[
        Extension(
            "xipsim.engines.qemu.xipsim_shim",
            ["engines/qemu/shim.c"],
            libraries=["dl"],
            extra_compile_args=["-O2", "-Wall", "-Wextra"],
        )
    ],
    cmdclass={"build_ext": BuildShim, "bdist_wheel": AnyPythonWheel},
)
