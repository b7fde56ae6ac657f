"""What all tests share: the report header, profiles, databases."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from ormolu._speedups import impl, speedups_status

DATABASES = {
    "postgresql": (
        "ORMOLU_TEST_POSTGRESQL_URL",
        "postgresql+psycopg://root@127.0.0.1/test",
    ),
    "mariadb": ("ORMOLU_TEST_MARIADB_URL", "mysql+pymysql://root@127.0.0.1/test"),
}

settings.register_profile("default", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=200, deadline=None, print_blob=True)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE")
    or ("ci" if os.environ.get("CI") else "default")
)


def pytest_report_header() -> list[str]:
    """Which kernel the tests run on, and why: never a silent fallback."""
    reasons = {name: status.reason for name, status in speedups_status().items()}
    if len(set(reasons.values())) == 1:
        return [f"ormolu kernel: {impl} ({next(iter(reasons.values()))})"]
    return [f"ormolu kernel: {impl}"] + [f"  {n}: {r}" for n, r in reasons.items()]


@pytest.fixture(scope="module", autouse=True)
def _older_objects_are_not_collected() -> None:
    """Leave what other modules have made to itself.

    The collections that tests ask for would walk over the classes of all modules before:
    with ten thousand tests they took half of the time.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[URL]:
    """An empty PostgreSQL database of this test process."""
    yield from _own_database("postgresql")


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[URL]:
    """An empty MariaDB database of this test process."""
    yield from _own_database("mariadb")


def _own_database(kind: str) -> Iterator[URL]:
    variable, default = DATABASES[kind]
    given = os.environ.get(variable)
    server = make_url(given or default)
    name = f"ormolu_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    try:
        _administer(server, f"CREATE DATABASE {name}")
    except (SQLAlchemyError, ImportError) as error:
        if given:  # who names a server wants it tested
            raise
        pytest.skip(f"no {kind} server ({variable}): {str(error).splitlines()[0]}")
    try:
        yield server.set(database=name)
    finally:
        _administer(server, f"DROP DATABASE {name}")


def _administer(server: URL, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()
