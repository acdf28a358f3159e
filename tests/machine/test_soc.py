"""The rest of the RT1062, as the `machine` module uses it."""

from __future__ import annotations

import pytest
from images import Image, teensy41s
from pool import Options

from xipsim import Machine, ReplError, UserError

pytestmark = teensy41s


def test_an_led(m: Machine) -> None:
    led = m.gpio["gpio2"][3]
    m.exec("from machine import Pin; led = Pin('LED', Pin.OUT); led.on()")
    assert (led.level, led.direction) == (1, "out")
    m.exec("led.off()")
    assert led.level == 0
    assert m.call("led", "state") is False
    m.exec("led.value(not led.value())")
    assert m.call("led", "state") is True


def test_a_button(m: Machine) -> None:
    """D2 is pad GPIO_EMC_04, GPIO4 pin 4; nothing driven it is pulled up."""
    button = m.gpio["gpio4"][4]
    m.exec("from machine import Pin; b = Pin('D2', Pin.IN, Pin.PULL_UP)")
    levels = []
    for action in (lambda: None, lambda: button.drive(0), lambda: button.drive(1), button.release):
        action()
        levels.append(m.exec("print(b.value())"))
    assert levels == ["1\n", "0\n", "1\n", "1\n"]
    assert button.direction == "in"


def test_a_pin_interrupt(m: Machine) -> None:
    """Falling edges only; each press is one call."""
    button = m.gpio["gpio4"][4]
    m.exec(
        "from machine import Pin; n = []\nb = Pin('D2', Pin.IN, Pin.PULL_UP)\n"
        "b.irq(lambda p: n.append(p.value()), Pin.IRQ_FALLING)"
    )
    for _ in range(3):
        button.drive(0)
        m.run_for("1ms")
        button.drive(1)
        m.run_for("1ms")
    assert m.exec("print(n)") == "[0, 0, 0]\n"


def test_a_button_wakes_a_loop_that_waits_for_it(m: Machine) -> None:
    m.exec("from machine import Pin; b = Pin('D2', Pin.IN, Pin.PULL_UP)")
    m.console.write("while b.value(): pass\r\rprint('pressed')\r")
    m.run_for("20ms")
    assert "\npressed\r\n" not in m.console.read()
    m.gpio["gpio4"][4].drive(0)
    m.console.expect("\npressed\r\n", timeout="20ms")


def test_an_analogue_input(m: Machine) -> None:
    """A0 is channel 7 of ADC1: twelve bits of 3.3 V, shown in sixteen."""
    for volts, expected in ((0.0, 0), (1.65, 0x8000), (3.3, 0xFFFF)):
        m.call("adc1", "set_level", 7, volts)
        read = int(m.exec("from machine import ADC; print(ADC('A0').read_u16())"))
        assert read == pytest.approx(expected, abs=32)


def test_random_numbers_come_from_the_seed(m: Machine, image: Image) -> None:
    """The pool's machine has seed 0, too: the same numbers; another seed gives others."""
    script = "import os, random; print(os.urandom(16), random.getrandbits(30))"
    seen = set()
    for seed in (0, 0, 7):
        with Machine(image.board, firmware=image.require(), seed=seed) as other:
            seen.add(other.exec(script))
            assert other.report()["arguments"]["seed"] == seed
    assert len(seen) == 2
    assert m.exec("import os; print(len(set(os.urandom(64))) > 40)") == "True\n"


def test_the_unique_id_can_be_given(image: Image, engine: Options) -> None:
    script = "import machine; print(machine.unique_id())"
    ids = set()
    for uid in ("0123456789abcdef", "0123456789abcdef", "1122334455667788"):
        with Machine(image.board, firmware=image.require(), **engine, uid=uid) as m:
            ids.add(m.exec(script))
    assert len(ids) == 2
    with pytest.raises(UserError, match="uid"):
        Machine(image.board, firmware=image.require(), uid="xyz").close()


def test_no_sd_card(m: Machine) -> None:
    """The slot is empty: the object can be made, nothing else."""
    m.exec("import os; from machine import SDCard; c = SDCard(1)")
    assert m.exec("print(c.present(), c.ioctl(1, 0))") == "False -5\n"
    with pytest.raises(ReplError) as caught:
        m.exec("os.mount(c, '/sd')")
    assert caught.value.type_name == "OSError"


def test_a_uart_that_does_not_exist(m: Machine) -> None:
    with pytest.raises(ReplError, match=r"UART\(99\)"):
        m.exec("from machine import UART; UART(99)")


def test_an_interrupt_of_a_uart_takes_more_than_its_fifo(m: Machine) -> None:
    """200 bytes at 115200 baud arrive while the script sleeps."""
    m.exec("from machine import UART; import time; u = UART(1, 115200, rxbuf=256)")
    m.consoles["lpuart6"].write(bytes(range(33, 233)))
    assert m.exec("time.sleep_ms(50); print(u.any(), sum(u.read()))") == (
        f"200 {sum(range(33, 233))}\n"
    )


def test_a_signal_of_flexpwm(m: Machine) -> None:
    """D2 is FLEXPWM4_PWM2_A."""
    m.exec("from machine import PWM, Pin; p = PWM(Pin('D2'), freq=1000, duty_u16=3000)")
    assert m.call("pwm4", "frequency", 2, "A") == pytest.approx(1000)
    assert m.call("pwm4", "duty", 2, "A") == pytest.approx(3000 / 65536, abs=1e-4)
    m.exec("p.duty_u16(0x8000); p.freq(50)")
    assert m.call("pwm4", "frequency", 2, "A") == pytest.approx(50, rel=1e-4)
    assert m.call("pwm4", "duty", 2, "A") == pytest.approx(0.5, abs=1e-4)
    m.exec("p.deinit()")
    assert m.call("pwm4", "frequency", 2, "A") == 0


def test_a_signal_of_a_quad_timer(m: Machine) -> None:
    """D11 is TMR1_TIMER2."""
    m.exec("from machine import PWM, Pin; p = PWM(Pin('D11'), freq=2000, duty_u16=0x4000)")
    assert m.call("tmr1", "frequency", 2) == pytest.approx(2000, rel=1e-3)
    assert m.call("tmr1", "duty", 2) == pytest.approx(0.25, abs=1e-3)
    m.exec("p.deinit()")
    assert m.call("tmr1", "frequency", 2) == 0


def test_what_is_not_modelled_is_reported_as_what_it_is(m: Machine) -> None:
    """A block that has only a name: no silence, and no hang."""
    before = len(m.report()["gaps"])
    m.exec("import machine; machine.mem32[0x402B4000]")
    new = {gap["what"] for gap in m.report()["gaps"][before:]}
    assert any("PXP" in what for what in new), new


def test_memory_from_outside(m: Machine) -> None:
    address = int(m.exec("import uctypes; b = bytearray(b'abcd'); print(uctypes.addressof(b))"))
    assert m.read_memory(address, 4) == b"abcd"
    m.write_memory(address, b"wxyz")
    assert m.exec("print(b)") == "bytearray(b'wxyz')\n"
    with pytest.raises(UserError):
        m.read_memory(0x5000_0000, 4)
    assert m.registers()["pc"] & 1 == 0


def test_unknown_names(m: Machine) -> None:
    for ask in (
        lambda: m.gpio["gpio99"],
        lambda: m.gpio["gpio1"][32],
        lambda: m.consoles["lpuart99"],
        lambda: m.chips["nand"],
        lambda: m.call("pc", "explode"),
        lambda: m.call("nothing", "read"),
    ):
        with pytest.raises(UserError):
            ask()
