"""Keywords on consoles: Renode's, by its names, arguments and meanings."""

from __future__ import annotations

from datetime import timedelta

from xipsim.errors import UserError, WaitTimeout

from .emulation import Emulation
from .keywords import Keywords, keyword
from .tester import BinaryMatch, ForbiddenOutput, Match, TerminalTester, finder

END_LINES = ("TreatLineFeedAsEndLine", "TreatCarriageReturnAsEndLine")


class UartKeywords(Keywords):
    """Terminal testers."""

    def __init__(self, emulation: Emulation) -> None:
        super().__init__(emulation)
        self._timeout = 8_000_000_000
        self._waits_for_echo = True
        self._matches_next = False
        self._default: TerminalTester | None = None

    @keyword("Set Default Uart Timeout")
    def set_default_uart_timeout(self, timeout: timedelta) -> None:
        """Set the time-out of terminal testers made from now on; 8 s otherwise.

        timeout: of virtual time, a number of seconds or a text such as ``250ms``.
        """
        self._timeout = _ns(timeout)

    @keyword("Set Default Tester")
    def set_default_tester(self, id: int | None) -> None:
        """Let keywords without ``testerId`` use the tester ``id``; ``None``: the only one."""
        self._default = None if id is None else self._tester(id)

    @keyword("Create Terminal Tester")
    def create_terminal_tester(
        self,
        uart: str,
        timeout: timedelta | None = None,
        machine: str | None = None,
        endLineOption: str | None = None,
        defaultPauseEmulation: bool = False,
        defaultWaitForEcho: bool = True,
        defaultMatchNextLine: bool = False,
        binaryMode: bool = False,
    ) -> int:
        """Watch a console from now on; returns the tester's number, for ``testerId``.

        uart: the console's name in the platform, with or without ``sysbus.``; ``pc`` is the USB
        serial port as the computer at the other end of the cable has it. timeout: of waits without
        one of their own. machine: its name, if at all. endLineOption: ``TreatLineFeedAsEndLine``
        (default), or ``TreatCarriageReturnAsEndLine``. defaultWaitForEcho, defaultMatchNextLine:
        what the keywords do that do not say. binaryMode: for `Wait For Bytes On Uart`.
        defaultPauseEmulation: has no effect, for the machine stands still after every keyword.

        A console that has a tester keeps it: its number is returned.
        """
        emulation = self.emulation
        check_machine(emulation, machine)
        self._waits_for_echo, self._matches_next = defaultWaitForEcho, defaultMatchNextLine
        if endLineOption not in (None, *END_LINES):
            raise UserError(f"{endLineOption!r} is no end of a line: {' or '.join(END_LINES)}")
        name = uart.removeprefix("sysbus.")
        for number, tester in enumerate(emulation.testers):
            if tester.name == name:
                return number
        tester = TerminalTester(
            emulation.machine,
            name,
            timeout=self._timeout if timeout is None else _ns(timeout),
            carriage_return=endLineOption == END_LINES[1],
            is_binary=binaryMode,
        )
        emulation.testers.append(tester)
        return len(emulation.testers) - 1

    # -- waiting ---------------------------------------------------------------------------------

    @keyword("Wait For Line On Uart")
    def wait_for_line_on_uart(
        self,
        content: str,
        timeout: timedelta | None = None,
        testerId: int | None = None,
        treatAsRegex: bool = False,
        includeUnfinishedLine: bool = False,
        pauseEmulation: bool | None = None,
        matchNextLine: bool | None = None,
    ) -> Match:
        """Run until the console has printed a line with ``content``; returns what was found.

        The line and those before it are used up. The result has ``Line``, ``Timestamp`` (virtual
        milliseconds at which the line was looked at) and ``Groups`` (of the regular expression).
        timeout: virtual. treatAsRegex: ``content`` is a regular expression of Python.
        includeUnfinishedLine: a line without its end will do; it is used up to the end of the
        match. matchNextLine: the next line must be it. pauseEmulation: has no effect, for the
        machine stands still after every keyword.
        """
        return self._text_tester(testerId).wait_for(
            content,
            timeout=_maybe_ns(timeout),
            is_regex=treatAsRegex,
            unfinished=includeUnfinishedLine,
            next_only=self._matches_next if matchNextLine is None else matchNextLine,
        )

    @keyword("Wait For Lines On Uart")
    def wait_for_lines_on_uart(
        self,
        content: list[str],
        timeout: timedelta | None = None,
        testerId: int | None = None,
        treatAsRegex: bool = False,
        includeUnfinishedLine: bool = False,
        pauseEmulation: bool | None = None,
        matchFromNextLine: bool | None = None,
    ) -> Match:
        """Run until the console has printed lines with these contents, one after the other.

        Returns the last of them. includeUnfinishedLine: the last may lack its end.
        matchFromNextLine: the next lines must be they. The other arguments are those of
        `Wait For Line On Uart`.
        """
        tester, limit = self._text_tester(testerId), _maybe_ns(timeout)
        if not content:
            return Match("", self.emulation.machine.now / 1e6)
        if not (self._matches_next if matchFromNextLine is None else matchFromNextLine):
            return tester.wait_for_lines(
                content, timeout=limit, is_regex=treatAsRegex, unfinished=includeUnfinishedLine
            )
        for index, pattern in enumerate(content, start=1):
            match = tester.wait_for(
                pattern,
                timeout=limit,
                is_regex=treatAsRegex,
                unfinished=includeUnfinishedLine and index == len(content),
                next_only=True,
            )
        return match

    @keyword("Wait For Next Line On Uart")
    def wait_for_next_line_on_uart(
        self,
        timeout: timedelta | None = None,
        testerId: int | None = None,
        pauseEmulation: bool | None = None,
    ) -> Match:
        """Run until there is a line that was not used up, and use it up; returns it.

        After `Write Line To Uart` that is the empty rest of the line that was typed.
        """
        return self._text_tester(testerId).next_line(_maybe_ns(timeout))

    @keyword("Wait For Prompt On Uart")
    def wait_for_prompt_on_uart(
        self,
        prompt: str,
        testerId: int | None = None,
        timeout: timedelta | None = None,
        treatAsRegex: bool = False,
        pauseEmulation: bool | None = None,
    ) -> Match:
        """Run until the console has printed ``prompt``, in a line without an end, too.

        MicroPython's prompt is ``>>> `` with a space, which Robot needs as ``>>>${SPACE}``;
        ``>>>`` alone will do. The arguments are those of `Wait For Line On Uart`.
        """
        return self._text_tester(testerId).wait_for(
            prompt,
            timeout=_maybe_ns(timeout),
            is_regex=treatAsRegex,
            unfinished=True,
            next_only=self._matches_next,
        )

    @keyword("Wait For Bytes On Uart")
    def wait_for_bytes_on_uart(
        self,
        content: str,
        timeout: timedelta | None = None,
        testerId: int | None = None,
        treatAsRegex: bool = False,
        pauseEmulation: bool | None = None,
        matchStart: bool = False,
    ) -> BinaryMatch:
        """Run until a tester in binary mode has got these bytes; returns what was found.

        content: in hex, or a regular expression in which a character is a byte. The result has
        ``Content`` and ``Groups``, in bytes. matchStart: nothing may come before them.
        """
        tester = self._tester(testerId)
        if not tester.is_binary:
            raise UserError(f"the tester of {tester.name} was created without binaryMode=True")
        pattern = content if treatAsRegex else _from_hex(content)
        match = tester.wait_for(
            pattern,
            timeout=_maybe_ns(timeout),
            is_regex=treatAsRegex,
            unfinished=True,
            next_only=matchStart,
        )
        groups = [group.encode("latin-1") for group in match.Groups]
        return BinaryMatch(match.Line.encode("latin-1"), match.Timestamp, groups)

    @keyword("Should Not Be On Uart")
    def should_not_be_on_uart(
        self,
        content: str,
        timeout: timedelta | None = None,
        testerId: int | None = None,
        treatAsRegex: bool = False,
        includeUnfinishedLine: bool = False,
    ) -> None:
        """Run for ``timeout``, and fail as soon as the console prints a line with ``content``.

        The arguments are those of `Wait For Line On Uart`.
        """
        tester, start = self._text_tester(testerId), self.emulation.running.now
        limit = tester.timeout if timeout is None else _ns(timeout)
        try:
            match = tester.wait_for(
                content, timeout=limit, is_regex=treatAsRegex, unfinished=includeUnfinishedLine
            )
        except WaitTimeout:
            if self.emulation.running.now - start < limit:
                raise
            return
        raise ForbiddenOutput(f"{tester.name} printed what it should not: {match.Line!r}")

    @keyword("Test If Uart Is Idle")
    def test_if_uart_is_idle(
        self,
        timeout: timedelta,
        testerId: int | None = None,
        pauseEmulation: bool | None = None,
    ) -> None:
        """Run for ``timeout`` of virtual time, and fail as soon as the console prints anything."""
        self._tester(testerId).require_idle(_ns(timeout))

    @keyword("Register Failing Uart String")
    def register_failing_uart_string(
        self, pattern: str, treatAsRegex: bool = False, testerId: int | None = None
    ) -> None:
        """Let every wait on this tester fail when a line with ``pattern`` was printed."""
        find = finder(pattern, treatAsRegex)
        self._text_tester(testerId).failing[pattern, treatAsRegex] = find

    @keyword("Unregister Failing Uart String")
    def unregister_failing_uart_string(
        self, pattern: str, treatAsRegex: bool = False, testerId: int | None = None
    ) -> None:
        """Undo `Register Failing Uart String` with the same arguments."""
        if self._text_tester(testerId).failing.pop((pattern, treatAsRegex), None) is None:
            raise UserError(f"no failing string {pattern!r} is registered")

    # -- typing ----------------------------------------------------------------------------------

    @keyword("Write Line To Uart")
    def write_line_to_uart(
        self,
        content: str = "",
        testerId: int | None = None,
        waitForEcho: bool | None = None,
        pauseEmulation: bool | None = None,
    ) -> None:
        """Type ``content`` and a carriage return; then wait until the firmware has echoed it.

        waitForEcho: ``False`` waits for nothing. What was printed before the echo is used up.
        """
        self.emulation.running  # noqa: B018
        tester = self._text_tester(testerId)
        tester.write(content + "\r")
        if self._waits_for_echo if waitForEcho is None else waitForEcho:
            tester.wait_for(content, timeout=None, unfinished=True)

    @keyword("Write To Uart")
    def write_to_uart(self, content: str, testerId: int | None = None) -> None:
        """Type ``content``; the firmware takes it when the machine runs."""
        self._tester(testerId).write(content)

    @keyword("Write Char On Uart")
    def write_char_on_uart(self, c: str, testerId: int | None = None) -> None:
        """Type one character."""
        if len(c) != 1:
            raise UserError(f"{c!r} is not one character")
        self._tester(testerId).write(c)

    @keyword("Send Key To Uart")
    def send_key_to_uart(self, c: int, testerId: int | None = None) -> None:
        """Type the character with the code ``c``: ``3``, or ``0x3``, is Ctrl-C."""
        self._tester(testerId).write(chr(c))

    @keyword("Write Char Delay")
    def write_char_delay(self, delay: timedelta, testerId: int | None = None) -> None:
        """Let virtual time pass after every character that is typed from now on."""
        self._tester(testerId).char_delay = _ns(delay)

    # --------------------------------------------------------------------------------------------

    def _text_tester(self, number: int | None) -> TerminalTester:
        tester = self._tester(number)
        if tester.is_binary:
            raise UserError(f"the tester of {tester.name} is in binary mode, which has no lines")
        return tester

    def _tester(self, number: int | None) -> TerminalTester:
        self.emulation.running  # noqa: B018
        testers = self.emulation.testers
        if number is None and self._default in testers:
            assert self._default
            return self._default
        if number is None and len(testers) == 1:
            return testers[0]
        if number is not None and 0 <= number < len(testers):
            return testers[number]
        have = ", ".join(f"{i} ({tester.name})" for i, tester in enumerate(testers)) or "none"
        wanted = "say which tester: testerId=..." if number is None else f"no tester {number}"
        hint = "" if testers else "; `Create Terminal Tester` makes one"
        raise UserError(f"{wanted}; there are: {have}{hint}")


def check_machine(emulation: Emulation, name: str | None) -> None:
    """UserError unless `name`, if given, is the machine's."""
    if name is not None and name != emulation.name:
        raise UserError(f"there is no machine {name!r}; there is: {emulation.name}")


def _ns(duration: timedelta) -> int:
    if duration < timedelta(0):
        raise UserError(f"a duration cannot be negative: {duration.total_seconds():g} s")
    return duration // timedelta(microseconds=1) * 1_000


def _maybe_ns(duration: timedelta | None) -> int | None:
    return None if duration is None else _ns(duration)


def _from_hex(content: str) -> str:
    try:
        return bytes.fromhex(content).decode("latin-1")
    except ValueError:
        raise UserError(f"{content!r} are no bytes in hex") from None
