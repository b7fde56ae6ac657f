"""Columns whose names mean something to the driver's parameter format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Integer, String, Table, delete, select, update

import ormolu
from ormolu import Session
from tests.databases.conftest import MakeEngine
from tests.orm.models import Mode


def build(mode: Mode) -> Any:
    """A class whose attributes have plain names and whose columns have not."""
    registry = ormolu.registry()
    table = Table(
        "odd_names",
        registry.metadata,
        Column("id", Integer, primary_key=True),
        Column("per%cent (x)", Integer),
        Column("a b:c", String(20)),
        Column("dot.ted[1]", String(20)),
    )
    bases = (ormolu.Entity,) if mode == "embedded" else ()
    Odd = type("Odd", bases, {})
    properties = {
        "x": table.c["per%cent (x)"],
        "y": table.c["a b:c"],
        "z": table.c["dot.ted[1]"],
    }
    registry.map_imperatively(Odd, table, properties=properties)
    return Odd


@pytest.fixture
def odd(mode: Mode) -> Any:
    return build(mode)


@pytest.fixture
def session(odd: Any, make_engine: MakeEngine) -> Iterator[Session]:
    with Session(make_engine(odd.__mapper__.local_table.metadata)) as session:
        session.add_all([_made(odd, n) for n in range(1, 6)])
        session.commit()
        yield session


def _made(odd: Any, number: int) -> Any:
    obj = odd()
    obj.x, obj.y, obj.z = number, f"y{number}", f"z{number}"
    return obj


def _values(session: Session, odd: Any) -> list[tuple[Any, ...]]:
    found = session.execute(select(odd.x, odd.y, odd.z).order_by(odd.id)).all()
    return [tuple(row) for row in found]


def test_rows_are_found_by_them(session: Session, odd: Any) -> None:
    for number in (2, 4):
        criteria = (odd.x == number, odd.y == f"y{number}", odd.z != "z")
        (found,) = session.scalars(select(odd).where(*criteria))
        assert found.z == f"z{number}"


def test_rows_are_found_by_lists(session: Session, odd: Any) -> None:
    for wanted in ([1, 2, 3], [2, 3, 4], [5]):
        criteria = (odd.x.in_(wanted), odd.y.in_(["y1", "y3", "y5"]))
        found = session.scalars(select(odd.x).where(*criteria).order_by(odd.x))
        assert found.all() == [n for n in wanted if n % 2]


def test_changes_are_written(session: Session, odd: Any) -> None:
    objects = session.scalars(select(odd).order_by(odd.id)).all()
    for obj in objects[:3]:
        obj.x += 10
        obj.y = "new"
    objects[4].z = None
    session.commit()
    assert _values(session, odd) == [
        (11, "new", "z1"),
        (12, "new", "z2"),
        (13, "new", "z3"),
        (4, "y4", "z4"),
        (5, "y5", None),
    ]


def test_bulk_statements(session: Session, odd: Any) -> None:
    keys = session.scalars(select(odd.id).order_by(odd.id)).all()
    session.execute(update(odd), [{"id": keys[0], "x": 7}, {"id": keys[1], "x": 8}])
    session.execute(update(odd).where(odd.y == "y3").values(z="was three"))
    session.execute(delete(odd).where(odd.x.in_([4, 5])))
    assert _values(session, odd) == [
        (7, "y1", "z1"),
        (8, "y2", "z2"),
        (3, "y3", "was three"),
    ]


def test_objects_are_refreshed_and_deleted(session: Session, odd: Any) -> None:
    obj = session.scalars(select(odd).where(odd.x == 5)).one()
    session.expire(obj, ["y", "z"])
    assert (obj.y, obj.z) == ("y5", "z5")
    session.delete(obj)
    session.commit()
    assert len(_values(session, odd)) == 4
