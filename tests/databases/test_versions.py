"""Version counters: what a row's version says is what the database counts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Integer, String, Table, select, text

import ormolu
from ormolu import Session
from ormolu.exc import StaleDataError
from tests.databases.conftest import MakeEngine
from tests.orm.models import Mode


def build(mode: Mode, generator: Any) -> Any:
    """A class with a version."""
    registry = ormolu.registry()
    kind = Integer if generator is None else String(40)
    table = Table(
        "versioned",
        registry.metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(20)),
        Column("version", kind, nullable=False),
    )
    bases = (ormolu.Entity,) if mode == "embedded" else ()
    Page = type("Page", bases, {})
    arguments = {} if generator is None else {"version_id_generator": generator}
    registry.map_imperatively(Page, table, version_id_col=table.c.version, **arguments)
    return Page


@pytest.fixture(params=["counted", "random"])
def page(mode: Mode, request: pytest.FixtureRequest) -> Any:
    counted = request.param == "counted"
    return build(mode, None if counted else lambda version: uuid.uuid4().hex)


@pytest.fixture
def engine(page: Any, make_engine: MakeEngine) -> Any:
    return make_engine(page.__mapper__.local_table.metadata)


@pytest.fixture
def session(engine: Any) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def _made(page: Any, *names: str) -> list[Any]:
    made = []
    for name in names:
        obj = page()
        obj.name = name
        made.append(obj)
    return made


def test_each_update_has_the_next(session: Session, page: Any) -> None:
    objects = _made(page, "a", "b", "c")
    session.add_all(objects)
    session.commit()
    seen = {(o.id, o.version) for o in objects}
    for turn in range(2):
        for obj in objects:
            obj.name += str(turn)
        session.commit()
        seen |= {(o.id, o.version) for o in objects}
    assert len(seen) == 9
    rows = session.execute(select(page.id, page.version)).all()
    assert {tuple(row) for row in rows} == {(o.id, o.version) for o in objects}


@pytest.mark.parametrize("change", ["update", "delete"])
def test_a_row_changed_meanwhile_is_stale(
    session: Session, engine: Any, page: Any, change: str
) -> None:
    objects = _made(page, "a", "b", "c")
    session.add_all(objects)
    session.commit()
    versions = [o.version for o in objects]
    key = objects[1].id
    session.commit()  # no lock is held while the other session writes
    with Session(engine) as other:
        theirs: Any = other.get(page, key)
        theirs.name = "theirs"
        other.commit()
        newest = theirs.version
    for obj, version in zip(objects, versions, strict=True):
        ormolu.attributes.set_committed_value(obj, "version", version)
        ormolu.attributes.set_committed_value(obj, "name", "old")
        if change == "update":
            obj.name = "mine"
        else:
            session.delete(obj)
    with pytest.raises(StaleDataError, match="versioned"):
        session.flush()
    session.rollback()
    assert [o.name for o in objects] == ["a", "theirs", "c"]
    assert objects[1].version == newest
    objects[1].name = "merged"
    session.commit()
    assert objects[1].version != newest


def test_a_row_that_is_gone_is_stale(session: Session, page: Any) -> None:
    (obj,) = _made(page, "a")
    session.add(obj)
    session.flush()
    session.execute(text("DELETE FROM versioned"))
    obj.name = "b"
    with pytest.raises(StaleDataError, match="1 row"):
        session.flush()
    session.rollback()
    assert session.scalars(select(page)).all() == []


def test_merge_minds_the_version(session: Session, page: Any) -> None:
    (obj,) = _made(page, "a")
    session.add(obj)
    session.commit()
    (stale,) = _made(page, "b")
    stale.id, stale.version = obj.id, obj.version
    assert session.merge(stale) is obj
    session.commit()
    assert obj.name == "b"
    stale.version = 0 if isinstance(obj.version, int) else "old"
    with pytest.raises(StaleDataError, match="Version id"):
        session.merge(stale)
