"""The console of unmodified firmware, as a person and as `exec` meet it."""

from __future__ import annotations

from pathlib import Path

import pytest
from images import Image

from xipsim import Machine, ReplError, UserError, WaitTimeout
from xipsim.firmware import boards
from xipsim.firmware.littlefs import read_files

BANNER = "MicroPython v1."


def is_old(image: Image) -> bool:
    """Firmware that drops what it prints before DTR, and starts USB before boot.py."""
    return image.name.endswith("v1.18")


# -- the prompt ------------------------------------------------------------------------------------


def test_the_prompt_comes_by_itself_or_after_one_carriage_return(
    t41: Machine, teensy41: Image
) -> None:
    """v1.18 prints its banner before DTR and drops it: one carriage return brings the prompt."""
    t41.reset()
    printed = t41.console.expect(">>> ")
    if is_old(teensy41):
        assert printed == "\r\n>>> "
    else:
        assert printed.startswith(BANNER)
    t41.run_for("300ms")
    assert t41.console.read() == "", "nothing else is typed"
    assert t41.report()["interruptions"] == []


def test_the_first_prompt_finds_the_file_system_mounted(teensy41: Image, qemu: Path | None) -> None:
    """On a blank chip _boot.py formats first (virtual tenths of a second): nothing interrupts."""
    with Machine(teensy41.board, firmware=teensy41.require(), qemu=qemu) as m:
        assert m.exec("import os; print(os.getcwd(), os.listdir('/flash'))").startswith("/flash [")
        assert m.report()["interruptions"] == []


def test_the_banner_comes_after_a_soft_reset(t41: Machine) -> None:
    t41.console.write(b"\x04")
    printed = t41.console.expect(">>> ")
    assert printed.startswith("\r\nMPY: soft reboot\r\n") or "soft reboot\r\n" in printed
    assert BANNER in printed
    assert t41.exec("print(1)") == "1\n"


def test_the_repl_echoes_and_goes_on_after_an_exception(t41: Machine) -> None:
    t41.console.write("1 / 0\r")
    printed = t41.console.expect(">>> ")
    assert printed.startswith("1 / 0\r\nTraceback (most recent call last):\r\n")
    assert "ZeroDivisionError" in printed
    t41.console.write("x = [\r1,\r2]\r\rprint(x)\r")
    assert "[1, 2]\r\n>>> " in t41.console.expect("[1, 2]\r\n>>> ")


def test_ctrl_c_ends_a_loop_at_the_repl(t41: Machine) -> None:
    t41.console.write("while True: pass\r\r\r")
    t41.run_for("50ms")
    t41.console.write(b"\x03")
    assert "KeyboardInterrupt" in t41.console.expect(">>> ")


# -- programs that keep the prompt away ------------------------------------------------------------


def with_file(image: Image, qemu: Path | None, name: str, text: str) -> Machine:
    return Machine(image.board, firmware=image.require(), qemu=qemu, put={name: text})


def test_a_silent_main_py_is_interrupted(teensy41: Image, qemu: Path | None) -> None:
    with with_file(teensy41, qemu, "main.py", "while True: pass\n") as m:
        assert m.exec("print('mine')") == "mine\n"
        assert [i["why"] for i in m.report()["interruptions"]] == ["silence"]
        assert m.exec("import os; print('main.py' in os.listdir('/flash'))") == "True\n"


def test_a_main_py_that_prints_for_ever_is_interrupted(teensy41: Image, qemu: Path | None) -> None:
    text = "import time\nwhile True:\n  print('x'); time.sleep_ms(20)\n"
    with with_file(teensy41, qemu, "main.py", text) as m:
        assert m.exec("print('mine')") == "mine\n"
        assert [i["why"] for i in m.report()["interruptions"]] == ["output without a prompt"]


def test_a_main_py_that_ends_is_left_alone(teensy41: Image, qemu: Path | None) -> None:
    """Busy for 1.5 s, with a sign of life every 0.3 s: that is not silence."""
    text = "import time\nfor i in range(5):\n  time.sleep_ms(300); print('n', i)\n"
    with with_file(teensy41, qemu, "main.py", text) as m:
        assert m.exec("print('mine')") == "mine\n"
        assert m.report()["interruptions"] == []
        assert b"n 4\r\n" in m.console.transcript


def test_a_main_py_that_works_on_its_files_is_left_alone(
    teensy41: Image, qemu: Path | None
) -> None:
    """Silent for more than 500 ms, but the flash is at work: not interrupted."""
    text = "for i in range(6):\n  f = open('f%d' % i, 'w'); f.write('x' * 5000); f.close()\n"
    with with_file(teensy41, qemu, "main.py", text) as m:
        start = m.flash.stats.busy_time
        assert m.exec("print(len(open('/flash/f5').read()))") == "5000\n"
        assert m.flash.stats.busy_time - start > 500_000_000
        assert m.report()["interruptions"] == []


def test_a_boot_py_that_never_ends_is_reported_as_what_it_is(
    teensy41: Image, qemu: Path | None
) -> None:
    """v1.18 has USB by then and is interrupted; later firmware has no USB yet: no Ctrl-C helps."""
    with with_file(teensy41, qemu, "boot.py", "while True: pass\n") as m:
        if is_old(teensy41):
            assert m.exec("print('mine')") == "mine\n"
            return
        with pytest.raises(WaitTimeout, match=r"boot\.py in its file system may never end"):
            m.exec("print('mine')", timeout="3s")
        with pytest.raises(WaitTimeout, match="The firmware has not brought up pc"):
            m.console.expect(">>> ", timeout="10ms")


def test_a_boot_py_without_end_after_usb_is_up(teensy41: Image, qemu: Path | None) -> None:
    """Whatever has been tried, the chip can still be read, and says who did it."""
    with with_file(teensy41, qemu, "boot.py", "while True: pass\n") as m:
        m.run_for("500ms")
        files = read_files(m.flash.read(), boards.load(teensy41.board).filesystem)
        assert files["/boot.py"] == b"while True: pass\n"


# -- exec ------------------------------------------------------------------------------------------


def test_a_script_of_200_kb_that_the_heap_can_hold(t41: Machine) -> None:
    """Raw-paste takes it at the pace at which the firmware reads; comments leave the heap alone."""
    line = "# " + "x" * 97 + "\n"
    script = "a = 1\n" + line * 2048 + "print(a + 1)\n"
    assert len(script) > 200_000
    assert t41.exec(script) == "2\n"


def test_a_long_script_of_statements(m: Machine) -> None:
    """Every statement counts: none is lost or comes twice."""
    script = "t = 0\n" + "".join(f"t += {i}\n" for i in range(800)) + "print(t)\n"
    assert m.exec(script) == f"{sum(range(800))}\n"


def test_a_script_that_the_heap_cannot_hold_is_a_memory_error(t41: Machine) -> None:
    t41.exec("import gc; gc.collect(); kept = bytearray(gc.mem_free() - 150_000)")
    with pytest.raises(ReplError) as caught:
        t41.exec("x = '" + "y" * 200_000 + "'\n")
    assert caught.value.type_name == "MemoryError"
    assert t41.exec("print('well')") == "well\n"


def test_what_a_script_printed_before_it_raised(t41: Machine) -> None:
    with pytest.raises(ReplError) as caught:
        t41.exec("print('before')\ndef f():\n  raise ValueError('bad thing')\nf()")
    error = caught.value
    assert (error.output, error.type_name) == ("before\n", "ValueError")
    assert 'File "<stdin>", line 3, in f' in error.traceback
    assert error.traceback.endswith("ValueError: bad thing")


def test_a_syntax_error(t41: Machine) -> None:
    with pytest.raises(ReplError) as caught:
        t41.exec("if:\n")
    assert caught.value.type_name == "SyntaxError"


@pytest.mark.parametrize("end", ["import sys; sys.exit()", "raise SystemExit(3)"])
def test_an_exit_ends_the_script(t41: Machine, teensy41: Image, end: str) -> None:
    """And resets the interpreter, as soft_reset does; v1.18 goes on with the same one."""
    assert t41.exec(f"x = 5\nprint('out')\n{end}\nprint('never')") == "out\n"
    names = t41.exec("print('x' in globals())")
    assert names == ("True\n" if is_old(teensy41) else "False\n")


def test_machine_soft_reset_ends_the_script(t41: Machine) -> None:
    assert t41.exec("import machine; print('a'); machine.soft_reset()") == "a\n"
    assert t41.exec("print(machine) if 'machine' in globals() else print('fresh')") == "fresh\n"


def test_machine_reset_ends_the_script_and_boots_again(t41: Machine) -> None:
    """What was printed a millisecond before reaches the PC."""
    script = "import machine, time; print('a'); time.sleep_ms(2); machine.reset()"
    assert t41.exec(script) == "a\n"
    assert t41.exec("import machine; print(machine.reset_cause())") == "5\n"
    assert [r["cause"] for r in t41.report()["resets"]] == ["watchdog, asked for by software"] or (
        len(t41.report()["resets"]) == 1
    )


def test_ctrl_d_while_a_script_runs_stays_unread(t41: Machine) -> None:
    """It is typed ahead; the REPL takes it once the script has ended."""
    with pytest.raises(WaitTimeout):
        t41.exec("import time\nprint('up')\ntime.sleep(1)", timeout="200ms")
    t41.console.write(b"\x04")
    assert t41.exec("print('again')") == "again\n"


def test_control_characters_are_refused_before_anything_is_typed(t41: Machine) -> None:
    now = t41.now
    with pytest.raises(UserError, match=r"line 2 .* control character 04h"):
        t41.exec("a = 1\nb = '\x04'\n")
    assert t41.now == now


def test_a_script_that_never_ends_times_out_with_its_output(t41: Machine) -> None:
    with pytest.raises(WaitTimeout) as caught:
        t41.exec("print('begun')\nwhile True: pass", timeout="300ms")
    error = caught.value
    assert error.output == "begun\n"
    assert "300 ms of virtual time for the script to end" in str(error)
    assert error.situation.pc is not None
    assert t41.exec("print('next')") == "next\n"


@pytest.mark.parametrize("call", ["input('name? ')", "__import__('sys').stdin.read(1)"])
def test_a_script_that_waits_for_input_times_out(t41: Machine, call: str) -> None:
    with pytest.raises(WaitTimeout, match="the script to end"):
        t41.exec(call, timeout="300ms")
    assert t41.exec("print('next')") == "next\n"


def test_a_prompt_printed_by_a_script_is_not_the_prompt(t41: Machine) -> None:
    text = "print('>>> ', end=''); import time; time.sleep_ms(700); print('OK\\x04')"
    assert t41.exec(text) == ">>> OK\x04\n"
    assert t41.exec("print('next')") == "next\n"


def test_text_is_utf_8(t41: Machine) -> None:
    assert t41.exec("print('grüße, 世界, 🙂')") == "grüße, 世界, 🙂\n"
    pieces: list[str] = []
    t41.exec("for c in 'ü世🙂': print(c)", output=pieces.append)
    assert "".join(pieces) == "ü\n世\n🙂\n"


def test_every_byte_value_comes_as_it_is(t41: Machine) -> None:
    """Through the console itself; micropython.kbd_intr and cooked output are the firmware's."""
    t41.console.write("import sys; b = sys.stdout.buffer.write(bytes(range(256))); print(b)\r")
    t41.console.expect("print(b)\r\n")
    data = t41.console.expect_bytes("256\r\n>>> ")
    assert data == bytes(range(256)) + b"256\r\n>>> "


def test_bytes_that_are_no_text(t41: Machine) -> None:
    """expect() gives U+FFFD, and waits for the second half of a character cut in two."""
    t41.console.write("import sys; n = sys.stdout.buffer.write(b'<\\xff\\xc3'); print('|')\r")
    t41.console.expect("print('|')\r\n")
    assert t41.console.expect("<") == "<"
    assert t41.console.expect("|") == "\ufffd\ufffd|"


def test_output_is_handed_on_as_it_comes(t41: Machine) -> None:
    seen: list[tuple[str, int]] = []
    script = "import time\nfor i in range(3):\n  print(i); time.sleep_ms(50)\n"
    t41.exec(script, output=lambda text: seen.append((text, len(seen))))
    assert [text for text, _ in seen] == ["0\n", "1\n", "2\n"]


def test_a_throttled_terminal_holds_the_firmware_back(t41: Machine) -> None:
    """The PC takes nothing: what comes is bounded by buffers, and nothing of it is lost later."""
    t41.console.write("for i in range(2000): print('line', i)\r\r")
    t41.console.expect("line 5\r\n")
    t41.console.throttle(True)
    before = len(t41.console.transcript)
    t41.run_for("100ms")
    held = len(t41.console.transcript) - before
    assert held <= 1024
    t41.console.throttle(False)
    rest = t41.console.expect("line 1999\r\n", timeout="10s")
    numbers = [int(line.split()[1]) for line in rest.splitlines() if line.startswith("line ")]
    assert numbers == list(range(6, 2000))


# -- other consoles --------------------------------------------------------------------------------


def test_a_uart_is_a_console_of_its_own(t41: Machine) -> None:
    """UART(1) of the Teensys is LPUART6 (pins 0 and 1); what is typed there is read here."""
    t41.exec("from machine import UART; u = UART(1, 115200, timeout=50); n = u.write('over here')")
    uart = t41.consoles["lpuart6"]
    assert uart.expect("here", timeout="1s") == "over here"
    uart.write("and back")
    assert t41.exec("print(u.read(8))") == "b'and back'\n"


def test_a_uart_takes_its_time(t41: Machine) -> None:
    """240 bytes of ten bits at 9600 baud are 250 ms."""
    t41.exec("from machine import UART; u = UART(1, 9600)")
    start = t41.now
    t41.exec("n = u.write(bytes(240))")
    t41.consoles["lpuart6"].expect_bytes(bytes(240), timeout="2s")
    assert 0.240e9 < t41.now - start < 0.275e9


def test_the_first_console_may_be_chosen(teensy41: Image, qemu: Path | None) -> None:
    with Machine(teensy41.board, firmware=teensy41.require(), qemu=qemu, console="lpuart6") as m:
        assert m.console.name == "lpuart6"
        with pytest.raises(WaitTimeout, match="on console lpuart6"):
            m.console.expect(">>> ", timeout="200ms")
