"""Writes the C# file through which Renode has our models: a fixed part, and a class for each model.

Renode compiles it at `include`; then `.repl` files can name the classes, and Renode itself checks
parameters, outputs and places. The fixed part is in `bridge/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from xipsim.engines.repl.declared import Declared, declared
from xipsim.engines.repl.stock import STOCK
from xipsim.peripherals.core import Console, Model, Output, Outputs, Parameter, Region, Registry
from xipsim.peripherals.namedtuple import NamedTuple

MARK = "Made by `xipsim renode`"
"""In the first lines of what is written."""
BRIDGE = Path(__file__).with_name("bridge")
ROOT = "Antmicro.Renode.Peripherals"
SLOT = "NumberRegistrationPoint<int>"
KINDS = {int: "long", float: "double", bool: "bool", str: "string"}
USINGS = ("using System;", "using Antmicro.Renode.Core;", "using Antmicro.Renode.Peripherals.UART;")
"""What the generated classes name, beside what the fixed part does."""
WIDTHS = (("Byte", "byte", 1), ("Word", "ushort", 2), ("DoubleWord", "uint", 4))
ANY_MODEL = "Xipsim.Model"
VALUES = frozenset({int, float, bool})
"""Kinds that C# cannot leave out without saying so."""


class Settings(NamedTuple):
    """What the C# file is told of this computer. library: libpython. home: of its standard library.

    path: folders in which Python looks for modules. models: files of the user's own models. module:
    the one whose `start` is called first.
    """

    library: str
    home: str
    path: Sequence[str]
    models: Sequence[str] = ()
    module: str = "xipsim.engines.renode.entry"


def generate(registry: Registry, settings: Settings) -> str:
    """The whole file."""
    parts = [path.read_text(encoding="utf-8") for path in sorted(BRIDGE.glob("*.cs"))]
    lines = [*USINGS, *(line for part in parts for line in part.splitlines())]
    usings = sorted({line for line in lines if _is_using(line)})
    bodies = [
        "\n".join(line for line in part.splitlines() if not _is_using(line)).strip()
        for part in parts
    ]
    return "\n".join(
        [
            f"// {MARK}: do not edit.",
            *usings,
            "",
            *bodies,
            _settings(settings),
            *(_family(family, registry) for family in _families(registry)),
            "",
        ]
    )


def _is_using(line: str) -> bool:
    return bool(re.match(r"using [\w. =]+;$", line))


def _settings(settings: Settings) -> str:
    return f"""
namespace {ROOT}.Xipsim
{{
    internal static class Settings
    {{
        public const string Library = {_literal(settings.library)};
        public const string Home = {_literal(settings.home)};
        public const string Module = {_literal(settings.module)};
        public static readonly string[] Path = {{ {_literals(settings.path)} }};
        public static readonly string[] Models = {{ {_literals(settings.models)} }};
    }}
}}"""


def _literal(text: str) -> str:
    return '@"' + text.replace('"', '""') + '"'


def _literals(texts: Iterable[str]) -> str:
    return ", ".join(map(_literal, texts))


def _families(registry: Registry) -> list[str]:
    """Families of models. Where Renode has a family of that name, its own types are meant."""
    stock = {name.split(".")[0] for name in STOCK}
    return sorted({name.split(".")[0] for name in registry} - stock)


def _family(family: str, registry: Registry) -> str:
    models = [registry[name] for name in registry if name.split(".")[0] == family]
    classes = "\n\n".join(model_class(model) for model in models)
    return f"\nnamespace {ROOT}.{family}\n{{\n{classes}\n}}"


def model_class(model: type[Model]) -> str:
    """The class of one model, indented by four."""
    facts = declared(model)
    name = model.TYPE.split(".")[1]
    lines = [
        f"public class {name} : {', '.join(_bases(model, facts))}",
        "{",
        *_indented(_constructor(model, facts)),
        *_indented(_outputs(model)),
        *_indented(_regions(model)),
        *_indented(_roles(model, facts)),
        "}",
    ]
    return "\n".join(f"    {line}" if line else "" for line in lines)


def _bases(model: type[Model], facts: Declared) -> list[str]:
    bases = ["Xipsim.Model" if facts.size is None else "Xipsim.BusModel"]
    if facts.inputs != 0:
        bases.append("IGPIOReceiver")
    if facts.pins:
        bases.append("INumberedGPIOOutput")
    if facts.slots:
        bases.append(f"IRegisterablePeripheral<IPeripheral, {SLOT}>")
    if issubclass(model, Console):
        bases.append("IUART")
    return bases


def _constructor(model: type[Model], facts: Declared) -> list[str]:
    """Parameters that must be given come first, as C# wants it; with @, any name is one in C#."""
    parameters = sorted(facts.parameters.values(), key=lambda p: not p.required)
    given = ", ".join(["IMachine machine", *map(_parameter, parameters)])
    size = [] if facts.size is None else [f"{facts.size:#x}"]
    values = [f'("{p.name}", @{p.name})' for p in parameters]
    passed = ", ".join(["machine", f'"{model.TYPE}"', *size, *values])
    name = model.TYPE.split(".")[1]
    body = [f"{o.name} = Line();" for o in model.declared(Output)]
    body += [f"Connections = Pins({facts.pins});"] if facts.pins else []
    return [f"public {name}({given}) : base({passed})", "{", *_indented(body), "}"]


def _parameter(parameter: Parameter[object]) -> str:
    kind = parameter.kind
    # C# has no type for a role; whether the model has it is checked where the models are made.
    word = f"{ROOT}.{kind.TYPE or ANY_MODEL}" if issubclass(kind, Model) else KINDS[kind]
    if parameter.required:
        return f"{word} @{parameter.name}"
    return f"{word}{'?' if kind in VALUES else ''} @{parameter.name} = null"


def _outputs(model: type[Model]) -> list[str]:
    lines = [f"public GPIO {o.name} {{ get; }}" for o in model.declared(Output)]
    if model.declared(Outputs):
        lines.append("public IReadOnlyDictionary<int, IGPIO> Connections { get; }")
    return lines


def _regions(model: type[Model]) -> list[str]:
    lines = []
    for port, region in enumerate(model.declared(Region), 1):
        end = "".join(word.capitalize() for word in region.name.split("_"))
        for width, kind, size in WIDTHS:
            mark = f'[ConnectionRegion("{region.name}")] public'
            lines += [
                f"{mark} {kind} Read{width}From{end}(long offset)"
                f" => ({kind})Read({port}, offset, {size});",
                f"{mark} void Write{width}To{end}(long offset, {kind} value)"
                f" => Write({port}, offset, {size}, value);",
            ]
    return lines


def _roles(model: type[Model], facts: Declared) -> list[str]:
    lines = []
    if facts.inputs != 0:
        lines.append("public void OnGPIO(int number, bool value) => Input(number, value);")
    if facts.slots:
        lines += [
            f"public void Register(IPeripheral child, {SLOT} point) => Place(child, point);",
            "public void Unregister(IPeripheral child) => TakeAway(child);",
        ]
    if issubclass(model, Console):
        lines += [
            "public event Action<byte> CharReceived"
            " { add { Sent += value; } remove { Sent -= value; } }",
            "public void WriteChar(byte value) => Typed(value);",
            "public uint BaudRate => 115200;",
            "public Bits StopBits => Bits.One;",
            "public Parity ParityBit => Parity.None;",
        ]
    return lines


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]
