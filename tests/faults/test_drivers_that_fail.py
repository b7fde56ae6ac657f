"""The driver fails at any statement, fetch or commit, on either lane."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults import drivers
from tests.faults.drivers import CASES, scenarios_of
from tests.faults.models import Mode
from tests.faults.reference import Runner


@pytest.fixture(autouse=True)
def _no_log() -> Iterator[None]:
    """The pool logs each cursor that can't be closed."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize(("program", "error"), CASES)
def test_the_session_is_left_as_sqlalchemy_leaves_it(
    program: str,
    error: str,
    mode: Mode,
    lane: dict[str, Any],
    runner: Runner,
    reference: Callable[[str, str], Any],
) -> None:
    expected = reference(drivers.__name__, "COMPARED")[mode]
    for name, run in scenarios_of(program, error).items():
        assert runner.run(run, **lane) == expected[name], name
