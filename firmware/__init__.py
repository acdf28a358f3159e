"""Firmware images: loaders, the catalogue of boards' images, and their cache."""
