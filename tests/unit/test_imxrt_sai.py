"""SAI: MIMXRT1062.h for bits, fsl_sai.c and MicroPython's machine_i2s.c for how it is used."""

from __future__ import annotations

import io
import wave

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.ccm import Ccm
from xipsim.peripherals.imxrt.ccm_analog import CcmAnalog
from xipsim.peripherals.imxrt.clocks import sai_clock
from xipsim.peripherals.imxrt.edma import Dmamux, Edma
from xipsim.peripherals.imxrt.sai import Sai

TCSR, TCR1, TCR2, TCR3, TCR4, TCR5, TDR = 0x08, 0x0C, 0x10, 0x14, 0x18, 0x1C, 0x20
RCSR, RCR1, RCR2, RCR3, RCR5, RDR = 0x88, 0x8C, 0x90, 0x94, 0x9C, 0xA0
ENABLE, FR, FEF, FWF, FRF, FEIE, FRIE, FRDE = (
    1 << bit for bit in (31, 25, 18, 17, 16, 10, 8, 0)
)
MCLK = 12_288_000
WORD = 1_000_000_000 // 96_000
"""ns of a 16-bit word at 48 kHz, stereo: 12.288 MHz / 8 / 16."""


class I2s:
    def __init__(self) -> None:
        self.bench = Bench()
        self.edma = Edma(self.bench.system)
        self.mux = Dmamux(self.bench.system, edma=self.edma)
        self.sai = Sai(self.bench.system, frequency=MCLK, dmamux=self.mux)
        for model in (self.edma, self.mux, self.sai):
            model.reset(ResetCause.POWER_ON)
        self.read, self.write = self.sai.read, self.sai.write
        for base in (0, 0x80):
            self.write(TCR1 + base, 16)
            self.write(TCR2 + base, 3)
            self.write(TCR3 + base, 1 << 16)
            self.write(TCR4 + base, 1 << 16)
            self.write(TCR5 + base, 15 << 24)

    def words(self, count: float) -> None:
        self.bench.clock.advance(int(count * 1_000_000_000 / 96_000))

    def wav(self) -> wave.Wave_read:
        return wave.open(io.BytesIO(self.sai.wav()))


@pytest.fixture
def i2s() -> I2s:
    return I2s()


def test_what_is_sent_is_a_wav_file(i2s: I2s) -> None:
    i2s.write(TCSR, ENABLE)
    for word in (1, 0xFFFF, 0x8000, 0x7FFF):
        i2s.write(TDR, word)
    i2s.words(4.1)
    wav = i2s.wav()
    assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (48000, 2, 2)
    assert wav.readframes(9) == b"\x01\x00\xff\xff\x00\x80\xff\x7f"


def test_a_24_bit_word_and_one_channel(i2s: I2s) -> None:
    i2s.write(TCR5, 23 << 24)
    i2s.write(TCR4, 0)
    i2s.write(TCSR, ENABLE)
    i2s.write(TDR, 0x1234_5678)
    i2s.words(1.6)
    wav = i2s.wav()
    assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (1, 3, 64000)
    assert wav.readframes(1) == b"\x78\x56\x34"


def test_a_word_that_fills_no_bytes_lies_at_their_upper_end(i2s: I2s) -> None:
    """WAVE (RIFF MCI 1.0, "data format of the samples"): left-justified, zeros behind."""
    i2s.write(TCR5, 11 << 24)
    i2s.write(TCSR, ENABLE)
    i2s.write(TDR, 0x5ABC)
    i2s.words(2)
    wav = i2s.wav()
    assert wav.getsampwidth() == 2
    assert wav.readframes(1)[:2] == b"\xc0\xab"


def test_words_take_their_time(i2s: I2s) -> None:
    i2s.write(TCSR, ENABLE | FRIE)
    assert i2s.sai.TX.level, "an empty FIFO asks"
    for _ in range(20):
        i2s.write(TDR, 5)
    assert not i2s.sai.TX.level and not i2s.read(TCSR) & (FRF | FWF)
    i2s.words(3.9)
    assert not i2s.sai.TX.level
    i2s.words(0.2)
    assert i2s.sai.TX.level and i2s.read(TCSR) & (FRF | FWF) == FRF
    i2s.words(16)
    assert i2s.read(TCSR) & (FRF | FWF | FEF) == FRF | FWF | FEF
    assert i2s.wav().getnframes() == 10


def test_nothing_is_sent_while_it_is_off(i2s: I2s) -> None:
    i2s.write(TDR, 1)
    i2s.words(100)
    i2s.write(TCR3, 0)
    i2s.write(TCSR, ENABLE)
    i2s.words(100)
    assert i2s.wav().getnframes() == 0
    i2s.write(TCSR, ENABLE | FR)
    i2s.write(TCR3, 1 << 16)
    i2s.words(100)
    assert i2s.wav().getnframes() == 0, "the FIFO was reset"


def test_a_full_fifo(i2s: I2s) -> None:
    for _ in range(33):
        i2s.write(TDR, 1)
    assert i2s.read(TCSR) & FEF
    assert [d.rule for d in i2s.bench.diagnostics] == ["sai-overflow"]


def test_the_receiver_hears_silence_in_time(i2s: I2s) -> None:
    i2s.write(RCSR, ENABLE | FRIE)
    i2s.words(16.9)
    assert not i2s.sai.RX.level
    i2s.words(0.2)
    assert i2s.sai.RX.level and i2s.read(RCSR) & FRF
    assert i2s.read(RDR) == 0 and not i2s.sai.RX.level
    i2s.write(RCSR, ENABLE | FEIE)
    i2s.words(16.7)
    assert not i2s.sai.RX.level
    i2s.words(0.3)
    assert i2s.sai.RX.level and i2s.read(RCSR) & FEF, "overrun"


def wav(*samples: int, rate: int = 48_000, channels: int = 2, width: int = 2) -> bytes:
    with io.BytesIO() as file:
        with wave.open(file, "wb") as writer:
            writer.setparams((channels, width, rate, 0, "NONE", ""))
            signed = width > 1
            writer.writeframes(
                b"".join(sample.to_bytes(width, "little", signed=signed) for sample in samples)
            )
        return file.getvalue()


def heard(i2s: I2s, count: int) -> list[int]:
    """The words of two channels of 16 bits, each read as it comes."""
    i2s.write(TCR4 + 0x80, 1 << 16)
    i2s.write(RCSR, ENABLE | FR)
    found = []
    for _ in range(count):
        i2s.words(1.001)
        found.append(i2s.read(RDR))
    return found


def test_the_receiver_hears_a_recording_then_silence(i2s: I2s) -> None:
    i2s.sai.record(wav(1, -1, 2, -2, 0x7FFF, -0x8000))
    assert heard(i2s, 8) == [1, 0xFFFF, 2, 0xFFFE, 0x7FFF, 0x8000, 0, 0]
    assert i2s.bench.events == i2s.bench.notes == []


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (wav(0x123456, -2, width=3), [0x1234, 0xFFFF]),
        (wav(5, 6, channels=1), [5, 5]),
        (wav(0x90, 0x00, width=1), [0x1000, 0x8000]),
        (wav(), [0, 0]),
    ],
)
def test_recordings_of_other_formats(i2s: I2s, file: bytes, words: list[int]) -> None:
    i2s.sai.record(file)
    assert heard(i2s, 2) == words


def test_a_recording_goes_on_while_nobody_reads(i2s: I2s) -> None:
    """32 words fit the FIFO; those behind them are lost."""
    i2s.sai.record(wav(*range(100), channels=2))
    i2s.write(RCSR, ENABLE | FR)
    i2s.words(40.1)
    assert i2s.read(RCSR) & FEF
    assert [i2s.read(RDR) for _ in range(32)] == list(range(32))
    i2s.write(RCSR, ENABLE | FEF)
    i2s.words(2)
    assert [i2s.read(RDR), i2s.read(RDR)] == [40, 41]


def test_another_rate_is_told_once(i2s: I2s) -> None:
    i2s.sai.record(wav(*range(20), rate=44_100))
    heard(i2s, 10)
    (note,) = i2s.bench.notes
    assert "44100 frames a second, and is taken at 48000" in note.message


@pytest.mark.parametrize("data", [b"", b"RIFF", b"x" * 100, wav(1, 2)[:30]])
def test_what_is_no_recording(i2s: I2s, data: bytes) -> None:
    with pytest.raises(ValueError, match="a WAV file of PCM samples"):
        i2s.sai.record(data)


def test_the_dma_plays(i2s: I2s) -> None:
    """Requests of SAI1: 19 to receive, 20 to send (MIMXRT1062.h)."""
    memory = i2s.bench.bus.add(0x2000_0000, 0x100)
    memory[:] = bytes(range(256))
    i2s.bench.bus.add(0x4038_4020, 4)
    moved: list[bytes] = []

    def write(address: int, data: bytes) -> None:
        moved.append(data)
        i2s.sai.write(address - 0x4038_4000, int.from_bytes(data, "little"), len(data))

    i2s.bench.bus.write = write  # type: ignore[method-assign]
    i2s.mux.write(4 * 4, 1 << 31 | 20)
    tcd = 0x1000 + 4 * 32
    for offset, value in enumerate(
        (0x2000_0000, 0x0101_0002, 32, 0, 0x4038_4020, 8 << 16, 0, 8 << 16 | 1 << 3)
    ):
        i2s.edma.write(tcd + 4 * offset, value)
    i2s.edma.write(0x1B, 4, 1)
    i2s.write(TCSR, ENABLE | FRDE)
    i2s.words(200)
    assert b"".join(moved) == memory
    assert i2s.wav().readframes(64) == memory
    assert i2s.bench.diagnostics == []


def test_the_clock_of_the_audio_pll() -> None:
    """MicroPython at 44.1 kHz: PLL4 24 MHz * (30 + 0.1056), by 1; divided by 1 and 64."""
    bench = Bench()
    ccm, analog = Ccm(bench.system), CcmAnalog(bench.system)
    analog.write(0x70, 2 << 19 | 1 << 13 | 30)
    analog.write(0x80, 10560)
    analog.write(0x90, 100000)
    for number, offset, shift in ((1, 0x28, 0), (2, 0x2C, 0), (3, 0x28, 16)):
        ccm.write(0x1C, 2 << 8 + 2 * number)
        ccm.write(offset, 63 << shift)
        assert sai_clock(ccm, analog, number) == 722_534_400 // 64


# -- clocks ----------------------------------------------------------------------------------------

SYNC, SR, FWIE, FWDE = 1 << 30, 1 << 24, 1 << 9, 1 << 1
NS = 1_000_000_000


def due(i2s: I2s) -> int:
    """ns until the next event of the SAI."""
    (time,) = [a.deadline for a in i2s.bench.clock.alarms if a.deadline is not None]
    return int(time) - i2s.bench.clock.now


@pytest.mark.parametrize(
    ("config2", "config5", "divider"),
    [
        (0, 0, 2),
        (3, 15 << 24, 8 * 16),
        (0xFF, 31 << 24, 512 * 32),
        (1, 7 << 24 | 31 << 16 | 31 << 8, 4 * 8),
    ],
)
@pytest.mark.parametrize("sends", [True, False])
def test_how_long_a_word_takes(
    i2s: I2s, config2: int, config5: int, divider: int, sends: bool
) -> None:
    """TCR2.DIV: (DIV + 1) * 2; TCR5.WNW + 1 bits; the receiver's alike."""
    base = 0 if sends else 0x80
    i2s.write(TCR2 + base, config2)
    i2s.write(TCR5 + base, config5)
    i2s.write(TCR1 + base, 0)
    if sends:
        i2s.write(TDR, 1)
    i2s.write(TCSR + base, ENABLE)
    assert due(i2s) == -(-NS * divider // MCLK)


@pytest.mark.parametrize("sends", [True, False])
def test_one_half_can_take_the_others_clock(i2s: I2s, sends: bool) -> None:
    """TCR2.SYNC, RCR2.SYNC: 01b is the other half's bit clock; the words' bits are its own."""
    base, other = (0, 0x80) if sends else (0x80, 0)
    i2s.write(TCR2 + base, SYNC | 99)
    i2s.write(TCR2 + other, 1)
    i2s.write(TCR1 + base, 0)
    i2s.write(TCR5 + other, 0)
    if sends:
        i2s.write(TDR, 1)
    i2s.write(TCSR + base, ENABLE)
    assert due(i2s) == -(-NS * 4 * 16 // MCLK)


@pytest.mark.parametrize(
    ("given", "offset", "shift", "select"),
    [({}, 0x28, 0, 10), ({"number": 2}, 0x2C, 0, 12), ({"number": 3}, 0x28, 16, 14)],
)
def test_each_has_its_own_clock(
    given: dict[str, int], offset: int, shift: int, select: int
) -> None:
    """PLL4 at 722.5344 MHz by 64: SAI1 unless another number is given."""
    bench = Bench()
    ccm, analog = Ccm(bench.system), CcmAnalog(bench.system)
    analog.write(0x70, 2 << 19 | 1 << 13 | 30)
    analog.write(0x80, 10560)
    analog.write(0x90, 100000)
    ccm.write(0x1C, 2 << select)
    ccm.write(offset, 63 << shift)
    sai = Sai(bench.system, ccm=ccm, ccm_analog=analog, **given)
    for register, value in ((TCR5, 31 << 24), (TCR3, 1 << 16), (TDR, 0), (TCSR, ENABLE)):
        sai.write(register, value)
    (time,) = [a.deadline for a in bench.clock.alarms if a.deadline is not None]
    assert time == pytest.approx(NS * 2 * 32 / (722_534_400 / 64), abs=2)


# -- FIFOs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("water", [0, 1, 16, 31])
def test_what_the_transmitters_fifo_tells(i2s: I2s, water: int) -> None:
    """FRF: no more than TFW words; FWF: none; FEF: it ran empty. Each with its moment."""
    i2s.write(TCR1, water)
    for _ in range(32):
        i2s.write(TDR, 1)
    assert not i2s.read(TCSR) & (FRF | FWF), "not enabled"
    i2s.write(TCSR, ENABLE)
    for left in range(32, -1, -1):
        expected = (FRF if left <= water else 0) | (FWF | FEF if not left else 0)
        assert i2s.read(TCSR) & (FRF | FWF | FEF) == expected, left
        i2s.words(1)
        i2s.bench.clock.advance(1)


@pytest.mark.parametrize("water", [0, 1, 16, 31])
def test_what_the_receivers_fifo_tells(i2s: I2s, water: int) -> None:
    """FRF: more than RFW words; FWF: full; FEF: one was lost. Each interrupts when it comes."""
    i2s.write(RCR1, water)
    for enable, flag, words in ((8, FRF, water + 1), (9, FWF, 32), (10, FEF, 33)):
        i2s.write(RCSR, FEF | FR)
        i2s.write(RCSR, ENABLE | 1 << enable)
        i2s.words(words - 0.01)
        assert not i2s.sai.RX.level and not i2s.read(RCSR) & flag
        i2s.words(0.02)
        assert i2s.sai.RX.level and i2s.read(RCSR) & flag
        i2s.write(RCSR, 0)


@pytest.mark.parametrize("bit", [FR, SR])
def test_resets_of_the_fifos(i2s: I2s, bit: int) -> None:
    """FR reads 0 at once, SR stays until it is cleared; either empties its FIFO alone."""
    i2s.sai.record(wav(*range(100)))
    for _ in range(3):
        i2s.write(TDR, 1)
    i2s.write(RCSR, ENABLE)
    i2s.words(3.5)
    i2s.write(TCSR, bit)
    assert i2s.read(TCSR) == (SR if bit == SR else 0)
    assert i2s.read(RDR) == 0 and i2s.read(RDR) == 1
    i2s.write(RCSR, ENABLE | bit)
    assert i2s.read(RDR) == 0 and i2s.read(RCSR) & (FR | SR) == (SR if bit == SR else 0)
    i2s.write(RCSR, 0)
    i2s.write(TCSR, ENABLE)
    i2s.words(10)
    assert i2s.wav().getnframes() == 0


def test_a_frame_begins_anew_with_a_reset_of_the_receiver(i2s: I2s) -> None:
    """The second word of a frame is not taken for the first of the next."""
    i2s.write(TCR4 + 0x80, 1 << 16)
    i2s.sai.record(wav(*range(10)))
    i2s.write(RCSR, ENABLE)
    i2s.words(3.01)
    i2s.write(RCSR, ENABLE | FR)
    i2s.words(1.01)
    assert i2s.read(RDR) == 2


def test_what_is_written_to_a_running_transmitter_goes_behind(i2s: I2s) -> None:
    """From an empty FIFO a word's time counts from when it was written."""
    i2s.write(TCR1, 0)
    i2s.write(TCSR, ENABLE)
    i2s.words(7.5)
    i2s.write(TDR, 1)
    assert i2s.sai.TDR[0] == 0
    assert due(i2s) == pytest.approx(NS / 96_000, abs=2)
    i2s.words(0.5)
    i2s.write(TDR, 2)
    i2s.words(0.6)
    assert i2s.read(TCSR) & FEF == 0 and i2s.wav().getnframes() == 0
    i2s.words(1)
    assert i2s.wav().readframes(1) == b"\x01\x00\x02\x00" and i2s.read(TCSR) & FEF


def test_time_does_not_count_while_it_is_off(i2s: I2s) -> None:
    i2s.write(TCR1, 0)
    for word in (1, 2):
        i2s.write(TDR, word)
    i2s.words(5)
    for register in (TCSR, RCSR):
        i2s.write(register, ENABLE)
    i2s.words(0.9)
    assert i2s.read(RDR) == 0 and i2s.wav().getnframes() == 0
    i2s.write(TCSR, 0)
    i2s.words(5)
    i2s.write(TCSR, ENABLE)
    i2s.words(1.9)
    assert i2s.wav().getnframes() == 0, "both words begin anew"
    i2s.words(0.2)
    assert i2s.wav().readframes(1) == b"\x01\x00\x02\x00"


def test_who_polls_waits_for_the_next_flag(i2s: I2s) -> None:
    i2s.sai.name = "sai1"
    i2s.read(TCSR)
    i2s.read(RCSR)
    for _ in range(17):
        i2s.write(TDR, 1)
    i2s.write(TCSR, ENABLE)
    i2s.read(TCSR)
    i2s.write(RCSR, ENABLE)
    i2s.read(RCSR)
    word, seventeen = -(-NS // 96_000), -(-17 * NS // 96_000)
    assert i2s.bench.clock.questions == [
        *(("sai1", None), ("sai1", None), ("sai1", word), ("sai1", seventeen)),
    ]


@pytest.mark.parametrize("first", [19, 83])
def test_requests_by_their_numbers(first: int) -> None:
    """The receiver's, then the transmitter's; FRDE is bit 0, FWDE bit 1."""
    for base, place in ((0x80, 0), (0, 1)):
        for enable in (FRDE, FWDE):
            i2s = I2s()
            sai = Sai(i2s.bench.system, frequency=MCLK, dmamux=i2s.mux, receive_request=first)
            asked: list[tuple[int, bool]] = []
            i2s.mux.request = lambda n, on: asked.append((n, on))  # type: ignore[method-assign]  # noqa: B023
            sai.write(TCR1 + base, 4)
            sai.write(TCR3 + base, 1 << 16)
            sai.write(TCSR + base, ENABLE | enable)
            i2s.bench.clock.advance(NS)
            assert (first + place, True) in asked
            assert (first + 1 - place, True) not in asked
