"""`sameness.c` in the process of the tests, built so that nothing it reads is left out.

A compiler leaves out what is read and not used, and another one does not: what only one of them
makes of it would be found on that one's computers.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import subprocess
from collections.abc import Callable
from ctypes import PYFUNCTYPE, c_uint32, c_void_p
from pathlib import Path

from xipsim.engines.qemu.locate import SHIM

SOURCES = ("sameness.c", "python_api.c")
BESIDE = """
#include <stdint.h>
uint32_t xipsim_version;
void find_python(void);
void begin(void) { find_python(); }
"""
FIND_CHANGED = PYFUNCTYPE(c_uint32, c_void_p, c_void_p, c_void_p, c_uint32, c_uint32, c_void_p)


def build(folder: Path, version: int) -> Callable[..., int]:
    """`xipsim_find_changed`. version: where a dictionary has the number of its version."""
    beside, library = folder / "beside.c", folder / "sameness.so"
    beside.write_text(BESIDE)
    sources = [str(Path(SHIM).with_name(name)) for name in SOURCES]
    compiler = shlex.split(os.environ.get("CC", "cc"))
    flags = ["-O0", "-fPIC", "-shared"]
    subprocess.run([*compiler, *flags, "-o", library, *sources, beside, "-ldl"], check=True)
    loaded = ctypes.PyDLL(str(library))
    loaded.begin()
    c_uint32.in_dll(loaded, "xipsim_version").value = version
    address = ctypes.cast(loaded.xipsim_find_changed, c_void_p).value
    assert address
    return FIND_CHANGED(address)
