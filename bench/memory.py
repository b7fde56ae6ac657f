"""Memory of loaded objects: ``python -m bench.memory`` in a process of its own.

Loads rows of 10 plain columns once and keeps them, with the Session that loaded
them. Two figures, from two processes:

- ``traced``: bytes that Python's allocators hold for it, by ``tracemalloc``, values
  included. It is exact and repeats to the byte, so it is the figure that is compared.
  It does not see memory that a library takes straight from ``malloc()``.
- ``rss``: growth of the process's resident memory, tracing off. It sees everything,
  also what a load needed only for a moment and the allocators keep; it is the
  cross-check, rounded to pages and arenas.

The database is a temporary file, so that its own pages weigh in neither.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import tempfile
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import environment, sizes
from bench.cases.case import Case
from bench.contenders import CONTENDERS
from bench.database import SqliteDatabase, connect, seed


def measure(case: Case, *, trace: bool) -> dict[str, float | None]:
    """Run a case once and return bytes per object, now and at the peak."""
    prepared = case.prepare()
    gc.collect()
    if trace:
        tracemalloc.start()
    before = environment.current_rss()
    result = case.run(prepared)
    gc.collect()
    after = environment.current_rss()
    figures: dict[str, float | None]
    if trace:
        held, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        figures = {"traced": held / case.count, "traced_peak": peak / case.count}
    elif before is not None and after is not None:
        figures = {"rss": (after - before) / case.count}
    else:
        figures = {"rss": None}
    case.verify(result)
    case.finish(prepared)
    return figures


def warm_up(contender: str, file: Path) -> None:
    """Load a few rows, so that mappings and caches are there before the measurement."""
    module = importlib.import_module(CONTENDERS[contender].cases)
    few = replace(sizes.QUICK, accounts=10)
    database = SqliteDatabase(f"sqlite:///{file}")
    seed(database, few)
    cases = module.Cases(database, few)
    case = cases.load()
    prepared = case.prepare()
    case.verify(case.run(prepared))
    case.finish(prepared)
    cases.close()


def main() -> None:
    """Print the measurement of one contender as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contender", choices=sorted(CONTENDERS), required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--trace", action="store_true")
    options = parser.parse_args()
    os.environ.update(CONTENDERS[options.contender].environ())
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        warm_up(options.contender, Path(folder, "few.sqlite"))
        wanted = replace(sizes.QUICK, accounts=options.rows)
        url = f"sqlite:///{Path(folder, 'all.sqlite')}"
        filling = connect(url)
        seed(filling, wanted)
        filling.connection.close()
        gc.collect()
        module: Any = importlib.import_module(CONTENDERS[options.contender].cases)
        database = connect(url)
        cases = module.Cases(database, wanted)
        figures = measure(cases.load(), trace=options.trace)
        cases.close()
        database.connection.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
