"""``python -m bench``: measure, print the tables, write the JSON and the chart."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from bench import chart, environment, report
from bench.contenders import CONTENDERS, Contender, why_unavailable
from bench.database import SQLITE_MEMORY
from bench.operations import BY_KEY
from bench.runner import ROOT, Figures, Plan, run

RESULTS = ROOT / "bench" / "results"
CHART = ROOT / "docs" / "bench.svg"


def main() -> int:
    """Run the benchmarks; return the exit status.

    Returns:
        1 when an operation failed, gave wrong results, or a contender that was asked
        for by name is not available; 0 otherwise. No time is ever a failure.
    """
    options = parse()
    plan, unavailable = make_plan(options)
    for name, reason in unavailable.items():
        say(f"NOT AVAILABLE  {CONTENDERS[name].title}: {reason}")
    if not plan.contenders:
        return 1
    start = time.monotonic()
    figures = run(plan, say)
    say(f"{time.monotonic() - start:.0f} s in total\n")
    print(report.full_text(plan, figures))
    for name, reason in unavailable.items():
        print(f"\nNOT AVAILABLE  {CONTENDERS[name].title}: {reason}")
    write(options, plan, figures, unavailable)
    failed = show_failures(figures)
    return (
        1
        if failed or (unavailable and options.contenders) or no_ormolu(options, plan)
        else 0
    )


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="small sizes: checks results only"
    )
    parser.add_argument("--contenders", help=f"some of {','.join(CONTENDERS)}")
    parser.add_argument("--only", help=f"some of {','.join(BY_KEY)}")
    parser.add_argument(
        "--passes", type=int, help="turns of all contenders; 2, with --quick 1"
    )
    parser.add_argument("--no-memory", action="store_true", help="leave out the memory")
    parser.add_argument(
        "--url",
        default=os.environ.get("BENCH_URL", SQLITE_MEMORY),
        help="database, also by BENCH_URL: sqlite://, postgresql+psycopg://...",
    )
    parser.add_argument(
        "--json", type=Path, help=f"file to write (default in {RESULTS.name}/)"
    )
    parser.add_argument(
        "--chart", type=Path, help="SVG to write (default: full runs only)"
    )
    return parser.parse_args()


def make_plan(options: argparse.Namespace) -> tuple[Plan, dict[str, str]]:
    """Turn the options into a plan, and say who cannot take part."""
    chosen = [CONTENDERS[name] for name in names(options.contenders, CONTENDERS)]
    unavailable = {
        one.name: reason for one in chosen if (reason := why_unavailable(one))
    }
    able: list[Contender] = [one for one in chosen if one.name not in unavailable]
    plan = Plan(
        load_average=environment.load_average(),
        contenders=able,
        operations=names(options.only, BY_KEY),
        url=options.url,
        quick=options.quick,
        passes=options.passes or (1 if options.quick else 2),
        memory=not options.no_memory and options.only is None,
    )
    return plan, unavailable


def names(given: str | None, known: Iterable[str]) -> list[str]:
    """Check a list of names given on the command line; all when none is given."""
    known = list(known)
    if given is None:
        return known
    wanted = [name for name in given.split(",") if name]
    if strange := [name for name in wanted if name not in known]:
        sys.exit(f"Unknown: {', '.join(strange)}. Choose from {', '.join(known)}.")
    return [name for name in known if name in wanted]


def no_ormolu(options: argparse.Namespace, plan: Plan) -> bool:
    """A run of everything in which Ormolu took no part has failed."""
    return not options.contenders and not any(one.is_ormolu for one in plan.contenders)


def write(
    options: argparse.Namespace,
    plan: Plan,
    figures: dict[str, Figures],
    unavailable: dict[str, str],
) -> None:
    """Write the JSON, and the chart after a full run or when asked to."""
    name = "quick.json" if plan.quick else "bench.json"
    target = options.json or RESULTS / name
    record = report.as_json(plan, figures, unavailable)
    save(target, json.dumps(record, indent=2) + "\n")
    full = (
        not (plan.quick or options.only or options.contenders)
        and plan.url == SQLITE_MEMORY
    )
    if options.chart or full:
        times = report.times_by_operation(figures)
        note = ". ".join(report.environment_text(figures, plan).splitlines()[:2])
        save(options.chart or CHART, chart.bar_chart(times, note))


def save(path: Path, text: str) -> None:
    """Write a file and say so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    print(f"\nWrote {shown}")


def show_failures(figures: dict[str, Figures]) -> bool:
    """Print what failed; say whether anything did."""
    for name, own in figures.items():
        for failure in own.failures:
            print(f"\nFAILED  {CONTENDERS[name].title}\n{failure}", file=sys.stderr)
    return any(own.failures for own in figures.values())


def say(line: str) -> None:
    """Report progress at once, also through a pipe."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
