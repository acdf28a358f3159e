"""The pytest plugin, run by pytest on small suites, in one process and in two."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from images import ALIF, RECENT, Image, parameters
from patience import HANGS

from xipsim.errors import UserError
from xipsim.firmware import catalogue
from xipsim.firmware.errors import FirmwareError

pytest_plugins = ["pytester"]

FIGURES = '''
import pytest

@pytest.mark.board("TEENSY41")
@pytest.mark.parametrize("n", range(20))
def test_figures(machine, n, record_property):
    """Changes memory, flash and time, by an amount of its own."""
    assert machine.exec("print('kept' in globals())") == "False\\n"
    machine.exec(f"kept = 1; open('x', 'w').write('x' * {n * 100}); print({n})")
    stats = machine.flash.stats
    record_property("figures", (machine.now, stats.operations, stats.bytes_programmed))
'''


@pytest.fixture(autouse=True)
def _image(pytester: pytest.Pytester) -> None:
    try:
        catalogue.find("TEENSY41")
    except (FirmwareError, UserError) as error:
        pytest.skip(str(error))


def run(pytester: pytest.Pytester, *arguments: str) -> Any:
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments, timeout=HANGS)


def figures(pytester: pytest.Pytester, *arguments: str) -> list[tuple[str, str]]:
    """What each test recorded, in the order of their names."""
    result = run(pytester, "--junitxml=report.xml", *arguments)
    result.assert_outcomes(passed=20)
    text = (pytester.path / "report.xml").read_text()
    found = re.findall(r'<testcase [^>]*name="(.*?)".*?name="figures" value="(.*?)"', text, re.S)
    return sorted(found)


def test_the_same_figures_in_any_order_and_process(pytester: pytest.Pytester) -> None:
    """To the nanosecond: in one process and in two."""
    pytester.makepyfile(FIGURES)
    alone = figures(pytester)
    assert len({value for _, value in alone}) > 10
    assert figures(pytester, "-n", "2") == alone


def test_the_example_in_the_documentation(pytester: pytest.Pytester) -> None:
    text = (Path(__file__).parents[2] / "docs" / "pytest.md").read_text()
    pytester.makepyfile(text.split("```python\n")[1].split("```")[0])
    run(pytester).assert_outcomes(passed=4)


def test_a_hundred_tests_cost_one_boot(pytester: pytest.Pytester) -> None:
    """Machines made are counted, by the engines started."""
    pytester.makeconftest(
        """
        from xipsim.engines.link import engine
        started = []
        original = engine.ChildEngine.build
        engine.ChildEngine.build = lambda *a, **k: (started.append(1), original(*a, **k))[1]
        def pytest_terminal_summary(terminalreporter):
            terminalreporter.write_line(f"boots: {len(started)}")
        """
    )
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.board("TEENSY41")
        @pytest.mark.parametrize("n", range(100))
        def test_sum(machine, n):
            assert machine.exec(f"print({n} + 1)") == f"{n + 1}\\n"
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=100)
    result.stdout.fnmatch_lines(["boots: 1"])


@pytest.mark.parametrize("image", parameters((RECENT, ALIF)))
def test_a_failure_shows_console_flash_and_command(
    pytester: pytest.Pytester, image: Image
) -> None:
    board, path, facts = image.board, image.require(), image.facts
    erase = f"{facts.flash}; Flash().ioctl(6, 200)"
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.board("{board}")
        def test_wrong(machine):
            machine.console.write("{erase}\\r")
            machine.run_for("20ms")
            assert machine.exec is None
        """
    )
    result = run(pytester, f"--xipsim-firmware={board}={path}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*xipsim console*",
            f"Console {facts.console}, last lines:",
            f"  >>> {erase}",
            "*xipsim flash*",
            f"Flash nor (*): busy with sector erase 4K at {facts.volume + 200 * 4096:#x} since *",
            "*repeat it with*",
            f"pytest --xipsim-firmware={board}={path} 'test_*.py::test_wrong[[]{board}[]]'",
        ]
    )


def test_a_test_may_end_its_machine(pytester: pytest.Pytester) -> None:
    """The next one gets another, and nobody who listened before is told anything."""
    pytester.makepyfile(
        """
        import os, signal
        import pytest

        pytestmark = pytest.mark.board("TEENSY41")
        heard = []

        def test_listens(machine):
            machine.trace(heard.append)
            machine.console.on_output(heard.append)
            machine.exec("print(1)")
            machine.exec("open('x', 'w').write('x')")
            assert heard
            heard.clear()

        def test_closes(machine):
            machine.close()

        def test_kills(machine):
            machine.exec("open('x', 'w').write('x')")
            assert not heard
            os.kill(machine._session.engine.pid, signal.SIGKILL)

        def test_goes_on(machine):
            assert machine.exec("import os; print(os.listdir())").count("x") == 0
        """
    )
    run(pytester).assert_outcomes(passed=4)


def test_every_board_of_the_marker_and_options(pytester: pytest.Pytester) -> None:
    """Options are those of Machine; machines that differ in them are not mixed up."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.board("TEENSY41", put={"hello.py": "WHO = 'there'"})
        def test_put(machine):
            assert machine.exec("import hello; print(hello.WHO)") == "there\\n"

        @pytest.mark.board("TEENSY41", strict=True)
        def test_other(machine):
            assert "hello" not in machine.exec("import os; print(os.listdir())")
        """
    )
    run(pytester).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("", "`machine` needs the marker @pytest.mark.board('TEENSY41')"),
        ("@pytest.mark.board('TENSY41')", "there is no board 'TENSY41'; did you mean TEENSY41?"),
        ("@pytest.mark.board('TEENSY41', flash='x')", "tests share a machine*cannot have flash*"),
        ("@pytest.mark.board('TEENSY41', sead=1)", "*no option 'sead'; did you mean seed?"),
        ("@pytest.mark.board('TEENSY41', firmware='x.hex')", "*x.hex*"),
    ],
)
def test_mistakes_in_the_marker(pytester: pytest.Pytester, marker: str, message: str) -> None:
    """An error of that test alone."""
    functions = "def test_it(machine): pass\ndef test_other(): pass"
    pytester.makepyfile(f"import pytest\n\n{marker}\n{functions}")
    result = run(pytester)
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines([f"*{message}"])


def test_a_prompt_that_never_comes_is_waited_for_once(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        MAIN = "import time\\nwhile True: time.sleep(1)"

        @pytest.mark.board("TEENSY41", put={"main.py": MAIN})
        @pytest.mark.parametrize("n", range(20))
        def test_it(machine, n): pass
        """
    )
    result = run(pytester)
    result.assert_outcomes(errors=20)
    result.stdout.fnmatch_lines(["*Waited 10 s of virtual time for '>>> ' on console pc, in vain*"])


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("TEENSY41", "*expected BOARD=FILE, given 'TEENSY41'*"),
        ("TENSY41=x", "*there is no board 'TENSY41'; did you mean TEENSY41?*"),
        ("TEENSY41=x.hex", "*there is no file x.hex*"),
    ],
)
def test_mistakes_in_the_option(pytester: pytest.Pytester, option: str, message: str) -> None:
    result = run(pytester, f"--xipsim-firmware={option}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_an_option_that_machine_does_not_have_is_one_sentence(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.board("TEENSY41", firmwear="x.hex")
        def test_one(machine):
            pass

        @pytest.mark.board("TEENSY41", flash="x.bin", gdb=1)
        def test_two(machine):
            pass

        @pytest.mark.board(["TEENSY40", "TEENSY41"])
        def test_three(machine):
            pass
        """
    )
    result = run(pytester)
    result.assert_outcomes(errors=3)
    sentence = "@pytest.mark.board: Machine has no option 'firmwear'; did you mean firmware?"
    several = "*given side by side, as in board('TEENSY40', 'TEENSY41')*"
    result.stdout.fnmatch_lines([sentence, "*cannot have flash and gdb; make*", several])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*TypeError*")


def test_errors_end_at_the_users_line_and_junit_has_what_the_terminal_has(
    pytester: pytest.Pytester,
) -> None:
    """Style by style: the last frame shown is the test's; each section is in the XML."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.board("TEENSY41")
        def test_raises(machine):
            machine.exec("1 / 0")

        @pytest.mark.board("TEENSY41")
        def test_waits(machine):
            machine.console.expect("never", timeout="1ms")

        @pytest.mark.board("TEENSY41")
        def test_asserts(machine):
            assert machine.now == 0
        """
    )
    for style in ("long", "short", "native", "line"):
        result = run(pytester, f"--tb={style}", "--junitxml=report.xml")
        result.assert_outcomes(failed=3)
        text = result.stdout.str()
        assert "ZeroDivisionError" in text
        assert "raw_repl.py" not in text
        assert "session.py" not in text
        xml = (pytester.path / "report.xml").read_text()
        for section in ("xipsim console", "xipsim flash", "xipsim: repeat it with"):
            assert xml.count(f" {section} ") == 3, style
        if style != "line":
            assert text.count("- xipsim flash -") == 3


def test_on_renode_every_test_boots(renode: str, pytester: pytest.Pytester) -> None:
    """Nothing is left of the test before, and a snapshot is refused by name."""
    pytester.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.board("TEENSY41")

        def test_leaves_a_file(machine):
            assert machine.report()["versions"]["engine"].startswith("Renode")
            machine.exec("open('left', 'w').close()")

        def test_finds_none(machine):
            print(machine.exec("import os; print(os.listdir())"))
            machine.snapshot()
        """
    )
    result = run(pytester, "--xipsim-engine=renode")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*Renode cannot take a snapshot*the embedded engine (qemu) can",
            "pytest --xipsim-engine=renode 'test_on_renode_*::test_finds_none*",
        ]
    )
    result.stdout.no_fnmatch_line("*left*")


def test_an_engine_that_there_is_not(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--xipsim-engine=rnode")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--xipsim-engine*'rnode'*"])
