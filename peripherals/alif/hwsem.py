"""Hardware semaphores of the Alif Ensemble. (Alif's Ensemble CMSIS DFP, hwsem.h, Driver_HWSEM.c)"""

from __future__ import annotations

from xipsim.peripherals.core import (
    Outputs,
    Peripheral,
    RegisterArray,
    State,
    model,
)

COUNT = 16


@model("Alif.Hwsem")
class Hwsem(Peripheral):
    """Sixteen semaphores, each taken by a master that writes its id, as often as it likes.

    Assumption: an owner that asks again counts up, and only as many releases by it free the
    semaphore; a request by another master, and a release by one, change nothing.
    """

    SIZE = 0x1000

    # Assumption: the line is high from the release that frees a semaphore to the next request.
    FREED = Outputs(COUNT, "semaphore n has become free")

    REQ = RegisterArray(0x0, COUNT, stride=0x10)
    REL = RegisterArray(0x4, COUNT, stride=0x10)
    RST = RegisterArray(0x8, COUNT, stride=0x10)

    _owners = State([0] * COUNT)
    _counts = State([0] * COUNT)

    @REQ.on_write
    def _request(self, index: int, value: int) -> None:
        self.lines[str(index)].set(False)
        if not self._counts[index]:
            self._owners[index] = value
        if self._owners[index] == value:
            self._counts[index] += 1

    @REQ.on_read
    @REQ.on_peek
    def _owner(self, index: int) -> int:
        return self._owners[index]

    @REL.on_write
    def _release(self, index: int, value: int) -> None:
        if not self._counts[index] or self._owners[index] != value:
            self.diagnose(
                "hwsem-release", f"semaphore {index} was released by {value:#x}, not its owner"
            )
            return
        self._counts[index] -= 1
        if not self._counts[index]:
            self._free(index)

    @REL.on_read
    @REL.on_peek
    def _count(self, index: int) -> int:
        return self._counts[index]

    @RST.on_write
    def _reset_one(self, index: int, value: int) -> None:
        if value & 1:
            self._counts[index] = 0
            self._free(index)

    def _free(self, index: int) -> None:
        self._owners[index] = 0
        self.lines[str(index)].set(True)
