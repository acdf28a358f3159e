"""A board's console, as a person at a terminal has it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from xipsim.board.by_name import ByName
from xipsim.engines.api import Stop
from xipsim.errors import UserError, check_callable
from xipsim.session.session import Limits, Session

TIMEOUT = "5s"


class Console:
    """What the firmware prints, and what is typed to it.

    Virtual time passes only while something is waited for. What the firmware has printed and
    nobody has read stays, and is searched first by the next `expect`. Text is UTF-8; a character
    that is cut in two is given when its second half is read, and bytes that are no UTF-8 become
    U+FFFD. The methods on bytes give everything as it came.
    """

    def __init__(self, session: Session, name: str) -> None:
        self.name = name
        self._session = session
        self._transcript = session.log.printed[name]
        self._consumed = 0
        self._stale = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._listeners: list[Callable[[bytes], None]] = []
        session.log.listen(name, self._receive, self._forget_prompt)

    def expect(
        self,
        pattern: str | bytes,
        *,
        regex: bool = False,
        timeout: str | int = TIMEOUT,
        wall: float | None = None,
    ) -> str:
        """Run until `pattern` is printed; return the unread text up to its end.

        A plain pattern is taken literally; with `regex` it is a regular expression, matched on
        bytes, with `.` matching line ends. timeout: virtual. wall: seconds of real time. Raises
        WaitTimeout.
        """
        data = self.expect_bytes(pattern, regex=regex, timeout=timeout, wall=wall)
        return self._decoder.decode(data)

    def expect_bytes(
        self,
        pattern: str | bytes,
        *,
        regex: bool = False,
        timeout: str | int = TIMEOUT,
        wall: float | None = None,
    ) -> bytes:
        """As `expect`, but bytes."""
        expression = _expression(pattern, regex)
        limits = self._session.limits(timeout, wall)
        what = f"{pattern!r} on console {self.name}"
        with self._session.turn:
            half = self._half_character()
            return half + self.wait(expression, limits, what).consumed

    def read(self) -> str:
        """The unread text. No time passes."""
        with self._session.turn:
            return self._decoder.decode(self._take())

    def read_bytes(self) -> bytes:
        """The unread bytes. No time passes."""
        with self._session.turn:
            return self._half_character() + self._take()

    def write(self, data: str | bytes) -> None:
        """Type `data`; the firmware takes it when the machine runs. Nothing is lost.

        The REPL ends a line with a carriage return: `write("print(1)\\r")`.
        """
        typed = _bytes(data, "what is typed")
        self._stale = len(self._transcript)
        self._session.request("type", self.name, typed)

    @property
    def pending(self) -> int:
        """Bytes typed that the firmware has not taken yet."""
        pending: int = self._session.request("pending", self.name)
        return pending

    @property
    def transcript(self) -> bytes:
        """Everything that was ever printed, read or not; of more than 16 MB the end."""
        return self._transcript.since(0)

    @property
    def is_open(self) -> bool:
        """Whether there is a port, and the terminal has opened it."""
        return self._session.request("opened_at", self.name) is not None

    def throttle(self, on: bool) -> None:
        """Take nothing more from the firmware (True) until told otherwise."""
        self._session.request("throttle", self.name, on)

    def on_output(self, listener: Callable[[bytes], None]) -> Callable[[], None]:
        """Hand `listener` what is printed, while the machine runs; returns what ends that."""
        check_callable("listener", listener)
        self._session.untouched = False
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def forget_listeners(self) -> None:
        """Hand nothing more to any of them."""
        self._listeners.clear()

    # -- for those who speak the REPL's language -------------------------------------------------

    def limits(self, timeout: str | int, wall: float | None = None) -> Limits:
        """Limits that several waits have in common, counted from now."""
        return self._session.limits(timeout, wall)

    def wait(
        self,
        pattern: bytes,
        limits: Limits,
        what: str,
        *,
        typed: bytes = b"",
        stop_on_reset: bool = False,
    ) -> Stop:
        """Run until the regular expression `pattern` is printed, or to a reset if asked.

        typed: before that, in the same request.
        """
        if typed:
            self._stale = len(self._transcript)
        stop = self._session.wait(
            self.name, pattern, limits, what, typed=typed, stop_on_reset=stop_on_reset
        )
        self.note_consumed(stop)
        return stop

    def note_consumed(self, stop: Stop) -> None:
        """`stop` came from a run for this console and may have consumed output."""
        self._consumed += len(stop.consumed)

    @property
    def printed(self) -> int:
        """How many bytes were ever printed."""
        return len(self._transcript)

    @property
    def consumed(self) -> int:
        """How many of them were read: where in the transcript the unread ones begin."""
        return self._consumed

    def transcript_from(self, position: int) -> bytes:
        """What was printed from that byte on."""
        return self._transcript.since(position)

    @property
    def is_stale(self) -> bool:
        """Whether nothing was printed since something was typed, or the board was reset."""
        return len(self._transcript) == self._stale

    def ends_with(self, text: bytes) -> bool:
        """Whether `text` was printed last, with nothing typed and no reset since."""
        return not self.is_stale and self._transcript.endswith(text)

    # -- snapshots -------------------------------------------------------------------------------

    def save(self) -> tuple[int, int, tuple[bytes, int]]:
        """How far it was read."""
        return self._consumed, self._stale, self._decoder.getstate()

    def load(self, saved: tuple[int, int, tuple[bytes, int]]) -> None:
        """Be read as far as when `save` returned `saved`."""
        self._consumed, self._stale, state = saved
        self._decoder.setstate(state)

    # --------------------------------------------------------------------------------------------

    def _take(self) -> bytes:
        with self._session.turn:
            if self._consumed == len(self._transcript):  # all that was printed
                self._session.check_usable()
                return b""
            data: bytes = self._session.request("take_unread", self.name)
            self._consumed = len(self._transcript)
        return data

    def _half_character(self) -> bytes:
        half = self._decoder.getstate()[0]
        self._decoder.reset()
        return half

    def _receive(self, data: bytes) -> None:
        for listener in tuple(self._listeners):
            listener(data)

    def _forget_prompt(self) -> None:
        self._stale = len(self._transcript)


class Consoles(ByName[Console]):
    """The board's consoles, by the names of their entries."""

    def __init__(self, session: Session) -> None:
        super().__init__("console", {n: Console(session, n) for n in session.consoles})


def _expression(pattern: str | bytes, regex: bool) -> bytes:
    data = _bytes(pattern, "a pattern")
    if not regex:
        return re.escape(data)
    try:
        re.compile(data, re.DOTALL)
    except re.error as error:
        raise UserError(f"{pattern!r} is no regular expression: {error}") from None
    return data


def _bytes(data: str | bytes, what: str) -> bytes:
    try:
        return data.encode() if isinstance(data, str) else bytes(memoryview(data))
    except UnicodeEncodeError as error:
        raise UserError(f"{what} holds what is no character: {error.reason}") from None
    except TypeError:
        raise UserError(f"{what} is text, or bytes, not {data!r}") from None
