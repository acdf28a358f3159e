"""QEMU as the embedded engine."""
