"""Devices for an I2C bus, whatever its controller."""
