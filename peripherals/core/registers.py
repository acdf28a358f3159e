"""Registers and fields: a model's register table, written as the reference manual writes it.

A register is declared on a :class:`~xipsim.peripherals.core.peripheral.Peripheral`; on an
instance its name reads and writes the stored value, so that model code says what the manual says::

    class Timer(Peripheral):
        SIZE = 0x100
        CTRL = Register(0x00, reset=0x10)
        EN = CTRL.field(0)
        STAT = Register(0x04, w1c=0x1)

        @CTRL.on_write
        def _started(self, value: int) -> None:
            if self.EN: ...
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Protocol, Self, overload

from .hooks import Hooked


class HasRegisters(Protocol):
    """What a register needs of the peripheral that has it: the stored values by offset."""

    regs: dict[int, int]


class Bits:
    """Where a field lies, and what is missing of it."""

    def __init__(
        self,
        register: Register | RegisterArray,
        lsb: int,
        width: int,
        unmodelled: str,
        idle: int | None,
    ) -> None:
        if not 0 <= lsb < lsb + width <= register.width:
            raise ValueError(
                f"field at bit {lsb}, {width} wide, does not fit a {register.width}-bit register"
            )
        self.register, self.lsb, self.width = register, lsb, width
        self.mask = ((1 << width) - 1) << lsb
        self.unmodelled, self._idle = unmodelled, idle
        self._offset = register.offset
        self.name = ""
        if unmodelled and register.ro & self.mask == self.mask:
            raise ValueError(f"field at bit {lsb}: expected one that can be written: {unmodelled}")

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def asks(self, register: Register, value: int) -> bool:
        """Whether writing `value` to `register` asks for what is not modelled."""
        idle = register.reset & self.mask if self._idle is None else self._idle << self.lsb
        return value & self.mask != idle


class Field(Bits):
    """Bits of a register, `width` wide from bit `lsb` up. On an instance: the field's value."""

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: HasRegisters, owner: type) -> int: ...
    def __get__(self, instance: HasRegisters | None, owner: type) -> Self | int:
        if instance is None:
            return self
        return (instance.regs[self._offset] & self.mask) >> self.lsb

    def __set__(self, instance: HasRegisters, value: int) -> None:
        regs, offset = instance.regs, self._offset
        regs[offset] = (regs[offset] & ~self.mask) | ((int(value) << self.lsb) & self.mask)


class ArrayField(Bits):
    """The same bits of each register of an array. On an instance: their values, by index."""

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: HasRegisters, owner: type) -> list[int]: ...
    def __get__(self, instance: HasRegisters | None, owner: type) -> Self | list[int]:
        if instance is None:
            return self
        array = self.register
        assert isinstance(array, RegisterArray)
        return [(instance.regs[offset] & self.mask) >> self.lsb for offset in array.offsets]


class Register(Hooked):
    """One register.

    offset: bytes from the peripheral's base. width: 8, 16 or 32 bits.
    reset: value after reset. ro: mask of bits that writes leave alone (True: all of them).
    w1c: mask of bits that a written one clears and a written zero keeps.
    set_clear_toggle: aliases at +4, +8 and +0xC set, clear and toggle the bits written.
    survives_reset: keeps its value over every reset but power-on.
    neutral: an access to it does not end a run of the same question (see `Clock.question`).
    polled: firmware waits for what it shows: each read is a question, of which no end is known.
    unmodelled: what this register does on silicon and not here; writing anything but its reset
    value is reported once, and whoever waits for what it shows is told that he does so in vain.
    stored_unless: a field; a write is only stored while that is 0, else the hook takes it instead.
    Hooks: `method(self) -> int` answers reads and looks, `method(self, value)` runs after a write
    was stored; `value` as written.
    """

    def __init__(
        self,
        offset: int,
        *,
        reset: int = 0,
        width: int = 32,
        ro: int | bool = 0,
        w1c: int = 0,
        set_clear_toggle: bool = False,
        survives_reset: bool = False,
        neutral: bool = False,
        polled: bool = False,
        unmodelled: str = "",
        stored_unless: Field | None = None,
    ) -> None:
        full = (1 << width) - 1
        self.offset, self.width, self.reset = offset, width, reset
        self.ro = full if ro is True else int(ro)
        self.w1c = w1c
        if offset < 0 or offset % (width // 8):
            raise ValueError(f"register offset {offset:#x} is not aligned to its {width} bits")
        if (reset | self.ro | w1c) & ~full:
            raise ValueError(f"register at {offset:#x}: a mask or reset value exceeds {width} bits")
        self.set_clear_toggle = set_clear_toggle
        self.survives_reset, self.unmodelled = survives_reset, unmodelled
        self.neutral, self.polled = neutral, polled or bool(unmodelled)
        self.stored_unless = stored_unless
        self.declared: Register | RegisterArray = self
        """What has its hooks: itself, or its array."""
        self.index: tuple[int, ...] = ()
        """What these hooks are given first: in an array, its place."""

    def field(
        self, lsb: int, width: int = 1, *, unmodelled: str = "", idle: int | None = None
    ) -> Field:
        """Declare the field `width` bits wide whose lowest bit is `lsb`.

        unmodelled: what it does on silicon and not here. Writing anything but `idle`, which is the
        reset value unless given, asks for that, and is reported once.
        """
        return Field(self, lsb, width, unmodelled, idle)

    def places(self) -> list[tuple[int, int, str]]:
        """Where on the bus it answers: first byte, the one behind its last, name."""
        length = self.width // 8
        own = [(self.offset, self.offset + length, self.name)]
        if self.set_clear_toggle:
            for distance, alias in ((4, "SET"), (8, "CLR"), (12, "TOG")):
                start = self.offset + distance
                own.append((start, start + length, f"{self.name}_{alias}"))
        return own

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: HasRegisters, owner: type) -> int: ...
    def __get__(self, instance: HasRegisters | None, owner: type) -> Self | int:
        if instance is None:
            return self
        return instance.regs[self.offset]

    def __set__(self, instance: HasRegisters, value: int) -> None:
        instance.regs[self.offset] = value & ((1 << self.width) - 1)


class RegisterArray(Hooked):
    """`count` equal registers, `stride` bytes apart. On an instance: indexable values.

    Its hooks take the index first: `method(self, index)` and `method(self, index, value)`.
    `reset` may be a sequence with one value per element. Other keywords: as for `Register`.
    """

    def __init__(
        self,
        offset: int,
        count: int,
        *,
        stride: int = 4,
        reset: int | tuple[int, ...] = 0,
        **keywords: Any,
    ) -> None:
        resets = (reset,) * count if isinstance(reset, int) else reset
        if len(resets) != count:
            raise ValueError(f"{count} registers need {count} reset values, not {len(resets)}")
        first = self._first = Register(offset, reset=max(resets), **keywords)
        if stride <= 0 or stride % (first.width // 8):
            raise ValueError(f"registers {stride:#x} apart are not aligned to {first.width} bits")
        first.declared = self
        self.offset, self.count, self.stride = offset, count, stride
        self.offsets = range(offset, offset + count * stride, stride)
        self.resets = resets
        self.width, self.ro = first.width, first.ro
        self.neutral, self.polled = first.neutral, first.polled
        self.survives_reset, self.set_clear_toggle = first.survives_reset, first.set_clear_toggle

    @cached_property
    def elements(self) -> tuple[Register, ...]:
        """Each of them. Of the two thousand that a board has, few are ever touched."""
        common = vars(self._first)
        elements = tuple(Register.__new__(Register) for _ in self.offsets)
        for index, element in enumerate(elements):
            vars(element).update(
                common,
                offset=self.offsets[index],
                reset=self.resets[index],
                index=(index,),
                name=f"{self.name}[{index}]",
            )
        return elements

    def field(
        self, lsb: int, width: int = 1, *, unmodelled: str = "", idle: int | None = None
    ) -> ArrayField:
        """Declare a field of each of them; see `Register.field`."""
        return ArrayField(self, lsb, width, unmodelled, idle)

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: HasRegisters, owner: type) -> RegisterValues: ...
    def __get__(self, instance: HasRegisters | None, owner: type) -> Self | RegisterValues:
        if instance is None:
            return self
        # Not a data descriptor: from now on the instance's own attribute wins. Set as any other:
        # Python 3.11 takes long for all attributes of who was asked for its `__dict__`.
        values = RegisterValues(instance.regs, self)
        setattr(instance, self.name, values)
        return values


class RegisterValues:
    """The stored values of a register array of one instance."""

    __slots__ = ("_mask", "_offsets", "_regs")

    def __init__(self, regs: dict[int, int], array: RegisterArray) -> None:
        self._regs = regs
        self._offsets = array.offsets
        self._mask = (1 << array.width) - 1

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, index: int) -> int:
        return self._regs[self._offsets[index]]

    def __setitem__(self, index: int, value: int) -> None:
        self._regs[self._offsets[index]] = value & self._mask
