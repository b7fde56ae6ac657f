"""Hierarchies of classes, in both modes of state, with a database in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from ormolu import Session
from tests.inheritance.models import ROWS, Staff, build
from tests.inheritance.world import Hierarchies
from tests.orm.models import Mode, create_script
from tests.orm.recording import Lane, Recorder, sqlite_engine


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
def world(mode: Mode, lane: Lane) -> Iterator[Hierarchies]:
    """Classes and tables are added to it by the test."""
    world = Hierarchies(mode, lane)
    yield world
    world.close()


@pytest.fixture
def sql() -> Recorder:
    """The statements that reach the database of the staff."""
    return Recorder()


@pytest.fixture
def staff(mode: Mode) -> Iterator[Staff]:
    """A company and its employees."""
    staff = build(mode)
    staff.registry.configure()
    yield staff
    staff.registry.dispose()


@pytest.fixture
def engine(staff: Staff, lane: Lane, sql: Recorder) -> Iterator[Engine]:
    """A database with a few rows in each table."""
    script = "PRAGMA foreign_keys=ON;" + create_script(staff.metadata) + ROWS
    engine = sqlite_engine(lane, sql, script)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A Session on that database."""
    with Session(engine) as session:
        yield session
