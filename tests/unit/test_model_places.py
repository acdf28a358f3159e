"""What a `.repl` may say of each model, and of what hangs on its buses; what in them a wait may
touch, and what outlives a reset.

Slots and numbers: as many as the block has. Frequencies: those of MicroPython's clock trees, where
no clock controller is there to ask (alif.md 2.1). With a !: what has to be said, or connected.
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

ELSEWHERE = ("Nor.", "Imxrt.BootRom", "Imxrt.FlexSpi", "Imxrt.Ccm")
"""Whose tests are others."""
TABLE = """
Alif.Adc12 reference=1.8 0.001..
Alif.Aes
Alif.Ana
Alif.Aon
Alif.BackupRam
Alif.BootRom
Alif.CanFd frequency=20000000 1..
Alif.Cgu
Alif.ClkctlPerMst
Alif.ClkctlPerSlv
Alif.Cmp
Alif.Counter frequency!
Alif.CounterRead
Alif.Gpio pulls=255 0..255; battery=False; port=0 0..; attached[8]; PADS*8
Alif.HostBase
Alif.Hwsem FREED*16
Alif.I2c frequency=100000000 1..; devices[128]
Alif.I2s number=0 of 0 1 2 3
Alif.LpgpioPads
Alif.Lprtc IRQ!
Alif.Lptimer IRQS*4
Alif.M55Cfg
Alif.Mhu peer[1]
Alif.Ospi frequency=400000000 1..; xip=native of native cycles; chips[2]
Alif.Pinmux
Alif.SecureEnclave uid=; part_number=AE722F80F55D5LS
Alif.Spi frequency=200000000 1..; lp=False; devices[4]
Alif.Uart number=0; frequency=100000000 1..; handshake=True
Alif.Usb port[1]; IRQ!
Alif.Utimer frequency_hz=400000000 1..; IRQS*96
Alif.Vbat
Alif.Wdt frequency=400000000 1..
Miscellaneous.DWT frequency!
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
Alif.Counter CNTCVH CNTCVL
Alif.CounterRead CNTCVH CNTCVL
Alif.Gpio EXT_PORTA INTSTATUS RAW_INTSTATUS
Alif.I2c DATA_CMD ENABLE_STATUS INTR_STAT RAW_INTR_STAT RXFLR STATUS TXFLR
Alif.I2s ISR
Alif.Lprtc CCVR CPCVR
Alif.Lptimer CURRENTVAL
Alif.Ospi BAUDR CTRLR0 CTRLR1 DR ICR IMR ISR MSTICR RISR RXFLR RXFTLR RXOICR RXUICR SER \
SPI_CTRLR0 SR SSIENR TXEICR TXFLR TXFTLR
Alif.Spi ISR RISR RXFLR SR TXFLR
Alif.Uart LSR RFL TFL USR
Alif.Utimer CHAN_INTERRUPT CHAN_INTERRUPT_MASK CNTR COMPARE_A_BUF1 COMPARE_B_BUF1
Miscellaneous.DWT CYCCNT
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
Alif.Adc12 volts!
Alif.Ana BISR_CTRL CM55_HE_NS_VTOR CM55_HE_SE_VTOR DCDC_REG MISC_CTRL PWR_CTRL RET_CTRL \
TIMER_DCDC TIMER_PWR VBAT_ANA_REG WKUP_CTRL
Alif.BackupRam _cells _filled
Alif.BootRom _told
Alif.Gpio PADS _driven! _driven_levels! _open_drain! _pulled! _pulled_levels! _seen! _shown! \
_told!
Alif.I2s _listener! _player!
Alif.LpgpioPads PAD
Alif.Lprtc CCR CCVR CLR CMR COMP_VERSION CPCVR CPSR EOI RSTAT STAT _count _divider _running _since
Alif.Lptimer ALL_EOI COMP_VERSION CONTROLREG CURRENTVAL EOI INTSTAT INTSTATUS LOADCOUNT \
RAWINTSTATUS _ends _from _hertz _since
Alif.SecureEnclave _drawn
Alif.Uart _throttled! _typed
Alif.Vbat GPIO_CTRL PWR_CTRL RET_CTRL RTC_CLK_EN TIMER_CLKSEL
Miscellaneous.DWT CTRL CYCCNT _counting _since
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
