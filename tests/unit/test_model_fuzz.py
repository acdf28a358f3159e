"""Whatever firmware does to a register or a window, its model answers.

`benchmarks/fuzz_models.py` does the same for as long as one likes, under a limit of memory.
"""

from __future__ import annotations

import random

import pytest
from model_fuzz import ON_THE_BUS, Target

COUNT = 400


@pytest.mark.parametrize("name", ON_THE_BUS)
def test_accesses_of_any_width_and_alignment_are_answered(name: str) -> None:
    """`accesses` raises where a model does, or where a read gives more bytes than were asked."""
    Target(name).accesses(random.Random(name), COUNT)
