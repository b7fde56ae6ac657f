"""Killed connections, deadlocks and locks on PostgreSQL and MariaDB."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ormolu
from tests.faults import servers
from tests.faults.models import Mode, build
from tests.faults.server_world import URL, ServerRunner
from tests.faults.servers import POSTGRESQL_ONLY, PROGRAMS

pytestmark = pytest.mark.slow  # kills, deadlocks and timeouts take their time

Reference = Callable[[str, str, str], Any]


def compare(
    url: Any, program: str, mode: Mode, lane: dict[str, Any], reference: Reference
) -> None:
    """Run a program with both ORMs."""
    os.environ[URL] = url.render_as_string(hide_password=False)
    name = "COMPARED" if url.get_backend_name() == "postgresql" else "PROGRAMS"
    expected = reference(servers.__name__, name, os.environ[URL])[mode]
    runner = ServerRunner(ormolu, build(ormolu, mode), Path())
    log = runner.run(servers.COMPARED[program], **lane)
    assert log == expected[program]
    # somebody who still held a connection or an object would be seen here
    assert "checked out: 0" in log
    assert "alive: []" in log


@pytest.fixture(autouse=True)
def _own_url() -> Iterator[None]:
    yield
    os.environ.pop(URL, None)


# a kill takes its time, so not every mode meets every lane here
VARIANTS = pytest.mark.parametrize(
    ("mode", "lane"), [("embedded", "fast"), ("adopted", "core")], indirect=True
)


@pytest.mark.postgresql
@VARIANTS
@pytest.mark.parametrize("program", PROGRAMS | POSTGRESQL_ONLY)
def test_postgresql_is_left_as_sqlalchemy_leaves_it(
    program: str,
    mode: Mode,
    lane: dict[str, Any],
    postgresql_url: Any,
    reference: Reference,
) -> None:
    compare(postgresql_url, program, mode, lane, reference)


@pytest.mark.mariadb
@VARIANTS
@pytest.mark.parametrize("program", PROGRAMS)
def test_mariadb_is_left_as_sqlalchemy_leaves_it(
    program: str,
    mode: Mode,
    lane: dict[str, Any],
    mariadb_url: Any,
    reference: Reference,
) -> None:
    compare(mariadb_url, program, mode, lane, reference)
