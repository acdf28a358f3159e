"""Errors of an engine, put down to the firmware, the user, the system, or to us."""

from __future__ import annotations

import pytest

from xipsim import errors
from xipsim.engines.api import CoreStopped, EngineError, EngineKilled, ModelError
from xipsim.errors import UserError, XipsimError
from xipsim.session.engine_access import failed


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (CoreStopped("the core has locked up"), UserError),
        (EngineKilled("signal 9"), errors.EngineKilled),
        (EngineError("died"), errors.EngineFailed),
        (ModelError("ZeroDivisionError", file="/lab/fuse.py"), UserError),
        (ModelError("ZeroDivisionError", file="/xipsim/nor.py"), errors.EngineFailed),
    ],
)
def test_an_engines_error_is_put_down_to_whose_it_is(
    error: EngineError, told: type[XipsimError]
) -> None:
    assert type(failed(error, ["/lab/fuse.py"])) is told
