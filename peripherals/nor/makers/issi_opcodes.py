"""Opcodes of the IS25LX/WX (data sheet A14, command table)."""

from __future__ import annotations

# Opcode, its form that always takes 4 address bytes, name, address lanes, DDR, default dummies,
# data lanes. In octal DDR all of them act alike; 03h and 13h do not exist there.
READS: tuple[tuple[int | None, int | None, str, int, bool, int, int], ...] = (
    (0x03, 0x13, "read data", 1, False, 0, 1),
    (0x0B, 0x0C, "fast read", 1, False, 8, 1),
    (0x8B, 0x7C, "fast read octal output", 1, False, 8, 8),
    (0xCB, 0xCC, "fast read octal I/O", 8, False, 16, 8),
    (0x9D, None, "fast read octal output DDR", 1, True, 8, 8),
    (None, 0xFD, "fast read octal I/O DDR", 8, True, 16, 8),
)
PROGRAMS = (
    (0x02, 0x12, "page program", 1, 1),
    (0x82, 0x84, "octal input page program", 1, 8),
    (0xC2, 0x8E, "octal I/O page program", 8, 8),
)
UNMODELLED = {
    0x2B: "protection management register", 0x68: "protection management register",
    0x2D: "advanced sector protection", 0x2C: "advanced sector protection",
    0xE8: "volatile locks", 0xE5: "volatile locks", 0xE0: "volatile locks",
    0xE1: "volatile locks", 0xE2: "non-volatile locks", 0xE3: "non-volatile locks",
    0xE4: "non-volatile locks", 0xA7: "lock freeze", 0xA6: "lock freeze",
    0x27: "password protection", 0x28: "password protection", 0x29: "password protection",
    0x4B: "OTP read", 0x42: "OTP program", 0xB6: "ECC error clear",
    0xCD: "data learning pattern",
}  # fmt: skip
"""What the chips have and the model has not."""
