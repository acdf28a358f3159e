"""The register accesses of MicroPython's Alif flash driver, in their order (alif.md 3.8, 4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xipsim.peripherals.alif.aes import Aes
from xipsim.peripherals.alif.ospi import Ospi
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.nor.chip import Chip

CTRLR0, CTRLR1, SSIENR, SER, BAUDR, TXFTLR, TXFLR, RXFLR, SR, IMR, DR = (
    0x00, 0x04, 0x08, 0x10, 0x14, 0x18, 0x20, 0x24, 0x28, 0x2C, 0x60,
)  # fmt: skip
RX_SAMPLE_DELAY, SPI_CTRLR0, DDR_DRIVE_EDGE, XIP_MODE_BITS, XIP_INCR, XIP_WRAP, XIP_CTRL = (
    0xF0, 0xF4, 0xF8, 0xFC, 0x100, 0x104, 0x108,
)  # fmt: skip
XIP_SER, XIP_CNT_TIME_OUT = 0x10C, 0x114
AES_CONTROL, AES_RXDS_DELAY = 0x00, 0x20
BUSY, TFE = 0x01, 0x04
WINDOW, WINDOW_SIZE = 0xC000_0000, 0x2000_0000


@dataclass(frozen=True)
class Settings:
    """Values that the driver writes for a family of chips, as traced (alif.md 4.3)."""

    setup: tuple[tuple[int, ...], ...]
    read_id: tuple[int, int, int, tuple[int, ...]]
    read_status: tuple[int, int, int, tuple[int, ...]]
    write_enable: tuple[int, int, int]
    erase: tuple[int, int, int]
    program: tuple[int, int, int]
    xip_ctrlr0: int
    xip_ctrl: int
    xip_opcode: int
    rotates: bool


def _issi(dummies: int, xip_ctrl: int) -> Settings:
    return Settings(
        setup=((0x81, 0, 0, 1, dummies), (0x81, 0, 0, 0, 0xE7)),
        read_id=(0x80C00807, 2, 0x00014202, (0x9F,)),
        read_status=(0x80C00807, 0, 0x00014202, (0x05,)),
        write_enable=(0x80C00407, 0x00010202, 0x06),
        erase=(0x80C00407, 0x00010222, 0x21),
        program=(0x80C0041F, 0x00010222, 0xC2),
        xip_ctrlr0=0x80C00807,
        xip_ctrl=xip_ctrl,
        xip_opcode=0xFD,
        rotates=False,
    )


ISSI = _issi(9, 0x02ED248B)
EVERSPIN = _issi(7, 0x02ECE48B)
MACRONIX = Settings(
    setup=((0x72, 0, 0, 3, 0, 5), (0x72, 0, 0, 0, 0, 2)),
    read_id=(0x80C0080F, 3, 0x00072322, (0x9F60, 0)),
    read_status=(0x80C0080F, 0, 0x00072322, (0x05FA, 0)),
    write_enable=(0x80C0040F, 0x00070302, 0x06F9),
    erase=(0x80C0040F, 0x00070322, 0x21DE),
    program=(0x80C0041F, 0x00070322, 0x12ED),
    xip_ctrlr0=0x80C0080F,
    xip_ctrl=0x02FD468B,
    xip_opcode=0xEE11,
    rotates=True,
)
FAMILIES = {"IS25WX128": ISSI, "MX25UM25645G": MACRONIX, "EM064LX": EVERSPIN}


class Driver:
    """OSPI1, AES1 and a chip on a bench, and the driver's steps."""

    def __init__(
        self,
        part: str | None = "IS25WX128",
        *,
        xip: str = "native",
        bench: Bench | None = None,
        **parameters: Any,
    ) -> None:
        self.bench = bench or Bench()
        self.ospi = self.model = Ospi(self.bench.system, name="ospi1", xip=xip)
        self.aes = Aes(self.bench.system, name="aes1", ospi=self.ospi)
        self.settings = FAMILIES.get(part or "", ISSI)
        if part is not None:
            self.chip = Chip(self.bench.system, name="nor", part=part, **parameters)
            self.ospi.chips[0] = self.chip
        self.window = self.bench.window(self.ospi, "window", WINDOW, WINDOW_SIZE)
        self.ospi.connected()
        self.reset(ResetCause.POWER_ON)

    def reset(self, cause: ResetCause) -> None:
        for model in (self.ospi, self.aes, *self.ospi.chips.values()):
            model.reset(cause)  # type: ignore[attr-defined]

    # -- helpers of the driver ---------------------------------------------------------------------

    def w(self, *pairs: tuple[int, int]) -> None:
        for offset, value in pairs:
            self.ospi.write(offset, value)

    def init(self, divider: int = 4) -> None:
        self.aes.write(AES_CONTROL, self.aes.read(AES_CONTROL) & ~0x10)
        self.w((SSIENR, 0), (SER, 0), (RX_SAMPLE_DELAY, 3), (DDR_DRIVE_EDGE, 1))
        self.aes.write(AES_RXDS_DELAY, 12)
        self.w((BAUDR, divider), (SSIENR, 1))

    def setup(self, ctrlr0: int, ctrlr1: int, spi_ctrlr0: int) -> None:
        self.w((SER, 0), (SSIENR, 0), (CTRLR0, ctrlr0), (CTRLR1, ctrlr1))
        self.w((SPI_CTRLR0, spi_ctrlr0), (SSIENR, 1))

    def receive(self, count: int) -> list[int]:
        values = []
        for _ in range(count):
            for _ in range(100):
                if self.ospi.read(RXFLR):
                    break
                self.bench.clock.advance(10_000)
            else:
                raise AssertionError("RXFLR stays 0")
            values.append(self.ospi.read(DR))
        return values

    def drain(self) -> None:
        while self.ospi.read(SR) & (TFE | BUSY) != TFE:
            self.bench.clock.advance(100)

    def spi(self, *data: int) -> bytes:
        self.setup(0x80000007, len(data) - 1, 0)
        for byte in data:
            self.w((DR, byte))
        self.w((SER, 1))
        return bytes(self.receive(len(data)))

    def read(self, command: tuple[int, int, int, tuple[int, ...]]) -> list[int]:
        ctrlr0, ctrlr1, spi_ctrlr0, head = command
        self.setup(ctrlr0, ctrlr1, spi_ctrlr0)
        for value in head:
            self.w((DR, value))
        self.w((SER, 1))
        return self.receive(ctrlr1 + 1)

    def send(self, command: tuple[int, int, int], *entries: int) -> None:
        ctrlr0, spi_ctrlr0, opcode = command
        self.setup(ctrlr0, 0, spi_ctrlr0)
        for value in (opcode, *entries):
            self.w((DR, value))
        self.w((SER, 1))
        self.drain()

    # -- the driver's routines ---------------------------------------------------------------------

    def start(self) -> None:
        """`ospi_flash_init`, after the reset pin."""
        self.init(4000)
        self.spi(0x9F, 0, 0, 0)
        self.init(4)
        for command in self.settings.setup:
            self.spi(0x06)
            self.spi(*command)
        self.read(self.settings.read_id)
        self.enter_xip()

    def enter_xip(self) -> None:
        s = self.settings
        self.w((SSIENR, 0), (CTRLR0, s.xip_ctrlr0), (XIP_CTRL, s.xip_ctrl))
        self.w((RX_SAMPLE_DELAY, 3), (DDR_DRIVE_EDGE, 1))
        self.aes.write(AES_RXDS_DELAY, 12)
        self.w((XIP_MODE_BITS, 0), (XIP_INCR, s.xip_opcode), (XIP_WRAP, s.xip_opcode))
        self.w((XIP_SER, 1), (XIP_CNT_TIME_OUT, 100), (SSIENR, 1))
        self.aes.write(AES_CONTROL, self.aes.read(AES_CONTROL) | 0x10)

    def restore_xip(self) -> None:
        self.w((SSIENR, 0), (CTRLR0, self.settings.xip_ctrlr0), (SSIENR, 1))

    def status(self) -> int:
        return self.read(self.settings.read_status)[0] & 0xFF

    def wait(self, mask: int, value: int) -> None:
        for _ in range(1000):
            if self.status() & mask == value:
                return
            self.bench.clock.advance(1_000_000)
        raise AssertionError("the status does not change")

    def write_enable(self) -> None:
        self.send(self.settings.write_enable)
        self.wait(2, 2)

    def erase(self, address: int) -> None:
        self.write_enable()
        self.send(self.settings.erase, address)
        self.wait(1, 0)
        self.restore_xip()

    def program(self, address: int, data: bytes) -> None:
        """One page part; its length must be a multiple of 4."""
        self.write_enable()
        words = [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]
        self.send(self.settings.program, address, *map(self._entry, words))
        self.wait(1, 0)
        self.restore_xip()

    def _entry(self, word: int) -> int:
        if self.settings.rotates:
            return (word >> 16 | word << 16) & 0xFFFF_FFFF
        return int.from_bytes(word.to_bytes(4, "little"), "big")

    def look(self, address: int, length: int) -> bytes:
        """`memcpy` from the window."""
        words = (self.window.read(address + i, 4) for i in range(0, length, 4))
        return b"".join(word.to_bytes(4, "little") for word in words)
