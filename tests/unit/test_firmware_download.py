"""`xipsim firmware get`, from a server on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request

import pytest
from test_firmware_images import raw_image

from xipsim.cli import main
from xipsim.firmware import boards, catalogue, download
from xipsim.firmware.errors import FirmwareError

PAGE = "/download/TEENSY41/"
FOLDER = "/resources/firmware/"


def banner(version: str, board: str = "Teensy 4.1 with MIMXRT1062DVJ6A") -> bytes:
    return f"\0MicroPython v{version} on 2024-10-25; {board}\0".encode()


def hexfile(data: bytes) -> bytes:
    """Intel HEX with `data` at 0x60000000."""
    lines = [":0200000460009A"]
    for at in range(0, len(data), 16):
        record = bytes([len(data[at : at + 16])]) + at.to_bytes(2, "big") + b"\0"
        record += data[at : at + 16]
        lines.append(f":{record.hex()}{-sum(record) & 0xFF:02x}".upper())
    return "\n".join([*lines, ":00000001FF", ""]).encode()


class Server(ThreadingHTTPServer):
    """Serves `files`, by path: bytes, or (Content-Length, bytes)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes | tuple[int | None, bytes]] = {}
        self.url = f"http://127.0.0.1:{self.server_port}"

    def release(self, name: str, data: bytes) -> None:
        """A release on the page, and its file."""
        links = [n for n in self.files if n != PAGE] + [FOLDER + name]
        page = "".join(f'<a href="{link}">x</a> <a href="{link[:-4]}.bin">y</a>' for link in links)
        self.files |= {FOLDER + name: data, PAGE: page.encode()}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        files = self.server.files  # type: ignore[attr-defined]
        if self.path not in files:
            self.send_error(404)
            return
        found = files[self.path]
        length, data = found if isinstance(found, tuple) else (len(found), found)
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """With three releases and a preview; the cache is empty."""
    with Server() as server:
        for date, version in (
            ("20220117", "1.18"),
            ("20241129", "1.24.1"),
            ("20241025", "1.24.0"),
            ("20250101", "1.25.0-preview.160.gb6b0dd5"),
        ):
            data = hexfile(raw_image() + banner(version))
            server.release(f"TEENSY41-{date}-v{version}.hex", data)
        monkeypatch.setenv(download.SERVER, server.url)
        monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_newest_stable_release_is_taken(server: Server) -> None:
    """Not the preview, nor the one that the page lists last; the cache says where it is from."""
    release = download.get("TEENSY41")
    assert release.name == "TEENSY41-20241129-v1.24.1.hex"
    (entry,) = catalogue.entries("TEENSY41")
    assert entry.path.read_bytes() == server.files[FOLDER + release.name]
    assert entry.version == "v1.24.1 on 2024-10-25"
    assert entry.origin == release.url == f"{server.url}{FOLDER}{release.name}"
    assert catalogue.find("TEENSY41").path == entry.path


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("1.24.0", "TEENSY41-20241025-v1.24.0.hex"),
        ("v1.18", "TEENSY41-20220117-v1.18.hex"),
        ("1.18.0", "TEENSY41-20220117-v1.18.hex"),
    ],
)
def test_a_version_can_be_asked_for(server: Server, version: str, name: str) -> None:
    assert download.get("TEENSY41", version).name == name


@pytest.mark.parametrize("version", ["1.19", "latest", "1.25.0-preview"])
def test_a_version_that_is_not_there_is_answered_with_those_that_are(
    server: Server, version: str
) -> None:
    with pytest.raises(FirmwareError, match=r"there are: 1\.24\.1, 1\.24\.0, 1\.18$"):
        download.get("TEENSY41", version)


def test_progress_ends_at_the_whole(server: Server) -> None:
    seen: list[tuple[int, int | None]] = []
    release = download.get("TEENSY41", progress=lambda done, size: seen.append((done, size)))
    size = len(server.files[FOLDER + release.name])
    assert seen[-1] == (size, size)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ((1000, b"x" * 999), r"cut short: 999 of 1000 bytes came"),
        (hexfile(raw_image() + banner("1.24.1"))[:-40], r"TEENSY41-20241129-v1\.24\.1\.hex"),
        (b"<html>maintenance</html>", r"nothing was put into the cache"),
        (b"", r"nothing was put into the cache"),
        (hexfile(raw_image() + banner("1.24.0")), r"not what its name says.*TEENSY41, v1\.24\.0"),
        (
            hexfile(raw_image() + banner("1.24.1", "Teensy 4.0 with MIMXRT1062DVJ6A")),
            r"an image for TEENSY40, v1\.24\.1",
        ),
    ],
    ids=["cut short", "hex cut", "a page", "nothing", "other version", "other board"],
)
def test_what_is_not_the_image_is_refused(server: Server, answer: Any, complaint: str) -> None:
    server.files[f"{FOLDER}TEENSY41-20241129-v1.24.1.hex"] = answer
    with pytest.raises(FirmwareError, match=complaint) as error:
        download.get("TEENSY41")
    assert "/tmp" not in str(error.value)
    assert catalogue.entries() == []


def test_a_server_cannot_go_on_for_ever(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in bytes nor in time, as a whole; a length that is announced is enough to refuse."""
    monkeypatch.setattr(download, "LARGEST", 1000)
    with pytest.raises(FirmwareError, match="more than 0 MB, which no image has"):
        download.get("TEENSY41")
    monkeypatch.setattr(download, "LARGEST", 1 << 26)
    times = iter(range(0, 10**6, 601))
    monkeypatch.setattr(download, "monotonic", lambda: next(times))
    with pytest.raises(FirmwareError, match="bytes came in 600 s, and not all"):
        download.get("TEENSY41")
    assert catalogue.entries() == []


@pytest.mark.parametrize(
    ("old", "new", "is_safe"),
    [
        ("https://a.org/x", "https://b.org/y", True),
        ("https://a.org/x", "http://a.org/x", False),
        ("https://a.org/x", "ftp://a.org/x", False),
        ("http://127.0.0.1/x", "http://127.0.0.1/y", True),
    ],
)
def test_no_redirect_leads_from_https_to_what_anybody_can_change(
    old: str, new: str, is_safe: bool
) -> None:
    handler, request = download._Redirects(), Request(old)
    if is_safe:
        redirected = handler.redirect_request(request, None, 302, "", {}, new)
        assert redirected is not None and redirected.full_url == new
    else:
        with pytest.raises(URLError, match="it is not https"):
            handler.redirect_request(request, None, 302, "", {}, new)


def test_a_file_without_a_length_is_taken_if_it_is_whole(server: Server) -> None:
    name = f"{FOLDER}TEENSY41-20241129-v1.24.1.hex"
    data = server.files[name]
    assert isinstance(data, bytes)
    server.files[name] = (None, data)
    download.get("TEENSY41")
    assert len(catalogue.entries()) == 1


def test_without_a_network_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(download.SERVER, "http://127.0.0.1:9")
    assert main(["firmware", "get", "TEENSY41"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "http://127.0.0.1:9/download/TEENSY41/: " in err
    assert "from https://micropython.org/download/TEENSY41/, and type" in err
    assert "xipsim firmware add FILE" in err


def test_a_page_that_is_not_there_or_lists_nothing(server: Server) -> None:
    with pytest.raises(FirmwareError, match="the server says 404 Not Found"):
        download.get("TEENSY40")
    server.files[PAGE] = b"<html></html>"
    with pytest.raises(FirmwareError, match=r"lists no file named TEENSY41-YYYYMMDD-vX\.Y\.Z\.hex"):
        download.get("TEENSY41")


def test_every_boards_facts_say_where(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a page and a name from which `get` can work."""
    for name in boards.names():
        facts = boards.load(name)
        assert facts.download == f"https://micropython.org/download/{name}/"
        assert facts.release.startswith(f"{name}-YYYYMMDD-vX.Y.Z.")


def test_the_command_prints_where_it_came_from_and_where_it_is(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["firmware", "get", "TEENSY41", "1.24.0"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"TEENSY41 1.24.0: {server.url}{FOLDER}TEENSY41-20241025-v1.24.0.hex\n")
    assert "TEENSY41-20241025-v1.24.0.hex is what TEENSY41 runs now\n" in out
    assert err == "", "progress is for terminals"
