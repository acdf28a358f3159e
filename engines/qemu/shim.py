"""What the shim does for Python in QEMU's process: its functions and data, by their names.

SPDX-License-Identifier: GPL-2.0-or-later

registers.c answers accesses to models; calls.c calls what comes by the thousand. They are told here
where QEMU's own functions lie.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import (
    PYFUNCTYPE,
    Structure,
    c_bool,
    c_char,
    c_int,
    c_int64,
    c_uint32,
    c_uint64,
    c_void_p,
    py_object,
)
from typing import Any

from xipsim.engines.guest.versions import VERSION

from . import library as q


def data(kind: Any, name: str) -> Any:
    """What the shim calls `name`. Ends the process where the shim is of another xipsim."""
    try:
        return kind.in_dll(q.process, name)
    except ValueError:
        q.refuse(
            f"the shim has no {name}: it was built from other sources than these; install the "
            "package again (pip install, with -e in a checkout)"
        )


def place(name: str) -> int:
    """Where a function of the shim lies."""
    return ctypes.addressof(data(c_void_p, name))


for _name, _function in {
    "xipsim_arm": q.timer_mod,
    "xipsim_can_take": q.can_take_exception,
    "xipsim_clock": q.clock_ns,
    "xipsim_deadline": q.clock_deadline,
    "xipsim_disarm": q.timer_del,
    "xipsim_executed": q.instructions_executed,
    "xipsim_exit": q.cpu_exit,
    "xipsim_free": q.free,
    "xipsim_is_dirty": q.is_dirty,
    "xipsim_is_idle": q.is_idle,
    "xipsim_queue": q.queue_work,
    "xipsim_read_register": q.read_register,
    "xipsim_set_input": q.irq_set,
    "xipsim_set_size": q.byte_array_resize,
    "xipsim_take_dirty": q.take_dirty,
    "xipsim_tlb_flush": q.tlb_flush,
    "xipsim_to_ns": q.time_of_instructions,
    "xipsim_warp": q.warp_timer,
}.items():
    data(c_void_p, _name).value = q.address(_function)
data(c_void_p, "xipsim_bytes").value = q.byte_array_new()
data(c_uint32, "xipsim_version").value = VERSION

find_changed = PYFUNCTYPE(c_uint32, c_void_p, c_void_p, c_void_p, c_uint32, c_uint32, c_void_p)(
    place("xipsim_find_changed")
)
"""For `sameness.QuickHeld`."""
new_registers = PYFUNCTYPE(c_void_p, c_uint64)(place("xipsim_registers_new"))
set_registers = PYFUNCTYPE(None, c_void_p, *[py_object] * 6)(
    place("xipsim_registers_set")
)
"""What `new_registers` returned; read, write and the members of `Words`, of its questions `asking`,
or None for each of these: from now on, accesses go there."""
call = place("xipsim_call")
"""A callback of QEMU's that has one argument: calls that, a Python function without any."""
_bind = PYFUNCTYPE(py_object, c_char, c_void_p, c_void_p)(place("xipsim_bind"))


def bound(form: bytes, function: Any, first: int) -> Any:
    """A function of QEMU with its first argument, called in a fifth of the time that ctypes takes.

    form: what is left of it. `read`: no argument, answers a number; `act`: none at all; `set`:
    takes a level; `move`: takes 64 bits; `look`: takes a number, and answers one of 32 bits;
    `pass`: takes 64 bits, and answers a number.
    """
    return _bind(form[:1], q.address(function), first)


def bound_at(form: bytes, name: str, first: int) -> Any:
    """As `bound`, of a function of the shim."""
    return _bind(form[:1], place(name), first)


class _Naps(Structure):
    _fields_ = (
        ("slept_until", c_int64),
        ("event", c_bool),
    )


naps = data(_Naps, "xipsim_naps")
"""`guest.clock.Naps`, for the shim, which takes the simple ones."""
_hide = PYFUNCTYPE(None, c_void_p)(place("xipsim_hide"))


def hide(timer: int) -> None:
    """This timer is the engine's own: no nap ends with it, and one that goes past it is not simple.

    When it fires stands at its beginning, in QEMU 7.2 to 10.0.
    """
    _hide(timer)


def be_patient(timer: int) -> None:
    """As `hide`, but a nap or a stall in thread mode may make this one late: one timer."""
    data(c_void_p, "xipsim_patient").value = timer


def on_sleep(cpu: int, wfe: Callable[[], None], wfi: Callable[[], None]) -> None:
    """Call `wfe` or `wfi` when the core is about to execute such an instruction."""
    data(c_void_p, "xipsim_core").value = cpu
    data(py_object, "xipsim_on_wfe").value = q.keep(wfe)
    data(py_object, "xipsim_on_wfi").value = q.keep(wfi)


def on_series(find: Callable[[], None]) -> None:
    """Call `find` where the core maintains caches first: it says where the core's registers are and
    memory, and how time goes on."""
    data(py_object, "xipsim_find_core").value = q.keep(find)


def bound_skip(cpu: int, offset: c_int64) -> Callable[[int], int]:
    """A function that lets virtual time go on by so many ns within an access of `cpu`.

    It answers 0, and does nothing, where a timer fires before. offset: what QEMU adds to the time
    of the instructions executed.
    """
    data(c_void_p, "xipsim_offset").value = ctypes.addressof(offset)
    made: Callable[[int], int] = bound_at(b"look", "xipsim_skip", cpu)
    return made


_time_attribute = PYFUNCTYPE(py_object, py_object, py_object)(
    place("xipsim_time_attribute")
)


def answer_time(kind: Any, reading: list[Callable[[], int]]) -> None:
    """Let `now` of all of that class be the virtual time, without a frame of Python.

    reading: what tells it, as the one element, which may become something else than it is now,
    QEMU's clock.
    """
    kind.now = _time_attribute(kind, reading)


core_register = PYFUNCTYPE(c_uint32, c_void_p, c_int)(place("xipsim_register"))
on_abort = data(c_void_p, "xipsim_on_abort")

_REGISTERS = q.operations(
    read=place("xipsim_registers_read"), write=place("xipsim_registers_write")
)


def register_region(name: str, size: int, *functions: Any) -> int:
    """A new I/O memory region of a model's registers.

    functions: as `set_registers` takes them.
    """
    registers = new_registers(size)
    set_registers(registers, *functions)
    return q.io_region(_REGISTERS, name, size, registers)


def late_region(
    name: str, size: int, make: Callable[[], tuple[Any, ...]]
) -> int:
    """The same; `make` is called with the first access, and returns the functions."""
    registers = new_registers(size)

    def made() -> tuple[Any, ...]:
        functions = make()
        set_registers(registers, *functions)
        return functions

    def read(*access: Any) -> int:
        value: int = made()[0](*access)
        return value

    def write(*access: Any) -> None:
        made()[1](*access)

    set_registers(registers, read, write, None, None, None, None)
    return q.io_region(_REGISTERS, name, size, registers)
