"""What a model raised, as something that the user's process can be told."""

from __future__ import annotations

from types import TracebackType

from xipsim.engines.api import USER_MODULES, ModelError


def refusal(error: ValueError) -> str:
    """What a model says against its parameters; of a user's model, with the line that says it."""
    last = _place(error.__traceback__)
    if last is None or not _is_users(last):
        return str(error)
    code = last.tb_frame.f_code
    return f"{error} ({code.co_filename}, line {last.tb_lineno}, in {code.co_name})"


def model_error(error: BaseException, *, access: str = "", pc: int | None = None) -> ModelError:
    """Where in the model, doing what, and where the firmware was."""
    last = _place(error.__traceback__)
    what = f"{type(error).__name__}: {error}"
    if last is None:
        return ModelError(what, access=access, pc=pc)
    code = last.tb_frame.f_code
    return ModelError(
        what,
        access=access,
        file=code.co_filename,
        line=last.tb_lineno,
        function=code.co_name,
        pc=pc,
    )


def _place(trace: TracebackType | None) -> TracebackType | None:
    """Where it was raised; if a user's model has called what raised, the line that did."""
    last = users = None
    while trace is not None:
        last = trace
        if _is_users(trace):
            users = trace
        trace = trace.tb_next
    return users or last


def _is_users(trace: TracebackType) -> bool:
    return str(trace.tb_frame.f_globals.get("__name__")).startswith(USER_MODULES)
