"""What Renode's side calls first; see `bridge/Python.cs`. It makes the models of a machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xipsim.engines.api import ConfigurationError, MachineConfig, StopReason
from xipsim.engines.guest.modelerror import model_error
from xipsim.engines.guest.supervisor import Supervisor
from xipsim.engines.usermodels import UserModelError, load_models
from xipsim.peripherals.core import RAISED, BusError, Console, Model, Parameter, ResetCause

from .backend import RenodeBackend
from .calls import Host, publish, text
from .core import FAULT_FRAME
from .description import names_of, platform_of
from .monitor import Monitor

_guests: list[Guest] = []


def start(address: int, models: Sequence[str]) -> None:
    """Offer this side's functions. models: files of the user's own models."""
    _guests.append(Guest(Host(address), models))
    offer(address, _guests[-1])


def offer(
    address: int,
    guest: Guest,
    wrap: Callable[[Callable[..., Any]], Callable[..., Any]] = lambda function: function,
) -> None:
    """Offer the functions of `guest`, each in `wrap`."""
    functions: dict[str, Callable[..., Any]] = {
        "check": lambda *a: text(guest.check(*a)),
        "build": lambda *a: text(guest.build(*a)),
        "load": lambda *a: text(guest.load(*a)),
        "input": guest.input,
        "typed": guest.typed,
        "clock": lambda: guest.backend.time.fire(),
        "stand": guest.stand,
        "reset_request": lambda: guest.backend.on_reset_request(),
        "machine_reset": guest.machine_reset,
        "aborted": guest.aborted,
        "fault": guest.fault,
    }
    publish(address, {name: wrap(function) for name, function in functions.items()})


def models_here() -> Mapping[str, Model]:
    """The models of the machine that Renode runs in this process, by their names in the `.repl`.

    Where Python hosts Renode: there are none before the machine has started.
    """
    return _guests[-1].supervisor.board.models


class Guest:
    """One machine at a time."""

    def __init__(self, host: Host, files: Sequence[str]) -> None:
        self._host, self._files = host, files
        self._contents: dict[str, bytes] = {}
        self._models: list[Model] = []
        self.backend = RenodeBackend(host, {})
        self.supervisor: Supervisor

    def check(self, type_name: bytes, parameters: bytes) -> str | None:
        """What is wrong with a model's parameters, or with the file that has the model."""
        try:
            model = load_models([type_name.decode()], self._files)[type_name.decode()]
        except (UserModelError, KeyError) as error:
            return str(error)
        declared = {p.name: p for p in model.declared(Parameter)}
        for name, value in json.loads(parameters).items():
            if not isinstance(value, dict) and (wrong := declared[name].check(value)):
                return f"{name}: {wrong}"
        return None

    def load(self, entry: bytes, file: bytes) -> str | None:
        """Keep the file's bytes for the entry of that name."""
        try:
            with open(file.decode(), "rb") as stream:
                self._contents[entry.decode()] = stream.read()
        except OSError as error:
            return f"{file.decode()}: {error.strerror}"
        return None

    def build(self, description: bytes) -> str | None:
        """Make the models; what is wrong with what Renode has."""
        facts = json.loads(description)
        platform = platform_of(facts)
        names = names_of(facts)
        for name in self._contents:
            if name not in platform:
                return f"there is no {name!r} whose contents could be given"
        self.backend = RenodeBackend(self._host, {name: i for i, name in enumerate(names)})
        try:
            registry = load_models((e.type for e in platform.entries), self._files)
            self.supervisor = Supervisor(
                Monitor(self._host),
                self.backend,
                MachineConfig(platform=""),
                platform,
                registry,
                self._contents,
            )
        except (ConfigurationError, UserModelError, ValueError, BusError) as error:
            return str(error)
        except RAISED as error:
            return str(model_error(error, access="the machine was being built"))
        self._models = [self.supervisor.board.models[name] for name in names]
        self._connect(facts)
        return None

    def _connect(self, facts: dict[str, Any]) -> None:
        """Lines of models are Renode's wires, and so are their inputs."""
        for number, model in enumerate(self._models):
            for index, line in enumerate(model.lines.values()):
                line.connect(RenodeLine(self._host, number, index))
            if isinstance(model, Console):
                model.attach(_sender(self._host, number))
            for pin, level in facts["models"][number]["inputs"]:
                self.input(number, pin, level)

    def input(self, model: int, pin: int, level: int) -> None:
        """A wire that ends at a model."""
        receiver: Any = self._models[model]
        try:
            receiver.on_input(pin, bool(level))
        except RAISED as error:
            self.supervisor.failed(error, f"{receiver.name}: input {pin} goes to {level}")

    def typed(self, model: int, character: int) -> None:
        """Somebody types at a console."""
        console: Any = self._models[model]
        try:
            console.type(bytes([character]))
        except RAISED as error:
            self.supervisor.failed(error, f"{console.name}: {character:#04x} is typed")

    def stand(self) -> None:
        """The machine stands still between two instructions."""
        self.backend.stand(self.supervisor)

    def machine_reset(self) -> None:
        """The user has reset the machine."""
        self.supervisor.power.request_reset(ResetCause.PIN)

    def aborted(self) -> None:
        """Renode cannot go on with the core, and has said so in its log."""

    def fault(self, registers: Sequence[int], locked_up: int) -> None:
        """The core has taken a fault, or has locked up where it should have."""
        frame = dict(zip(FAULT_FRAME, registers, strict=False))
        if locked_up:
            detail = self.supervisor.faults.lock_up(frame)
            self.supervisor.stop(StopReason.FAULT, detail=detail)
        else:
            self.backend.core.faulted(frame)


class RenodeLine:
    """A wire of Renode's that a model drives."""

    def __init__(self, host: Host, model: int, index: int) -> None:
        self._host, self._model, self._index = host, model, index

    def set(self, level: bool) -> None:
        """The `IrqLine` port."""
        self._host.line(self._model, self._index, level)


def _sender(host: Host, model: int) -> Callable[[bytes], None]:
    return lambda data: host.sent(model, bytes(data), len(data))
