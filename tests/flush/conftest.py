"""A small world for each test: its own registry, classes, database and recorder."""

from collections.abc import Iterator

import pytest

from tests.flush.world import World
from tests.orm.models import Mode
from tests.orm.recording import Lane


@pytest.fixture(params=["embedded", "adopted"])
def mode(request: pytest.FixtureRequest) -> Mode:
    """Whether instances hold their state themselves or in a companion."""
    value: Mode = request.param
    return value


@pytest.fixture(params=["core", "fast"])
def lane(request: pytest.FixtureRequest) -> Lane:
    """Whether somebody listens to the engine's cursors or nobody does."""
    value: Lane = request.param
    return value


@pytest.fixture
def world(mode: Mode, lane: Lane) -> Iterator[World]:
    """Classes and tables are added to it by the test."""
    world = World(mode, lane)
    yield world
    world.close()
