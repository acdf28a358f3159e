"""What people may call of a model, with values that no method can take, and extreme ones."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Iterator
from typing import Any

import pytest
from fake_engine import EngineClock
from model_rig import TYPES, Rig

from xipsim.engines.guest.dormant import Models
from xipsim.engines.guest.host import Host
from xipsim.peripherals.core import REGISTRY

EXTREMES: dict[str, tuple[Any, ...]] = {
    "int": (0, -1, 1 << 40, -1 << 70),
    "float": (-1e300, 1e300, 0),
    "bool": (True,),
    "bytes": (b"", bytes(5000)),
    "str": ("", "\\0"),
}
WRONG: dict[str, tuple[Any, ...]] = {
    "int": ("abc", 1.5, None),
    "float": ("abc", None, math.nan, -math.inf),
    "bool": ("on",),
    "bytes": ("text", 5),
    "str": (5, b"A"),
}


def kinds(name: str, method: str) -> dict[str, str]:
    parameters = inspect.signature(getattr(REGISTRY[name], method)).parameters
    return {p: str(parameters[p].annotation) for p in list(parameters)[1:]}


def exposed() -> Iterator[tuple[str, str]]:
    for name in TYPES:
        for method, function in inspect.getmembers(REGISTRY[name]):
            if getattr(function, "exposed", False) and kinds(name, method):
                yield name, method


METHODS = list(exposed())


def host(rig: Rig) -> Host:
    clock: Any = EngineClock(rig.bench.clock)
    models = Models({model.name: model for model in rig.models})
    nothing: Any = lambda *_: None  # noqa: E731 - nobody is told anything
    return Host(models, clock, rig.bench.trace, stop=nothing, send=nothing, strict=False)


@pytest.mark.parametrize(("name", "method"), METHODS)
def test_a_value_of_a_wrong_type_is_refused_by_name(name: str, method: str) -> None:
    """At once, and not by the firmware's next access."""
    rig = Rig(name)
    calls, wanted = host(rig), kinds(name, method)
    good = [EXTREMES[kind][0] for kind in wanted.values() if kind in EXTREMES]
    assert len(good) == len(wanted), "a kind of parameter that this test does not know"
    for place, (parameter, kind) in enumerate(wanted.items()):
        for value in WRONG[kind]:
            arguments = (*good[:place], value, *good[place + 1 :])
            with pytest.raises(ValueError, match=rf"\.{method}: {parameter}: expected"):
                calls.call(rig.model.name, method, arguments)


@pytest.mark.parametrize(("name", "method"), METHODS)
def test_an_extreme_value_is_taken_or_refused(name: str, method: str) -> None:
    """And the model goes on with what it has taken."""
    rig = Rig(name)
    calls = host(rig)
    for arguments in itertools.product(*(EXTREMES[kind] for kind in kinds(name, method).values())):
        try:
            calls.call(rig.model.name, method, arguments)
        except ValueError:
            continue
        rig.bench.clock.advance(1_000_000)
        rig.model.save()
