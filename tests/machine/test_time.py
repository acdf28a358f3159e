"""Virtual time as firmware sees it: clocks, timers, sleeps, watchdogs; waiting costs nothing."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest
from images import Image

from xipsim import BoardReset, Machine, PoweredOff, WaitTimeout

MS, SECOND = 1_000_000, 1_000_000_000


def is_old(image: Image) -> bool:
    """v1.18: Timer is the PIT; no deepsleep; a busy loop waits for input."""
    return image.name.endswith("v1.18")


# -- waiting costs nothing -------------------------------------------------------------------------


def test_an_erase_takes_45_ms_of_virtual_and_hardly_any_real_time(t41: Machine) -> None:
    """benchmarks/ measure how little. Here: less than the chip takes, in the best of five series,
    whatever else the computer does."""
    t41.exec("from mimxrt import Flash; f = Flash()")
    took = []
    for _ in range(5):
        start, real = t41.now, time.monotonic()
        t41.exec("for i in range(10): n = f.ioctl(6, 200)")
        took.append(time.monotonic() - real)
        assert 450 * MS < t41.now - start < 460 * MS
    assert min(took) < 0.45


def test_sleep_10_is_right_and_cheap(t41: Machine) -> None:
    real = time.monotonic()
    script = "import time; t = time.ticks_us(); time.sleep(10); print(time.ticks_us() - t)"
    assert int(t41.exec(script)) == pytest.approx(10_000_000, rel=0.001)
    assert time.monotonic() - real < 5


def test_a_loop_in_python_counts_the_same_without_stalls(
    t41: Machine, teensy41: Image, qemu: Path | None, tmp_path: Path
) -> None:
    """Byte code between two questions: that is no firmware's polling loop."""
    script = (
        "import time\ndef f():\n  t = time.ticks_us(); n = 0\n"
        "  while time.ticks_us() - t < 5000: n += 1\n  return n\nprint(f())"
    )
    t41.flash.save(tmp_path / "formatted.bin")
    with Machine(
        teensy41.board, flash=tmp_path / "formatted.bin", discard=True, qemu=qemu, stalls=False
    ) as plain:
        # The boot took another time, and the SysTick another share of the loop.
        assert abs(int(plain.exec(script)) - int(t41.exec(script))) <= 2


def test_a_sleep_ends_no_earlier_and_at_most_a_sixteenth_late(t41: Machine) -> None:
    for call, least in (("sleep_us(700)", 700), ("sleep_ms(50)", 50_000), ("sleep(1)", 1_000_000)):
        script = f"import time; t = time.ticks_us(); time.{call}; print(time.ticks_us() - t)"
        assert least <= int(t41.exec(script)) < least * 17 / 16 + 20


def test_a_wait_of_the_firmware_for_a_time_out_ends_in_time(t41: Machine) -> None:
    """UART.read waits for 300 ms for a byte that does not come."""
    script = (
        "import time; from machine import UART; u = UART(1, timeout=300)\n"
        "t = time.ticks_us(); r = u.read(1); print(r, time.ticks_us() - t)"
    )
    said, took = t41.exec(script).split()
    assert said == "None"
    assert int(took) == pytest.approx(300_000, rel=0.07)


# -- clocks ----------------------------------------------------------------------------------------


def test_all_clocks_agree(t41: Machine) -> None:
    """GPT (us), SysTick or GPT (ms), DWT (600 MHz cycles), and the machine's own."""
    script = (
        "import time\n"
        "def f():\n"
        "  c, u, m = time.ticks_cpu(), time.ticks_us(), time.ticks_ms()\n"
        "  while time.ticks_diff(time.ticks_us(), u) < 100000: pass\n"
        "  d = time.ticks_diff\n"
        "  return (d(time.ticks_cpu(), c), d(time.ticks_us(), u), d(time.ticks_ms(), m))\n"
        "print(*f())"
    )
    start = t41.now
    cycles, us, ms = map(int, t41.exec(script).split())
    elapsed = t41.now - start
    assert cycles == pytest.approx(us * 600, rel=0.001)
    assert abs(ms - us / 1000) <= 1
    assert us * 1000 <= elapsed < us * 1000 + 3 * MS


def test_milliseconds_step_by_one(t41: Machine) -> None:
    script = (
        "import time\nv = set()\nt = time.ticks_us()\n"
        "while time.ticks_us() - t < 30000: v.add(time.ticks_ms())\n"
        "print(max(v) - min(v), len(v))"
    )
    span, count = map(int, t41.exec(script).split())
    assert count == span + 1
    assert span in (29, 30)


def test_the_systick_counts_milliseconds(t41: Machine) -> None:
    """SYST_RVR + 1 cycles of 600 MHz; the counter is read through mem32."""
    assert t41.exec("import machine; print(machine.mem32[0xE000E014] + 1)") == "600000\n"


def test_without_a_battery_the_clock_begins_where_the_firmware_sets_it(m: Machine) -> None:
    assert m.exec("import time; print(time.localtime()[:3])") == "(2013, 10, 14)\n"
    script = "import time; a = time.time(); time.sleep(3); print(time.time() - a)"
    assert m.exec(script) == "3\n"


def test_with_a_battery_it_shows_the_time_given(image: Image, qemu: Path | None) -> None:
    """Across a leap day, a reset and a power cycle."""
    with Machine(
        image.board, firmware=image.require(), qemu=qemu, rtc="2024-02-29T23:59:58"
    ) as m:
        show = "import machine; print(machine.RTC().datetime()[:7])"
        assert m.exec(show) in (
            "(2024, 2, 29, 3, 23, 59, 58)\n",
            "(2024, 2, 29, 3, 23, 59, 59)\n",
        )
        m.exec("import time; time.sleep(2)")
        assert m.exec(show).startswith("(2024, 3, 1, 4, 0, 0, ")
        m.reset()
        m.run_for("100ms")
        m.power_cycle()
        assert m.exec(show).startswith("(2024, 3, 1, 4, 0, 0, ")
        assert m.report()["arguments"]["rtc"] == "2024-02-29T23:59:58"


def test_the_clock_that_the_firmware_sets_survives_a_reset(t41: Machine) -> None:
    t41.exec("import machine; machine.RTC().datetime((2030, 5, 6, 0, 7, 8, 9, 0))")
    t41.reset()
    show = "import machine; print(machine.RTC().datetime()[:6])"
    assert t41.exec(show).startswith("(2030, 5, 6, 0, 7, 8")


# -- timers and interrupts -------------------------------------------------------------------------


def timer(image: Image) -> str:
    return "Timer(0)" if is_old(image) else "Timer(-1)"


def callbacks(printed: str) -> list[int]:
    return [int(word) for word in printed.split()]


SHOW = "print(*(time.ticks_diff(x, t0) for x in c))\n"


def started(image: Image, mode: str, period: int) -> str:
    return (
        "import time\nfrom machine import Timer\nfrom mimxrt import Flash\nf = Flash()\nc = []\n"
        f"t = {timer(image)}\nt0 = time.ticks_us()\n"
        f"t.init(period={period}, mode=Timer.{mode}, "
        "callback=lambda t: c.append(time.ticks_us()))\n"
    )


def test_a_periodic_timer_counts_right_during_a_sleep(t41: Machine, teensy41: Image) -> None:
    script = started(teensy41, "PERIODIC", 10) + "time.sleep_ms(205)\nt.deinit()\n" + SHOW
    came = callbacks(t41.exec(script))
    assert len(came) == 20
    steps = [b - a for a, b in pairwise(came)]
    assert all(abs(step - 10_000) <= 60 for step in steps), steps
    assert came[0] == pytest.approx(10_000, abs=1_100)


def test_a_periodic_timer_counts_right_in_a_busy_loop(t41: Machine, teensy41: Image) -> None:
    loop = "while time.ticks_us() - t0 < 105000: pass\n"
    came = callbacks(t41.exec(started(teensy41, "PERIODIC", 10) + loop + "t.deinit()\n" + SHOW))
    assert len(came) == 10


def test_a_one_shot_comes_once(t41: Machine, teensy41: Image) -> None:
    came = callbacks(t41.exec(started(teensy41, "ONE_SHOT", 30) + "time.sleep_ms(100)\n" + SHOW))
    assert len(came) == 1
    assert came[0] == pytest.approx(30_000, abs=1_100)


def test_an_interrupt_that_comes_during_an_erase_is_taken_after_it(
    t41: Machine, teensy41: Image
) -> None:
    """The driver masks interrupts for 45 ms. A PIT that ran out four times is pending once; of
    the SysTick's 45 ticks one is left, so soft timers are late by 44 ms: as on silicon."""
    script = (
        started(teensy41, "PERIODIC", 10)
        + "n = f.ioctl(6, 200)\nend = time.ticks_us()\ntime.sleep_ms(50)\nt.deinit()\n"
        "print(time.ticks_diff(end, t0))\n" + SHOW
    )
    end, *came = callbacks(t41.exec(script))
    assert 45_000 < end < 46_500
    assert came[0] >= 45_000, "none in the middle of the erase"
    if is_old(teensy41):
        assert came[0] == pytest.approx(end, abs=500)
        assert came[1] == pytest.approx(50_000, abs=500), "the PIT itself lost nothing"
    else:
        assert 51_000 < came[0] < 55_500


def test_a_pin_interrupt_is_not_lost_during_an_erase(t41: Machine, teensy41: Image) -> None:
    """A level change in the middle of the erase is latched, and taken afterwards."""
    t41.exec(
        "import time\nfrom machine import Pin\nfrom mimxrt import Flash\nf = Flash(); c = []\n"
        "p = Pin('D2', Pin.IN, Pin.PULL_UP)\n"
        "p.irq(lambda p: c.append(time.ticks_us()), Pin.IRQ_FALLING)\n"
    )
    t41.console.write("f.ioctl(6, 200); e = time.ticks_us()\r")
    t41.run_for("20ms")
    assert t41.flash.status["operation"] is not None
    t41.gpio["gpio4"][4].drive(0)
    t41.run_for("60ms")
    count, late = map(int, t41.exec("print(len(c), time.ticks_diff(e, c[0]))").split())
    assert count == 1
    assert abs(late) < 200


# -- sleeping deeply, watchdogs, reset causes ------------------------------------------------------


CAUSE = "import machine; print(machine.reset_cause())"


def test_reset_causes(m: Machine) -> None:
    """1 power on (the reset button is POR_B), 3 watchdog, 5 software."""
    assert m.exec(CAUSE) == "1\n"
    m.exec("import machine; machine.reset()")
    assert m.exec(CAUSE) == "5\n"
    with pytest.raises(BoardReset):
        m.exec("import machine, time; w = machine.WDT(timeout=500); time.sleep(2)")
    assert m.exec(CAUSE) == "3\n"
    m.reset()
    assert m.exec(CAUSE) == "1\n"
    m.power_cycle()
    assert m.exec(CAUSE) == "1\n"


def test_an_unfed_watchdog_resets_the_board_on_time(t41: Machine) -> None:
    start = t41.now
    with pytest.raises(BoardReset, match="watchdog") as caught:
        t41.exec("import machine\nprint('hungry')\nw = machine.WDT(timeout=2000)\nwhile 1: pass")
    assert caught.value.output == "hungry\n"
    assert 2.0 * SECOND <= t41.now - start < 2.6 * SECOND  # its clock ticks every half second
    (reset,) = t41.report()["resets"]
    assert reset["cause"] == "watchdog"


def test_a_fed_watchdog_does_not(t41: Machine) -> None:
    script = (
        "import machine, time\nw = machine.WDT(timeout=1000)\n"
        "for i in range(20): time.sleep_ms(250); w.feed()\nprint('alive')"
    )
    assert t41.exec(script) == "alive\n"
    assert t41.report()["resets"] == []


def test_a_deep_sleep_jumps_to_its_alarm(t41: Machine, teensy41: Image) -> None:
    if is_old(teensy41):
        pytest.skip("v1.18 has no machine.deepsleep for this board")
    start, real = t41.now, time.monotonic()
    assert t41.exec("import machine; machine.deepsleep(10_000)") == ""
    assert 9 * SECOND <= t41.now - start <= 11 * SECOND
    assert time.monotonic() - real < 5
    assert t41.exec(CAUSE) == "4\n"


def test_a_deep_sleep_without_an_alarm_switches_the_board_off(
    t41: Machine, teensy41: Image
) -> None:
    if is_old(teensy41):
        pytest.skip("v1.18 has no machine.deepsleep for this board")
    with pytest.raises(PoweredOff, match="switched itself off"):
        t41.exec("import machine; machine.deepsleep()")
    with pytest.raises((PoweredOff, WaitTimeout)):
        t41.exec("print(1)", timeout="1s")
    t41.power_cycle()
    assert t41.exec("print('on again')") == "on again\n"


def test_every_wait_has_a_limit_in_real_time(t41: Machine) -> None:
    real = time.monotonic()
    with pytest.raises(WaitTimeout, match=r"0\.3 s of real time"):
        t41.exec("while True: pass", timeout="1000s", wall=0.3)
    assert time.monotonic() - real < 3


def test_the_users_side_of_a_duration(t41: Machine) -> None:
    start = t41.now
    t41.run_for("100ms")
    t41.run_for(5_000)
    assert 100 * MS + 5_000 <= t41.now - start < 100 * MS + 6_000
