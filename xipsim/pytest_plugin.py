"""The pytest plugin: a `machine` at the prompt for every test, for the price of one boot.

::

    @pytest.mark.board("TEENSY41")
    def test_multiplies(machine):
        assert machine.exec("print(6 * 7)") == "42\\n"

Each process boots a board once, takes a snapshot right after the prompt, and puts it back before
every test: hence all tests begin at the same nanosecond, in whatever order and process they run.
Where the engine takes no snapshots (`--xipsim-engine renode`), every test boots. docs/pytest.md
tells more.
"""

from __future__ import annotations

import difflib
import inspect
import os
import shlex
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from xipsim.engines.programs import ENGINES, WITH_SNAPSHOTS

if TYPE_CHECKING:
    from xipsim.errors import XipsimError
    from xipsim.machine.machine import Machine
    from xipsim.machine.snapshot import Snapshot

BOOT_TIMEOUT = "10s"
"""Virtual; a first boot that formats the file system takes a tenth of a second."""
PROMPT = ">>> "
_NOT_SHARED = ("flash", "state", "discard", "gdb", "gdb_wait")
"""Options of `Machine` that make no sense for a machine that several tests share."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """--xipsim-firmware, --xipsim-engine."""
    group = parser.getgroup("xipsim")
    group.addoption(
        "--xipsim-engine",
        choices=ENGINES,
        default=ENGINES[0],
        help="what runs the boards of tests that do not say it themselves (%(default)s)",
    )
    group.addoption(
        "--xipsim-firmware",
        metavar="BOARD=FILE",
        action="append",
        default=[],
        help="the MicroPython image that BOARD runs; without it the one that is found for the "
        "board; may be given several times",
    )


def pytest_configure(config: pytest.Config) -> None:
    """The marker, and the images by board."""
    config.addinivalue_line(
        "markers",
        "board(name, ..., **options): the boards on which to run the test with its `machine`; "
        "options are those of xipsim.Machine",
    )
    from xipsim import platforms

    images = {}
    for given in config.getoption("--xipsim-firmware"):
        board, equals, file = given.partition("=")
        if not (board and equals and file):
            raise pytest.UsageError(f"--xipsim-firmware: expected BOARD=FILE, given {given!r}")
        try:
            platforms.find(board)
        except platforms.UnknownBoard as error:
            raise pytest.UsageError(f"--xipsim-firmware: {error}") from None
        path = Path(file).absolute()
        if not path.is_file():
            raise pytest.UsageError(f"--xipsim-firmware: there is no file {file}")
        images[board] = str(path)
    config.stash[_IMAGES] = images


_IMAGES = pytest.StashKey[dict[str, str]]()


# -- one boot for many tests ---------------------------------------------------------------------


@dataclass
class _Booted:
    """prompt: None where the engine takes no snapshots; the machine then is for one test."""

    machine: Machine
    prompt: Snapshot | None


class _Pool:
    """Booted machines, by board and options; an error, where the boot failed."""

    def __init__(self, images: dict[str, str], engine: str) -> None:
        self._images, self._engine = images, engine
        self._booted: dict[str, _Booted | XipsimError] = {}

    def at_the_prompt(self, board: str, options: dict[str, Any]) -> Machine:
        """The machine, as it was when its prompt came. XipsimError if that never came."""
        from xipsim.errors import XipsimError

        key = repr((board, sorted(options.items())))
        booted = self._booted.get(key)
        if isinstance(booted, XipsimError):
            raise booted
        if booted and booted.prompt:
            try:
                booted.machine.restore(booted.prompt)
                return booted.machine
            except XipsimError:  # The test before has closed it, or it has died.
                booted.machine.close()
        try:
            booted = self._boot(board, options)
        except XipsimError as error:
            self._booted[key] = error
            raise
        self._booted[key] = booted
        return booted.machine

    def _boot(self, board: str, options: dict[str, Any]) -> _Booted:
        from xipsim.machine.machine import Machine

        given = {"firmware": self._images.get(board), "engine": self._engine} | options
        machine = Machine(board, **given)
        try:
            machine.console.expect(PROMPT, timeout=BOOT_TIMEOUT)
            return _Booted(
                machine, machine.snapshot() if given["engine"] in WITH_SNAPSHOTS else None
            )
        except BaseException:
            machine.close()
            raise

    def take_back(self, machine: Machine) -> None:
        """The test is over: what it listened with is forgotten; the machine ends, or is kept."""
        machine.forget_listeners()
        for booted in self._booted.values():
            if isinstance(booted, _Booted) and booted.machine is machine and not booted.prompt:
                machine.close()

    def close(self) -> None:
        """End all machines."""
        for booted in self._booted.values():
            if isinstance(booted, _Booted):
                booted.machine.close()


@pytest.fixture(scope="session")
def _xipsim_pool(pytestconfig: pytest.Config) -> Iterator[_Pool]:
    pool = _Pool(pytestconfig.stash[_IMAGES], pytestconfig.getoption("--xipsim-engine"))
    yield pool
    pool.close()


@pytest.fixture
def _xipsim_board(request: pytest.FixtureRequest) -> str:
    board: str = getattr(request, "param", "")
    return board


@pytest.fixture
def machine(
    request: pytest.FixtureRequest, _xipsim_pool: _Pool, _xipsim_board: str
) -> Iterator[Machine]:
    """A `xipsim.Machine` of the board of `@pytest.mark.board`, at the prompt of a fresh boot."""
    from xipsim.errors import XipsimError

    marker = request.node.get_closest_marker("board")
    if not _xipsim_board:
        pytest.fail("`machine` needs the marker @pytest.mark.board('TEENSY41')", pytrace=False)
    if mistake := _mistake(_xipsim_board, marker.kwargs):
        pytest.fail(mistake, pytrace=False)
    failure = ""
    try:
        booted = _xipsim_pool.at_the_prompt(_xipsim_board, marker.kwargs)
    except XipsimError as error:
        failure = str(error)
    if failure:  # Not in the handler: pytest would show the error twice.
        pytest.fail(failure, pytrace=False)
    yield booted
    _xipsim_pool.take_back(booted)


def _mistake(board: object, options: dict[str, Any]) -> str:
    """What is wrong with a marker, in a sentence; empty if nothing is."""
    if not isinstance(board, (str, os.PathLike)):
        return (
            f"@pytest.mark.board: {board!r} is neither a board's name nor the path of a .repl "
            "file; several are given side by side, as in board('TEENSY40', 'TEENSY41')"
        )
    if refused := [option for option in _NOT_SHARED if option in options]:
        return (
            f"tests share a machine, which therefore cannot have {' and '.join(refused)}; make a "
            "xipsim.Machine of the test's own"
        )
    from xipsim.machine.machine import Machine

    known = [name for name in inspect.signature(Machine).parameters if name != "board"]
    unknown = next((option for option in options if option not in known), None)
    if unknown is None:
        return ""
    near = difflib.get_close_matches(unknown, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
    return f"@pytest.mark.board: Machine has no option {unknown!r}; {hint}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `machine` once for every board of its marker."""
    marker = metafunc.definition.get_closest_marker("board")
    if marker and marker.args and "_xipsim_board" in metafunc.fixturenames:
        metafunc.parametrize("_xipsim_board", marker.args, indirect=True)


# -- what a failed test shows --------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add console, flash, what the models noticed, and the command that repeats the test."""
    is_ours = "_xipsim_board" in _fixture_names(item)
    if is_ours and call.excinfo:
        from xipsim.session.tracebacks import end_at_the_users_line

        end_at_the_users_line(call.excinfo.value)
    report = yield
    if report.failed and report.when != "teardown" and is_ours:
        for title, text in _sections(item, report.longreprtext):
            _add_section(report, title, text)
    return report


def _sections(item: pytest.Item, told: str) -> Iterator[tuple[str, str]]:
    if machine := getattr(item, "funcargs", {}).get("machine"):
        from xipsim.reporting.failure_details import console_text, flash_text, noticed_text

        yield "xipsim console", console_text(machine)
        yield "xipsim flash", flash_text(machine)
        if noticed := noticed_text(machine, told):
            yield "xipsim noticed", noticed
    yield "xipsim: repeat it with", _replay_command(item)


def _add_section(report: pytest.TestReport, title: str, text: str) -> None:
    """To the failure itself, which goes into JUnit's XML, too; what `sections` has does not."""
    failure: Any = report.longrepr
    if hasattr(failure, "addsection"):
        failure.addsection(title, text)
    else:
        report.longrepr = f"{report.longreprtext}\n{f' {title} ':-^80}\n{text}"


def _fixture_names(item: pytest.Item) -> list[str]:
    return getattr(item, "fixturenames", [])


def _replay_command(item: pytest.Item) -> str:
    config = item.config
    options = [f"--xipsim-firmware={b}={file}" for b, file in config.stash[_IMAGES].items()]
    if (engine := config.getoption("--xipsim-engine")) != ENGINES[0]:
        options.insert(0, f"--xipsim-engine={engine}")
    command = shlex.join(["pytest", *options, item.nodeid])
    if config.invocation_params.dir == config.rootpath:
        return command
    return f"cd {shlex.quote(str(config.rootpath))} && {command}"
