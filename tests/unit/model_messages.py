"""What the models say of firmware that makes the classic mistakes, for messages.py."""

from __future__ import annotations

from collections.abc import Callable

import test_usb_controller as usb
from flexspi_fakes import MIMXRT_LUT, Rig

from xipsim.peripherals.core import BusError
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.flexspi import FlexSpi
from xipsim.peripherals.nor.chip import Chip

READ, STATUS, WRITE_ENABLE, ERASE, PROGRAM, EMPTY = 0, 1, 3, 5, 10, 15
"""Sequences of `MIMXRT_LUT`."""
ERASED = 400_000_000
"""ns by which a sector is erased."""


def _board(ahb: str = "coherent") -> Rig:
    bench = Bench()
    chip = Chip(bench.system, name="nor", part="W25Q64JV-IQ")
    rig = Rig(chip, bench=bench, spi=FlexSpi(bench.system, name="flexspi", ahb=ahb))
    rig.enable(*MIMXRT_LUT, sizes=(8192, 0, 0, 0))
    return rig


def _erase(rig: Rig, address: int = 0) -> None:
    rig.command(WRITE_ENABLE)
    rig.command(ERASE, address)


def _stale(rig: Rig) -> None:
    rig.command(WRITE_ENABLE)
    rig.send(PROGRAM, 0x1040, bytes(4))
    rig.bench.clock.advance(ERASED)
    rig.set(FlexSpi.AHBCR, 0x18 | 1 << 5)
    rig.window.read(0x1000)
    _erase(rig, 0x1000)
    rig.bench.clock.advance(ERASED)
    rig.window.read(0x1040)


def _busy(rig: Rig) -> None:
    _erase(rig)
    rig.window.read(0x2000)


def _lut_open(rig: Rig) -> None:
    rig.set(FlexSpi.LUTKEY, 0x5AF0_5AF0)
    rig.set(FlexSpi.LUTCR, 2)
    rig.set(FlexSpi.LUT, 0x0403)
    rig.set(FlexSpi.LUT, 0, 1)
    rig.window.read(0x1000)


def _locked(rig: Rig) -> None:
    rig.set(FlexSpi.LUT, 0x0403)


def _during_a_command(rig: Rig) -> None:
    rig.command(WRITE_ENABLE)
    rig.start(PROGRAM, 0x100, 16)
    rig.set(FlexSpi.IPCMD, 1)


def _no_read(rig: Rig) -> None:
    rig.start(WRITE_ENABLE, size=4)


def _empty(rig: Rig) -> None:
    rig.start(EMPTY)


def _rx_on_the_ahb(rig: Rig) -> None:
    rig.set(FlexSpi.MCR0, 0xFFFF_8010 | 1 << 6)
    rig.start(STATUS, size=4)
    rig.wait(1000)
    rig.get(FlexSpi.RFDR)


def _tx_on_the_ahb(rig: Rig) -> None:
    rig.set(FlexSpi.MCR0, 0xFFFF_8010 | 1 << 7)
    rig.set(FlexSpi.TFDR, 1)


def _rx_not_on_the_ahb(rig: Rig) -> None:
    rig.rx.read(0)


def _tx_not_on_the_ahb(rig: Rig) -> None:
    rig.tx.write(0, 1)


def _no_chip_in_the_window(rig: Rig) -> None:
    rig.window.read(8192 << 10)


def _store(rig: Rig) -> None:
    rig.window.write(0x1000, 1)


def _page_wrap(rig: Rig) -> None:
    rig.command(WRITE_ENABLE)
    rig.send(PROGRAM, 0x10F8, bytes(16))


def _no_write_enable(rig: Rig) -> None:
    rig.command(ERASE, 0x1000)


FAULTS: dict[str, tuple[str, Callable[[Rig], None]]] = {
    'the window behind an erase, with ahb: "buffers"': ("buffers", _stale),
    "the window of a busy chip": ("coherent", _busy),
    "the window while the LUT is being rewritten": ("coherent", _lut_open),
    "a write to the locked LUT": ("coherent", _locked),
    "a command during another one": ("coherent", _during_a_command),
    "a read by a sequence without READ": ("coherent", _no_read),
    "a command by an empty sequence": ("coherent", _empty),
    "RFDR while MCR0.ARDFEN is 1": ("coherent", _rx_on_the_ahb),
    "TFDR while MCR0.ATDFEN is 1": ("coherent", _tx_on_the_ahb),
    "the receive FIFO's window while MCR0.ARDFEN is 0": ("coherent", _rx_not_on_the_ahb),
    "the transmit FIFO's window while MCR0.ATDFEN is 0": ("coherent", _tx_not_on_the_ahb),
    "the window behind the end of the chips": ("coherent", _no_chip_in_the_window),
    "a store to the window": ("coherent", _store),
    "a program over the end of its page": ("coherent", _page_wrap),
    "an erase without a write enable": ("coherent", _no_write_enable),
}


def say(ahb: str, act: Callable[[Rig], None]) -> str:
    """What the models say of `act`, and what refuses it."""
    rig = _board(ahb)
    refused = []
    try:
        act(rig)
    except BusError as error:
        refused.append(f"bus error: {error}")
    return "\n".join([f"{d.source}: {d.message}" for d in rig.bench.diagnostics] + refused)


def lying_descriptor() -> str:
    """What the models say of a USB transfer that is longer than the pages that it names."""
    rig = usb.Rig()
    rig.queue_head(0x81, 512)
    rig.descriptor(usb.TD, 0x5000, page=usb.BUFFER + 1)
    rig.usb.write(usb.PRIME, 1 << 17)
    while not rig.bench.diagnostics:
        rig.usb.take(0x81)
    return "\n".join(f"{d.source}: {d.message}" for d in rig.bench.diagnostics)
