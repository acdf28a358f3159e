"""Texas Instruments TMP102 temperature sensor (SBOS397)."""

from __future__ import annotations

from xipsim.peripherals.core import ResetCause, State, exposed, model

from .device import I2cDevice

TEMPERATURE, CONFIGURATION, LOW, HIGH = range(4)
SHUTDOWN, EXTENDED, ONE_SHOT = 1 << 8, 1 << 4, 1 << 15
STEPS = 16
"""Per degree Celsius."""
RANGE = (-55.0, 150.0)


@model("I2c.Tmp102")
class Tmp102(I2cDevice):
    """The temperature that a test sets, in two's complement, left-justified.

    Assumption: a conversion takes no time, so that the register shows the temperature of now (not
    in shutdown: there it shows that of the last one-shot). The alert output is not there.
    """

    celsius = State(25.0, outside=True)
    _shown = State(25 * STEPS)
    """Result of the last conversion."""
    _pointer = State(TEMPERATURE)
    _configuration = State(0x60A0)
    _limits: State[list[int]] = State([0x4B00, 0x5000])
    _sent: State[list[int]] = State([])
    _at = State(0)
    """Which of the register's two bytes is read next."""

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        if cause is ResetCause.POWER_ON:
            self._convert()

    @exposed
    def set_temperature(self, celsius: float) -> None:
        """From now on the sensor is that warm. ValueError beyond -55 to 150 degrees."""
        if not RANGE[0] <= celsius <= RANGE[1]:
            raise ValueError(f"{self.name}: expected -55 to 150 degrees, given {celsius}")
        self.celsius = float(celsius)
        if not self._configuration & SHUTDOWN:
            self._convert()

    def _convert(self) -> None:
        self._shown = round(self.celsius * STEPS)

    # -- the bus ---------------------------------------------------------------------------------

    def start(self, reads: bool) -> bool:
        self._sent, self._at = [], 0
        return True

    def write(self, byte: int) -> bool:
        self._sent.append(byte)
        if len(self._sent) == 1:
            self._pointer = byte & 3
        elif len(self._sent) == 3:
            self._store(self._sent[1] << 8 | byte)
        return True

    def read(self) -> int:
        byte = self._register() >> (0 if self._at else 8) & 0xFF
        self._at ^= 1
        return byte

    def stop(self) -> None:
        self._sent = []

    # -- registers -------------------------------------------------------------------------------

    def _register(self) -> int:
        if self._pointer == CONFIGURATION:
            return self._configuration
        if self._pointer != TEMPERATURE:
            return self._limits[self._pointer - LOW]
        if self._configuration & EXTENDED:
            return (self._shown << 3 | 1) & 0xFFFF
        # Twelve bits end at 127.9375 degrees.
        return min(self._shown, 0x7FF) << 4 & 0xFFFF

    def _store(self, value: int) -> None:
        if self._pointer == CONFIGURATION:
            before = self._configuration
            # R1, R0 and AL are read-only.
            self._configuration = value & 0x1FD0 | before & 0x6020
            if not value & SHUTDOWN:
                self._convert()
            elif value & ONE_SHOT:
                self._convert()
                self._configuration |= ONE_SHOT
        elif self._pointer != TEMPERATURE:
            self._limits[self._pointer - LOW] = value
            self.gap("TLOW, THIGH: the alert output")
