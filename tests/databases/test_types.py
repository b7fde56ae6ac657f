"""Every type in use makes the round trip, by insert, update, load and refresh."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Enum,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Table,
    Text,
    Time,
    Uuid,
    select,
)

import ormolu
from ormolu import Session
from tests.databases.conftest import MakeEngine
from tests.orm.models import Mode


class Color(enum.Enum):
    RED = "r"
    BLUE = "b"


TYPES: dict[str, tuple[Any, Any, Any]] = {
    "integer": (Integer, -(2**31), 2**31 - 1),
    "text": (Text, "naïve 'x' % \\ 日本 🐿", ""),
    "string": (String(50), "plain", "%(x)s :y ?"),
    "numeric": (Numeric(12, 4), decimal.Decimal("-12345.6789"), decimal.Decimal("0")),
    "real": (Float(53), 0.1, -1.5e300),
    "flag": (Boolean, True, False),
    "day": (Date, datetime.date(1999, 12, 31), datetime.date(2024, 2, 29)),
    "moment": (
        DateTime,
        datetime.datetime(2024, 2, 29, 23, 59, 58),
        datetime.datetime(1970, 1, 2),
    ),
    "clock": (Time, datetime.time(23, 59, 59), datetime.time(0, 0)),
    "data": (JSON, {"a": [1, None, "ü"], "b": {"c": True}}, []),
    "binary": (LargeBinary, bytes(range(256)), b""),
    "color": (Enum(Color), Color.RED, Color.BLUE),
    "word": (Enum("one", "two", name="word"), "one", "two"),
    "number": (Uuid, uuid.UUID(int=2**127 + 5), uuid.UUID(int=1)),
}


def build(mode: Mode) -> Any:
    """A class with a column of each type."""
    registry = ormolu.registry()
    table = Table(
        "kinds",
        registry.metadata,
        Column("id", Integer, primary_key=True),
        *(Column(name, type_) for name, (type_, _, _) in TYPES.items()),
    )
    if mode == "adopted":

        class Plain:
            pass

        registry.map_imperatively(Plain, table)
        return Plain
    base: Any = type("Base", (ormolu.DeclarativeBase,), {"registry": registry})
    return type("Kinds", (base,), {"__table__": table})


@pytest.fixture
def kinds(mode: Mode) -> Iterator[Any]:
    class_ = build(mode)
    yield class_
    ormolu.class_mapper(class_).registry.dispose()


def filled(kinds: Any, which: int) -> Any:
    """An object with one of the values in each attribute; 0 for None."""
    obj = kinds()
    for name, values in TYPES.items():
        setattr(obj, name, values[which] if which else None)
    return obj


def values_of(obj: Any) -> dict[str, Any]:
    return {name: getattr(obj, name) for name in TYPES}


@pytest.fixture
def session(kinds: Any, make_engine: MakeEngine) -> Iterator[Session]:
    engine = make_engine(
        kinds.__table__.metadata
        if hasattr(kinds, "__table__")
        else ormolu.class_mapper(kinds).local_table.metadata
    )
    with Session(engine) as session:
        yield session


EXPECTED = {
    which: {name: values[which] if which else None for name, values in TYPES.items()}
    for which in (0, 1, 2)
}


def test_values_come_back_as_they_went(session: Session, kinds: Any) -> None:
    session.add_all([filled(kinds, which) for which in (0, 1, 2)])
    session.commit()
    session.expunge_all()
    found = session.scalars(select(kinds).order_by(kinds.id)).all()
    assert [values_of(obj) for obj in found] == [EXPECTED[which] for which in (0, 1, 2)]
    for which, obj in enumerate(found):
        for name, value in values_of(obj).items():
            assert type(value) is type(EXPECTED[which][name]), name


def test_values_are_updated_and_refreshed(session: Session, kinds: Any) -> None:
    objects = [filled(kinds, which) for which in (0, 1, 2)]
    session.add_all(objects)
    session.commit()
    for obj, which in zip(objects, (1, 2, 0), strict=True):
        for name in TYPES:
            setattr(obj, name, EXPECTED[which][name])
    session.commit()
    assert [values_of(obj) for obj in objects] == [EXPECTED[w] for w in (1, 2, 0)]
    session.refresh(objects[0])
    assert values_of(objects[0]) == EXPECTED[1]


def test_values_that_came_back_are_no_changes(session: Session, kinds: Any) -> None:
    session.add(filled(kinds, 1))
    session.commit()
    found = session.scalars(select(kinds)).one()
    for name, value in values_of(found).items():
        setattr(found, name, value)
    assert not session.is_modified(found)


def test_get_processes_values_as_a_select_does(session: Session, kinds: Any) -> None:
    session.add(filled(kinds, 1))
    session.commit()
    key = session.scalars(select(kinds.id)).one()
    session.expunge_all()
    assert values_of(session.get_one(kinds, key)) == EXPECTED[1]


@pytest.mark.parametrize("name", [n for n in TYPES if n not in ("data", "real")])
def test_values_are_compared_in_the_database(
    session: Session, kinds: Any, name: str
) -> None:
    session.add_all([filled(kinds, which) for which in (1, 2)])
    session.commit()
    column = getattr(kinds, name)
    for which in (1, 2):
        value = EXPECTED[which][name]
        found = session.scalars(select(kinds).where(column == value)).one()
        assert getattr(found, name) == value


def test_rows_of_columns_have_the_values(session: Session, kinds: Any) -> None:
    session.add(filled(kinds, 1))
    session.commit()
    row = session.execute(select(*(getattr(kinds, name) for name in TYPES))).one()
    assert row._asdict() == EXPECTED[1]
