"""A PC's steps one by one, against a device controller that does what the test says: USB 2.0, CDC
1.2, HID 1.11, Bulk-Only Transport 1.0."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from usb_firmware import MS, Board, S, endpoint, interface, whole
from usb_functions import STORAGE_IN, Composite, composite

from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.usb import descriptors
from xipsim.peripherals.usb._hid import MOST, find_hids
from xipsim.peripherals.usb._storage import PATIENCE, Command, find_storages
from xipsim.peripherals.usb.cdc import find_serial_ports
from xipsim.peripherals.usb.control import (
    ControlTransfer,
    Request,
    Stage,
    clear_halt,
    get_string,
    set_configuration,
)
from xipsim.peripherals.usb.enumeration import Enumeration, EnumerationError, Step
from xipsim.peripherals.usb.function import PACKET, Function
from xipsim.peripherals.usb.host import Host
from xipsim.peripherals.usb.link import Handshake, Speed

ACK, NAK, STALL = Handshake.ACK, Handshake.NAK, Handshake.STALL

# -- requests and their stages ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "packet"),
    [
        (set_configuration(3), "00 09 03 00 00 00 00 00"),
        (clear_halt(0x83), "02 01 00 00 83 00 00 00"),
        (get_string(4, 0x409), "80 06 04 03 09 04 ff 00"),
        (Request(kind=0x21, code=0x20, w_index=0x102, data=bytes(7)), "21 20 00 00 02 01 07 00"),
        (Request(kind=0xA1, code=1, value=0x1234, length=0x155), "a1 01 34 12 00 00 55 01"),
    ],
)
def test_setup_packets(request_: Request, packet: str) -> None:
    """Tables 9-2 to 9-5: wLength is that of the data, in whichever direction they go."""
    assert request_.packet.hex(" ") == packet


class Script:
    """A port that answers in turn, and notes what it was given."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.said: list[Any] = []

    def _next(self, *what: Any) -> Any:
        self.said.append(what)
        return self.answers.pop(0)

    def setup(self, address: int, packet: bytes) -> Any:
        return self._next("setup", address, packet)

    def take(self, endpoint: int) -> Any:
        return self._next("take", endpoint)

    def give(self, endpoint: int, data: bytes) -> Any:
        return self._next("give", endpoint, data)


READ = Request(kind=0x80, code=6, value=0x100, length=18)
WRITE = Request(kind=0x21, code=9, data=b"0123456789")
NOTHING = Request(kind=0, code=5, value=1)
SETUP, DATA, STATUS, DONE, STALLED = Stage
OUT = ["give", 0, b""]
"""The status of what was read."""


@pytest.mark.parametrize(
    ("request_", "answers", "stages", "said"),
    [
        (NOTHING, [NAK, ACK, NAK, b""], [SETUP, STATUS, STATUS, DONE], ["take", 0x80]),
        (READ, [ACK, b"a" * 8, NAK, b"b" * 8, b"cc", ACK], [DATA] * 4 + [STATUS, DONE], OUT),
        (READ, [ACK, b"short", ACK], [DATA, STATUS, DONE], OUT),
        (READ, [ACK, b"a" * 8, b"", NAK, ACK], [DATA, DATA, STATUS, STATUS, DONE], OUT),
        (WRITE, [ACK, ACK, NAK, ACK, b""], [DATA, DATA, DATA, STATUS, DONE], ["take", 0x80]),
        (READ, [STALL], [STALLED], None),
        (READ, [ACK, STALL], [DATA, STALLED], None),
        (READ, [ACK, b"short", STALL], [DATA, STATUS, STALLED], None),
        (WRITE, [ACK, STALL], [DATA, STALLED], None),
        (NOTHING, [ACK, STALL], [STATUS, STALLED], None),
    ],
)  # fmt: skip
def test_stages_of_a_control_transfer(
    request_: Request, answers: list[Any], stages: list[Stage], said: list[Any] | None
) -> None:
    """8.5.3: data end with a short packet, or when all has come; the status goes the other way."""
    port, transfer = Script(*answers), ControlTransfer(request_, 8)
    seen = []
    for answer in answers:
        handshake = answer if isinstance(answer, Handshake) else ACK
        assert transfer.step(port, 7) is handshake  # type: ignore[arg-type]
        seen.append(transfer.stage)
    assert seen == stages
    assert port.said[0] == ("setup", 7, request_.packet)
    if said:
        assert port.said[-1] == tuple(said)
    if request_ is WRITE and len(answers) > 2:
        given = [what[2] for what in port.said if what[0] == "give"]
        assert given == [b"01234567", b"89", b"89"], "again, as it was not taken"
    if request_ is READ and DONE in seen:
        packets = [answer for answer in answers if isinstance(answer, bytes)]
        assert bytes(transfer.received) == b"".join(packets)


# -- enumeration -----------------------------------------------------------------------------------

DEVICE = bytes((18, 1, 0, 2, 0, 0, 0, 32, 0x34, 0x12, 0x78, 0x56, 0, 1, 5, 6, 5, 1))
LANGUAGES = b"\x06\x03\x07\x04\x09\x04"
CONFIGURATION = whole(9, 1, interface(0, 0, (0xFF, 0, 0)))


def text(words: str) -> bytes:
    data = words.encode("utf-16-le")
    return bytes((2 + len(data), 3)) + data


def enumerated(**instead: bytes | None) -> tuple[Enumeration, list[tuple[Step, Request]]]:
    """Goes through all steps with usual answers, but for those by their steps' names."""
    enumeration = Enumeration(1)
    answers = {
        "PACKET_SIZE": DEVICE[:8], "ADDRESS": b"", "DEVICE": DEVICE, "QUALIFIER": None,
        "LENGTH": CONFIGURATION[:9], "CONFIGURATION": CONFIGURATION, "LANGUAGES": LANGUAGES,
        "CONFIGURE": b"",
    } | instead  # fmt: skip
    asked = []
    while enumeration.step is not Step.DONE:
        request = enumeration.request()
        asked.append((enumeration.step, request))
        usual = text(f"text {request.value & 0xFF}")
        enumeration.answer(answers.get(enumeration.step.name, usual))
    return enumeration, asked


def test_an_enumeration_asks_for_each_string_once() -> None:
    """Manufacturer 5, product 6, serial number 5; in the first language that the device has."""
    enumeration, asked = enumerated()
    assert [step for step, _ in asked] == [*list(Step)[:8], Step.STRING, Step.CONFIGURE]
    assert [request for step, request in asked if step is Step.STRING] == [
        get_string(5, 0x407),
        get_string(6, 0x407),
    ]
    assert enumeration.strings == {5: "text 5", 6: "text 6"}
    assert asked[-1][1] == set_configuration(9)
    assert (enumeration.max_packet, Enumeration(1).max_packet) == (32, 8)
    lengths = {step: request.length for step, request in asked}
    assert [lengths[step] for step in list(Step)[:7]] == [8, 0, 18, 10, 9, len(CONFIGURATION), 255]


def test_a_device_that_names_no_strings_is_asked_for_none() -> None:
    _, asked = enumerated(DEVICE=DEVICE[:14] + bytes(3) + DEVICE[17:])
    assert [step for step, _ in asked] == [*list(Step)[:6], Step.CONFIGURE]


def test_without_languages_there_are_no_strings() -> None:
    enumeration, asked = enumerated(LANGUAGES=None)
    assert Step.STRING not in [step for step, _ in asked] and enumeration.strings == {}
    _, asked = enumerated(LANGUAGES=b"\x02\x03")
    assert asked[-2][1] == get_string(6, 0), "a table without a language"


@pytest.mark.parametrize("step", list(Step)[:-1])
def test_what_a_device_may_refuse(step: Step) -> None:
    """9.4.3: a qualifier, and strings."""
    may = step in (Step.QUALIFIER, Step.LANGUAGES, Step.STRING)
    if may:
        assert enumerated(**{step.name: None})[0].step is Step.DONE
    else:
        with pytest.raises(EnumerationError, match=f"stalled the request: {step.value}"):
            enumerated(**{step.name: None})


@pytest.mark.parametrize(
    "step",
    [step for step in list(Step)[:8] if step not in (Step.ADDRESS, Step.QUALIFIER)],
)
def test_garbage_names_its_step(step: Step) -> None:
    with pytest.raises(EnumerationError, match=f"^{step.value}: "):
        enumerated(**{step.name: b"\x09\x99garbage"})


# -- the cable -------------------------------------------------------------------------------------


class Port:
    """A device controller with its pull-up on. It answers nothing."""

    pull_up = True
    is_attentive = True

    def __init__(self, bench: Bench, speed: Speed | None = Speed.HIGH) -> None:
        self.clock, self.speed = bench.clock, speed
        self.said: list[tuple[int, str]] = []

    def cable_changed(self) -> None: ...

    def begin_reset(self) -> None:
        self.said.append((self.clock.now, "begin"))

    def end_reset(self) -> Speed | None:
        self.said.append((self.clock.now, "end"))
        return self.speed

    def setup(self, address: int, packet: bytes) -> Handshake:
        self.said.append((self.clock.now, "setup"))
        return NAK

    def take(self, endpoint: int) -> Handshake:
        return NAK

    def give(self, endpoint: int, data: bytes) -> Handshake:
        return NAK


def plugged(speed: Speed | None = Speed.HIGH) -> tuple[Bench, Host, Port]:
    bench = Bench()
    host, port = Host(bench.system, name="pc"), Port(bench, speed)
    host.connect(port)  # type: ignore[arg-type]
    host.pull_up_changed()
    return bench, host, port


def test_the_times_of_a_connection() -> None:
    """Assumed: 1 ms until the reset, 3 ms of it, a microframe until the first SETUP; after five
    seconds (9.2.6.1) all of it again."""
    bench, host, port = plugged()
    bench.clock.advance(4 * MS + 125_000 + 5 * S)
    first = [(MS, "begin"), (4 * MS, "end"), (4 * MS + 125_000, "setup")]
    assert port.said[:3] == first
    assert port.said[3] == (4 * MS + 5 * S, "begin")
    doing = "device descriptor, for its packet size"
    assert [note.message for note in bench.notes] == [
        f"no answer from the device ({doing}): the host resets the bus"
    ]
    host.unplug()
    bench.clock.advance(10 * S)
    assert len(port.said) == 4


def test_a_reset_that_the_firmware_does_not_notice() -> None:
    """It is tried again when the controller has something new, and given up after five seconds."""
    bench, host, port = plugged(None)
    bench.clock.advance(5 * MS)
    assert port.said == [(MS, "begin"), (4 * MS, "end")]
    host.ready(0)
    host.ready(0x80)
    host.ready(1)
    bench.clock.advance(MS)
    assert port.said[2:] == [(5 * MS + 125_000, "end")]
    bench.clock.advance(5 * S)
    assert port.said[3] == (MS + 5 * S, "begin")
    assert "(bus reset)" in bench.notes[0].message


def test_a_controller_that_takes_no_notice_gets_no_setup() -> None:
    bench, host, port = plugged()
    port.is_attentive = False
    bench.clock.advance(100 * MS)
    assert [what for _, what in port.said] == ["begin", "end"]
    port.is_attentive = True
    host.ready(0)
    bench.clock.advance(125_000)
    assert [what for _, what in port.said] == ["begin", "end", "setup"]


def test_a_cable_that_is_pulled_before_anything_has_happened() -> None:
    bench, host, port = plugged()
    bench.clock.advance(MS // 2)
    host.unplug()
    bench.clock.advance(S)
    assert port.said == []
    host.plug()
    bench.clock.advance(MS)
    assert port.said == [(bench.clock.now, "begin")]
    port.pull_up = False
    host.pull_up_changed()
    bench.clock.advance(S)
    assert len(port.said) == 1


def test_packets_by_the_speed_of_the_bus() -> None:
    """Tables 5-9 and 5-10: 13 bulk packets of 512 bytes in a microframe, 19 of 64 in a frame."""
    assert PACKET == {Speed.HIGH: 9615, Speed.FULL: 52631}


def test_nothing_is_due_once_the_cable_is_out() -> None:
    """What was under way in both directions, and of notifications, with it."""
    board = composite()
    board.run(5 * MS)
    board.pc.type(b"x")
    board.firmware.print(b"y")
    board.firmware.send(0x81, bytes(8))
    board.run(1000)
    assert not board.idle
    board.pc.unplug()
    board.run(2000)
    assert board.idle


# -- serial ports ----------------------------------------------------------------------------------

CONTROL = interface(4, 1, (2, 2, 0), 6) + endpoint(0x85, 3, 8)
BULK = endpoint(0x8A, 2, 64) + endpoint(0x0B, 2, 64)
DATA_5 = interface(5, 2, (10, 0, 0)) + BULK


def functional(*data: int) -> bytes:
    return bytes((len(data) + 2, 0x24, *data))


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ((CONTROL, functional(6, 4, 5), DATA_5), True),
        ((CONTROL, functional(6, 3, 5), DATA_5), False),
        ((CONTROL, functional(6, 4), DATA_5), False),
        ((CONTROL, functional(6, 4, 6, 5), DATA_5), True),
        ((CONTROL, functional(1, 0, 5), DATA_5), True),
        ((CONTROL, functional(1, 0), DATA_5), False),
        ((CONTROL, functional(1, 0, 6), DATA_5), False),
        ((CONTROL, functional(1, 0, 6), functional(6, 4, 5), DATA_5), True),
        ((bytes((8, 11, 3, 2, 2, 2, 0, 0)), CONTROL, interface(3, 2, (10, 0, 0)), BULK), True),
        ((bytes((8, 11, 5, 2, 2, 2, 0, 0)), CONTROL, DATA_5), False),
        ((CONTROL, functional(6, 4, 5), interface(5, 2, (9, 0, 0)), BULK), False),
        ((CONTROL[:3] + b"\x01" + CONTROL[4:], functional(6, 4, 5), DATA_5), False),
        ((CONTROL, functional(6, 4, 5), DATA_5[:3] + b"\x01" + DATA_5[4:]), False),
    ],
)
def test_where_the_data_of_a_port_are(parts: tuple[bytes, ...], found: bool) -> None:
    """CDC 1.2, 5.2.3: the union that names the control interface, else call management, else an
    association; settings that are not the default do not count."""
    ports = find_serial_ports(descriptors.parse_configuration(whole(1, 2, *parts)))
    assert bool(ports) == found
    if ports:
        assert ports[0].notify == descriptors.Endpoint(0x85, 3, 8)


def test_the_line_of_a_port() -> None:
    parts = (CONTROL, functional(6, 4, 5), DATA_5)
    (port,) = find_serial_ports(descriptors.parse_configuration(whole(1, 2, *parts)))
    assert port.line_coding(9600) == Request(
        kind=0x21, code=0x20, w_index=4, data=struct.pack("<IBBB", 9600, 0, 0, 8)
    )
    assert port.line_state(False) == Request(kind=0x21, code=0x22, value=0, w_index=4)


@pytest.mark.parametrize(
    ("baud", "is_one"), [(0, True), (2**32 - 1, True), (2**32, False), (-1, False)]
)
def test_rates_of_a_port(baud: int, is_one: bool) -> None:
    """dwDTERate has 32 bits."""
    board = Board().open()
    if is_one:
        board.pc.set_line_coding(baud)
        board.run(MS)
        assert board.firmware.line_coding[:4] == struct.pack("<I", baud)
    else:
        with pytest.raises(ValueError, match=f"pc: expected a rate of 32 bits, given {baud}"):
            board.pc.set_line_coding(baud)


# -- keyboards, mass storage -----------------------------------------------------------------------


def test_a_thousand_reports_are_kept() -> None:
    assert MOST == 1000
    (hid,) = find_hids(
        descriptors.parse_configuration(
            whole(1, 1, interface(2, 1, (3, 0, 0)) + endpoint(0x83, 3, 8))
        )
    )

    class Pipes:
        speed = Speed.HIGH
        now = 0
        device = Script(*[bytes((n & 0xFF, n >> 8)) for n in range(1001)])

    for n in range(1001):
        Pipes.now = n
        hid.step(Pipes())  # type: ignore[arg-type]
    reports = hid.reports  # type: ignore[attr-defined]
    assert len(reports) == 1000 and reports[0] == (1, b"\x01\x00")
    assert reports[-1] == (1000, b"\xe8\x03")


@pytest.mark.parametrize(
    ("kind", "alternate", "bulk", "found"),
    [
        ((8, 6, 0x50), 0, BULK, 1),
        ((8, 6, 0x50), 1, BULK, 0),
        ((8, 6, 0x62), 0, BULK, 0),
        ((9, 6, 0x50), 0, BULK, 0),
        ((8, 2, 0x50), 0, BULK, 1),
        ((8, 6, 0x50), 0, BULK[:7], 0),
        ((8, 6, 0x50), 0, BULK[7:], 0),
    ],
)
def test_which_mass_storages_are_driven(
    kind: tuple[int, int, int], alternate: int, bulk: bytes, found: int
) -> None:
    """Bulk-only transport, 4.3: class 08h, protocol 50h; one bulk endpoint each way."""
    head = bytes((9, 4, 1, alternate, 2, *kind, 0))
    configuration = descriptors.parse_configuration(whole(1, 1, head + bulk))
    assert len(find_storages(configuration)) == found


@pytest.mark.parametrize(
    ("command", "wrapper"),
    [
        (Command(b"\x12\0\0\0\x24\0", length=36), "24 00 00 00 80 00 06 12 00 00 00 24"),
        (Command(bytes(10), data=bytes(512)), "00 02 00 00 00 00 0a"),
        (Command(bytes(6)), "00 00 00 00 00 00 06"),
    ],
)
def test_command_block_wrappers(command: Command, wrapper: str) -> None:
    """5.1: signature, tag, length, direction in bit 7, LUN, length and block of the command."""
    expected = b"USBC" + b"\x04\x03\x02\x01" + bytes.fromhex(wrapper)
    assert command.wrapper(0x0102_0304) == expected.ljust(31, b"\0")


def test_a_status_of_nothing_is_forgiven_once() -> None:
    """An empty packet may end the data; a second one is no status."""
    for empties, status in ((1, "passed"), (2, "broken")):
        board = composite()
        firmware = board.firmware
        assert isinstance(firmware, Composite)

        def empty(block: bytes, firmware: Composite = firmware, empties: int = empties) -> bool:
            firmware.after += [lambda: firmware.send(STORAGE_IN, b"")] * (empties - 1)
            firmware.after.append(lambda: firmware.status(0))
            firmware.send(STORAGE_IN, b"")
            return True

        firmware.misbehave = empty
        number = board.pc.begin_command(bytes(6), b"", 0)
        board.run(20 * MS)
        result = board.pc.command_result(number)
        assert result is not None and result[0] == status
        if status == "broken":
            assert result[3] == "its status is none (6.3): no byte"


def test_a_command_has_thirty_seconds() -> None:
    assert PATIENCE == 30 * S
    board = composite()
    firmware = board.firmware
    assert isinstance(firmware, Composite)
    firmware.misbehave = lambda block: True
    number = board.pc.begin_command(bytes(6), b"", 0)
    board.run(30 * S - 1)
    assert board.pc.command_result(number) is None
    board.run(2 * PACKET[Speed.HIGH])
    result = board.pc.command_result(number)
    assert result is not None and result[0] == "broken"


def test_commands_that_nobody_gave_are_gone() -> None:
    board = composite()
    for number in (-1, 1, 2):
        gone = "gone", b"", 0, "the device has left the bus"
        assert board.pc.command_result(number) == gone


# -- drivers side by side --------------------------------------------------------------------------


class Driver(Function):
    """Notes when it is stepped, and is due again after its period."""

    def __init__(self, endpoint: int, period: int | None) -> None:
        super().__init__((endpoint,))
        self.period = period
        self.times: list[int] = []
        self.heard: list[Request] = []

    def step(self, pipes: Any) -> None:
        self.times.append(pipes.now)
        self.due = None if self.period is None else pipes.now + self.period

    def answered(self, pipes: Any, request: Request) -> None:
        self.heard.append(request)


def test_each_driver_is_stepped_when_it_is_due() -> None:
    bench = Bench()
    host = Host(bench.system, name="pc")
    fast, slow, idle = Driver(0x81, 1000), Driver(0x82, 2500), Driver(0x83, None)
    host.functions = [fast, slow, idle]
    host.function_ready(0x81)
    bench.clock.advance(500)
    host.function_ready(0x82)
    host.function_ready(0x82)
    host.function_ready(0x84)
    bench.clock.advance(15_000)
    packet = PACKET[Speed.HIGH]
    assert fast.times == list(range(packet, 15_501, 1000))
    assert slow.times == list(range(500 + packet, 15_501, 2500)) and idle.times == []
    host.function_ready(0x83)
    bench.clock.advance(packet)
    assert len(idle.times) == 1
    request = clear_halt(1)
    host.function_answered(request)
    assert fast.heard == slow.heard == idle.heard == [request]
    fast.period = slow.period = None
    bench.clock.advance(5000)
    assert all(alarm.deadline is None for alarm in bench.clock.alarms)
    host.function_ready(0x81)
    host.forget_functions()
    bench.clock.advance(MS)
    assert fast.due is not None and host.functions == []
    assert all(alarm.deadline is None for alarm in bench.clock.alarms)


def test_a_driver_that_is_ready_twice_keeps_its_time() -> None:
    """What was due sooner stays so."""
    bench = Bench()
    host = Host(bench.system, name="pc")
    driver = Driver(0x81, None)
    host.functions = [driver]
    driver.due = 100
    host.function_ready(0x81)
    assert driver.due == 100
    bench.clock.advance(100)
    assert driver.times == [100]


def test_a_halt_is_cleared_once_however_often_that_is_asked() -> None:
    bench, host, _ = plugged()
    host.unstall(0x82)
    host.unstall(0x82)
    host.unstall(0x01)
    assert host.transfer is not None and host.transfer.request == clear_halt(0x82)
    assert host.requests == [clear_halt(0x01)]
    host.unstall(0x01)
    assert host.requests == [clear_halt(0x01)] and bench.notes == []


@pytest.mark.parametrize("has_port", [True, False])
def test_what_is_said_of_a_request_without_an_answer(has_port: bool) -> None:
    board = Board().open() if has_port else composite()
    if has_port:
        board.pc.set_dtr(False)
        board.run(MS)
        assert board.pc.opened_at is None
    else:
        for terminal in (board.pc, *board.more):
            terminal.set_dtr(False)
        board.run(MS)
        board.pc.serial = None
    board.firmware.hold(True)
    board.pc.submit(Request(kind=0x21, code=0x0A))
    board.run(6 * S)
    doing = "opening the serial port" if has_port else "a request of a driver"
    assert f"({doing})" in board.notes[-1]


def test_an_open_port_is_not_given_up() -> None:
    board = Board().open()
    board.firmware.hold(True)
    board.pc.set_line_coding(300)
    board.run(20 * S)
    assert not any("resets the bus" in note for note in board.notes)
