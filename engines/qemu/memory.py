"""The guest's address space: registers of models, windows, tagged ranges.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from xipsim.engines.errors import NoRoom
from xipsim.peripherals.core import BusError, Read, Words, Write

from . import library as q
from . import shim
from .written import Written

PAGE = 0x1000
SMALLEST_PAGE = 0x400
"""Of QEMU's, for a Cortex-M. Nothing that is placed shares one at no cost."""
MOST_PIECES = 900
"""QEMU ends itself where it would have to tell as many pieces of the bus apart as a page has bytes.
What is left is for what it has itself, and for segments of windows that come and go."""


class SystemBus:
    """What lies on the bus of all masters."""

    def __init__(self) -> None:
        self._pieces = 0
        self.memories: list[tuple[int, int, int]] = []
        """Plain memory: addresses, bytes, and where it lies in this process."""
        self.written: list[Written] = []
        """The records of all that can be written at native speed."""

    def place(self, address: int, size: int, region: int, priority: int = 0) -> None:
        """Let `region` answer; NoRoom where QEMU cannot have so many."""
        self._pieces += _pieces(address, size)
        if self._pieces > MOST_PIECES:
            raise NoRoom(
                f"QEMU has no room for so many address ranges (about {MOST_PIECES} of whole pages "
                f"of {SMALLEST_PAGE} bytes, half as many smaller ones): join some that are adjacent"
            )
        q.region_add(q.get_system_memory(), address, region, priority)


def _pieces(address: int, size: int) -> int:
    """How many QEMU makes of a range: its whole pages are one, a page that it shares is two."""
    end = address + size
    first, last = -(-address // SMALLEST_PAGE), end // SMALLEST_PAGE
    if first > last:
        return 2
    shared = (address % SMALLEST_PAGE > 0) + (end % SMALLEST_PAGE > 0)
    return (last > first) + 2 * shared


def view_of(address: int, size: int) -> memoryview:
    """Memory of this process."""
    return memoryview((ctypes.c_uint8 * size).from_address(address)).cast("B")


def place_registers(
    bus: SystemBus,
    name: str,
    address: int,
    size: int,
    read: Read,
    write: Write,
    words: Words,
    *,
    private_to: int | None = None,
) -> None:
    """Send accesses at `address` to `read` and `write`, or by the short cuts of `words`.

    private_to: a core; then they lie over QEMU's own in that core's private peripheral bus.
    """
    region = shim.register_region(name, size, *_functions(read, write, words))
    _place(bus, region, address, size, private_to)


def place_late(
    bus: SystemBus,
    name: str,
    address: int,
    size: int,
    make: Callable[[], tuple[Read, Write, Words]],
    *,
    private_to: int | None = None,
) -> None:
    """The same; what answers is asked for with the first access."""

    region = shim.late_region(name, size, lambda: _functions(*make()))
    _place(bus, region, address, size, private_to)


def _functions(read: Read, write: Write, words: Words) -> tuple[Any, ...]:
    """As `set_registers` takes them."""
    return read, write, words.values, words.find, words.questions.asking, words.failed


def _place(bus: SystemBus, region: int, address: int, size: int, private_to: int | None) -> None:
    if private_to is None:
        bus.place(address, size, region)
    else:
        container = q.get_link(private_to, b"memory", q.error_fatal)
        q.region_add(container, address, region, 1)


def place_tag(
    bus: SystemBus, name: str, address: int, size: int, read: Read, write: Write
) -> None:
    """Send what nothing else answers at `address` to `read` and `write`."""
    region = shim.register_region(name, size, read, write, None, None, None, None)
    bus.place(address, size, region, -1)


class Window:
    """The `Window` port: an address range of which segments are served at native speed."""

    def __init__(
        self, bus: SystemBus, name: str, address: int, size: int, read: Read, write: Write
    ) -> None:
        self.address, self.size = address, size
        self._name, self._read, self._write = name, read, write
        self._written = bus.written
        region = q.io_region(_window_ops(read, write), name, size)
        bus.place(address, size, region)
        self._made = 0
        self._free: list[_Backing] = []

    def segment(self, offset: int, size: int, *, writable: bool = False) -> Segment:
        """A native segment at `offset`, not served yet."""
        return Segment(self, self._backing(size, writable), offset, size)

    def _backing(self, size: int, writable: bool) -> _Backing:
        """Memory for a segment: QEMU's regions are never given back, so one is used again."""
        fitting = [b for b in self._free if b.writable == writable and b.size >= size]
        if fitting:
            backing = min(fitting, key=lambda b: b.size)
            self._free.remove(backing)
            return backing
        # QEMU wants a name of its own for each.
        self._made += 1
        room = max(PAGE, 1 << (size - 1).bit_length())
        name = f"{self._name}#{self._made}"
        backing = _Backing(name, room, writable, self._read, self._write)
        if writable:
            self._written.append(Written(backing.region, backing.host, room, PAGE))
        return backing

    def give_back(self, backing: _Backing) -> None:
        """A segment does not need it any more."""
        self._free.append(backing)


class _Backing:
    """Memory that a segment shows: a ROM device, whose stores go to the model, or RAM.

    Its alias, as large as the segment, is what lies on the bus.
    """

    def __init__(self, name: str, size: int, writable: bool, read: Read, write: Write) -> None:
        self.size, self.writable = size, writable
        self.offset = 0
        """Of the segment in its window."""
        self._read, self._write = read, write
        self.region = q.new_structure()
        label = name.encode()
        if writable:
            q.region_init_ram(self.region, None, label, size, q.error_fatal)
        else:
            ops = q.keep(_window_ops(self._read_model, self._write_model))
            q.region_init_rom_device(
                self.region, None, ctypes.addressof(ops), None, label, size, q.error_fatal
            )
        self.alias = q.new_structure()
        q.region_init_alias(self.alias, None, label + b" alias", self.region, 0, size)
        self.host = q.region_ram_pointer(self.region)
        self.view = view_of(self.host, size)
        self._flag: ctypes.c_bool | None = None
        self._forget: Callable[[], None] | None = None
        self._was_asked = True
        """Whether the core may know, of a page of this, that accesses go to the model."""

    def show(self, on: bool) -> None:
        """Serve from the copy, or send accesses to the model."""
        flag = self._flag
        if flag is not None:
            if flag.value != on:  # else a passage has hidden it
                # With each page that firmware programs this happens twice. QEMU looks at the flag
                # when it fills the core's TLB; its own function makes all views of memory anew.
                flag.value = on
                if not on or self._was_asked:
                    self._forget_pages()
        elif self.writable:
            q.region_set_enabled(self.alias, on)
        else:
            self._flag = _set_romd(self.region, on)

    @property
    def flag(self) -> int | None:
        """Where QEMU keeps whether it serves from the copy; None where that is not known."""
        return None if self._flag is None else ctypes.addressof(self._flag)

    def _forget_pages(self) -> None:
        """Of what the core knows of memory, what is in its TLB. That costs it most of a switch: it
        has to look up again all data and code that it uses."""
        self._was_asked = False
        if self._forget is None:
            if not (cpu := q.get_cpu(0)):
                return
            self._forget = shim.bound_at(b"act", "xipsim_forget_pages", cpu)
        self._forget()

    def _read_model(self, master: object, offset: int, size: int) -> int:
        self._was_asked = True
        if self._flag is not None and self._flag.value:
            # The core has looked this page up while it was off, but was interrupted before it read.
            return int.from_bytes(self.view[offset : offset + size], "little")
        return self._read(master, self.offset + offset, size)

    def _write_model(self, master: object, offset: int, value: int, size: int) -> None:
        self._was_asked = True
        self._write(master, self.offset + offset, value, size)


def _set_romd(region: int, on: bool) -> ctypes.c_bool | None:
    """Use QEMU's function, and see where in the region it keeps the flag; None if unchanged."""
    before = ctypes.string_at(region, q.REGION_BYTES)
    q.region_set_romd(region, on)
    after = ctypes.string_at(region, q.REGION_BYTES)
    changed = int.from_bytes(before, "little") ^ int.from_bytes(after, "little")
    at = changed.bit_length() // 8
    return ctypes.c_bool.from_address(region + at) if changed == 1 << 8 * at else None


class Segment:
    """A part of a window. Reads and fetches are served at native speed, and in a writable one
    (PSRAM) stores, too: RAM over the model's region; other stores go to the model."""

    def __init__(self, window: Window, backing: _Backing, offset: int, size: int) -> None:
        self._window, self._backing, self._size = window, backing, size
        self._on = False
        self._stale: list[tuple[int, int]] = []
        """What has changed meanwhile: QEMU only drops translations of a region that is on."""
        backing.offset = offset
        backing.show(False)
        q.region_set_size(backing.alias, size)
        q.region_add(q.get_system_memory(), window.address + offset, backing.alias, 1)

    def load(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Change bytes; translations of code made from them are dropped."""
        length = len(data)
        self._backing.view[offset : offset + length] = data
        if self._on:
            q.region_flush(self._backing.region, offset, length)
        else:
            self._stale.append((offset, length))

    def native(self, on: bool) -> None:
        """Serve from the copy, or send accesses to the model."""
        if on != self._on:
            self._on = on
            self._backing.show(on)
            if on and self._stale:
                self._drop_translations()

    @property
    def flag(self) -> int | None:
        """See `_Backing.flag`."""
        return self._backing.flag

    def _drop_translations(self) -> None:
        for offset, length in self._stale:
            q.region_flush(self._backing.region, offset, length)
        self._stale.clear()

    def unmap(self) -> None:
        """Take it off the bus."""
        q.region_remove(q.get_system_memory(), self._backing.alias)
        self._window.give_back(self._backing)


def _window_ops(read: Read, write: Write) -> q.MemoryRegionOps:
    """Operations for a region of a window."""

    def read_checked(_opaque: Any, offset: int, data: Any, size: int, _attrs: int) -> int:
        try:
            data[0] = read(None, offset, size)
        except BusError:
            return q.MEMTX_DECODE_ERROR
        return q.MEMTX_OK

    def write_checked(_opaque: Any, offset: int, value: int, size: int, _attrs: int) -> int:
        try:
            write(None, offset, value, size)
        except BusError:
            return q.MEMTX_DECODE_ERROR
        return q.MEMTX_OK

    return q.io_ops(q.READ_ATTRS(read_checked), q.WRITE_ATTRS(write_checked))


class Bus:
    """The `Bus` port: memory and registers as a bus master sees them."""

    def read(self, address: int, length: int) -> bytes:
        """Bytes at `address`."""
        buffer = bytearray(length)
        view = (ctypes.c_char * length).from_buffer(buffer)
        self._transfer(address, view, length, False)
        return bytes(buffer)

    def write(self, address: int, data: bytes) -> None:
        """Store `data` at `address`."""
        self._transfer(address, bytes(data), len(data), True)

    def _transfer(self, address: int, buffer: Any, length: int, write: bool) -> None:
        result = q.address_space_rw(
            q.address_space_memory, address, q.NON_SECURE, buffer, length, write
        )
        if result != q.MEMTX_OK:
            kind = "write" if write else "read"
            raise BusError(f"{kind} of {length} bytes at {address:#010x}: nothing answers there")
