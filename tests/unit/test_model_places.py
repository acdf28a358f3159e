"""What a `.repl` may say of each model of the i.MX RT, and of what hangs on its buses; what in them
a wait may touch, and what outlives a reset.

Slots and numbers: as many as the block has. Frequencies: those of MicroPython's clock tree, where
no clock controller is there to ask. With a !: what has to be said, or connected.
"""

from __future__ import annotations

import pytest
from model_rig import TYPES

from xipsim.peripherals.core import (
    REGISTRY,
    Inputs,
    Model,
    Output,
    Outputs,
    Parameter,
    Peripheral,
    Slots,
    State,
)

ELSEWHERE = ("Alif.", "Nor.", "Imxrt.BootRom", "Imxrt.FlexSpi", "Imxrt.Ccm", "Miscellaneous.DWT")
"""Whose tests are others."""
TABLE = """
Can.Adapter
Can.Bus nodes[16]
Ethernet.Phy id=536912192 0..4294967295
I2c.Eeprom size=32768; page=64; write_time=5000000 0..
I2c.Pins scl_pin!; sda_pin!
I2c.Tmp102
Imxrt.Adc reference=3.3 0.001..
Imxrt.Dcdc
Imxrt.Dmamux
Imxrt.Edma IRQS*16
Imxrt.Enc number=1 of 1 2 3 4
Imxrt.Enet frequency_hz=150000000 1..; phys[32]
Imxrt.FlexCan frequency=40000000 1..; has_fd=False
Imxrt.FlexPwm frequency_hz=150000000 1..; number=1
Imxrt.FlexRam
Imxrt.Gpc
Imxrt.Gpio pulls=4294967295 0..4294967295; attached[32]; PADS*32
Imxrt.Gpt frequency=75000000 1..; IRQ!
Imxrt.Iomuxc
Imxrt.IomuxcGpr
Imxrt.IomuxcSnvs
Imxrt.IomuxcSnvsGpr
Imxrt.Lpi2c frequency=60000000 1..; devices[128]
Imxrt.Lpspi frequency=132000000 1..; devices[4]
Imxrt.Lpuart frequency=80000000 1..; number=1; handshake=True
Imxrt.Ocotp uid=
Imxrt.Pit frequency=150000000 1..; IRQ!
Imxrt.Qtmr frequency_hz=150000000 1..; number=1
Imxrt.RtWdog
Imxrt.Sai frequency=12288000 1..; number=1 of 1 2 3; receive_request=19 0..126
Imxrt.Semc
Imxrt.Snvs rtc=; IRQ!
Imxrt.Src
Imxrt.Trng
Imxrt.Usb port[1]; IRQ!
Imxrt.UsbNc
Imxrt.UsbPhy
Imxrt.Usdhc frequency=198000000 1..; number=1 of 1 2; slot[1]
Imxrt.Wdog
Imxrt.Xbara
Miscellaneous.Button invert=False; IRQ!
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
    parts += [f"{output.name}!" for output in kind.declared(Output) if output.required]
    if issubclass(kind, Inputs) and not issubclass(kind, Peripheral):
        parts.append(f"inputs*{kind.INPUTS}")
    return f"{name} {'; '.join(parts)}".rstrip()


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


WAITS = """
Imxrt.Enet EIR
Imxrt.FlexCan ESR1 IFLAG1 IFLAG2
Imxrt.Gpio DR PSR ISR
Imxrt.Gpt CNT IR OCR SR
Imxrt.Lpi2c MFSR MSR SSR
Imxrt.Lpspi FSR RSR SR
Imxrt.Lpuart FIFO STAT WATER
Imxrt.Pit CVAL TFLG
Imxrt.Snvs HPRTCLR HPRTCMR LPSRTCLR LPSRTCMR
Imxrt.Usdhc INT_STATUS PRES_STATE
"""
"""Status and counters that drivers read until they show something else (fsl_*.c, MicroPython's
ticks and ports): to read one, and to clear a flag in it, does not end a wait."""
OUTLIVE = """
Can.Adapter acknowledges!
Can.Bus _disturbances!
I2c.Tmp102 celsius!
Imxrt.Adc volts!
Imxrt.Gpio PADS _driven! _driven_levels! _open_drain! _pulled! _pulled_levels! _seen! _shown! _told!
Imxrt.IomuxcSnvs SW_MUX_CTL_PAD SW_PAD_CTL_PAD
Imxrt.IomuxcSnvsGpr GPR3
Imxrt.Lpuart _throttled! _typed
Imxrt.Sai _listener! _player!
Imxrt.Snvs LPCR LPGPR LPLR LPLVDR LPMKCR LPSECR LPSMCLR LPSMCMR LPSR LPSRTCLR LPSRTCMR LPSVCR \
LPTAR LPZMKR _seen _srtc_offset _srtc_running
Imxrt.Src GPR SRSR rtwdog_fired
Imxrt.Trng generation
Imxrt.Wdog WRSR
Miscellaneous.Button IRQ _pressed!
Miscellaneous.LED _level
"""
"""What a reset leaves as it is: the battery's domain, the reset controller's record, and with a !,
which power-on does not change either, what the world around the board does."""


def _by_name(table: str) -> dict[str, list[str]]:
    lines = (line.split() for line in table.strip().splitlines())
    return {name: rest for name, *rest in lines}


@pytest.mark.parametrize("name", [n for n in TYPES if not n.startswith(ELSEWHERE)])
def test_what_a_wait_may_touch_and_what_outlives_a_reset(name: str) -> None:
    kind = REGISTRY[name]
    registers = list(kind.registers()) if issubclass(kind, Peripheral) else []
    waits = {r.declared.name for r in registers if r.neutral or (r.polled and not r.unmodelled)}
    assert sorted(waits) == sorted(_by_name(WAITS).get(name, []))
    lines = [*kind.declared(Output), *kind.declared(Outputs)]
    states = kind.declared(State)
    outlives = {r.declared.name for r in registers if r.survives_reset}
    outlives |= {one.name for one in (*states, *lines) if one.survives_reset}
    outlives |= {f"{state.name}!" for state in states if state.outside}
    assert sorted(outlives) == sorted(_by_name(OUTLIVE).get(name, []))
