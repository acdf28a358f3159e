"""What a test applies from outside holds whatever the board does: also before it is switched on.

A voltage, a warmth, a signal, a finger on a button belong to no chip.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from typing import Any

import pytest
from model_rig import Rig

from xipsim.peripherals.core import ResetCause


def wav() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(48_000)
        out.writeframes(b"\x01\x02\x03\x04")
    return file.getvalue()


def samples(model: Any) -> bytes:
    data: bytes = model._player.sound.data
    return data


APPLIED: list[tuple[str, str, tuple[Any, ...], Callable[[Any], Any]]] = [
    ("Imxrt.Adc", "set_level", (7, 1.65), lambda m: m.volts.get(7)),
    ("Alif.Adc12", "set_level", (0, 0.9), lambda m: m.volts.get(0)),
    ("Imxrt.CcmAnalog", "set_temperature", (71.0,), lambda m: m.celsius),
    ("I2c.Tmp102", "set_temperature", (-3.5,), lambda m: m._shown),
    ("Imxrt.Sai", "record", (wav(),), samples),
    ("Alif.I2s", "record", (wav(),), samples),
    ("Imxrt.Gpio", "drive", (3, False), lambda m: m.level(3)),
    ("Alif.Gpio", "drive", (3, False), lambda m: m.level(3)),
    ("Miscellaneous.Button", "press", (), lambda m: m.IRQ.level),
    ("Imxrt.Lpuart", "throttle", (True,), lambda m: m._throttled),
    ("Alif.Uart", "throttle", (True,), lambda m: m._throttled),
    ("Usb.Host", "unplug", (), lambda m: m.plugged),
    ("Usb.Host", "throttle", (True,), lambda m: m.throttled),
    ("Usb.Host", "set_dtr", (False,), lambda m: m.dtr),
    ("Usb.Host", "set_line_coding", (9600,), lambda m: m.baud),
    ("Can.Bus", "disturb", (5,), lambda m: m._disturbances),
    ("Can.Adapter", "listen_only", (True,), lambda m: m.acknowledges),
]


@pytest.mark.parametrize(("name", "method", "arguments", "look"), APPLIED)
@pytest.mark.parametrize("cause", [ResetCause.POWER_ON, ResetCause.SOFTWARE])
def test_no_reset_takes_it_back(
    name: str,
    method: str,
    arguments: tuple[Any, ...],
    look: Callable[[Any], Any],
    cause: ResetCause,
) -> None:
    model = Rig(name).model
    before = look(model)
    getattr(model, method)(*arguments)
    applied = look(model)
    assert applied != before
    model.reset(cause)
    assert look(model) == applied
