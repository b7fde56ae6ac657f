"""Bulk statements where the dialect decides how: PostgreSQL and MariaDB."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import URL, Engine, create_engine, delete, func, insert, select, update
from sqlalchemy.dialects.mysql import insert as mysql_insert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from ormolu import Session
from tests.dml.models import Models


@pytest.fixture(
    params=[
        pytest.param("postgresql", marks=pytest.mark.postgresql),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ]
)
def engine(request: pytest.FixtureRequest, models: Models) -> Iterator[Engine]:
    """A server's database with three rows of ``Pair``."""
    url: URL = request.getfixturevalue(f"{request.param}_url")
    engine = create_engine(url)
    table = models.metadata.tables["pair"]
    table.create(engine)
    with Session(engine) as session:
        session.execute(
            insert(models.Pair),
            [{"a": 1, "b": i, "value": f"v{i}"} for i in (1, 2, 3)],
        )
        session.commit()
    yield engine
    table.drop(engine)
    engine.dispose()


def _pairs(session: Session, models: Models) -> list[Any]:
    return list(session.scalars(select(models.Pair).order_by(models.Pair.b)))


def test_insert_returning_in_order(session: Session, models: Models) -> None:
    rows = [{"a": 2, "b": i} for i in range(30)]
    found = session.scalars(
        insert(models.Pair).returning(models.Pair, sort_by_parameter_order=True), rows
    ).all()
    assert [p.b for p in found] == list(range(30))


@pytest.mark.parametrize("how", ["auto", "fetch", "evaluate"])
def test_update_synchronizes(session: Session, models: Models, how: str) -> None:
    pairs = _pairs(session, models)
    result = session.execute(
        update(models.Pair).where(models.Pair.b > 1).values(value="new"),
        execution_options={"synchronize_session": how},
    )
    assert result.rowcount == 2
    assert [p.value for p in pairs] == ["v1", "new", "new"]


def test_unknown_values_are_read_again(session: Session, models: Models) -> None:
    pairs = _pairs(session, models)
    session.execute(
        update(models.Pair)
        .where(func.length(models.Pair.value) == 2)
        .values(value=func.upper(models.Pair.value))
    )
    assert [p.value for p in pairs] == ["V1", "V2", "V3"]


@pytest.mark.parametrize("how", ["auto", "fetch", "evaluate"])
def test_delete_synchronizes(session: Session, models: Models, how: str) -> None:
    pairs = _pairs(session, models)
    session.execute(
        delete(models.Pair).where(models.Pair.b > 1),
        execution_options={"synchronize_session": how},
    )
    assert [p in session for p in pairs] == [True, False, False]


def test_bulk_update(session: Session, models: Models) -> None:
    pairs = _pairs(session, models)
    session.execute(
        update(models.Pair), [{"a": 1, "b": i, "value": f"w{i}"} for i in (1, 3)]
    )
    session.expire_all()
    assert [p.value for p in pairs] == ["w1", "v2", "w3"]


def test_upsert(session: Session, models: Models) -> None:
    Pair = models.Pair
    rows = [{"a": 1, "b": 1, "value": "up"}, {"a": 9, "b": 9, "value": "in"}]
    if session.connection().dialect.name == "postgresql":
        first = postgresql_insert(Pair).values(rows)
        statement: Any = first.on_conflict_do_update(
            index_elements=[Pair.a, Pair.b], set_={"value": first.excluded.value}
        )
    else:
        other = mysql_insert(Pair).values(rows)
        statement = other.on_duplicate_key_update(value=other.inserted.value)
    found = session.scalars(statement.returning(Pair)).all()
    assert {(p.a, p.value) for p in found} == {(1, "up"), (9, "in")}


def test_mappings_of_several_rows(session: Session, models: Models) -> None:
    rows = [{"a": 3, "b": i, "value": None if i % 2 else "x"} for i in range(6)]
    session.bulk_insert_mappings(models.Pair, rows)
    session.bulk_update_mappings(models.Pair, [{"a": 3, "b": 0, "value": "y"}])
    values = [p.value for p in _pairs(session, models) if p.a == 3]
    assert values == ["y", None, "x", None, "x", None]
