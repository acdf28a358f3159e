"""What is said of what is not modelled, of waits in vain, and of starts that fail."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ospi_driver import Driver
from test_bootrom import Board, fcb, image, put
from test_romapi import CONFIG, RAM, SOURCE, Caller
from time_source import Source

from xipsim.engines.guest import hopeless
from xipsim.engines.guest.access import tag_access
from xipsim.engines.guest.clock import GuestClock
from xipsim.engines.qemu.mpu import Region, in_words
from xipsim.engines.repl import Tag
from xipsim.engines.repl.platform import Place, Range
from xipsim.peripherals.alif.ospi import Ospi
from xipsim.peripherals.alif.utimer import Utimer
from xipsim.peripherals.core import System
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.enet import Enet
from xipsim.peripherals.imxrt.flexspi import FlexSpi
from xipsim.peripherals.imxrt.lpuart import Lpuart

MS = 1_000_000

# -- a model that is asked for what it does not do -----------------------------------------------


def _said(bench: Bench) -> str:
    """As a strict run ends, and a report lists it; and what was noticed besides."""
    gaps = [f"Not modelled: {gap.source}: {gap.what}." for gap in bench.gaps]
    noticed = [f"{d.source}: {d.message}" for d in bench.diagnostics]
    ends = [f"The firmware is stuck: {why}." for why in bench.stuck]
    return "\n".join([*gaps, *noticed, *ends])


def flexspi(offset: int, value: int) -> str:
    """A register of FlexSPI is written."""
    bench = Bench()
    FlexSpi(bench.system, name="flexspi").write(offset, value)
    return _said(bench)


def lpuart(value: int) -> str:
    """LPUART's BAUD is written."""
    bench = Bench()
    Lpuart(bench.system, name="lpuart1").write(0x10, value)
    return _said(bench)


def ospi(offset: int, value: int) -> str:
    """A register of the OSPI controller is written."""
    bench = Bench()
    Ospi(bench.system, name="ospi1").write(offset, value)
    return _said(bench)


def ospi_when_disabled() -> str:
    """A command is written to a controller that is off."""
    board = Driver("IS25WX256")
    board.w((0x08, 0), (0x60, 0x9F))
    return _said(board.bench)


def rom_api(name: str, *arguments: int) -> str:
    """A function of the boot ROM is called."""
    caller = Caller()
    caller.call(name, *arguments)
    return _said(caller.board.bench)


def rom_api_misaligned() -> str:
    """A program from the middle of a page."""
    return rom_api("FLEXSPI_NOR.program", 0, CONFIG, 0x1080, SOURCE)


def rom_api_without_block() -> str:
    """No configuration block where one should be."""
    return rom_api("FLEXSPI_NOR.init", 0, RAM)


def small_region() -> str:
    """Newlib's guard of 32 bytes below the stack, say."""
    return in_words([Region(0x2000_1000, 0x2000_1020)])


# -- waits in vain -------------------------------------------------------------------------------


def in_vain(make: Callable[[System, GuestClock], Callable[[], object]]) -> str:
    """What is told of a loop that calls what `make` returns."""
    told: list[str] = []
    source = Source()
    clock = GuestClock(source, guard=lambda error: None, stalls=True)
    clock.questions.hopeless = lambda what: told.append(hopeless.in_words(what))
    poll = make(Bench().system._replace(clock=clock), clock)
    while source.now < 20 * MS:
        poll()
        source.advance(100)
    return "\n".join(told)


def block_without_model(_system: System, clock: GuestClock) -> Callable[[], object]:
    """A range that has only a name."""
    tag = Tag(Range(0x401F_C000, 0x4000), "KPP", 0, Place("board.repl", 1, 1))
    read, _ = tag_access(tag, clock.questions, lambda what: None)
    return lambda: read(None, 0, 4)


def register_without_behaviour(system: System, _clock: GuestClock) -> Callable[[], object]:
    """The transmit descriptors of the Ethernet controller."""
    enet = Enet(system, name="enet")
    return lambda: enet.read(0x14)


def counter_that_stands(system: System, _clock: GuestClock) -> Callable[[], object]:
    """A channel of UTIMER that nobody has started."""
    utimer = Utimer(system, name="utimer")
    return lambda: utimer.read(0x10A0)


# -- starts that fail ----------------------------------------------------------------------------


def blank() -> str:
    """Nothing was ever written to the chip."""
    return Board(b"").refuse()


def no_ivt() -> str:
    """An FCB, and nothing behind it."""
    return Board(bytes(fcb())).refuse()


def entry_nowhere() -> str:
    """An image for RAM that the board does not have."""
    array = image()
    put(array, 0x1020, "4I", 0x8000_0000, 0x3000, 0, 0xFFFF_FFFF)
    put(array, 0x1000, "8I", 0x412000D1, 0x8000_2000, 0, 0, 0x8000_1020, 0x8000_1000, 0, 0)
    return Board(bytes(array)).refuse()


GAPS: dict[str, Callable[[], str]] = {
    "FlexSPI: MCR0.COMBINATIONEN": partial(flexspi, FlexSpi.MCR0.offset, 1 << 13),
    "FlexSPI: parallel reads of the window": partial(flexspi, FlexSpi.AHBCR.offset, 1),
    "FlexSPI: the write mask": partial(flexspi, FlexSpi.FLSHCR4.offset, 1 << 2),
    "FlexSPI: eDMA, receiving": partial(flexspi, FlexSpi.IPRXFCR.offset, 1 << 1),
    "FlexSPI: eDMA, sending": partial(flexspi, FlexSpi.IPTXFCR.offset, 1 << 1),
    "LPUART: eDMA": partial(lpuart, 1 << 21 | 1 << 23),
    "OSPI: DMA": partial(ospi, Ospi.DMACR.offset, 3),
    "OSPI: a command while SSIENR is 0": ospi_when_disabled,
    "a function that the boot ROM's model has not": partial(rom_api, "CLOCK.SetMux"),
    "the boot ROM's runBootloader": partial(rom_api, "runBootloader"),
    "the boot ROM's NOR driver, within a page": rom_api_misaligned,
    "the boot ROM's NOR driver, without a configuration block": rom_api_without_block,
    "MPU regions that are smaller than 1 KB": small_region,
}
WAITS = {
    "a block that has only a name": block_without_model,
    "a register without its behaviour": register_without_behaviour,
    "a counter that nobody has started": counter_that_stands,
}
STARTS: dict[str, Callable[[], str]] = {
    "a chip that is blank": blank,
    "an FCB without an IVT": no_ivt,
    "an image for memory that is not there": entry_nowhere,
}
