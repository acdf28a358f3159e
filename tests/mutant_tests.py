"""Which unit tests execute a line of a model: used by tests/mutants.py.

Each file of tests/unit is run once under coverage, and again only when it or something that it
executes has changed: `.mutants_cache/` holds what was seen, a file for each.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Generator, Iterable
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import coverage
import hypothesis
import pytest
from mutant_lines import Mutant

OPTIONS = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist"]
NO_MODELS = ("test_mutations_list.py",)
"""A changed line is not in the list any more."""


class Seen(NamedTuple):
    """What a file of tests executes; paths are relative to the tree, bits are hexadecimal."""

    sources: dict[str, str]
    """Everything, by path: digest."""
    tests: dict[str, float]
    """Names, and seconds of the processor under coverage."""
    lines: dict[str, dict[str, str]]
    """By path and line: which of `tests` execute it, as bits."""
    imported: dict[str, str]
    """By path: lines that ran outside of any test, as bits."""

    def is_fresh(self, digests: dict[str, str]) -> bool:
        """Nothing that ran has changed."""
        return all(digests.get(path) == digest for path, digest in self.sources.items())

    def executing(self, file: str, span: Iterable[int] | None = None) -> list[str]:
        """Tests that execute one of the lines (None: any of the file), the quickest first."""
        lines = self.lines.get(file, {})
        bits = 0
        for line in lines if span is None else span:
            bits |= int(lines.get(str(line), "0"), 16)
        names = [name for place, name in enumerate(self.tests) if bits >> place & 1]
        return sorted(names, key=self.tests.__getitem__)

    def at_import(self, file: str, line: int) -> bool:
        """Whether it ran outside of any test."""
        return bool(int(self.imported.get(file, "0"), 16) >> line & 1)


class Run(NamedTuple):
    """What is run to find a mutant: some tests of a file, in this order."""

    file: str
    tests: list[str]
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
    """The tests that may notice a mutant by file, the likeliest first.

    They execute the line; where an import does so, something else of its file, or of one that
    imports it, as its package does.
    """
    name = Path(mutant.file).stem
    imports = re.compile(rf"^\s*(from|import)\b.*\b{name}\b", re.MULTILINE)
    near = {file for file, text in texts.items() if imports.search(text)}
    near |= {mutant.file, str(Path(mutant.file).with_name("__init__.py"))}
    kinds = (re.findall(r'^@model\("(.+)"\)', texts.get(path, ""), re.MULTILINE) for path in near)
    named = tuple(f"[{kind}]" for kind in chain.from_iterable(kinds))
    found = []
    for file, entry in seen.items():
        tests = first = entry.executing(mutant.file, mutant.span)
        if mutant.imported or entry.at_import(mutant.file, mutant.line):
            others = (test for path in sorted(near) for test in entry.executing(path))
            after = (test for test in entry.tests if test.endswith(named))
            tests = list(dict.fromkeys((*first, *after, *others)))
        if tests and mutant.file in entry.sources:
            nearby = sum(len(entry.lines.get(path, ())) for path in near)
            share = nearby / sum(map(len, entry.lines.values()))
            run = Run(file, tests, sum(entry.tests[test] for test in tests))
            found.append((not first, -share, run))
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
    sources, lines, imported = {file: current[file]}, {}, {}
    bits = {name: 1 << place for place, name in enumerate(plugin.seconds)}
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
            str(line): f"{sum(bits[name] for name in names if name):x}"
            for line, names in by_line.items()
            if any(names)
        }
    seen = Seen(sources, plugin.seconds, lines, imported)
    (cache / f"{Path(file).stem}.json").write_text(json.dumps(seen))
    return True


def is_found(runs: Iterable[Run]) -> bool:
    """Whether one of the tests fails. In a process of its own."""
    return any(pytest.main([*OPTIONS, r.file], plugins=[_Chosen(r.tests), Quiet()]) for r in runs)


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


class _Chosen:
    """These tests, in this order, and no others."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        by_name = {item.nodeid: item for item in items}
        items[:] = [by_name[name] for name in self.names]


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
