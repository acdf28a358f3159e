"""What another implementation of FAT reads from a chip's contents."""

from __future__ import annotations

import io

from pyfatfs.PyFat import PyFat


def files(volume: bytes) -> dict[str, bytes]:
    """The files of the root folder of a FAT volume, by their short names."""
    fat = PyFat()
    fat.set_fp(io.BytesIO(volume))
    _, entries, _ = fat.root_dir.get_entries()
    return {entry.get_short_name(): _read(fat, entry) for entry in entries}


def _read(fat: PyFat, entry: object) -> bytes:
    size: int = entry.filesize  # type: ignore[attr-defined]
    if not size:
        return b""
    clusters = fat.get_cluster_chain(entry.get_cluster())  # type: ignore[attr-defined]
    return b"".join(fat.read_cluster_contents(cluster) for cluster in clusters)[:size]
