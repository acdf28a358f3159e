"""TEMPMON, the die temperature sensor of the i.MX RT10xx. It shares the CCM_ANALOG page."""

from __future__ import annotations

from xipsim.peripherals.core import Parameter, Peripheral, Register, State, exposed

HOT_CELSIUS = 105
ROOM_CELSIUS = 25
# Assumption: counts of the order that production parts have in their fuses; any pair with
# room above hot is consistent, since firmware reads the pair from OCOTP.ANA1.
HOT_COUNT = 1247
ROOM_COUNT = 1405
CALIBRATION_FUSE = ROOM_COUNT << 20 | HOT_COUNT << 8 | HOT_CELSIUS
"""OCOTP.ANA1: count at 25 degrees, count at the hot temperature, the hot temperature."""


class Tempmon(Peripheral):
    """The TEMPMON registers, for the model of the page to inherit. No alarm is raised: one that is
    due is a gap. (Counts fall as it gets warmer; 0, as after reset, is none.)"""

    temperature = Parameter(float, "die temperature at power-on, in degrees Celsius", default=38.0)

    TEMPSENSE0 = Register(0x180, reset=0x1, ro=0x000F_FF04, set_clear_toggle=True)
    POWER_DOWN = TEMPSENSE0.field(0)
    MEASURE_TEMP = TEMPSENSE0.field(1)
    FINISHED = TEMPSENSE0.field(2)
    TEMP_CNT = TEMPSENSE0.field(8, 12)
    ALARM_VALUE = TEMPSENSE0.field(20, 12)
    TEMPSENSE1 = Register(0x190, reset=0x1, set_clear_toggle=True)
    TEMPSENSE2 = Register(0x290, set_clear_toggle=True)
    LOW_ALARM_VALUE = TEMPSENSE2.field(0, 12)
    PANIC_ALARM_VALUE = TEMPSENSE2.field(16, 12)

    # The board's warmth, not the chip's.
    celsius: State[float | None] = State(None, outside=True)

    @exposed
    def set_temperature(self, celsius: float) -> None:
        """Let the die have `celsius` degrees from now on; the next read sees it."""
        self.celsius = celsius
        self._watch(0)

    @TEMPSENSE0.on_write
    @TEMPSENSE2.on_write
    def _watch(self, value: int) -> None:
        """Whether what it measures is beyond one of the alarms."""
        if self.POWER_DOWN or not self.MEASURE_TEMP:
            return
        count = self._count()
        if count <= self.ALARM_VALUE:
            self.gap("TEMPSENSE0.ALARM_VALUE: high-temperature alarm")
        if count <= self.PANIC_ALARM_VALUE:
            self.gap("TEMPSENSE2.PANIC_ALARM_VALUE: reset by the panic alarm")
        if 0 < self.LOW_ALARM_VALUE < count:
            self.gap("TEMPSENSE2.LOW_ALARM_VALUE: low-temperature alarm")

    @TEMPSENSE0.on_peek
    def _look(self) -> int:
        before = self.TEMPSENSE0
        now, self.TEMPSENSE0 = self._measured(), before
        return now

    @TEMPSENSE0.on_read
    def _measured(self) -> int:
        # Assumption: a measurement takes no virtual time (silicon: some 32 kHz clocks).
        self.FINISHED = int(self.MEASURE_TEMP and not self.POWER_DOWN)
        if self.FINISHED:
            self.TEMP_CNT = self._count()
        return self.TEMPSENSE0

    def _count(self) -> int:
        celsius = self.temperature if self.celsius is None else self.celsius
        slope = (ROOM_COUNT - HOT_COUNT) / (HOT_CELSIUS - ROOM_CELSIUS)
        count = round(HOT_COUNT + (HOT_CELSIUS - celsius) * slope)
        return min(max(count, 0), 0xFFF)
