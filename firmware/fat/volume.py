"""Files of a FAT volume: which there are, reading and writing them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import pairwise
from operator import or_

from xipsim.peripherals.namedtuple import NamedTuple

from .blocks import Blocks, Cache
from .entries import LABEL, SIZE, Entry, FatError, free_run, make, moved, parse

_SIGNATURE = b"\x55\xaa"
_PARTITIONS, _PARTITION = 446, 16
_FAT12_MOST, _FAT16_MOST = 4085, 65525
"""Clusters from which on a volume is the next type."""
_DEEPEST = 32
"""Folders within each other."""


class Layout(NamedTuple):
    """Where things are, in blocks; `clusters` of them, `per_cluster` blocks each."""

    per_cluster: int
    reserved: int
    fats: int
    per_fat: int
    root_entries: int
    clusters: int
    root_cluster: int
    info: int

    @property
    def bits(self) -> int:
        """Width of an entry in the FAT: 12, 16 or 32."""
        if self.clusters < _FAT12_MOST:
            return 12
        return 16 if self.clusters < _FAT16_MOST else 32


class Volume:
    """The first FAT volume of a device, with or without a table of partitions in front.

    FatError where there is none, and for whatever is wrong with it.
    """

    def __init__(self, device: Blocks) -> None:
        first = device.read(0, 1)
        start = 0 if _is_boot_sector(first) else _first_partition(first)
        if start >= device.count:
            raise FatError(f"its table begins a partition at block {start} of {device.count}")
        self._cache = Cache(device, start)
        boot = self._cache.read(0, 1)
        if not _is_boot_sector(boot):
            raise FatError("the device has no FAT volume")
        self._layout = _layout(boot, self._cache)
        self._root_at = self._layout.reserved + self._layout.fats * self._layout.per_fat
        root_bytes = self._layout.root_entries * SIZE
        self._data_at = self._root_at + -(-root_bytes // self._cache.block_size)
        self._fat = self._read_fat()

    @property
    def label(self) -> str:
        """Its name; empty if it has none."""
        entries = parse(self._folder_data(None))
        labels = (e.short for e in entries if e.attributes & LABEL)
        return next(labels, b"").decode("cp437").rstrip()

    def files(self) -> dict[str, int]:
        """The size of each file by its path (`lib/x.py`), sorted."""
        return dict(sorted((path, entry.size) for path, entry in self._walk(None, "", 0)))

    def read(self, path: str) -> bytes:
        """What is in a file."""
        *folders, name = path.split("/")
        entry = _found(self._entries(self._open_folder(folders)), name)
        if entry is None or entry.is_folder:
            raise FatError(f"{path}: there is no such file in the volume")
        data = b"".join(self._cluster(c) for c in self._chain(entry.cluster))
        if len(data) < entry.size:
            raise FatError(f"{path}: it has {entry.size} bytes, and clusters for {len(data)}")
        return data[: entry.size]

    def write(self, path: str, data: bytes) -> None:
        """Make a file, or replace what is in it. Its folder has to be there."""
        *folders, name = path.split("/")
        folder = self._open_folder(folders)
        old = _found(self._entries(folder), name)
        if old and old.is_folder:
            raise FatError(f"{path}: it is a folder in the volume")
        if old:
            self._free(old.cluster)
        chain = self._allocate(-(-len(data) // self._cluster_size), path)
        for number, cluster in enumerate(chain):
            at = number * self._cluster_size
            self._cache.write(self._block_of(cluster), data[at : at + self._cluster_size])
        self._put_entry(folder, old, name, chain[0] if chain else 0, len(data))
        self._write_fat()
        self._cache.flush()

    # -- folders; a folder is its first cluster, None: the root of FAT12 and FAT16 ---------------

    def _open_folder(self, names: list[str]) -> int | None:
        folder: int | None = None
        for name in names:
            entry = _found(self._entries(folder), name)
            if entry is None or not entry.is_folder:
                raise FatError(f"{'/'.join(names)}: there is no such folder in the volume")
            if not entry.cluster and entry.name != "..":
                raise FatError(f"{'/'.join(names)}: a folder of this volume has no place in it")
            folder = entry.cluster or None  # `..` of a folder that lies in the root
        return folder

    def _entries(self, folder: int | None) -> list[Entry]:
        return [e for e in parse(self._folder_data(folder)) if not e.attributes & LABEL]

    def _walk(self, folder: int | None, before: str, depth: int) -> Iterator[tuple[str, Entry]]:
        if depth > _DEEPEST:
            raise FatError(f"{before}: more than {_DEEPEST} folders within each other")
        for entry in self._entries(folder):
            if entry.name in (".", ".."):
                continue
            if entry.is_folder:
                yield from self._walk(entry.cluster, f"{before}{entry.name}/", depth + 1)
            else:
                yield before + entry.name, entry

    def _folder_blocks(self, folder: int | None) -> list[int]:
        if folder is None and not self._layout.root_cluster:
            return list(range(self._root_at, self._data_at))
        chain = self._chain(self._layout.root_cluster if folder is None else folder)
        blocks = range(self._layout.per_cluster)
        return [self._block_of(cluster) + number for cluster in chain for number in blocks]

    def _folder_data(self, folder: int | None) -> bytes:
        return b"".join(self._cache.read(block, 1) for block in self._folder_blocks(folder))

    def _put_entry(
        self, folder: int | None, old: Entry | None, name: str, cluster: int, size: int
    ) -> None:
        data = bytearray(self._folder_data(folder))
        if old:
            first = old.first + old.length - 1
            entries = moved(bytes(data[first * SIZE : (first + 1) * SIZE]), cluster, size)
        else:
            taken = {entry.short for entry in parse(bytes(data))}
            entries = make(name, taken, cluster, size)
            first = self._room(folder, data, len(entries) // SIZE)
        data[first * SIZE : first * SIZE + len(entries)] = entries
        for number, block in enumerate(self._folder_blocks(folder)):
            at = number * self._cache.block_size
            self._cache.write(block, bytes(data[at : at + self._cache.block_size]))

    def _room(self, folder: int | None, data: bytearray, count: int) -> int:
        """Number of the first of `count` free entries; a folder that is full gets a cluster."""
        first = free_run(bytes(data), count)
        if first is None:
            if folder is None and not self._layout.root_cluster:
                raise FatError("the root folder of the volume is full")
            chain = self._chain(self._layout.root_cluster if folder is None else folder)
            (more,) = self._allocate(1, "the folder")
            self._fat[chain[-1]] = more
            data += bytes(self._cluster_size)
            first = free_run(bytes(data), count)
        assert first is not None
        return first

    # -- clusters --------------------------------------------------------------------------------

    @property
    def _cluster_size(self) -> int:
        return self._layout.per_cluster * self._cache.block_size

    def _block_of(self, cluster: int) -> int:
        return self._data_at + (cluster - 2) * self._layout.per_cluster

    def _cluster(self, cluster: int) -> bytes:
        return self._cache.read(self._block_of(cluster), self._layout.per_cluster)

    def _chain(self, cluster: int) -> list[int]:
        chain: list[int] = []
        while 2 <= cluster < self._layout.clusters + 2:
            chain.append(cluster)
            if len(chain) > self._layout.clusters:
                raise FatError(f"the clusters from {chain[0]} on lead in a circle")
            cluster = self._fat[cluster]
        if chain and cluster < self._end_mark & ~7:
            raise FatError(f"cluster {chain[-1]} leads to {cluster}, which the volume has not")
        return chain

    @property
    def _end_mark(self) -> int:
        return {12: 0xFFF, 16: 0xFFFF, 32: 0xFFF_FFFF}[self._layout.bits]

    def _free(self, cluster: int) -> None:
        for one in self._chain(cluster):
            self._fat[one] = 0

    def _allocate(self, count: int, what: str) -> list[int]:
        free = [c for c in range(2, self._layout.clusters + 2) if self._fat[c] == 0]
        if len(free) < count:
            size = self._cluster_size
            raise FatError(
                f"{what}: it needs {count * size} bytes, and the volume has {len(free) * size} left"
            )
        chain = free[:count]
        for cluster, following in pairwise([*chain, self._end_mark]):
            self._fat[cluster] = following
        return chain

    def _read_fat(self) -> list[int]:
        layout = self._layout
        data = self._cache.read(layout.reserved, layout.per_fat)
        count = layout.clusters + 2
        if layout.bits == 12:
            whole = int.from_bytes(data, "little")
            return [whole >> 12 * n & 0xFFF for n in range(count)]
        if layout.bits == 16:
            return list(struct.unpack_from(f"<{count}H", data))
        return [entry & 0xFFF_FFFF for entry in struct.unpack_from(f"<{count}I", data)]

    def _write_fat(self) -> None:
        layout = self._layout
        old = self._cache.read(layout.reserved, layout.per_fat)
        if layout.bits == 12:
            whole = sum(entry << 12 * n for n, entry in enumerate(self._fat))
            data = whole.to_bytes(-(-12 * len(self._fat) // 8), "little")
        elif layout.bits == 16:
            data = struct.pack(f"<{len(self._fat)}H", *self._fat)
        else:
            above = struct.unpack_from(f"<{len(self._fat)}I", old)
            kept = (high & 0xF000_0000 for high in above)
            data = struct.pack(f"<{len(self._fat)}I", *map(or_, kept, self._fat))
        data, size = data + old[len(data) :], self._cache.block_size
        for number in range(layout.per_fat):
            block = data[number * size : (number + 1) * size]
            if block != old[number * size : (number + 1) * size]:
                for fat in range(layout.fats):
                    self._cache.write(layout.reserved + fat * layout.per_fat + number, block)
        info = self._cache.read(layout.info, 1) if 0 < layout.info < layout.reserved else b""
        if info[484:488] == b"rrAa":
            # The count of free clusters, and where to look for one, are not known any more.
            self._cache.write(layout.info, info[:488] + b"\xff" * 8 + info[496:])


def _is_boot_sector(block: bytes) -> bool:
    jump = block[0] == 0xE9 or (block[0] == 0xEB and block[2] == 0x90)
    return jump and block[510:512] == _SIGNATURE and block[13] != 0 and block[16] in (1, 2)


def _first_partition(block: bytes) -> int:
    """Where the first partition begins; 0 where there is no table."""
    if block[510:512] != _SIGNATURE:
        return 0
    for at in range(_PARTITIONS, _PARTITIONS + 4 * _PARTITION, _PARTITION):
        kind, (start,) = block[at + 4], struct.unpack_from("<I", block, at + 8)
        if kind and start:
            return int(start)
    return 0


def _layout(boot: bytes, cache: Cache) -> Layout:
    size, per_cluster, reserved, fats, entries, few, _, per_fat = struct.unpack_from(
        "<HBHBHHBH", boot, 11
    )
    (many,) = struct.unpack_from("<I", boot, 32)
    root_cluster = info = 0
    if not per_fat:
        per_fat, root_cluster, info = struct.unpack_from("<I4xIH", boot, 36)
    if size != cache.block_size:
        raise FatError(f"the volume has sectors of {size} bytes, its device {cache.block_size}")
    total = few or many
    data = total - reserved - fats * per_fat - -(-entries * SIZE // size)
    layout = Layout(
        per_cluster, reserved, fats, per_fat, entries, data // per_cluster, root_cluster, info
    )
    room = per_fat * size * 8 // layout.bits
    if not 0 < total <= cache.count or layout.clusters <= 0 or layout.clusters + 2 > room:
        raise FatError("the boot sector of the volume contradicts itself, or its device")
    return layout


def _found(entries: list[Entry], name: str) -> Entry | None:
    """The entry of that name, in whatever case."""
    wanted = name.upper()
    return next((e for e in entries if e.name.upper() == wanted), None)
