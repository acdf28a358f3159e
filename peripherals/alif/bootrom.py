"""How the Secure Enclave starts the high-performance core at every reset.

Source: alif.md 2.1 to 2.4. The Secure Enclave runs code of the vendor's that is not public; what it
answers while the firmware runs is in `secure_enclave`.
"""

from __future__ import annotations

import struct
from collections.abc import Generator

from xipsim.peripherals import core
from xipsim.peripherals.core import BootError, BusError, Entry, Model, State, model

from . import atoc
from .atoc import AtocError


@model("Alif.BootRom")
class BootRom(Model, core.BootRom):
    """Reads the ATOC at the top of MRAM, checks the images, starts the M55_HP at its own.

    Assumption: this takes no time, and the DEVICE entry's settings (clocks, firewall, pins) are
    those with which the models start.
    """

    _told = State(False, survives_reset=True)

    def boot(self) -> Generator[int, None, Entry]:
        """See the core's `BootRom`."""
        yield from ()
        try:
            if not atoc.has_tail(self._read):
                return self._start_bare()
            return self._start(atoc.read_entries(self._read))
        except AtocError as error:
            raise BootError(f"Nothing to boot in MRAM: {error}.") from error
        except BusError as error:
            raise BootError(f"The Secure Enclave got a bus error: {error}.") from error

    def _read(self, address: int, length: int) -> bytes:
        return self.system.bus.read(address, length)

    def _start(self, entries: list[atoc.Entry]) -> Entry:
        started: atoc.Image | None = None
        others = []
        for entry in entries:
            if entry.kind == atoc.DEVICE:
                atoc.verify(self._read, entry, atoc.read_image(self._read, entry))
            elif entry.kind != atoc.IMAGE or not entry.boots:
                # Assumption: what is of another type is no image to start.
                continue
            elif entry.core != atoc.M55_HP:
                others.append(entry)
            elif started is None:
                started = self._verified(entry)
        if started is None:
            raise self._not_for_us(entries)
        for entry in others:
            self.gap(f"boot of {entry.name} on {self._core(entry.core)}")
        return self._enter(started.address)

    def _verified(self, entry: atoc.Entry) -> atoc.Image:
        image = atoc.read_image(self._read, entry)
        atoc.verify(self._read, entry, image)
        if entry.prepared or image.load is not None:
            what = entry.prepared or "loaded into RAM"
            self.gap(f"image that must be {what}")
            raise AtocError(f"{entry.name} must be {what} first, which is not modelled")
        return image

    def _not_for_us(self, entries: list[atoc.Entry]) -> AtocError:
        images = [
            f"{entry.name} for {self._core(entry.core)}{'' if entry.boots else ' (not to boot)'}"
            + (f" (of type {entry.kind}, not {atoc.IMAGE})" if entry.kind != atoc.IMAGE else "")
            for entry in entries
            if entry.kind != atoc.DEVICE
        ]
        holds = ", ".join(images) or "no image"
        return AtocError(f"the ATOC starts nothing on M55_HP; it holds {holds}")

    @staticmethod
    def _core(number: int) -> str:
        return atoc.CORES[number] if number < len(atoc.CORES) else f"core {number}"

    # Without an ATOC the device starts nothing. A bare `firmware.bin` or ELF file is started all
    # the same, as a debugger would.
    def _start_bare(self) -> Entry:
        at = next((start for start in atoc.HP_STARTS if self._is_image(start)), None)
        if at is not None:
            if not self._told:
                self._told = True
                self.note(
                    f"There is no ATOC in MRAM: the image at {at:#x} was started as a debugger "
                    "does it; on the device it starts only with its package."
                )
            return self._enter(at)
        top, places = atoc.MRAM_END - 1, " or ".join(map(hex, atoc.HP_STARTS))
        if self._is_image(atoc.APPLICATIONS[atoc.M55_HE].start):
            raise AtocError(f"no ATOC ends at {top:#x}, and the only image is for M55_HE")
        raise AtocError(f"no ATOC ends at {top:#x}, and no image begins at {places}")

    def _vectors(self, at: int) -> tuple[int, int]:
        sp, pc = struct.unpack("<2I", self._read(at, 8))
        return sp, pc

    def _is_image(self, at: int) -> bool:
        sp, pc = self._vectors(at)
        return bool(pc & 1) and at <= pc < atoc.MRAM_END and not sp & 3

    def _enter(self, at: int) -> Entry:
        sp, pc = self._vectors(at)
        wrong = ""
        if at % atoc.VECTORS_AT:
            wrong = f"does not begin at a multiple of {atoc.VECTORS_AT}, as VTOR wants it"
        elif sp & 3 or not any(sp - 1 in area for area in atoc.RAM):
            wrong = f"begins with {sp:#010x}, no stack pointer into RAM"
        elif not self._is_image(at):
            end = atoc.MRAM_END
            wrong = f"has the reset vector {pc:#010x}, no Thumb address from {at:#x} to {end:#x}"
        if wrong:
            raise AtocError(f"the vector table at {at:#x} {wrong}")
        return Entry(pc=pc, sp=sp, vtor=at)
