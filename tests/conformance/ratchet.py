"""Holds what passes of the conformance suite: it may grow, but not shrink.

    python -m tests.conformance.ratchet check                      all four variants
    python -m tests.conformance.ratchet check --variants compiled-plain
    python -m tests.conformance.ratchet update --files test/orm/test_session.py
    python -m tests.conformance.ratchet counts --last --files test/orm/test_session.py
    python -m tests.conformance.ratchet reasons --last --variants compiled-plain

``check`` fails when a test of the list no longer passes, or when one of a covered file
fails without a reason in ``failing.txt``; ``update`` adds what newly passes, and what
fails there, to be given a reason.  ``counts`` and ``reasons`` show outcomes by file and
by message; ``--last`` takes them from the last run instead of running.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.conformance import excuses, listing
from tests.conformance.suite import OUTCOMES, Report, Suite
from tests.conformance.variants import ROOT, VARIANTS, Variant

SHOWN_LOSSES = 40
SHOWN_REASONS = 40


def check(suite: Suite, variant: Variant, arguments: argparse.Namespace) -> bool:
    """Whether every test of the list still passes."""
    listed = listing.restrict(listing.read(variant.ratchet), arguments.files)
    if not listed:
        print(f"{variant.name}: nothing is listed")
        return True
    if arguments.listed_only:
        report = suite.run_only(variant, listed)
    else:
        report = suite.run(variant, sorted(listed))
    lost = listing.without(listed, report.passed())
    unsteady = _passes_alone(suite, variant, lost)
    lost = listing.without(lost, unsteady)
    new = listing.size(listing.without(report.passed(), listed))
    print(
        f"{variant.name}: {listing.size(listed)} listed, {listing.size(lost)} lost, "
        f"{listing.size(unsteady)} unsteady, {new} new",
        flush=True,
    )
    _show(unsteady, report, "passed only the second time")
    _show(lost, report, "no longer passes")
    unexplained = listing.without(excuses.unexplained(report), listed)
    _show(unexplained, report, "fails without a reason in failing.txt")
    return not lost and not unexplained


def _passes_alone(suite: Suite, variant: Variant, lost: listing.Tests) -> listing.Tests:
    """The lost tests that pass when they run again, without the others.

    Some tests depend on when garbage is collected; they are named, but not lost.
    """
    if not lost:
        return {}
    passed = suite.run_only(variant, lost).passed()
    return listing.without(lost, listing.without(lost, passed))


def _show(tests: listing.Tests, report: Report, what: str) -> None:
    rows = [(file, name) for file in sorted(tests) for name in sorted(tests[file])]
    for file, name in rows[:SHOWN_LOSSES]:
        print(f"  {what}: {file}::{name}\n    {report.reason(file, name)}")
    if len(rows) > SHOWN_LOSSES:
        print(f"  ... and {len(rows) - SHOWN_LOSSES} more")


def update(suite: Suite, variant: Variant, arguments: argparse.Namespace) -> bool:
    """Add what newly passes to the list; ``--allow-loss`` takes away as well."""
    before = listing.read(variant.ratchet)
    report = _report(suite, variant, arguments)
    passed = report.passed()
    lost = listing.without(listing.restrict(before, list(passed)), passed)
    after = listing.merge(before, passed)
    if arguments.allow_loss:
        after = listing.without(after, lost)
    listing.write(variant.ratchet, after)
    excuses.update(report)
    print(
        f"{variant.name}: {listing.size(before)} listed before, "
        f"{listing.size(after)} now; {listing.size(lost)} of them did not pass",
        flush=True,
    )
    _show(lost, report, "dropped" if arguments.allow_loss else "kept, did not pass")
    return not lost or bool(arguments.allow_loss)


def counts(suite: Suite, variant: Variant, arguments: argparse.Namespace) -> bool:
    """Print the outcomes by file."""
    found = _report(suite, variant, arguments).counts()
    shown = {
        file: found[file]
        for file in sorted(listing.restrict({f: {f} for f in found}, arguments.files))
    }
    total: Counter[str] = sum(shown.values(), Counter())
    width = max(map(len, [*shown, variant.name]))
    print(f"{variant.name:{width}}", *(f"{o:>7}" for o in OUTCOMES))
    for file, count in [*shown.items(), ("total", total)]:
        print(f"{file:{width}}", *(f"{count[o]:7}" for o in OUTCOMES))
    return True


def reasons(suite: Suite, variant: Variant, arguments: argparse.Namespace) -> bool:
    """Print the most frequent messages of failures, each with an example."""
    report = _report(suite, variant, arguments)
    files = {file for file, *_ in report.outcomes()}
    chosen = listing.restrict({file: {file} for file in files}, arguments.files)
    number: Counter[str] = Counter()
    example: dict[str, str] = {}
    for file, test, outcome, message in report.outcomes():
        if file in chosen and outcome in ("failed", "error"):
            number[message[:160]] += 1
            example.setdefault(message[:160], f"{file}::{test}")
    print(f"{variant.name}: {number.total()} failures, {len(number)} messages")
    for message, count in number.most_common(SHOWN_REASONS):
        print(f"{count:6} {message}\n       {example[message]}")
    return True


def _report(suite: Suite, variant: Variant, arguments: argparse.Namespace) -> Report:
    if arguments.last:
        return Report.last(variant)
    return suite.run(variant, arguments.files)


COMMANDS = {f.__name__: f for f in (check, update, counts, reasons)}


def parse(given: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=[*VARIANTS])
    parser.add_argument("--files", nargs="+", default=[], metavar="PATH")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--timeout", type=float, default=20.0, help="a test's seconds")
    parser.add_argument("--last", action="store_true", help="use the last run's report")
    parser.add_argument(
        "--listed-only", action="store_true", help="check: run no other tests"
    )
    parser.add_argument(
        "--allow-loss", action="store_true", help="update: drop what does not pass"
    )
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    arguments = parse(given)
    suite = Suite(arguments.shared, arguments.jobs, arguments.timeout)
    if not suite.exists() and not arguments.last:
        print(f"skipped: no conformance suite in {arguments.shared}")
        return 0
    good = True
    for name in arguments.variants:
        started = time.monotonic()
        good &= COMMANDS[arguments.command](suite, VARIANTS[name], arguments)
        if not arguments.last:
            print(f"  ({time.monotonic() - started:.0f} s)", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
