"""A Cortex-M of a few instructions: every exception has the same priority but NMI and HardFault.

Architecture: Armv7-M Architecture Reference Manual, B1.5 (exceptions), B3.2 (system control), B3.4
(NVIC). SysTick, other priorities, and the process stack are not there.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from xipsim.engines.guest.cortexm import BFAR, CFSR, EXC_RETURN, HFSR, ICSR
from xipsim.peripherals.core import BusError, Entry

from .memory import Space
from .thumb import Undefined, execute

SP, LR, PC = 13, 14, 15
VTOR, AIRCR = 0xE000ED08, 0xE000ED0C
ISER, ICER, ISPR, ICPR = 0xE000E100, 0xE000E180, 0xE000E200, 0xE000E280
PRIVATE = range(0xE000_0000, 0xE010_0000)
SYSRESETREQ, VECTKEY = 1 << 2, 0x05FA << 16
IBUSERR, BFARVALID_PRECISERR, UNDEFINSTR = 0x100, 0x8200, 0x1_0000
FORCED, VECTTBL = 1 << 30, 1 << 1
NMI, HARD_FAULT, EXTERNAL = 2, 3, 16
THUMB, REALIGNED = 1 << 24, 1 << 9
FRAME = 32
TO_THREAD = 0xFFFF_FFF9
TO_HANDLER = 0xFFFF_FFF1


class State:
    """What a reset of the core resets."""

    def __init__(self) -> None:
        self.r = [0] * 16
        self.n = self.z = self.c = self.v = False
        self.exception = 0
        self.primask = False
        self.locked = False
        self.enabled = self.pending = self.high = 0
        """Of the external interrupts, a bit each: high is the level of the line."""
        self.nmi = False
        self.system = dict.fromkeys((VTOR, AIRCR, CFSR, HFSR, BFAR), 0)


class Core:
    """Implements `backend.Core`. on_lock_up: called once, with the instruction that locks it."""

    def __init__(
        self, space: Space, on_reset_request: Callable[[], None], on_lock_up: Callable[[], None]
    ) -> None:
        self._space, self._on_reset_request = space, on_reset_request
        self._on_lock_up = on_lock_up
        self.state = State()
        self.hint = ""
        """`wfi` or `wfe`, where that was the last instruction."""

    # -- looking ---------------------------------------------------------------------------------

    @property
    def pc(self) -> int:
        """Program counter."""
        return self.state.r[PC]

    def can_interrupt(self) -> bool:
        """Not looked at: the firmware makes every turn of its loops."""
        return True

    @property
    def exception(self) -> int:
        """Number of the exception being handled."""
        return self.state.exception

    def registers(self) -> dict[str, int]:
        """All registers."""
        names = [*(f"r{i}" for i in range(SP)), "sp", "lr", "pc"]
        return dict(zip(names, self.state.r, strict=True)) | {"xpsr": self._xpsr()}

    def _xpsr(self) -> int:
        s = self.state
        flags = s.n << 31 | s.z << 30 | s.c << 29 | s.v << 28
        return flags | THUMB | s.exception

    def on_fault(self, handler: Callable[[dict[str, int]], None]) -> None:
        """Not told here: the frame is looked for on the stack, as with Renode."""

    def read_memory(self, address: int, length: int) -> bytes | None:
        """Bytes as the core sees them."""
        try:
            return self.load(address, length)
        except BusError:
            return None

    def write_memory(self, address: int, data: bytes) -> bool:
        """Write as the core would."""
        try:
            self.store(address, data)
        except BusError:
            return False
        return True

    # -- memory and system registers -------------------------------------------------------------

    def load(self, address: int, size: int) -> bytes:
        """An access of the core; BusError."""
        if address not in PRIVATE:
            return self._space.read(address, size)
        return self._system(address).to_bytes(4, "little")[:size]

    def store(self, address: int, data: bytes) -> None:
        """An access of the core; BusError."""
        if address not in PRIVATE:
            self._space.write(address, data)
        else:
            self._set_system(address, int.from_bytes(data, "little"))

    def _system(self, address: int) -> int:
        s = self.state
        if address == ICSR:
            return s.exception | self._pending() << 12
        if address in (ISER, ICER):
            return s.enabled
        return s.pending if address in (ISPR, ICPR) else s.system.get(address, 0)

    def _set_system(self, address: int, value: int) -> None:
        s = self.state
        if address == ISER:
            s.enabled |= value
        elif address == ICER:
            s.enabled &= ~value
        elif address == ISPR:
            s.pending |= value
        elif address == ICPR:
            s.pending = s.pending & ~value | s.high
        elif address == AIRCR:
            if value & 0xFFFF_0000 == VECTKEY and value & SYSRESETREQ:
                self._on_reset_request()
        elif address in (CFSR, HFSR):
            s.system[address] &= ~value
        elif address in s.system:
            s.system[address] = value

    # -- exceptions ------------------------------------------------------------------------------

    def interrupt(self, number: int) -> Interrupt:
        """An input of the NVIC, or the NMI."""
        return Interrupt(self, number)

    def _pending(self) -> int:
        """The exception that would come next, whatever masks it; 0: none."""
        s = self.state
        if s.nmi:
            return NMI
        ready = s.pending & s.enabled
        return EXTERNAL + (ready & -ready).bit_length() - 1 if ready else 0

    def due(self) -> int:
        """The exception that the core enters now; 0: none."""
        s = self.state
        if s.exception in (NMI, HARD_FAULT):
            return 0
        if s.nmi:
            return NMI
        return 0 if s.exception or s.primask else self._pending()

    def _enter_exception(self, number: int) -> None:
        s = self.state
        if number == NMI:
            s.nmi = False
        elif number >= EXTERNAL:
            s.pending &= ~(1 << number - EXTERNAL)
        misaligned = s.r[SP] & 4
        frame = s.r[SP] - FRAME - misaligned
        xpsr = self._xpsr() | (REALIGNED if misaligned else 0)
        for i, word in enumerate((*s.r[:4], s.r[12], s.r[LR], s.r[PC], xpsr)):
            self.store(frame + 4 * i, word.to_bytes(4, "little"))
        s.r[SP] = frame
        s.r[LR] = TO_HANDLER if s.exception else TO_THREAD
        s.exception = number
        try:
            vector = int.from_bytes(self.load(s.system[VTOR] + 4 * number, 4), "little")
        except BusError:
            s.system[HFSR] |= VECTTBL
            self._fault(0)
        else:
            s.r[PC] = vector & ~1

    def _leave_exception(self) -> None:
        s = self.state
        left, frame = s.exception, s.r[SP]
        words = [int.from_bytes(self.load(frame + 4 * i, 4), "little") for i in range(8)]
        *s.r[:4], s.r[12], s.r[LR], s.r[PC], xpsr = words
        s.n, s.z, s.c, s.v = (bool(xpsr >> bit & 1) for bit in (31, 30, 29, 28))
        s.exception = xpsr & 0x1FF
        s.r[SP] = frame + FRAME + (4 if xpsr & REALIGNED else 0)
        if left >= EXTERNAL:
            s.pending |= s.high & 1 << left - EXTERNAL

    def _fault(self, status: int, address: int | None = None) -> None:
        """A fault, which is always escalated: SHCSR, which would enable others, is not there."""
        s = self.state
        s.system[CFSR] |= status
        if status:
            s.system[HFSR] |= FORCED
        if address is not None:
            s.system[BFAR] = address
        if s.exception in (NMI, HARD_FAULT):
            self._lock_up()
            return
        try:
            self._enter_exception(HARD_FAULT)
        except BusError:  # The stack cannot be reached.
            self._lock_up()

    def _lock_up(self) -> None:
        self.state.locked = True
        self._on_lock_up()

    # -- running ---------------------------------------------------------------------------------

    def step(self) -> None:
        """Enter the exception that is due, then execute an instruction."""
        s = self.state
        self.hint = ""
        if number := self.due():
            try:
                self._enter_exception(number)
            except BusError:
                self._fault(0)
        try:
            opcode = int.from_bytes(self.load(s.r[PC], 2), "little")
        except BusError:
            self._fault(IBUSERR)
            return
        try:
            s.r[PC] = execute(self, opcode)
        except Undefined:
            self._fault(UNDEFINSTR)
        except BusError:
            self._fault(BFARVALID_PRECISERR, self.accessed)

    accessed = 0
    """Address of the last load or store."""

    def load_value(self, address: int, size: int) -> int:
        """For an instruction: BusError leaves its address in `accessed`."""
        self.accessed = address & 0xFFFF_FFFF
        return int.from_bytes(self.load(self.accessed, size), "little")

    def store_value(self, address: int, value: int, size: int) -> None:
        """As `load_value`."""
        self.accessed = address & 0xFFFF_FFFF
        self.store(self.accessed, value.to_bytes(size, "little"))

    def branch(self, target: int) -> int:
        """BX: to an address, or out of an exception; where to go on."""
        if target >= EXC_RETURN and self.state.exception:
            self._leave_exception()
            return self.pc
        return target & ~1

    # -- reset and snapshots ---------------------------------------------------------------------

    def reset(self) -> None:
        """As after power-on."""
        self.state = State()

    def enter(self, entry: Entry) -> None:
        """Start where the boot ROM says."""
        self.state.system[VTOR] = entry.vtor
        self.state.r[SP], self.state.r[PC] = entry.sp, entry.pc & ~1

    def save(self) -> dict[str, Any]:
        """Everything."""
        return copy.deepcopy(vars(self.state))

    def load_state(self, saved: dict[str, Any]) -> None:
        """Be as when `save` returned `saved`."""
        vars(self.state).update(copy.deepcopy(saved))


class Interrupt:
    """An input of the NVIC; the `IrqLine` port."""

    def __init__(self, core: Core, number: int) -> None:
        self._core, self._number = core, number

    def set(self, level: bool) -> None:
        """Drive it."""
        state = self._core.state
        if self._number < 0:
            state.nmi = state.nmi or level
            return
        bit = 1 << self._number
        state.high = state.high | bit if level else state.high & ~bit
        if level:
            state.pending |= bit
