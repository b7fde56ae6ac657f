"""Bulk statements where the dialect decides how: PostgreSQL and MariaDB."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    URL,
    Engine,
    String,
    create_engine,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.mysql import insert as mysql_insert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.exc import DBAPIError

from ormolu import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    exc,
    mapped_column,
    orm_insert_sentinel,
)
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


def test_upsert_of_rows_reaches_loaded_objects(
    session: Session, models: Models
) -> None:
    Pair = models.Pair
    first = _pairs(session, models)[0]
    rows = [{"a": 1, "b": 1, "value": "up"}, {"a": 9, "b": 9, "value": "in"}]
    if session.connection().dialect.name == "postgresql":
        new = postgresql_insert(Pair)
        statement: Any = new.on_conflict_do_update(
            index_elements=[Pair.a, Pair.b], set_={Pair.value: new.excluded.value}
        )
    else:
        other = mysql_insert(Pair)
        statement = other.on_duplicate_key_update({"value": other.inserted.value})
    found = session.scalars(
        statement.returning(Pair), rows, execution_options={"populate_existing": True}
    ).all()
    assert first in found
    assert first.value == "up"


def test_conflicts_are_ignored(session: Session, models: Models) -> None:
    Pair = models.Pair
    rows = [{"a": 1, "b": 1, "value": "no"}, {"a": 9, "b": 9, "value": "yes"}]
    statement: Any
    if session.connection().dialect.name == "postgresql":
        statement = postgresql_insert(Pair).on_conflict_do_nothing()
    else:
        statement = mysql_insert(Pair).prefix_with("IGNORE")
    values = session.scalars(statement.returning(Pair.value), rows).all()
    assert values == ["yes"]


@pytest.mark.parametrize("how", ["auto", "fetch"])
def test_update_from_another_row(session: Session, models: Models, how: str) -> None:
    pairs = _pairs(session, models)
    other = aliased(models.Pair)
    session.execute(
        update(models.Pair)
        .where(models.Pair.b == other.b + 1, other.value == "v1")
        .values({models.Pair.value: other.value}),
        execution_options={"synchronize_session": how},
    )
    assert [p.value for p in pairs] == ["v1", "v1", "v3"]


@pytest.mark.parametrize("how", ["auto", "fetch"])
def test_delete_using_another_row(session: Session, models: Models, how: str) -> None:
    pairs = _pairs(session, models)
    other = aliased(models.Pair)
    session.execute(
        delete(models.Pair).where(models.Pair.b == other.b + 1, other.value == "v1"),
        execution_options={"synchronize_session": how},
    )
    assert [p in session for p in pairs] == [True, False, True]


def test_delete_returns_objects(session: Session, models: Models) -> None:
    pairs = _pairs(session, models)
    found = session.scalars(
        delete(models.Pair).where(models.Pair.b > 1).returning(models.Pair),
        execution_options={"synchronize_session": "fetch"},
    ).all()
    assert {p.value for p in found} == {"v2", "v3"}
    assert [p in session for p in pairs] == [True, False, False]


def test_update_returning_where_the_backend_has_it(
    session: Session, models: Models
) -> None:
    dialect = session.connection().dialect
    pairs = _pairs(session, models)
    statement = update(models.Pair).where(models.Pair.b > 1).values(value="new")
    if not dialect.update_returning:
        with pytest.raises(DBAPIError):
            session.execute(statement.returning(models.Pair))
        return
    found = session.scalars(
        statement.returning(models.Pair.value, models.Pair.b),
        execution_options={"synchronize_session": "fetch"},
    ).all()
    assert found == ["new", "new"]
    assert [p.value for p in pairs] == ["v1", "new", "new"]


def test_rows_by_key_must_be_there(session: Session, models: Models) -> None:
    rows = [{"a": 1, "b": 1, "value": "x"}, {"a": 1, "b": 77, "value": "x"}]
    with pytest.raises(exc.StaleDataError, match="expected to update 2 row"):
        session.execute(update(models.Pair), rows)


def test_mappings_of_several_rows(session: Session, models: Models) -> None:
    rows = [{"a": 3, "b": i, "value": None if i % 2 else "x"} for i in range(6)]
    session.bulk_insert_mappings(models.Pair, rows)
    session.bulk_update_mappings(models.Pair, [{"a": 3, "b": 0, "value": "y"}])
    values = [p.value for p in _pairs(session, models) if p.a == 3]
    assert values == ["y", None, "x", None, "x", None]


def test_a_sentinel_brings_rows_in_order(engine: Engine) -> None:
    class Base(DeclarativeBase):
        pass

    key = "md5(random()::text)" if engine.dialect.name == "postgresql" else "uuid()"

    class Note(Base):
        __tablename__ = "note_with_sentinel"

        id: Mapped[str] = mapped_column(
            String(40), primary_key=True, server_default=text(f"({key})")
        )
        number: Mapped[int]
        _order: Mapped[int] = orm_insert_sentinel()

    Base.metadata.create_all(engine)
    try:
        with Session(engine) as session:
            statement = insert(Note).returning(Note, sort_by_parameter_order=True)
            rows = [{"number": i} for i in range(20, 0, -1)]
            found = session.scalars(statement, rows).all()
            assert [n.number for n in found] == list(range(20, 0, -1))
    finally:
        Base.metadata.drop_all(engine)
