"""Engines that run a platform: the embedded one (QEMU) and Renode."""
