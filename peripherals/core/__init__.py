"""The vocabulary in which models are written: registers, ports, declared state, the registry."""

from .access import Guard, Read, Words, Write, accessors, words
from .boot import BootError, Entry
from .declared import Parameter, Region, Slots, State, hertz
from .hooks import guards
from .model import Model, exposed
from .peripheral import Peripheral
from .ports import (
    Alarm,
    Bus,
    BusError,
    Clock,
    IrqLine,
    ResetCause,
    Segment,
    Speaker,
    System,
    Turn,
    Unanswered,
    Window,
)
from .record import UNCHANGING, Record, copied
from .registers import Field, Register, RegisterArray
from .registry import REGISTRY, Registry, model
from .roles import (
    BootRom,
    Console,
    FlashChip,
    FlashWatcher,
    Inputs,
    Keeper,
    PinPort,
    Role,
    UsbHost,
    WakeFilter,
    Waker,
    roles_of,
)
from .ticks import ask_in_vain, ticks_in, time_of
from .trace import Diagnostic, Event, FlashCommand, Gap, Note, Trace
from .wires import Junction, Line, ModelInput, Output, Outputs

__all__ = [
    "REGISTRY",
    "UNCHANGING",
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
    "FlashChip",
    "FlashCommand",
    "FlashWatcher",
    "Gap",
    "Guard",
    "Inputs",
    "IrqLine",
    "Junction",
    "Keeper",
    "Line",
    "Model",
    "ModelInput",
    "Note",
    "Output",
    "Outputs",
    "Parameter",
    "Peripheral",
    "PinPort",
    "Read",
    "Record",
    "Region",
    "Register",
    "RegisterArray",
    "Registry",
    "ResetCause",
    "Role",
    "Segment",
    "Slots",
    "Speaker",
    "State",
    "System",
    "Trace",
    "Turn",
    "Unanswered",
    "UsbHost",
    "WakeFilter",
    "Waker",
    "Window",
    "Words",
    "Write",
    "accessors",
    "ask_in_vain",
    "copied",
    "exposed",
    "guards",
    "hertz",
    "model",
    "roles_of",
    "ticks_in",
    "time_of",
    "words",
]
