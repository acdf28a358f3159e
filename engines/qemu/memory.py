"""The guest's address space: memories, registers of models, windows, tagged ranges.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from xipsim.peripherals.core import BusError, Model, Peripheral, Region, accessors

from . import library as q
from .clock import Clock

Guard = Callable[[Exception], None]
PAGE, CHUNK = 0x1000, 0x1_0000
ZEROS, ERASED = bytes(CHUNK), b"\xff" * PAGE


class Memory:
    """Plain memory. `view`: its bytes, shared with the guest. `keeps`: without power, too."""

    def __init__(self, name: str, size: int) -> None:
        self.size = size
        self.region = q.new_structure()
        q.region_init_ram(self.region, None, name.encode(), size, q.error_fatal)
        self._host = q.region_ram_pointer(self.region)
        self.view = _view(self._host, size)
        self.keeps = False
        self._placed = False
        self._address = 0
        self._bus = Bus()

    def fill(self, data: bytes) -> None:
        """Non-volatile contents, before the machine runs: `data`, and the rest erased."""
        self.view[: len(data)] = data
        ctypes.memset(self._host + len(data), 0xFF, self.size - len(data))
        self.keeps = True

    def clear(self) -> None:
        """Fill it with zeros. Only with the core about to be reset: translations stay."""
        ctypes.memset(self._host, 0, self.size)

    def save(self) -> dict[int, bytes]:
        """The pages that are not zero, by offset; FFh alone stands for an erased one."""
        pages = {}
        for chunk in range(0, self.size, CHUNK):
            if self._differs(chunk, ZEROS, min(CHUNK, self.size - chunk)):
                for page in range(chunk, min(chunk + CHUNK, self.size), PAGE):
                    if self._differs(page, ZEROS, PAGE):
                        erased = not self._differs(page, ERASED, PAGE)
                        pages[page] = b"\xff" if erased else bytes(self.view[page : page + PAGE])
        return pages

    def load(self, pages: dict[int, bytes]) -> None:
        """Be as when `save` returned `pages`. Only what differs is written, and as a bus master
        would, so that translations of code in it are dropped."""
        for page in range(0, self.size, PAGE):
            wanted = pages.get(page, ZEROS)
            if wanted == b"\xff":
                wanted = ERASED
            if self._differs(page, wanted, PAGE):
                self._bus.write(self._address + page, wanted[:PAGE])

    def _differs(self, offset: int, wanted: bytes, length: int) -> bool:
        return bool(q.compare(self._host + offset, wanted, length))

    def place(self, address: int) -> None:
        """Make it answer at `address`; again elsewhere makes an alias of the same bytes."""
        if self._placed:
            alias = q.new_structure()
            q.region_init_alias(alias, None, b"alias", self.region, 0, self.size)
            q.region_add(q.get_system_memory(), address, alias, 0)
        else:
            self._placed = True
            self._address = address
            q.region_add(q.get_system_memory(), address, self.region, 0)


def _view(address: int, size: int) -> memoryview:
    return memoryview((ctypes.c_uint8 * size).from_address(address)).cast("B")


def place_registers(
    model: Peripheral, address: int, clock: Clock, guard: Guard, *, private_to: int | None = None
) -> None:
    """Put the model's registers at `address` on the bus.

    private_to: a core; then they lie over QEMU's own in that core's private peripheral bus.
    """
    read, write = accessors(model, clock, guard)
    ops = q.io_ops(q.READ(read), q.WRITE(write))
    region = q.io_region(ops, model.name, model.SIZE)
    if private_to is None:
        q.region_add(q.get_system_memory(), address, region, 0)
    else:
        container = q.get_link(private_to, b"memory", q.error_fatal)
        q.region_add(container, address, region, 1)


class Window:
    """The `Window` port: an address range of which segments are served at native speed."""

    def __init__(
        self, model: Model, declared: Region, address: int, size: int, clock: Clock, guard: Guard
    ) -> None:
        self.address, self.size = address, size
        self._ops = _window_ops(model, declared, clock, guard)
        region = q.io_region(self._ops(0), f"{model.name}.{declared.name}", size)
        q.region_add(q.get_system_memory(), address, region, 0)
        self._name = f"{model.name}.{declared.name}"
        self._made = 0

    def segment(self, offset: int, size: int, *, writable: bool = False) -> Segment:
        """A native segment at `offset`, not served yet."""
        kind = WritableSegment if writable else Segment
        # QEMU wants a name of its own for each, those taken off the bus included.
        self._made += 1
        return kind(f"{self._name}#{self._made}", self.address + offset, size, self._ops(offset))


class Segment:
    """Reads and fetches at native speed (a ROM device); stores go to the model."""

    def __init__(self, name: str, address: int, size: int, ops: q.MemoryRegionOps) -> None:
        self._region = q.new_structure()
        self._init(name, size, q.keep(ops))
        host = q.region_ram_pointer(self._region)
        self._host, self._size = host, size
        self._view = _view(host, size)
        self._on = False
        self._stale: list[tuple[int, int]] = []
        self._switch(False)
        q.region_add(q.get_system_memory(), address, self._region, 1)

    def _init(self, name: str, size: int, ops: q.MemoryRegionOps) -> None:
        q.region_init_rom_device(
            self._region, None, ctypes.addressof(ops), None, name.encode(), size, q.error_fatal
        )

    def _switch(self, on: bool) -> None:
        q.region_set_romd(self._region, on)

    def load(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Change bytes; translations of code made from them are dropped."""
        self._view[offset : offset + len(data)] = data
        self._stale.append((offset, len(data)))
        if self._on:
            self._drop_translations()

    def native(self, on: bool) -> None:
        """Serve from the copy, or send accesses to the model."""
        if on != self._on:
            self._on = on
            self._switch(on)
            if on:
                self._drop_translations()

    def _drop_translations(self) -> None:
        """QEMU only does it for a region that is served from its copy."""
        for offset, length in self._stale:
            q.region_flush(self._region, offset, length)
        self._stale.clear()

    def unmap(self) -> None:
        """Take it off the bus."""
        q.region_remove(q.get_system_memory(), self._region)


class WritableSegment(Segment):
    """A segment that takes stores at native speed, too (PSRAM): RAM over the model's region."""

    def _init(self, name: str, size: int, ops: q.MemoryRegionOps) -> None:
        q.region_init_ram(self._region, None, name.encode(), size, q.error_fatal)

    def _switch(self, on: bool) -> None:
        q.region_set_enabled(self._region, on)


def _window_ops(
    model: Model, declared: Region, clock: Clock, guard: Guard
) -> Callable[[int], q.MemoryRegionOps]:
    """Operations for the window's own region and, with their offset, for its segments."""
    read_hook = getattr(model, declared.read_hook)
    write_hook = getattr(model, declared.write_hook, None)

    def ops(base: int) -> q.MemoryRegionOps:
        def read(_opaque: Any, offset: int, data: Any, size: int, _attrs: int) -> int:
            clock.asked = None
            try:
                data[0] = read_hook(base + offset, size)
                return q.MEMTX_OK
            except BusError:
                return q.MEMTX_DECODE_ERROR
            except Exception as error:
                guard(error)
                return q.MEMTX_ERROR

        def write(_opaque: Any, offset: int, value: int, size: int, _attrs: int) -> int:
            clock.asked = None
            try:
                if write_hook is None:
                    return q.MEMTX_DECODE_ERROR
                write_hook(base + offset, value, size)
                return q.MEMTX_OK
            except BusError:
                return q.MEMTX_DECODE_ERROR
            except Exception as error:
                guard(error)
                return q.MEMTX_ERROR

        return q.io_ops(q.READ_ATTRS(read), q.WRITE_ATTRS(write), attrs=True)

    return ops


def place_tag(first: int, size: int, name: str, gap: Callable[[str], None]) -> None:
    """A range that answers 0 and reports its name once for reads and once for writes."""

    def read(_opaque: Any, offset: int, _size: int) -> int:
        gap(f"{name}: read at {first + offset:#010x}")
        return 0

    def write(_opaque: Any, offset: int, _value: int, _size: int) -> None:
        gap(f"{name}: write at {first + offset:#010x}")

    region = q.io_region(q.io_ops(q.READ(read), q.WRITE(write)), name, size)
    q.region_add(q.get_system_memory(), first, region, -1)


class Bus:
    """The `Bus` port: memory and registers as a bus master sees them."""

    def read(self, address: int, length: int) -> bytes:
        """Bytes at `address`."""
        buffer = ctypes.create_string_buffer(length)
        self._transfer(address, buffer, length, False)
        return buffer.raw

    def write(self, address: int, data: bytes) -> None:
        """Store `data` at `address`."""
        self._transfer(address, ctypes.create_string_buffer(data, len(data)), len(data), True)

    def _transfer(self, address: int, buffer: Any, length: int, write: bool) -> None:
        result = q.address_space_rw(
            q.address_space_memory, address, q.NON_SECURE, buffer, length, write
        )
        if result != q.MEMTX_OK:
            kind = "write" if write else "read"
            raise BusError(f"{kind} of {length} bytes at {address:#010x}: nothing answers there")
