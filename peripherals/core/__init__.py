"""The vocabulary in which models are written: registers, ports, declared state, the registry."""

from .access import Guard, Read, Words, Write, accessors, words
from .boot import BootError, Entry
from .declared import Parameter, Region, Slots, State, hertz
from .hooks import guards
from .model import Known, Model, exposed
from .passages import Allowed, Carried, FirstTurn, Signal, Speaker, Start, Written
from .peripheral import Peripheral
from .ports import (
    RAISED,
    Alarm,
    Bus,
    BusError,
    IrqLine,
    ResetCause,
    Segment,
    Turn,
    Unanswered,
    Window,
)
from .record import Record, copied, is_frozen
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
from .system import Clock, System
from .ticks import ask_in_vain, ticks_in, time_of
from .trace import Diagnostic, Event, FlashCommand, Gap, Note, Trace
from .wires import Junction, Line, ModelInput, Output, Outputs

__all__ = [
    "RAISED",
    "REGISTRY",
    "Alarm",
    "Allowed",
    "BootError",
    "BootRom",
    "Bus",
    "BusError",
    "Carried",
    "Clock",
    "Console",
    "Diagnostic",
    "Entry",
    "Event",
    "Field",
    "FirstTurn",
    "FlashChip",
    "FlashCommand",
    "FlashWatcher",
    "Gap",
    "Guard",
    "Inputs",
    "IrqLine",
    "Junction",
    "Keeper",
    "Known",
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
    "Signal",
    "Slots",
    "Speaker",
    "Start",
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
    "Written",
    "accessors",
    "ask_in_vain",
    "copied",
    "exposed",
    "guards",
    "hertz",
    "is_frozen",
    "model",
    "roles_of",
    "ticks_in",
    "time_of",
    "words",
]
