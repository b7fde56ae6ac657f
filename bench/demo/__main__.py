"""``python -m bench.demo``: the main job on real data, three times, with a table."""

from __future__ import annotations

import argparse
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.contenders import ORM_VARIABLE
from bench.demo import source
from bench.demo.steps import STEPS, Step
from bench.report import number, ratio, table
from bench.runner import ROOT

#: What a part's ORM is imported from.
ORMS = {"ormolu": "ormolu", "sqlalchemy": "sqlalchemy.orm", "driver": ""}
CITIES = 20_000


def main() -> int:
    """Run the demonstration; return the exit status.

    Returns:
        1 when a contender failed or a result differs from the source data.
    """
    options = parse()
    start = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="places-"))
    try:
        results = run_all(options, folder)
    finally:
        if options.keep:
            print(f"\nKept: {folder}")
        else:
            shutil.rmtree(folder)
    print(f"\n{summary(results)}\n\n{time.monotonic() - start:.0f} s in total")
    failed = [name for name in options.contenders if name not in results]
    for name in failed:
        print(f"FAILED: {name}", file=sys.stderr)
    return 1 if failed else 0


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.demo", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--all", action="store_true", help="load all cities: several minutes"
    )
    size.add_argument("--cities", type=int, default=CITIES, help="cities to load")
    parser.add_argument("--keep", action="store_true", help="keep the database files")
    parser.add_argument(
        "--contenders",
        default=",".join(ORMS),
        type=lambda text: [name for name in text.split(",") if name],
        help="some of %(default)s",
    )
    options = parser.parse_args()
    if strange := [name for name in options.contenders if name not in ORMS]:
        parser.error(f"unknown: {', '.join(strange)}; choose from {', '.join(ORMS)}")
    return options


def run_all(options: argparse.Namespace, folder: Path) -> dict[str, dict[str, Any]]:
    """Read the source once and run each contender on it; return what was measured."""
    print("reading the source data ...", flush=True)
    rows = source.read(None if options.all else options.cities)
    print(
        f"{len(rows.continents)} continents, {len(rows.countries)} countries, "
        f"{len(rows.cities):,} cities, {len(rows.names):,} alternate names",
        flush=True,
    )
    stored = folder / "source.pickle"
    stored.write_bytes(pickle.dumps(rows))
    results = {}
    for name in options.contenders:
        if measured := run_one(name, folder, stored):
            results[name] = measured
    stored.unlink()
    return results


def run_one(name: str, folder: Path, stored: Path) -> dict[str, Any] | None:
    """Run one contender in a process of its own; None when it failed."""
    own = folder / name
    own.mkdir()
    result = own / "result.json"
    environ = dict(os.environ)
    if ORMS[name]:
        environ[ORM_VARIABLE] = ORMS[name]
    command = [sys.executable, "-m", "bench.demo.worker", "--contender", name]
    command += ["--folder", str(own), "--source", str(stored), "--result", str(result)]
    done = subprocess.run(command, cwd=ROOT, env=environ, check=False)
    if done.returncode or not result.exists():
        return None
    measured: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return measured


def summary(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the table of seconds and ratios, and what each column is."""
    head = ["seconds", "count", "", "Ormolu", "sqlalchemy.orm", "driver"]
    head += ["Ormolu x driver", "as fast as sqlalchemy.orm"]
    lines = [table(head, [row(step, results) for step in STEPS])]
    lines += ["", *(measured["title"] for measured in results.values())]
    for name, measured in results.items():
        for step in STEPS:
            if missing := measured["steps"].get(step.key, {}).get("missing"):
                lines.append(f"NOT AVAILABLE with {name}, {step.title}: {missing}")
    return "\n".join(lines)


def row(step: Step, results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return one step's line of the table."""
    cells = {
        name: measured["steps"].get(step.key, {}) for name, measured in results.items()
    }
    seconds = {name: cell.get("seconds") for name, cell in cells.items()}
    count = next((cell["count"] for cell in cells.values() if "count" in cell), None)
    own = seconds.get("ormolu")
    return [
        step.title,
        "-" if count is None else f"{count:,}",
        step.unit,
        *(shown(cells.get(name, {})) for name in ORMS),
        ratio(own, seconds.get("driver")),
        ratio(seconds.get("sqlalchemy"), own),
    ]


def shown(cell: Mapping[str, Any]) -> str:
    """Write one cell's seconds."""
    return "NOT AVAILABLE" if "missing" in cell else number(cell.get("seconds"))


if __name__ == "__main__":
    sys.exit(main())
