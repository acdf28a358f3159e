"""FAT volumes by another implementation than the firmware's."""

from __future__ import annotations

import functools
import io
import tempfile

from pyfatfs.EightDotThree import EightDotThree
from pyfatfs.FATDirectoryEntry import FATDirectoryEntry
from pyfatfs.PyFat import PyFat

SECTOR = 4096


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


@functools.cache  # its serial number is the time of day
def volume(size: int, name: str, contents: bytes) -> bytes:
    """A volume of that size with one file of at most a cluster, named in 8.3 letters."""
    stem, _, suffix = name.upper().partition(".")
    short = EightDotThree()
    short.set_byte_name(f"{stem:8}{suffix:3}".encode())
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(size)
        fat = PyFat()
        fat.mkfs(file.name, fat_type=PyFat.FAT_TYPE_FAT12, size=size, sector_size=SECTOR)
        fat.close()
        fat = PyFat()  # the one that has made it has a wrong idea of where data begin
        fat.open(file.name)
        entry = FATDirectoryEntry.new(name=short, tz=None, encoding="ibm437")
        (cluster,) = fat.allocate_bytes(len(contents))
        entry.set_cluster(cluster)
        entry.filesize = len(contents)
        fat.root_dir.add_subdirectory(entry)
        fat.write_data_to_cluster(contents, cluster, extend_cluster=False)
        fat.update_directory_entry(fat.root_dir)
        fat.flush_fat()
        fat.close()
        return file.read()
