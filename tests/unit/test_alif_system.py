"""GPIO, pads, clock control, backup SRAM and semaphores of the Ensemble. (alif.md 7.1, 7.2, 7.9)"""

import pytest

from xipsim.peripherals.alif.backup import BackupRam
from xipsim.peripherals.alif.clocks import Ana, Aon, Cgu, ClkctlPerMst, ClkctlPerSlv, HostBase, Vbat
from xipsim.peripherals.alif.gpio import Gpio
from xipsim.peripherals.alif.hwsem import Hwsem
from xipsim.peripherals.alif.pinmux import LpgpioPads, Pinmux
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench

DR, DDR, INTEN, INTMASK, TYPE, POLARITY, STATUS, RAW, EOI, EXT, BOTH = (
    0x00, 0x04, 0x30, 0x34, 0x38, 0x3C, 0x40, 0x44, 0x4C, 0x50, 0x68,
)  # fmt: skip


def interrupts(gpio: Gpio) -> list[int]:
    return [pin for pin in range(8) if gpio.lines[f"IRQ{pin}"].level]


def test_an_input_reads_its_pull_and_what_drives_it() -> None:
    gpio = Gpio(Bench().system)
    assert gpio.read(EXT) == 0xFF and gpio.direction(3) == "in"
    gpio.drive(3, False)
    assert gpio.read(EXT) == 0xF7 and gpio.level(3) == 0
    gpio.release(3)
    assert gpio.read(EXT) == 0xFF


def test_an_output_shows_its_data() -> None:
    gpio = Gpio(Bench().system)
    gpio.write(DDR, 0x81)
    assert gpio.read(EXT) == 0x7E and gpio.direction(7) == "out"
    gpio.write(DR, 0x80)
    assert gpio.read(EXT) == 0xFE
    assert gpio.PADS[7].level and not gpio.PADS[0].level


def test_an_input_pins_line_follows_its_level() -> None:
    gpio = Gpio(Bench().system)
    assert gpio.PADS[7].level, "RESET# on a pin that is still an input is high"
    gpio.drive(7, False)
    assert not gpio.PADS[7].level


def test_wrong_pin_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a pin from 0 to 7, given 8"):
        Gpio(Bench().system, name="gpio0").level(8)


@pytest.mark.parametrize(
    ("polarity", "both", "falls", "rises"), [(0, 0, 1, 0), (1, 0, 0, 1), (0, 1, 1, 1)]
)
def test_edges(polarity: int, both: int, falls: int, rises: int) -> None:
    gpio = Gpio(Bench().system)
    gpio.write(TYPE, 1 << 4)
    gpio.write(POLARITY, polarity << 4)
    gpio.write(BOTH, both << 4)
    gpio.write(INTEN, 1 << 4)
    for level, expected in ((False, falls), (True, rises)):
        gpio.drive(4, level)
        assert interrupts(gpio) == [4] * expected and gpio.COMBINED.level == bool(expected)
        gpio.write(EOI, gpio.read(EOI) | 1 << 4)
        assert interrupts(gpio) == []


def test_a_level_interrupts_as_long_as_it_lasts() -> None:
    gpio = Gpio(Bench().system)
    gpio.write(INTEN, 1)
    assert interrupts(gpio) == []
    gpio.drive(0, False)
    gpio.write(EOI, 1)
    assert interrupts(gpio) == [0]
    gpio.write(INTMASK, 1)
    assert interrupts(gpio) == [] and gpio.read(RAW) == 1 and gpio.read(STATUS) == 0
    gpio.drive(0, True)
    assert gpio.read(RAW) == 0


def test_edges_before_the_enable_are_forgotten() -> None:
    gpio = Gpio(Bench().system)
    gpio.write(TYPE, 2)
    gpio.drive(1, False)
    gpio.write(INTEN, 2)
    assert interrupts(gpio) == []


def test_an_output_does_not_interrupt() -> None:
    """DW_apb_gpio data book: interrupts come of pins that are inputs, whatever INTEN says."""
    gpio = Gpio(Bench().system)
    gpio.write(DDR, 1)
    gpio.write(INTEN, 1)
    assert gpio.read(EXT) == 0xFE, "low, which is what it waits for"
    assert interrupts(gpio) == [] and gpio.read(RAW) == 0
    gpio.write(DDR, 0)
    gpio.drive(0, False)
    assert interrupts(gpio) == [0]


@pytest.mark.parametrize("battery", [False, True])
def test_reset_keeps_what_drives_pins_and_in_the_battery_domain_the_pins(battery: bool) -> None:
    gpio = Gpio(Bench().system, battery=battery)
    gpio.drive(2, False)
    gpio.write(DDR, 1)
    gpio.reset(ResetCause.SOFTWARE)
    assert gpio.read(DDR) == int(battery)
    assert gpio.read(EXT) == 0xFB & ~int(battery)
    gpio.reset(ResetCause.POWER_ON)
    assert gpio.read(DDR) == 0


def test_gpio_save_and_load() -> None:
    gpio = Gpio(Bench().system)
    gpio.write(TYPE, 1)
    gpio.write(INTEN, 1)
    gpio.drive(0, False)
    saved = gpio.save()
    gpio.write(EOI, 1)
    gpio.drive(0, True)
    gpio.load(saved)
    assert gpio.read(EXT) == 0xFE and gpio.read(STATUS) == 1 and interrupts(gpio) == [0]


def test_waiting_for_a_pin_is_a_question() -> None:
    assert {EXT, STATUS, RAW} == Gpio.POLLED


# -- pads and clocks -------------------------------------------------------------------------------


def test_pins_are_stored_by_port() -> None:
    pinmux = Pinmux(Bench().system)
    pinmux.write(0x188, 0x0044_0002)  # UART4 TX, P12_2
    assert pinmux.PAD[12 * 8 + 2] == 0x0044_0002


def port(bench: Bench) -> tuple[Gpio, Pinmux]:
    """GPIO3, of which PINMUX has the registers from 0x60 on, with outputs at 2 and 3."""
    pinmux = Pinmux(bench.system)
    gpio = Gpio(bench.system, pinmux=pinmux, port=3)
    gpio.connected()
    gpio.write(DDR, 0x0C)
    return gpio, pinmux


def test_a_high_pin_with_an_open_drain_is_left_to_what_drives_it() -> None:
    """As MicroPython's Pin.OPEN_DRAIN has it: an output, with PADCTRL_DRIVER_OPEN_DRAIN."""
    gpio, pinmux = port(Bench())
    pinmux.write(0x60 + 4 * 2, 0x0081_0000)
    gpio.write(DR, 0x0C)
    for pin in (2, 3):
        gpio.drive(pin, False)
    assert gpio.read(EXT) == 0xFB, "pin 3 is driven high by the port"
    gpio.release(2)
    assert gpio.read(EXT) == 0xFF
    gpio.write(DR, 0x08)
    assert gpio.read(EXT) == 0xFB


def test_a_pin_of_another_block_is_no_output() -> None:
    gpio, pinmux = port(Bench())
    assert gpio.read(EXT) == 0xF3
    pinmux.write(0x60 + 4 * 3, 0x0041_0003)
    assert gpio.read(EXT) == 0xFB and gpio.direction(3) == "in"
    pinmux.reset(ResetCause.SOFTWARE)
    assert gpio.read(EXT) == 0xF3


def test_the_cores_see_the_clocks_that_the_secure_enclave_has_set() -> None:
    cgu = Cgu(Bench().system)
    select, es = cgu.read(0x08), cgu.read(0x10)
    assert (select >> 16 & 1, select >> 20 & 1) == (1, 1), "both cores on their PLLs"
    assert (es & 3, es >> 4 & 3) == (3, 3), "400 and 160 MHz"


class Input:
    """One of a core's."""

    def __init__(self, number: int, seen: list[tuple[int, bool]]) -> None:
        self._number, self._seen = number, seen

    def set(self, level: bool) -> None:
        self._seen.append((self._number, level))


class Core:
    """The inputs of a core behind the wake-up interrupt controller, by what they were driven to."""

    def __init__(self) -> None:
        self.aon = Aon(Bench().system)
        self.seen: list[tuple[int, bool]] = []
        lines = {number: Input(number, self.seen) for number in (-14, 60, 377)}
        self.inputs = {number: self.aon.filtered(number, lines[number]) for number in lines}

    def drive(self, number: int, level: bool) -> list[tuple[int, bool]]:
        """What the core has seen of it."""
        self.inputs[number].set(level)
        seen = self.seen.copy()
        self.seen.clear()
        return seen


@pytest.mark.parametrize("waking", [60, -14])
def test_an_interrupt_above_63_does_not_end_a_sleep_by_the_wic(waking: int) -> None:
    """pm.c: events, NMI, debug events and interrupts 0 to 63 do."""
    core = Core()
    assert core.drive(377, True) == [(377, True)], "nobody sleeps"
    core.drive(377, False)
    core.aon.write(0x00, 0x300)
    assert core.drive(377, True) == []
    assert core.drive(waking, True) == [(waking, True), (377, True)]
    assert core.drive(377, False) == [(377, False)]
    assert core.drive(377, True) == [(377, True)], "it is awake, whatever WIC says"


def test_what_has_waited_comes_with_the_end_of_the_wic() -> None:
    core = Core()
    core.aon.write(0x00, 0x300)
    core.drive(377, True)
    core.aon.write(0x00, 0)
    assert core.seen == [(377, True)]
    core.seen.clear()
    core.aon.write(0x00, 0x300)
    assert core.drive(377, False) == [(377, False)]
    core.drive(377, True)
    core.drive(377, False)
    core.aon.write(0x00, 0)
    assert core.seen == [], "it was gone before"


def test_without_the_cores_inputs_a_sleep_by_the_wic_is_a_gap() -> None:
    """Hosted in Renode, whose wires they are."""
    bench = Bench()
    Aon(bench.system).write(0x00, 0x100)
    assert [gap.what.partition(":")[0] for gap in bench.gaps] == ["RTSS_HP_CTRL.HP_WIC"]


def test_what_boot_does_with_clocks_is_silent() -> None:
    bench = Bench()
    aon = Aon(bench.system)
    aon.write(0x00, aon.read(0x00) & ~0x100)
    slave = ClkctlPerSlv(bench.system)
    slave.write(0x00, slave.read(0x00) | 0xC000_0000)
    slave.write(0x08, slave.read(0x08) | 0x1010)
    master = ClkctlPerMst(bench.system)
    master.write(0x0C, master.read(0x0C) | 1 << 20)
    master.write(0xAC, master.read(0xAC) & ~0x100)
    assert aon.read(0x04) == 0, "no wake-up, or the core goes back to sleep"
    assert bench.events == []


def test_the_other_core_waits() -> None:
    host = HostBase(Bench().system)
    assert host.read(0x318) == 1 and host.CPUWAIT


def test_the_battery_domain_keeps_its_switches() -> None:
    bench = Bench()
    system = bench.system
    for block, offset in ((Vbat(system), 0x10), (Ana(system), 0), (LpgpioPads(system), 4)):
        block.write(offset, 1)
        block.reset(ResetCause.WATCHDOG)
        assert block.read(offset) == 1
        block.reset(ResetCause.POWER_ON)
        assert block.read(offset) == 0


# -- backup SRAM -----------------------------------------------------------------------------------

CAUSE = 0xFF0


def test_words_survive_a_warm_reset_and_not_power_off() -> None:
    ram = BackupRam(Bench().system)
    ram.write(CAUSE, 0xA172)
    ram.reset(ResetCause.SOFTWARE)
    assert ram.read(CAUSE) == 0xA172
    ram.reset(ResetCause.POWER_ON)
    assert ram.read(CAUSE) & 0xFFFF_FFF0 != 0xA170


def test_contents_filled_in_survive_the_next_power_on_only() -> None:
    ram = BackupRam(Bench().system)
    ram.fill(bytes(range(256)) * 16)
    ram.reset(ResetCause.POWER_ON)
    assert ram.read(4) == 0x07060504 and ram.contents() == bytes(range(256)) * 16
    ram.reset(ResetCause.POWER_ON)
    assert ram.contents() == bytes(4096)


def test_fill_wants_all_bytes() -> None:
    with pytest.raises(ValueError, match="expected 4096 bytes, given 3"):
        BackupRam(Bench().system).fill(b"abc")


def test_narrow_accesses_are_reported_and_stores_lost() -> None:
    bench = Bench()
    ram = BackupRam(bench.system)
    ram.write(0, 0xFF, 1)
    assert ram.read(0) == 0
    assert [d.rule for d in bench.diagnostics] == ["backup-narrow-access"]


def test_backup_save_and_load() -> None:
    ram = BackupRam(Bench().system)
    ram.write(8, 1)
    saved = ram.save()
    ram.write(8, 2)
    ram.load(saved)
    assert ram.read(8) == 1


# -- hardware semaphores ---------------------------------------------------------------------------

REQ, REL, RST = 0x50, 0x54, 0x58
HP, HE = 0x410F_D222, 0x410F_D223


def test_a_semaphore_has_one_owner() -> None:
    sem = Hwsem(Bench().system)
    sem.write(REQ, HP)
    assert sem.read(REQ) == HP and sem.read(REL) == 1
    sem.write(REQ, HE)
    assert sem.read(REQ) == HP and sem.read(REL) == 1
    assert not sem.lines["5"].level
    sem.write(REL, HP)
    assert sem.read(REQ) == 0 and sem.lines["5"].level
    sem.write(REQ, HE)
    assert sem.read(REQ) == HE and not sem.lines["5"].level


def test_a_semaphore_counts() -> None:
    sem = Hwsem(Bench().system)
    for _ in range(3):
        sem.write(REQ, HP)
    sem.write(REL, HP)
    assert sem.read(REL) == 2
    sem.write(RST, 1)
    assert sem.read(REL) == 0 and sem.read(REQ) == 0


def test_only_the_owner_releases() -> None:
    bench = Bench()
    sem = Hwsem(bench.system)
    sem.write(REQ, HP)
    sem.write(REL, HE)
    assert sem.read(REL) == 1
    assert [d.rule for d in bench.diagnostics] == ["hwsem-release"]
