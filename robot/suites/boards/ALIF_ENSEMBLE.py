"""What the suites have to know of this board. Chip: ISSI IS25WX512 data sheet, revision A14."""

CONSOLE = "uart4"
MACHINE = "Alif Ensemble DevKit with AE722F80F55D5XX"
BOOTS_FROM_FLASH = False  # MRAM holds the firmware, the flash only its files.
FLASH_SIZE = 64 * 1024 * 1024

BLOCK_DEVICE = "from alif import Flash; flash = Flash()"
BLOCKS, BLOCK_SIZE = 4096, 4096
FIRST_BLOCK = 0
SPARE_BLOCK = 2000
ERASE_MS = 80  # t4K, typical
CUT_AFTER = "400ms"  # in the middle of writing a file of 20 KB
MOUNTED_AT = "/flash"
HAS_LITTLEFS = False
VOLUME = "(8192, 8192, 2045)"  # os.statvfs of the FAT that the firmware makes
