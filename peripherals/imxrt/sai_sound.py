"""Sound as WAV files have it, and as the words of an I2S line."""

from __future__ import annotations

from xipsim.peripherals.namedtuple import NamedTuple


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
