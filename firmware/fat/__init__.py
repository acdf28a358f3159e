"""FAT12, FAT16 and FAT32 volumes on a block device.

Of our own, as what is to be had wants the whole volume in memory, writes it all back, and marks it
as in use. The tests compare with such a one. (Microsoft FAT Specification, August 2005)
"""
