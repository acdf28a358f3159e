"""Device models. Importing a family's modules fills the registry."""

import os

FAMILIES = {
    "Alif": ("alif",),
    "Can": ("can",),
    "Ethernet": ("ethernet",),
    "I2c": ("i2c",),
    "Imxrt": ("imxrt",),
    "Miscellaneous": ("arm", "misc"),
    "Nor": ("nor",),
    "Sd": ("sd",),
    "Spi": ("spi",),
    "Usb": ("usb",),
    "Wiring": ("wiring",),
}
"""Packages or modules of the models whose `.repl` type names begin with this."""

FLASH_CHIPS = ("Nor.Chip",)
"""Types with the role `FlashChip`. A start asks for them; importing all models to see it would take
a third of it. A test compares them with the models."""
FCB_ROMS = ("Imxrt.BootRom",)
"""Likewise those with the role `BootRom` that look for an FCB, at their parameter `fcb_offset`."""


def load_named(type_name: str) -> None:
    """Import the module that is called like a type (`Imxrt.CcmAnalog`: ccm_analog), if there is
    one: most are, and a start imports the first ones so."""
    from importlib import import_module

    family, _, kind = type_name.partition(".")
    snake = "".join("_" * (i > 0) + c.lower() if c.isupper() else c for i, c in enumerate(kind))
    for name in FAMILIES.get(family, ()):
        folder = os.path.join(os.path.dirname(__file__), name)
        for module in (kind.lower(), snake):
            if os.path.exists(os.path.join(folder, f"{module}.py")):
                import_module(f"{__name__}.{name}.{module}")
                return


def load(family: str) -> None:
    """Import every module of a family of models; an unknown family has none."""
    from importlib import import_module  # only where there are models to import

    for name in FAMILIES.get(family, ()):
        package = import_module(f"{__name__}.{name}")
        for folder in getattr(package, "__path__", ()):
            for entry in sorted(os.listdir(folder)):  # pkgutil would import inspect
                module, _, suffix = entry.partition(".")
                if suffix in ("py", "") and not module.startswith("_"):
                    import_module(f"{package.__name__}.{module}")
