"""machine.I2S of the Teensy 4.1: what it plays becomes a WAV file, and it records one."""

from __future__ import annotations

import io
import struct
import wave

import pytest
from images import RECENT, parameters

from xipsim import Machine

pytestmark = pytest.mark.parametrize("image", parameters([RECENT]), indirect=True)


def test_what_a_script_plays(m: Machine) -> None:
    m.exec("from machine import I2S, Pin; import struct, time")
    m.exec(
        "a = I2S(1, sck=Pin('D26'), ws=Pin('D27'), sd=Pin('D7'), mode=I2S.TX, bits=16,"
        " format=I2S.STEREO, rate=22050, ibuf=4000)"
    )
    m.exec("d = b''.join(struct.pack('<hh', i, -i) for i in range(1, 3000))")
    # 11996 bytes, of which 4000 fit the buffer, at 88200 bytes a second.
    took = m.exec("t = time.ticks_ms(); a.write(d); print(time.ticks_diff(time.ticks_ms(), t))")
    assert 80 <= int(took) < 110
    m.exec("time.sleep_ms(100)")
    with wave.open(io.BytesIO(m.call("sai1", "wav"))) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (22050, 2, 2)
        played = struct.iter_unpack("<hh", sound.readframes(sound.getnframes()))
    heard = [frame for frame in played if frame != (0, 0)]
    # The driver's last frames wait for more, as many as half its buffer for the DMA holds.
    assert len(heard) > 2900 and heard == [(i, -i) for i in range(1, len(heard) + 1)]
    assert m.report()["gaps"] == []


RECORDER = (
    "b = I2S(1, sck=Pin('D21'), ws=Pin('D20'), sd=Pin('D8'), mode=I2S.RX, bits=16,"
    " format=I2S.STEREO, rate=16000, ibuf=4000)"
)


def test_a_recording(m: Machine) -> None:
    with io.BytesIO() as file:
        with wave.open(file, "wb") as writer:
            writer.setparams((2, 2, 16000, 0, "NONE", ""))
            writer.writeframes(b"".join(struct.pack("<hh", i, -i) for i in range(1, 3000)))
        m.exec("from machine import I2S, Pin; import time")
        m.call("sai1", "record", file.getvalue())
    m.exec(RECORDER)
    m.exec("x = bytearray(6400); b.readinto(x); b.deinit()")
    frames = list(struct.iter_unpack("<hh", eval(m.exec("print(bytes(x))"))))
    first = frames[0][0]
    assert first in range(1, 50), "the driver drops what came before its first buffer"
    assert frames == [(i, -i) for i in range(first, first + 1600)]


def test_a_recorder_that_does_not_wait(m: Machine) -> None:
    """With a callback, and as a stream of asyncio."""
    m.exec("from machine import I2S, Pin; import asyncio, time; n = []")
    m.exec(RECORDER)
    m.exec("x = bytearray(1600); b.irq(lambda i: n.append(1)); k = b.readinto(x)")
    assert m.exec("print(k, n); time.sleep_ms(60); print(n)") == "1600 []\n[1]\n"
    m.exec("b.deinit()")
    m.exec(RECORDER)
    m.exec("async def take():\n    return await asyncio.StreamReader(b).readinto(x)")
    # As many as have come.
    assert int(m.exec("print(asyncio.run(take())); b.deinit()")) in range(4, 1601, 4)


def test_silence(m: Machine) -> None:
    m.exec("from machine import I2S, Pin; import time")
    m.exec(RECORDER)
    script = "x = bytearray(b'x' * 6400); t = time.ticks_ms(); print(b.readinto(x), set(x))"
    assert m.exec(script) == "6400 {0}\n"
    assert 95 <= int(m.exec("print(time.ticks_diff(time.ticks_ms(), t))")) < 130
    m.exec("b.deinit()")
