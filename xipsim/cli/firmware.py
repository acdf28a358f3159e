"""`xipsim firmware`: the user's cache of images."""

from __future__ import annotations

import argparse

from xipsim.firmware import boards, catalogue

from .progress import Percent
from .table import show


def run(args: argparse.Namespace) -> int:
    """0"""
    actions = {"add": _add, "get": _get, "list": _list, "info": _info, "path": _path}
    actions[args.action](args)
    return 0


def _add(args: argparse.Namespace) -> None:
    entry = catalogue.add(args.file, args.board)
    print(f"{entry.board} {entry.version or 'of unknown version'}: {entry.path}")


def _get(args: argparse.Namespace) -> None:
    from xipsim.firmware import download

    with Percent(f"downloading for {args.board}") as progress:
        release = download.get(args.board, args.version, progress.show)
    print(f"{args.board} {release.version}: {release.url}")
    print(f"{catalogue.find(args.board).path} is what {args.board} runs now")


def _list(args: argparse.Namespace) -> None:
    if args.board:
        boards.load(args.board)
    images = catalogue.entries(args.board)
    rows = [(e.board, e.version, e.sha256[:12], e.added, e.origin) for e in images]
    if rows:
        show(("Board", "Version", "SHA-256", "Added", "From"), rows)
    else:
        print(f"no images in {catalogue.where()}; `xipsim firmware add FILE` puts one there")


def _info(args: argparse.Namespace) -> None:
    image, identity = catalogue.info(args.ref)
    facts = [
        ("file", image.path),
        ("format", image.format),
        ("sha256", image.sha256),
        ("version", identity.version or "not found in the image"),
        ("board", identity.board or "not found in the image"),
        ("entry", "none" if image.entry is None else f"{image.entry:#010x}"),
    ]
    for segment in image.segments:
        end = segment.address + len(segment.data)
        facts.append(("segment", f"{segment.address:#010x} to {end - 1:#010x}"))
    for name, value in facts:
        print(f"{name:8} {value}")


def _path(args: argparse.Namespace) -> None:
    print(catalogue.find(args.board).path)
