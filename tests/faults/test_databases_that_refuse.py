"""Constraints, a full disk, locks: as ``sqlalchemy.orm`` takes them, on either lane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults import storage
from tests.faults.models import Mode
from tests.faults.reference import Runner


@pytest.mark.parametrize("program", storage.COMPARED)
def test_the_session_is_left_as_sqlalchemy_leaves_it(
    program: str,
    mode: Mode,
    lane: dict[str, Any],
    runner: Runner,
    reference: Callable[[str, str], Any],
) -> None:
    expected = reference(storage.__name__, "COMPARED")[mode]
    log = runner.run(storage.COMPARED[program], **lane)
    assert log == expected[program]
    assert log[-2:] == ["checked out: 0", "alive: []"]
