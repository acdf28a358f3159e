"""AES: the block between OSPI and the bus that gates the XIP window and could decrypt it."""

from __future__ import annotations

from xipsim.peripherals.core import (
    Output,
    Parameter,
    Peripheral,
    Register,
    RegisterArray,
    ResetCause,
    model,
)

from .ospi import Ospi


@model("Alif.Aes")
class Aes(Peripheral):
    """Alif AES: XIP enable and strobe delay; decryption is not modelled. (vendor SVD)"""

    SIZE = 0x1000

    ospi = Parameter(Ospi, "The controller whose window this block gates.")
    IRQ = Output("an error response of the window, or an access to a bad register: never here")

    AES_CONTROL = Register(0x00)
    DECRYPT_EN = AES_CONTROL.field(0, unmodelled="decryption of the window")
    RESET_LOGIC = AES_CONTROL.field(1)
    XIP_EN = AES_CONTROL.field(4)
    LD_KEY = AES_CONTROL.field(7, unmodelled="decryption of the window")
    AES_INTERRUPT = Register(0x04, w1c=0x0C)
    AES_INTERRUPT_MASK = Register(0x08, reset=0x0C)
    AES_KEY = RegisterArray(0x0C, 4, unmodelled="decryption of the window")
    AES_TIMEOUT_VAL = Register(0x1C)
    AES_RXDS_DELAY = Register(0x20)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self.ospi.enable_xip(False)

    @AES_CONTROL.on_write
    def _control(self, value: int) -> None:
        self.LD_KEY = 0  # reads 0
        self.ospi.enable_xip(bool(self.XIP_EN))
