"""An engine without a guest, around the real `guest.host` and `guest.requests`: virtual time, a
USB console, a flash chip, and a device that answers what is typed. Enough to test everything
between a user and an engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from fake_models import Chip, Port, Serial, SmallPort, Usb

from xipsim.engines.api import EngineError, Goal, MachineConfig, Receiver, Stop, StopReason, StrPath
from xipsim.engines.guest.dormant import Models
from xipsim.engines.guest.host import Host
from xipsim.engines.guest.requests import Requests
from xipsim.engines.guest.waits import Waits
from xipsim.peripherals.core.testing import Bench, FakeAlarm, FakeClock
from xipsim.peripherals.core.trace import FlashCommand, Repeated

MS = 1_000_000
OPENED = 10 * MS
BYTE = 1_000
"""ns that the device takes for a byte."""
BANNER = b"MicroPython v1.18; Fake\r\n"
PC = 0x6000_2000
MODELS = {"lpuart1": Serial, "pc": Usb, "nor": Chip, "gpio2": Port, "lpgpio": SmallPort}


class Questions:
    """As the engines' `Questions`."""

    def __init__(self) -> None:
        self.waits = Waits()
        self.in_loop: list[str] = []
        """What the firmware's loop is made to ask."""

    def polled(self) -> list[str]:
        return self.in_loop


class EngineClock:
    """As `GuestClock`: here nobody can notice any alarm."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.questions = Questions()

    @property
    def now(self) -> int:
        return self._clock.now

    def engine_alarm(self, callback: Callable[[], None], **_kind: bool) -> FakeAlarm:
        return self._clock.alarm(callback)


class FakeEngine:
    """Runs what is scheduled, and feeds the device what was typed, one byte each microsecond."""

    def __init__(self, config: MachineConfig) -> None:
        self.config = config
        self.bench = Bench()
        self.models = Models(
            {name: kind(self.bench.system, name=name) for name, kind in MODELS.items()}
        )
        self.pc: Usb = self.models["pc"]
        self.nor: Chip = self.models["nor"]
        self.clock = clock = EngineClock(self.bench.clock)
        self.host = Host(
            self.models, clock, self.bench.trace, stop=self.end, send=self._send, strict=False
        )
        self.requests = Requests(
            SimpleNamespace(host=self.host, clock=clock, board=SimpleNamespace(models=self.models))
        )
        self.events: list[tuple[int, Callable[[], None]]] = []
        self.device: Callable[[int], None] = lambda byte: None
        self.on_reset: Callable[[], None] = lambda: None
        self.calls: list[tuple[Any, ...]] = []
        self.resets: list[bool] = []
        self.dead = self.closed = False
        self._stop: Stop | None = None
        self._receivers: list[Receiver] = []

    # -- for the test ----------------------------------------------------------------------------

    @property
    def time(self) -> int:
        """Virtual ns."""
        return self.bench.clock.now

    @property
    def typed(self) -> list[tuple[int, bytes]]:
        """What was typed, and when."""
        return self.pc.typed

    @property
    def chip(self) -> bytearray:
        """The cells."""
        return self.nor.cells

    def at(self, time: int, action: Callable[[], None]) -> None:
        """Do `action` at that virtual time."""
        self.events.append((time, action))
        self.events.sort(key=lambda event: event[0])

    def open(self) -> None:
        """The console opens."""
        self.pc.opened_at = self.time

    def print(self, data: bytes) -> None:
        """The console prints."""
        self.pc.print(data)

    def emit(self, kind: str, value: Any) -> None:
        """Tell the user's side. Events that are findings may come as they are."""
        if kind == "events":
            value = [e if isinstance(e, FlashCommand) else Repeated(e, 1, e.time) for e in value]
        self._send(kind, value)

    def _send(self, kind: str, value: Any) -> None:
        for receiver in self._receivers:
            if (delivery := receiver(kind, value)) is not None:
                delivery()

    def end(self, reason: StopReason, *, consumed: bytes = b"", **detail: Any) -> None:
        """End the run here."""
        if self._stop is None:
            detail = detail.get("detail", detail)
            self._stop = Stop(reason, self.time, consumed=consumed, pc=PC, detail=detail)

    def reboot(self, cause: str) -> None:
        """The microcontroller is reset from inside."""
        self._start()
        if self.host.stop_on_reset:
            self.end(StopReason.RESET, cause=cause)

    def _start(self) -> None:
        self.pc.opened_at = None
        self.pc.queue.clear()
        self.on_reset()

    # -- the Engine protocol ---------------------------------------------------------------------

    version = "Fake 1"
    spent = 0.0

    @property
    def now(self) -> int:
        return self.time

    def build(self, chips: Mapping[str, bytes], *, boot: StrPath | None = None) -> None:
        for name, data in chips.items():
            self.models.made.setdefault(name, self.nor)  # by the board's own name
            self.nor.fill(data)

    def run(self, goal: Goal) -> Stop:
        self._alive()
        if goal.typed:
            self.request("type", goal.console, goal.typed)
        self._stop = None
        if met := self.host.begin(goal):
            self.end(met[0], consumed=met[1])
        while self._stop is None:
            self._step()
            self.host.flush()
        self.host.end()
        return self._stop

    def _step(self) -> None:
        """To the next thing that happens: an event of the test's, an alarm, a byte that is fed."""
        clock = self.bench.clock
        fed = clock.now + BYTE if self.pc.queue and self.pc.opened_at is not None else None
        event = self.events[0][0] if self.events else None
        alarms = (alarm.deadline for alarm in clock.alarms)
        times = [time for time in (fed, event, *alarms) if time is not None]
        if not times:
            self.end(StopReason.WALL)
            return
        clock.advance(max(0, min(times) - clock.now))
        if self._stop is not None:
            return
        if event is not None and event <= clock.now:
            self.events.pop(0)[1]()
        elif fed == clock.now:
            self.device(self.pc.queue.pop(0))

    def request(self, name: str, *arguments: Any) -> Any:
        self._alive()
        self.calls.append((name, *arguments))
        return self.requests.answer(name, arguments)

    def call(self, entry: str, method: str, *arguments: Any) -> Any:
        self._alive()
        self.calls.append((entry, method, *arguments))
        return self.host.call(entry, method, arguments)

    def subscribe(self, receiver: Receiver) -> None:
        self._receivers.append(receiver)

    def reset(self, *, power: bool) -> None:
        self._alive()
        self.resets.append(power)
        self._start()

    def read_memory(self, address: int, length: int) -> bytes:
        if address >= 0x5000_0000:
            raise LookupError(f"nothing answers at {address:#010x}")
        return bytes(length)

    def write_memory(self, address: int, data: bytes) -> None:
        self.calls.append(("memory", address, data))

    def registers(self) -> dict[str, int]:
        return {"pc": PC}

    def interrupt(self) -> None:
        self.end(StopReason.INTERRUPTED)

    def close(self) -> None:
        self.closed = True

    def _alive(self) -> None:
        if self.dead:
            raise EngineError("the engine's process was killed by signal 9")


@dataclass
class Script:
    """What a script does: prints `output`, raises `error`; then ends, hangs, exits or resets."""

    output: bytes = b""
    error: bytes = b""
    then: str = "end"


class MicroPython:
    """The REPL's side of the protocol, as shared/runtime/pyexec.c has it.

    scripts: by source; others print their length. heap: source bytes that it can take. paste:
    `yes`, `no` (it knows the question), `old` (it does not).
    """

    def __init__(self, engine: FakeEngine, *, paste: str = "yes", window: int = 128) -> None:
        self.engine, self.paste, self.window = engine, paste, window
        self.scripts: dict[bytes, Script] = {}
        self.heap = 1 << 30
        self.mode = "off"
        self.line = bytearray()
        self.room = self.received = 0
        self.main: Callable[[], None] = self.prompt
        engine.device, engine.on_reset = self.receive, self.boot
        self.boot()

    def boot(self) -> None:
        """Start: the console opens after 10 ms, and the banner comes, or what `main` does."""
        self.mode = "off"
        self.engine.events.clear()
        start = self.engine.time + OPENED
        self.engine.at(start, self.engine.open)
        self.engine.at(start + MS, lambda: self.main())

    def prompt(self) -> None:
        """Banner and friendly prompt."""
        self.mode = "friendly"
        self.out(b"\r\n" + BANNER + b">>> ")

    def out(self, data: bytes) -> None:
        self.engine.print(data)

    def receive(self, byte: int) -> None:
        """One byte was typed."""
        getattr(self, f"_in_{self.mode}")(byte)

    def _in_off(self, byte: int) -> None: ...

    def _in_busy(self, byte: int) -> None:
        """A running program: Ctrl-C ends it. From a script that is the raw prompt."""
        if byte == 3:
            self.prompt()

    def _in_script(self, byte: int) -> None:
        if byte == 3:
            self._finish(b"", b"KeyboardInterrupt: \r\n")

    def _in_friendly(self, byte: int) -> None:
        if byte == 1:
            self.raw_banner()
        elif byte == 2:
            self.prompt()
        elif byte == 13 or byte == 3:
            self.out(b"\r\n>>> ")
        else:
            self.out(bytes([byte]))

    def raw_banner(self) -> None:
        self.mode = "raw"
        self.line.clear()
        self.out(b"\r\nraw REPL; CTRL-B to exit\r\n>")

    def _in_raw(self, byte: int) -> None:
        if byte == 1:
            if self.line == b"\x05A" and self.paste != "old":
                self._begin_paste()
            else:
                self.raw_banner()
        elif byte == 2:
            self.prompt()
        elif byte == 3:
            self.line.clear()
        elif byte == 4:
            self.out(b"OK")
            self._execute_soon()
        else:
            self.line.append(byte)

    def _begin_paste(self) -> None:
        self.line.clear()
        if self.paste == "no":
            self.out(b"R\x00>")
            return
        self.mode, self.room, self.received = "paste", 2 * self.window, 0
        self.out(b"R\x01" + self.window.to_bytes(2, "little") + b"\x01")

    def _in_paste(self, byte: int) -> None:
        if byte == 4:
            self.out(b"\x04")
            self._execute_soon()
            return
        assert self.room > 0, "more was sent than there is room for"
        self.room -= 1
        self.received += 1
        self.line.append(byte)
        if self.received > self.heap:
            self.mode = "drain"
            self.out(b"\x04")
        elif self.received % self.window == 0:
            self.room += self.window
            self.out(b"\x01")

    def _in_drain(self, byte: int) -> None:
        if byte == 4:
            self._finish(b"", b"MemoryError: memory allocation failed\r\n")

    def _execute_soon(self) -> None:
        source = bytes(self.line)
        self.engine.at(self.engine.time + 1_000, lambda: self._execute(source))

    def _execute(self, source: bytes) -> None:
        script = self.scripts.get(source, Script(b"%d\r\n" % len(source)))
        if script.then == "end":
            self._finish(script.output, script.error)
            return
        self.mode = "script"
        for piece in script.output.splitlines(keepends=True):
            self.out(piece)
        if script.then == "exit":
            self.out(b"\x04\x04MPY: soft reboot\r\n")
            self.raw_banner()
        elif script.then.startswith("reset"):
            self.engine.reboot(script.then.partition(" ")[2])

    def _finish(self, output: bytes, error: bytes) -> None:
        self.mode = "raw"
        self.line.clear()
        for piece in (output, b"\x04", error, b"\x04", b">"):
            self.out(piece)
