"""A listener raises: the session is then as ``sqlalchemy.orm`` leaves it, or better."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults import listeners
from tests.faults.listeners import COMPARED, FINISHED, POINTS, scenarios_of
from tests.faults.models import Mode
from tests.faults.reference import Runner


@pytest.mark.parametrize("point", [p for p in POINTS if p not in FINISHED])
def test_the_session_is_left_as_sqlalchemy_leaves_it(
    point: str,
    mode: Mode,
    lane: dict[str, Any],
    runner: Runner,
    reference: Callable[[str, str], Any],
) -> None:
    expected = reference(listeners.__name__, "COMPARED")[mode]
    for name in scenarios_of(point):
        assert runner.run(COMPARED[name], **lane) == expected[name], name


@pytest.mark.parametrize("point", FINISHED)
def test_the_end_of_a_transaction_is_finished(
    point: str, runner: Runner, lane: dict[str, Any]
) -> None:
    for name, program in scenarios_of(point).items():
        log = runner.run(program, **lane)
        assert log[-2:] == ["checked out: 0", "alive: []"], name
        start = next(i for i, line in enumerate(log) if line.startswith("rolled back"))
        objects = log[start + 1 : start + 1 + count_objects(log, start)]
        for line in objects:
            persistent = "persistent" in line
            # neither half new nor half deleted, and nothing of what was undone
            assert "deleted" not in line, name
            assert ("here" in line) == persistent, name
            if persistent and "loaded" not in point:
                assert "'changed'" not in line, name


def count_objects(log: list[str], start: int) -> int:
    """How many lines about objects follow a title."""
    count = 0
    for line in log[start + 1 :]:
        if not line.startswith("  ") or line.startswith(("  users", "  from")):
            break
        count += 1
    return count
