"""Peripherals: models with registers on the bus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from operator import or_, xor
from typing import Any, ClassVar

from .model import Model
from .ports import ResetCause, System
from .registers import Bits, Register, RegisterArray

WORD = 32


def _ignore(value: int) -> None:
    """The hook of a register without one."""


def _clear(value: int, mask: int) -> int:
    return value & ~mask


def _mask(size: int) -> int:
    """All bits of `size` bytes."""
    return (1 << 8 * size) - 1


def _shifted(value: int, by: int) -> int:
    """`value`, moved up by `by` bytes, or down if that is negative."""
    return value << 8 * by if by >= 0 else value >> -8 * by


class Peripheral(Model):
    """A model on the bus. Subclasses declare `SIZE` and their registers.

    What an access means is defined by `read`, `write` and `peek`, for every offset and size.
    `readers` and `writers` are their short cut for whole 32-bit registers, which cost one
    dictionary look-up: by offset, what answers a read and takes a write. See `access`.
    """

    SIZE: ClassVar[int] = 0x4000
    """Bytes on the bus."""
    NEUTRAL: ClassVar[frozenset[int]] = frozenset()
    """Offsets whose accesses do not end a run of a question; filled from the registers."""

    _unmodelled: ClassVar[dict[Register | RegisterArray, tuple[Bits, ...]]] = {}
    """The fields of which something is missing, by what declares them."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._unmodelled = {}
        for field in cls.declared(Bits):
            if field.unmodelled:
                others = cls._unmodelled.get(field.register, ())
                cls._unmodelled[field.register] = (*others, field)
        cls.NEUTRAL = frozenset(r.offset for r in cls.registers() if r.neutral)
        places = []
        for register in cls.registers():
            places += register.places()
        places.sort()
        for (_, end, name), (start, _, following) in pairwise(places):
            if start < end:
                raise TypeError(f"{cls.__name__}: {name} and {following} overlap at {start:#x}")

    @classmethod
    def _table(cls) -> Iterator[tuple[Register | RegisterArray, Register, tuple[int, ...]]]:
        """Every register, with what declares its hooks and the index that these take first."""
        for register in cls.declared(Register):
            yield register, register, ()
        for array in cls.declared(RegisterArray):
            for index, element in enumerate(array.elements):
                yield array, element, (index,)

    @classmethod
    def registers(cls) -> Iterator[Register]:
        """Every register, those of arrays one by one."""
        return (register for _, register, _ in cls._table())

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        self.regs: dict[int, int] = {}
        self._registers: dict[int, Register] = {}
        self.readers: dict[int, Callable[[], int]] = {}
        self.writers: dict[int, Callable[[int], None]] = {}
        self._narrow_readers: dict[int, Callable[[], int]] = {}
        self._narrow_writers: dict[int, Callable[[int], None]] = {}
        self._peekers: dict[int, Callable[[], int]] = {}
        super().__init__(system, name=name, **parameters)
        for declared, register, index in self._table():
            self._install(declared, register, index)

    def _install(
        self, declared: Register | RegisterArray, register: Register, index: tuple[int, ...]
    ) -> None:
        # Some thousand calls in each start.
        offset, regs = register.offset, self.regs
        regs[offset] = register.reset
        read, write, peek = declared.read_hook, declared.write_hook, declared.peek_hook
        reader = self._hook(read, index) if read else partial(regs.__getitem__, offset)
        hook = self._hook(write, index) if write else None
        writer = self._writer(register, hook, self._unmodelled.get(declared, ()))
        if peek:
            self._peekers[offset] = self._hook(peek, index)
        self._registers[offset] = register
        if register.width == WORD:
            self.readers[offset], self.writers[offset] = reader, writer
        else:
            self._narrow_readers[offset], self._narrow_writers[offset] = reader, writer
        if register.set_clear_toggle:
            self._install_aliases(register, reader, writer)

    def _install_aliases(
        self, register: Register, reader: Callable[[], int], writer: Callable[[int], None]
    ) -> None:
        offset = register.offset
        for distance, operation in ((4, or_), (8, _clear), (12, xor)):
            self._registers[offset + distance] = register
            self._readers(register)[offset + distance] = reader
            store = partial(self._store_alias, offset, operation, writer)
            self._writers(register)[offset + distance] = store

    def _readers(self, register: Register) -> dict[int, Callable[[], int]]:
        return self.readers if register.width == WORD else self._narrow_readers

    def _writers(self, register: Register) -> dict[int, Callable[[int], None]]:
        return self.writers if register.width == WORD else self._narrow_writers

    def _hook(self, name: str, index: tuple[int, ...]) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self, name)
        return partial(method, *index) if index else method

    def _writer(
        self,
        register: Register,
        hook: Callable[[int], None] | None,
        fields: tuple[Bits, ...],
    ) -> Callable[[int], None]:
        """What takes a write of the register's full width: no more than its masks and hook need."""
        regs, offset = self.regs, register.offset
        held, cleared = register.ro | register.w1c, register.w1c & ~register.ro
        if register.unmodelled or fields:
            hook = partial(self._report_unmodelled, register, fields, hook or _ignore)
        if hook is None:
            hook = _ignore
            if not held:
                return partial(regs.__setitem__, offset)
        if register.ro == (1 << register.width) - 1:
            return hook

        def store(value: int) -> None:
            regs[offset] = value
            hook(value)

        def store_masked(value: int) -> None:
            regs[offset] = (value & ~held) | (regs[offset] & held & ~(value & cleared))
            hook(value)

        return store_masked if held else store

    def _store_alias(
        self,
        offset: int,
        operation: Callable[[int, int], int],
        writer: Callable[[int], None],
        value: int,
    ) -> None:
        writer(operation(self.regs[offset], value))

    def _report_unmodelled(
        self,
        register: Register,
        fields: tuple[Bits, ...],
        hook: Callable[[int], None],
        value: int,
    ) -> None:
        if register.unmodelled:
            self.gap(f"{register.name}: {register.unmodelled}")
        for field in fields:
            if field.asks(register, value):
                self.gap(f"{register.name}.{field.name}: {field.unmodelled}")
        hook(value)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        for register in self.registers():
            if cause is ResetCause.POWER_ON or not register.survives_reset:
                self.regs[register.offset] = register.reset

    def save(self) -> dict[str, Any]:
        return super().save() | {"registers": dict(self.regs)}

    def load(self, saved: dict[str, Any]) -> None:
        super().load(saved)
        self.regs.update(saved["registers"])

    # -- bus accesses ----------------------------------------------------------------------------

    def read(self, offset: int, size: int = 4) -> int:
        """Answer a read of `size` bytes: each register in it is read once, in ascending order.

        Bytes that no register covers read 0 and are reported.
        """
        register = self._registers.get(offset)
        if register is not None and register.width == size * 8:
            return self._readers(register)[offset]()
        value = 0
        for start, part in self._touched(offset, size, "read"):
            value |= _shifted(self._readers(part)[start](), start - offset)
        return value & _mask(size)

    def write(self, offset: int, value: int, size: int = 4) -> None:
        """Take a store of `size` bytes: each register in it gets its bytes, in ascending order.

        A register of which the store covers a part keeps the rest, write-1-to-clear bits apart.
        Assumption: a store that is wider than its register goes to the registers behind it, too, as
        on a bus with byte lanes; where there is none, those bytes are lost, and reported.
        """
        register = self._registers.get(offset)
        if register is not None and register.width == size * 8:
            self._writers(register)[offset](value)
            return
        value &= _mask(size)
        for start, part in self._touched(offset, size, "write"):
            own = _mask(part.width // 8)
            lanes = _shifted(_mask(size), offset - start) & own
            is_alias = start != part.offset
            kept = 0 if is_alias else self.regs[start] & ~lanes & ~part.w1c
            self._writers(part)[start](_shifted(value, offset - start) & own | kept)

    def peek(self, offset: int, size: int = 4) -> int:
        """What a read would answer, without its side effects, and without a report.

        That is what a register's `on_peek` says, else its stored value; 0 where there is none.
        """
        value = 0
        for start, register in self._touched(offset, size):
            peeker = self._peekers.get(register.offset)
            now = peeker() if peeker else self.regs[register.offset]
            value |= _shifted(now, start - offset)
        return value & _mask(size)

    def declares(self, offset: int, size: int) -> bool:
        """Whether a register is declared at any of those bytes."""
        return bool(self._touched(offset, size))

    def _touched(self, offset: int, size: int, reported: str = "") -> list[tuple[int, Register]]:
        """The registers in a range, by where they (or their aliases) begin.

        reported: what is done there; told as a gap if there are bytes that no register covers.
        """
        touched = []
        missing = None
        at = offset
        while at < offset + size:
            register = self._covering(at)
            if register is None:
                missing = at if missing is None else missing
                at += 1
            else:
                length = register.width // 8
                at -= at % length
                touched.append((at, register))
                at += length
        if reported and missing is not None:
            where = ", where no register is declared"
            if touched:
                where = f": no register is declared at {missing:#x}"
            self.gap(f"{reported} of {size} bytes at {offset:#x}{where}")
        return touched

    def _covering(self, address: int) -> Register | None:
        for candidate in (address, address & ~1, address & ~3):
            register = self._registers.get(candidate)
            if register is not None and address < candidate + register.width // 8:
                return register
        return None
