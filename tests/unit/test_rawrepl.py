"""Scripts at the REPL: the protocol, its flow control, and everything that can happen in one."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_engine import BANNER, MS, OPENED, Script
from hypothesis import given
from hypothesis import strategies as st
from machines import make_machine

from xipsim import BoardReset, ReplError, UserError, WaitTimeout
from xipsim.repl.output import Output, type_name

TRACEBACK = (
    b"Traceback (most recent call last):\r\n"
    b'  File "<stdin>", line 1, in <module>\r\n'
    b"OSError: [Errno 5] EIO\r\n"
)


def test_exec_returns_what_the_script_printed(tmp_path: Path) -> None:
    machine, engine, repl = make_machine(tmp_path)
    repl.scripts[b"print(42)"] = Script(b"42\r\nmore\r\n")
    assert machine.exec("print(42)") == "42\nmore\n"
    assert repl.mode == "friendly"
    assert machine.console.read() == ""
    assert b"".join(data for _, data in engine.typed) == b"\x01\x05A\x01print(42)\x04\x02"


def test_a_second_exec_begins_at_once(tmp_path: Path) -> None:
    """The prompt after the first one is known; nothing is waited for, nothing typed."""
    machine, engine, _ = make_machine(tmp_path)
    machine.exec("a")
    machine.console.read()
    before, typed = machine.now, len(engine.typed)
    assert machine.exec("bb") == "2\n"
    assert machine.now - before < MS
    assert engine.typed[typed][1] == b"\x01"


def test_exec_after_expect_has_consumed_the_prompt(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    machine.console.expect(">>> ")
    assert machine.exec("a") == "1\n"
    assert b"\x03" not in b"".join(data for _, data in engine.typed)


def test_exec_waits_for_the_prompt_after_what_was_typed(tmp_path: Path) -> None:
    """A prompt from before the typing says nothing."""
    machine, engine, _ = make_machine(tmp_path)
    machine.console.expect(">>> ")
    machine.console.write("\r")
    assert machine.exec("a") == "1\n"
    assert b"\x03" not in b"".join(data for _, data in engine.typed)


def test_an_exception_is_an_exception(tmp_path: Path) -> None:
    machine, _, repl = make_machine(tmp_path)
    repl.scripts[b"boom"] = Script(b"before\r\n", TRACEBACK)
    with pytest.raises(ReplError) as caught:
        machine.exec("boom")
    error = caught.value
    assert (error.type_name, error.output, error.exit_code) == ("OSError", "before\n", 1)
    assert error.traceback == TRACEBACK.decode().replace("\r\n", "\n").rstrip()
    assert machine.exec("a") == "1\n"


@pytest.mark.parametrize("size", [1, 4_000, 5_000, 20_000])
def test_an_exception_of_any_length_arrives_whole(tmp_path: Path, size: int) -> None:
    machine, engine, repl = make_machine(tmp_path)

    def print_in_packets(data: bytes) -> None:
        for start in range(0, len(data), 64):
            engine.print(data[start : start + 64])

    repl.out = print_in_packets
    repl.scripts[b"long"] = Script(b"before", b"E" * size + b": x\r\n")
    with pytest.raises(ReplError) as caught:
        machine.exec("long")
    assert (caught.value.traceback, caught.value.output) == ("E" * size + ": x", "before")
    assert machine.exec("a") == "1\n"


def test_output_is_streamed_as_text(tmp_path: Path) -> None:
    machine, _, repl = make_machine(tmp_path)
    repl.scripts[b"x"] = Script("a\r\nü\r\n".encode())
    pieces: list[str] = []
    assert machine.exec("x", output=pieces.append) == "a\nü\n"
    assert "".join(pieces) == "a\nü\n"


@pytest.mark.parametrize("output", [b"\x04", b"a\x04", b"a\x04b", b"\x04\x04", b"a\x04Mb\x04M"])
def test_04h_in_the_output_is_output(tmp_path: Path, output: bytes) -> None:
    machine, _, repl = make_machine(tmp_path)
    repl.scripts[b"x"] = Script(output)
    pieces: list[str] = []
    assert machine.exec("x", output=pieces.append) == output.decode() == "".join(pieces)


@pytest.mark.parametrize("window", [1, 32, 128])
def test_a_long_script_keeps_to_the_window(tmp_path: Path, window: int) -> None:
    """The fake firmware asserts that it never gets more than it has room for."""
    machine, _, _ = make_machine(tmp_path, window=window)
    assert machine.exec("#" * 20_000) == "20000\n"


@pytest.mark.parametrize("size", [255, 256, 257, 200_000])
def test_scripts_of_any_length_arrive_whole(tmp_path: Path, size: int) -> None:
    """Also where 01h comes after the last byte was sent."""
    machine, _, _ = make_machine(tmp_path)
    assert machine.exec("#" * size) == f"{size}\n"


@pytest.mark.parametrize("heap", [10, 128, 999, 1000])
def test_a_script_that_the_heap_cannot_hold_is_a_memory_error(tmp_path: Path, heap: int) -> None:
    """The firmware ends the transfer early, or just as the last byte was sent."""
    machine, _, repl = make_machine(tmp_path)
    repl.heap = heap
    with pytest.raises(ReplError) as caught:
        machine.exec("#" * 1001)
    assert caught.value.type_name == "MemoryError"
    assert machine.exec("a") == "1\n"


@pytest.mark.parametrize("paste", ["no", "old"])
def test_firmware_without_raw_paste(tmp_path: Path, paste: str) -> None:
    machine, _, repl = make_machine(tmp_path, paste=paste)
    repl.scripts[b"boom"] = Script(b"", TRACEBACK)
    assert machine.exec("#" * 1000) == "1000\n"
    assert machine.exec("") == "1\n"  # a line feed: an empty script would be a soft reset
    with pytest.raises(ReplError):
        machine.exec("boom")


def test_sys_exit_gives_the_output_and_a_prompt(tmp_path: Path) -> None:
    machine, _, repl = make_machine(tmp_path)
    repl.scripts[b"bye"] = Script(b"bye\r\n", then="exit")
    assert machine.exec("bye") == "bye\n"
    assert repl.mode == "friendly"
    assert machine.exec("a") == "1\n"


def test_a_reset_that_the_script_asked_for(tmp_path: Path) -> None:
    machine, _, repl = make_machine(tmp_path)
    cause = "software reset through the watchdog"
    repl.scripts[b"reset"] = Script(b"now\r\n", then=f"reset {cause}")
    assert machine.exec("reset") == "now\n"
    assert [reset["cause"] for reset in machine.report()["resets"]] == [cause]
    assert machine.exec("a") == "1\n"


def test_a_reset_by_gdb_lets_the_script_run_anew(tmp_path: Path) -> None:
    """Its breakpoints are met again; without gdb nobody but the script can have wanted it."""
    machine, engine, repl = make_machine(tmp_path, gdb=3333)
    repl.scripts[b"calls"] = Script(b"half\r\n", then="reset reset pin")
    engine.on_reset, boot = lambda: (repl.scripts.clear(), boot()), engine.on_reset
    assert machine.exec("calls") == "5\n"
    assert [reset["cause"] for reset in machine.report()["resets"]] == ["reset pin"]
    machine, _, repl = make_machine(tmp_path)
    repl.scripts[b"calls"] = Script(b"half\r\n", then="reset reset pin")
    assert machine.exec("calls") == "half\n"


def test_a_watchdog_that_resets_under_a_script(tmp_path: Path) -> None:
    machine, _, repl = make_machine(tmp_path)
    repl.scripts[b"slow"] = Script(b"now\r\n", then="reset watchdog")
    with pytest.raises(BoardReset, match="watchdog") as caught:
        machine.exec("slow")
    assert (caught.value.output, caught.value.exit_code) == ("now\n", 3)
    assert machine.exec("a") == "1\n"


def test_a_script_that_never_ends(tmp_path: Path) -> None:
    """The wait runs out with the output so far; the next exec interrupts what still runs."""
    machine, _, repl = make_machine(tmp_path)
    repl.scripts[b"loop"] = Script(b"on and on", then="hang")
    with pytest.raises(WaitTimeout, match="2 s of virtual time for the script to end") as caught:
        machine.exec("loop", timeout="2s")
    assert caught.value.output == "on and on"
    assert machine.exec("a") == "1\n"


def test_a_silent_main_is_interrupted_after_500_ms(tmp_path: Path) -> None:
    machine, engine, repl = make_machine(tmp_path)
    repl.main = lambda: setattr(repl, "mode", "busy")
    assert machine.exec("a") == "1\n"
    times = {data: time for time, data in engine.typed}
    assert times[b"\x03"] == OPENED + 500 * MS
    assert machine.report()["interruptions"] == [{"time": OPENED + 500 * MS, "why": "silence"}]


def test_a_talking_main_is_interrupted_after_2_s(tmp_path: Path) -> None:
    machine, engine, repl = make_machine(tmp_path)

    def talk() -> None:
        if repl.mode != "friendly":
            repl.mode = "busy"
            engine.print(b"spam\r\n")
            engine.at(engine.time + 10 * MS, talk)

    repl.main = talk
    assert machine.exec("a") == "1\n"
    first = next(time for time, data in engine.typed if data == b"\x03")
    assert 2000 * MS <= first <= 2200 * MS


def test_a_busy_flash_is_not_interrupted(tmp_path: Path) -> None:
    """_boot.py formats for a second without a word: no Ctrl-C before it is done."""
    machine, engine, repl = make_machine(tmp_path)
    engine.nor.operation = {"name": "chip erase", "address": 0, "length": 0, "start": 0}

    def formatted() -> None:
        engine.nor.operation = None
        repl.prompt()

    repl.main = lambda: engine.at(1000 * MS, formatted)
    assert machine.exec("a") == "1\n"
    assert b"\x03" not in b"".join(data for _, data in engine.typed)


def test_a_program_that_swallows_ctrl_c(tmp_path: Path) -> None:
    machine, engine, repl = make_machine(tmp_path)
    repl.main = lambda: setattr(repl, "mode", "off")
    with pytest.raises(WaitTimeout, match=r"prompt on console pc \(Ctrl-C was typed 4 times\)"):
        machine.exec("a", timeout="2200ms")
    typed = [data for _, data in engine.typed if data != b"\r"]
    assert typed == [b"\x03", b"\x03\x02"] * 2


def test_a_boot_that_never_ends_is_told_by_its_file(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path, put={"boot.py": "while True: pass"})
    engine.events.clear()  # USB comes up after boot.py
    with pytest.raises(WaitTimeout, match=r"not brought up pc.*boot\.py in its file system"):
        machine.exec("a", timeout="1s")
    assert engine.typed == []


@pytest.mark.parametrize("code", ["a\n\x04", b"\x03", "x = '\x01'"])
def test_control_characters_are_refused(tmp_path: Path, code: str | bytes) -> None:
    machine, engine, _ = make_machine(tmp_path)
    with pytest.raises(UserError, match="control character"):
        machine.exec(code)
    assert engine.typed == []


def test_ctrl_d_at_the_prompt_is_typed_not_executed(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    machine.console.expect(BANNER)
    machine.console.write("\x04")
    machine.run_for("1ms")
    assert engine.typed[-1][1] == b"\x04"


@pytest.mark.parametrize(
    ("traceback", "name"),
    [
        (TRACEBACK.decode(), "OSError"),
        ("MemoryError: memory allocation failed, allocating 8 bytes\n", "MemoryError"),
        (
            'Traceback (most recent call last):\n  File "x", line 1\nSyntaxError: bad\n',
            "SyntaxError",
        ),
        ('  File "x", line 1, in f\n  File "y", line 2, in g\nE: two\nlines: here\n', "E"),
        (
            'Traceback (most recent call last):\n  File "x", line 1\nKeyboardInterrupt: \n',
            "KeyboardInterrupt",
        ),
        ("StopIteration\n", "StopIteration"),
        ("", ""),
    ],
)
def test_the_exceptions_name(traceback: str, name: str) -> None:
    assert type_name(traceback) == name


@given(st.text(alphabet="a\r\nü€😀\x04"), st.integers(1, 5))
def test_text_does_not_depend_on_how_it_was_cut(text: str, size: int) -> None:
    data = text.encode()
    output = Output()
    for start in range(0, len(data), size):
        output.feed(data[start : start + size])
    output.finish()
    assert output.text == text.replace("\r\n", "\n")


# -- firmware that does not start USB ------------------------------------------------------------


def test_a_console_that_does_not_open_is_not_waited_for_to_the_end(tmp_path: Path) -> None:
    """As where boot.py does not end: after 10 s, and it says that a time-out waits longer."""
    machine, engine, _ = make_machine(tmp_path)
    engine.events.clear()
    with pytest.raises(WaitTimeout, match=r"Waited 10 s .* console pc to open \(a time-out") as e:
        machine.exec("1")
    assert machine.now == 10_000 * MS
    assert "there is no console yet" in str(e.value)


def test_who_gives_a_timeout_waits_to_its_end(tmp_path: Path) -> None:
    machine, engine, python = make_machine(tmp_path)
    engine.events.clear()
    engine.at(20_000 * MS, lambda: (engine.open(), python.prompt()))
    with pytest.raises(WaitTimeout, match=r"Waited 15 s .* the REPL's prompt"):
        machine.exec("1", timeout="15s")
    assert machine.exec("12", timeout="15s") == "2\n"


def test_a_console_that_has_opened_may_take_its_time(tmp_path: Path) -> None:
    """A script that prints and prints before the prompt: only the 60 s end that."""
    machine, engine, python = make_machine(tmp_path)
    python.main = lambda: None
    engine.at(15_000 * MS, python.prompt)
    assert machine.exec("12") == "2\n"
