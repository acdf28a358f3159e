"""What the whole-machine tests have to know of a board and its firmware: all that differs.

Values come from data sheets, reference manuals and the port's sources, as each file cites.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Pin(NamedTuple):
    """A pin that nothing is connected to. name: the firmware's; gpio, number: the platform's."""

    name: str
    gpio: str
    number: int


class Uart(NamedTuple):
    """A serial port without a REPL. number: the firmware's; entry: the platform's."""

    number: int
    entry: str


class Causes(NamedTuple):
    """What machine.reset_cause() gives after each."""

    power: int
    button: int
    software: int
    watchdog: int
    deep_sleep: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A board with one generation of its firmware. Times are those of the data sheets.

    lacks: what it has not, and why: the text with which tests that need it skip.
    """

    lacks: Mapping[str, str]

    # The console.
    console: str
    """The default one's entry; the USB serial port is `pc` everywhere."""
    spare_uart: Uart
    usb_burst: int
    """Bytes that the tests send over USB at a stretch: as many as take seconds at most."""
    greets: bool
    """The banner reaches a terminal that opens as soon as it can."""
    hears_in_boot_py: bool
    """Ctrl-C ends a boot.py that never ends."""
    exit_resets: bool
    """sys.exit() in raw mode resets the interpreter."""

    # The flash, and its driver.
    flash: str
    """The statement that imports `Flash`."""
    window: int
    """Where the chip begins in memory."""
    volume: int
    """Where block 0 of `Flash()` lies in the chip."""
    blocks: int
    blank: int
    """An offset in the chip that neither an image nor a file covers."""
    compared: int
    """Bytes of the chip, from its beginning, that hold all that tests write."""
    erase_ms: int
    extended_writes: Sequence[tuple[int, int]]
    """Offsets and lengths of which the driver takes writes that erase nothing."""
    erased_by_write: Mapping[int, int]
    """How many blocks a write without an offset erases, by its length."""
    read_command: str
    """A script: `read_command(offset, length)` reads without the window."""
    erase_and_fault: str
    """A script: starts to erase block 200 past the driver, and faults at once."""
    poll_loop: range
    """Where the driver's code waits for the chip."""
    make_volume: Callable[[str, bytes], bytes]
    """The volume with one file, made by another implementation of its file system."""
    read_volume: Callable[[bytes], dict[str, bytes]]
    """The files of its root folder, from a volume's bytes; by their names in small letters."""
    write_romfs: str
    """A script: writes `image` to the partition in the flash."""

    # The core, its memory and the bus.
    code: range
    """Where the firmware runs."""
    ram: Sequence[tuple[int, int]]
    """Address and bytes of what the firmware works in."""
    mhz: int
    nothing: int
    """Nothing answers data accesses there."""
    no_code: int
    """Nothing answers instruction fetches there."""
    fault: str
    """As what a precise bus error arrives."""
    hfsr: int
    tags: Mapping[str, int]
    """Three blocks that the platform names and nothing models."""
    strict: str
    """What a strict machine stops at, when the first of them is read at the prompt."""

    # Time and resets.
    epoch: str
    """time.localtime()[:3] at a first start without a battery."""
    timer: str
    after_erase: Callable[[int, list[int]], None]
    """Checks when a timer of 10 ms called back, in us after its start, around an erase's end."""
    pin: Pin
    causes: Causes
    reset_told: str
    """The cause in the report of machine.reset()."""
    watchdog_told: str
    """The cause in the report when a watchdog has bitten."""
