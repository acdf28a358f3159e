"""What the README shows, on whole machines: its examples, and the demonstration."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from images import PUBLISHED, TEENSY41S, Image, parameters
from patience import HANGS

from xipsim import Machine, UserError

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs/examples"
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=parameters(TEENSY41S))
def image(request: pytest.FixtureRequest) -> Path:
    """Each image for the Teensy 4.1."""
    chosen: Image = request.param
    return chosen.require()


def lab(image: Path, qemu: Path | None, model: Path) -> Machine:
    return Machine(str(EXAMPLES / "lab.repl"), firmware=image, models=[model], qemu=qemu)


@pytest.mark.parametrize("name", ["sampler.py", "lab.repl", "read_samples.py"])
def test_the_readme_shows_the_example_as_it_is(name: str) -> None:
    assert (EXAMPLES / name).read_text(encoding="utf-8") in README


def test_a_users_model_on_a_users_board(image: Path, qemu: Path | None) -> None:
    with lab(image, qemu, EXAMPLES / "sampler.py") as machine:
        script = (EXAMPLES / "read_samples.py").read_text(encoding="utf-8")
        assert machine.exec(script) == "[1, 2, 3, 4, 5, 6, 7]\n"


def test_an_exception_in_a_users_model_names_its_line_and_the_pc(
    image: Path, qemu: Path | None, tmp_path: Path
) -> None:
    model = tmp_path / "broken.py"
    text = (EXAMPLES / "sampler.py").read_text(encoding="utf-8")
    model.write_text(text.replace("return self.DATA", "return self.DATA // 0"), encoding="utf-8")
    line = 1 + text[: text.index("return self.DATA")].count("\n")
    with lab(image, qemu, model) as machine, pytest.raises(UserError) as raised:
        machine.exec("import machine; machine.mem32[0x90000004]")
    assert f"{model}, line {line}" in str(raised.value)
    assert re.search(r"PC is 0x6[0-9a-f]{7}\b", str(raised.value))


def test_the_library_example_prints_what_the_readme_says(image: Path, tmp_path: Path) -> None:
    example, said = library_example()
    places = {"XIPSIM_CACHE": str(tmp_path), "XIPSIM_FIRMWARE_PATH": str(image)}
    done = python("-c", example, **places)
    assert (done.stdout.splitlines(), done.stderr) == (said, "")


def test_the_model_is_tested_as_the_readme_says() -> None:
    test = re.search(r"```python\n(from sampler import Sampler.*?)```", README, re.DOTALL)
    assert test is not None
    assert python("-c", test[1], PYTHONPATH=str(EXAMPLES)).stderr == ""


def library_example() -> tuple[str, list[str]]:
    """The code, and what its comments say that it prints."""
    example = re.search(r"```python\n(from xipsim import Machine.*?)```", README, re.DOTALL)
    assert example is not None
    return example[1], re.findall(r"print.*  # (.+)$", example[1], re.MULTILINE)


def python(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
        env=os.environ | variables,
    )


def test_the_demonstration(image: Path) -> None:
    done = python("-m", "xipsim.demo", str(image))
    assert (done.returncode, done.stderr) == (0, "")
    for fact in ("WRITTEN in place", "soft reboot", ">>> len", "8400\n", "sector erase 4K"):
        assert fact in done.stdout
    assert re.search(r"0x1c8000 +1 +200\b", done.stdout), "block 200 was erased once"


def test_the_readme_shows_the_demonstrations_session() -> None:
    """Up to the table of what happened on the chip, on the image that the README names."""
    done = python("-m", "xipsim.demo", str(PUBLISHED.require()))
    session = done.stdout.split("\n", 1)[1].split("\nWhat happened")[0]
    assert re.sub(" +$", "", session.rstrip(), flags=re.MULTILINE) in README


def test_the_demonstration_of_an_image_that_is_not_there(tmp_path: Path) -> None:
    done = python("-m", "xipsim.demo", str(tmp_path / "none.hex"))
    assert done.returncode == 2
    assert "none.hex" in done.stderr
    assert "Traceback" not in done.stderr
