"""Snapshots at random instants of a board's life, restored in another process: no difference.

XIPSIM_TEST_SNAPSHOT_POINTS=100 takes so many instants; some minutes for each board.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import life
import pytest
from images import IMAGES, Image, parameters

POINTS = int(os.environ.get("XIPSIM_TEST_SNAPSHOT_POINTS", "5"))
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("image", parameters(IMAGES), indirect=True)
def test_who_goes_on_from_any_instant_sees_the_same(
    image: Image, qemu: Path | None, tmp_path: Path
) -> None:
    """Script, trace, report, core, memory and flash; in a boot, an operation, a wait, a reset."""
    with life.make(image, qemu) as m:
        script = life.script_of(m, image)
    choice = random.Random(14)
    points = [choice.randrange(1, script[-1][0]) for _ in range(POINTS)]
    with life.make(image, qemu) as m:
        _, wanted = life.live(m, image, script, points=points, folder=tmp_path)
    files = [str(tmp_path / str(number)) for number in range(POINTS)]
    command = [sys.executable, life.__file__, image.name, str(qemu or ""), json.dumps(script)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    done = subprocess.run(
        [*command, *files], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == POINTS
    for point, one, other in zip(sorted(points), found, wanted, strict=True):
        other = json.loads(json.dumps(other))
        assert [name for name in other if one[name] != other[name]] == [], f"at {point} ns"
        assert one == other
