"""Device models. Importing a family's modules fills the registry."""

from importlib import import_module
from pkgutil import iter_modules

FAMILIES = {
    "Alif": ("alif",),
    "Imxrt": ("imxrt",),
    "Miscellaneous": ("arm", "misc"),
    "Nor": ("nor",),
    "Usb": ("usb",),
}
"""Packages or modules of the models whose `.repl` type names begin with this."""


def load(family: str) -> None:
    """Import every module of a family of models; an unknown family has none."""
    for name in FAMILIES.get(family, ()):
        package = import_module(f"{__name__}.{name}")
        for module in iter_modules(getattr(package, "__path__", ())):
            import_module(f"{package.__name__}.{module.name}")
