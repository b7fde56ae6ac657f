"""``lazy="write_only"``: a collection that is never read as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import ForeignKey, select
from sqlalchemy.exc import InvalidRequestError, StatementError

from ormolu import (
    DeclarativeBase,
    Mapped,
    Session,
    WriteOnlyCollection,
    WriteOnlyMapped,
    attributes,
    mapped_column,
    relationship,
)
from tests.orm.conftest import MakeEngine
from tests.orm.large_models import ACCOUNT_ROWS, Large, build_large
from tests.orm.models import Mode
from tests.orm.recording import Recorder, one_line

SELECT = (
    "SELECT entry.id, entry.text, entry.account_id FROM entry "
    "WHERE ? = entry.account_id"
)


@pytest.fixture(scope="module")
def large(mode: Mode) -> Large:
    return build_large(mode, "write_only", passive_deletes=True)


@pytest.fixture
def session(make_engine: MakeEngine, large: Large) -> Iterator[Session]:
    with Session(make_engine(large.metadata, ACCOUNT_ROWS)) as session:
        yield session


@pytest.fixture
def ed(session: Session, large: Large, sql: Recorder) -> Any:
    ed = session.get_one(large.Account, 1)
    sql.clear()
    return ed


def texts(entries: Any) -> list[str]:
    return [entry.text for entry in entries]


def test_select_reads_the_rows(ed: Any, session: Session, sql: Recorder) -> None:
    assert isinstance(ed.entries, WriteOnlyCollection)
    assert texts(session.scalars(ed.entries.select())) == ["a", "b"]
    assert sql.take() == [(SELECT, (1,))]


def test_select_takes_the_configured_order(mode: Mode, make_engine: MakeEngine) -> None:
    large = build_large(mode, "write_only", order_by="Entry.text.desc()")
    with Session(make_engine(large.metadata, ACCOUNT_ROWS)) as session:
        ed = session.get_one(large.Account, 1)
        assert texts(session.scalars(ed.entries.select())) == ["b", "a"]


def test_select_of_many_to_many_names_the_secondary_table(
    ed: Any, session: Session, sql: Recorder
) -> None:
    assert [label.name for label in session.scalars(ed.labels.select())] == ["red"]
    assert sql.take_sql() == [
        "SELECT label.id, label.name FROM label, account_label WHERE ? = "
        "account_label.account_id AND label.id = account_label.label_id"
    ]


def test_filter_by_finds_the_names_of_the_entity_alone(
    ed: Any, large: Large, session: Session
) -> None:
    statement = ed.labels.select()
    assert session.scalars(statement.filter_by(name="red")).one().name == "red"
    with pytest.raises(
        InvalidRequestError,
        match='have a property "account_id". Searched entities: Mapper',
    ):
        statement.filter_by(account_id=1)


def test_filter_by_of_a_name_that_the_secondary_table_has_as_well(
    make_engine: MakeEngine,
) -> None:
    class Base(DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        wards: WriteOnlyMapped[Ward] = relationship(
            secondary="guard", back_populates="parents"
        )

    class Guard(Base):
        __tablename__ = "guard"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"))
        ward_id: Mapped[int] = mapped_column(ForeignKey("ward.id"))

    class Ward(Base):
        __tablename__ = "ward"
        id: Mapped[int] = mapped_column(primary_key=True)
        parents: WriteOnlyMapped[Parent] = relationship(
            secondary="guard", back_populates="wards"
        )

    with Session(make_engine(Base.metadata, "")) as session:
        parent = Parent(id=1)
        parent.wards.add_all([Ward(id=7), Ward(id=8)])
        session.add(parent)
        session.flush()
        statement = parent.wards.select().filter_by(id=8)
        assert session.scalars(statement).one().id == 8
        by_guard = parent.wards.select().join(Parent, Parent.id == Guard.parent_id)
        assert len(session.scalars(by_guard).all()) == 2


def test_autoflush_makes_pending_rows_visible(
    ed: Any, large: Large, session: Session
) -> None:
    ed.entries.add(large.Entry(text="new"))
    assert texts(session.scalars(ed.entries.select())) == ["a", "b", "new"]


def test_a_statement_reads_the_key_when_it_is_executed(
    large: Large, session: Session
) -> None:
    account = large.Account(entries=[large.Entry(text="x")])
    session.add(account)
    statement = account.entries.select()
    session.flush()
    assert texts(session.scalars(statement)) == ["x"]


def test_a_statement_of_an_object_without_a_key_is_refused(
    large: Large, session: Session
) -> None:
    statement = large.Account().entries.select()
    with pytest.raises(
        (InvalidRequestError, StatementError),
        match=r"Can't resolve value for column account.id on object <Account at .*>; "
        "no value has been set for this column",
    ):
        session.scalars(statement)


def test_iteration_is_refused(ed: Any) -> None:
    with pytest.raises(
        TypeError,
        match="WriteOnly collections don't support iteration in-place; to query for "
        r"collection items, use the select\(\) method",
    ):
        list(ed.entries)


def test_additions_and_removals_load_nothing(
    ed: Any, large: Large, session: Session, sql: Recorder
) -> None:
    first = session.get_one(large.Entry, 1)
    sql.clear()
    with sql.silence():
        ed.entries.add(large.Entry(text="x"))
        ed.entries.add_all([large.Entry(text="y")])
        ed.entries.remove(first)
    session.flush()
    assert not [s for s in sql.take_sql() if s.startswith("SELECT")]
    assert texts(session.scalars(ed.entries.select())) == ["b", "x", "y"]


def test_a_new_object_takes_a_list(large: Large, session: Session) -> None:
    account = large.Account(entries=[large.Entry(text="x")])
    account.entries = [*attributes.get_history(account, "entries", 22).added]
    session.add(account)
    session.flush()
    assert texts(session.scalars(account.entries.select())) == ["x"]


def test_a_stored_collection_is_not_replaced(ed: Any, large: Large) -> None:
    with pytest.raises(
        InvalidRequestError,
        match='Collection "Account.entries" does not support implicit iteration; '
        "collection replacement operations can't be used",
    ):
        ed.entries = [large.Entry()]


def test_history_is_what_waits_for_the_flush(
    ed: Any, large: Large, session: Session
) -> None:
    first, entry = session.get_one(large.Entry, 1), large.Entry(text="x")
    ed.entries.add(entry)
    ed.entries.remove(first)
    no_fetch = attributes.PASSIVE_NO_FETCH
    assert attributes.get_history(ed, "entries", no_fetch) == ([entry], [], [first])
    session.flush()
    assert attributes.get_history(ed, "entries", no_fetch) == ([], [], [])


def test_insert_adds_rows_of_the_parent(
    ed: Any, session: Session, sql: Recorder
) -> None:
    session.execute(ed.entries.insert(), [{"text": "x"}, {"text": "y"}])
    assert [s.sql for s in sql.take()] == [
        "INSERT INTO entry (text, account_id) VALUES (?, ?)"
    ]
    assert texts(session.scalars(ed.entries.select())) == ["a", "b", "x", "y"]


def test_insert_flushes_a_new_parent_first(large: Large, session: Session) -> None:
    account = large.Account(name="new")
    session.add(account)
    session.execute(account.entries.insert(), [{"text": "x"}])
    assert texts(session.scalars(account.entries.select())) == ["x"]


def test_insert_of_many_to_many_is_refused(ed: Any) -> None:
    with pytest.raises(
        InvalidRequestError,
        match="Write only bulk INSERT only supported for one-to-many collections; for "
        r"many-to-many, use a separate bulk INSERT along with add_all\(\).",
    ):
        ed.labels.insert()


def test_update_changes_the_rows_of_the_parent(
    ed: Any, large: Large, session: Session, sql: Recorder
) -> None:
    session.execute(ed.entries.update().values(text="z"))
    assert sql.take() == [
        ("UPDATE entry SET text=? WHERE ? = entry.account_id", ("z", 1))
    ]
    assert session.scalars(select(large.Entry.text)).all() == ["z", "z", "c"]


def test_delete_removes_the_rows_of_the_parent(
    ed: Any, large: Large, session: Session, sql: Recorder
) -> None:
    session.execute(ed.entries.delete().where(large.Entry.text == "a"))
    assert sql.take() == [
        ("DELETE FROM entry WHERE ? = entry.account_id AND entry.text = ?", (1, "a"))
    ]
    assert texts(session.scalars(ed.entries.select())) == ["b"]


def test_statements_can_be_shown(ed: Any) -> None:
    assert one_line(str(ed.entries.delete())) == (
        "DELETE FROM entry WHERE :param_1 = entry.account_id"
    )


def test_the_backref_is_kept_in_step(ed: Any, large: Large) -> None:
    entry = large.Entry(text="x")
    entry.account = ed
    assert attributes.get_history(ed, "entries", 22).added == [entry]
    entry.account = None
    assert attributes.get_history(ed, "entries", 22).added == []


def test_a_deleted_parent_leaves_its_rows_to_the_database(
    large: Large, session: Session, sql: Recorder
) -> None:
    session.delete(session.get_one(large.Account, 2))
    sql.clear()
    session.flush()
    assert sql.take() == [("DELETE FROM account WHERE account.id = ?", (2,))]


def test_without_passive_deletes_a_parent_cannot_be_deleted(
    mode: Mode, make_engine: MakeEngine
) -> None:
    large = build_large(mode, "write_only")
    with Session(make_engine(large.metadata, ACCOUNT_ROWS)) as session:
        session.delete(session.get_one(large.Account, 1))
        with pytest.raises(
            InvalidRequestError,
            match="Attribute Account.(entries|labels) can't load the existing state "
            "from the database for this operation; full iteration is not permitted. "
            " If this is a delete operation, configure passive_deletes=True on the "
            "Account.(entries|labels) relationship in order to resolve this error.",
        ):
            session.flush()


def test_is_modified_sees_it_as_a_collection(
    ed: Any, large: Large, session: Session
) -> None:
    ed.entries.add(large.Entry(text="x"))
    assert session.is_modified(ed)
    assert not session.is_modified(ed, include_collections=False)


def test_write_only_mapped_declares_the_style() -> None:
    class Base(DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int | None] = mapped_column(ForeignKey("parent.id"))
        children: WriteOnlyMapped[Any] = relationship("Parent")

    assert Parent.children.property.lazy == "write_only"
