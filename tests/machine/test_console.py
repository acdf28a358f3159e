"""The console of unmodified firmware, as a person and as `exec` meet it."""

from __future__ import annotations

import pytest
from images import Image
from pool import Options

from xipsim import Machine, ReplError, UserError, WaitTimeout

BANNER = "MicroPython v1."


# -- the prompt ------------------------------------------------------------------------------------


def test_the_prompt_comes_by_itself_or_after_one_carriage_return(
    m: Machine, image: Image
) -> None:
    """Where the banner is printed before anybody listens, one carriage return brings the prompt."""
    m.reset()
    printed = m.console.expect(">>> ")
    assert printed.startswith(BANNER) if image.facts.greets else printed == "\r\n>>> "
    m.run_for("300ms")
    assert m.console.read() == "", "nothing else is typed"
    assert m.report()["interruptions"] == []


def test_the_first_prompt_finds_the_file_system_mounted(image: Image, engine: Options) -> None:
    """On a blank chip _boot.py formats first (virtual tenths of a second): nothing interrupts."""
    with Machine(image.board, firmware=image.require(), **engine) as m:
        assert m.exec("import os; print(os.getcwd(), os.listdir('/flash'))").startswith("/flash [")
        assert m.report()["interruptions"] == []


def test_the_banner_comes_after_a_soft_reset(m: Machine) -> None:
    m.console.write(b"\x04")
    printed = m.console.expect(">>> ")
    assert printed.startswith("\r\nMPY: soft reboot\r\n") or "soft reboot\r\n" in printed
    assert BANNER in printed
    assert m.exec("print(1)") == "1\n"


def test_the_repl_echoes_and_goes_on_after_an_exception(m: Machine) -> None:
    m.console.write("1 / 0\r")
    printed = m.console.expect(">>> ")
    assert printed.startswith("1 / 0\r\nTraceback (most recent call last):\r\n")
    assert "ZeroDivisionError" in printed
    m.console.write("x = [\r1,\r2]\r\rprint(x)\r")
    assert "[1, 2]\r\n>>> " in m.console.expect("[1, 2]\r\n>>> ")


def test_ctrl_c_ends_a_loop_at_the_repl(m: Machine) -> None:
    m.console.write("while True: pass\r\r\r")
    m.run_for("50ms")
    m.console.write(b"\x03")
    assert "KeyboardInterrupt" in m.console.expect(">>> ")


# -- programs that keep the prompt away ------------------------------------------------------------


def start_with(m: Machine, name: str, text: str) -> None:
    """Boot with that file."""
    m.exec(f"with open({name!r}, 'w') as file: file.write({text!r})")
    m.reset()


def test_a_silent_main_py_is_interrupted(m: Machine) -> None:
    start_with(m, "main.py", "while True: pass\n")
    assert m.exec("print('mine')") == "mine\n"
    assert [i["why"] for i in m.report()["interruptions"]] == ["silence"]
    assert m.exec("import os; print('main.py' in os.listdir('/flash'))") == "True\n"


def test_a_main_py_that_prints_for_ever_is_interrupted(m: Machine) -> None:
    start_with(m, "main.py", "import time\nwhile True:\n  print('x'); time.sleep_ms(20)\n")
    assert m.exec("print('mine')") == "mine\n"
    assert [i["why"] for i in m.report()["interruptions"]] == ["output without a prompt"]


def test_a_main_py_that_ends_is_left_alone(m: Machine) -> None:
    """Busy for 1.5 s, with a sign of life every 0.3 s: that is not silence."""
    text = "import time\nfor i in range(5):\n  print('n', i); time.sleep_ms(300)\n"
    start_with(m, "main.py", text)
    assert m.exec("print('mine')") == "mine\n"
    assert m.report()["interruptions"] == []
    assert b"n 4\r\n" in m.console.transcript


def test_a_main_py_that_works_on_its_files_is_left_alone(m: Machine) -> None:
    """Silent for more than 500 ms, but the flash is at work: not interrupted."""
    text = "for i in range(6):\n  f = open('f%d' % i, 'w'); f.write('x' * 5000); f.close()\n"
    start_with(m, "main.py", text)
    start = m.flash.stats.busy_time
    assert m.exec("print(len(open('/flash/f5').read()))") == "5000\n"
    assert m.flash.stats.busy_time - start > 500_000_000
    assert m.report()["interruptions"] == []


def test_a_boot_py_that_never_ends_is_reported_as_what_it_is(m: Machine, image: Image) -> None:
    """Where there is no console yet, no Ctrl-C helps. In any case the chip tells who did it."""
    start_with(m, "boot.py", "while True: pass\n")
    if image.facts.hears_in_boot_py:
        assert m.exec("print('mine')") == "mine\n"
    else:
        with pytest.raises(WaitTimeout, match=r"boot\.py in its file system may never end"):
            m.exec("print('mine')", timeout="3s")
        with pytest.raises(WaitTimeout, match=f"has not brought up {image.facts.console}"):
            m.console.expect(">>> ", timeout="10ms")
    volume = m.flash.read(image.facts.volume, image.facts.blocks * 4096)
    assert image.facts.read_volume(volume)["boot.py"] == b"while True: pass\n"


# -- exec ------------------------------------------------------------------------------------------


def test_a_script_of_200_kb_that_the_heap_can_hold(usb: Machine) -> None:
    """Raw-paste takes it at the pace at which the firmware reads; comments leave the heap alone."""
    line = "# " + "x" * 97 + "\n"
    script = "a = 1\n" + line * 2048 + "print(a + 1)\n"
    assert len(script) > 200_000
    assert usb.exec(script) == "2\n"


def test_a_long_script_of_statements(m: Machine) -> None:
    """Every statement counts: none is lost or comes twice."""
    script = "t = 0\n" + "".join(f"t += {i}\n" for i in range(800)) + "print(t)\n"
    assert m.exec(script) == f"{sum(range(800))}\n"


def test_a_script_that_the_heap_cannot_hold_is_a_memory_error(usb: Machine) -> None:
    usb.exec("import gc; gc.collect(); kept = bytearray(gc.mem_free() - 150_000)")
    with pytest.raises(ReplError) as caught:
        usb.exec("x = '" + "y" * 200_000 + "'\n")
    assert caught.value.type_name == "MemoryError"
    assert usb.exec("print('well')") == "well\n"


def test_what_a_script_printed_before_it_raised(m: Machine) -> None:
    with pytest.raises(ReplError) as caught:
        m.exec("print('before')\ndef f():\n  raise ValueError('bad thing')\nf()")
    error = caught.value
    assert (error.output, error.type_name) == ("before\n", "ValueError")
    assert 'File "<stdin>", line 3, in f' in error.traceback
    assert error.traceback.endswith("ValueError: bad thing")


def test_a_syntax_error(m: Machine) -> None:
    with pytest.raises(ReplError) as caught:
        m.exec("if:\n")
    assert caught.value.type_name == "SyntaxError"


@pytest.mark.parametrize("end", ["import sys; sys.exit()", "raise SystemExit(3)"])
def test_an_exit_ends_the_script(m: Machine, image: Image, end: str) -> None:
    """And resets the interpreter, as soft_reset does; old firmware goes on with the same one."""
    assert m.exec(f"x = 5\nprint('out')\n{end}\nprint('never')") == "out\n"
    assert m.exec("print('x' in globals())") == f"{not image.facts.exit_resets}\n"


def test_machine_soft_reset_ends_the_script(m: Machine) -> None:
    assert m.exec("import machine; print('a'); machine.soft_reset()") == "a\n"
    assert m.exec("print(machine) if 'machine' in globals() else print('fresh')") == "fresh\n"


def test_machine_reset_ends_the_script_and_boots_again(m: Machine, image: Image) -> None:
    """What was printed a millisecond before reaches the PC."""
    script = "import machine, time; print('a'); time.sleep_ms(2); machine.reset()"
    assert m.exec(script) == "a\n"
    cause = m.exec("import machine; print(machine.reset_cause())")
    assert cause == f"{image.facts.causes.software}\n"
    assert [r["cause"] for r in m.report()["resets"]] == [image.facts.reset_told]


def test_ctrl_d_while_a_script_runs_stays_unread(m: Machine) -> None:
    """It is typed ahead; the REPL takes it once the script has ended."""
    with pytest.raises(WaitTimeout):
        m.exec("import time\nprint('up')\ntime.sleep(1)", timeout="200ms")
    m.console.write(b"\x04")
    assert m.exec("print('again')") == "again\n"


def test_control_characters_are_refused_before_anything_is_typed(m: Machine) -> None:
    now = m.now
    with pytest.raises(UserError, match=r"line 2 .* control character 04h"):
        m.exec("a = 1\nb = '\x04'\n")
    assert m.now == now


def test_a_script_that_never_ends_times_out_with_its_output(m: Machine) -> None:
    with pytest.raises(WaitTimeout) as caught:
        m.exec("print('begun')\nwhile True: pass", timeout="300ms")
    error = caught.value
    assert error.output == "begun\n"
    assert "300 ms of virtual time for the script to end" in str(error)
    assert error.situation.pc is not None
    assert m.exec("print('next')") == "next\n"


@pytest.mark.parametrize("call", ["input('name? ')", "__import__('sys').stdin.read(1)"])
def test_a_script_that_waits_for_input_times_out(m: Machine, call: str) -> None:
    with pytest.raises(WaitTimeout, match="the script to end"):
        m.exec(call, timeout="300ms")
    assert m.exec("print('next')") == "next\n"


def test_a_prompt_printed_by_a_script_is_not_the_prompt(m: Machine) -> None:
    text = "print('>>> ', end=''); import time; time.sleep_ms(700); print('OK\\x04')"
    assert m.exec(text) == ">>> OK\x04\n"
    assert m.exec("print('next')") == "next\n"


def test_text_is_utf_8(m: Machine) -> None:
    assert m.exec("print('grüße, 世界, 🙂')") == "grüße, 世界, 🙂\n"
    pieces: list[str] = []
    m.exec("for c in 'ü世🙂': print(c)", output=pieces.append)
    assert "".join(pieces) == "ü\n世\n🙂\n"


def test_every_byte_value_comes_as_it_is(m: Machine) -> None:
    """Through the console itself; micropython.kbd_intr and cooked output are the firmware's."""
    m.console.write("import sys; b = sys.stdout.buffer.write(bytes(range(256))); print(b)\r")
    m.console.expect("print(b)\r\n")
    data = m.console.expect_bytes("256\r\n>>> ")
    assert data == bytes(range(256)) + b"256\r\n>>> "


def test_bytes_that_are_no_text(m: Machine) -> None:
    """expect() gives U+FFFD, and waits for the second half of a character cut in two."""
    m.console.write("import sys; n = sys.stdout.buffer.write(b'<\\xff\\xc3'); print('|')\r")
    m.console.expect("print('|')\r\n")
    assert m.console.expect("<") == "<"
    assert m.console.expect("|") == "\ufffd\ufffd|"


def test_output_is_handed_on_as_it_comes(m: Machine) -> None:
    """A line at a time, or less: a UART's bytes come one by one."""
    seen: list[str] = []
    script = "import time\nfor i in range(3):\n  print(i); time.sleep_ms(50)\n"
    assert m.exec(script, output=seen.append) == "".join(seen) == "0\n1\n2\n"
    assert max(map(len, seen)) <= len("0\n")


def test_a_throttled_terminal_holds_the_firmware_back(m: Machine) -> None:
    """The PC takes nothing: what comes is bounded by buffers, and nothing of it is lost later."""
    m.console.write("for i in range(1200): print('line', i)\r\r")
    m.console.expect("line 5\r\n")
    m.console.throttle(True)
    before = len(m.console.transcript)
    m.run_for("100ms")
    held = len(m.console.transcript) - before
    assert held <= 1024
    m.console.throttle(False)
    rest = m.console.expect("line 1199\r\n", timeout="10s")
    numbers = [int(line.split()[1]) for line in rest.splitlines() if line.startswith("line ")]
    assert numbers == list(range(6, 1200))


# -- other consoles --------------------------------------------------------------------------------


def test_a_uart_is_a_console_of_its_own(m: Machine, image: Image) -> None:
    """What is typed there is read by the script."""
    number, entry = image.facts.spare_uart
    script = f"u = UART({number}, 115200, timeout=50); n = u.write('over here')"
    m.exec(f"from machine import UART; {script}")
    uart = m.consoles[entry]
    assert uart.expect("here", timeout="1s") == "over here"
    uart.write("and back")
    assert m.exec("print(u.read(8))") == "b'and back'\n"


def test_a_uart_takes_its_time(m: Machine, image: Image) -> None:
    """240 bytes of ten bits at 9600 baud are 250 ms."""
    number, entry = image.facts.spare_uart
    m.exec(f"from machine import UART; u = UART({number}, 9600)")
    start = m.now
    m.exec("n = u.write(bytes(240))")
    m.consoles[entry].expect_bytes(bytes(240), timeout="2s")
    assert 0.240e9 < m.now - start < 0.275e9


def test_the_first_console_may_be_chosen(image: Image, engine: Options) -> None:
    entry = image.facts.spare_uart.entry
    with Machine(image.board, firmware=image.require(), **engine, console=entry) as m:
        assert m.console.name == entry
        with pytest.raises(WaitTimeout, match=f"on console {entry}"):
            m.console.expect(">>> ", timeout="200ms")
