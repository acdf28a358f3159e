"""Samples as words of a line and as WAV files (RIFF: WAVEFORMATEX, little-endian PCM)."""

from __future__ import annotations

import io
import struct
import wave

import pytest

from xipsim.peripherals.sound import Listener, Player, Sound, from_wav


@pytest.mark.parametrize(
    ("width", "raw", "bits", "word"),
    [
        (2, b"\x34\x12", 16, 0x1234),
        (2, b"\x34\x12", 24, 0x12_3400),
        (2, b"\x34\x12", 8, 0x12),
        (2, b"\xff\xff", 32, 0xFFFF_0000),
        (1, b"\x80", 8, 0),
        (1, b"\x00", 8, 0x80),
        (1, b"\xff", 16, 0x7F00),
        (3, b"\x56\x34\x12", 24, 0x12_3456),
        (3, b"\x56\x34\x12", 16, 0x1234),
        (4, b"\x78\x56\x34\x12", 20, 0x1_2345),
    ],
)
def test_a_sample_keeps_its_highest_bits(width: int, raw: bytes, bits: int, word: int) -> None:
    """Samples of one byte are offset by 80h, others signed."""
    assert Sound(8000, 1, width, raw).word(0, 0, bits) == word


def test_frames_and_channels() -> None:
    sound = Sound(8000, 2, 2, struct.pack("<5H", 1, 2, 3, 4, 5))
    assert sound.frames == 2, "a frame that is not whole is none"
    assert [[sound.word(f, c, 16) for c in range(3)] for f in range(3)] == [
        [1, 2, 1],
        [3, 4, 3],
        [0, 0, 0],
    ]


@pytest.mark.parametrize(("channels", "width"), [(1, 1), (1, 2), (2, 2), (2, 3), (2, 4)])
def test_wav_files_are_read_by_others_and_back(channels: int, width: int) -> None:
    data = bytes(range(channels * width * 5))
    file = Sound(44_100, channels, width, data).to_wav()
    with wave.open(io.BytesIO(file)) as read:
        assert read.getparams()[:4] == (channels, width, 44_100, 5)
        assert read.readframes(9) == data
    assert struct.unpack_from("<I", file, 4)[0] == len(file) - 8
    rate, alignment, bits = struct.unpack_from("<IHH", file, 28)
    assert (rate, alignment, bits) == (44_100 * channels * width, channels * width, 8 * width)
    assert from_wav(file) == Sound(44_100, channels, width, data)


@pytest.mark.parametrize("data", [b"", b"RIFF", Sound().to_wav()[:30]])
def test_what_is_no_wav_file(data: bytes) -> None:
    with pytest.raises(ValueError, match="expected a WAV file of PCM samples: "):
        from_wav(data)


@pytest.mark.parametrize(
    ("bits", "word", "data", "width"),
    [
        (16, 0x1_2345, b"\x45\x23", 2),
        (24, 0x12_3456, b"\x56\x34\x12", 3),
        (20, 0x1_2345, b"\x50\x34\x12", 3),
        (8, 0x81, b"\x81", 1),
        (32, 1, b"\x01\0\0\0", 4),
    ],
)
def test_words_are_kept_from_their_highest_bit(
    bits: int, word: int, data: bytes, width: int
) -> None:
    listener = Listener()
    listener.hear([word], bits, 1, 8000)
    assert (bytes(listener.data), listener.format) == (data, (8000, 1, width))


def test_another_format_begins_anew_and_the_last_16_mb_are_kept() -> None:
    listener = Listener()
    listener.hear([1, 2], 16, 2, 8000)
    listener.hear([3, 4], 16, 2, 8000)
    assert bytes(listener.data) == struct.pack("<4H", 1, 2, 3, 4)
    for bits, channels, rate in ((16, 2, 8001), (16, 1, 8001), (32, 1, 8001)):
        listener.hear([5], bits, channels, rate)
        assert bytes(listener.data) == (5).to_bytes(bits // 8, "little")
    listener.data = bytearray(b"\xaa" * ((1 << 24) - 4))
    listener.hear([1, 2], 32, 1, 8001)
    assert len(listener.data) == 1 << 24
    assert listener.data[:4] == b"\xaa" * 4 and listener.data[-4:] == b"\x02\0\0\0"


@pytest.mark.parametrize(
    ("rate", "told"), [(44_100, False), (44_545, False), (44_546, True), (43_664, False)]
)
def test_a_rate_that_is_another_by_more_than_a_hundredth_is_told_once(
    rate: int, told: bool
) -> None:
    player = Player()
    assert player.odd_rate(1) == "", "silence has no rate"
    player.put(Sound(44_100, 1, 2, b"ab").to_wav())
    player.position = 5
    text = f"the recording has 44100 frames a second, and is taken at {rate}"
    assert player.odd_rate(rate) == (text if told else "")
    assert player.odd_rate(1) == ""
    player.put(Sound(44_100, 1, 2, b"ab").to_wav())
    assert player.position == 0 and player.odd_rate(1) != ""
