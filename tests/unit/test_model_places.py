"""What a `.repl` may say of each model of the i.MX RT, and of what hangs on its buses.

Sizes: IMXRT1060RM, memory map (the second USB core lies 200h behind the first). Slots and numbers:
as many as the block has. Frequencies: the defaults of MicroPython's clock tree, where no clock
controller is there to ask.
"""

from __future__ import annotations

import pytest
from model_rig import TYPES

from xipsim.peripherals.core import REGISTRY, Inputs, Model, Outputs, Parameter, Peripheral, Slots

ELSEWHERE = ("Alif.", "Nor.", "Imxrt.BootRom", "Imxrt.FlexSpi", "Imxrt.Ccm", "Miscellaneous.DWT")
"""Whose tests are others."""
TABLE = """
Can.Adapter
Can.Bus nodes[16]
Ethernet.Phy id=536912192 0..4294967295
I2c.Eeprom size=32768; page=64; write_time=5000000 0..
I2c.Pins scl_pin!; sda_pin!
I2c.Tmp102
Imxrt.Adc 4000: reference=3.3 0.001..
Imxrt.Dcdc 4000
Imxrt.Dmamux 4000
Imxrt.Edma 4000: IRQS*16
Imxrt.Enc 4000: number=1 of 1 2 3 4
Imxrt.Enet 4000: frequency_hz=150000000 1..; phys[32]
Imxrt.FlexCan 4000: frequency=40000000 1..; has_fd=False
Imxrt.FlexPwm 4000: frequency_hz=150000000 1..; number=1
Imxrt.FlexRam 4000
Imxrt.Gpc 4000
Imxrt.Gpio 4000: pulls=4294967295 0..4294967295; attached[32]; PADS*32
Imxrt.Gpt 4000: frequency=75000000 1..
Imxrt.Iomuxc 4000
Imxrt.IomuxcGpr 4000
Imxrt.IomuxcSnvs 4000
Imxrt.IomuxcSnvsGpr 4000
Imxrt.Lpi2c 4000: frequency=60000000 1..; devices[128]
Imxrt.Lpspi 4000: frequency=132000000 1..; devices[4]
Imxrt.Lpuart 4000: frequency=80000000 1..; number=1; handshake=True
Imxrt.Ocotp 4000: uid=
Imxrt.Pit 4000: frequency=150000000 1..
Imxrt.Qtmr 4000: frequency_hz=150000000 1..; number=1
Imxrt.RtWdog 4000
Imxrt.Sai 4000: frequency=12288000 1..; number=1 of 1 2 3; receive_request=19 0..126
Imxrt.Semc 4000
Imxrt.Snvs 4000: rtc=
Imxrt.Src 4000
Imxrt.Trng 4000
Imxrt.Usb 200: port[1]
Imxrt.UsbNc 20
Imxrt.UsbPhy 1000
Imxrt.Usdhc 4000: frequency=198000000 1..; number=1 of 1 2; slot[1]
Imxrt.Wdog 4000
Imxrt.Xbara 4000
Miscellaneous.Button invert=False
Miscellaneous.LED invert=False; inputs*1
Sd.Card size=33554432; file=
Spi.Eeprom size=32768; page=64; write_time=5000000 0..; inputs*1
Spi.Loopback inputs*1
Usb.Host terminals[4]
Usb.Terminal
Wiring.Wire pin!; other_pin!
"""
LINES = {line.split()[0]: line for line in TABLE.strip().splitlines()}


def described(name: str) -> str:
    """The line of a model, from what it declares."""
    kind = REGISTRY[name]
    parts = [_parameter(p) for p in kind.declared(Parameter) if not issubclass(p.kind, Model)]
    parts += [f"{slots.name}[{slots.count}]" for slots in kind.declared(Slots)]
    parts += [f"{outputs.name}*{outputs.count}" for outputs in kind.declared(Outputs)]
    if issubclass(kind, Inputs) and not issubclass(kind, Peripheral):
        parts.append(f"inputs*{kind.INPUTS}")
    size = f" {kind.SIZE:x}" if issubclass(kind, Peripheral) else ""
    colon = ":" if size and parts else ""
    return f"{name}{size}{colon} {'; '.join(parts)}".rstrip()


def _parameter(parameter: Parameter[object]) -> str:
    if parameter.required:
        return f"{parameter.name}!"
    text = f"{parameter.name}={parameter.default}"
    if parameter.choices:
        text += " of " + " ".join(map(str, parameter.choices))
    if parameter.least is not None:
        most = "" if parameter.most is None else parameter.most
        text += f" {parameter.least}..{most}"
    return text


@pytest.mark.parametrize("name", [n for n in TYPES if not n.startswith(ELSEWHERE)])
def test_what_may_be_said_of_a_model(name: str) -> None:
    assert described(name) == LINES[name]
