"""The rest of the RT1062, as the `machine` module uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from images import Image

from xipsim import Machine, ReplError, UserError


def test_an_led(t41: Machine) -> None:
    led = t41.gpio["gpio2"][3]
    t41.exec("from machine import Pin; led = Pin('LED', Pin.OUT); led.on()")
    assert (led.level, led.direction) == (1, "out")
    t41.exec("led.off()")
    assert led.level == 0
    assert t41.call("led", "state") is False
    t41.exec("led.value(not led.value())")
    assert t41.call("led", "state") is True


def test_a_button(t41: Machine) -> None:
    """D2 is pad GPIO_EMC_04, GPIO4 pin 4; nothing driven it is pulled up."""
    button = t41.gpio["gpio4"][4]
    t41.exec("from machine import Pin; b = Pin('D2', Pin.IN, Pin.PULL_UP)")
    levels = []
    for action in (lambda: None, lambda: button.drive(0), lambda: button.drive(1), button.release):
        action()
        levels.append(t41.exec("print(b.value())"))
    assert levels == ["1\n", "0\n", "1\n", "1\n"]
    assert button.direction == "in"


def test_a_pin_interrupt(t41: Machine) -> None:
    """Falling edges only; each press is one call."""
    button = t41.gpio["gpio4"][4]
    t41.exec(
        "from machine import Pin; n = []\nb = Pin('D2', Pin.IN, Pin.PULL_UP)\n"
        "b.irq(lambda p: n.append(p.value()), Pin.IRQ_FALLING)"
    )
    for _ in range(3):
        button.drive(0)
        t41.run_for("1ms")
        button.drive(1)
        t41.run_for("1ms")
    assert t41.exec("print(n)") == "[0, 0, 0]\n"


def test_a_button_wakes_a_loop_that_waits_for_it(t41: Machine) -> None:
    t41.exec("from machine import Pin; b = Pin('D2', Pin.IN, Pin.PULL_UP)")
    t41.console.write("while b.value(): pass\r\rprint('pressed')\r")
    t41.run_for("20ms")
    assert "\npressed\r\n" not in t41.console.read()
    t41.gpio["gpio4"][4].drive(0)
    t41.console.expect("\npressed\r\n", timeout="20ms")


def test_an_analogue_input(t41: Machine) -> None:
    """A0 is channel 7 of ADC1: twelve bits of 3.3 V, shown in sixteen."""
    for volts, expected in ((0.0, 0), (1.65, 0x8000), (3.3, 0xFFFF)):
        t41.call("adc1", "set_level", 7, volts)
        read = int(t41.exec("from machine import ADC; print(ADC('A0').read_u16())"))
        assert read == pytest.approx(expected, abs=32)


def test_random_numbers_come_from_the_seed(t41: Machine, teensy41: Image) -> None:
    """The pool's machine has seed 0, too: the same numbers; another seed gives others."""
    script = "import os, random; print(os.urandom(16), random.getrandbits(30))"
    seen = set()
    for seed in (0, 0, 7):
        with Machine(teensy41.board, firmware=teensy41.require(), seed=seed) as m:
            seen.add(m.exec(script))
            assert m.report()["arguments"]["seed"] == seed
    assert len(seen) == 2
    assert t41.exec("import os; print(len(set(os.urandom(64))) > 40)") == "True\n"


def test_the_unique_id_can_be_given(teensy41: Image, qemu: Path | None) -> None:
    script = "import machine; print(machine.unique_id())"
    ids = set()
    for uid in ("0123456789abcdef", "0123456789abcdef", "1122334455667788"):
        with Machine(teensy41.board, firmware=teensy41.require(), qemu=qemu, uid=uid) as m:
            ids.add(m.exec(script))
    assert len(ids) == 2
    with pytest.raises(UserError, match="uid"):
        Machine(teensy41.board, firmware=teensy41.require(), uid="xyz").close()


def test_no_sd_card(t41: Machine) -> None:
    """The slot is empty: the object can be made, nothing else."""
    t41.exec("import os; from machine import SDCard; c = SDCard(1)")
    assert t41.exec("print(c.present(), c.ioctl(1, 0))") == "False -5\n"
    with pytest.raises(ReplError) as caught:
        t41.exec("os.mount(c, '/sd')")
    assert caught.value.type_name == "OSError"


def test_a_uart_that_does_not_exist(t41: Machine) -> None:
    with pytest.raises(ReplError, match=r"UART\(99\)"):
        t41.exec("from machine import UART; UART(99)")


def test_an_interrupt_of_a_uart_takes_more_than_its_fifo(t41: Machine) -> None:
    """200 bytes at 115200 baud arrive while the script sleeps."""
    t41.exec("from machine import UART; import time; u = UART(1, 115200, rxbuf=256)")
    t41.consoles["lpuart6"].write(bytes(range(33, 233)))
    assert t41.exec("time.sleep_ms(50); print(u.any(), sum(u.read()))") == (
        f"200 {sum(range(33, 233))}\n"
    )


def test_pwm_spi_and_i2c_are_reported_as_what_they_are(t41: Machine) -> None:
    """Not modelled: no silence, and no hang."""
    before = len(t41.report()["gaps"])
    t41.exec("from machine import PWM, Pin; p = PWM(Pin('D2'), freq=1000, duty_u16=3000)")
    new = {gap["what"] for gap in t41.report()["gaps"][before:]}
    assert any("PWM" in what for what in new), new


def test_memory_from_outside(t41: Machine) -> None:
    address = int(t41.exec("import uctypes; b = bytearray(b'abcd'); print(uctypes.addressof(b))"))
    assert t41.read_memory(address, 4) == b"abcd"
    t41.write_memory(address, b"wxyz")
    assert t41.exec("print(b)") == "bytearray(b'wxyz')\n"
    with pytest.raises(UserError):
        t41.read_memory(0x5000_0000, 4)
    assert t41.registers()["pc"] & 1 == 0


def test_unknown_names(t41: Machine) -> None:
    for ask in (
        lambda: t41.gpio["gpio99"],
        lambda: t41.gpio["gpio1"][32],
        lambda: t41.consoles["lpuart99"],
        lambda: t41.chips["nand"],
        lambda: t41.call("pc", "explode"),
        lambda: t41.call("nothing", "read"),
    ):
        with pytest.raises(UserError):
            ask()
