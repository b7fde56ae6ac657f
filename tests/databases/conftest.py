"""Fixtures of the tests on servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, create_engine, event

from tests.orm.models import Mode
from tests.orm.recording import Lane

MakeEngine = Callable[..., Engine]


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database, whose server can be reached."""
    kind: str = request.param
    return kind


@pytest.fixture
def url(database: str, request: pytest.FixtureRequest, tmp_path: Any) -> Any:
    """An empty database of that kind."""
    if database == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    return request.getfixturevalue(f"{database}_url")


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
def make_engine(url: Any, lane: Lane) -> Iterator[MakeEngine]:
    """Make engines on the database; tables that they are given go at the end."""
    made: list[tuple[Engine, MetaData | None]] = []

    def make(metadata: MetaData | None = None, **options: Any) -> Engine:
        engine = create_engine(url, **options)
        if metadata is not None:
            metadata.create_all(engine)
        if lane == "core":
            event.listen(engine, "before_cursor_execute", lambda *arguments: None)
        made.append((engine, metadata))
        return engine

    yield make
    for engine, _ in made:
        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    for engine, metadata in made:
        if metadata is not None:
            metadata.drop_all(engine)
        engine.dispose()
