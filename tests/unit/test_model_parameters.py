"""Numbers that nobody means: a model refuses them where it is made, or lives with them."""

from __future__ import annotations

import random
from typing import Any

import pytest
from model_fuzz import ON_THE_BUS, Target
from model_rig import TYPES, Rig

from xipsim.peripherals.core import REGISTRY, Parameter

NUMBERS: tuple[Any, ...] = (0, -1, 1, 0xFFFF_FFFF, 1 << 52, -(1 << 63))
CASES = [
    (name, parameter, value)
    for name in TYPES
    for parameter in REGISTRY[name].declared(Parameter)
    if parameter.kind in (int, float)
    for value in NUMBERS
]


@pytest.mark.parametrize(
    ("name", "parameter", "value"), CASES, ids=lambda v: getattr(v, "name", str(v))
)
def test_a_number_is_refused_or_lived_with(
    name: str, parameter: Parameter[Any], value: Any
) -> None:
    given = {parameter.name: value}
    try:
        Rig(name, **given)
    except ValueError as error:
        assert parameter.name in str(error) or "pin" in str(error)
        return
    assert not parameter.check(value)
    if name in ON_THE_BUS:
        Target(name, **given).accesses(random.Random(5), 300)


@pytest.mark.parametrize("name", ["Alif.Wdt", "Imxrt.Pit", "Imxrt.Lpuart", "Miscellaneous.DWT"])
@pytest.mark.parametrize("hertz", [0, -1])
def test_a_frequency_is_above_0(name: str, hertz: int) -> None:
    with pytest.raises(ValueError, match=f"frequency: expected at least 1, given {hertz}"):
        Rig(name, frequency=hertz)
