"""Bulk statements of a class that is mapped to a join of two tables."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import InvalidRequestError

from ormolu import Entity, Session, exc, registry
from tests.orm.models import create_script
from tests.orm.recording import Lane, Recorder, sqlite_engine

ROWS = "INSERT INTO head VALUES (1, 'one'); INSERT INTO tail VALUES (1, 10);"
KEY = "INSERT INTO head (name) VALUES (?) RETURNING id"


@pytest.fixture(scope="module", params=["embedded", "adopted"])
def page(request: pytest.FixtureRequest) -> Any:
    """A class whose attribute ``id`` is the key of both tables."""
    metadata = MetaData()
    head = Table(
        "head",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String),
    )
    tail = Table(
        "tail",
        metadata,
        Column("id", ForeignKey("head.id"), primary_key=True),
        Column("size_int", Integer),
    )
    bases: tuple[type, ...] = (Entity,) if request.param == "embedded" else ()
    Page = type("Page", bases, {"metadata": metadata})
    registry(metadata=metadata).map_imperatively(
        Page,
        head.join(tail),
        properties={"id": [head.c.id, tail.c.id], "size": tail.c.size_int},
    )
    return Page


@pytest.fixture
def engine(page: Any, lane: Lane, sql: Recorder) -> Iterator[Engine]:
    engine = sqlite_engine(lane, sql, create_script(page.metadata) + ROWS)
    yield engine
    engine.dispose()


def rows(session: Session, page: Any) -> list[tuple[Any, ...]]:
    """What both tables hold."""
    head, tail = page.metadata.tables["head"], page.metadata.tables["tail"]
    query = select(head.c.id, head.c.name, tail.c.size_int).outerjoin(tail)
    found = session.connection().execute(query.order_by(head.c.id))
    return [tuple(r) for r in found]


def made(page: Any, **values: Any) -> Any:
    obj = page()
    for name, value in values.items():
        setattr(obj, name, value)
    return obj


def test_generated_keys_are_handed_on(
    session: Session, page: Any, sql: Recorder
) -> None:
    given = [{"name": "two", "size": 20}, {"name": "three", "size": 30}]
    session.execute(insert(page), given)
    assert sql.take() == [
        (KEY, ("two",)),
        (KEY, ("three",)),
        ("INSERT INTO tail (id, size_int) VALUES (?, ?)", [(2, 20), (3, 30)]),
    ]
    assert given == [{"name": "two", "size": 20}, {"name": "three", "size": 30}]
    assert rows(session, page)[1:] == [(2, "two", 20), (3, "three", 30)]


def test_given_keys_need_no_returning(
    session: Session, page: Any, sql: Recorder
) -> None:
    given = [{"id": i, "name": "n", "size": i} for i in (5, 6)]
    session.bulk_insert_mappings(page, given)
    assert sql.take_sql() == [
        "INSERT INTO head (id, name) VALUES (?, ?)",
        "INSERT INTO tail (id, size_int) VALUES (?, ?)",
    ]


def test_mappings_get_their_keys(session: Session, page: Any) -> None:
    given: list[dict[str, Any]] = [{"name": "two"}, {"size": 30}]
    session.bulk_insert_mappings(page, given, return_defaults=True)
    assert given == [{"name": "two", "id": 2}, {"size": 30, "id": 3}]
    assert rows(session, page)[1:] == [(2, "two", None), (3, None, 30)]


def test_objects_get_their_keys(session: Session, page: Any) -> None:
    objects = [made(page, name="two", size=20), made(page, name="three", size=30)]
    session.bulk_save_objects(objects, return_defaults=True)
    assert [o.id for o in objects] == [2, 3]


def test_rows_are_updated_in_the_tables_that_they_name(
    session: Session, page: Any, sql: Recorder
) -> None:
    session.execute(update(page), [{"id": 1, "name": "x", "size": 5}])
    session.execute(update(page), [{"id": 1, "size": 6}])
    session.bulk_update_mappings(page, [{"id": 1, "name": "y"}])
    assert sql.take() == [
        ("UPDATE head SET name=? WHERE head.id = ?", ("x", 1)),
        ("UPDATE tail SET size_int=? WHERE tail.id = ?", (5, 1)),
        ("UPDATE tail SET size_int=? WHERE tail.id = ?", (6, 1)),
        ("UPDATE head SET name=? WHERE head.id = ?", ("y", 1)),
    ]
    assert rows(session, page) == [(1, "y", 6)]


def test_loaded_objects_follow(session: Session, page: Any, sql: Recorder) -> None:
    (loaded,) = session.scalars(select(page)).all()
    session.execute(update(page), [{"id": 1, "name": "x", "size": 5}])
    sql.clear()
    with sql.silence():
        assert (loaded.name, loaded.size) == ("x", 5)


def test_rows_must_be_there(session: Session, page: Any) -> None:
    with pytest.raises(exc.StaleDataError, match="on table 'tail' expected"):
        session.bulk_update_mappings(page, [{"id": 9, "size": 1}])


def test_upserts_are_refused(session: Session, page: Any) -> None:
    statement = upsert(page).on_conflict_do_nothing()
    with pytest.raises(InvalidRequestError, match="not supported for multi-table"):
        session.execute(statement, [{"name": "x"}])


def test_values_of_the_statement_go_to_their_tables(
    session: Session, page: Any, sql: Recorder
) -> None:
    (loaded,) = session.scalars(select(page)).all()
    sql.clear()
    statement = update(page).values(name=func.lower("X"), size=7)
    session.execute(statement, [{"id": 1}])
    session.execute(update(page).values(size=8), [{"id": 1}])
    session.execute(update(page).values(size=9), [{"id": 1, "name": "y"}])
    assert sql.take() == [
        ("UPDATE head SET name=lower(?) WHERE head.id = ?", ("X", 1)),
        ("UPDATE tail SET size_int=? WHERE tail.id = ?", (7, 1)),
        ("UPDATE tail SET size_int=? WHERE tail.id = ?", (8, 1)),
        ("UPDATE head SET name=? WHERE head.id = ?", ("y", 1)),
        ("UPDATE tail SET size_int=? WHERE tail.id = ?", (9, 1)),
    ]
    assert (loaded.name, loaded.size) == ("y", 9)


def test_criteria_of_the_statement_hold_for_each_table(
    session: Session, page: Any
) -> None:
    options = {"synchronize_session": None}
    statement = update(page).where(page.size == 10)
    session.execute(statement, [{"id": 1, "size": 11}], execution_options=options)
    assert rows(session, page) == [(1, "one", 11)]
    session.execute(statement, [{"id": 1, "size": 12}], execution_options=options)
    assert rows(session, page) == [(1, "one", 11)]


def test_rows_do_not_come_back_from_an_update(session: Session, page: Any) -> None:
    with pytest.raises(InvalidRequestError, match="does not support RETURNING"):
        session.execute(
            update(page).returning(page.name), [{"id": 1, "name": "x", "size": 1}]
        )
    assert rows(session, page) == [(1, "one", 10)]


def test_inserts_set_and_return_what_each_table_has(
    session: Session, page: Any, sql: Recorder
) -> None:
    statement = insert(page).values(size=func.abs(-7)).returning(page.size, page.name)
    result = session.execute(statement, [{"name": "x"}])
    assert result.all() == [(7, "x")]
    assert sql.take() == [
        ("INSERT INTO head (name) VALUES (?) RETURNING id, name", ("x",)),
        (
            "INSERT INTO tail (id, size_int) VALUES (?, abs(?)) RETURNING size_int",
            (2, -7),
        ),
    ]


def test_all_columns_of_an_attribute_are_selected(
    session: Session, page: Any, sql: Recorder
) -> None:
    (loaded,) = session.scalars(select(page)).all()
    assert (loaded.id, loaded.name, loaded.size) == (1, "one", 10)
    assert sql.take_sql() == [
        "SELECT head.id, tail.id AS id_1, head.name, tail.size_int "
        "FROM head JOIN tail ON head.id = tail.id"
    ]
