"""Peripherals: models with registers on the bus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any, ClassVar

from .model import Model
from .ports import ResetCause, System
from .registers import Register, RegisterArray


def _ignore(value: int) -> None:
    """The hook of a register without one."""


class Peripheral(Model):
    """A model on the bus. Subclasses declare `SIZE` and their registers.

    A register without side effects costs one dictionary look-up per access: `readers` maps the
    offset of every register to what answers a read of its full width, `writers` likewise.
    """

    SIZE: ClassVar[int] = 0x4000
    """Bytes on the bus."""
    NEUTRAL: ClassVar[frozenset[int]] = frozenset()
    """Offsets whose accesses do not end a run of a question; filled from the registers."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        table = sorted((r for r, _, _ in cls._table()), key=lambda register: register.offset)
        cls.NEUTRAL = frozenset(r.offset for r in table if r.neutral)
        for register, following in pairwise(table):
            if following.offset < register.offset + register.width // 8:
                raise TypeError(f"{cls.__name__}: {register.name} and {following.name} overlap")

    @classmethod
    def _table(cls) -> Iterator[tuple[Register, str, str]]:
        """Every register with the names of its read and write hooks."""
        for register in cls.declared(Register):
            yield register, register.read_hook, register.write_hook
        for array in cls.declared(RegisterArray):
            for element in array.elements:
                yield element, array.read_hook, array.write_hook

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        self.regs: dict[int, int] = {}
        self._registers: dict[int, Register] = {}
        self.readers: dict[int, Callable[[], int]] = {}
        self.writers: dict[int, Callable[[int], None]] = {}
        super().__init__(system, name=name, **parameters)
        for array in self.declared(RegisterArray):
            for index, element in enumerate(array.elements):
                self._install(element, array.read_hook, array.write_hook, (index,))
        for register in self.declared(Register):
            self._install(register, register.read_hook, register.write_hook, ())

    def _install(self, register: Register, read: str, write: str, index: tuple[int, ...]) -> None:
        offset, regs = register.offset, self.regs
        regs[offset] = register.reset
        self._registers[offset] = register
        self.readers[offset] = (
            self._hook(read, index) if read else partial(regs.__getitem__, offset)
        )
        writer = self._writer(register, self._hook(write, index) if write else None)
        self.writers[offset] = writer
        if register.set_clear_toggle:
            self._install_aliases(register, writer)

    def _hook(self, name: str, index: tuple[int, ...]) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self, name)
        return partial(method, *index) if index else method

    def _writer(
        self, register: Register, hook: Callable[[int], None] | None
    ) -> Callable[[int], None]:
        """What takes a write of the register's full width: no more than its masks and hook need."""
        regs, offset = self.regs, register.offset
        held, cleared = register.ro | register.w1c, register.w1c & ~register.ro
        if register.unmodelled:
            hook = partial(self._report_unmodelled, register, hook)
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

    def _install_aliases(self, register: Register, writer: Callable[[int], None]) -> None:
        offset, regs = register.offset, self.regs
        reader = self.readers[offset]
        operations: tuple[Callable[[int], int], ...] = (
            lambda value: regs[offset] | value,
            lambda value: regs[offset] & ~value,
            lambda value: regs[offset] ^ value,
        )
        for i, operation in enumerate(operations, 1):
            self._registers[offset + 4 * i] = register
            self.readers[offset + 4 * i] = reader
            self.writers[offset + 4 * i] = partial(self._store_alias, operation, writer)

    @staticmethod
    def _store_alias(
        operation: Callable[[int], int], writer: Callable[[int], None], value: int
    ) -> None:
        writer(operation(value))

    def _report_unmodelled(
        self, register: Register, hook: Callable[[int], None] | None, value: int
    ) -> None:
        self.gap(f"{register.name}: {register.unmodelled}")
        if hook:
            hook(value)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        for register, _, _ in self._table():
            if cause is ResetCause.POWER_ON or not register.survives_reset:
                self.regs[register.offset] = register.reset

    def save(self) -> dict[str, Any]:
        return super().save() | {"registers": dict(self.regs)}

    def load(self, saved: dict[str, Any]) -> None:
        super().load(saved)
        self.regs.update(saved["registers"])

    # -- bus accesses ----------------------------------------------------------------------------

    def read(self, offset: int, size: int = 4) -> int:
        """Answer a read of `size` bytes. What is not declared reads 0 and is reported."""
        register = self._registers.get(offset)
        if register is not None and register.width == size * 8:
            return self.readers[offset]()
        value = 0
        for byte in range(size):
            value |= self._read_byte(offset + byte, offset, size) << (8 * byte)
        return value

    def _covering(self, address: int) -> Register | None:
        for candidate in (address, address & ~1, address & ~3):
            register = self._registers.get(candidate)
            if register is not None and address < candidate + register.width // 8:
                return register
        return None

    def _read_byte(self, address: int, offset: int, size: int) -> int:
        register = self._covering(address)
        if register is None:
            self.gap(f"read of {size} bytes at {offset:#x}, where no register is declared")
            return 0
        base = address - address % (register.width // 8)
        return self.readers[base]() >> (8 * (address - base)) & 0xFF

    def write(self, offset: int, value: int, size: int = 4) -> None:
        """Take a write of `size` bytes. What is not declared is reported, and lost."""
        register = self._registers.get(offset)
        if register is not None and register.width == size * 8:
            self.writers[offset](value)
            return
        register = self._covering(offset)
        if register is None:
            self.gap(f"write of {size} bytes at {offset:#x}, where no register is declared")
            return
        base = offset - offset % (register.width // 8)
        if register.width >= size * 8:
            shift = 8 * (offset - base)
            lanes = ((1 << 8 * size) - 1) << shift
            kept = self.regs[register.offset] & ~lanes & ~register.w1c
            is_alias = base != register.offset
            self.writers[base]((value << shift) | (0 if is_alias else kept))
            return
        step = register.width // 8
        for part in range(0, size, step):
            self.write(offset + part, value >> (8 * part) & ((1 << 8 * step) - 1), step)
