"""The MHU's channels, and the layout of every service's packet, at their edges.

Expected values: Arm's MHUv2 architecture and the vendor's `mhu_driver.h` (registers),
`services_lib_protocol.h` (packets); alif.md 6.1 to 6.4.
"""

from __future__ import annotations

import struct

import pytest
from test_alif_se import (
    CH_CLR,
    CH_INT_CLR,
    CH_INT_EN,
    CH_INT_ST,
    CH_INT_ST0,
    CH_SET,
    CH_ST,
    CH_ST_MASKED,
    INT_EN,
    INT_ST,
    MFG_DATA,
    MSK_CLR,
    MSK_SET,
    PACKET,
    RX,
    SIZE,
    TX,
    UID,
    Chip,
    word,
)

from xipsim.peripherals.alif.mhu import Mhu
from xipsim.peripherals.alif.services import manufacturing_data
from xipsim.peripherals.core.testing import Bench

CHANNEL, MSK_ST = 0x20, 0x10
"""Bytes from one channel's registers to the next one's."""


@pytest.fixture
def mhu() -> Mhu:
    """Nobody is at the other end: it acknowledges at once."""
    return Mhu(Bench().system, name="mhu")


class Listener:
    """Another end that takes nothing yet."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, int]] = []

    def doorbell(self, mhu: Mhu, channel: int, message: int) -> None:
        self.heard.append((channel, message))


# -- MHU -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [0, 1])
def test_each_channel_receives_by_itself(mhu: Mhu, channel: int) -> None:
    mhu.write(RX + INT_EN, 4)
    mhu.deliver(channel, 0x11)
    mhu.deliver(channel, 0x22)
    here, other = channel * CHANNEL, (1 - channel) * CHANNEL
    assert (mhu.read(RX + here + CH_ST), mhu.read(RX + other + CH_ST)) == (0x33, 0)
    assert [mhu.read(RX + CH_INT_ST0 + 4 * n) for n in range(4)] == [1 << channel, 0, 0, 0]
    assert mhu.read(RX + INT_ST) == 4
    mhu.write(RX + here + CH_CLR, 0x12)
    assert (mhu.read(RX + here + CH_ST), mhu.RX.level) == (0x21, True)
    mhu.write(RX + other + CH_CLR, 0xFFFF_FFFF)
    assert mhu.RX.level
    mhu.write(RX + here + CH_CLR, 0x21)
    assert (mhu.RX.level, mhu.read(RX + INT_ST)) == (False, 0)


@pytest.mark.parametrize("channel", [0, 1])
def test_masks_grow_and_shrink_bit_by_bit(mhu: Mhu, channel: int) -> None:
    here = RX + channel * CHANNEL
    mhu.write(RX + INT_EN, 4)
    mhu.write(here + MSK_SET, 0x01)
    mhu.write(here + MSK_SET, 0x30)
    assert mhu.read(here + MSK_ST) == 0x31
    mhu.deliver(channel, 0x11)
    assert (mhu.read(here + CH_ST_MASKED), mhu.RX.level) == (0, False)
    mhu.write(here + MSK_CLR, 0x10)
    assert mhu.read(here + MSK_ST) == 0x21
    assert (mhu.read(here + CH_ST_MASKED), mhu.RX.level) == (0x10, True)
    mhu.write(here + MSK_SET, 0x10)
    assert not mhu.RX.level
    assert mhu.read(RX + (1 - channel) * CHANNEL + MSK_ST) == 0


@pytest.mark.parametrize("channel", [0, 1])
def test_each_channel_is_acknowledged_by_itself(mhu: Mhu, channel: int) -> None:
    here, other = TX + channel * CHANNEL, TX + (1 - channel) * CHANNEL
    mhu.write(TX + INT_EN, 4)
    mhu.write(other + CH_INT_EN, 1)
    mhu.write(here + CH_SET, 0x8000_0000)
    assert (mhu.read(here + CH_INT_ST), mhu.read(other + CH_INT_ST)) == (1, 0)
    assert not mhu.TX.level, "the other channel's interrupt is on"
    mhu.write(here + CH_INT_EN, 1)
    assert mhu.TX.level
    assert [mhu.read(TX + CH_INT_ST0 + 4 * n) for n in range(4)] == [1 << channel, 0, 0, 0]
    assert mhu.read(TX + INT_ST) == 4
    mhu.write(other + CH_INT_CLR, 1)
    mhu.write(here + CH_INT_CLR, 2)
    assert mhu.TX.level
    mhu.write(here + CH_INT_CLR, 1)
    assert (mhu.TX.level, mhu.read(here + CH_INT_ST), mhu.read(TX + INT_ST)) == (False, 0, 0)


@pytest.mark.parametrize(("enable", "level"), [(1, False), (2, False), (3, False), (4, True)])
def test_bit_2_enables_the_channels_interrupts(mhu: Mhu, enable: int, level: bool) -> None:
    mhu.write(TX + CH_INT_EN, 1)
    mhu.write(TX + CH_SET, 1)
    mhu.deliver(0, 1)
    mhu.write(TX + INT_EN, enable)
    mhu.write(RX + INT_EN, enable)
    assert (mhu.TX.level, mhu.RX.level) == (level, level)


@pytest.mark.parametrize("channel", [0, 1])
def test_a_message_stays_until_the_other_end_takes_it(mhu: Mhu, channel: int) -> None:
    listener = mhu.peer[0] = Listener()
    here = TX + channel * CHANNEL
    mhu.write(here + CH_SET, 0)
    assert (listener.heard, mhu.read(here + CH_INT_ST)) == ([], 0), "no bit, no message"
    mhu.write(here + CH_SET, 0x01)
    mhu.write(here + CH_SET, 0x80)
    assert listener.heard == [(channel, 0x01), (channel, 0x81)]
    assert (mhu.read(here + CH_ST), mhu.read(here + CH_INT_ST)) == (0x81, 0)
    mhu.acknowledge(channel)
    assert (mhu.read(here + CH_ST), mhu.read(here + CH_INT_ST)) == (0, 1)


def test_nothing_sent_is_not_acknowledged(mhu: Mhu) -> None:
    mhu.write(TX + CH_SET, 0)
    assert mhu.read(TX + CH_INT_ST) == 0


@pytest.mark.parametrize("channel", [0, 1])
@pytest.mark.parametrize("offset", [TX + CH_SET, TX + CH_INT_CLR, RX + CH_CLR, RX + MSK_SET,
                                    RX + MSK_CLR])  # fmt: skip
def test_what_sets_and_clears_reads_0(mhu: Mhu, offset: int, channel: int) -> None:
    mhu.write(offset + channel * CHANNEL, 0xFFFF_FFFF)
    assert mhu.read(offset + channel * CHANNEL) == 0


READ_ONLY = (
    *(RX + CHANNEL * channel + offset for channel in (0, 1) for offset in (0x00, 0x04, 0x10)),
    *(TX + CHANNEL * channel + offset for channel in (0, 1) for offset in (0x00, 0x10)),
    *(frame + offset for frame in (RX, TX) for offset in (0xF80, INT_ST)),
    *(frame + offset + 4 * n for frame in (RX, TX) for offset in (CH_INT_ST0,) for n in range(4)),
    *(frame + 0xFC8 + 4 * n for frame in (RX, TX) for n in range(14)),
    TX + 0xF8C,
)


@pytest.mark.parametrize("offset", READ_ONLY)
def test_a_store_to_what_can_only_be_read_changes_nothing(mhu: Mhu, offset: int) -> None:
    before = mhu.save()
    mhu.write(offset, 0xFFFF_FFFF)
    assert mhu.save() == before


# -- addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "is_local"),
    [
        (0x0000_0004, True), (0x01FF_FFFF, True), (0x0200_0000, False), (0x1FFF_FFFF, False),
        (0x2000_0000, True), (0x21FF_FFFF, True), (0x2200_0000, False), (0x5080_0000, False),
    ],
)  # fmt: skip
def test_each_core_has_a_tcm_of_32_mb_at_0_and_at_0x20000000(address: int, is_local: bool) -> None:
    """alif.md 1.1: what a core sees there, other masters do not."""
    chip = Chip()
    chip.send(address)
    rules = [d.rule for d in chip.bench.diagnostics]
    assert rules == ["se-local-address" if is_local else "se-address"]
    assert [d.address for d in chip.bench.diagnostics] == [address]


def test_a_reply_comes_on_the_channel_of_its_request() -> None:
    chip = Chip()
    chip.packet[:8] = bytes(8)
    chip.mhu.write(TX + CHANNEL + CH_INT_EN, 1)
    chip.mhu.write(TX + CHANNEL + CH_SET, PACKET)
    assert [chip.mhu.read(RX + n * CHANNEL + CH_ST) for n in (0, 1)] == [0, PACKET]
    assert [chip.mhu.read(TX + n * CHANNEL + CH_INT_ST) for n in (0, 1)] == [0, 1]


# -- packets ---------------------------------------------------------------------------------------

REQUESTS = {
    0: (b"", None),
    103: (b"", 92),
    208: (b"", 148),
    310: (b"", 52),
    311: (bytes(44), 52),
    312: (b"", 64),
    313: (bytes(56), 64),
    400: (struct.pack("<I", 8), 268),
    500: (b"NO_APP\0\0", 16),
    501: (struct.pack("<2I", 3, 0), 16),
    502: (struct.pack("<I", 3), 12),
    503: (struct.pack("<I", 3), 12),
    701: (struct.pack("<2I", 0, 0), 16),
    702: (struct.pack("<2I", 0, 0), 16),
}
"""What each is given after the header, and where its error word is."""


def ask(chip: Chip, service: int, given: bytes = b"") -> bytes:
    """The packet after a request in memory that is all EEh but for the request."""
    chip.packet[:] = b"\xee" * SIZE
    chip.packet[:8] = struct.pack("<4H", service, 0xEEEE, 0x1234, 0xEEEE)
    chip.packet[8 : 8 + len(given)] = given
    chip.send(PACKET)
    assert chip.take() == PACKET
    return bytes(chip.packet)


@pytest.mark.parametrize("service", REQUESTS)
def test_each_service_has_its_error_word_at_its_place(service: int) -> None:
    """And header words that are not the SE's stay as they are."""
    chip = Chip()
    mram = chip.bench.bus.add(0x8000_0000, 0x58_0000)
    mram[:] = b"\xff" * len(mram)
    given, error = REQUESTS[service]
    packet = ask(chip, service, given)
    assert struct.unpack_from("<4H", packet) == (service, 0xEEEE, 0, 0xEEEE)
    if error is None:
        assert packet[8:] == b"\xee" * (SIZE - 8)
    else:
        assert word(packet, error) == (0x1B if service == 500 else 0)
        assert packet[error + 4 :] == b"\xee" * (SIZE - error - 4)
        if service >= 400:
            assert packet[8 + len(given) + 8 * (service == 400) : error] == b"\xee" * (
                error - 8 - len(given) - 8 * (service == 400)
            )


def test_the_device_that_is_reported() -> None:
    """Revision B4; nothing where keys and signatures of a real one are."""
    packet = ask(Chip(), 208)
    assert word(packet, 8) == 0xB400
    assert packet[12:16] == bytes(4)
    assert packet[16:32] == b"AE722F80F55D5LS\0"
    assert packet[32:104] == bytes(72)
    assert packet[104:136] == MFG_DATA + bytes(26)
    assert packet[136:144] == bytes.fromhex(UID) + bytes(3)
    assert packet[144:148] == b"\1\0\0\0"


def test_the_revision_of_the_se_is_a_text_and_its_length() -> None:
    packet = ask(Chip(), 103)
    assert packet[12:92] == b"SES B4 v1.104.0".ljust(80, b"\0")
    assert word(packet, 8) == len(b"SES B4 v1.104.0\0")


@pytest.mark.parametrize(("service", "length"), [(310, 44), (312, 56)])
def test_a_profile_that_nobody_has_set_is_all_0(service: int, length: int) -> None:
    assert ask(Chip(), service)[8 : 8 + length] == bytes(length)


@pytest.mark.parametrize(
    ("uid", "data"),
    [
        ("ffffffffff", "7f 7f 9f 3f 3f ff"),
        ("0000100000", "00 00 80 00 00 00"),
        ("0221e59d24", "01 08 0f 16 1d 24"),
    ],
)
def test_manufacturing_data_of_a_unique_id(uid: str, data: str) -> None:
    """alif.md 6.4: x (7 bits), y (7), wafer (5, and bit 7 for the fab), year (6), week (6), lot."""
    assert manufacturing_data(bytes.fromhex(uid)) == bytes.fromhex(data)


def test_every_bit_of_a_unique_id_depends_on_the_seed() -> None:
    ids = [int.from_bytes(Chip(seed, uid="").se.unique_id, "big") for seed in range(24)]
    all_, any_ = (1 << 40) - 1, 0
    for each in ids:
        all_ &= each
        any_ |= each
    assert (all_, any_) == (0, (1 << 40) - 1)


@pytest.mark.parametrize(("length", "error"), [(0, 0), (1, 0), (256, 0), (257, 0x200)])
def test_how_many_random_bytes_can_be_asked_for(length: int, error: int) -> None:
    packet = ask(Chip(), 400, struct.pack("<I", length))
    assert word(packet, 268) == error
    given = 0 if error else length
    assert packet[12 + given : 268] == b"\xee" * (256 - given)
    assert length < 16 or error or packet[12:268].count(0xEE) < 16


@pytest.mark.parametrize("service", [501, 502, 503])
@pytest.mark.parametrize("core", range(6))
def test_control_of_each_core(service: int, core: int) -> None:
    chip = Chip()
    packet = ask(chip, service, struct.pack("<2I", core, 0x8032_0000)[: 8 if service == 501 else 4])
    names = ("A32_0", "A32_1", "M55_HP", "M55_HE")
    assert word(packet, 16 if service == 501 else 12) == (0 if core < 4 else 0x15)
    said = [f"service {service}: control of {name}" for name in names[core : core + 1]]
    assert [gap.what for gap in chip.bench.gaps] == said
