"""One contender's part, in a process of its own: ``python -m bench.demo.worker``."""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import pickle
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.contenders import current_orm
from bench.demo.checks import Checks
from bench.demo.progress import Progress
from bench.demo.source import Source
from bench.demo.steps import STEPS, Step

TOURS = {
    "driver": "bench.demo.driver_tour",
    "sqlalchemy": "bench.demo.orm_tour",
    "ormolu": "bench.demo.orm_tour",
}


class Worker:
    """Runs the steps of one contender, times them and checks their results."""

    def __init__(self, contender: str, folder: Path, rows: Source) -> None:
        self.contender = contender
        self.line: Progress | None = None
        module = importlib.import_module(TOURS[contender])
        self.tour: Any = module.Tour(folder, rows, self.progress)
        self.checks = Checks(rows, self.tour.file, self.tour.bulk_file)

    def progress(self, done: int, total: int) -> None:
        """Pass a step's progress on to its line."""
        if self.line is not None:
            self.line.update(done, total)

    def run(self) -> dict[str, dict[str, Any]]:
        """Run all steps; return seconds and counts, or why a step is missing."""
        measured = {}
        for step in STEPS:
            if hasattr(self.tour, step.key):
                measured[step.key] = self.step(step)
        self.tour.close()
        return measured

    def step(self, step: Step) -> dict[str, Any]:
        """Run one step: prepare, time, check."""
        if prepare := getattr(self.tour, f"prepare_{step.key}", None):
            prepare()
        self.line = Progress(step.title)
        gc.collect()
        start = time.perf_counter()
        try:
            result = getattr(self.tour, step.key)()
        except NotImplementedError as missing:
            reason = str(missing) or "NotImplementedError"
            self.line.finish(f"NOT AVAILABLE: {reason}")
            return {"missing": reason}
        seconds = time.perf_counter() - start
        if isinstance(result, Iterator):
            seconds, count = self.batches(step, result)
        else:
            count = getattr(self.checks, step.key)(result)
        self.line.finish(f"{count:>9,} {step.unit:<8}{seconds:8.2f} s  checked")
        return {"seconds": seconds, "count": count}

    def batches(self, step: Step, batches: Iterator[Any]) -> tuple[float, int]:
        """Time a step that yields its result in parts, checking each part."""
        check = getattr(self.checks, step.key)
        seconds, count = 0.0, 0
        while True:
            start = time.perf_counter()
            batch = next(batches, None)
            seconds += time.perf_counter() - start
            if batch is None:
                break
            count += check(batch)
        getattr(self.checks, f"{step.key}_total")(count)
        return seconds, count


def describe(contender: str) -> str:
    """Name the contender, its version and the kernel that runs."""
    if contender == "driver":
        sqlite3 = importlib.import_module("sqlite3")
        return f"the driver alone: sqlite3, SQLite {sqlite3.sqlite_version}"
    orm = current_orm()
    if contender == "ormolu":
        return f"Ormolu {orm.__version__}, kernel: {orm.__impl__}"
    return f"sqlalchemy.orm {importlib.import_module('sqlalchemy').__version__}"


def assert_independent() -> None:
    """Make sure that Ormolu's part did without sqlalchemy.orm.

    Raises:
        RuntimeError: When something imported it.
    """
    found = sorted(name for name in sys.modules if name.startswith("sqlalchemy.orm"))
    if found:
        raise RuntimeError(f"Ormolu's part has imported {', '.join(found)}.")
    print("  sqlalchemy.orm is not in sys.modules: checked")


def main() -> None:
    """Run one contender and write its measurements as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contender", choices=sorted(TOURS), required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--result", type=Path, required=True)
    options = parser.parse_args()
    rows: Source = pickle.loads(options.source.read_bytes())
    title = describe(options.contender)
    print(f"\n{title}\n  file: {options.folder / 'places.sqlite'}", flush=True)
    steps = Worker(options.contender, options.folder, rows).run()
    if options.contender == "ormolu":
        assert_independent()
    record = {"title": title, "steps": steps}
    options.result.write_text(json.dumps(record), encoding="utf-8")


if __name__ == "__main__":
    main()
