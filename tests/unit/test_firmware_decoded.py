"""Images are decoded once; whatever is wrong with what is kept of them, they are decoded anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xipsim.firmware import decoded, hexfile, images

HEX = b":0400000001020304F2\n:00000001FF\n"


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "a.hex"
    path.write_bytes(HEX)
    return path


def decodes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the files that are decoded from now on."""
    seen: list[str] = []
    read = hexfile.read

    def watched(path: str, text: bytes) -> images.Contents:
        seen.append(path)
        return read(path, text)

    monkeypatch.setattr(hexfile, "read", watched)
    return seen


def test_the_second_time_it_is_not_decoded(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, seen = images.load(image), decodes(monkeypatch)
    assert (images.load(image), seen) == (first, [])
    assert first.segments == ((0, bytes([1, 2, 3, 4])),)


def test_one_byte_makes_another_image(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images.load(image)
    seen = decodes(monkeypatch)
    image.write_bytes(HEX.replace(b"04F2", b"03F3"))
    assert images.load(image).segments == ((0, bytes([1, 2, 3, 3])),)
    assert seen == [str(image)]


@pytest.mark.parametrize("damage", [b"", b"rubbish", bytes(4), bytes(40)])
def test_a_damaged_one_is_replaced(
    image: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes
) -> None:
    first = images.load(image)
    (kept,) = (image.parent / "cache" / "images").iterdir()
    good = kept.read_bytes()
    kept.write_bytes(damage)
    seen = decodes(monkeypatch)
    assert images.load(image) == first
    assert seen == [str(image)]
    assert kept.read_bytes() == good


def test_a_cache_that_cannot_be_made_is_no_error(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XIPSIM_CACHE", str(image / "is a file"))
    assert images.load(image).format == "hex"


def test_the_ones_used_last_are_kept(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoded, "KEPT", 2)
    folder = image.parent / "cache" / "images"
    for age, value in ((3, 1), (2, 2)):
        image.write_bytes(b":01000000%02X%02X\n:00000001FF\n" % (value, -1 - value & 0xFF))
        images.load(image)
        newest = max(folder.iterdir(), key=lambda file: file.stat().st_mtime)
        os.utime(newest, (1_000_000_000 - age, 1_000_000_000 - age))
    oldest = min(folder.iterdir(), key=lambda file: file.stat().st_mtime)
    image.write_bytes(HEX)
    images.load(image)
    assert len(list(folder.iterdir())) == 2
    assert not oldest.exists()
