"""An analogue-to-digital converter on the board's bus, and the model that xipsim runs of it."""

from typing import Any

from xipsim.peripherals.core import Output, Peripheral, Register, System, model


@model("Lab.Sampler")
class Sampler(Peripheral):
    """Takes a sample every PERIOD microseconds; READY is high until DATA is read."""

    SIZE = 0x10
    READY = Output("a sample is in DATA")
    PERIOD = Register(0x0)  # us; 0: off
    DATA = Register(0x4, ro=True)

    def __init__(self, system: System, **keywords: Any) -> None:
        super().__init__(system, **keywords)
        self._due = self.alarm(self._sample)

    @PERIOD.on_write
    def _start(self, value: int) -> None:
        if value:
            self._due.at(self.system.clock.now + value * 1_000)
        else:
            self._due.cancel()

    def _sample(self) -> None:
        self.DATA += 1  # what it measures: a voltage that rises by one in each period
        self.READY.set(True)
        self._due.at(self.system.clock.now + self.PERIOD * 1_000)

    @DATA.on_read
    def _read(self) -> int:
        self.READY.set(False)
        return self.DATA
