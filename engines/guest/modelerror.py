"""What a model raised, as something that the user's process can be told."""

from __future__ import annotations

from xipsim.engines.api import ModelError


def model_error(error: Exception, *, access: str = "", pc: int | None = None) -> ModelError:
    """Where in the model, doing what, and where the firmware was."""
    trace, last = error.__traceback__, None
    while trace is not None:
        last, trace = trace, trace.tb_next
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
