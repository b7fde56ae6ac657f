"""The ratchet files: one test a line, below the file that it is in.

test/orm/test_session.py
  SessionStateTest::test_autoflush
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

Tests = dict[str, set[str]]


def read(path: Path) -> Tests:
    """The tests of each file; none when there is no such list yet."""
    tests: Tests = {}
    file = ""
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        if line.startswith("  "):
            tests[file].add(line.strip())
        elif line and not line.startswith("#"):
            file = line
            tests[file] = set()
    return tests


def write(path: Path, tests: Mapping[str, Iterable[str]]) -> None:
    """Write the list, sorted, without files that have no tests."""
    lines = []
    for file, names in sorted(tests.items()):
        if ordered := sorted(names):
            lines += [file, *(f"  {name}" for name in ordered)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def merge(one: Tests, other: Tests) -> Tests:
    """The tests that are in either."""
    return {f: one.get(f, set()) | other.get(f, set()) for f in one.keys() | other}


def without(one: Tests, other: Tests) -> Tests:
    """The tests of the first that are not in the second."""
    left = {file: names - other.get(file, set()) for file, names in one.items()}
    return {file: names for file, names in left.items() if names}


def restrict(tests: Tests, files: Iterable[str]) -> Tests:
    """The tests in files, or in files below folders, that are named."""
    prefixes = tuple(files)
    if not prefixes:
        return tests
    return {
        file: names
        for file, names in tests.items()
        if any(file == p or file.startswith(p.rstrip("/") + "/") for p in prefixes)
    }


def size(tests: Tests) -> int:
    """How many tests there are."""
    return sum(map(len, tests.values()))
