"""Fixtures of the tests of bulk statements: both modes of state, both lanes."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, select

from ormolu import Session
from tests.dml.models import Models, build
from tests.orm.models import Mode
from tests.orm.recording import Lane, Recorder, sqlite_engine


@pytest.fixture(scope="session", params=["embedded", "adopted"])
def models(request: pytest.FixtureRequest) -> Models:
    mode: Mode = request.param
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
def engine(models: Models, lane: Lane, sql: Recorder) -> Iterator[Engine]:
    engine = sqlite_engine(lane, sql, models.script)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    session = Session(engine)
    yield session
    session.close()


@pytest.fixture
def widgets(session: Session, models: Models, sql: Recorder) -> list[Any]:
    """The three rows as loaded objects."""
    found = list(session.scalars(select(models.Widget).order_by(models.Widget.id)))
    sql.clear()
    return found


@pytest.fixture
def table(session: Session, models: Models) -> Any:
    """Reads all rows of widget: (name, size, note, kind, made)."""

    def read() -> list[tuple[Any, ...]]:
        columns = models.metadata.tables["widget"].c
        rows = session.connection().execute(select(*columns).order_by(columns.id))
        return [tuple(row)[1:] for row in rows]

    return read
