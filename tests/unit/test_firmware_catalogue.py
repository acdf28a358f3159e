"""The catalogue: which image a board runs, and the user's cache of images."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from test_firmware_images import raw_image

from xipsim.firmware import boards, catalogue, images
from xipsim.firmware.errors import FirmwareError, ImageError

BANNER = b"\0MicroPython v1.26.1 on 2025-09-11; Teensy 4.1 with MIMXRT1062DVJ6A\0"


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, an empty search path, and a checkout with nothing beside it."""
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout" / "pyproject.toml").touch()
    (tmp_path / "checkout" / "firmware").mkdir()
    monkeypatch.setattr(catalogue, "__file__", str(tmp_path / "checkout/firmware/catalogue.py"))
    monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("XIPSIM_FIRMWARE_PATH", raising=False)
    return tmp_path


def image(folder: Path, name: str, text: bytes = BANNER) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(raw_image() + text)
    return path


def test_add_copies_and_remembers_what_the_image_says_of_itself(places: Path) -> None:
    source = image(places, "any.bin")
    entry = catalogue.add(source)
    digest = images.load(source).sha256
    assert entry.board == "TEENSY41"
    assert entry.version == "v1.26.1 on 2025-09-11"
    assert entry.path == places / "cache/firmware/TEENSY41" / f"{digest[:12]}-any.bin"
    assert entry.origin == str(source)
    assert entry.path.read_bytes() == source.read_bytes()
    assert catalogue.entries() == catalogue.entries("TEENSY41") == [entry]
    assert catalogue.entries("TEENSY40") == []


@pytest.mark.parametrize(
    ("name", "board"),
    [
        ("TEENSY40.bin", "TEENSY40"),
        ("teensy40-20250911-v1.26.1.bin", "TEENSY40"),
        ("TEENSY400.bin", ""),
        ("firmware.bin", ""),
    ],
)
def test_the_name_tells_the_board_when_the_image_does_not(
    places: Path, name: str, board: str
) -> None:
    source = image(places, name, b"")
    assert catalogue.identify(images.load(source)).board == board
    if board:
        assert catalogue.add(source).board == board
    else:
        one_of = r"name it with --board, one of .*TEENSY40, TEENSY41"
        with pytest.raises(FirmwareError, match=one_of):
            catalogue.add(source)
        assert catalogue.add(source, "TEENSY41").board == "TEENSY41"


def test_add_refuses_unknown_boards_and_broken_images(places: Path) -> None:
    with pytest.raises(FirmwareError, match="no board 'TEENSY14': did you mean TEENSY41"):
        catalogue.add(image(places, "x.bin"), "TEENSY14")
    (places / "empty.hex").touch()
    with pytest.raises(ImageError, match="empty"):
        catalogue.add(places / "empty.hex", "TEENSY41")
    assert catalogue.entries() == []


def test_nothing_is_added_that_no_loader_understands(places: Path) -> None:
    """Raw bytes may be anything: without an FCB no boot ROM starts them."""
    rubbish = places / "TEENSY41.bin"
    rubbish.write_bytes(b"\x01\x02" * 4000)
    with pytest.raises(ImageError, match="no image that a boot ROM starts"):
        catalogue.add(rubbish)
    rubbish.write_bytes(raw_image()[:0x1010])
    with pytest.raises(ImageError, match="truncated"):
        catalogue.add(rubbish)
    assert catalogue.entries() == []


@pytest.mark.parametrize("closed", ["firmware", "firmware/TEENSY41"])
def test_a_cache_that_cannot_be_looked_at_is_not_an_empty_one(places: Path, closed: str) -> None:
    """Another image than the one that is there would run, and nobody would know."""
    folder = catalogue.where().parent / closed
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(folder)
    for look in (catalogue.entries, lambda: catalogue.find("TEENSY41")):
        with pytest.raises(FirmwareError, match=f"{closed}.*: cannot be read: Too many levels"):
            look()


def test_a_place_that_cannot_be_looked_at_is_told_where_nothing_is_found(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = places / "loop"
    loop.symlink_to(loop)
    monkeypatch.setenv(catalogue.SEARCH_PATH, f"{loop}{os.pathsep}{places / 'missing'}")
    with pytest.raises(FirmwareError) as caught:
        catalogue.find("TEENSY41")
    assert f"{loop} (Too many levels of symbolic links)" in str(caught.value)
    assert f"{places / 'missing'} (No such file or directory)" in str(caught.value)


def test_an_image_that_has_changed_in_the_cache_is_not_run(places: Path) -> None:
    entry = catalogue.add(image(places, "a.bin"))
    entry.path.write_bytes(entry.path.read_bytes() + b"x")
    with pytest.raises(FirmwareError, match=r"a\.bin: changed or damaged; delete it and add it"):
        catalogue.find("TEENSY41").load()


def test_without_a_home_nothing_can_be_added(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XIPSIM_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.raises(FirmwareError, match="no home for a cache: set XIPSIM_CACHE or HOME"):
        catalogue.add(image(places, "a.bin"))
    assert catalogue.entries() == []
    beside = image(places / "shared" / "firmware", "TEENSY41.hex")
    assert catalogue.find("TEENSY41").path == beside


def test_a_place_that_no_system_takes_is_none(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XIPSIM_FIRMWARE_PATH", "x" * 5000)
    with pytest.raises(FirmwareError, match="no firmware for TEENSY41"):
        catalogue.find("TEENSY41")


def test_the_newest_added_wins(places: Path) -> None:
    first, second = image(places, "a.bin"), image(places, "b.bin", BANNER + b"2")
    one, two = catalogue.add(first), catalogue.add(second)
    assert catalogue.entries() == [two, one]
    again = catalogue.add(first)
    assert catalogue.entries() == [again, two]
    assert catalogue.find("TEENSY41") == (again.path, "the user cache", again.sha256)


def test_find_looks_in_the_cache_then_the_path_then_beside_the_checkout(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = image(places / "shared" / "firmware", "TEENSY41.hex")
    assert catalogue.find("TEENSY41") == (beside, "../shared/firmware next to the checkout", "")
    image(places / "path", "TEENSY41-20240602-v1.23.0.hex")
    newest = image(places / "path", "TEENSY41-20250911-v1.26.1.hex")
    listed = [str(places / "missing"), str(places / "path")]
    monkeypatch.setenv("XIPSIM_FIRMWARE_PATH", os.pathsep.join(listed))
    assert catalogue.find("TEENSY41") == (newest, "XIPSIM_FIRMWARE_PATH", "")
    entry = catalogue.add(beside)
    assert catalogue.find("TEENSY41")[:2] == (entry.path, "the user cache")


def test_the_path_may_list_files(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other, mine = image(places, "x.bin", b""), image(places, "y.bin")
    monkeypatch.setenv("XIPSIM_FIRMWARE_PATH", os.pathsep.join([str(other), str(mine)]))
    assert catalogue.find("TEENSY41").path == mine


def test_without_an_image_the_error_says_what_to_do(places: Path) -> None:
    with pytest.raises(FirmwareError) as caught:
        catalogue.find("TEENSY40")
    text = str(caught.value)
    assert "https://micropython.org/download/TEENSY40/" in text
    assert "xipsim firmware add FILE" in text
    assert str(places / "cache/firmware/TEENSY40") in text
    assert str(places / "shared/firmware") in text


def test_info_takes_a_file_a_board_or_a_hash(places: Path) -> None:
    source = image(places, "any.bin")
    entry = catalogue.add(source)
    for ref in (str(source), "TEENSY41", entry.sha256[:8], entry.path.name):
        found, identity = catalogue.info(ref)
        assert found.sha256 == entry.sha256
        assert identity == catalogue.Identity(version="v1.26.1 on 2025-09-11", board="TEENSY41")
    with pytest.raises(FirmwareError, match="'nothing' names no file, board or cached image"):
        catalogue.info("nothing")


def test_a_damaged_note_in_the_cache_is_named(places: Path) -> None:
    entry = catalogue.add(image(places, "any.bin"))
    note = entry.path.with_name(entry.path.name + ".json")
    note.write_text("{")
    with pytest.raises(FirmwareError, match=r"any\.bin\.json: damaged; delete it"):
        catalogue.entries()


@pytest.mark.parametrize("name", boards.names())
def test_every_boards_file_patterns_match_its_release(name: str) -> None:
    board = boards.load(name)
    release = board.release.replace("YYYYMMDD", "20250911").replace("X.Y.Z", "1.26.1")
    assert any(Path(release).match(pattern) for pattern in board.files)
    assert board.download.endswith(f"/{name}/")
