"""Options of the suite, and what goes into its JSON beside the times."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from bench import environment, sizes
from bench.contenders import CONTENDERS
from bench.database import SQLITE_MEMORY, connect, seed
from bench.operations import OPERATIONS

DRIVER = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options that ``python -m bench`` passes on."""
    group = parser.getgroup("bench")
    group.addoption("--contender", choices=sorted(CONTENDERS), default="driver")
    group.addoption(
        "--operations", default="", help="keys, separated by commas; all if empty"
    )
    group.addoption("--url", default=SQLITE_MEMORY)
    group.addoption("--quick", action="store_true")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each operation that the contender has."""
    config = metafunc.config
    cases = importlib.import_module(CONTENDERS[config.getoption("--contender")].cases)
    chosen = {key for key in config.getoption("--operations").split(",") if key}
    keys = [
        operation.key
        for operation in OPERATIONS
        if hasattr(cases.Cases, operation.key)
        and (not chosen or operation.key in chosen)
    ]
    metafunc.parametrize("key", keys)


@pytest.fixture(scope="session")
def chosen_sizes(pytestconfig: pytest.Config) -> sizes.Sizes:
    """The sizes of this run."""
    return sizes.QUICK if pytestconfig.getoption("--quick") else sizes.FULL


@pytest.fixture(scope="session")
def cases(pytestconfig: pytest.Config, chosen_sizes: sizes.Sizes) -> Iterator[Any]:
    """The contender's operations, over a freshly seeded database."""
    database = connect(pytestconfig.getoption("--url"))
    pytestconfig.stash[DRIVER] = database.driver
    seed(database, chosen_sizes)
    module = importlib.import_module(
        CONTENDERS[pytestconfig.getoption("--contender")].cases
    )
    made = module.Cases(database, chosen_sizes)
    yield made
    made.close()
    database.connection.close()


def pytest_benchmark_update_json(
    config: pytest.Config, output_json: dict[str, Any]
) -> None:
    """Add the environment, the driver and the peak of memory to the JSON."""
    output_json["bench"] = {
        "contender": config.getoption("--contender"),
        "driver": config.stash.get(DRIVER, ""),
        "peak_rss": environment.peak_rss(),
        "environment": environment.record(),
    }
