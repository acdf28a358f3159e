"""Bus faults, lock-ups, resets, power, on every engine."""

from __future__ import annotations

import pytest
from candidates import Candidate, Running
from programs import CODE, ENABLE, RAM, ROM_TIME, WAIT, Program

from xipsim.engines.api import CoreStopped, Goal, StopReason
from xipsim.engines.guest.faultwatch import LOOKS, PERIOD

BUS_FAULT = Program("ldr r1, =0x70000000; here: ldr r2, [r1, #0]; loop: b loop")
STORE_FAULT = Program("ldr r1, =0x70000000; here: str r2, [r1, #4]; loop: b loop")
NATIVE = 0x4000_5000
"""Whether the cells of the window are served natively."""
UNDEFINED = Program("here: udf; loop: b loop")
LOCK_UP = Program("ldr r4, =0xE000ED08; ldr r1, =0x70000000; str r1, [r4, #0]; ldr r2, [r1, #0]")
"""VTOR leads to nothing when the bus faults."""
LOCK_UP_OF_AN_INTERRUPT = Program(f"""
    // VTOR leads to nothing when the timer's interrupt comes
    {ENABLE}; ldr r4, =0xE000ED08; ldr r1, =0x70000000; str r1, [r4, #0]; dsb
    movs r4, #100; str r4, [r0, #0]
    loop: b loop
""")
DOUBLE_FAULT = Program("""
    // the fault's handler does the same
    ldr r6, =0x48000000; ldr r1, [r6, #0]
    fault: ldr r1, [r6, #0]
    irq: b irq
""")
SLEEPING_HANDLER = Program("""
    ldr r6, =0x70000000; ldr r1, [r6, #0]
    fault: ldr r4, =4000; str r4, [r0, #0]; wfe; b fault
    irq: b irq
""")
LOCK_UPS = pytest.mark.parametrize(
    "program", [LOCK_UP, DOUBLE_FAULT], ids=["vectors", "handler"]
)
MODEL_RESET = Program("""
    // MARK = 7; RESET = 7; MARK = 7
    movs r1, #7; str r1, [r0, #12]; str r1, [r0, #16]; str r1, [r0, #12]; loop: b loop
""")
SYSRESET = Program("""
    movs r1, #7; str r1, [r0, #12]
    ldr r5, =0xE000ED0C; ldr r1, =0x05FA0004; str r1, [r5, #0]; dsb; loop: b loop
""")
OFF = Program("ldr r6, =0x40004000; str r1, [r6, #0]; str r6, [r0, #12]; loop: b loop")
SLEEPS_100_US = Program("""
    ldr r6, =0x40004000; ldr r1, =100000; str r1, [r6, #4]; str r1, [r6, #0]
    str r6, [r0, #12]; loop: b loop
""")
SLEEPS_ONCE = Program("""
    // the first time that it runs
    ldr r6, =0x28000000; ldr r1, [r6, #0]; adds r1, #1; str r1, [r6, #0]
    cmp r1, #1; bne loop
    ldr r6, =0x40004000; ldr r1, =100000; str r1, [r6, #4]; str r1, [r6, #0]
    loop: b loop
""")
COUNT = Program("""
    // 0x28000000 += 1; 0x20000800 += 1
    ldr r6, =0x28000000; ldr r1, [r6, #0]; adds r1, #1; str r1, [r6, #0]
    ldr r6, =0x20000800; ldr r1, [r6, #0]; adds r1, #1; str r1, [r6, #0]; loop: b loop
""")
PRESSED = Program(f"{ENABLE}; cpsie i; loop: b loop")


def word(data: bytes) -> int:
    return int.from_bytes(data, "little")


# -- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "cfsr", "bfar"),
    [
        (BUS_FAULT, 0x8200, 0x7000_0000),  # BFARVALID, PRECISERR
        (STORE_FAULT, 0x8200, 0x7000_0004),
        (UNDEFINED, 0x1_0000, None),  # UNDEFINSTR
    ],
    ids=["load", "store", "undefined"],
)
def test_a_fault_is_reported_with_its_registers(
    running: Running, program: Program, cfsr: int, bfar: int | None
) -> None:
    """Fault status by the Armv7-M Architecture Reference Manual, B3.2.15; 20 ms in the handler."""
    with running(program) as engine:
        stop = engine.run(Goal(until=10**9))
        assert stop.reason is StopReason.FAULT
        assert stop.detail["exception"] == "HardFault"
        assert stop.detail["cfsr"] & cfsr == cfsr
        assert stop.detail["hfsr"] == 1 << 30  # FORCED
        assert bfar is None or stop.detail["bfar"] == bfar
        assert stop.detail["stacked"]["pc"] == program.labels["here"]
        assert stop.now < 30_000_000
        assert "lockup" not in stop.detail


@pytest.mark.essential
@pytest.mark.parametrize(
    ("place", "native"),
    [(0x7000_0000, 0), (0x6080_0000, 0), (0x6080_0000, 1)],
    ids=["nothing", "no cell", "no cell behind native ones"],
)
def test_code_that_is_not_there_faults(running: Running, place: int, native: int) -> None:
    """Where there is nothing at all, and in a window beyond its cells."""
    with running(Program(f"ldr r1, ={place + 1:#x}; bx r1")) as engine:
        engine.run(Goal(until=1))
        engine.write_memory(NATIVE, bytes([native, 0, 0, 0]))
        stop = engine.run(Goal(until=10**9))
        assert stop.reason is StopReason.FAULT
        assert stop.detail["stacked"]["pc"] == place
        assert "lockup" not in stop.detail
        assert stop.detail["cfsr"] & 0xFF00 == 0x100  # IBUSERR, and no error of data


def test_a_lock_up_by_the_vector_of_an_interrupt_is_one(running: Running) -> None:
    """Not only of a fault; it is seen before long."""
    with running(LOCK_UP_OF_AN_INTERRUPT) as engine:
        stop = engine.run(Goal(until=10**9))
        assert stop.reason is StopReason.FAULT
        assert stop.detail["lockup"]
        assert stop.detail["exception"] == "HardFault"
        assert stop.detail["hfsr"] & 2, "VECTTBL"
        assert stop.now < ROM_TIME + 10_000_000


@pytest.mark.parametrize("goal", ["until", "quiet"])
def test_a_goal_that_is_met_at_the_same_instant_hides_no_fault(
    running: Running, goal: str
) -> None:
    with running(BUS_FAULT) as engine:
        fault = engine.run(Goal(until=10**9))
        assert fault.reason is StopReason.FAULT
    with running(BUS_FAULT) as engine:
        stop = engine.run(Goal(console="console", **{goal: fault.now}))
        assert (stop.reason, stop.now) == (StopReason.FAULT, fault.now)


def test_a_fault_is_found_in_short_runs_too(running: Running) -> None:
    with running(BUS_FAULT) as engine:
        reasons = []
        while engine.now < 30_000_000 and StopReason.FAULT not in reasons:
            reasons.append(engine.run(Goal(until=engine.now + 700_000)).reason)
        assert reasons[-1] is StopReason.FAULT


@pytest.mark.essential
@LOCK_UPS
def test_a_lock_up_is_reported_and_can_still_be_looked_at(
    running: Running, program: Program
) -> None:
    with running(program) as engine:
        stop = engine.run(Goal(until=10**9))
        assert stop.reason is StopReason.FAULT
        assert stop.detail["lockup"]
        assert stop.now < ROM_TIME + 1_000
        assert engine.call("timer", "seen") == (0, [])
        assert word(engine.read_memory(RAM, 4)) == RAM + 0x1000


@pytest.mark.needs("event register")
def test_a_fault_is_found_when_it_would_be_where_its_handler_sleeps(running: Running) -> None:
    """Each 4 us an alarm ends its WFE; the looks at the core come in between."""
    with running(SLEEPING_HANDLER) as engine:
        stop = engine.run(Goal(until=10**9))
        assert (stop.reason, stop.now) == (StopReason.FAULT, ROM_TIME + LOOKS * PERIOD)


@LOCK_UPS
def test_after_a_lock_up_a_reset_helps_or_is_refused(
    running: Running, candidate: Candidate, program: Program
) -> None:
    with running(program) as engine:
        engine.run(Goal(until=10**9))
        if "life after lock-up" in candidate.lacks:
            actions = lambda: engine.run(Goal()), lambda: engine.reset(power=True), engine.snapshot
            for action in actions:
                with pytest.raises(CoreStopped, match="locked up"):
                    action()
            assert engine.registers()["pc"]
        else:
            engine.reset(power=False)
            assert engine.run(Goal(until=engine.now + 10**9)).detail["lockup"]


# -- resets --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "cause"), [(MODEL_RESET, "watchdog"), (SYSRESET, "SYSRESETREQ")]
)
def test_a_reset_ends_the_access_that_asked_for_it(
    running: Running, program: Program, cause: str
) -> None:
    """The instruction after the one that resets is not executed; the ROM runs again."""
    with running(program) as engine:
        stop = engine.run(Goal(until=10**8, stop_on_reset=True))
        assert (stop.reason, stop.detail["cause"]) == (StopReason.RESET, "power-on")
        first = engine.run(Goal(until=10**8, stop_on_reset=True))
        assert (first.reason, first.detail["cause"]) == (StopReason.RESET, cause)
        assert ROM_TIME < first.now < ROM_TIME + 200
        assert engine.call("timer", "seen")[1] == [], "a reset has forgotten the first mark"
        again = engine.run(Goal(until=10**8, stop_on_reset=True))
        assert again.now - first.now == first.now - stop.now


@pytest.mark.parametrize("power", [True, False])
def test_the_reset_pin_and_the_power_switch(running: Running, power: bool) -> None:
    """RAM forgets without power, a memory that was given contents does not."""
    with running(COUNT, chips={"mram": bytes(8)}) as engine:
        for _ in range(2):
            engine.run(Goal(until=engine.now + 10_000))
            engine.reset(power=power)
        engine.run(Goal(until=engine.now + 10_000))
        assert word(engine.read_memory(0x2800_0000, 4)) == 3
        assert word(engine.read_memory(0x2000_0800, 4)) == (1 if power else 3)


def test_contents_fill_a_memory_and_the_rest_is_erased(running: Running) -> None:
    with running(WAIT, chips={"mram": b"abc"}) as engine:
        assert engine.read_memory(0x2800_0000, 8) == b"abc\xff\xff\xff\xff\xff"
    with running(WAIT) as engine:
        assert engine.read_memory(0x2800_0000, 8) == bytes(8)


def test_a_line_that_knows_no_resets_is_high_after_one(running: Running) -> None:
    """The interrupt controller was reset, what drives it was not."""
    with running(PRESSED) as engine:
        engine.call("button", "press", True)
        engine.run(Goal(until=ROM_TIME + 1_000))
        first = len(engine.call("timer", "seen")[1])
        engine.reset(power=False)
        engine.run(Goal(until=engine.now + ROM_TIME + 1_000))
        assert first > 1
        assert len(engine.call("timer", "seen")[1]) > 1
        engine.call("button", "press", False)
        now = len(engine.call("timer", "seen")[1])
        engine.run(Goal(until=engine.now + 10_000))
        assert len(engine.call("timer", "seen")[1]) <= now + 1


# -- power and boot ------------------------------------------------------------------------------


def test_a_board_that_switches_itself_off_stays_off(running: Running) -> None:
    with running(OFF) as engine:
        stop = engine.run(Goal(until=10**6))
        assert stop.reason is StopReason.POWERED_OFF
        assert stop.detail["why"] == "OFF was written"
        assert stop.now < ROM_TIME + 100
        assert engine.run(Goal(until=10**6)).reason is StopReason.DEADLINE
        assert engine.call("timer", "seen") == (0, []), "nothing was executed after it"
        engine.reset(power=True)
        assert engine.run(Goal(until=10**7)).reason is StopReason.POWERED_OFF


def test_a_board_wakes_up_by_its_alarm(running: Running) -> None:
    with running(SLEEPS_100_US) as engine:
        engine.run(Goal(until=10**6, stop_on_reset=True))
        woken = []
        for _ in range(3):
            stop = engine.run(Goal(until=10**6, stop_on_reset=True))
            assert stop.reason is StopReason.RESET
            assert stop.detail["cause"] == "wake-up from power-off"
            woken.append(stop.now)
        assert woken[2] - woken[1] == woken[1] - woken[0]
        assert ROM_TIME + 100_000 <= woken[0] < ROM_TIME + 100_100


def test_a_reset_before_the_alarm_is_not_followed_by_another(running: Running) -> None:
    with running(SLEEPS_ONCE, chips={"mram": bytes(4)}) as engine:
        assert engine.run(Goal(until=50_000)).reason is StopReason.DEADLINE
        engine.reset(power=False)
        engine.run(Goal(until=60_000))
        stop = engine.run(Goal(until=300_000, stop_on_reset=True))
        assert stop.reason is StopReason.DEADLINE
        assert word(engine.read_memory(0x2800_0000, 4)) == 2


def test_a_rom_that_finds_nothing_says_so(running: Running) -> None:
    with running(None) as engine:
        stop = engine.run(Goal(until=10**8))
        assert stop.reason is StopReason.BOOT_FAILED
        assert stop.detail["why"] == "the ROM holds no program"
        engine.reset(power=False)
        assert engine.run(Goal(until=10**8)).reason is StopReason.BOOT_FAILED


@pytest.mark.essential
def test_the_rom_takes_its_time(running: Running) -> None:
    """While it works, time passes, and the core executes nothing."""
    with running(WAIT) as engine:
        stop = engine.run(Goal(until=ROM_TIME - 2))
        assert (stop.reason, stop.now) == (StopReason.DEADLINE, ROM_TIME - 2)
        engine.run(Goal(until=ROM_TIME + 100))
        assert CODE <= engine.registers()["pc"] < RAM + 0x200
