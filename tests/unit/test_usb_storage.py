"""Mass storage from the PC's side, against a firmware at register level: transport and blocks."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable

import pytest
from fat_volumes import Memory, with_folder
from usb_firmware import CTRL, MS, Board, S
from usb_functions import (
    BLOCK,
    BLOCKS,
    STORAGE,
    STORAGE_IN,
    STORAGE_OUT,
    Composite,
    FakeSession,
    composite,
)

from xipsim.board.storage import Refused, Storage
from xipsim.engines import unpickle
from xipsim.errors import StorageError, UserError
from xipsim.firmware.fat.volume import Volume

INQUIRY = bytes((0x12, 0, 0, 0, 36, 0))
READY = bytes(6)
PASSED, FAILED, BROKEN, GONE = "passed", "failed", "broken", "gone"


@pytest.fixture
def board() -> Board:
    return composite()


@pytest.fixture
def storage(board: Board) -> Storage:
    return Storage(FakeSession(board), "pc")  # type: ignore[arg-type]


def stick(board: Board) -> Composite:
    assert isinstance(board.firmware, Composite)
    return board.firmware


def run(board: Board, block: bytes, data: bytes = b"", length: int = 0) -> tuple[str, bytes]:
    """A command, and 20 ms in which it has to end."""
    number = board.pc.begin_command(block, data, length)
    board.run(20 * MS)
    result = board.pc.command_result(number)
    assert result
    return result[:2]


def clears(board: Board) -> list[int]:
    """The endpoints whose halt was cleared, in order."""
    return [s[4] for s in board.firmware.setups if s[:2] == b"\x02\x01"]


def test_nothing_is_asked_of_it_until_somebody_wants_it(board: Board) -> None:
    assert board.pc.has_storage()
    assert stick(board).commands == []
    assert board.idle


def test_inquiry(board: Board) -> None:
    status, data = run(board, INQUIRY, length=36)
    assert (status, data[8:16]) == (PASSED, b"Maker   ")
    assert board.bench.events == []


@pytest.mark.parametrize("size", [1, 2, 31, 32, 33, 100])
def test_blocks_both_ways(board: Board, storage: Storage, size: int) -> None:
    data = random.Random(size).randbytes(size * BLOCK)
    storage.write_blocks(7, data)
    assert stick(board).disk == bytes(7 * BLOCK) + data + bytes((BLOCKS - 7 - size) * BLOCK)
    assert storage.read_blocks(7, size) == data
    assert board.idle


def test_what_a_pc_asks_before_it_reads(board: Board, storage: Storage) -> None:
    drive = storage.wait()
    assert (drive.vendor, drive.product) == ("Maker", "Stick")
    assert (drive.block_size, drive.blocks) == (BLOCK, BLOCKS)
    assert [block[0] for block in stick(board).commands] == [0x12, 0x00, 0x25]


def test_files_of_its_volume(board: Board, storage: Storage) -> None:
    disk = with_folder()
    stick(board).disk[: len(disk)] = disk
    data = random.Random(3).randbytes(100_000)
    storage.write("image.uf2", data)
    storage.write("lib/a.py", b"print(1)")
    assert storage.files() == {"image.uf2": 100_000, "LIB/a.py": 8}
    assert storage.read("IMAGE.UF2") == data
    assert storage.image() == stick(board).disk
    written = [b for b in stick(board).commands if b[0] in (0x2A, 0x35)]
    assert written[-1][0] == 0x35, "SYNCHRONIZE CACHE, which it does not know"
    lengths = {int.from_bytes(b[7:9], "big") for b in stick(board).commands if b[0] in (0x28, 0x2A)}
    assert max(lengths) == 128, "64 KB at once"


def test_a_bootloader_that_restarts_with_the_last_block(board: Board, storage: Storage) -> None:
    """All else has been written by then, and there is nothing left to ask."""
    disk = with_folder()
    firmware = stick(board)
    firmware.disk[: len(disk)] = disk
    status = firmware.status

    def restarts(code: int, residue: int = 0) -> None:
        status(code, residue)
        if firmware.block[0] == 0x2A and b"last block" in firmware.disk:
            firmware.after[-1] = firmware.stop

    firmware.status = restarts  # type: ignore[method-assign, assignment]
    storage.write("image.uf2", bytes(5000) + b"last block")
    assert not storage.is_there
    assert Volume(Memory(bytes(firmware.disk))).files() == {"image.uf2": 5010}


def test_a_refused_command_says_why(board: Board, storage: Storage) -> None:
    with pytest.raises(Refused, match=r"SCSI command A0h failed: illegal request \(5h, 20h/00h\)"):
        storage.command(bytes((0xA0, *bytes(11))))
    assert board.bench.events == []


def test_a_medium_that_becomes_ready_is_waited_for(board: Board, storage: Storage) -> None:
    stick(board).unready = (6, 0x28, 0)

    def insert() -> None:
        if sum(block[0] == 0x03 for block in stick(board).commands) == 2:
            stick(board).unready = (0, 0, 0)

    storage._session.on_step = insert  # type: ignore[attr-defined]
    assert storage.wait().blocks == BLOCKS
    stick(board).unready = (2, 0x3A, 0)
    storage._session.on_step = lambda: None  # type: ignore[attr-defined]
    with pytest.raises(StorageError, match=r"does not become ready: .*not ready \(2h, 3Ah/00h\)"):
        storage.wait()


def test_a_stall_of_the_data_phase_is_cleared_and_the_status_read(board: Board) -> None:
    firmware = stick(board)
    firmware.misbehave = lambda block: firmware.fail((3, 0x11, 0)) is None
    assert run(board, INQUIRY, length=36) == (FAILED, b"")
    assert clears(board) == [STORAGE_IN]
    assert run(board, INQUIRY, length=36)[0] == PASSED


def test_a_stall_of_data_to_the_device(board: Board) -> None:
    firmware = stick(board)

    def refuse(block: bytes) -> bool:
        firmware.halt(STORAGE_OUT)
        firmware.status(1)
        return True

    firmware.misbehave = refuse
    assert run(board, bytes((0x2A, *bytes(7), 1, 0)), bytes(BLOCK)) == (FAILED, b"")
    assert clears(board) == [STORAGE_OUT]
    assert run(board, READY)[0] == PASSED


def test_a_stall_of_the_status_is_cleared_once(board: Board) -> None:
    firmware = stick(board)

    def once(block: bytes) -> bool:
        firmware.halt(STORAGE_IN)
        firmware.status(0)
        return True

    firmware.misbehave = once
    assert run(board, READY)[0] == PASSED
    assert clears(board) == [STORAGE_IN]


def test_a_status_that_stays_away_by_stalls_resets_the_transport(board: Board) -> None:
    firmware = stick(board)
    apply = firmware.apply

    def stubborn(data: bytes) -> None:
        apply(data)
        if (firmware.kind, firmware.code, firmware.resets_of_storage) == (0x02, 1, 0):
            firmware.halt(STORAGE_IN)

    firmware.apply = stubborn  # type: ignore[method-assign]
    firmware.misbehave = lambda block: firmware.halt(STORAGE_IN) is None
    assert run(board, READY)[0] == BROKEN
    assert firmware.resets_of_storage == 1
    assert clears(board) == [STORAGE_IN, STORAGE_IN, STORAGE_OUT]
    assert "refused to send a status, twice" in board.notes[-1]
    assert run(board, READY)[0] == PASSED


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda f: f.status(0, tag=99), "its status is none"),
        (lambda f: f.status(2), "a phase error"),
        (lambda f: (f.after.append(f.wait_for_command), f.send(STORAGE_IN, b"short")), "is none"),
    ],
    ids=["tag", "phase error", "length"],
)
def test_a_wrong_status_resets_the_transport(board: Board, wrong: object, why: str) -> None:
    firmware = stick(board)
    firmware.misbehave = lambda block: wrong(firmware) is not False  # type: ignore[operator]
    assert run(board, READY)[0] == BROKEN
    assert why in board.notes[-1]
    assert firmware.resets_of_storage == 1
    assert run(board, READY)[0] == PASSED


def test_a_command_block_that_is_refused_resets_the_transport(board: Board) -> None:
    firmware = stick(board)
    firmware.halt(STORAGE_OUT)
    assert run(board, READY)[0] == BROKEN
    assert clears(board) == [STORAGE_IN, STORAGE_OUT]
    assert board.usb.read(CTRL + 4 * 3) & 0x10001 == 0
    assert run(board, READY)[0] == PASSED


def test_more_than_was_asked_for_resets_the_transport(board: Board) -> None:
    firmware = stick(board)

    def babble(block: bytes) -> bool:
        firmware.answer_with(bytes(100))
        return True

    firmware.misbehave = babble
    status, _ = run(board, INQUIRY, length=36)
    assert status == BROKEN
    assert "more than the 36 bytes" in board.notes[-1]


@pytest.mark.parametrize("size", [0, 5, BLOCK])
def test_less_than_was_asked_for_is_what_came(board: Board, size: int) -> None:
    firmware = stick(board)

    def short(block: bytes) -> bool:
        firmware.after.append(lambda: firmware.status(0, 2 * BLOCK - size))
        firmware.send(STORAGE_IN, bytes(size))
        if size == BLOCK:  # only an empty packet tells that this full one was the last
            firmware.after.insert(0, lambda: firmware.send(STORAGE_IN, b""))
        return True

    firmware.misbehave = short
    number = board.pc.begin_command(bytes((0x28, *bytes(7), 2, 0)), b"", 2 * BLOCK)
    board.run(20 * MS)
    assert board.pc.command_result(number) == (PASSED, bytes(size), 2 * BLOCK - size, "")


def test_a_command_that_fails_may_leave_out_its_data(board: Board) -> None:
    firmware = stick(board)
    firmware.misbehave = lambda block: firmware.status(1, 36) is None
    assert run(board, INQUIRY, length=36) == (FAILED, b"")
    assert clears(board) == []


def test_an_empty_packet_behind_the_data_is_forgiven(board: Board) -> None:
    firmware = stick(board)

    def polite(block: bytes) -> bool:
        firmware.after += [lambda: firmware.send(STORAGE_IN, b""), lambda: firmware.status(0)]
        firmware.send(STORAGE_IN, bytes(BLOCK))
        return True

    firmware.misbehave = polite
    assert run(board, bytes((0x28, *bytes(7), 1, 0)), length=BLOCK) == (PASSED, bytes(BLOCK))


@pytest.mark.parametrize(
    ("phase", "block", "length"),
    [("command block", READY, 0), ("data", INQUIRY, 36), ("status", READY, 0)],
)
def test_every_phase_has_its_bound(board: Board, phase: str, block: bytes, length: int) -> None:
    firmware = stick(board)
    if phase == "command block":
        firmware.wait_for_command = lambda: None  # type: ignore[method-assign]
        assert run(board, READY)[0] == PASSED
        del firmware.wait_for_command
    firmware.misbehave = lambda block: True
    number = board.pc.begin_command(block, b"", length)
    board.run(29 * S)
    assert board.pc.command_result(number) is None
    board.run(2 * S)
    firmware.misbehave = None
    result = board.pc.command_result(number)
    assert result
    assert (result[0], result[3]) == (BROKEN, f"no answer for 30 s ({phase})")
    assert firmware.resets_of_storage == 1
    assert run(board, READY)[0] == PASSED


def test_a_firmware_that_does_not_clear_its_halt_has_its_bound_too(board: Board) -> None:
    firmware = stick(board)

    def freeze(block: bytes) -> bool:
        firmware.halt(STORAGE_IN)
        firmware.hold(True)
        return True

    firmware.misbehave = freeze
    number = board.pc.begin_command(READY, b"", 0)
    board.run(31 * S)
    result = board.pc.command_result(number)
    assert result
    assert (result[0], result[3]) == (BROKEN, "no answer for 30 s (clearing what is halted)")
    firmware.hold(False)
    board.run(20 * MS)
    assert firmware.resets_of_storage == 1
    assert run(board, READY)[0] == PASSED


def test_a_command_that_is_given_while_the_transport_is_reset_waits_for_its_end(
    board: Board,
) -> None:
    firmware = stick(board)
    firmware.misbehave = lambda block: firmware.status(2) is None
    number = board.pc.begin_command(READY, b"", 0)
    while board.pc.command_result(number) is None:
        board.run(1000)
    setups: list[int] = []
    execute = firmware.execute
    firmware.execute = lambda block: setups.append(len(clears(board))) or execute(block)  # type: ignore
    assert run(board, INQUIRY, length=36)[0] == PASSED
    assert setups == [2], "both endpoints had been cleared when it came"


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda s: s.read_blocks(-1, 1), "first: expected 0 to 0xffffffff, given -1"),
        (lambda s: s.read_blocks(1 << 32, 1), "first: expected 0 to 0xffffffff"),
        (lambda s: s.read_blocks(0, -1), "count: expected 0 to 0xffff, given -1"),
        (lambda s: s.read_blocks(0, 1 << 16), "count: expected 0 to 0xffff"),
        (lambda s: s.read_blocks("a", 1), "first: expected"),
        (lambda s: s.write_blocks(-1, bytes(BLOCK)), "first: expected"),
        (lambda s: s.write_blocks(0, bytes(BLOCK - 1)), "bytes are no whole blocks"),
        (lambda s: s.write_blocks(0, "x" * BLOCK), "data: expected bytes"),
        (lambda s: s.read(None), "path: expected text, given None"),
        (lambda s: s.write(5, b""), "path: expected text, given 5"),
        (lambda s: s.write("a", "text"), "data: expected bytes, given 'text'"),
        (lambda s: s.read("nothing"), "nothing: there is no such file"),
        (lambda s: s.write("..", b"x"), "is no name for a file"),
    ],
)
def test_what_cannot_be_asked_is_the_users_mistake(
    board: Board, storage: Storage, ask: Callable[[Storage], object], says: str
) -> None:
    disk = with_folder()
    stick(board).disk[: len(disk)] = disk
    before = bytes(stick(board).disk)
    with pytest.raises(UserError, match=says):
        ask(storage)
    assert bytes(stick(board).disk) == before
    assert storage.files() == {}, "and the next question has its answer"


@pytest.mark.parametrize(
    ("block", "data", "length", "says"),
    [
        (b"", b"", 0, "1 to 16 bytes, not 0"),
        (bytes(17), b"", 0, "1 to 16 bytes, not 17"),
        (INQUIRY, b"", -1, "length: expected 0 to 0xffffffff, given -1"),
        (INQUIRY, b"", 1 << 32, "length: expected 0 to 0xffffffff"),
        (INQUIRY, b"x", 36, "not both"),
    ],
)
def test_a_command_that_no_wrapper_has_room_for_is_not_begun(
    board: Board, block: bytes, data: bytes, length: int, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        board.pc.begin_command(block, data, length)
    assert run(board, READY)[0] == PASSED


def test_one_command_at_a_time(board: Board, storage: Storage) -> None:
    board.pc.begin_command(INQUIRY, b"", 36)
    with pytest.raises(UserError, match="still under way"):
        storage.command(READY)


def test_a_device_that_leaves_takes_its_command_along(board: Board) -> None:
    first = board.pc.begin_command(INQUIRY, b"", 36)
    board.pc.unplug()
    assert board.pc.command_result(first)[0] == GONE  # type: ignore[index]
    assert not board.pc.has_storage()
    board.pc.plug()
    board.run(50 * MS)
    assert run(board, INQUIRY, length=36)[0] == PASSED
    assert board.pc.command_result(first)[0] == GONE  # type: ignore[index]


def test_a_command_that_had_ended_is_not_lost_with_the_device(board: Board) -> None:
    """As when a bootloader restarts with the last block of an image."""
    number = board.pc.begin_command(READY, b"", 0)
    board.run(20 * MS)
    board.firmware.stop()
    assert board.pc.command_result(number) == (PASSED, b"", 0, "")


def test_no_mass_storage() -> None:
    storage = Storage(FakeSession(Board().open()), "pc")  # type: ignore[arg-type]
    with pytest.raises(StorageError, match="no mass storage has appeared at pc within 1s"):
        storage.wait("1s")
    with pytest.raises(UserError, match="has no mass storage"):
        storage.command(READY)


def test_saving_and_loading_within_a_command_changes_nothing() -> None:
    results = []
    for saves in (False, True):
        board = composite()
        number = board.pc.begin_command(bytes((0x28, *bytes(7), 40, 0)), b"", 40 * BLOCK)
        for _ in range(200):
            if saves:
                saved = unpickle.loads(pickle.dumps([board.usb.save(), board.pc.save()]))
                board.usb.load(saved[0])
                board.pc.load(saved[1])
            board.run(10_000)
        results.append((board.pc.command_result(number), board.bench.clock.now))
    assert results[0] == results[1]
    assert results[0][0] == (PASSED, bytes(40 * BLOCK), 0, "")


def test_reset_recovery_asks_what_the_transport_says(board: Board) -> None:
    """Bulk-only transport, 5.3.4: the class reset, then both endpoints, IN first."""
    stick(board).halt(STORAGE_OUT)
    before = len(board.firmware.setups)
    run(board, READY)
    assert [s.hex(" ") for s in board.firmware.setups[before:]] == [
        f"21 ff 00 00 {STORAGE:02x} 00 00 00",
        f"02 01 00 00 {STORAGE_IN:02x} 00 00 00",
        f"02 01 00 00 {STORAGE_OUT:02x} 00 00 00",
    ]
