"""Whatever a file holds, its reader reads it or refuses it with an error of its own.

`benchmarks/fuzz_loaders.py` does the same for as long as one likes, under a limit of memory.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from loader_fuzz import TARGETS, inputs

COUNT = 150


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("XIPSIM_CACHE", "/dev/null/none")
    target, file = TARGETS[name], tmp_path / "input"
    read = 0
    for data in inputs(target, tmp_path, name, COUNT):
        file.write_bytes(data)
        try:
            read += target.read(file)
        except target.refused as error:
            assert str(error)
    assert read < COUNT, "no damage"


@pytest.mark.parametrize("name", TARGETS)
def test_the_samples_are_good(tmp_path: Path, name: str) -> None:
    """Otherwise the damage would be told by the first byte, and nothing else be tried."""
    target, file = TARGETS[name], tmp_path / "input"
    refused = 0
    samples = target.samples(tmp_path)
    for sample in samples:
        file.write_bytes(target.repair(sample))
        try:
            refused += not target.read(file)
        except target.refused:
            refused += 1
    assert refused <= len(samples) / 2
