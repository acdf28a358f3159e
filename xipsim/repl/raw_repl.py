"""Scripts at MicroPython's REPL: the raw REPL with raw-paste mode, as a careful person uses it.

The protocol: MicroPython, docs/reference/repl.rst and shared/runtime/pyexec.c.
"""

from __future__ import annotations

from collections.abc import Callable

from xipsim.board.console import Console
from xipsim.engines.api import Goal, Stop, StopReason
from xipsim.errors import BoardReset, ReplError, UserError, WaitTimeout
from xipsim.repl.output import Output, type_name
from xipsim.session import stop_reports
from xipsim.session.session import Limits, Session

PROMPT = b">>> "
_AT_PROMPT = rb">>> \Z"
_RAW_BANNER = rb"raw REPL; CTRL-B to exit\r\n>"
_SOFT_REBOOT = b"PY: soft reboot\r\n"
_INTERRUPT, _END, _LEAVE_RAW, _ENTER_RAW = b"\x03", b"\x04", b"\x02", b"\x01"
_PASTE = b"\x05A\x01"

QUIET = 500_000_000
"""Virtual ns without a byte, and without a flash operation, after which Ctrl-C is typed."""
NOISY = 2_000_000_000
"""Virtual ns of output without a prompt after which Ctrl-C is typed."""
SLICE = 100_000_000
OPENING = 10_000_000_000
"""Virtual ns that firmware is given to start USB: a first boot that formats takes a tenth of a
second. What keeps it longer is a boot.py that does not end, and nobody can type to that."""
LEAVING = "10s"
"""What the firmware is given to come back to its prompt after a script."""
CHUNK = 256
"""Bytes typed at a time in plain raw mode, which has no flow control of its own."""
PAUSE = 10_000_000
LONGEST = 16 << 20
"""Bytes of a script: more than any board has memory for."""

# A watchdog, or a lock-up; every other reset in a script is one that it asked for.
_UNWANTED = ("watchdog", "lock-up")
_PRESSED = "reset pin"
"""What a script cannot ask for; `monitor reset` of gdb does."""


class Repl:
    """Runs scripts on one console."""

    def __init__(self, session: Session, console: Console) -> None:
        self._session, self._console = session, console

    def exec(
        self,
        code: str | bytes,
        limits: Limits,
        *,
        output: Callable[[str], None] | None = None,
        is_patient: bool = True,
    ) -> str:
        """See `Machine.exec`. is_patient: as for `prompt`.

        Where gdb presses reset, the script runs anew, as the rest of the firmware does.
        """
        source = _checked(code)
        while True:
            self.prompt(limits, is_patient=is_patient)
            run = _Run(self._session, self._console, limits, output)
            try:
                return run.run(source)
            except _WasReset as reset:
                if not (self._session.is_debugged and reset.cause == _PRESSED):
                    return self._after_reset(reset, run)
                limits = self._session.limits(limits.timeout)
            except WaitTimeout as error:
                error.output = run.finish()
                raise

    def _after_reset(self, reset: _WasReset, run: _Run) -> str:
        if reset.cause not in _UNWANTED:
            return run.finish()
        situation = self._session.situation(self._console.name, reset.stop.pc)
        raise BoardReset(stop_reports.reset_text(reset.cause, situation), situation, run.finish())

    def prompt(self, limits: Limits, *, is_patient: bool = True) -> None:
        """Come to the prompt; interrupt what keeps the firmware from it, but nothing else.

        is_patient: wait to the end of `limits` for a console that is not open; else for OPENING.
        A Ctrl-C while the firmware mounts its file system would leave it unmounted: hence only in
        silence without a flash operation, or when output goes on and on.
        """
        session, console = self._session, self._console
        if console.is_stale:
            console.read_bytes()  # A prompt from before says nothing.
        patient_until = attempts = 0
        opens_by = session.now + OPENING
        noisy_since: int | None = None
        while not console.ends_with(PROMPT):
            start, printed = session.now, console.printed
            patient = start < patient_until
            stop = session.run(
                limits.goal(
                    until=min(limits.until, patient_until if patient else start + SLICE),
                    pattern=_AT_PROMPT,
                    console=console.name,
                    quiet=None if patient else QUIET,
                )
            )
            console.note_consumed(stop)
            if console.printed > printed and noisy_since is None:
                noisy_since = start
            if stop.reason is StopReason.MATCH or console.ends_with(PROMPT):
                break
            is_noisy = noisy_since is not None and session.now - noisy_since >= NOISY
            if stop.reason is StopReason.QUIET or is_noisy:
                attempts += 1
                why = "output without a prompt" if is_noisy else "silence"
                self._interrupt(why, leave_raw=attempts % 2 == 0)
                patient_until, noisy_since = session.now + QUIET, None
            elif stop.reason is not StopReason.DEADLINE or session.now >= limits.until:
                tried = f" (Ctrl-C was typed {attempts} times)" if attempts else ""
                what = f"the REPL's prompt on console {console.name}{tried}"
                raise session.timed_out(what, limits, stop, console.name)
            elif not is_patient and session.now >= opens_by and not console.is_open:
                what = f"console {console.name} to open (a time-out of your own waits longer)"
                limits = limits._replace(timeout=OPENING)
                raise session.timed_out(what, limits, stop, console.name)
        console.read_bytes()

    def _interrupt(self, why: str, *, leave_raw: bool) -> None:
        """Type Ctrl-C; every second time Ctrl-B, too: the firmware may be in its raw REPL."""
        self._session.log.was_interrupted(self._session.now, why)
        self._console.write(_INTERRUPT + (_LEAVE_RAW if leave_raw else b""))


class _Run:
    """One script, from the prompt to the prompt."""

    def __init__(
        self,
        session: Session,
        console: Console,
        limits: Limits,
        output: Callable[[str], None] | None,
    ) -> None:
        self._session, self._console, self._limits = session, console, limits
        self._output = Output(output)
        self._errors = b""
        self._reset: Stop | None = None

    def finish(self) -> str:
        """All that the script has printed; nothing more comes."""
        self._output.finish()
        return self._output.text

    def run(self, source: bytes) -> str:
        """Send it, stream its output, come back; the result is as `Machine.exec` says. _WasReset"""
        self._enter()
        self._send(source)
        has_rebooted = self._collect()
        text = self.finish()
        self._leave(has_rebooted)
        if self._errors and not has_rebooted:
            traceback = self._errors.decode("utf-8", "replace").replace("\r\n", "\n")
            raise ReplError(traceback.rstrip("\n"), type_name(traceback), text)
        return text

    def _wait(self, pattern: bytes, what: str, typed: bytes = b"") -> bytes:
        stop = self._console.wait(pattern, self._limits, what, typed=typed, stop_on_reset=True)
        if stop.reason is StopReason.RESET:
            raise _WasReset(stop)
        return stop.consumed

    # -- sending ---------------------------------------------------------------------------------

    def _enter(self) -> None:
        self._wait(_RAW_BANNER, "the raw REPL", _ENTER_RAW)

    def _send(self, source: bytes) -> None:
        # With the size of the window, so that the machine need not stand still before that.
        answer = self._wait(rb"R\x01..|R\x00|ra", "the answer to raw-paste mode", _PASTE)
        if answer[-4:-2] == b"R\x01":
            self._paste(source, int.from_bytes(answer[-2:], "little"))
            return
        if answer.endswith(b"ra"):
            self._wait(rb"w REPL; CTRL-B to exit\r\n>", "the raw REPL")
        self._send_plain(source)

    def _paste(self, source: bytes, window: int) -> None:
        """Send as much as the firmware has room for; it may end the transfer early (04h)."""
        what = "the firmware to take the script"
        room, sent, piece = window, 0, b""
        while sent < len(source):
            if room:
                control = self._console.read_bytes()
            else:
                control = self._wait(rb"[\x01\x04]", what, piece)
            room += window * control.count(1)
            if _END in control:
                self._console.write(_END)
                return
            piece = source[sent : sent + room]
            sent, room = sent + len(piece), room - len(piece)
        self._wait(rb"\x04", what, piece + _END)

    def _send_plain(self, source: bytes) -> None:
        """Without flow control: in small pieces, each when the one before was taken."""
        # An empty script would be a soft reset here.
        source = source or b"\n"
        for start in range(0, len(source), CHUNK):
            self._console.write(source[start : start + CHUNK])
            while True:
                stop = self._session.run(self._pause())
                if self._session.now >= self._limits.until or stop.reason is StopReason.WALL:
                    what = "the firmware to take the script"
                    raise self._session.timed_out(what, self._limits, stop, self._console.name)
                if not self._console.pending:
                    break
        self._console.write(_END)
        self._wait(rb"OK", "the firmware to take the script")

    def _pause(self) -> Goal:
        until = min(self._session.now + PAUSE, self._limits.until)
        return self._limits.goal(until=until, console=self._console.name)

    # -- receiving -------------------------------------------------------------------------------

    def _collect(self) -> bool:
        """Read to the end: output, 04h, traceback, 04h, and then the raw prompt or a soft reboot.

        Returns whether it was a soft reboot. Output may hold 04h itself: it was the end only if
        what follows the next one says so.
        """
        what = "the script to end"
        begun = self._stream(what)
        is_whole = begun.startswith(_END)
        errors, following = _cut(begun if is_whole else begun + self._wait(rb"\x04.", what))
        while True:
            if following == b"M":
                following += self._wait(rb"PY: soft reboot\r\n|\x04", what)
            if following in (b">", b"M" + _SOFT_REBOOT):
                self._errors = errors
                return following != b">"
            self._output.feed(_END + errors)
            if following.endswith(_END):
                errors, following = following[:-1], self._wait(rb".", what)
            else:
                errors, following = _cut(following + self._wait(rb"\x04.", what))

    def _stream(self, what: str) -> bytes:
        """Hand output on as it comes, up to the first 04h; the byte behind that, and where that is
        another 04h, as without a traceback, one more."""
        console = self._console
        position = console.consumed
        ended = False

        def pump(_: bytes = b"") -> None:
            nonlocal position, ended
            fresh = console.transcript_from(position)
            piece, end, _rest = fresh.partition(_END)
            if not ended:
                self._output.feed(piece)
            position, ended = position + len(fresh), ended or bool(end)

        pump()
        stop_listening = console.on_output(pump)
        try:
            return self._wait(rb"\x04(\x04.|[^\x04])", what).partition(_END)[2]
        finally:
            stop_listening()

    # -- coming back -----------------------------------------------------------------------------

    def _leave(self, has_rebooted: bool) -> None:
        """Back to the friendly prompt. After a soft reboot boot.py has run, main.py has not."""
        limits = self._session.limits(LEAVING)
        if has_rebooted:
            what = "the REPL after the script's soft reset"
            self._console.wait(_RAW_BANNER, limits, what)
        what = "the REPL's prompt after the script"
        self._console.wait(_AT_PROMPT, limits, what, typed=_LEAVE_RAW)


def _cut(received: bytes) -> tuple[bytes, bytes]:
    """What comes before the 04h that is the last byte but one, and what comes behind it."""
    return received[:-2], received[-1:]


class _WasReset(Exception):
    """The board was reset while the script ran."""

    def __init__(self, stop: Stop) -> None:
        super().__init__()
        self.stop, self.cause = stop, str(stop.detail.get("cause", ""))


def check_form(source: bytes, name: str) -> None:
    """UserError for a script that no board could hold, or that an editor has saved otherwise."""
    if len(source) > LONGEST:
        raise UserError(f"{name}: more than {LONGEST >> 20} MB, which no script has")
    if source.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UserError(f"{name}: UTF-16, and the board takes UTF-8: save it so")
    if source.startswith(b"\xef\xbb\xbf"):
        raise UserError(
            f"{name}: it begins with a byte order mark, which the board takes for a part of its "
            "first word: save it as UTF-8 without one"
        )


def _checked(code: str | bytes) -> bytes:
    if not isinstance(code, (str, bytes)):
        raise UserError(f"a script is text, or bytes, not {code!r}")
    try:
        source = code.encode() if isinstance(code, str) else code
    except UnicodeEncodeError as error:
        raise UserError(f"the script cannot be sent as UTF-8: {error}") from None
    check_form(source, "the script")
    for control in (_ENTER_RAW, _LEAVE_RAW, _INTERRUPT, _END):
        if control in source:
            line = source[: source.index(control)].count(b"\n") + 1
            raise UserError(
                f"line {line} of the script holds the control character {control[0]:02x}h, which "
                f"the REPL does not take as text; write it as '\\x{control[0]:02x}'"
            )
    return source
