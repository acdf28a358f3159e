"""Starting an image from MRAM as the Secure Enclave does: ATOC, certificates, vector table."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

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
    certificate,
    package,
)

from xipsim.peripherals.alif.atoc import APPLICATIONS, AtocError, Tail, read_image
from xipsim.peripherals.alif.atoc import Entry as AtocEntry
from xipsim.peripherals.alif.bootrom import BootRom
from xipsim.peripherals.core import BootError, Entry, ResetCause
from xipsim.peripherals.core.testing import Bench

HP_APP = Part("HP_APP", HP, application(), BOOT | 2)
HE_APP = Part("HE_APP", HE, application(HE), BOOT | 3)


class Device:
    """An erased MRAM, and the ROM that boots from it."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.mram = self.bench.bus.add(MRAM, MRAM_SIZE)
        self.mram[:] = b"\xff" * MRAM_SIZE
        self.rom = BootRom(self.bench.system, name="bootrom")
        self.rom.reset(ResetCause.POWER_ON)

    def put(self, address: int, data: bytes) -> None:
        self.mram[address - MRAM : address - MRAM + len(data)] = data

    def install(self, *parts: Part, toc: bytes = b"") -> None:
        toc = toc or package(*parts)
        self.put(MRAM + MRAM_SIZE - len(toc), toc)
        for part in parts:
            self.put(part.at, part.data)

    def boot(self) -> Entry:
        rom = self.rom.boot()
        with pytest.raises(StopIteration) as done:
            next(rom)
        entry: Entry = done.value.value
        return entry

    def refusal(self) -> str:
        with pytest.raises(BootError) as refused:
            next(self.rom.boot())
        return str(refused.value)


@pytest.fixture
def device() -> Device:
    return Device()


def test_the_image_of_the_hp_core_starts_at_its_vector_table(device: Device) -> None:
    device.install(HP_APP, Part("HE_APP", HE, application(HE), DEFERRED | 3))
    assert device.boot() == Entry(pc=HP + 0x101, sp=0x2004_BB10, vtor=HP)
    assert not device.bench.events
    assert not device.bench.notes


def test_key_certificates_of_a_signed_image_are_passed_over(device: Device) -> None:
    device.install(HP_APP, toc=package(HP_APP, keys=b"kcBS" + bytes(1676)))
    assert device.boot().vtor == HP


def test_a_boot_loader_comes_before_the_application(device: Device) -> None:
    loader = Part("HP_BOOT", MRAM, application(MRAM), BOOT | 2)
    device.install(loader, HP_APP)
    assert device.boot().vtor == MRAM


def test_the_images_are_looked_at_again_at_every_reset(device: Device) -> None:
    device.install(HP_APP)
    device.boot()
    device.put(HP + 0x40, b"\0")
    device.rom.reset(ResetCause.SOFTWARE)
    assert "SHA-256" in device.refusal()


def test_a_bad_checksum(device: Device) -> None:
    toc = bytearray(package(HP_APP))
    toc[-0x11] ^= 1  # the last byte of the last entry
    device.install(HP_APP, toc=bytes(toc))
    stored = int.from_bytes(toc[-16:-12], "little")
    text = device.refusal()
    assert "bad checksum" in text
    assert f"{stored:#010x}" in text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda toc: toc[:-16] + bytes(16), "are no ATOC's (00 00"),
        (lambda toc: toc[:-12] + b"\1\0\0\0" + toc[-8:], "are no ATOC's"),
        (lambda toc: toc.replace(b"OEMTOC01", b"OEMTOC02"), "begins with b'OEMTOC02'"),
        (lambda toc: toc.replace(b"ccBS", b"ccBT"), "no certificate at 0x"),
    ],
)
def test_what_is_no_atoc(device: Device, change: object, says: str) -> None:
    assert callable(change)
    device.install(HP_APP, toc=change(package(HP_APP)))
    assert says in device.refusal()


def with_table(change: Callable[[bytearray], None]) -> bytes:
    """HP_APP's package with something wrong in the table, and the right checksum."""
    toc = package(HP_APP)
    _, table, start, size = struct.unpack("<4I", toc[-16:])
    changed = bytearray(toc[table - start : -16])
    change(changed)
    tail = struct.pack("<4I", zlib.crc32(changed), table, start, size)
    return toc[: table - start] + bytes(changed) + tail


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        (14, 0, None),  # two bytes that mean nothing here
        (8, 36, "has a header of 36 bytes, expected 32"),
        (12, 36, "has entries of 36 bytes, expected 32"),
        (10, 3, "has no room for the 3 entries it announces"),
        (10, 2, None),
    ],
)
def test_a_table_that_does_not_fit_its_header(
    device: Device, field: int, value: int, says: str | None
) -> None:
    """alif.md 2.2: magic, size of the header, number of entries, size of an entry."""
    toc = with_table(lambda table: struct.pack_into("<H", table, field, value))
    device.install(HP_APP, toc=toc)
    if says is None:
        assert device.boot().vtor == HP
    else:
        assert says in device.refusal()


@pytest.mark.parametrize(
    ("at", "length", "inside"),
    [
        (MRAM, 0x400, True),
        (MRAM - 4, 0x400, False),
        (MRAM + MRAM_SIZE - 0x400, 0x401, False),
        (0x2000_0000, 0x400, False),
    ],
)
def test_an_image_lies_in_the_mram(device: Device, at: int, length: int, inside: bool) -> None:
    device.install(HP_APP)
    toc = bytearray(package(HP_APP))
    struct.pack_into("<2I", toc, 0x35C, at + 0x1000_0000, length)
    device.install(HP_APP, toc=bytes(toc))
    text = device.refusal()
    if inside:
        assert "does not match the SHA-256" in text or "missing" in text
    else:
        assert "HP_APP: its certificate at 0x" in text
        assert ("as the image's length" in text) == (length == 0x401)
        wrong = length if length == 0x401 else at + 0x1000_0000
        assert f" names {wrong:#x} (at 0x" in text


def test_an_mram_that_is_not_there() -> None:
    bench = Bench()
    rom = BootRom(bench.system, name="bootrom")
    with pytest.raises(BootError, match=r"The Secure Enclave got a bus error: .*0x8057fff0"):
        next(rom.boot())


def test_an_image_for_the_other_core_alone(device: Device) -> None:
    device.install(HE_APP)
    text = device.refusal()
    assert "starts nothing on M55_HP" in text
    assert "HE_APP for M55_HE" in text


def test_an_image_for_both_cores_starts_one_and_reports_the_other(device: Device) -> None:
    device.install(HE_APP, HP_APP)
    assert device.boot().vtor == HP
    assert [gap.what for gap in device.bench.gaps] == ["boot of HE_APP on M55_HE"]


def test_an_image_that_is_missing_or_cut_short(device: Device) -> None:
    device.install(HP_APP)
    device.put(HP, b"\xff" * 0x400)
    assert "HP_APP: the image at 0x80020000 is missing" in device.refusal()
    device.put(HP, HP_APP.data[:0x300])
    assert "is cut short: 768 bytes, the certificate says 1024" in device.refusal()


def test_an_image_that_differs_from_its_certificate(device: Device) -> None:
    device.install(HP_APP)
    device.put(HP + 0x200, b"\0")
    assert "does not match the SHA-256" in device.refusal()


def test_a_damaged_device_configuration_stops_the_boot(device: Device) -> None:
    device.install(HP_APP)
    toc = package(HP_APP)
    device.put(MRAM + MRAM_SIZE - len(toc) + 2 * 880, b"\xee")
    assert "DEVICE: the image at" in device.refusal()


@pytest.mark.parametrize(
    ("flags", "load", "says"),
    [
        (0x10, 0xFFFF_FFFF, "uncompressed"),
        (0x80, 0xFFFF_FFFF, "decrypted"),
        (0x20, 0xFFFF_FFFF, "loaded into RAM"),
        (0, 0x9400_0000, "loaded into RAM"),
    ],
)
def test_images_that_do_not_run_in_place_are_a_gap(
    device: Device, flags: int, load: int, says: str
) -> None:
    part = Part("HP_APP", HP, application(), BOOT | 2 | flags)
    device.install(part, toc=package(part, load=load))
    assert says in device.refusal()
    assert [gap.what for gap in device.bench.gaps] == [f"image that must be {says}"]


def test_a_vector_table_without_a_stack_in_ram(device: Device) -> None:
    device.install(Part("HP_APP", HP, application(sp=0x9000_0000), BOOT | 2))
    assert "begins with 0x90000000, no stack pointer into RAM" in device.refusal()


# -- no ATOC ---------------------------------------------------------------------------------------


def test_an_erased_mram(device: Device) -> None:
    text = device.refusal()
    assert "no ATOC" in text
    assert "no image begins at 0x80020000 or 0x80200000" in text


def test_a_bare_image_is_started_and_noted_once(device: Device) -> None:
    device.put(HP, application())
    assert device.boot() == Entry(pc=HP + 0x101, sp=0x2004_BB10, vtor=HP)
    device.rom.reset(ResetCause.PIN)
    device.boot()
    assert len(device.bench.notes) == 1
    assert "no ATOC" in device.bench.notes[0].message


def test_a_bare_image_where_the_vendors_pack_puts_it(device: Device) -> None:
    """app_mem_regions.h: APP_MRAM_HP_BASE is 0x80200000."""
    at = 0x8020_0000
    device.put(at, application(at))
    assert device.boot() == Entry(pc=at + 0x101, sp=0x2004_BB10, vtor=at)


def test_a_bare_image_for_the_other_core(device: Device) -> None:
    device.put(HE, application(HE))
    assert "the only image is for M55_HE" in device.refusal()


# -- bounds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sp", "boots"),
    [
        (0, False), (4, True), (0x0004_0000, True), (0x0004_0004, False),
        (0x0200_0000, False), (0x0200_0004, True), (0x0240_0000, True), (0x0240_0004, False),
        (0x0800_0000, False), (0x0800_0004, True), (0x0828_0000, True), (0x0828_0004, False),
        (0x2000_0000, False), (0x2000_0004, True), (0x2010_0000, True), (0x2010_0004, False),
        (0x2000_0102, False),
    ],
)  # fmt: skip
def test_where_a_first_stack_may_lie(device: Device, sp: int, boots: bool) -> None:
    """alif.md 1: ITCM, SRAM0, SRAM1 and DTCM as the M55_HP sees them."""
    device.install(Part("HP_APP", HP, application(sp=sp), BOOT | 2))
    if boots:
        assert device.boot().sp == sp
    else:
        assert f"begins with {sp:#010x}, no stack pointer into RAM" in device.refusal()


@pytest.mark.parametrize(
    ("pc", "boots"),
    [
        (HP + 1, True), (HP - 1, False), (HP + 2, False), (MRAM + MRAM_SIZE - 1, True),
        (MRAM + MRAM_SIZE + 1, False),
    ],
)  # fmt: skip
def test_where_a_first_instruction_may_lie(device: Device, pc: int, boots: bool) -> None:
    """Behind the vector table's start, in MRAM, as Thumb."""
    image = struct.pack("<2I", 0x2004_BB10, pc) + application()[8:]
    device.install(Part("HP_APP", HP, image, BOOT | 2))
    if boots:
        assert device.boot().pc == pc
    else:
        assert (
            f"has the reset vector {pc:#010x}, no Thumb address from 0x80020000 to 0x80580000"
            in device.refusal()
        )


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (BOOT | 2, ""),
        (2, "HP_APP for M55_HP (not to boot)"),
        (BOOT | DEFERRED | 2, "HP_APP for M55_HP (not to boot)"),
        (BOOT | 0, "HP_APP for A32_0"),
        (BOOT | 1, "HP_APP for A32_1"),
        (BOOT | 3, "HP_APP for M55_HE"),
        (BOOT | 4, "HP_APP for core 4"),
        (BOOT | 15, "HP_APP for core 15"),
    ],
)
def test_which_entries_start_this_core(device: Device, flags: int, says: str) -> None:
    """alif.md 2.2: bits 3 to 0 the core, 6 BOOT, 8 DEFERRED."""
    device.install(Part("HP_APP", HP, application(), flags))
    if says:
        assert says in device.refusal()
    else:
        assert device.boot().vtor == HP


@pytest.mark.parametrize(
    ("field", "change"),
    [(4, 4), (4, -4), (8, 1), (8, -1), (12, 1), (12, -1)],
)
def test_a_tail_that_does_not_lead_to_its_table(device: Device, field: int, change: int) -> None:
    """Table, package and size have to fit each other, and the end of the MRAM."""
    toc = bytearray(package(HP_APP))
    (value,) = struct.unpack_from("<I", toc, len(toc) - 16 + field)
    struct.pack_into("<I", toc, len(toc) - 16 + field, value + change)
    device.install(HP_APP, toc=bytes(toc))
    assert "ATOC" in device.refusal()


def test_an_image_that_is_cut_by_sixteen_bytes_at_least(device: Device) -> None:
    device.install(HP_APP)
    device.put(HP + 0x400 - 15, b"\xff" * 15)
    assert "does not match the SHA-256" in device.refusal()
    device.put(HP + 0x400 - 16, b"\xff" * 16)
    assert "is cut short: 1008 bytes, the certificate says 1024" in device.refusal()


@pytest.mark.parametrize(("before_end", "found"), [(868, True), (864, False)])
def test_a_certificate_lies_in_the_mram_whole(device: Device, before_end: int, found: bool) -> None:
    """It has 868 bytes (alif.md 2.2)."""
    at = MRAM + MRAM_SIZE - before_end
    entry = AtocEntry("HP_APP", 4, at, 0x400, BOOT | 2)
    device.put(at, b"ccBS")
    read = device.bench.bus.read
    if found:
        with pytest.raises(AtocError, match="which is no MRAM"):
            read_image(read, entry)
    else:
        with pytest.raises(AtocError, match=f"no certificate at {at:#x}"):
            read_image(read, entry)


def test_a_certificate_at_the_first_byte_of_the_mram(device: Device) -> None:
    block = certificate(HP, application())
    device.put(MRAM, block)
    image = read_image(device.bench.bus.read, AtocEntry("HP_APP", 4, MRAM, 0x400, BOOT | 2))
    assert (image.address, image.length, image.load) == (HP, 0x400, None)
    device.put(MRAM, b"\xff" * len(block))
    with pytest.raises(AtocError, match="no certificate at 0x7fffffff"):
        read_image(device.bench.bus.read, AtocEntry("HP_APP", 4, MRAM - 1, 0x400, BOOT | 2))


@pytest.mark.parametrize(("table", "fits"), [(-16 - 32, True), (-16 - 31, False), (-16, False)])
def test_a_table_has_room_for_its_header(table: int, fits: bool) -> None:
    end = MRAM + MRAM_SIZE
    raw = struct.pack("<4I", 0, end + table, end - 0x100, 0x100)
    assert (Tail.parse(raw).fault == "") == fits


# -- flags and names -------------------------------------------------------------------------------


def entry(flags: int) -> AtocEntry:
    return AtocEntry("HP_APP", 4, MRAM, 0x400, flags)


@pytest.mark.parametrize("bit", range(32))
def test_what_each_flag_of_an_entry_means(bit: int) -> None:
    """alif.md 2.2: 3:0 the core, 10h compressed, 20h loaded, 40h BOOT, 80h encrypted, 100h
    DEFERRED."""
    flag = 1 << bit
    assert entry(flag).boots == (bit == 6)
    assert entry(flag | BOOT).boots == (bit != 8)
    assert entry(flag).core == (flag if bit < 4 else 0)
    words = {4: "uncompressed", 5: "loaded into RAM", 7: "decrypted"}
    assert entry(flag).prepared == words.get(bit, "")


def test_all_that_would_have_to_be_done_to_an_image() -> None:
    assert entry(0xB0).prepared == "uncompressed, loaded into RAM, decrypted"


def test_what_the_linker_scripts_give_to_each_core() -> None:
    """alif.md 1.1: HP from 0x80020000, HE from 0x80320000, ROMFS from 0x8047E000."""
    assert {2: range(0x8002_0000, 0x8032_0000), 3: range(0x8032_0000, 0x8047_E000)} == APPLICATIONS


def test_a_package_with_a_configuration_alone(device: Device) -> None:
    device.install()
    assert "the ATOC starts nothing on M55_HP; it holds no image" in device.refusal()


def test_the_configuration_is_none_of_the_images(device: Device) -> None:
    device.install(HE_APP, Part("HP_APP", HP, application(), 2))
    said = "it holds HE_APP for M55_HE, HP_APP for M55_HP (not to boot)"
    assert device.refusal().removesuffix(".").endswith(said)


@pytest.mark.parametrize("at", [MRAM, HE])
def test_where_an_atoc_should_end(device: Device, at: int) -> None:
    device.put(at, application(at))
    assert "no ATOC ends at 0x8057ffff" in device.refusal()


def test_a_stack_pointer_is_a_multiple_of_four(device: Device) -> None:
    for low in (1, 2, 3):
        device.install(Part("HP_APP", HP, application(sp=0x2000_0100 + low), BOOT | 2))
        assert "no stack pointer" in device.refusal()


@pytest.mark.parametrize(
    ("package_at", "table"), [(MRAM, MRAM + 0x100), (MRAM + 0x100, MRAM + 0x100), (MRAM, MRAM)]
)
def test_a_package_may_take_all_the_mram_and_begin_with_its_table(
    package_at: int, table: int
) -> None:
    size = MRAM + MRAM_SIZE - package_at
    tail = Tail.parse(struct.pack("<4I", 1, table, package_at, size))
    assert tail == Tail(1, table, package_at, size)
    assert not tail.fault


@pytest.mark.parametrize("package_at", [MRAM - 1, MRAM + 0x101])
def test_a_package_lies_in_the_mram_and_its_table_in_it(package_at: int) -> None:
    size = MRAM + MRAM_SIZE - package_at
    assert Tail.parse(struct.pack("<4I", 1, MRAM + 0x100, package_at, size)).fault


def test_an_image_that_begins_a_byte_before_the_mram(device: Device) -> None:
    block = certificate(MRAM - 1, application())
    device.put(MRAM + 0x1000, block)
    read = device.bench.bus.read
    with pytest.raises(AtocError, match=r"names 0x8fffffff .* as the image's address"):
        read_image(read, AtocEntry("HP_APP", 4, MRAM + 0x1000, 0x400, BOOT | 2))


def test_a_certificate_of_867_bytes_is_none(device: Device) -> None:
    at = MRAM + MRAM_SIZE - 867
    device.put(at, b"ccBS")
    with pytest.raises(AtocError, match="no certificate"):
        read_image(device.bench.bus.read, AtocEntry("HP_APP", 4, at, 0x400, BOOT | 2))


# -- each field by its name ------------------------------------------------------------------------

TAIL = MRAM + MRAM_SIZE - 16


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        (4, 0, "its table, at 0x8057fff4, is 0x0, expected 0x80000000 to 0x8057ffd0"),
        (4, TAIL, "its table, at 0x8057fff4, is 0x8057fff0"),
        (8, 0, "its package, at 0x8057fff8, is 0x0, expected 0x80000000 to the table's 0x8057ff90"),
        (8, TAIL, "its package, at 0x8057fff8, is 0x8057fff0"),
        (12, 16, "its package's size, at 0x8057fffc, is 0x10, expected 0x7d0, as it begins at "
         "0x8057f830"),
        (12, 0xFFFF_FFFF, "its package's size, at 0x8057fffc, is 0xffffffff, expected 0x7d0"),
    ],
)  # fmt: skip
def test_the_field_of_the_tail_that_is_wrong(
    device: Device, field: int, value: int, says: str
) -> None:
    device.install(HP_APP)
    device.put(TAIL + field, struct.pack("<I", value))
    assert says in device.refusal()


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        (0x35C, 0, "names 0x0 (at 0x8057fb8c) as the image's address, which is no MRAM: expected "
         "0x90000000 to 0x9057ffff, as the Secure Enclave sees it"),
        (0x35C, HP, "names 0x80020000 (at 0x8057fb8c) as the image's address"),
        (0x360, 0, "names 0x0 (at 0x8057fb90) as the image's length, expected 1 to 0x560000, as it "
         "begins at 0x80020000"),
        (0x360, 0x56_0001, "names 0x560001 (at 0x8057fb90) as the image's length"),
    ],
)  # fmt: skip
def test_the_field_of_the_certificate_that_is_wrong(
    device: Device, field: int, value: int, says: str
) -> None:
    device.install(HP_APP)
    device.put(0x8057_F830 + field, struct.pack("<I", value))
    assert f"HP_APP: its certificate at 0x8057f830 {says}" in device.refusal()


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        (0, 0x5080_0000, "no certificate at 0x50800000, where its entry points: no MRAM is there"),
        (0, MRAM, "no certificate at 0x80000000, where its entry points: it begins with ff ff ff "
         'ff, expected 63 63 42 53 ("ccBS")'),
        (8, 5, "it holds HP_APP for M55_HP (of type 5, not 4)"),
    ],
)  # fmt: skip
def test_the_field_of_an_entry_that_is_wrong(
    device: Device, field: int, value: int, says: str
) -> None:
    toc = with_table(lambda table: struct.pack_into("<I", table, 64 + field, value))
    device.install(HP_APP, toc=toc)
    assert says in device.refusal()


@pytest.mark.parametrize(("at", "boots"), [(HP + 0x80, True), (HP + 4, False), (HP + 0x40, False)])
def test_a_vector_table_lies_where_vtor_can_point(device: Device, at: int, boots: bool) -> None:
    """Armv8-M: VTOR has no bits below 128."""
    device.install(Part("HP_APP", at, application(at), BOOT | 2))
    if boots:
        assert device.boot().vtor == at
    else:
        assert "does not begin at a multiple of 128, as VTOR wants it" in device.refusal()
