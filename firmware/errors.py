"""What goes wrong with images, boards' facts and flash files: always the user's side.

The text of each is one whole sentence or two for people: what, where, and what to do.
"""


class FirmwareError(Exception):
    """An image, a board's name, the cache or a file system cannot be used as asked."""


class ImageError(FirmwareError):
    """An image file cannot be loaded, or does not belong into this chip."""


class FlashFileError(FirmwareError):
    """A file that holds a whole chip is in use, of the wrong size, or cannot be written."""
