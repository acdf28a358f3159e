"""An engine of a few hundred lines of Python, for tests: a core that knows a handful of Thumb.

It is to `guest.backend` what QEMU and Renode are, and nothing in `engines/` knows of it: what it
shows is that an engine is one more folder.
"""
