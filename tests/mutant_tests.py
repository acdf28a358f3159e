"""Which unit tests execute a line of a model: used by tests/mutants.py.

Each file of tests/unit is run once under coverage, and again only when it or something that it
executes has changed: `.mutants_cache/` holds what was seen, a file for each.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import coverage
import hypothesis
import pytest
from mutant_lines import Mutant

OPTIONS = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist"]
NO_MODELS = ("test_mutations_list.py",)
"""A changed line is not in the list any more."""
QUICKEST = 8
"""So many of a file's tests that execute a line are run before its others."""


class Seen(NamedTuple):
    """What a file of tests executes; paths are relative to the tree."""

    sources: dict[str, str]
    """Everything, by path: digest."""
    seconds: float
    """Of the processor, all tests together."""
    tests: list[str]
    lines: dict[str, dict[str, list[int]]]
    """By path and line: places in `tests` of the quickest that execute it, in order."""
    imported: dict[str, str]
    """By path: lines that ran outside of any test, as the bits of a hexadecimal number."""

    def is_fresh(self, digests: dict[str, str]) -> bool:
        """Nothing that ran has changed."""
        return all(digests.get(path) == digest for path, digest in self.sources.items())

    def direct(self, file: str, span: range) -> list[str]:
        """Tests that execute one of the lines, the quickest first."""
        lines = self.lines.get(file, {})
        places = dict.fromkeys(place for line in span for place in lines.get(str(line), ()))
        return [self.tests[place] for place in places]

    def at_import(self, file: str, line: int) -> bool:
        """Whether it ran outside of any test."""
        return bool(int(self.imported.get(file, "0"), 16) >> line & 1)


class Run(NamedTuple):
    """What is run to find a mutant: a file of tests, and which of them come first."""

    file: str
    first: list[str]
    seconds: float


def digests(root: Path) -> dict[str, str]:
    """Of every Python file of the tree, by path."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        for path in sorted(root.rglob("*.py"))
        if path == path.resolve() and not path.relative_to(root).parts[0].startswith(".")
    }


def load(cache: Path, current: dict[str, str]) -> dict[str, Seen]:
    """What is still true of what was seen, by file of tests. current: `digests`."""
    entries = {file: cache / f"{Path(file).stem}.json" for file in current}
    known = {
        file: Seen(*json.loads(entry.read_text()))
        for file, entry in entries.items()
        if file.startswith("tests/unit/test_") and entry.exists()
    }
    return {file: entry for file, entry in known.items() if entry.is_fresh(current)}


def runs(mutant: Mutant, seen: dict[str, Seen], texts: dict[str, str]) -> list[Run]:
    """The files of tests that may notice a mutant, the likeliest first.

    That is who executes the line within a test; and for what an import executes, who also executes
    something else of its file, or of one that imports it.
    """
    name = Path(mutant.file).stem
    imports = re.compile(rf"^\s*(from|import)\b.*\b{name}\b", re.MULTILINE)
    near = {file for file, text in texts.items() if imports.search(text)} | {mutant.file}
    found = []
    for file, entry in seen.items():
        executed = {path: len(lines) for path, lines in entry.lines.items()}
        nearby = sum(executed.get(path, 0) for path in near)
        first = entry.direct(mutant.file, mutant.span)
        loads = mutant.imported or entry.at_import(mutant.file, mutant.line)
        if first or (loads and nearby and mutant.file in entry.sources):
            share = nearby / sum(executed.values())
            found.append((not first, -share, Run(file, first, entry.seconds)))
    return [run for _, _, run in sorted(found)]


def observe(tree: Path, file: str, current: dict[str, str], cache: Path) -> bool:
    """Runs a file of tests under coverage; whether it passes. In a process of its own."""
    tracer = coverage.Coverage(data_file=None, config_file=False, source=[str(tree)])
    plugin = _Observer(tracer)
    tracer.start()
    code = pytest.main([*OPTIONS, file], plugins=[plugin, Quiet()])
    tracer.stop()
    if code:
        return False
    tests = list(plugin.seconds)
    sources, lines, imported = {file: current[file]}, {}, {}
    data = tracer.get_data()
    for measured in data.measured_files():
        path = os.path.relpath(os.path.realpath(measured), tree)
        if path not in current or not (by_line := data.contexts_by_lineno(measured)):
            continue
        sources[path] = current[path]
        if path.startswith("tests/"):
            continue
        imported[path] = f"{sum(1 << line for line, names in by_line.items() if '' in names):x}"
        lines[path] = {
            str(line): [
                tests.index(name)
                for name in sorted(filter(None, names), key=plugin.seconds.__getitem__)[:QUICKEST]
            ]
            for line, names in by_line.items()
            if any(names)
        }
    seen = Seen(sources, sum(plugin.seconds.values()), tests, lines, imported)
    (cache / f"{Path(file).stem}.json").write_text(json.dumps(seen))
    return True


def is_found(runs: Iterable[Run]) -> bool:
    """Whether one of the tests fails. In a process of its own."""
    return any(pytest.main([*OPTIONS, r.file], plugins=[_First(r.first), Quiet()]) for r in runs)


class Quiet:
    """Hypothesis tries the same examples each time, and does not look for smaller ones."""

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        # After tests/conftest.py, whose profile it builds on.
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile(
            "mutants", hypothesis.settings(), derandomize=True, database=None, phases=phases
        )
        hypothesis.settings.load_profile("mutants")


class _First:
    def __init__(self, names: list[str]) -> None:
        self.places = {name: place for place, name in enumerate(names)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self.places.get(item.nodeid, sys.maxsize))


class _Observer:
    """Tells coverage which test is at work, and takes its processor time."""

    def __init__(self, tracer: coverage.Coverage) -> None:
        self.tracer = tracer
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self.tracer.switch_context(item.nodeid)
        began = time.process_time()
        result = yield
        self.seconds[item.nodeid] = time.process_time() - began
        self.tracer.switch_context("")
        return result
