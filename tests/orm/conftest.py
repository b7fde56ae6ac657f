"""The fixtures of the behaviour tests: two modes of state, two lanes to the database."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData

from ormolu import Session
from tests.orm.models import ROWS, Mode, Models, build, create_script
from tests.orm.recording import Lane, Recorder, sqlite_engine

MakeEngine = Callable[..., Engine]


@pytest.fixture(scope="session", params=["embedded", "adopted"])
def mode(request: pytest.FixtureRequest) -> Mode:
    """Whether instances hold their state themselves or in a companion."""
    value: Mode = request.param
    return value


@pytest.fixture(scope="session")
def models(mode: Mode) -> Models:
    """The shared classes; a test that needs others maps its own."""
    return build(mode)


@pytest.fixture(params=["core", "fast"])
def lane(request: pytest.FixtureRequest) -> Lane:
    """Whether somebody listens to the engine's cursors or nobody does."""
    value: Lane = request.param
    return value


@pytest.fixture
def sql() -> Recorder:
    """The statements that reach the database."""
    return Recorder()


@pytest.fixture
def make_engine(lane: Lane, sql: Recorder) -> Iterator[MakeEngine]:
    """Make engines on new databases in memory, with the tables given."""
    engines: list[Engine] = []

    def make(metadata: MetaData, rows: str = "", **options: Any) -> Engine:
        engine = sqlite_engine(lane, sql, create_script(metadata) + rows, **options)
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.dispose()


@pytest.fixture
def engine(models: Models, lane: Lane, sql: Recorder) -> Iterator[Engine]:
    """A database with the shared tables and a few rows in each."""
    engine = sqlite_engine(lane, sql, models.script + ROWS)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A Session on that database."""
    session = Session(engine)
    yield session
    session.close()
