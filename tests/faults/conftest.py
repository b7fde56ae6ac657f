"""Fixtures of the fault tests: what sqlalchemy.orm does, and a runner for Ormolu."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ormolu
from tests.faults.models import MODES, Mode, build
from tests.faults.reference import Runner, fast_folder

ROOT = Path(__file__).parents[2]
Logs = dict[str, dict[str, list[str]]]


@pytest.fixture(scope="session")
def reference() -> Callable[[str, str], Logs]:
    """What sqlalchemy.orm logs for the programs of a module."""
    known: dict[tuple[str, str], Logs] = {}

    def logs(module: str, name: str) -> Logs:
        if (module, name) not in known:
            command = [sys.executable, "-m", "tests.faults.reference", module, name]
            done = subprocess.run(
                command, cwd=ROOT, check=True, capture_output=True, text=True
            )
            known[module, name] = json.loads(done.stdout)
        return known[module, name]

    return logs


@pytest.fixture(scope="session", params=MODES)
def mode(request: pytest.FixtureRequest) -> Mode:
    """Whether instances hold their state themselves or in a companion."""
    value: Mode = request.param
    return value


@pytest.fixture(scope="session")
def runner(mode: Mode) -> Iterator[Runner]:
    """Runs programs with Ormolu."""
    with tempfile.TemporaryDirectory(dir=fast_folder()) as folder:
        yield Runner(ormolu, build(ormolu, mode), Path(folder))


@pytest.fixture(params=["fast", "core"])
def lane(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Options of the world: whether every statement must go through Core."""
    return {"core_only": request.param == "core"}


@pytest.fixture(autouse=True)
def _frozen() -> Iterator[None]:
    """Keep what was there before out of the many collections of these tests."""
    gc.freeze()
    yield
    gc.unfreeze()
