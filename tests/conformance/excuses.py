"""Why tests of the suite do not pass yet: a reason for each, in the files covered.

[inheritance mappings]
test/orm/test_expire.py
  PolymorphicExpireTest::test_poly_deferred

A test of a covered file either passes or stands here, below what it waits for.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.conformance import listing
from tests.conformance.suite import Report
from tests.conformance.variants import RATCHET, VARIANTS

PATH = RATCHET / "failing.txt"
UNKNOWN = "?"
"""Stands for a reason that somebody has yet to find out."""

NAMES = """
    backref_mutations bind cascade cycles defaults events expire hasparent lockmode
    manytomany merge naturalpks onetoone pickled scoping session transaction
    unitofwork unitofworkv2 versioning
"""
COVERED = ("test/orm/dml", *(f"test/orm/test_{n}.py" for n in NAMES.split()))
"""The files and folders in which every failure needs a reason."""

MESSAGES = {
    r"inheritance mappings": "inheritance mappings",
    r"with_polymorphic": "inheritance mappings",
    r"NotProvided: sqlalchemy\.ext\.(\w+)": r"ormolu.ext.\1",
}

Excuses = dict[str, listing.Tests]


def read(path: Path | None = None) -> Excuses:
    """The failing tests by reason."""
    path = path or PATH
    found: Excuses = {}
    reason = file = ""
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        if line.startswith("["):
            reason = line[1:-1]
            found[reason] = {}
        elif line.startswith("  "):
            found[reason].setdefault(file, set()).add(line.strip())
        elif line and not line.startswith("#"):
            file = line
    return found


def write(excuses: Excuses, path: Path | None = None) -> None:
    """Write the reasons, sorted, without those that nothing waits for."""
    path = path or PATH
    lines = ["# Tests that fail in one variant at least, below what they wait for."]
    for reason, tests in sorted(excuses.items()):
        if not any(tests.values()):
            continue
        lines.append(f"[{reason}]")
        for file, names in sorted(tests.items()):
            if names:
                lines += [file, *(f"  {name}" for name in sorted(names))]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def failures(report: Report) -> dict[str, dict[str, str]]:
    """The messages of the failing tests in covered files, by file and test."""
    covered: dict[str, dict[str, str]] = {}
    for file, test, outcome, message in report.outcomes():
        if outcome in ("failed", "error") and listing.restrict({file: set()}, COVERED):
            covered.setdefault(file, {})[test] = message
    return covered


def every(excuses: Excuses) -> listing.Tests:
    """All tests that have a reason."""
    tests: listing.Tests = {}
    for reason, found in excuses.items():
        if reason != UNKNOWN:
            tests = listing.merge(tests, found)
    return tests


def unexplained(report: Report, path: Path | None = None) -> listing.Tests:
    """The failing tests of covered files that have no reason."""
    failing = {file: set(tests) for file, tests in failures(report).items()}
    return listing.without(failing, every(read(path)))


def update(report: Report, path: Path | None = None) -> None:
    """Add what fails now, drop what passes in every variant."""
    excuses = read(path)
    known = every(excuses)
    for file, tests in failures(report).items():
        for test, message in tests.items():
            if test not in known.get(file, ()):
                found = excuses.setdefault(_reason(message), {})
                found.setdefault(file, set()).add(test)
    passing = [listing.read(variant.ratchet) for variant in VARIANTS.values()]
    write(
        {
            reason: {
                file: {
                    t for t in tests if not all(t in p.get(file, ()) for p in passing)
                }
                for file, tests in found.items()
            }
            for reason, found in excuses.items()
        },
        path,
    )


def _reason(message: str) -> str:
    for pattern, reason in MESSAGES.items():
        if found := re.search(pattern, message):
            return found.expand(reason)
    return UNKNOWN
