"""The USB serial port: no byte is lost, whatever the chunking; the cable comes and goes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from images import Image

from xipsim import Machine, WaitTimeout

SIZE = 256 * 1024
CHUNKS = (1, 2, 3, 63, 64, 65, 127, 511, 512, 513, 1000, 4096, 7777)

SINK = """
import sys, micropython
@micropython.viper
def mix(h: int, p: ptr8, n: int) -> int:
    for i in range(n):
        h = (h * 31 + p[i]) & 0xFFFFFF
    return h
def check(n):
    micropython.kbd_intr(-1)
    b = bytearray(256); h = 0; r = sys.stdin.buffer
    while n:
        k = min(256, n)
        k = r.readinto(b, k)
        h = mix(h, b, k); n -= k
    micropython.kbd_intr(3)
    print('sum', h)
"""


def mixed(data: bytes) -> int:
    value = 0
    for byte in data:
        value = value * 31 + byte & 0xFFFFFF
    return value


def pieces(data: bytes) -> list[bytes]:
    sizes, at, out = random.Random(4), 0, []
    while at < len(data):
        size = sizes.choice(CHUNKS)
        out.append(data[at : at + size])
        at += size
    return out


def test_256_kb_to_the_firmware(t41: Machine) -> None:
    """All byte values, in odd pieces, faster than the firmware takes them."""
    data = random.Random(1).randbytes(SIZE)
    t41.exec(SINK)
    t41.console.write(f"check({SIZE})\r")
    t41.console.expect(f"check({SIZE})\r\n")
    for number, piece in enumerate(pieces(data)):
        t41.console.write(piece)
        if number % 5 == 0:
            t41.run_for("100us")
    t41.console.expect(f"sum {mixed(data)}\r\n", timeout="60s")


def test_256_kb_from_the_firmware(t41: Machine) -> None:
    data = bytes(i * 7 & 0xFF for i in range(8192))
    script = (
        "import sys; d = bytes(i * 7 & 255 for i in range(8192))\n"
        "def send():\n"
        f"  at = 0; n = 0; sizes = {CHUNKS}\n"
        "  m = memoryview(d)\n"
        f"  while at < {SIZE}:\n"
        f"    k = min(sizes[n % 13], {SIZE} - at, 8192 - at % 8192); n += 1\n"
        "    sys.stdout.buffer.write(m[at % 8192:at % 8192 + k]); at += k\n"
    )
    t41.exec(script)
    t41.console.write("send()\r")
    t41.console.expect("send()\r\n")
    got = t41.console.expect_bytes(">>> ", timeout="60s")
    assert got[:SIZE] == data * (SIZE // 8192)
    assert got[SIZE:] == b">>> "


def test_an_echo_both_ways_at_once(t41: Machine) -> None:
    script = (
        "import sys, micropython\n"
        "def echo(n):\n"
        "  micropython.kbd_intr(-1)\n"
        "  b = bytearray(61)\n"
        "  while n:\n"
        "    k = sys.stdin.buffer.readinto(b, min(61, n)); n -= k\n"
        "    sys.stdout.buffer.write(memoryview(b)[:k])\n"
        "  micropython.kbd_intr(3)\n"
    )
    t41.exec(script)
    data = random.Random(2).randbytes(20_000)
    t41.console.write(f"echo({len(data)})\r")
    t41.console.expect(f"echo({len(data)})\r\n")
    for piece in pieces(data):
        t41.console.write(piece)
        t41.run_for("50us")
    assert t41.console.expect_bytes(b">>> ", timeout="20s") == data + b">>> "


def test_unplugged_and_plugged_again(m: Machine) -> None:
    """The firmware sees the bus reset; the port comes back, and the interpreter has gone on."""
    m.exec("kept = 42")
    m.call("pc", "unplug")
    m.run_for("50ms")
    assert not m.console.is_open
    with pytest.raises(WaitTimeout):
        m.console.expect("x", timeout="20ms")
    m.call("pc", "plug")
    m.run_for("50ms")
    assert m.console.is_open
    assert m.exec("print(kept)") == "42\n"


def test_a_hard_reset_enumerates_anew(m: Machine) -> None:
    m.reset()
    m.run_for("1us")
    assert not m.console.is_open
    assert m.exec("print('back')") == "back\n"
    assert m.console.is_open


def test_the_console_opens_as_soon_as_the_device_is_configured(
    image: Image, qemu: Path | None
) -> None:
    with Machine(image.board, firmware=image.require(), qemu=qemu) as m:
        assert not m.console.is_open
        m.run_for("500ms")
        assert m.console.is_open


def test_a_terminal_that_closes_and_opens_again(t41: Machine) -> None:
    """DTR off and on: the firmware goes on, and is heard."""
    t41.call("pc", "set_dtr", False)
    t41.run_for("10ms")
    t41.call("pc", "set_dtr", True)
    assert t41.exec("print('heard')") == "heard\n"
