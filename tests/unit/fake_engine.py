"""An engine without a guest: virtual time, one USB console, one flash chip, and a device that
answers what is typed. Enough to test everything between a user and an engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from xipsim.engines.api import EngineError, Goal, MachineConfig, Receiver, Stop, StopReason
from xipsim.peripherals.core.trace import FlashCommand, Repeated

MS = 1_000_000
OPENED = 10 * MS
BANNER = b"MicroPython v1.18; Fake\r\n"


class FakeEngine:
    """Runs what is scheduled, and feeds the device what was typed, one byte each microsecond."""

    def __init__(self, config: MachineConfig) -> None:
        self.config = config
        self.time = 0
        self.opened: int | None = None
        self.unread = bytearray()
        self.last = 0
        self.queue = bytearray()
        self.typed: list[tuple[int, bytes]] = []
        self.events: list[tuple[int, Callable[[], None]]] = []
        self.device: Callable[[int], None] = lambda byte: None
        self.on_reset: Callable[[], None] = lambda: None
        self.chip = bytearray()
        self.operation: dict[str, Any] | None = None
        self.calls: list[tuple[Any, ...]] = []
        self.resets: list[bool] = []
        self.dead = self.closed = False
        self._goal = Goal()
        self._stop: Stop | None = None
        self._receivers: list[Receiver] = []

    # -- for the test ----------------------------------------------------------------------------

    def at(self, time: int, action: Callable[[], None]) -> None:
        """Do `action` at that virtual time."""
        self.events.append((time, action))
        self.events.sort(key=lambda event: event[0])

    def open(self) -> None:
        """The console opens."""
        self.opened = self.time

    def print(self, data: bytes) -> None:
        """The console prints."""
        self.unread += data
        self.last = self.time
        self.emit("console", ("pc", data))
        self._search()

    def emit(self, kind: str, value: Any) -> None:
        """Tell the user's side. Events that are findings may come as they are."""
        if kind == "events":
            value = [e if isinstance(e, FlashCommand) else Repeated(e, 1, e.time) for e in value]
        for receiver in self._receivers:
            if (delivery := receiver(kind, value)) is not None:
                delivery()

    def end(self, reason: StopReason, **detail: Any) -> None:
        """End the run here."""
        if self._stop is None:
            self._stop = Stop(reason=reason, now=self.time, pc=0x6000_2000, detail=detail)

    def reboot(self, cause: str) -> None:
        """The microcontroller is reset from inside."""
        self.opened = None
        self.queue.clear()
        self.on_reset()
        if self._goal.stop_on_reset:
            self.end(StopReason.RESET, cause=cause)

    # -- the Engine protocol ---------------------------------------------------------------------

    version = "Fake 1"

    @property
    def now(self) -> int:
        return self.time

    def build(self, chips: Mapping[str, bytes], *, checked: bool = False) -> None:
        self.chip[:] = chips.get("nor", b"").ljust(0x20_0000, b"\xff")

    def run(self, goal: Goal) -> Stop:
        self._alive()
        self._goal, self._stop = goal, None
        self._search()
        while self._stop is None:
            self._step()
        return self._stop

    def _step(self) -> None:
        goal = self._goal
        times = [self.events[0][0]] if self.events else []
        if goal.until is not None:
            times.append(goal.until)
        if goal.quiet is not None and self.opened is not None and self.operation is None:
            times.append(max(self.opened, self.last) + goal.quiet)
        if self.queue and self.opened is not None:
            times.append(self.time + 1_000)
        if not times:
            self.end(StopReason.WALL)
            return
        self.time = max(self.time, min(times))
        if self.events and self.events[0][0] <= self.time:
            self.events.pop(0)[1]()
        elif goal.until is not None and goal.until <= self.time:
            self.end(StopReason.DEADLINE)
        elif self.queue and self.opened is not None:
            self.device(self.queue.pop(0))
        else:
            self.end(StopReason.QUIET)

    def _search(self) -> None:
        if self._goal.pattern is None or self._stop is not None:
            return
        match = re.compile(self._goal.pattern, re.DOTALL).search(self.unread)
        if match:
            consumed = bytes(self.unread[: match.end()])
            del self.unread[: match.end()]
            self._stop = Stop(
                reason=StopReason.MATCH, now=self.time, consumed=consumed, pc=0x6000_2000
            )

    def request(self, name: str, *arguments: Any) -> Any:
        self._alive()
        return getattr(self, f"_{name}")(*arguments)

    def call(self, entry: str, method: str, *arguments: Any) -> Any:
        self._alive()
        self.calls.append((entry, method, *arguments))
        if method == "read":
            return bytes(self.chip[arguments[0] : arguments[0] + arguments[1]])
        if method == "contents":
            return bytes(self.chip)
        answers = {"level": 1, "direction": "out", "stats": STATS, "drive": None, "release": None}
        if method not in answers:
            raise LookupError(f"{entry} has no method {method!r} to call")
        return answers[method]

    def subscribe(self, receiver: Receiver) -> None:
        self._receivers.append(receiver)

    def reset(self, *, power: bool) -> None:
        self._alive()
        self.resets.append(power)
        self.opened = None
        self.queue.clear()
        self.on_reset()

    def read_memory(self, address: int, length: int) -> bytes:
        if address >= 0x5000_0000:
            raise LookupError(f"nothing answers at {address:#010x}")
        return bytes(length)

    def write_memory(self, address: int, data: bytes) -> None:
        self.calls.append(("memory", address, data))

    def registers(self) -> dict[str, int]:
        return {"pc": 0x6000_2000}

    def interrupt(self) -> None:
        self.end(StopReason.INTERRUPTED)

    def close(self) -> None:
        self.closed = True

    def _alive(self) -> None:
        if self.dead:
            raise EngineError("the engine's process was killed by signal 9")

    # -- the models' end -------------------------------------------------------------------------

    def _describe(self) -> dict[str, Any]:
        return {
            "consoles": {"lpuart1": False, "pc": True},
            "ports": {"gpio2": 32, "lpgpio": 2},
            "chips": {"nor": {"part": "W25Q16JV-IM", "size": len(self.chip)}},
            "models": {"pc": "Usb.Host", "lpuart1": "Imxrt.Lpuart", "gpio2": "Imxrt.Gpio"},
        }

    def _waits(self) -> dict[str, Any]:
        return {"found": [], "left_out": 0}

    def _type(self, console: str, data: bytes) -> None:
        self.typed.append((self.time, data))
        self.queue += data

    def _take_unread(self, console: str) -> bytes:
        data = bytes(self.unread)
        self.unread.clear()
        return data

    def _pending(self, console: str) -> int:
        return len(self.queue)

    def _opened_at(self, console: str) -> int | None:
        return self.opened

    def _throttle(self, console: str, on: bool) -> None:
        self.calls.append((console, "throttle", on))

    def _trace_commands(self) -> None:
        self.calls.append(("trace_commands",))

    def _flash_in_flight(self) -> dict[str, Any]:
        return {"nor": {"operation": self.operation}}


STATS = {
    "commands": {"sector erase 4K": 2},
    "bytes_read": 1,
    "bytes_programmed": 256,
    "erases": {256: 2},
    "operations": 3,
    "busy_time": 90 * MS,
}


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
