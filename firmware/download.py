"""Official releases: from MicroPython's download pages into the user's cache of images."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin
from urllib.request import HTTPRedirectHandler, Request, build_opener

from xipsim.peripherals.namedtuple import NamedTuple

from . import boards, catalogue, images
from .errors import FirmwareError

SERVER = "XIPSIM_DOWNLOAD_SERVER"
"""The environment variable that names another server, laid out alike."""
TIMEOUT = 30.0
"""Seconds in which a server must send something."""
PATIENCE = 600.0
"""Seconds in which all of it must have come."""
PIECE, LARGEST = 1 << 16, 1 << 26
"""Bytes: read at a time; more than any image has."""
_VERSION = re.compile(r"v?(\d+(?:\.\d+){1,2})")

Progress = Callable[[int, int | None], None]
"""Called with the bytes that have come, and with how many there are, if that is known."""


class Release(NamedTuple):
    """A file on a download page. version: without the `v`. date: YYYYMMDD."""

    version: str
    date: str
    url: str

    @property
    def name(self) -> str:
        """Of the file."""
        return self.url.rpartition("/")[2]


def get(board: str, version: str = "", progress: Progress = lambda done, size: None) -> Release:
    """Put a release for `board` into the cache: the newest stable one, or that version.

    FirmwareError where there is none, no network, or where what comes is not that image.
    """
    facts = boards.load(board)
    release = _choose(facts, releases(facts), version)
    try:
        data = _read(release.url, progress)
    except OSError as error:
        raise _unreachable(facts, release.url, error) from None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / release.name
        file.write_bytes(data)
        _check(facts, release, file)
        catalogue.add(file, facts.name, origin=release.url)
    return release


def releases(facts: boards.Board) -> list[Release]:
    """The stable releases on the board's download page, the newest first."""
    page = facts.download
    if server := os.environ.get(SERVER):
        page = urljoin(server, page[page.index("/", len("https://")) :])
    try:
        text = _read(page).decode(errors="replace")
    except OSError as error:
        raise _unreachable(facts, page, error) from None
    name, _, suffix = facts.release.partition("-YYYYMMDD-vX.Y.Z")
    pattern = rf'"([^"]*/{re.escape(name)}-(\d{{8}})-v(\d+(?:\.\d+){{1,2}}){re.escape(suffix)})"'
    found = {
        Release(version=version, date=date, url=urljoin(page, path))
        for path, date, version in re.findall(pattern, text)
    }
    return sorted(found, key=lambda r: (_numbers(r.version), r.date), reverse=True)


def _choose(facts: boards.Board, found: list[Release], version: str) -> Release:
    if not found:
        raise FirmwareError(f"{facts.download} lists no file named {facts.release}")
    if not version:
        return found[0]
    wanted = _VERSION.fullmatch(version)
    for release in found if wanted else ():
        if wanted and _numbers(release.version) == _numbers(wanted[1]):
            return release
    known = ", ".join(release.version for release in found)
    raise FirmwareError(f"there is no release {version!r} for {facts.name}; there are: {known}")


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in version.split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))


def _read(url: str, progress: Progress = lambda done, size: None) -> bytes:
    """All that the server has there; OSError also where it is cut short."""
    try:
        with build_opener(_Redirects).open(url, timeout=TIMEOUT) as answer:
            return _receive(answer, progress)
    except HTTPError as error:
        raise OSError(f"the server says {error.code} {error.reason}") from None
    except URLError as error:
        raise OSError(str(error.reason)) from None
    except (HTTPException, ValueError) as error:
        raise OSError(f"{type(error).__name__}: {error}") from None


class _Redirects(HTTPRedirectHandler):
    """Follows a server elsewhere, but never from https to what anybody on the way can change."""

    def redirect_request(
        self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise URLError(f"the server leads to {newurl}, which is not safe: it is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _receive(answer: HTTPResponse, progress: Progress) -> bytes:
    length = answer.headers.get("Content-Length")
    size = int(length) if length else None
    deadline = monotonic() + PATIENCE
    data = bytearray()
    while piece := answer.read1(PIECE):
        data += piece
        progress(len(data), size)
        if max(len(data), size or 0) > LARGEST:
            raise OSError(f"it has more than {LARGEST >> 20} MB, which no image has")
        if monotonic() > deadline:
            raise OSError(f"{len(data)} bytes came in {PATIENCE:.0f} s, and not all; try again")
    if size is not None and len(data) != size:
        raise OSError(f"cut short: {len(data)} of {size} bytes came; try again")
    return bytes(data)


def _check(facts: boards.Board, release: Release, file: Path) -> None:
    """FirmwareError unless it is an image for this board, of this release."""
    try:
        identity = catalogue.identify(images.load(file))
    except FirmwareError as error:
        text = str(error).replace(str(file), release.url)
        raise FirmwareError(f"{text}; nothing was put into the cache") from None
    said = _VERSION.match(identity.version)
    if identity.board != facts.name or (said and _numbers(said[1]) != _numbers(release.version)):
        what = f"{identity.board or 'another board'}, {identity.version or 'of unknown version'}"
        raise FirmwareError(
            f"{release.url} is not what its name says, but an image for {what}; "
            "nothing was put into the cache"
        )


def _unreachable(facts: boards.Board, url: str, error: OSError) -> FirmwareError:
    return FirmwareError(
        f"{url}: {error}\nWithout a network, download a file named {facts.release} elsewhere, from "
        f"{facts.download}, and type\n  xipsim firmware add FILE"
    )
