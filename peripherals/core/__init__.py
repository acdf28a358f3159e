"""The vocabulary in which models are written: registers, ports, declared state, the registry."""

from .boot import BootError, BootRom, Entry
from .console import Console
from .model import (
    Line,
    Model,
    Output,
    Outputs,
    Parameter,
    Region,
    Slots,
    State,
    exposed,
)
from .peripheral import Peripheral
from .ports import (
    Alarm,
    Bus,
    BusError,
    Clock,
    IrqLine,
    ResetCause,
    Segment,
    System,
    Window,
)
from .record import Record
from .registers import Field, Register, RegisterArray
from .registry import REGISTRY, Registry, model
from .trace import Diagnostic, Event, FlashCommand, Gap, Note, Trace

__all__ = [
    "REGISTRY",
    "Alarm",
    "BootError",
    "BootRom",
    "Bus",
    "BusError",
    "Clock",
    "Console",
    "Diagnostic",
    "Entry",
    "Event",
    "Field",
    "FlashCommand",
    "Gap",
    "IrqLine",
    "Line",
    "Model",
    "Note",
    "Output",
    "Outputs",
    "Parameter",
    "Peripheral",
    "Record",
    "Region",
    "Register",
    "RegisterArray",
    "Registry",
    "ResetCause",
    "Segment",
    "Slots",
    "State",
    "System",
    "Trace",
    "Window",
    "exposed",
    "model",
]
