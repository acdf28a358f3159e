"""The life of a board, from power-on to a second boot, that can begin at any snapshot of it.

What happens at which instant is written down once; whoever goes on from a snapshot does the rest
at the same instants. What they see in the end must be equal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from images import IMAGES, Image

from xipsim import Machine, UserError
from xipsim.peripherals.core import FlashCommand

Script = Sequence[tuple[int, str]]
"""What is typed at which virtual ns; the last one is the end."""
REAL = ("wall_time", "virtual_per_real")
"""What a report tells of real time."""
RTC = "2024-02-29T23:59:58"
TYPED = """\
import os, time, machine, gc
from machine import *
{flash}
def attempt(f):
    try:
        return f()
    except Exception as e:
        return repr(e)

n = []
f, b = Flash(), bytearray(4096)
t = attempt(lambda: {timer})
attempt(lambda: t.init(period=7, callback=lambda t: n.append(time.ticks_us())))
u = attempt(lambda: UART({uart}, 115200))
p = attempt(lambda: Pin('{pin}', Pin.OUT))
def work(i):
    b[i] = 255 - i
    attempt(lambda: f.ioctl(6, 100 + i % 3))
    attempt(lambda: f.writeblocks(100 + i % 3, b))
    attempt(lambda: f.readblocks(101, b, 0))
    attempt(lambda: p(i & 1))
    attempt(lambda: u.write('%d ' % i * 9))
    attempt(lambda: mem32[{tag} + 4 * i])
    {buses}
    time.sleep_ms(5)
    with open('f%d' % (i % 2), 'w') as file: file.write(str(os.urandom(2)) * 99)

for i in range(3): work(i); print(i, n[-1:], time.ticks_us(), gc.mem_free() > 0)

machine.soft_reset()
import os; print(os.listdir(), os.urandom(2))
import time, machine; time.sleep(0.03); machine.reset()
"""
BUSES = (
    "attempt(lambda: (I2C(0).scan(), SPI(0).write(b[:16]), ADC(0).read_u16())); "
    "attempt(lambda: PWM(Pin('{pin}'), freq=1000 + i, duty_u16=20000))"
)
"""Of the i.MX RT alone."""
PROBE = """\
import os, time, machine, gc
print(time.ticks_us(), time.ticks_cpu(), time.time(), os.urandom(8), os.listdir(), gc.mem_free())
print(machine.reset_cause(), machine.RTC().datetime(), [os.stat(f) for f in sorted(os.listdir())])
"""


def make(image: Image, qemu: Path | None) -> Machine:
    """The board, at power-on."""
    rtc = {} if "a battery" in image.facts.lacks else {"rtc": RTC}
    return Machine(image.board, firmware=image.require(), qemu=qemu, seed=7, **rtc)


def typed(image: Image) -> list[str]:
    """What is typed, prompt by prompt."""
    facts = image.facts
    text = TYPED.format(
        flash=facts.flash,
        timer=facts.timer,
        uart=facts.spare_uart.number,
        pin=facts.pin.name,
        buses="pass" if "FlexSPI" in facts.lacks else BUSES.format(pin=facts.pin.name),
        tag=hex(next(iter(facts.tags.values()))),
    )
    lines = text.replace("\n", "\r")
    head, tail = lines.split("machine.soft_reset()\r")
    again, last = tail.split("\r", 1)
    # Paste mode (Ctrl-E, Ctrl-D): no automatic indentation.
    return [f"\x05{head}\x04", "import machine; machine.soft_reset()\r", f"{again}\r", last]


class Witness:
    """Sees what the flash chips get."""

    def __init__(self, machine: Machine) -> None:
        self.lines: list[str] = []
        machine.trace(self._note)

    def told(self, begin: int) -> dict[str, Any]:
        """The trace from that command on."""
        lines = self.lines[begin:]
        return {"commands": len(lines), "trace": sha256("\n".join(lines).encode()).hexdigest()}

    def _note(self, command: FlashCommand) -> None:
        self.lines.append(repr(command))


def seen(m: Machine, image: Image) -> dict[str, Any]:
    """All that script and report can tell in the end."""
    m.exec(PROBE)
    report = {name: value for name, value in m.report().items() if name not in REAL}
    return {
        "console": m.console.transcript.decode("latin-1"),
        "now": m.now,
        "registers": m.registers(),
        "memory": [sha256(m.read_memory(*part)).hexdigest() for part in image.facts.ram],
        "flash": sha256(m.flash.read(0, image.facts.compared)).hexdigest(),
        "statistics": repr(m.flash.stats),
        "noticed": list(m.noticed),
        "report": report,
    }


def script_of(m: Machine, image: Image) -> list[tuple[int, str]]:
    """Live once; what was typed at which instant, and when it was over."""
    script = []
    for text in typed(image):
        m.console.expect(">>> ", timeout="5s")
        script.append((m.now, text))
        m.console.write(text)
    m.console.expect(">>> ", timeout="5s")
    return [*script, (m.now, "")]


def live(
    m: Machine, image: Image, script: Script, *, points: Sequence[int] = (), folder: Path = Path()
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Live, from wherever it stands, to the end of the script; what can be seen then.

    Leaves a snapshot in `folder` at each of the points: what must be seen in the end by who goes
    on from it.
    """
    witness, begins = Witness(m), []
    acts = sorted(
        [*(a for a in script if a[0] >= m.now), *((p, None) for p in points)],
        key=lambda act: act[0],
    )
    for when, text in acts:
        m.run_for(max(0, when - m.now))
        if text is not None:
            m.console.write(text)
        else:
            save(m, folder / str(len(begins)))
            begins.append(len(witness.lines))
    ended = seen(m, image)
    return ended | witness.told(0), [ended | witness.told(begin) for begin in begins]


def save(m: Machine, file: Path) -> None:
    """A snapshot, as soon as the boot ROM's work allows one."""
    while True:
        try:
            saved = m.snapshot()
        except UserError:
            m.run_for(1_000)
            continue
        saved.save(file)
        saved.drop()
        return


def main(name: str, qemu: str, script: str, *files: str) -> None:
    """In another process: prints what each of these snapshots comes to, on a line of JSON."""
    image = next(i for i in IMAGES if i.name == name)
    for file in files:
        with make(image, Path(qemu) if qemu else None) as m:
            m.restore(m.load_snapshot(file))
            print(json.dumps(live(m, image, json.loads(script))[0]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
