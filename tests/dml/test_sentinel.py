"""orm_insert_sentinel(): a column that only brings the rows of RETURNING in order."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, insert, inspect, select
from sqlalchemy import insert_sentinel as core_sentinel
from sqlalchemy.exc import ArgumentError

from ormolu import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    Session,
    mapped_column,
    orm_insert_sentinel,
    registry,
)
from tests.orm.models import create_script
from tests.orm.recording import Lane, Recorder, sqlite_engine

BATCH = "INSERT INTO note (text, _order) VALUES (?, ?), (?, ?) RETURNING id, {}_order"


def _embedded() -> Any:
    class Base(DeclarativeBase):
        pass

    class Note(Base):
        __tablename__ = "note"

        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str | None]
        _order: Mapped[int] = orm_insert_sentinel()

    return Note


def _adopted() -> Any:
    @registry().mapped
    class Note:
        __tablename__ = "note"

        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str | None]
        _order: Mapped[int] = orm_insert_sentinel()

    return Note


@pytest.fixture(scope="module", params=["embedded", "adopted"])
def note(request: pytest.FixtureRequest) -> Any:
    """The class ``Note`` with a sentinel column."""
    return _embedded() if request.param == "embedded" else _adopted()


@pytest.fixture
def engine(note: Any, lane: Lane, sql: Recorder) -> Iterator[Engine]:
    script = create_script(note.__table__.metadata)
    engine = sqlite_engine(lane, sql, script)
    yield engine
    engine.dispose()


def test_it_is_a_nullable_column_of_the_table_alone(note: Any) -> None:
    assert note.__table__.c._order.nullable
    assert [p.key for p in inspect(note).column_attrs] == ["id", "text"]
    assert str(select(note)) == "SELECT note.id, note.text \nFROM note"


def test_rows_in_order_come_in_one_batch(
    session: Session, note: Any, sql: Recorder
) -> None:
    statement = insert(note).returning(note, sort_by_parameter_order=True)
    found = session.scalars(statement, [{"text": "b"}, {"text": "a"}]).all()
    assert [n.text for n in found] == ["b", "a"]
    assert sql.take() == [(BATCH.format("text, "), ("b", 0, "a", 1))]


def test_rows_in_any_order_do_not_need_it(
    session: Session, note: Any, sql: Recorder
) -> None:
    session.scalars(insert(note).returning(note), [{"text": "b"}, {"text": "a"}]).all()
    assert sql.take_sql() == [
        "INSERT INTO note (text) VALUES (?), (?) RETURNING id, text"
    ]


def test_generated_keys_of_mappings_come_in_one_batch(
    session: Session, note: Any, sql: Recorder
) -> None:
    rows: list[dict[str, Any]] = [{"text": "b"}, {"text": "a"}]
    session.bulk_insert_mappings(note, rows, return_defaults=True)
    assert sql.take_sql() == [BATCH.format("")]
    assert [r["id"] for r in rows] == [1, 2]


def test_a_value_for_it_is_left_out(session: Session, note: Any, sql: Recorder) -> None:
    session.execute(insert(note), [{"text": "a", "_order": 7}])
    assert sql.take() == [("INSERT INTO note (text) VALUES (?)", ("a",))]


def test_a_column_of_another_name_is_mapped() -> None:
    class Base(DeclarativeBase):
        pass

    class Note(Base):
        __tablename__ = "note"

        id: Mapped[int] = mapped_column(primary_key=True)
        order: Mapped[int] = orm_insert_sentinel("position")

    assert [p.key for p in inspect(Note).column_attrs] == ["id", "order"]


def test_a_column_that_statements_may_name_is_mapped() -> None:
    class Base(DeclarativeBase):
        pass

    class Note(Base):
        __tablename__ = "note"

        id: Mapped[int] = mapped_column(primary_key=True)
        order: Mapped[int] = orm_insert_sentinel(omit_from_statements=False)

    assert str(select(Note)) == 'SELECT note.id, note."order" \nFROM note'


def test_a_dataclass_can_leave_it_alone() -> None:
    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    class Note(Base):
        __tablename__ = "note"

        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        order: Mapped[int] = orm_insert_sentinel()

    assert Note().order is None
    assert "order" not in vars(Note())


def test_it_needs_an_annotation_or_a_type() -> None:
    class Base(DeclarativeBase):
        pass

    with pytest.raises(ArgumentError, match="annotation is required"):
        type(
            "Note",
            (Base,),
            {
                "__tablename__": "note",
                "id": mapped_column(primary_key=True),
                "order": orm_insert_sentinel(),
            },
        )


def test_the_sentinel_of_a_table_is_not_mapped_by_itself() -> None:
    table = Table(
        "note", MetaData(), Column("id", Integer, primary_key=True), core_sentinel("s")
    )
    Plain = type("Plain", (), {})
    Named = type("Named", (), {})
    registry().map_imperatively(Plain, table)
    registry().map_imperatively(Named, table, properties={"order": table.c.s})
    assert [p.key for p in inspect(Plain).column_attrs] == ["id"]
    assert [p.key for p in inspect(Named).column_attrs] == ["id", "order"]
