"""Sound as WAV files have it, as the words of an I2S line, and what is at such a line's ends."""

from __future__ import annotations

from abc import ABC, abstractmethod

from xipsim.peripherals.core import Model, Record, State, exposed
from xipsim.peripherals.namedtuple import NamedTuple

MOST = 1 << 24
"""Bytes that are kept of what was sent: the last ones."""


class Sound(NamedTuple):
    """Samples, little-endian and signed but those of one byte, as a WAV file has them."""

    rate: int = 44_100
    """Frames a second."""
    channels: int = 2
    width: int = 2
    """Bytes of a sample."""
    data: bytes = b""

    @property
    def frames(self) -> int:
        """How many there are."""
        return len(self.data) // (self.channels * self.width)

    def word(self, frame: int, channel: int, bits: int) -> int:
        """A sample as a word of `bits`: its highest bits; silence behind the end.

        A channel that is not there has what another one has.
        """
        if frame >= self.frames:
            return 0
        at = (frame * self.channels + channel % self.channels) * self.width
        sample = int.from_bytes(self.data[at : at + self.width], "little")
        if self.width == 1:
            sample ^= 0x80
        own = 8 * self.width
        return sample >> own - bits if own > bits else sample << bits - own

    def to_wav(self) -> bytes:
        """All of it as a WAV file."""
        frame = self.channels * self.width
        rates = (self.rate, 4), (self.rate * frame, 4), (frame, 2), (8 * self.width, 2)
        fields = (1, 2), (self.channels, 2), *rates
        format_ = b"".join(value.to_bytes(size, "little") for value, size in fields)
        chunks = b"".join(
            name + len(content).to_bytes(4, "little") + content
            for name, content in ((b"fmt ", format_), (b"data", self.data))
        )
        return b"RIFF" + (len(chunks) + 4).to_bytes(4, "little") + b"WAVE" + chunks


def from_wav(data: bytes) -> Sound:
    """What a WAV file holds; ValueError for one that is none, or not plain PCM."""
    import io
    import wave

    try:
        with wave.open(io.BytesIO(data)) as file:
            width, frames = file.getsampwidth(), file.readframes(file.getnframes())
            return Sound(file.getframerate(), file.getnchannels(), width, frames)
    except (wave.Error, EOFError) as error:
        why = error or "it ends early"
        raise ValueError(f"expected a WAV file of PCM samples: {why}") from None


class Listener(Record):
    """At a transmitter's line: keeps the last 16 MB of what was sent."""

    def __init__(self) -> None:
        self.format = 44_100, 2, 2
        """Of what was sent: frames a second, words of a frame, bytes of a word."""
        self.data = bytearray()

    def hear(self, words: list[int], bits: int, channels: int, rate: int) -> None:
        """Words of so many bits have been sent. What was in another format is forgotten."""
        width = (bits + 7) // 8
        if (rate, channels, width) != self.format:
            # One file has one format.
            self.data, self.format = bytearray(), (rate, channels, width)
        mask = (1 << bits) - 1
        for word in words:
            self.data += ((word & mask) << 8 * width - bits).to_bytes(width, "little")
        del self.data[:-MOST]

    def to_wav(self) -> bytes:
        """All that is kept."""
        return Sound(*self.format, bytes(self.data)).to_wav()


class Player(Record):
    """At a receiver's line: a recording, then silence."""

    def __init__(self) -> None:
        self.sound = Sound()
        self.position = 0
        """Frames of it that are over."""
        self.compared = True
        """Its rate has been compared with the receiver's."""

    def put(self, wav: bytes) -> None:
        """Play this WAV file from now on; ValueError for anything but PCM samples."""
        self.sound, self.position, self.compared = from_wav(wav), 0, False

    def odd_rate(self, rate: int) -> str:
        """What to say, once for each recording, of a receiver that takes it at another rate.

        Assumption: within a hundredth they are the same, as the divisors of clocks have it.
        """
        is_new, self.compared = not self.compared, True
        own = self.sound.rate
        if not is_new or abs(rate - own) * 100 <= rate:
            return ""
        return f"the recording has {own} frames a second, and is taken at {rate}"


class SoundLines(Model, ABC):
    """Both lines of an I2S controller: what it sends is kept, what it receives a test has given."""

    _player = State(Player(), outside=True)
    _listener = State(Listener(), outside=True)

    @abstractmethod
    def _catch_up(self) -> None:
        """Send what is over by now."""

    @abstractmethod
    def _hear(self) -> None:
        """Receive what is over by now."""

    @exposed
    def wav(self) -> bytes:
        """What it has sent, its last 16 MB, as a WAV file with the rate and format of the last."""
        self._catch_up()
        return self._listener.to_wav()

    @exposed
    def record(self, wav: bytes) -> None:
        """What comes in at the receiver's line from now on: a WAV file, then silence.

        Frame by frame, at the rate at which the receiver takes them. ValueError for anything but
        PCM samples.
        """
        self._hear()
        self._player.put(wav)
