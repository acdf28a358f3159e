"""What the suites have to know of this board. Chip: Winbond W25Q64JV data sheet, revision J."""

CONSOLE = "pc"
MACHINE = "Teensy 4.1 with MIMXRT1062DVJ6A"
BOOTS_FROM_FLASH = True
FLASH_SIZE = 8 * 1024 * 1024

BLOCK_DEVICE = "from mimxrt import Flash; flash = Flash()"
BLOCKS, BLOCK_SIZE = 1791, 4096
FIRST_BLOCK = 0x100000  # MIMXRT port: the block device begins 1 MB into the chip.
SPARE_BLOCK = 200
ERASE_MS = 45  # tSE, typical
CUT_AFTER = "60ms"  # in the middle of writing a file of 20 KB
MOUNTED_AT = "/flash"
HAS_LITTLEFS = True
VOLUME = "(4096, 4096, 1791)"  # os.statvfs: block, fragment, count
