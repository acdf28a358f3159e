"""What people are shown who make a mistake, or whose firmware does: one page to read and judge.

    .venv/bin/python tests/unit/messages.py >docs/messages.md

Each text is what the command, or the library, really says; the engine alone is a fake, so that
neither QEMU nor an image is needed. `tests/unit/test_messages.py` compares the page.
"""

from __future__ import annotations

import errno
import io
import os
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import gap_messages as gaps
from alif_package import HP, MRAM_SIZE, archive, package
from fake_engine import MS, FakeEngine, MicroPython, Script
from model_messages import FAULTS, lying_descriptor, say
from test_firmware_images import uf2_block

from xipsim import Machine
from xipsim.cli import main
from xipsim.engines.api import ConfigurationError, MachineConfig, StopReason
from xipsim.engines.programs import open_engine
from xipsim.engines.repl import PlatformError
from xipsim.engines.repl.cache import load
from xipsim.engines.repl.check import check
from xipsim.engines.usermodels import load_models
from xipsim.errors import XipsimError
from xipsim.peripherals.core.trace import Diagnostic, FlashCommand, Gap
from xipsim.robot.emulation import Emulation
from xipsim.robot.monitor import Monitor

INTRODUCTION = """\
# What is shown when something is wrong

Made by `tests/unit/messages.py` from what the program really says; `tests/unit/test_messages.py`
compares it. Addresses and times of machines are those of a fake engine; in square brackets stands
the exit code.
"""
ROOT = Path(__file__).parents[2]
IMAGE = ROOT / "firmware" / "flashcheck" / "rt1062.bin"
OTHER = b"FCFB".ljust(0x2000, b"\0") + b"v1.24.0 on 2024-10-25; Teensy 4.1 with MIMXRT1062DVJ6A\0"
LAMP = Path(__file__).parent / "lamp" / "dwarf4.elf"

Prepare = Callable[[FakeEngine, MicroPython], None]


class Message(NamedTuple):
    """Something wrong. typed: what the person wrote. act: does it, and says what came of it."""

    typed: str
    act: Callable[[], str]


# -- ways to get at a text -----------------------------------------------------------------------


def cli(
    line: str, prepare: Prepare = lambda _engine, _python: None, *, missing: bool = False
) -> Message:
    """A command line, on an engine that `prepare` has made ready; missing: without any."""

    def start(config: MachineConfig, process: Any = None) -> Any:
        if missing:
            return open_engine(config, process)
        engine = FakeEngine(config)
        prepare(engine, MicroPython(engine))
        return engine

    def act() -> str:
        said, words = io.StringIO(), shlex.split(line)
        with (
            patch("xipsim.engines.programs.open_engine", start),
            patch("xipsim.cli.prestart.start", lambda _: None),
            patch("xipsim.firmware.catalogue._places", lambda: iter(())),
            redirect_stderr(said),
            redirect_stdout(io.TextIOWrapper(io.BytesIO())),
        ):
            try:
                code = main(words)
            except SystemExit as end:
                code = int(str(end.code))
        return f"{said.getvalue().strip()} [{code}]"

    return Message("xipsim " + line, act)


def patched(line: str, function: str) -> Message:
    """A command line where a function of the system's fails."""
    message = cli(line)

    def act() -> str:
        with patch(function, side_effect=OSError(errno.ENOENT, os.strerror(errno.ENOENT))):
            return message.act()

    return Message(f"{message.typed}, where {function} fails", act)


def shell(line: str) -> Message:
    """A command line as a shell runs it."""

    def act() -> str:
        command = line.replace("xipsim", f"{shlex.quote(sys.executable)} -m xipsim", 1)
        done = subprocess.run(command, shell=True, stderr=subprocess.PIPE, text=True, check=False)
        return f"{done.stderr.strip()} [{done.returncode}]"

    return Message(line, act)


def library(typed: str, act: Callable[[Machine, FakeEngine], Any]) -> Message:
    """Something done to a machine at its prompt."""

    def do() -> str:
        engines: list[FakeEngine] = []

        def start(config: MachineConfig) -> FakeEngine:
            engines.append(FakeEngine(config))
            return engines[0]

        machine = Machine("TEENSY40", firmware="firmware.bin", start=start)
        MicroPython(engines[0])
        machine.boot()
        try:
            act(machine, engines[0])
        except XipsimError as error:
            return f"{type(error).__name__}: {error}"
        raise AssertionError(f"{typed}: no error")

    return Message(typed, do)


def robot(command: str) -> Message:
    """A command of Renode's monitor."""

    def act() -> str:
        try:
            Monitor(Emulation(), lambda: [Path()], print).execute(command)
        except XipsimError as error:
            return str(error)
        raise AssertionError(f"{command}: no error")

    return Message(f"Execute Command    {command}", act)


def end(reason: StopReason, *events: Any, **detail: Any) -> Prepare:
    """A run that ends so, after what the models had to say."""

    def prepare(engine: FakeEngine, _: MicroPython) -> None:
        engine.events.clear()
        engine.at(MS, lambda: engine.emit("events", list(events)))
        engine.at(2 * MS, lambda: engine.end(reason, **detail))

    return prepare


def silent(engine: FakeEngine, _: MicroPython) -> None:
    """The firmware never starts USB."""
    engine.events.clear()


def endless(engine: FakeEngine, python: MicroPython) -> None:
    """The script polls a block that has only a name."""
    python.scripts[b"poll()"] = Script(b"begun\r\n", then="hang")
    gap = Gap(11 * MS, "bus", "lpspi1: read at 0x40394014", 0x6000_4712)
    engine.at(11 * MS, lambda: engine.emit("events", [gap]))


def raising(engine: FakeEngine, python: MicroPython) -> None:
    """The chip refuses what the driver wants."""
    traceback = b"Traceback (most recent call last):\r\nOSError: 5\r\n"
    python.scripts[b"write()"] = Script(error=traceback)
    engine.at(11 * MS, lambda: engine.emit("events", [refused(11 * MS)]))


def unbuilt(engine: FakeEngine, _: MicroPython) -> None:
    """The models' end of an engine refuses the platform."""

    def build(*_: object, **__: object) -> None:
        platform = load(engine.config.platform)
        try:
            check(platform, load_models(entry.type for entry in platform.entries))
        except PlatformError as error:
            raise ConfigurationError(str(error)) from None

    engine.build = build  # type: ignore[method-assign]


def refused(time: int) -> Diagnostic:
    """A chip's."""
    return Diagnostic(
        time=time,
        source="nor",
        rule="quad-without-qe",
        message="fast-read-quad-IO (EBh) is refused: QE is 0",
        pc=0x6000_1234,
        opcode=0xEB,
    )


def from_a_thread(machine: Machine, engine: FakeEngine) -> None:
    """Another thread asks in the middle of a run."""
    caught: list[Exception] = []

    def ask() -> None:
        try:
            machine.exec("2")
        except XipsimError as error:
            caught.append(error)

    def start() -> None:
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()

    engine.at(engine.time + MS, start)
    machine.run_for("2ms")
    raise caught[0]


def from_a_callback(machine: Machine, engine: FakeEngine) -> None:
    """A callback asks the machine that calls it."""
    command = FlashCommand(time=1, chip="nor", opcode=6, name="write enable")
    machine.trace(lambda _: machine.registers())
    engine.at(engine.time + MS, lambda: engine.emit("events", [command]))
    machine.run_for("2ms")


FAULT = {
    "exception": "HardFault",
    "cfsr": 0x8200,
    "hfsr": 0x4000_0000,
    "bfar": 0x5000_0000,
    "stacked": {"pc": 0x6000_200E, "lr": 0x6000_202D},
}

# -- the page ------------------------------------------------------------------------------------

PAGE: dict[str, tuple[Message, ...]] = {
    "Arguments": (
        cli("exec TEENSY40 firmware.bin"),
        cli("exec TEENSY41.bin TEENSY41 -c 'print(1)'"),
        cli("exec TEENSY4O -c 'print(1)'"),
        cli("exec TEENSY40"),
        cli("exec TEENSY40 a.hex b.hex s.py"),
        cli("exec TEENSY40 nothing.py"),
        cli("exec TEENSY40 nothing.hex -c 'print(1)'"),
        cli("exec TEENSY40 firmware.bin -c 'print(1)' --timeout 60"),
        cli("exec TEENSY40 firmware.bin -c 'print(1)' --timeout 1m"),
        cli("exec TEENSY40 firmware.bin -c 'print(1)' --rtc yesterday"),
        cli("exec TEENSY40 firmware.bin -c 'print(1)' --discard"),
        cli("exec TEENSY40 firmware.bin -c 'print(1)' --flash a.bin --state b"),
        cli("exec TEENSY40 firmware.bin -c 'print(1)' --put nothing.py"),
        cli("exec TEENSY40 firmware.bin -c 'print(1)' --symbols firmware.bin"),
        cli("exec TEENSY40 firmware.bin -c 'print(1)' --report nowhere/report.json"),
        cli("exec TEENSY40 firmware.bin -c 'print(1)' --report firmware.bin"),
        cli("exec TEENSY40 firmware.bin -c 'print(1)' --timeout 99999999999s"),
        cli("exec TEENSY40 firmware.bin utf16.py"),
        cli("exec TEENSY40 firmware.bin marked.py"),
        cli("exec TEENSY40 firmware.bin module.mpy"),
        cli("exec TEENSY40 firmware.bin -c 'print(1)' --put a.py --put lib/a.py"),
        cli("exec TEENSY40 firmware.bin -c 'print(1)' --uid ''"),
        cli("exec TEENSY40 firmware.bin -c 'print(1)' --flash ''"),
        cli("exec TEENSY40 '' -c 'print(1)'"),
        cli("exec TEENSY41.bin"),
        cli("usb copy TEENSY40"),
        cli("usb copy TEENSY40 firmware.bin nothing.uf2"),
        cli("run TEENSY40 firmware.bin --pty --console pc3"),
        cli("run TEENSY40 firmware.bin --gdb 70000"),
        cli("run TEENSY40 firmware.bin --flsh a.bin"),
        cli("runn TEENSY40"),
    ),
    "Images": (
        cli("exec TEENSY40 other.bin -c 'print(1)'"),
        cli("exec TEENSY40 text.hex -c 'print(1)'"),
        cli("exec TEENSY40 marked.hex -c 'print(1)'"),
        cli("exec TEENSY40 empty.bin -c 'print(1)'"),
        cli("exec TEENSY40 /dev/zero -c 'print(1)'"),
        cli("exec TEENSY40 total.uf2 -c 'print(1)'"),
        cli("exec TEENSY40 number.uf2 -c 'print(1)'"),
        cli("exec ALIF_ENSEMBLE large.zip -c 'print(1)'"),
        cli("exec TEENSY40 firmware.bin -c 'print(1)' --flash /dev/zero"),
        cli("firmware path TEENSY41"),
        cli("firmware add text.hex"),
        cli("firmware add TEENSY40-rubbish.bin"),
    ),
    "Boards of one's own": (
        cli("exec syntax.repl firmware.bin -c 'print(1)'"),
        cli("exec type.repl firmware.bin -c 'print(1)'", unbuilt),
        cli("exec parameter.repl firmware.bin -c 'print(1)'", unbuilt),
        cli("exec part.repl firmware.bin -c 'print(1)'"),
        cli("exec TEENSY40 firmware.bin -c 'print(1)' --models nothing.py"),
        cli("exec TEENSY40.repl -c 'print(1)'"),
        cli("exec folder.repl firmware.bin -c 'print(1)'"),
        cli("exec tag.repl firmware.bin -c 'print(1)'"),
        cli("exec size.repl firmware.bin -c 'print(1)'", unbuilt),
        cli("exec core.repl firmware.bin -c 'print(1)'", unbuilt),
        cli("exec pin.repl firmware.bin -c 'print(1)'", unbuilt),
        cli("exec deep.repl firmware.bin -c 'print(1)'"),
        cli("exec clock.repl firmware.bin -c 'print(1)'", unbuilt),
        cli("exec windowless.repl firmware.bin -c 'print(1)'"),
        cli("exec nvic.repl firmware.bin -c 'print(1)'", unbuilt),
        cli("exec empty.repl firmware.bin -c 'print(1)'"),
    ),
    "The computer": (
        cli("exec TEENSY40 firmware.bin -c 'print(1)' --qemu /opt/qemu", missing=True),
        shell("xipsim run TEENSY40 firmware.bin </dev/null"),
        patched("run TEENSY40 firmware.bin --pty", "os.openpty"),
        cli("run TEENSY40 firmware.bin --pty-link other.bin"),
        shell("xipsim boards >&-"),
        shell("xipsim boards >/dev/full"),
        shell("xipsim exec --qemu /opt/qemu TEENSY40 - <&-"),
    ),
    "What the firmware does": (
        cli("exec TEENSY40 firmware.bin -c 'poll()' --timeout 1s", endless),
        cli("exec TEENSY40 firmware.bin -c 'write()'", raising),
        cli("exec TEENSY40 firmware.bin -c 'print(1)'", silent),
        cli("usb copy TEENSY40 firmware.bin total.uf2"),
        cli(
            "exec TEENSY40 firmware.bin -c 'print(1)' --symbols lamp.elf",
            end(StopReason.FAULT, refused(MS), **FAULT),
        ),
        cli("exec TEENSY40 other.bin -c 1", end(StopReason.BOOT_FAILED, why="no FCB at 0x000")),
        cli(
            "exec TEENSY40 firmware.bin -c 'print(1)'",
            end(StopReason.POWERED_OFF, why="SNVS LPCR.TOP"),
        ),
        cli(
            "exec TEENSY40 firmware.bin -c 'print(1)' --strict",
            end(StopReason.GAP, source="adc1", what="HC: conversions triggered by hardware"),
        ),
    ),
    "What the models notice of the flash": tuple(
        Message(typed, partial(say, *fault)) for typed, fault in FAULTS.items()
    ),
    "What the models notice of USB": (
        Message("a transfer descriptor that is longer than its five pages", lying_descriptor),
    ),
    "What is not modelled": tuple(Message(typed, act) for typed, act in gaps.GAPS.items()),
    "What is waited for in vain": tuple(
        Message(typed, partial(gaps.in_vain, make)) for typed, make in gaps.WAITS.items()
    ),
    "What the boot ROM says": tuple(Message(typed, act) for typed, act in gaps.STARTS.items()),
    "The library": (
        library("m.consoles['uart4']", lambda m, _: m.consoles["uart4"]),
        library("m.gpio['gpio2'][99].level", lambda m, _: m.gpio["gpio2"][99].level),
        library("m.chips['flash']", lambda m, _: m.chips["flash"]),
        library("m.flash.read(0x1FFFFF, 2)", lambda m, _: m.flash.read(0x1F_FFFF, 2)),
        library("m.read_memory(0x50000000, 4)", lambda m, _: m.read_memory(0x5000_0000, 4)),
        library("m.call('pc', 'fly')", lambda m, _: m.call("pc", "fly")),
        library("m.exec('\\x03')", lambda m, _: m.exec("\x03")),
        library("m.exec('2'), while another thread runs it", from_a_thread),
        library("m.trace(lambda _: m.registers()), and a run", from_a_callback),
        library("m.close(), and m.exec('1')", lambda m, _: (m.close(), m.exec("1"))),
    ),
    "Robot Framework": (
        robot("start"),
        robot("cpu PC 0x60002000"),
        robot("pause 5"),
        robot("frobnicate"),
        robot("sysbus LoadHEX @https://example.org/x.hex"),
    ),
}


@contextmanager
def surroundings() -> Iterator[Path]:
    """A folder with the files that the page names, and a user without a cache."""
    quiet = {"XIPSIM_CACHE": "cache", "XIPSIM_FIRMWARE_PATH": "", "XIPSIM_QEMU": ""}
    soc = ROOT / "platforms" / "soc" / "rt1062.repl"
    with tempfile.TemporaryDirectory() as name, chdir(name), patch.dict(os.environ, quiet):
        folder = Path(name)
        folder.joinpath("firmware.bin").symlink_to(IMAGE)
        folder.joinpath("other.bin").write_bytes(OTHER)
        folder.joinpath("text.hex").write_text("<html>404: not found</html>\n")
        folder.joinpath("TEENSY41.bin").write_bytes(OTHER)
        folder.joinpath("empty.bin").touch()
        folder.joinpath("utf16.py").write_text("print(1)", "utf-16")
        folder.joinpath("marked.py").write_text("print(1)", "utf-8-sig")
        folder.joinpath("marked.hex").write_text(":00000001FF\n", "utf-8-sig")
        folder.joinpath("module.mpy").write_bytes(b"M\6\0\x1f" + bytes(60))
        folder.joinpath("folder.repl").mkdir()
        folder.joinpath("lib").mkdir()
        for name in ("a.py", "lib/a.py"):
            folder.joinpath(name).touch()
        folder.joinpath("lamp.elf").symlink_to(LAMP)
        broken = f'using "{soc}"\n\nnor: Nor.Chip @ flexspi\n  :\n'
        folder.joinpath("syntax.repl").write_text(broken)
        chip = f'using "{soc}"\n\nnor: Nor.Chip @ flexspi 0\n    part: "W25Q64JV"\n'
        folder.joinpath("part.repl").write_text(chip.replace("JV", "JVV"))
        folder.joinpath("parameter.repl").write_text(f"{chip}    speed: 3\n")
        folder.joinpath("type.repl").write_text(f"{chip}\nled: Miscellaneous.LID @ gpio2 3\n")
        folder.joinpath("TEENSY40.repl").write_text(chip)
        folder.joinpath("tag.repl").write_text(
            f'{chip}\nsysbus:\n    init add:\n        Tag <0x90000000, +0x100> "LAB"\n'
        )
        folder.joinpath("pin.repl").write_text(f"{chip}\ngpio2:\n    3 -> gpio1@32\n")
        ram = "\nram: Memory.MappedMemory @ sysbus 0x90000000\n    size: 0x800\n"
        folder.joinpath("size.repl").write_text(chip + ram)
        folder.joinpath("core.repl").write_text(f'{chip}\ncpu:\n    cpuType: "cortex-a9"\n')
        folder.joinpath("clock.repl").write_text(f"{chip}\ngpt1:\n    frequency: 0\n")
        folder.joinpath("windowless.repl").write_text(f"{chip}\nflexspi: @ sysbus 0x402A8000\n")
        folder.joinpath("nvic.repl").write_text(f"{chip}\nnvic: @ sysbus 0x90000000\n")
        folder.joinpath("empty.repl").touch()
        folder.joinpath("deep.repl").write_text(f"x: T\n    a: {'[' * 4000}{']' * 4000}\n")
        folder.joinpath("TEENSY40-rubbish.bin").write_bytes(b"\x01\x02" * 4000)
        folder.joinpath("total.uf2").write_bytes(uf2_block(0, 0xFFFF_FFFF, 0x6000_C000, b"x"))
        folder.joinpath("number.uf2").write_bytes(uf2_block(0xFFFF_FFF0, 1, 0x6000_C000, b"x"))
        large = ("M55_HP/firmware.bin", HP, bytes(MRAM_SIZE + 1))
        folder.joinpath("large.zip").write_bytes(archive(package(), large))
        yield folder


def page() -> str:
    """All of it."""
    parts = [INTRODUCTION]
    with surroundings() as folder:
        for title, messages in PAGE.items():
            parts.append(f"\n## {title}\n")
            for message in messages:
                text = message.act().replace(f"{folder.resolve()}/", "").replace(f"{folder}/", "")
                text = text.replace(f"{ROOT}/", "")
                lines = "\n".join(f"    {line}".rstrip() for line in text.splitlines())
                parts.append(f"\n`{message.typed}`\n\n{lines}\n")
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
