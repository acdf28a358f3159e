"""Images for Alif's MRAM: the packaged form, raw packages, raw applications, ELF."""

from __future__ import annotations

from pathlib import Path

import pytest
from alif_package import (
    BOOT,
    DEFERRED,
    HE,
    HP,
    MRAM,
    MRAM_SIZE,
    Part,
    application,
    archive,
    package,
)
from test_firmware_images import elf_image, raw_image, save

from xipsim.firmware import boards, catalogue, images
from xipsim.firmware.errors import FirmwareError, ImageError
from xipsim.firmware.littlefs import put_file

APP = application()
TOC = package(Part("HP_APP", HP, APP, BOOT | 2))
TOC_AT = MRAM + MRAM_SIZE - len(TOC)
HP_FILE = ("M55_HP/firmware.bin", HP, APP)


def test_a_package_puts_its_files_where_it_says(tmp_path: Path) -> None:
    image = images.load(save(tmp_path, archive(TOC, HP_FILE)))
    assert image.format == "alif"
    assert image.segments == ((HP, APP), (TOC_AT, TOC))
    assert image.placed(MRAM, MRAM_SIZE) == [(HP - MRAM, APP), (TOC_AT - MRAM, TOC)]


def test_a_package_for_both_cores(tmp_path: Path) -> None:
    other = application(HE)
    toc = package(Part("HP_APP", HP, APP, BOOT | 2), Part("HE_APP", HE, other, DEFERRED | 3))
    data = archive(toc, HP_FILE, ("M55_HE/firmware.bin", HE, other))
    image = images.load(save(tmp_path, data))
    assert image.segments[:2] == ((HP, APP), (HE, other))


def test_a_package_need_not_have_the_build_folder(tmp_path: Path) -> None:
    data = archive(TOC, HP_FILE, folder="")
    assert images.load(save(tmp_path, data)).segments[0] == (HP, APP)


@pytest.mark.parametrize("missing", ["M55_HP/firmware.bin", "firmware.toc.bin"])
def test_a_package_without_one_of_its_files(tmp_path: Path, missing: str) -> None:
    path = save(tmp_path, archive(TOC, HP_FILE, leave_out=missing))
    with pytest.raises(ImageError, match=f"incomplete: .* names build-X/{missing}"):
        images.load(path)


@pytest.mark.parametrize("length", [100, 500, 780])
def test_a_package_cut_short(tmp_path: Path, length: int) -> None:
    path = save(tmp_path, archive(TOC, HP_FILE)[:length])
    with pytest.raises(ImageError, match="damaged or truncated package"):
        images.load(path)


def test_a_package_with_a_damaged_file(tmp_path: Path) -> None:
    data = bytearray(archive(TOC, HP_FILE))
    data[data.index(b"M55_HP/firmware.bin", 300) + 30] ^= 0xFF
    with pytest.raises(ImageError, match="damaged or truncated package"):
        images.load(save(tmp_path, bytes(data)))


@pytest.mark.parametrize("toc", [TOC[:-16], TOC[:-1], TOC[16:]])
def test_a_package_whose_atoc_is_cut_short(tmp_path: Path, toc: bytes) -> None:
    with pytest.raises(ImageError, match=r"firmware.toc.bin is cut short or damaged"):
        images.load(save(tmp_path, archive(toc, HP_FILE)))


def test_a_package_whose_list_says_nothing(tmp_path: Path) -> None:
    data = archive(TOC, HP_FILE)
    broken = _with_list(data, "continue\n")
    with pytest.raises(ImageError, match=r"first line of application_package.ds does not list"):
        images.load(save(tmp_path, broken))


def _with_list(data: bytes, text: str) -> bytes:
    import io
    from zipfile import ZipFile

    buffer = io.BytesIO()
    with ZipFile(io.BytesIO(data)) as old, ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, text if name.endswith(".ds") else old.read(name))
    return buffer.getvalue()


def test_a_package_of_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    """A megabyte of zeros takes a thousand bytes in an archive."""
    data = archive(TOC, ("M55_HP/firmware.bin", HP, bytes(MRAM_SIZE + 1)))
    assert len(data) < 20_000
    with pytest.raises(ImageError, match=r"M55_HP/firmware\.bin has more bytes than the MRAM"):
        images.load(save(tmp_path, data))


@pytest.mark.parametrize(
    "line", [f"a {1 << 32:#x}", "a -0x80000000", " ".join(["a 0x80020000"] * 17)]
)
def test_a_package_whose_list_asks_for_too_much(tmp_path: Path, line: str) -> None:
    broken = _with_list(archive(TOC, HP_FILE), f"set semihosting args {line}\n")
    with pytest.raises(ImageError, match=r"first line of application_package.ds does not list"):
        images.load(save(tmp_path, broken))


def test_another_zip_archive_is_a_mistake(tmp_path: Path) -> None:
    data = archive(TOC, HP_FILE).replace(b"application_package.ds", b"application_package.xx")
    with pytest.raises(ImageError, match="not a firmware image but a zip archive"):
        images.load(save(tmp_path, data))


@pytest.mark.parametrize(("at", "size"), [(HP, 0x400), (HE, 0x200), (0x8020_0000, 0x400)])
def test_a_raw_application_goes_where_its_reset_vector_points(
    tmp_path: Path, at: int, size: int
) -> None:
    data = application(at, size)
    image = images.load(save(tmp_path, data))
    assert (image.format, image.segments) == ("alif", ((at, data),))


def test_a_raw_package_ends_at_the_end_of_mram(tmp_path: Path) -> None:
    assert images.load(save(tmp_path, TOC)).segments == ((TOC_AT, TOC),)


def test_a_copy_of_the_whole_mram(tmp_path: Path) -> None:
    mram = bytearray(b"\xff" * MRAM_SIZE)
    mram[HP - MRAM : HP - MRAM + len(APP)] = APP
    mram[-len(TOC) :] = TOC
    image = images.load(save(tmp_path, bytes(mram)))
    assert image.placed(MRAM, MRAM_SIZE) == [(0, bytes(mram))]


def test_a_raw_package_cut_short(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="begins as a package, but does not end as one"):
        images.load(save(tmp_path, TOC[:-32]))


def test_a_raw_application_cut_short(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="ends at 0x80020100, its reset vector is 0x80020101"):
        images.load(save(tmp_path, APP[:0x100]))


def test_an_elf_file_goes_to_its_physical_addresses(tmp_path: Path) -> None:
    elf = elf_image((HP, HP, APP), (0x2000_0000, HP + len(APP), b"data"))
    image = images.load(save(tmp_path, elf))
    assert image.placed(MRAM, MRAM_SIZE) == [(HP - MRAM, APP + b"data")]


def test_a_raw_image_of_another_family_is_none_of_these(tmp_path: Path) -> None:
    assert images.load(save(tmp_path, raw_image())).format == "bin"


def test_the_board_keeps_its_image_in_mram() -> None:
    assert boards.load("ALIF_ENSEMBLE").memory == "mram"
    assert boards.load("TEENSY41").memory == ""


def test_files_cannot_be_put_into_fat() -> None:
    facts = boards.load("ALIF_ENSEMBLE")
    with pytest.raises(FirmwareError, match="file system is FAT, not littlefs"):
        put_file(bytearray(facts.filesystem.size), facts.filesystem, "main.py", b"")


def test_the_catalogue_knows_the_board_by_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path / "cache"))
    app = APP + b"MicroPython v1.29.0 on 2026-01-02; Alif Ensemble DevKit with AE722F80F55D5XX\0"
    toc = package(Part("HP_APP", HP, app, BOOT | 2))
    entry = catalogue.add(save(tmp_path, archive(toc, ("M55_HP/firmware.bin", HP, app))))
    assert (entry.board, entry.version) == ("ALIF_ENSEMBLE", "v1.29.0 on 2026-01-02")
    assert catalogue.find("ALIF_ENSEMBLE").path == entry.path
