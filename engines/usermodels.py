"""Models that a user brings: Python files whose classes join the registry."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from xipsim.peripherals import load
from xipsim.peripherals.core import REGISTRY, Model, Registry

from .api import USER_MODULES, StrPath

_imported: set[str] = set()
"""Files of all modules that came with the user's models."""
_registered: dict[str, dict[str, type[Model]]] = {}
"""What each file has put into the registry."""


class UserModelError(Exception):
    """A model file cannot be used: the user's mistake."""


def load_models(types: Iterable[str], files: Iterable[StrPath] = ()) -> Registry:
    """The registry, with the families of `types` and the classes of `files` in it."""
    for family in sorted({name.split(".")[0] for name in types}):
        load(family)
    wanted = [os.fspath(file) for file in files]
    if wanted:
        _forget(_registered.keys() - set(wanted))
    for file in wanted:
        _load_file(file)
    return REGISTRY


def _forget(files: Iterable[str]) -> None:
    """Those of another machine in this process: theirs may have the same names."""
    for file in files:
        for name, model in _registered[file].items():
            if name in REGISTRY and REGISTRY[name] is model:
                REGISTRY.drop(name)


def sources() -> list[str]:
    """The files of the user's models, and of every module that these were the first to import."""
    return sorted(_imported)


def _load_file(file: str) -> None:
    from importlib.util import module_from_spec, spec_from_file_location

    name = f"{USER_MODULES}{os.path.splitext(os.path.basename(file))[0]}"
    if file in _registered and getattr(sys.modules.get(name), "__file__", None) == file:
        for type_name, model in _registered[file].items():
            REGISTRY.add(type_name, model)
        return
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None or not os.path.isfile(file):
        raise UserModelError(f"{file}: not a Python file that can be read")
    module = module_from_spec(spec)
    before = set(sys.modules)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        line = _line_of(error, file)
        raise UserModelError(f"{file}{line}: {type(error).__name__}: {error}") from error
    mine = {n: REGISTRY[n] for n in REGISTRY if REGISTRY[n].__module__ == name}
    _registered[file] = mine
    files = (getattr(m, "__file__", None) for n, m in sys.modules.items() if n not in before)
    _imported.update(path for path in files if path)


def _line_of(error: BaseException, file: str) -> str:
    if isinstance(error, SyntaxError) and error.lineno:
        return f":{error.lineno}"
    line = ""
    trace = error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == os.path.abspath(file):
            line = f":{trace.tb_lineno}"
        trace = trace.tb_next
    return line
