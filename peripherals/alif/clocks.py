"""Clock, power and reset control of the Alif Ensemble. Register lists: Alif's Ensemble CMSIS DFP.

The Secure Enclave has set clocks and power up before any firmware runs, and nothing here depends
on what firmware changes: every peripheral has its clock and its power, whatever its gate says.
Reset values that no public document gives are 0.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from xipsim.peripherals.core import (
    IrqLine,
    Peripheral,
    Register,
    RegisterArray,
    State,
    System,
    WakeFilter,
    model,
)

PAGE = 0x1000
WAKING = 64
"""Interrupts below this one, and the NMI, end a sleep of which the WIC takes care."""
_DMA_BOOT = "who may use the DMA controller (it is not modelled)"
_DPHY = "the MIPI D-PHY"
_WIC = "every interrupt ends deep sleep, not only 0 to 63"


class _Interrupt:
    """An interrupt of the core on its way through the wake-up interrupt controller."""

    def __init__(self, drive: Callable[[int, bool], None], number: int) -> None:
        self.set: Callable[[bool], None] = partial(drive, number)
        """The `IrqLine` port."""


@model("Alif.Aon")
class Aon(Peripheral, WakeFilter):
    """Always-on domain: control and reset status of both M55 subsystems.

    RTSS_HP_RESET must read 0 (or WIC in RTSS_HP_CTRL be clear): firmware that sees a reset by
    its power manager goes back to sleep. From when WIC is set, interrupts 64 and above wait until
    another one ends the sleep. Assumption: who sets it sleeps at once, with SLEEPDEEP, of which
    nothing is known here; IWIC 0, for which even fewer end it, is as IWIC 1, and the subsystem is
    never switched off.
    """

    SIZE = PAGE

    RTSS_HP_CTRL = Register(0x00)
    HP_WIC = RTSS_HP_CTRL.field(8)
    RTSS_HP_RESET = Register(0x04)
    RTSS_HE_CTRL = Register(0x10)
    HE_WIC = RTSS_HE_CTRL.field(8, unmodelled=_WIC)
    RTSS_HE_RESET = Register(0x14)
    RTSS_HE_LPUART_CKEN = Register(0x1C)
    SYSTOP_CLK_DIV = Register(0x20)
    PMU_PERIPH = Register(0x40)

    _sleeps = State(False)
    _held = State(0)
    """Interrupts that wait, one bit each."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._core: dict[int, IrqLine] = {}

    def filtered(self, number: int, line: IrqLine) -> IrqLine:
        """See `WakeFilter`."""
        self._core[number] = line
        return _Interrupt(self._drive, number)

    @property
    def holds_back(self) -> bool:
        """See `WakeFilter`."""
        return self._sleeps

    def _drive(self, number: int, level: bool) -> None:
        if number >= WAKING:
            if level and self._sleeps:
                self._held |= 1 << number
                return
            if self._held:
                self._held &= ~(1 << number)
        self._core[number].set(level)
        if number < WAKING and level:
            self._wake()

    @RTSS_HP_CTRL.on_write
    def _control(self, value: int) -> None:
        self._sleeps = bool(self.HP_WIC)
        if not self._sleeps:
            self._wake()
        elif not self._core:
            self.gap(f"RTSS_HP_CTRL.HP_WIC: {_WIC}")

    def _wake(self) -> None:
        held, self._held, self._sleeps = self._held, 0, False
        for number, line in self._core.items():
            if number >= WAKING and held >> number & 1:
                line.set(True)


@model("Alif.Cgu")
class Cgu(Peripheral):
    """Clock generation unit. Firmware computes the watchdog's clock from what it reads here."""

    SIZE = PAGE

    OSC_CTRL = Register(0x00)
    PLL_LOCK_CTRL = Register(0x04)
    # Both cores on their PLLs, at 400 and 160 MHz (ESCLK_SEL), as the Secure Enclave leaves them.
    PLL_CLK_SEL = Register(0x08, reset=0x0011_0000)
    ESCLK_SEL = Register(0x10, reset=0x33)
    CLK_ENA = Register(0x14)
    CGU_IRQ = Register(0x20, ro=True)


@model("Alif.ClkctlPerSlv")
class ClkctlPerSlv(Peripheral):
    """Clocks of the peripherals on APB (EXPMST0, expansion slaves)."""

    SIZE = PAGE

    EXPMST0_CTRL = Register(0x00)
    UART_CTRL = Register(0x08)
    CANFD_CTRL = Register(0x0C)
    I2S_CTRL = RegisterArray(0x10, 4)
    I3C_CTRL = Register(0x24)
    SSI_CTRL = Register(0x28)
    ADC_CTRL = Register(0x30)
    DAC_CTRL = Register(0x34)
    CMP_CTRL = Register(0x38)
    FREQ_MON_CTRL0 = Register(0x40, unmodelled="frequency monitor")
    FREQ_MON_STAT0 = Register(0x44, ro=True)
    FREQ_MON_CTRL1 = Register(0x48, unmodelled="frequency monitor")
    FREQ_MON_STAT1 = Register(0x4C, ro=True)
    GPIO_CTRL = RegisterArray(0x80, 15)


@model("Alif.ClkctlPerMst")
class ClkctlPerMst(Peripheral):
    """Clocks and set-up of the peripherals that are bus masters."""

    SIZE = PAGE

    CAMERA_PIXCLK_CTRL = Register(0x00)
    CDC200_PIXCLK_CTRL = Register(0x04)
    CSI_PIXCLK_CTRL = Register(0x08)
    PERIPH_CLK_ENA = Register(0x0C)
    DPHY_PLL_CTRL = RegisterArray(0x10, 3, unmodelled=_DPHY)
    DPHY_PLL_STAT = RegisterArray(0x20, 2, ro=True)
    TX_DPHY_CTRL = RegisterArray(0x30, 2, unmodelled=_DPHY)
    RX_DPHY_CTRL = RegisterArray(0x38, 2, unmodelled=_DPHY)
    MIPI_CKEN = Register(0x40)
    DSI_CTRL = Register(0x44, unmodelled="the display interface")
    DMA_CTRL = Register(0x70, unmodelled=_DMA_BOOT)
    DMA_IRQ = Register(0x74, unmodelled=_DMA_BOOT)
    DMA_PERIPH = Register(0x78, unmodelled=_DMA_BOOT)
    DMA_GLITCH_FLT = Register(0x7C)
    ETH_CTRL0 = Register(0x80, unmodelled="Ethernet")
    ETH_STAT0 = Register(0x84, ro=True)
    ETH_PTP_TMST = RegisterArray(0x88, 2, ro=True)
    SDC_CTRL0 = Register(0x90, unmodelled="SD and MMC")
    SDC_STAT = RegisterArray(0x94, 2, ro=True)
    USB_GPIO0 = Register(0xA0)
    USB_STAT0 = Register(0xA4, ro=True)
    USB_CTRL1 = Register(0xA8)
    USB_CTRL2 = Register(0xAC)


@model("Alif.Vbat")
class Vbat(Peripheral):
    """Switches in the battery domain: they keep their values until power goes."""

    SIZE = PAGE

    GPIO_CTRL = Register(0x00, survives_reset=True)
    TIMER_CLKSEL = Register(0x04, survives_reset=True)
    PWR_CTRL = Register(0x08, survives_reset=True)
    RET_CTRL = Register(0x0C, survives_reset=True)
    RTC_CLK_EN = Register(0x10, survives_reset=True)


@model("Alif.Ana")
class Ana(Peripheral):
    """Analog switches in the battery domain."""

    SIZE = PAGE

    MISC_CTRL = Register(0x00, survives_reset=True)
    PWR_CTRL = Register(0x04, survives_reset=True)
    WKUP_CTRL = Register(0x08, survives_reset=True, unmodelled="waking up from stop mode")
    TIMER_PWR = Register(0x0C, survives_reset=True)
    BISR_CTRL = Register(0x10, survives_reset=True)
    TIMER_DCDC = Register(0x14, survives_reset=True)
    RET_CTRL = Register(0x18, survives_reset=True)
    FSM_STAT = Register(0x1C, ro=True)
    CM55_HE_NS_VTOR = Register(0x20, survives_reset=True)
    CM55_HE_SE_VTOR = Register(0x24, survives_reset=True)
    DCDC_REG = RegisterArray(0x30, 2, survives_reset=True)
    VBAT_ANA_REG = RegisterArray(0x38, 3, survives_reset=True)


@model("Alif.M55Cfg")
class M55Cfg(Peripheral):
    """Set-up of the peripherals that belong to one M55 (HE has the last two, too)."""

    SIZE = PAGE

    DMA_CTRL = Register(0x00, unmodelled=_DMA_BOOT)
    DMA_IRQ = Register(0x04, unmodelled=_DMA_BOOT)
    DMA_PERIPH = Register(0x08, unmodelled=_DMA_BOOT)
    DMA_SEL = Register(0x0C)
    CLK_ENA = Register(0x10)
    I2S_CTRL = Register(0x14)
    CAMERA_PIXCLK = Register(0x20)


@model("Alif.HostBase")
class HostBase(Peripheral):
    """Host system control, as far as the cores' firmware sees it: reset control of M55-HE.

    The Secure Enclave moves these; the firmware only looks, and polls RST_ACK with a service
    request and 1 ms of sleep between two looks.
    """

    SIZE = PAGE

    HE_RST_CTRL = Register(0x318, reset=1)
    CPUWAIT = HE_RST_CTRL.field(0)
    RST_REQ = HE_RST_CTRL.field(1)
    HE_RST_STAT = Register(0x31C, ro=True)
    RST_ACK = HE_RST_STAT.field(1, 2)
