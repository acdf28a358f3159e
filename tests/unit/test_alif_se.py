"""The Secure Enclave behind its MHU: doorbells, interrupts, packet layouts, bad requests."""

from __future__ import annotations

import struct

import pytest
from alif_package import HE, HP, MRAM, MRAM_SIZE, Part, application, package

from xipsim.peripherals.alif.mhu import Mhu
from xipsim.peripherals.alif.secure_enclave import SecureEnclave
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench

PACKET, SIZE = 0x5080_15A8, 600
UID, MFG_DATA = "0221e59d24", bytes.fromhex("01080f161d24")  # alif.md 6.4
RX, TX = 0x0_0000, 0x1_0000
CH_ST, CH_ST_MASKED, CH_CLR, CH_SET = 0x00, 0x04, 0x08, 0x0C
CH_INT_ST, CH_INT_CLR, CH_INT_EN = 0x10, 0x14, 0x18
MSK_SET, MSK_CLR = 0x14, 0x18
ACCESS_REQUEST, ACCESS_READY, INT_ST, INT_EN, CH_INT_ST0 = 0xF88, 0xF8C, 0xF90, 0xF98, 0xFA0


class Chip:
    """The HP core's MHU pair with the Secure Enclave at its end, driven as the driver does."""

    def __init__(self, seed: int = 0, uid: str = UID) -> None:
        self.bench = Bench(seed)
        self.packet = self.bench.bus.add(PACKET, SIZE)
        self.packet[:] = b"\xa5" * SIZE
        self.mhu = Mhu(self.bench.system, name="mhu_se")
        self.se = SecureEnclave(self.bench.system, name="se", uid=uid)
        self.mhu.peer[0] = self.se
        self.models = (self.mhu, self.se)
        self.reset(ResetCause.POWER_ON)

    def reset(self, cause: ResetCause) -> None:
        for model in self.models:
            model.reset(cause)
        self.mhu.write(TX + INT_EN, 7)
        self.mhu.write(RX + INT_EN, 4)

    def send(self, message: int) -> None:
        """`MHU_send_message`."""
        self.mhu.write(TX + ACCESS_REQUEST, 1)
        assert self.mhu.read(TX + ACCESS_READY) == 1
        self.mhu.write(TX + CH_INT_CLR, 1)
        self.mhu.write(TX + CH_INT_EN, 1)
        self.mhu.write(TX + CH_SET, message)

    def take(self) -> int:
        """Both interrupt handlers; what was received."""
        received = self.mhu.read(RX + CH_ST) if self.mhu.RX.level else 0
        self.mhu.write(RX + CH_CLR, 0xFFFF_FFFF)
        if self.mhu.TX.level:
            self.mhu.write(TX + CH_INT_CLR, 1)
            assert self.mhu.read(TX + CH_ST) == 0
            self.mhu.write(TX + CH_INT_EN, 0)
            self.mhu.write(TX + ACCESS_REQUEST, 0)
        return received

    def request(self, service: int, payload: bytes = b"", room: int = 144) -> bytes:
        """Send a request whose structure has `room` bytes after the header; the packet then."""
        self.packet[: 8 + room] = struct.pack("<H6x", service) + payload.ljust(room, b"\0")
        self.send(PACKET)
        assert self.take() == PACKET
        assert not self.mhu.RX.level
        assert not self.mhu.TX.level
        return bytes(self.packet)


@pytest.fixture
def chip() -> Chip:
    return Chip()


def word(packet: bytes, offset: int) -> int:
    return int.from_bytes(packet[offset : offset + 4], "little")


# -- MHU -------------------------------------------------------------------------------------------


def test_a_request_raises_both_interrupts_until_they_are_cleared(chip: Chip) -> None:
    chip.packet[:8] = bytes(8)
    chip.send(PACKET)
    assert (chip.mhu.RX.level, chip.mhu.TX.level) == (True, True)
    assert chip.mhu.read(TX + INT_ST) == chip.mhu.read(RX + INT_ST) == 4
    assert chip.mhu.read(TX + CH_INT_ST0) == chip.mhu.read(RX + CH_INT_ST0) == 1
    assert chip.mhu.read(TX + CH_ST) == 0
    assert chip.mhu.read(RX + CH_ST) == PACKET
    chip.mhu.write(RX + CH_CLR, 0xFFFF_FFFF)
    assert (chip.mhu.RX.level, chip.mhu.TX.level) == (False, True)
    chip.mhu.write(TX + CH_INT_CLR, 1)
    assert not chip.mhu.TX.level
    assert chip.mhu.read(TX + INT_ST) == chip.mhu.read(RX + INT_ST) == 0


def test_interrupts_need_both_enables(chip: Chip) -> None:
    chip.packet[:8] = bytes(8)
    chip.send(PACKET)
    chip.mhu.write(TX + CH_INT_EN, 0)
    chip.mhu.write(RX + INT_EN, 0)
    assert (chip.mhu.RX.level, chip.mhu.TX.level) == (False, False)
    chip.mhu.write(TX + CH_INT_EN, 1)
    chip.mhu.write(RX + INT_EN, 4)
    assert (chip.mhu.RX.level, chip.mhu.TX.level) == (True, True)


def test_a_masked_message_does_not_interrupt(chip: Chip) -> None:
    chip.mhu.write(RX + MSK_SET, 0xFFFF_0000)
    chip.mhu.deliver(0, 0x5800_0000)
    assert not chip.mhu.RX.level
    assert chip.mhu.read(RX + CH_ST) == 0x5800_0000
    assert chip.mhu.read(RX + CH_ST_MASKED) == 0
    chip.mhu.write(RX + MSK_CLR, 0xFFFF_0000)
    assert chip.mhu.RX.level


def test_access_is_ready_while_it_is_requested(chip: Chip) -> None:
    assert chip.mhu.read(TX + ACCESS_READY) == 0
    chip.mhu.write(TX + ACCESS_REQUEST, 1)
    assert chip.mhu.read(TX + ACCESS_READY) == 1
    chip.mhu.write(TX + ACCESS_REQUEST, 0)
    assert chip.mhu.read(TX + ACCESS_READY) == 0


def test_without_another_end_a_message_is_acknowledged_at_once(chip: Chip) -> None:
    chip.mhu.peer.clear()
    chip.send(0x5000_0000)
    assert (chip.mhu.RX.level, chip.mhu.TX.level) == (False, True)
    assert chip.mhu.read(TX + CH_ST) == 0
    assert not chip.bench.events


def test_a_reset_forgets_messages_and_lowers_the_lines(chip: Chip) -> None:
    chip.packet[:8] = bytes(8)
    chip.send(PACKET)
    chip.mhu.reset(ResetCause.SOFTWARE)
    assert (chip.mhu.RX.level, chip.mhu.TX.level) == (False, False)
    assert chip.mhu.read(RX + CH_ST) == 0
    assert not chip.bench.events


# -- services --------------------------------------------------------------------------------------


def test_heartbeat_answers_with_the_error_code_alone(chip: Chip) -> None:
    chip.packet[4:6] = b"\x34\x12"
    packet = chip.request(0, room=0)
    assert packet[:8] == bytes(8)
    assert packet[8:] == b"\xa5" * (SIZE - 8)


def test_device_revision_data(chip: Chip) -> None:
    packet = chip.request(208, room=144)
    assert packet[16:32] == b"AE722F80F55D5LS\0"
    assert packet[104:110] == MFG_DATA
    assert packet[136:144] == bytes.fromhex(UID) + bytes(3)
    assert word(packet, 148) == 0
    assert packet[152:] == b"\xa5" * (SIZE - 152)


@pytest.mark.parametrize("uid", ["0000000000", "ffffffffff", "8000000000", "0123456789"])
def test_the_firmware_packs_the_unique_id_from_mfg_data(uid: str) -> None:
    b = Chip(uid=uid).request(208)[104:110]
    x, y, w6 = b[0] & 0x7F, b[1] & 0x7F, (b[2] & 0x1F) << 1 | b[2] >> 7
    year, week, lot = b[3] & 0x3F, b[4] & 0x3F, b[5]
    packed = bytes(
        (
            x << 1 | y >> 6,
            (y & 0x3F) << 2 | w6 >> 4,
            (w6 & 0xF) << 4 | year >> 2,
            (year & 3) << 6 | week,
            lot,
        )
    )
    assert packed.hex() == uid


def test_the_unique_id_comes_from_the_seed_if_none_is_given() -> None:
    ids = [Chip(seed, uid="").se.unique_id for seed in (1, 1, 2)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("uid", ["0221e59d2", "0221e59d2400", "no hex"])
def test_a_unique_id_has_ten_digits(uid: str) -> None:
    with pytest.raises(ValueError, match=f"expected 10 hexadecimal digits, given '{uid}'"):
        Chip(uid=uid)


def test_se_revision(chip: Chip) -> None:
    packet = chip.request(103, room=88)
    length = word(packet, 8)
    assert 0 < length <= 80
    assert packet[12 : 12 + length].startswith(b"SES")
    assert word(packet, 92) == 0


@pytest.mark.parametrize(
    ("set_id", "get_id", "words", "error"), [(311, 310, 11, 52), (313, 312, 14, 64)]
)
def test_profiles_are_read_back(
    chip: Chip, set_id: int, get_id: int, words: int, error: int
) -> None:
    profile = struct.pack(f"<{words}I", *range(0x101, 0x101 + words))
    packet = chip.request(set_id, profile + b"\xee" * 4, room=error - 4)
    assert word(packet, error) == 0
    assert packet[8:error] == profile
    assert packet[error + 4 :] == b"\xa5" * (SIZE - error - 4)
    packet = chip.request(get_id, b"\xee" * (error - 4), room=error - 4)
    assert packet[8:error] == profile
    assert word(packet, error) == 0


def test_random_has_its_error_word_after_the_whole_area(chip: Chip) -> None:
    packet = chip.request(400, struct.pack("<I", 8) + b"\xee" * 260, room=264)
    assert packet[12:20] != b"\xee" * 8
    assert packet[20:268] == b"\xee" * 248
    assert word(packet, 268) == 0
    assert chip.request(400, struct.pack("<I", 8), room=264)[12:20] != packet[12:20]


def test_random_numbers_depend_on_the_seed_and_go_on_over_a_reset() -> None:
    def draw(chip: Chip) -> bytes:
        return chip.request(400, struct.pack("<I", 8), room=264)[12:20]

    first, second, other = Chip(1), Chip(1), Chip(2)
    one = draw(first)
    assert one == draw(second) != draw(other)
    first.reset(ResetCause.SOFTWARE)
    assert draw(first) != one
    saved = first.se.save()
    next_one = draw(first)
    first.se.load(saved)
    assert draw(first) == next_one


def test_more_random_bytes_than_the_packet_holds_are_refused(chip: Chip) -> None:
    packet = chip.request(400, struct.pack("<I", 257), room=264)
    assert word(packet, 268) == 0x200
    assert packet[12:268] == bytes(256)
    assert [d.rule for d in chip.bench.diagnostics] == ["se-random-length"]


@pytest.mark.parametrize("service", [701, 702])
def test_clock_services_succeed(chip: Chip, service: int) -> None:
    packet = chip.request(service, struct.pack("<3I", 0, 6, 0xEEEE), room=12)
    assert word(packet, 16) == 0
    assert not chip.bench.events


@pytest.mark.parametrize(("service", "error"), [(501, 16), (502, 12), (503, 12)])
def test_control_of_the_other_core_is_a_gap(chip: Chip, service: int, error: int) -> None:
    packet = chip.request(service, struct.pack("<3I", 3, HE, 0xEEEE), room=12)
    assert word(packet, error) == 0
    assert [g.what for g in chip.bench.gaps] == [f"service {service}: control of M55_HE"]
    assert word(chip.request(service, struct.pack("<I", 9), room=12), error) == 0x15


def test_process_toc_entry_looks_into_the_atoc(chip: Chip) -> None:
    mram = chip.bench.bus.add(MRAM, MRAM_SIZE)
    mram[:] = b"\xff" * MRAM_SIZE
    assert word(chip.request(500, b"HE_APP\0\0", room=12), 16) == 0x1B
    toc = package(Part("HE_APP", HP, application(), 0x103))
    mram[-len(toc) :] = toc
    assert word(chip.request(500, b"HE_APP\0\0", room=12), 16) == 0
    assert word(chip.request(500, b"HE\0\0\0\0\0\0", room=12), 16) == 0x1B
    assert [g.what for g in chip.bench.gaps] == ["service 500: starting HE_APP on another core"]


def test_reset_soc_resets_and_does_not_reply(chip: Chip) -> None:
    chip.packet[:8] = struct.pack("<H6x", 504)
    chip.send(PACKET)
    assert chip.bench.resets == [ResetCause.SOFTWARE]
    assert chip.take() == 0


def test_services_work_again_after_a_reset(chip: Chip) -> None:
    chip.packet[:8] = struct.pack("<H6x", 504)
    chip.send(PACKET)
    chip.reset(ResetCause.SOFTWARE)
    assert chip.request(0)[4:6] == b"\0\0"


# -- bad requests ----------------------------------------------------------------------------------


@pytest.mark.parametrize("service", [1, 104, 599, 0xFFFF])
def test_an_unknown_service_is_reported_by_number_and_refused(chip: Chip, service: int) -> None:
    packet = chip.request(service, room=8)
    assert packet[4:6] == b"\xfc\0"
    assert packet[8:16] == bytes(8)
    assert [g.what for g in chip.bench.gaps] == [f"service {service}"]


def test_a_local_address_is_not_what_the_secure_enclave_sees(chip: Chip) -> None:
    chip.bench.bus.add(0x2000_15A8, SIZE)
    chip.send(0x2000_15A8)
    assert chip.take() == 0
    assert [d.rule for d in chip.bench.diagnostics] == ["se-local-address"]
    assert chip.bench.diagnostics[0].address == 0x2000_15A8


def test_an_address_where_nothing_is_gets_no_reply(chip: Chip) -> None:
    chip.send(0x7000_0000)
    assert chip.take() == 0
    assert [d.rule for d in chip.bench.diagnostics] == ["se-address"]
