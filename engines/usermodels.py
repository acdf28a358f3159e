"""Models that a user brings: Python files whose classes join the registry."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from importlib import import_module

from xipsim.firmware.files import reason
from xipsim.peripherals import load
from xipsim.peripherals.core import RAISED, REGISTRY, Model, Registry

from .api import IMPORT_TIME, USER_MODULES, StrPath

OWN = "xipsim.peripherals."
"""How modules of models begin."""

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


def import_models(modules: Iterable[str]) -> Registry:
    """The registry, with what these modules of xipsim's own put into it."""
    for name in modules:
        if not name.startswith(OWN):
            raise UserModelError(f"{name} is no module of a model of xipsim's")
        import_module(name)
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
    try:
        os.close(os.open(file, os.O_RDONLY | os.O_NONBLOCK))
    except (OSError, ValueError) as error:
        raise UserModelError(f"{file}: cannot be read: {reason(error)}") from None
    if spec is None or spec.loader is None or not os.path.isfile(file):
        raise UserModelError(f"{file}: not a Python file that can be read")
    module = module_from_spec(spec)
    before = set(sys.modules)
    sys.modules[name] = module
    loader = spec.loader
    try:
        _in_time(lambda: loader.exec_module(module), file)
    except _Endless as error:
        del sys.modules[name]
        raise UserModelError(str(error)) from None
    except RAISED as error:
        del sys.modules[name]
        line = _line_of(error, file)
        raise UserModelError(f"{file}{line}: {type(error).__name__}: {error}") from error
    mine = {n: REGISTRY[n] for n in REGISTRY if REGISTRY[n].__module__ == name}
    _registered[file] = mine
    files = (getattr(m, "__file__", None) for n, m in sys.modules.items() if n not in before)
    _imported.update(path for path in files if path)


class _Endless(Exception):
    """A file that was still being imported when its time was over, and where it was."""


def _in_time(work: Callable[[], None], file: str) -> None:
    """Do it in a thread, which is given up after IMPORT_TIME; what it raises is raised here."""
    from threading import Thread

    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        thread.join(IMPORT_TIME)
        if thread.is_alive():
            line = _line_of_thread(thread.ident, file)
            raise _Endless(f"{file}{line}: its import has not ended after {IMPORT_TIME:g} s")
    finally:
        if thread.is_alive():
            _end(thread.ident)
    if raised:
        raise raised[0]


def _line_of_thread(number: int | None, file: str) -> str:
    frame = sys._current_frames().get(number or 0)
    while frame is not None and frame.f_code.co_filename != os.path.abspath(file):
        frame = frame.f_back
    return f":{frame.f_lineno}" if frame else ""


def _end(number: int | None) -> None:
    """Raise SystemExit in that thread, at its next instruction of Python: it shall not compute for
    as long as this process lives."""
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(number or 0), ctypes.py_object(SystemExit)
    )


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
