"""Renode as the engine of a machine, where there is one: real firmware, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from images import PUBLISHED

from xipsim.engines.api import EngineError
from xipsim.engines.programs import find
from xipsim.errors import UserError
from xipsim.machine.machine import Machine


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A board on Renode; one for all tests, since it takes seconds to start."""
    try:
        find("renode").check()
    except EngineError as error:
        pytest.skip(str(error))
    with Machine("TEENSY41", firmware=PUBLISHED.require(), engine="renode") as machine:
        yield machine


def test_a_script_runs_and_its_file_survives_a_reset(machine: Machine) -> None:
    assert machine.exec("f = open('/flash/a', 'w'); f.write('kept'); f.close(); print(6 * 7)") == (
        "42\n"
    )
    machine.reset()
    assert machine.exec("print(open('/flash/a').read())") == "kept\n"


def test_lamps_and_memory_are_there_as_on_any_engine(machine: Machine) -> None:
    machine.exec("import machine; machine.Pin('D13', machine.Pin.OUT).value(1)")
    assert machine.gpio["gpio2"][3].level
    assert machine.flash.read(0, 4) == b"FCFB"


def test_a_snapshot_is_refused_by_name(machine: Machine) -> None:
    with pytest.raises(UserError, match=r"Renode cannot take a snapshot.*embedded engine"):
        machine.snapshot()
    assert machine.exec("print(1)") == "1\n", "the machine is as it was"


def test_a_qemu_for_renode_is_a_mistake() -> None:
    with pytest.raises(UserError, match="the engine is renode"):
        Machine("TEENSY41", engine="renode", qemu="/bin/true")
