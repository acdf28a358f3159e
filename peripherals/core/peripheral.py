"""Peripherals: models with registers on the bus."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from functools import partial
from typing import Any, ClassVar

from .model import Model
from .ports import ResetCause, Unanswered
from .registers import Bits, Register, RegisterArray
from .system import System
from .tables import (
    ALIASES,
    Table,
    all_registers,
    offsets_with,
    refuse_overlaps,
    registers_by_offset,
    reset_values,
    unmodelled_fields,
    warm_reset_values,
)

WORD = 32
EXACT = 100_000
"""ns: shorter waits for a level are made poll by poll, as they measure pulses."""


def _ignore(value: int) -> None:
    """The hook of a register without one."""


def _mask(size: int) -> int:
    """All bits of `size` bytes."""
    return (1 << 8 * size) - 1


def _shifted(value: int, by: int) -> int:
    """`value`, moved up by `by` bytes, or down if that is negative."""
    return value << 8 * by if by >= 0 else value >> -8 * by


TABLES: dict[str, Callable[[type[Model]], Any]] = {
    "_registers": registers_by_offset,
    "_resets_warm": warm_reset_values,
    "_unmodelled": unmodelled_fields,
}


class Peripheral(Model):
    """A model on the bus. Subclasses declare `SIZE` and their registers.

    What an access means is defined by `read`, `write` and `peek`, for every offset and size.
    `readers` and `writers` are their short cut for whole 32-bit registers, which cost one
    dictionary look-up: by offset, what answers a read and takes a write, once there was one. See
    `access`.
    """

    SIZE: ClassVar[int] = 0x4000
    """Bytes on the bus."""
    POLLED: ClassVar[frozenset[int]] = frozenset()
    """Offsets whose reads are questions."""
    NEUTRAL: ClassVar[frozenset[int]] = frozenset()
    """Offsets whose accesses do not end a run of a question; filled from the registers."""

    _resets: ClassVar[dict[int, int]] = {}
    """Values after power-on, by offset."""
    _registers: ClassVar[dict[int, Register]]
    """What answers at an offset, aliases included."""
    _resets_warm: ClassVar[dict[int, int]]
    """Of the values after power-on, the ones that every reset brings back."""
    _unmodelled: ClassVar[dict[Register | RegisterArray, tuple[Bits, ...]]]
    """The fields of which something is missing, by what declares them."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._resets = reset_values(cls)
        cls.NEUTRAL = frozenset(offsets_with(cls, "neutral"))
        cls.POLLED = frozenset(offsets_with(cls, "polled"))
        for name, make in TABLES.items():
            setattr(cls, name, Table(name, make))
        refuse_overlaps(cls)

    @classmethod
    def registers(cls) -> Iterator[Register]:
        """Every register, those of arrays one by one."""
        return all_registers(cls)

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        self.regs = dict(self._resets)
        self.readers: dict[int, Callable[[], int]] = {}
        self.writers: dict[int, Callable[[int], None]] = {}
        self._narrow_readers: dict[int, Callable[[], int]] = {}
        self._narrow_writers: dict[int, Callable[[int], None]] = {}
        super().__init__(system, name=name, **parameters)

    def word(self, offset: int) -> tuple[Callable[[], int], Callable[[int], None]] | None:
        """What answers a read and takes a write of the 32-bit register that begins there."""
        register = self._registers.get(offset)
        if register is None or register.width != WORD:
            return None
        return self._reader(offset, register), self._writer(offset, register)

    def _reader(self, offset: int, register: Register) -> Callable[[], int]:
        """What answers reads of `register`, of which an alias may be at `offset`.

        Made when it is first asked for: most registers are never read, nor written.
        """
        readers = self.readers if register.width == WORD else self._narrow_readers
        reader = readers.get(offset)
        if reader is None:
            hook = register.declared.read_hook
            stored = partial(self.regs.__getitem__, register.offset)
            reader = self._hook(hook, register) if hook else stored
            if register.unmodelled:
                key = Unanswered(f"{self.name} {register.name} ({register.unmodelled})")
                reader = partial(self._ask_and_read, key, reader)
            elif register.polled:
                reader = partial(self._ask_and_read, (self.name, register.name), reader)
            readers[offset] = reader
        return reader

    def _ask_and_read(self, key: Hashable, reader: Callable[[], int]) -> int:
        self.system.clock.question(key, after=EXACT)
        return reader()

    def _writer(self, offset: int, register: Register) -> Callable[[int], None]:
        """What takes writes there; see `_reader`."""
        writers = self.writers if register.width == WORD else self._narrow_writers
        writer = writers.get(offset)
        if writer is None:
            if offset == register.offset:
                writer = self._make_writer(register)
                if register.declared.guard_hook:
                    writer = self._guarded(register, writer)
            else:
                operation = ALIASES[offset - register.offset]
                writer = partial(self._store_alias, register, operation)
            writers[offset] = writer
        return writer

    def _hook(self, name: str, register: Register) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self, name)
        return partial(method, *register.index) if register.index else method

    def _make_writer(self, register: Register) -> Callable[[int], None]:
        """What takes a write of the register's full width: no more than its masks and hook need."""
        declared = register.declared
        hook = self._hook(declared.write_hook, register) if declared.write_hook else None
        fields = self._unmodelled.get(declared, ())
        regs, offset = self.regs, register.offset
        held, cleared = register.ro | register.w1c, register.w1c & ~register.ro
        if register.unmodelled or fields:
            hook = partial(self._report_unmodelled, register, fields, hook or _ignore)
        if register.stored_unless is not None and hook is not None:
            return self._unless(
                register.stored_unless, hook, partial(regs.__setitem__, offset)
            )
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

    def _unless(
        self, field: Bits, hook: Callable[[int], None], writer: Callable[[int], None]
    ) -> Callable[[int], None]:
        """`writer` while the field is 0, `hook` else."""
        regs, gate, mask = self.regs, field.register.offset, field.mask

        def write(value: int) -> None:
            if regs[gate] & mask:
                hook(value)
            else:
                writer(value)

        return write

    def gate(self, offset: int) -> tuple[int, int] | None:
        """The register and the bits of it that are 0 while a write there is only stored; None where
        that depends on nothing."""
        register = self._registers.get(offset)
        if register is None:
            return None
        field = register.stored_unless
        if field is None and offset == register.offset:
            writer = self._make_writer(register)
            if isinstance(writer, partial) and writer.func == self.regs.__setitem__:
                field = register.declared.guarded_while
        return (field.register.offset, field.mask) if field else None

    def _store_alias(
        self, register: Register, operation: Callable[[int, int], int], value: int
    ) -> None:
        writer = self._writer(register.offset, register)
        writer(operation(self.regs[register.offset], value))

    def _guarded(
        self, register: Register, writer: Callable[[int], None]
    ) -> Callable[[int], None]:
        """`writer`, where the register's guard lets it."""
        declared = register.declared
        guard = getattr(self, declared.guard_hook)

        def write(value: int) -> None:
            if guard(register, value):
                writer(value)

        if declared.guarded_while is None:
            return write
        return self._unless(declared.guarded_while, write, writer)

    def _report_unmodelled(
        self,
        register: Register,
        fields: tuple[Bits, ...],
        hook: Callable[[int], None],
        value: int,
    ) -> None:
        if register.unmodelled and value != register.reset:
            self.gap(f"{register.name}: {register.unmodelled}")
        for field in fields:
            if field.asks(register, value):
                self.gap(f"{register.name}.{field.name}: {field.unmodelled}")
        hook(value)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        is_cold = cause is ResetCause.POWER_ON
        self.regs.update(self._resets if is_cold else self._resets_warm)

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
            return self._reader(offset, register)()
        value = 0
        for start, part in self._touched(offset, size, "read"):
            value |= _shifted(self._reader(start, part)(), start - offset)
        return value & _mask(size)

    def write(self, offset: int, value: int, size: int = 4) -> None:
        """Take a store of `size` bytes: each register in it gets its bytes, in ascending order.

        A register of which the store covers a part keeps the rest, write-1-to-clear bits apart.
        Assumption: a store that is wider than its register goes to the registers behind it, too, as
        on a bus with byte lanes; where there is none, those bytes are lost, and reported.
        """
        register = self._registers.get(offset)
        if register is not None and register.width == size * 8:
            self._writer(offset, register)(value)
            return
        value &= _mask(size)
        for start, part in self._touched(offset, size, "write"):
            own = _mask(part.width // 8)
            lanes = _shifted(_mask(size), offset - start) & own
            is_alias = start != part.offset
            kept = 0 if is_alias else self.regs[start] & ~lanes & ~part.w1c
            self._writer(start, part)(_shifted(value, offset - start) & own | kept)

    def peek(self, offset: int, size: int = 4) -> int:
        """What a read would answer, without its side effects, and without a report.

        That is what a register's `on_peek` says, else its stored value; 0 where there is none.
        """
        value = 0
        for start, register in self._touched(offset, size):
            hook = register.declared.peek_hook
            now = self._hook(hook, register)() if hook else self.regs[register.offset]
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
