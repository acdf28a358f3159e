"""machine.PWM, seen at the other end of a wire."""

from __future__ import annotations

from pathlib import Path

import pytest
from images import ALIF, RECENT, Image, parameters

from xipsim import Machine

teensy41 = pytest.mark.parametrize("image", parameters([RECENT]), indirect=True)
every_pwm = pytest.mark.parametrize("image", parameters([RECENT, ALIF]), indirect=True)

WIRES = {
    # D0 is an X output of FlexPWM, D2 an A output, D11 a quad timer.
    "TEENSY41": ["D0:D1", "D2:D3", "D11:D12"],
    "ALIF_ENSEMBLE": ["P0_4:P0_5"],
}

MEASURE = """
from machine import PWM, Pin, time_pulse_us
def measure(out, back, freq, duty_u16, **others):
    p, q = PWM(out, freq=freq, duty_u16=duty_u16, **others), Pin(back, Pin.IN)
    seen = [time_pulse_us(q, level) for level in (0, 0, 0, 1, 1, 1)]
    p.deinit()
    print(*seen[1:3], *seen[4:])  # The others were under way.
"""


@every_pwm
def test_pulses_have_the_length_that_was_asked_for(image: Image, qemu: Path | None) -> None:
    """Waits are stalls."""
    wires = WIRES[image.board]
    with Machine(image.board, firmware=image.require(), qemu=qemu, wires=wires) as m:
        m.exec(MEASURE)
        for wire in wires:
            for hertz in (50, 1000, 10000):
                out, back = wire.split(":")
                measured = m.exec(f"measure('{out}', '{back}', {hertz}, 0x4000)")
                low, high = 750_000 // hertz, 250_000 // hertz
                expected = [low] * 2 + [high] * 2
                assert list(map(int, measured.split())) == pytest.approx(expected, abs=1.5)
            measured = m.exec(f"measure('{out}', '{back}', 1000, 0x4000, invert=1)")
            assert list(map(int, measured.split())) == pytest.approx([250] * 2 + [750] * 2, abs=1.5)
        assert m.report()["gaps"] == []


@every_pwm
def test_an_edge_interrupts(image: Image, qemu: Path | None) -> None:
    """100 periods of 1 kHz: 200 edges, of which two may fall to either side; then its pull."""
    (wire, *_) = WIRES[image.board]
    out, back = wire.split(":")
    with Machine(image.board, firmware=image.require(), qemu=qemu, wires=[wire]) as m:
        m.exec("from machine import Pin, PWM; import time")
        m.exec("n = 0\ndef seen(pin):\n    global n\n    n += 1")
        m.exec(f"p = PWM('{out}', freq=1000, duty_u16=0x8000)")
        m.exec(f"q = Pin('{back}', Pin.IN); q.irq(seen, Pin.IRQ_RISING | Pin.IRQ_FALLING)")
        counted = m.exec("a = n; time.sleep_ms(100); print(n - a)")
        assert int(counted) in range(198, 203)
        m.exec("p.deinit(); time.sleep_ms(1); a = n")
        assert m.exec("time.sleep_ms(100); print(n - a)") == "0\n"


@teensy41
def test_edges_are_counted(image: Image, qemu: Path | None) -> None:
    """100 periods of 1 kHz: 100 rising edges, of which one may fall to either side."""
    with Machine(image.board, firmware=image.require(), qemu=qemu, wires=["D2:D3"]) as m:
        m.exec("from machine import Counter, Pin, PWM; import time")
        m.exec("c = Counter(0, 'D3'); p = PWM('D2', freq=1000, duty_u16=0x8000)")
        counted = m.exec("a = c.value(); time.sleep_ms(100); print(c.value() - a); c.deinit()")
        assert int(counted) in (99, 100, 101)
