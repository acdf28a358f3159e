"""A master that moves the lines of an I2C bus itself, as MicroPython's extmod/machine_i2c.c."""

from __future__ import annotations

from abc import ABC, abstractmethod

SDA, SCL = range(2)


class SoftI2c(ABC):
    """Open drains on SCL and SDA; `serve` is called whenever a line was moved."""

    @abstractmethod
    def put(self, line: int, level: int) -> None:
        """Pull the line low, or let it go."""

    @abstractmethod
    def level(self, line: int) -> int:
        """What is on the line."""

    def serve(self) -> None:  # noqa: B027
        """Overridden by what answers interrupts."""

    def move(self, scl: int | None = None, sda: int | None = None) -> None:
        for line, level in ((SCL, scl), (SDA, sda)):
            if level is not None:
                self.put(line, level)
        self.serve()

    def start(self) -> None:
        self.move(sda=1)
        self.move(scl=1)
        self.move(sda=0)

    def stop(self) -> None:
        self.move(scl=0, sda=0)
        self.move(scl=1)
        self.move(sda=1)

    def clock(self) -> int:
        """One pulse of SCL; SDA while it is high."""
        self.move(scl=1)
        assert self.level(SCL), "the clock is held for ever"
        sda = self.level(SDA)
        self.move(scl=0)
        return sda

    def send(self, byte: int) -> bool:
        """Whether it is acknowledged."""
        self.move(scl=0)
        for n in range(7, -1, -1):
            self.move(sda=byte >> n & 1)
            self.clock()
        self.move(sda=1)
        return not self.clock()

    def take(self, *, last: bool) -> int:
        """A byte; all but the last are acknowledged."""
        value = 0
        for _ in range(8):
            value = value << 1 | self.clock()
        self.move(sda=int(last))
        self.clock()
        self.move(sda=1)
        return value
