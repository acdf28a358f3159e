"""Boots unmodified MicroPython firmware in simulation and shows what it does to its flash."""
