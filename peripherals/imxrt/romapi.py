"""The ROM's API for firmware: the FlexSPI NOR driver, called through the table at 0x0020001C.

Sources: the vendor's fsl_romapi.h (functions, structures, status codes) and published driver.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import accumulate

from xipsim.peripherals.core import (
    BusError,
    Parameter,
    Peripheral,
    Region,
    Register,
    RegisterArray,
    State,
)

from . import bootheader, romcode
from .bootheader import Custom, Fcb
from .ccm import Ccm
from .ccm_analog import CcmAnalog
from .flexspi import FlexSpi
from .romflexspi import (
    FAIL,
    INVALID_ARGUMENT,
    SUCCESS,
    Job,
    RomError,
    RomFlexSpi,
    Step,
    Transfer,
    UntilReady,
)

_CHUNK = 4096
"""Bytes that one IP command reads."""
_NO_COMMAND_MODE = 0x1CD
"""needExitNoCmdMode in the configuration block."""
_WRITES, _READS = (1, 2), 3
"""flexspi_operation_t: configure, write; read. 0 is a command without data."""


class RomApi(Peripheral):
    """What the ROM's code hands to the model, and what comes back.

    A call works as the driver does, by IP commands and polls of the chip's status, while the core
    polls STATE in the ROM: interrupts come, and time passes, as on silicon. Where the block sets no
    limit, a chip may stay busy for ever.
    """

    SIZE = 0x1000

    code = Region("the ROM's bytes: the API's table and functions", required=False)
    flexspi = Parameter(FlexSpi, "the controller of the chip to boot from")
    ccm = Parameter(Ccm, "whose divider FlexSPI's clock goes through", default=None)
    ccm_analog = Parameter(CcmAnalog, "whose USB1 PLL clocks FlexSPI", default=None)

    # Not on silicon: how the functions in `code` reach the model.
    ARGUMENTS = RegisterArray(0x00, 4)
    STACK = Register(0x10)
    CALL = Register(0x14)
    STATE = Register(0x18, ro=True, neutral=True)
    DONE = STATE.field(0)
    RESULT = Register(0x1C, ro=True)

    _job: State[Job | None] = State(None)
    _name = State("")

    def connected(self) -> None:
        super().connected()
        if "code" in self.windows:
            segment = self.windows["code"].segment(0, romcode.PAGE)
            segment.load(0, romcode.page())
            segment.native(True)

    @property
    def driver(self) -> RomFlexSpi:
        """The driver of the boot controller."""
        return RomFlexSpi(self.flexspi, self.ccm, self.ccm_analog)

    @code.on_read
    def _read_code(self, offset: int, size: int) -> int:
        self.gap("ROM code")
        return 0

    @code.on_peek
    def _peek_code(self, offset: int, size: int) -> int:
        return int.from_bytes(romcode.page()[offset : offset + size], "little")

    @code.on_write
    def _write_code(self, offset: int, value: int, size: int) -> None:
        self.gap("write to the ROM")

    # -- calls -----------------------------------------------------------------------------------

    @CALL.on_write
    def _called(self, number: int) -> None:
        self._name = romcode.FUNCTIONS[number] if number < len(romcode.FUNCTIONS) else "?"
        if self._job is not None:
            self.diagnose("rom-api-reentered", f"ROM API: {self._name} was called during a call")
        self._job, self.DONE = None, 0
        function = self._functions.get(self._name)
        if function is None:
            self.gap(f"ROM API: {self._name}")
            if self._name == "runBootloader":
                self.system.stuck(
                    "the firmware has started the ROM's bootloader, which waits for a download "
                    "over USB or UART: that is not modelled"
                )
            self._finish(FAIL)
            return
        try:
            self._job = function(self)
        except RomError as error:
            self._fail(error)
        except BusError as error:
            self._fail(RomError(INVALID_ARGUMENT, str(error)))
        else:
            self._go_on()

    @STATE.on_read
    def _poll(self) -> int:
        again = self._go_on()
        if again is not None:
            self.system.clock.question((self.name, "api"), until=again)
        return self.DONE

    @STATE.on_peek
    def _peek_state(self) -> int:
        return self.DONE

    def _go_on(self) -> int | None:
        """Do what can be done now; the ns for the next look, None once the call is done."""
        if self.DONE:
            return None
        try:
            again = self.driver.advance(self._job) if self._job else None
            while again is None and self._job and self._job.then:
                self._job = getattr(self, self._job.then)()
                again = self.driver.advance(self._job) if self._job else None
        except RomError as error:
            self._fail(error)
        except BusError as error:
            self._fail(RomError(INVALID_ARGUMENT, str(error)))
        else:
            if again is not None:
                return again
            if self._job and self._job.clears_cache:
                self.driver.clear_cache()
            self._finish(SUCCESS)
        return None

    def _fail(self, error: RomError) -> None:
        self.diagnose("rom-api", f"ROM API: {self._name} fails with {error.status}: {error}")
        self._finish(error.status)

    def _finish(self, status: int) -> None:
        self._job, self.DONE, self.RESULT = None, 1, status

    # -- arguments -------------------------------------------------------------------------------

    def _bytes_at(self, address: int, length: int) -> bytes:
        return self.system.bus.read(address, length)

    def _instance(self) -> None:
        if self.ARGUMENTS[0]:
            self.gap("ROM API: other controllers than the boot device's")
            raise RomError(INVALID_ARGUMENT, f"there is no instance {self.ARGUMENTS[0]}")

    def _block(self) -> bytes:
        self._instance()
        block = self._bytes_at(self.ARGUMENTS[1], bootheader.FCB_SIZE)
        if not block.startswith(bootheader.FCB_TAG):
            raise RomError(
                INVALID_ARGUMENT,
                f"the configuration block at {self.ARGUMENTS[1]:#x} begins with "
                f"{block[:4].hex(' ')}, expected {bootheader.FCB_TAG.hex(' ')}",
            )
        if block[_NO_COMMAND_MODE]:
            self.gap("ROM API: needExitNoCmdMode")
        return block

    def _expect_multiple(self, what: str, value: int, of: int) -> None:
        if not of or value % of:
            raise RomError(INVALID_ARGUMENT, f"{what} {value:#x} is no multiple of {of:#x}")

    # -- functions -------------------------------------------------------------------------------

    def _api_init(self) -> Job:
        fcb = Fcb.parse(self._block())
        self.driver.configure(fcb)
        return Job(fcb, self.driver.chip_steps(fcb))

    def _changing(self, fcb: Fcb, address: int, step: Transfer) -> list[Step]:
        ends = enumerate(accumulate(fcb.sizes))
        select = next((select for select, end in ends if address < end), 0)
        enable = Transfer(*fcb.sequence(Custom.WRITE_ENABLE), address)
        return [enable, step, UntilReady(select, address)]

    def _api_program(self) -> Job:
        block = self._block()
        fcb, address = Fcb.parse(block), self.ARGUMENTS[2]
        (page,) = struct.unpack_from("<I", block, 0x1C0)
        self._expect_multiple("the address", address, page)
        data = self._bytes_at(self.ARGUMENTS[3], page)
        step = Transfer(*fcb.sequence(Custom.WRITE), address, data, len(data))
        return Job(fcb, self._changing(fcb, address, step), clears_cache=True)

    def _api_erase(self) -> Job:
        block = self._block()
        fcb, start, length = Fcb.parse(block), self.ARGUMENTS[2], self.ARGUMENTS[3]
        (sector,) = struct.unpack_from("<I", block, 0x1C4)
        (larger,) = struct.unpack_from("<I", block, 0x1D0)
        is_uniform = bool(block[0x1C9])
        if not sector or sum(fcb.sizes) < start + length:
            raise RomError(
                INVALID_ARGUMENT,
                f"{length:#x} bytes from {start:#x} on, in sectors of {sector:#x}, are not there",
            )
        end = -(-(start + length) // sector) * sector
        at, steps = start // sector * sector, list[Step]()
        while at < end:
            whole = not is_uniform and larger > sector and not at % larger and end - at >= larger
            purpose, size = (Custom.ERASE_BLOCK, larger) if whole else (Custom.ERASE_SECTOR, sector)
            steps += self._changing(fcb, at, Transfer(*fcb.sequence(purpose), at))
            at += size
        return Job(fcb, steps, clears_cache=True)

    def _api_erase_all(self) -> Job:
        fcb = Fcb.parse(self._block())
        start, steps = 0, list[Step]()
        for size in fcb.sizes:
            if size:
                step = Transfer(*fcb.sequence(Custom.ERASE_CHIP), start)
                steps += self._changing(fcb, start, step)
            start += size
        return Job(fcb, steps, clears_cache=True)

    def _api_read(self) -> Job:
        fcb = Fcb.parse(self._block())
        to, address = self.ARGUMENTS[2], self.ARGUMENTS[3]
        (length,) = struct.unpack("<I", self._bytes_at(self.STACK + 8, 4))
        first, number = fcb.sequence(Custom.READ)
        if sum(fcb.sizes) < address + length:
            raise RomError(INVALID_ARGUMENT, f"{length:#x} bytes from {address:#x} on: too many")
        steps: list[Step] = [
            Transfer(first, number, address + at, b"", min(_CHUNK, length - at), to + at)
            for at in range(0, length, _CHUNK)
        ]
        return Job(fcb, steps)

    def _api_get_config(self) -> Job:
        from . import romconfig

        self._instance()
        option = self._option()
        if not romconfig.is_modelled(option):
            self.gap(f"ROM API: FLEXSPI_NOR.get_config: other than {romconfig.QUAD_SDR}")
            raise RomError(INVALID_ARGUMENT, f"the option {option:#x} is not modelled")
        self.driver.configure(Fcb.parse(romconfig.first_block()))
        self.driver.load_lut(romconfig.READ_SFDP, 4)
        step = Transfer(1, 1, 0, size=romconfig.SFDP_SIZE, to=self.ARGUMENTS[1])
        return Job(None, [step], then="_has_sfdp")

    def _option(self) -> int:
        return int.from_bytes(self._bytes_at(self.ARGUMENTS[2], 4), "little")

    def _has_sfdp(self) -> Job | None:
        """Where the block will be lies what the chip says of itself."""
        from . import romconfig

        sfdp = self._bytes_at(self.ARGUMENTS[1], romconfig.SFDP_SIZE)
        how = romconfig.quad(sfdp, self._option())
        if how is None:
            self._has_status()
            return None
        self.driver.load_lut(romconfig.read_status(how), 4)
        status = Transfer(1, 1, 0, size=1, to=self.ARGUMENTS[1] + romconfig.SFDP_SIZE)
        return Job(None, [status], then="_has_status")

    def _has_status(self) -> None:
        """Behind it, the register with QE."""
        from . import romconfig

        *sfdp, status = self._bytes_at(self.ARGUMENTS[1], romconfig.SFDP_SIZE + 1)
        block = romconfig.block(bytes(sfdp), self._option(), status)
        self.system.bus.write(self.ARGUMENTS[1], block)
        self.driver.load_lut(Fcb.parse(block).lut[:4])

    def _api_clear_cache(self) -> None:
        self._instance()
        self.driver.clear_cache()

    def _api_xfer(self) -> Job:
        self._instance()
        kind, address, first, number, _, source, sent, to, received = struct.unpack(
            "<9I", self._bytes_at(self.ARGUMENTS[1], 36)
        )
        data = self._bytes_at(source, sent) if kind in _WRITES else b""
        size = {2: sent, _READS: received}.get(kind, 0)
        step = Transfer(first, number, address, data, size, to if kind == _READS else None)
        return Job(None, [step])

    def _api_update_lut(self) -> None:
        self._instance()
        first, at, number = (self.ARGUMENTS[i] for i in range(1, 4))
        if first + number > 16:
            raise RomError(INVALID_ARGUMENT, f"{number} sequences from {first} on: there are 16")
        words = struct.unpack(f"<{4 * number}I", self._bytes_at(at, 16 * number))
        self.driver.load_lut(words, 4 * first)

    _functions: dict[str, Callable[[RomApi], Job | None]] = {
        "FLEXSPI_NOR.init": _api_init,
        "FLEXSPI_NOR.program": _api_program,
        "FLEXSPI_NOR.erase_all": _api_erase_all,
        "FLEXSPI_NOR.erase": _api_erase,
        "FLEXSPI_NOR.read": _api_read,
        "FLEXSPI_NOR.get_config": _api_get_config,
        "FLEXSPI_NOR.clear_cache": _api_clear_cache,
        "FLEXSPI_NOR.xfer": _api_xfer,
        "FLEXSPI_NOR.update_lut": _api_update_lut,
    }
