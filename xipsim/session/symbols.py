"""Functions and lines of a firmware's ELF file, by address."""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from functools import cached_property
from typing import Any

from xipsim.engines.api import StrPath
from xipsim.errors import UserError
from xipsim.peripherals.namedtuple import NamedTuple

MAGIC = b"\x7fELF"
HEAD = 20
ARM = b"\x01\x01", b"\x28\x00"
"""Class and byte order, and the machine."""


class _Function(NamedTuple):
    start: int
    end: int
    name: str


class Symbols:
    """What an ELF file says of addresses; it is read when the first one is asked for.

    UserError for a file that is none.
    """

    def __init__(self, path: StrPath) -> None:
        from xipsim.firmware.files import read_head

        self.path = os.fspath(path)
        try:
            head = read_head(self.path, HEAD)
        except OSError as error:
            raise UserError(f"{self.path}: the symbols cannot be read: {error.strerror}") from None
        if not head.startswith(MAGIC):
            raise UserError(f"{self.path}: no ELF file, and nothing else has symbols")
        if len(head) == HEAD and (head[4:6], head[18:]) != ARM:
            raise UserError(f"{self.path}: this ELF file is not for a 32-bit little-endian Arm")

    def place(self, address: int) -> str:
        """The address, with its function and line as far as the file knows them.

        An odd address is one to which a call returns: function and line are the call's.
        """
        code = (address & ~1) - 2 if address & 1 else address
        try:
            names = " at ".join(filter(None, (self._function(code), self._line(code))))
        except Exception:  # Whatever a damaged file brings: the message that asks must not fail.
            names = ""
        return f"{address:#010x} ({names})" if names else f"{address:#010x}"

    def _function(self, address: int) -> str:
        index = bisect_right(self._functions, address, key=lambda function: function.start) - 1
        if index < 0 or address >= self._functions[index].end:
            return ""
        return self._functions[index].name

    def _line(self, address: int) -> str:
        """`file.c:12`, by the compilation unit that says it has the address."""
        dwarf, ranges = self._dwarf
        offset = ranges.cu_offset_at_addr(address) if ranges else None
        program: Any = None
        if offset is not None:
            program = dwarf.line_program_for_CU(dwarf.get_CU_at(offset))
        if program is None:
            return ""
        before: Any = None
        for state in (entry.state for entry in program.get_entries()):
            if state and before and before.address <= address < state.address:
                return f"{_file_name(program.header, before.file)}:{before.line}"
            if state:
                before = None if state.end_sequence else state
        return ""

    @cached_property
    def _functions(self) -> list[_Function]:
        table = self._elf.get_section_by_name(".symtab")
        functions = (
            _Function(start := s["st_value"] & ~1, start + s["st_size"], s.name)
            for s in (table.iter_symbols() if table else ())
            if s["st_info"]["type"] == "STT_FUNC" and s["st_size"]
        )
        return sorted(functions)

    @cached_property
    def _dwarf(self) -> tuple[Any, Any]:
        """Debugging information, and which unit has which addresses; None, None without any."""
        if not self._elf.has_dwarf_info():
            return None, None
        dwarf = self._elf.get_dwarf_info()
        return dwarf, dwarf.get_aranges()

    @cached_property
    def _elf(self) -> Any:
        from elftools.elf.elffile import ELFFile

        with open(self.path, "rb") as file:
            return ELFFile(io.BytesIO(file.read()))


def _file_name(header: Any, number: int) -> str:
    # DWARF counts files from 1, and from version 5 on from 0.
    entry = header["file_entry"][number if header["version"] >= 5 else number - 1]
    name: bytes = entry.name
    return os.path.basename(name.decode("utf-8", "replace"))
