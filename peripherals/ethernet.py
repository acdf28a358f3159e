"""Ethernet PHYs, of a family of their own: Renode has no type for one without a network."""

from __future__ import annotations

from xipsim.peripherals.core import Model, Parameter, ResetCause, State, model

CONTROL, STATUS, ID1, ID2, ADVERTISEMENT = range(5)
"""Registers (IEEE 802.3, 22.2.4)."""
RESET, RESTART = 1 << 15, 1 << 9
"""Bits of the control register that clear themselves."""
DEFAULTS = {CONTROL: 0x3100, STATUS: 0x7849, ADVERTISEMENT: 0x01E1}
"""Auto-negotiation on, of 10 and 100 Mbit/s; no link, and no negotiation is ever complete."""
READ_ONLY = frozenset((STATUS, ID1, ID2))


@model("Ethernet.Phy")
class Phy(Model):
    """A PHY with no cable in its socket, at its address on MDIO (`phy: Ethernet.Phy @ enet 0`).

    It has IEEE 802.3's registers; what lies behind them, a maker's own, is storage. A reset of the
    microcontroller does not reach it.
    """

    id = Parameter(  # of a DP83825I
        int,
        "identifier, as registers 2 and 3 show it",
        default=0x2000_A140,
        least=0,
        most=0xFFFF_FFFF,
    )

    _registers: State[dict[int, int]] = State(DEFAULTS)

    def reset(self, cause: ResetCause) -> None:
        if cause is ResetCause.POWER_ON:
            super().reset(cause)

    def read(self, register: int) -> int:
        """A register, 0 to 31."""
        if register in (ID1, ID2):
            return self.id >> (16 if register == ID1 else 0) & 0xFFFF
        return self._registers.get(register, 0)

    def write(self, register: int, value: int) -> None:
        """Set a register. Assumption: a reset takes no time."""
        if register == CONTROL and value & RESET:
            self._registers = dict(DEFAULTS)
        elif register not in READ_ONLY:
            self._registers[register] = value & ~RESTART if register == CONTROL else value
