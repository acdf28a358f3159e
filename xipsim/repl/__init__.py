"""MicroPython's REPL, as a program talks to it."""
