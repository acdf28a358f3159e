"""The USB serial port: no byte is lost, whatever the chunking; the cable comes and goes."""

from __future__ import annotations

import random

import pytest
from images import Image, every_board

from xipsim import Machine, WaitTimeout

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


def test_a_burst_to_the_firmware(usb: Machine, image: Image) -> None:
    """All byte values, in odd pieces, faster than the firmware takes them."""
    data = random.Random(1).randbytes(image.facts.usb_burst)
    usb.exec(SINK)
    usb.console.write(f"check({len(data)})\r")
    usb.console.expect(f"check({len(data)})\r\n")
    for number, piece in enumerate(pieces(data)):
        usb.console.write(piece)
        if number % 5 == 0:
            usb.run_for("100us")
    usb.console.expect(f"sum {mixed(data)}\r\n", timeout="60s")


def test_a_burst_from_the_firmware(usb: Machine, image: Image) -> None:
    size = image.facts.usb_burst
    data = bytes(i * 7 & 0xFF for i in range(8192))
    script = (
        "import sys; d = bytes(i * 7 & 255 for i in range(8192))\n"
        "def send():\n"
        f"  at = 0; n = 0; sizes = {CHUNKS}\n"
        "  m = memoryview(d)\n"
        f"  while at < {size}:\n"
        f"    k = min(sizes[n % 13], {size} - at, 8192 - at % 8192); n += 1\n"
        "    sys.stdout.buffer.write(m[at % 8192:at % 8192 + k]); at += k\n"
    )
    usb.exec(script)
    usb.console.write("send()\r")
    usb.console.expect("send()\r\n")
    got = usb.console.expect_bytes(">>> ", timeout="60s")
    assert got[:size] == data * (size // 8192)
    assert got[size:] == b">>> "


def test_an_echo_both_ways_at_once(usb: Machine) -> None:
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
    usb.exec(script)
    data = random.Random(2).randbytes(20_000)
    usb.console.write(f"echo({len(data)})\r")
    usb.console.expect(f"echo({len(data)})\r\n")
    for piece in pieces(data):
        usb.console.write(piece)
        usb.run_for("50us")
    assert usb.console.expect_bytes(b">>> ", timeout="20s") == data + b">>> "


@every_board
def test_unplugged_and_plugged_again(usb: Machine) -> None:
    """The firmware sees the bus reset; the port comes back, and the interpreter has gone on."""
    usb.exec("kept = 42")
    usb.call("pc", "unplug")
    usb.run_for("50ms")
    assert not usb.console.is_open
    with pytest.raises(WaitTimeout):
        usb.console.expect("x", timeout="20ms")
    usb.call("pc", "plug")
    usb.run_for("50ms")
    assert usb.console.is_open
    assert usb.exec("print(kept)") == "42\n"


@every_board
def test_a_hard_reset_enumerates_anew(usb: Machine) -> None:
    usb.reset()
    usb.run_for("1us")
    assert not usb.console.is_open
    assert usb.exec("print('back')") == "back\n"
    assert usb.console.is_open


@every_board
def test_the_console_opens_as_soon_as_the_device_is_configured(usb: Machine) -> None:
    usb.power_cycle()
    assert not usb.console.is_open
    usb.run_for("500ms")
    assert usb.console.is_open


def test_a_terminal_that_closes_and_opens_again(usb: Machine) -> None:
    """DTR off and on: the firmware goes on, and is heard."""
    usb.call("pc", "set_dtr", False)
    usb.run_for("10ms")
    usb.call("pc", "set_dtr", True)
    assert usb.exec("print('heard')") == "heard\n"
