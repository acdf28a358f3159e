"""Virtual time as firmware sees it: clocks, timers, sleeps, watchdogs; waiting costs nothing."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from images import Image, every_board
from pool import Options

from xipsim import BoardReset, Machine, PoweredOff, WaitTimeout

MS, SECOND = 1_000_000, 1_000_000_000


# -- waiting costs nothing -------------------------------------------------------------------------


def timed(m: Machine, script: str) -> tuple[int, str]:
    """What `f` of the script prints between { and }, and the machine's time from one to the other,
    however long the console takes for the rest."""
    m.exec(script)
    m.console.write("f()\r")
    m.console.expect("{")
    start = m.now
    printed = m.console.expect("}").removesuffix("}")
    took = m.now - start
    m.console.expect(">>> ")
    return took, printed


def test_an_erase_takes_virtual_and_hardly_any_real_time(m: Machine, image: Image) -> None:
    """benchmarks/ measure how little. Here: less than the chip takes, in the best of five series,
    whatever else the computer does."""
    lasts = 10 * image.facts.erase_ms
    script = (
        f"import time\n{image.facts.flash}\nerase = Flash().ioctl\n"
        # Two milliseconds by the ms counter are more than one: the { is out by then.
        "def f():\n  print('{', end=''); time.sleep_ms(2)\n  for i in range(10): erase(6, 200)\n"
        "  print('}')"
    )
    for _ in range(5):
        virtual, _ = timed(m, script)
        assert lasts * MS < virtual < lasts * MS * 1.022


def test_sleep_10_is_right(m: Machine) -> None:
    """What it costs, benchmarks/waits.py measures."""
    script = "import time; t = time.ticks_us(); time.sleep(10); print(time.ticks_us() - t)"
    assert int(m.exec(script)) == pytest.approx(10_000_000, rel=0.001)


@pytest.mark.needs("a boot without stalls")
def test_a_loop_in_python_counts_the_same_without_stalls(
    m: Machine, image: Image, engine: Options, tmp_path: Path
) -> None:
    """Byte code between two questions: that is no firmware's polling loop."""
    script = (
        "import time\ndef f():\n  t = time.ticks_us(); n = 0\n"
        "  while time.ticks_us() - t < 5000: n += 1\n  return n\nprint(f())"
    )
    m.flash.save(tmp_path / "formatted.bin")
    with Machine(
        image.board, flash=tmp_path / "formatted.bin", discard=True, **engine, stalls=False
    ) as plain:
        # The boot took another time, and the SysTick another share of the loop.
        assert abs(int(plain.exec(script)) - int(m.exec(script))) <= 2


def slept(m: Machine, call: str) -> int:
    """How many us of the firmware's own the call took."""
    return int(m.exec(f"import time; t = time.ticks_us(); time.{call}; print(time.ticks_us() - t)"))


def test_a_sleep_ends_no_earlier_and_at_most_a_sixteenth_late(m: Machine) -> None:
    """At whatever phase the last stall before the end begins."""
    calls = {f"sleep_us({us})": us for us in range(700, 2200, 150)}
    for call, least in {**calls, "sleep_ms(50)": 50_000, "sleep(1)": 1_000_000}.items():
        assert least <= slept(m, call) < least * 17 / 16 + 20, call


def test_a_wait_of_the_firmware_for_a_time_out_ends_in_time(m: Machine, image: Image) -> None:
    """UART.read waits for 300 ms for a byte that does not come."""
    script = (
        "import time; from machine import UART\n"
        f"u = UART({image.facts.spare_uart.number}, 115200); u.init(timeout=300)\n"
        "t = time.ticks_us(); r = u.read(1); print(r, time.ticks_us() - t)"
    )
    said, took = m.exec(script).split()
    assert said == "None"
    assert int(took) == pytest.approx(300_000, rel=0.07)


# -- clocks ----------------------------------------------------------------------------------------


def test_all_clocks_agree(m: Machine, image: Image) -> None:
    """Cycles, us, ms, and the machine's own: GPT, SysTick and DWT, or the UTIMER."""
    script = (
        "import time\n"
        "def f():\n"
        "  print('{', end='')\n"
        "  c, u, m = time.ticks_cpu(), time.ticks_us(), time.ticks_ms()\n"
        "  while time.ticks_diff(time.ticks_us(), u) < 100000: pass\n"
        "  d = time.ticks_diff\n"
        "  print(d(time.ticks_cpu(), c), d(time.ticks_us(), u), d(time.ticks_ms(), m), '}')"
    )
    elapsed, printed = timed(m, script)
    cycles, us, ms = map(int, printed.split())
    assert cycles == pytest.approx(us * image.facts.mhz, rel=0.001)
    assert abs(ms - us / 1000) <= 1
    assert us * 1000 <= elapsed < us * 1000 + 3 * MS


def test_milliseconds_step_by_one(m: Machine) -> None:
    script = (
        "import time\nv = set()\nt = time.ticks_us()\n"
        "while time.ticks_us() - t < 30000: v.add(time.ticks_ms())\n"
        "print(max(v) - min(v), len(v))"
    )
    span, count = map(int, m.exec(script).split())
    assert count == span + 1
    assert span in (29, 30)


@pytest.mark.needs("SysTick")
def test_the_systick_counts_milliseconds(m: Machine, image: Image) -> None:
    """SYST_RVR + 1 cycles of the core; the register is read through mem32."""
    cycles = m.exec("import machine; print(machine.mem32[0xE000E014] + 1)")
    assert cycles == f"{image.facts.mhz * 1000}\n"


@every_board
def test_without_a_battery_the_clock_begins_where_the_firmware_sets_it(
    m: Machine, image: Image
) -> None:
    assert m.exec("import time; print(time.localtime()[:3])") == f"{image.facts.epoch}\n"
    script = "import time; a = time.time(); time.sleep(3); print(time.time() - a)"
    assert m.exec(script) == "3\n"


@every_board
@pytest.mark.needs("a battery")
def test_with_a_battery_it_shows_the_time_given(image: Image, engine: Options) -> None:
    """Across a leap day, a reset and a power cycle."""
    with Machine(
        image.board, firmware=image.require(), **engine, rtc="2024-02-29T23:59:58"
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


def test_the_clock_that_the_firmware_sets_survives_a_reset(m: Machine) -> None:
    m.exec("import machine; machine.RTC().datetime((2030, 5, 6, 0, 7, 8, 9, 0))")
    m.reset()
    show = "import machine; print(machine.RTC().datetime()[:6])"
    assert m.exec(show).startswith("(2030, 5, 6, 0, 7, 8")


# -- timers and interrupts -------------------------------------------------------------------------


def callbacks(printed: str) -> list[int]:
    return [int(word) for word in printed.split()]


SHOW = "print(*(time.ticks_diff(x, t0) for x in c))\n"


def started(image: Image, mode: str, period: int) -> str:
    return (
        f"import time\nfrom machine import Timer\n{image.facts.flash}\nf = Flash()\nc = []\n"
        f"t = {image.facts.timer}\nt0 = time.ticks_us()\n"
        f"t.init(period={period}, mode=Timer.{mode}, "
        "callback=lambda t: c.append(time.ticks_us()))\n"
    )


def test_a_periodic_timer_counts_right_during_a_sleep(m: Machine, image: Image) -> None:
    script = started(image, "PERIODIC", 10) + "time.sleep_ms(205)\nt.deinit()\n" + SHOW
    came = callbacks(m.exec(script))
    assert len(came) == 20
    steps = [b - a for a, b in pairwise(came)]
    assert all(abs(step - 10_000) <= 60 for step in steps), steps
    assert came[0] == pytest.approx(10_000, abs=1_100)


def test_a_periodic_timer_counts_right_in_a_busy_loop(m: Machine, image: Image) -> None:
    loop = "while time.ticks_us() - t0 < 105000: pass\n"
    came = callbacks(m.exec(started(image, "PERIODIC", 10) + loop + "t.deinit()\n" + SHOW))
    assert len(came) == 10


def test_a_one_shot_comes_once(m: Machine, image: Image) -> None:
    came = callbacks(m.exec(started(image, "ONE_SHOT", 30) + "time.sleep_ms(100)\n" + SHOW))
    assert len(came) == 1
    assert came[0] == pytest.approx(30_000, abs=1_100)


def test_a_timer_goes_on_after_an_erase(m: Machine, image: Image) -> None:
    """No callback comes in the middle of the erase; how many are lost is the driver's."""
    script = (
        started(image, "PERIODIC", 10)
        + "n = f.ioctl(6, 200)\nend = time.ticks_us()\ntime.sleep_ms(50)\nt.deinit()\n"
        "print(time.ticks_diff(end, t0))\n" + SHOW
    )
    end, *came = callbacks(m.exec(script))
    erase = image.facts.erase_ms * 1000
    assert erase < end < erase + 1_500
    assert came[0] >= erase
    image.facts.after_erase(end, came)


def test_a_pin_interrupt_is_not_lost_during_an_erase(m: Machine, image: Image) -> None:
    """A level change in the middle of the erase is latched, and taken afterwards."""
    pin = image.facts.pin
    m.exec(
        f"import time\nfrom machine import Pin\n{image.facts.flash}\nf = Flash(); c = []\n"
        f"p = Pin({pin.name!r}, Pin.IN, Pin.PULL_UP)\n"
        "p.irq(lambda p: c.append(time.ticks_us()), Pin.IRQ_FALLING)\n"
    )
    m.console.write("f.ioctl(6, 200); e = time.ticks_us()\r")
    m.run_for("20ms")
    assert m.flash.status["operation"] is not None
    m.gpio[pin.gpio][pin.number].drive(0)
    m.run_for(f"{image.facts.erase_ms + 15}ms")
    count, late = map(int, m.exec("print(len(c), time.ticks_diff(e, c[0]))").split())
    assert count == 1
    assert abs(late) < 200


# -- sleeping deeply, watchdogs, reset causes ------------------------------------------------------


CAUSE = "import machine; print(machine.reset_cause())"


def bite(m: Machine, image: Image, script: str) -> str:
    """What the script printed before a watchdog reset the board. Where it is the firmware that
    resets, in its NMI handler, a script ends in order, as with machine.reset()."""
    if image.facts.watchdog_told != "watchdog":
        return m.exec(script)
    with pytest.raises(BoardReset, match="watchdog") as caught:
        m.exec(script)
    return caught.value.output


@every_board
def test_reset_causes(m: Machine, image: Image) -> None:
    expected = image.facts.causes
    assert m.exec(CAUSE) == f"{expected.power}\n"
    m.exec("import machine; machine.reset()")
    assert m.exec(CAUSE) == f"{expected.software}\n"
    bite(m, image, "import machine, time; w = machine.WDT(timeout=500); time.sleep(2)")
    assert m.exec(CAUSE) == f"{expected.watchdog}\n"
    m.reset()
    assert m.exec(CAUSE) == f"{expected.button}\n"
    m.power_cycle()
    assert m.exec(CAUSE) == f"{expected.power}\n"


def test_an_unfed_watchdog_resets_the_board_on_time(m: Machine, image: Image) -> None:
    start = m.now
    script = "import machine\nprint('hungry')\nw = machine.WDT(timeout=1000)\nwhile 1: pass"
    assert bite(m, image, script) == "hungry\n"
    assert 1.0 * SECOND <= m.now - start < 1.6 * SECOND  # a clock may tick every half second
    (reset,) = m.report()["resets"]
    assert reset["cause"] == image.facts.watchdog_told


def test_a_fed_watchdog_does_not(m: Machine) -> None:
    script = (
        "import machine, time\nw = machine.WDT(timeout=1000)\n"
        "for i in range(20): time.sleep_ms(250); w.feed()\nprint('alive')"
    )
    assert m.exec(script) == "alive\n"
    assert m.report()["resets"] == []


@pytest.mark.needs("deep sleep")
def test_a_deep_sleep_jumps_to_its_alarm(m: Machine, image: Image) -> None:
    start = m.now
    assert m.exec("import machine; machine.deepsleep(10_000)") == ""
    assert 9 * SECOND <= m.now - start <= 11 * SECOND
    assert m.exec(CAUSE) == f"{image.facts.causes.deep_sleep}\n"


@pytest.mark.needs("deep sleep")
def test_a_deep_sleep_without_an_alarm_switches_the_board_off(m: Machine) -> None:
    with pytest.raises(PoweredOff, match="switched itself off"):
        m.exec("import machine; machine.deepsleep()")
    with pytest.raises((PoweredOff, WaitTimeout)):
        m.exec("print(1)", timeout="1s")
    m.power_cycle()
    assert m.exec("print('on again')") == "on again\n"


def test_every_wait_has_a_limit_in_real_time(m: Machine) -> None:
    with pytest.raises(WaitTimeout, match=r"0\.3 s of real time"):
        m.exec("while True: pass", timeout="100000s", wall=0.3)


def test_the_users_side_of_a_duration(m: Machine) -> None:
    start = m.now
    m.run_for("100ms")
    m.run_for(5_000)
    assert 100 * MS + 5_000 <= m.now - start < 100 * MS + 6_000


def test_waiting_for_a_pin_costs_little(m: Machine, image: Image) -> None:
    """time_pulse_us() looks at the pin and at a timer, in turn; nothing moves the pin."""
    pin = image.facts.pin
    m.exec(f"import machine, time; p = machine.Pin({pin.name!r}, machine.Pin.IN)")
    script = (
        "t = time.ticks_us(); r = machine.time_pulse_us(p, 0, 500_000)\n"
        "print(r, time.ticks_diff(time.ticks_us(), t))"
    )
    result, took = map(int, m.exec(script).split())
    assert result == -2, "it never came"
    assert 500_000 <= took < 500_000 * 17 / 16
    waits = [w for w in m.report()["waits"]["found"] if w["question"].startswith(f"{pin.gpio} ")]
    assert sum(w["polls"] for w in waits) < 20_000 < 1_000_000 < sum(w["on_silicon"] for w in waits)


def test_a_wait_for_what_is_not_modelled_is_told(
    m: Machine, image: Image, tmp_path: Path
) -> None:
    """Once, while it lasts; a few looks in passing are no wait."""
    told: list[str] = []
    m.on_wait_in_vain(told.append)
    name, address = next(iter(image.facts.tags.items()))
    m.exec(
        "@micropython.viper\ndef poll(a: int, n: int):\n"
        "    p = ptr32(a)\n    while p[0] & 1 == 0 and n:\n        n -= 1"
    )
    m.exec(f"poll({address}, 50)")
    assert told == []
    with pytest.raises(WaitTimeout, match=f"{name} has only a name"):
        m.exec(f"poll({address}, 1_000_000_000)", timeout="1s")
    assert told == [
        f"the firmware waits for {name}: read at {address:#010x}, which is not modelled: "
        "nothing will answer"
    ]
    assert told[0] in [note["message"] for note in m.report()["notes"]]
    m.snapshot().save(tmp_path / "waiting")
    m.restore(m.load_snapshot(tmp_path / "waiting"))
    m.run_for("20ms")
    assert len(told) == 1, "nor again behind a snapshot"
