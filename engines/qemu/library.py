"""QEMU's own functions, called from inside its process.

SPDX-License-Identifier: GPL-2.0-or-later

Debian's and Ubuntu's QEMU exports all its internal symbols, so ctypes reaches them without headers.
Everything that is assumed about QEMU's interface stands in this module: prototypes, structure
layouts, and the names that changed over time. Looked up once, when it is imported.
"""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_bool,
    c_char_p,
    c_int,
    c_int64,
    c_size_t,
    c_ssize_t,
    c_uint,
    c_uint32,
    c_uint64,
    c_void_p,
    py_object,
)
from typing import Any, NoReturn

from xipsim.engines.link.messages import UNUSABLE

CLOCK_VIRTUAL = 1
DIRTY_MEMORY_VGA = 0
TIMERS_STATE_WORDS = 12
"""Of 64 bits, in the structure that holds the offset of virtual time: at least those up to it."""
CPU_WORDS = 512
"""Of 32 bits, in the structure of a core, at least those up to its flags of translation."""
REGION_BYTES = 256
"""Of a MemoryRegion, at least those up to its flags."""
NON_SECURE, SECURE = 0, 3
"""MemTxAttrs of an access; four bytes in QEMU 7.2, eight since 10, by value. `secure` is bit 1, and
since 10 bit 0; what the other of the two means is nothing to a Cortex-M."""
MEMTX_OK, MEMTX_DECODE_ERROR = 0, 2
REGISTER_SP, REGISTER_PC, REGISTER_XPSR = 13, 15, 25

READ_ATTRS = CFUNCTYPE(c_uint32, c_void_p, c_uint64, POINTER(c_uint64), c_uint, c_uint64)
WRITE_ATTRS = CFUNCTYPE(c_uint32, c_void_p, c_uint64, c_uint64, c_uint, c_uint64)
WORK = CFUNCTYPE(None, c_void_p, c_uint64)
IRQ = CFUNCTYPE(None, c_void_p, c_int, c_int)
PLAIN = CFUNCTYPE(None)
RUN_STATE = CFUNCTYPE(None, c_void_p, c_bool, c_int)


def refuse(why: str) -> NoReturn:
    """End the process: it is not made for this one."""
    sys.stderr.write(f"{why}\n")
    raise SystemExit(UNUSABLE)


class _Sizes(Structure):
    _fields_ = (
        ("min", c_uint),
        ("max", c_uint),
        ("unaligned", c_bool),
    )


class _Valid(Structure):
    _fields_ = (*_Sizes._fields_, ("accepts", c_void_p))


class MemoryRegionOps(Structure):
    """Layout of QEMU's structure of that name; the same from 7.2 to 10.0."""

    _fields_ = (
        ("read", c_void_p),
        ("write", c_void_p),
        ("read_with_attrs", c_void_p),
        ("write_with_attrs", c_void_p),
        ("endianness", c_int),
        ("valid", _Valid),
        ("impl", _Sizes),
    )


process = ctypes.CDLL(None)  # releases the interpreter's lock around a call
"""All that is loaded here: QEMU, the shim, what they are linked to."""
_quick = ctypes.PyDLL(None)  # keeps it: for short functions that wait for nobody
_missing: list[str] = []


def _function(name: str, result: Any, *arguments: Any, quick: bool = True) -> Any:
    """The first of the names `a|b` that this QEMU has."""
    for candidate in name.split("|"):
        try:
            function = getattr(_quick if quick else process, candidate)
        except AttributeError:
            continue
        function.restype, function.argtypes = result, arguments
        return function
    _missing.append(name)
    return None


qemu_init = _function("qemu_init", None, c_int, POINTER(c_char_p), POINTER(c_char_p), quick=False)
qemu_main_loop = _function("qemu_main_loop", c_int, quick=False)
main_loop_wait = _function("main_loop_wait", None, c_int, quick=False)
is_running = _function("runstate_is_running", c_bool)
vm_start = _function("vm_start", None, quick=False)
lock = _function(
    "bql_lock_impl|qemu_mutex_lock_iothread_impl", None, c_char_p, c_int, quick=False
)
unlock = _function("bql_unlock|qemu_mutex_unlock_iothread", None, quick=False)

transaction_begin = _function("memory_region_transaction_begin", None)
transaction_commit = _function("memory_region_transaction_commit", None)
get_system_memory = _function("get_system_memory", c_void_p)
region_init_io = _function(
    "memory_region_init_io",
    None, c_void_p, c_void_p, c_void_p, c_void_p, c_char_p, c_uint64,
)  # fmt: skip
region_init_ram = _function(
    "memory_region_init_ram", None, c_void_p, c_void_p, c_char_p, c_uint64, c_void_p
)
region_init_rom_device = _function(
    "memory_region_init_rom_device",
    None, c_void_p, c_void_p, c_void_p, c_void_p, c_char_p, c_uint64, c_void_p,
)  # fmt: skip
region_init_alias = _function(
    "memory_region_init_alias",
    None, c_void_p, c_void_p, c_char_p, c_void_p, c_uint64, c_uint64,
)  # fmt: skip
region_set_size = _function("memory_region_set_size", None, c_void_p, c_uint64)
region_ram_pointer = _function("memory_region_get_ram_ptr", c_void_p, c_void_p)
region_set_romd = _function("memory_region_rom_device_set_romd", None, c_void_p, c_bool)
region_log = _function("memory_region_set_log", None, c_void_p, c_bool, c_uint)
take_dirty = _function(
    "memory_region_snapshot_and_clear_dirty", c_void_p, c_void_p, c_uint64, c_uint64, c_uint
)
is_dirty = _function(
    "memory_region_snapshot_get_dirty", c_bool, c_void_p, c_void_p, c_uint64, c_uint64
)
free = _function("g_free", None, c_void_p)
region_flush = _function("memory_region_flush_rom_device", None, c_void_p, c_uint64, c_uint64)
region_set_enabled = _function("memory_region_set_enabled", None, c_void_p, c_bool)
region_add = _function(
    "memory_region_add_subregion_overlap", None, c_void_p, c_uint64, c_void_p, c_int
)
region_remove = _function("memory_region_del_subregion", None, c_void_p, c_void_p)
address_space_rw = _function(
    "address_space_rw", c_uint32, c_void_p, c_uint64, c_uint64, c_void_p, c_uint64, c_bool
)
cpu_address_space = _function("cpu_get_address_space", c_void_p, c_void_p, c_int)

device_new = _function("qdev_new", c_void_p, c_char_p)
device_realize = _function("sysbus_realize", c_bool, c_void_p, c_void_p, quick=False)
set_string = _function("qdev_prop_set_string", None, c_void_p, c_char_p, c_char_p)
set_uint32 = _function("qdev_prop_set_uint32", None, c_void_p, c_char_p, c_uint32)
set_link = _function(
    "object_property_set_link", c_bool, c_void_p, c_char_p, c_void_p, c_void_p
)
get_link = _function("object_property_get_link", c_void_p, c_void_p, c_char_p, c_void_p)
clock_new = _function("clock_new", c_void_p, c_void_p, c_char_p)
clock_set = _function("clock_set", c_bool, c_void_p, c_uint64)
connect_clock = _function("qdev_connect_clock_in", None, c_void_p, c_char_p, c_void_p)
irq_input = _function("qdev_get_gpio_in", c_void_p, c_void_p, c_int)
irq_named_input = _function("qdev_get_gpio_in_named", c_void_p, c_void_p, c_char_p, c_int)
irq_set = _function("qemu_set_irq", None, c_void_p, c_int)
irq_allocate = _function("qemu_allocate_irq", c_void_p, c_void_p, c_void_p, c_int)
connect_output = _function(
    "qdev_connect_gpio_out_named", None, c_void_p, c_char_p, c_int, c_void_p
)

get_cpu = _function("qemu_get_cpu", c_void_p, c_int)
cpu_reset = _function("cpu_reset", None, c_void_p)
devices_reset = _function("qemu_devices_reset", None, c_int)
cpu_stop_current = _function("cpu_stop_current", None)
cpu_resume = _function("cpu_resume", None, c_void_p)
cpu_exit = _function("cpu_exit", None, c_void_p)
is_idle = _function("all_cpu_threads_idle", c_bool)
warp_timer = _function("icount_start_warp_timer", None)
tlb_flush = _function("tlb_flush", None, c_void_p)
queue_work = _function("async_run_on_cpu", None, c_void_p, c_void_p, c_uint64)
read_register = _function("arm_cpu_gdb_read_register", c_int, c_void_p, c_void_p, c_int)
write_register = _function("arm_cpu_gdb_write_register", c_int, c_void_p, c_void_p, c_int)
byte_array_new = _function("g_byte_array_new", c_void_p)
byte_array_resize = _function("g_byte_array_set_size", c_void_p, c_void_p, c_uint)
can_take_exception = _function("armv7m_nvic_can_take_pending_exception", c_bool, c_void_p)
region_of = _function("sysbus_mmio_get_region", c_void_p, c_void_p, c_int)
get_child = _function("object_resolve_path_component", c_void_p, c_void_p, c_char_p)
take_exception = _function("arm_v7m_cpu_do_interrupt", None, c_void_p)
on_run_state = _function(
    "qemu_add_vm_change_state_handler", c_void_p, c_void_p, c_void_p
)
gdb_start = _function("gdbserver_start", c_int, c_char_p, c_void_p, quick=False)

translation_flags = _function("curr_cflags", c_uint32, c_void_p)
instructions_executed = _function("icount_get_raw", c_int64)
time_of_instructions = _function("icount_to_ns", c_int64, c_int64)

clock_ns = _function("qemu_clock_get_ns", c_int64, c_int)
clock_deadline = _function("qemu_clock_deadline_ns_all", c_int64, c_int, c_int)
timer_init = _function(
    "timer_init_full", None, c_void_p, c_void_p, c_int, c_int, c_int, c_void_p, py_object
)
timer_mod = _function("timer_mod_ns", None, c_void_p, c_int64)
timer_del = _function("timer_del", None, c_void_p)

save_global_state = _function("global_state_store", c_int, quick=False)
save_devices = _function("qemu_save_device_state", c_int, c_void_p, quick=False)
load_devices = _function("qemu_load_device_state", c_int, c_void_p, quick=False)
buffer_new = _function("qio_channel_buffer_new", c_void_p, c_size_t)
channel_read = _function(
    "qio_channel_read", c_ssize_t, c_void_p, c_char_p, c_size_t, c_void_p
)
channel_write = _function(
    "qio_channel_write", c_ssize_t, c_void_p, c_char_p, c_size_t, c_void_p
)
channel_seek = _function(
    "qio_channel_io_seek", c_int64, c_void_p, c_int64, c_int, c_void_p
)
file_new_output = _function("qemu_file_new_output", c_void_p, c_void_p)
file_new_input = _function("qemu_file_new_input", c_void_p, c_void_p)
file_flush = _function("qemu_fflush", c_int, c_void_p, quick=False)
file_close = _function("qemu_fclose", c_int, c_void_p, quick=False)
vmstate_unregister = _function("vmstate_unregister", None, c_void_p, c_void_p, c_void_p)
vmstate_register = _function(
    "vmstate_register_with_alias_id",
    c_int, c_void_p, c_uint32, c_void_p, c_void_p, c_int, c_int, c_void_p,
)  # fmt: skip
compare = _function("memcmp", c_int, c_void_p, c_void_p, c_size_t)

if _missing:
    from .locate import KNOWN_VERSIONS

    _more = f" and {len(_missing) - 3} more functions" if len(_missing) > 3 else ""
    refuse(
        f"{os.readlink('/proc/self/exe')} does not export {', '.join(_missing[:3])}{_more}: it is "
        "no QEMU, or none that works; versions known to work: "
        f"{', '.join(KNOWN_VERSIONS)} as Debian and Ubuntu build them"
    )

# Data symbols.
address_space_memory = ctypes.addressof(c_void_p.in_dll(process, "address_space_memory"))
error_fatal = ctypes.addressof(c_void_p.in_dll(process, "error_fatal"))
timers_state = ctypes.addressof(c_void_p.in_dll(process, "timers_state"))
vmstate_cpu = ctypes.addressof(c_void_p.in_dll(process, "vmstate_cpu_common"))
vmstate_core = ctypes.addressof(c_void_p.in_dll(process, "vmstate_arm_cpu"))


def address(function: Any) -> int:
    """Where a function of `_function` lies."""
    return ctypes.cast(function, c_void_p).value or 0


_kept: list[Any] = []


def keep(thing: Any) -> Any:
    """Keep `thing` (a callback, a buffer) alive for as long as the process runs."""
    _kept.append(thing)
    return thing


def pointer(callback: Any) -> c_void_p:
    """The address of a ctypes callback, which is kept alive."""
    return ctypes.cast(keep(callback), c_void_p)


def new_structure() -> int:
    """Address of zeroed memory, large enough for any QEMU structure that we allocate."""
    return ctypes.addressof(keep(ctypes.create_string_buffer(8192)))


def pin_thread() -> None:
    """Keep this thread's Python thread state.

    Without it, ctypes makes and destroys one in every callback from a thread that Python did not
    start (QEMU's vCPU thread): 14 us an access instead of 0.3.
    """
    ctypes.pythonapi.PyGILState_Ensure()


def io_region(ops: MemoryRegionOps, name: str, size: int, opaque: int | None = None) -> int:
    """A new I/O memory region that calls `ops` with `opaque`."""
    region = new_structure()
    region_init_io(region, None, ctypes.addressof(keep(ops)), opaque, name.encode(), size)
    return region


def io_ops(read: Any, write: Any) -> MemoryRegionOps:
    """Operations for an I/O region from callbacks of type READ_ATTRS and WRITE_ATTRS."""
    return operations(
        read_with_attrs=pointer(read).value, write_with_attrs=pointer(write).value
    )


def operations(**functions: int | None) -> MemoryRegionOps:
    """Operations for an I/O region: where these functions lie."""
    ops = MemoryRegionOps(**functions)
    ops.endianness = 2  # DEVICE_LITTLE_ENDIAN
    ops.valid.min, ops.valid.max, ops.valid.unaligned = 1, 4, True
    ops.impl.min, ops.impl.max, ops.impl.unaligned = 1, 4, True
    return ops


def start_arguments(arguments: list[str]) -> tuple[int, Any]:
    """argc and argv for `qemu_init`."""
    encoded = [a.encode() for a in arguments]
    return len(encoded), keep((c_char_p * (len(encoded) + 1))(*encoded, None))
