"""Devices for an SPI bus of single lines, whatever its controller."""
