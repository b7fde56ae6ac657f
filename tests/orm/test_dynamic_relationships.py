"""``lazy="dynamic"``: a collection that is a query."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import ForeignKey, select
from sqlalchemy.exc import InvalidRequestError, SAWarning

from ormolu import (
    AppenderQuery,
    DeclarativeBase,
    DynamicMapped,
    Mapped,
    Query,
    Session,
    attributes,
    dynamic_loader,
    immediateload,
    mapped_column,
    relationship,
    selectinload,
)
from ormolu.exc import DetachedInstanceError
from tests.orm.conftest import MakeEngine
from tests.orm.large_models import ACCOUNT_ROWS, Large, build_large
from tests.orm.models import Mode
from tests.orm.recording import Recorder

SELECT = (
    "SELECT entry.id AS entry_id, entry.text AS entry_text, entry.account_id AS "
    "entry_account_id FROM entry WHERE ? = entry.account_id"
)


@pytest.fixture(scope="module")
def large(mode: Mode) -> Large:
    return build_large(mode, "dynamic")


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


def test_the_collection_is_a_query(ed: Any, sql: Recorder) -> None:
    with sql.silence():
        entries = ed.entries
    assert isinstance(entries, AppenderQuery)
    assert isinstance(entries, Query)


def test_iteration_selects_the_rows_each_time(ed: Any, sql: Recorder) -> None:
    assert texts(ed.entries) == ["a", "b"]
    assert texts(ed.entries) == ["a", "b"]
    assert sql.take() == [(SELECT, (1,)), (SELECT, (1,))]


def test_further_criteria_narrow_the_query(
    ed: Any, large: Large, sql: Recorder
) -> None:
    assert texts(ed.entries.filter(large.Entry.text == "b")) == ["b"]
    assert sql.take() == [(f"{SELECT} AND entry.text = ?", (1, "b"))]


def test_what_is_built_from_it_is_a_plain_query(ed: Any, large: Large) -> None:
    assert type(ed.entries.filter(large.Entry.id == 1)) is Query


def test_an_index_and_a_slice_become_limits(ed: Any, sql: Recorder) -> None:
    assert ed.entries[1].text == "b"
    assert texts(ed.entries[0:1]) == ["a"]
    assert [s.parameters for s in sql.take()] == [(1, 1, 1), (1, 1, 0)]


def test_a_negative_index_is_refused(ed: Any) -> None:
    with pytest.raises(IndexError, match="negative indexes are not accepted"):
        ed.entries[-1]


def test_count_counts_in_the_database(ed: Any, sql: Recorder) -> None:
    assert ed.entries.count() == 2
    assert "count(*)" in sql.take_sql()[0]


def test_autoflush_makes_pending_rows_visible(
    ed: Any, large: Large, session: Session
) -> None:
    ed.entries.add(large.Entry(text="new"))
    assert texts(ed.entries) == ["a", "b", "new"]
    assert ed.entries.count() == 3


def test_without_autoflush_pending_rows_are_not_there(
    ed: Any, large: Large, session: Session
) -> None:
    with session.no_autoflush:
        ed.entries.add(large.Entry(text="new"))
        assert texts(ed.entries) == ["a", "b"]


def test_an_addition_loads_nothing(
    ed: Any, large: Large, session: Session, sql: Recorder
) -> None:
    with sql.silence():
        ed.entries.add_all([large.Entry(text="x"), large.Entry(text="y")])
    session.flush()
    assert all(s.startswith("INSERT INTO entry") for s in sql.take_sql())


def test_append_and_extend_are_other_names(ed: Any, large: Large) -> None:
    ed.entries.append(large.Entry(text="x"))
    ed.entries.extend([large.Entry(text="y")])
    assert texts(ed.entries) == ["a", "b", "x", "y"]


def test_a_removal_clears_the_foreign_key(
    ed: Any, large: Large, session: Session, sql: Recorder
) -> None:
    first = session.get_one(large.Entry, 1)
    sql.clear()
    ed.entries.remove(first)
    session.flush()
    assert sql.take() == [
        ("UPDATE entry SET account_id=? WHERE entry.id = ?", (None, 1))
    ]


def test_what_is_added_and_removed_again_is_not_inserted(
    ed: Any, large: Large, session: Session, sql: Recorder
) -> None:
    entry = large.Entry(text="x")
    ed.entries.add(entry)
    ed.entries.remove(entry)
    assert attributes.get_history(ed, "entries", 22) == ([], [], [])


def test_the_backref_is_kept_in_step(ed: Any, large: Large) -> None:
    entry = large.Entry(text="x")
    ed.entries.add(entry)
    assert entry.account is ed
    ed.entries.remove(entry)
    assert entry.account is None
    entry.account = ed
    assert entry in attributes.get_history(ed, "entries", 22).added


def test_replacement_adds_and_removes_the_difference(
    ed: Any, large: Large, session: Session
) -> None:
    first = session.get_one(large.Entry, 1)
    ed.entries = [first, large.Entry(text="x")]
    session.flush()
    assert texts(ed.entries) == ["a", "x"]
    assert session.get_one(large.Entry, 2).account_id is None


def test_replacement_takes_back_a_removal(
    ed: Any, large: Large, session: Session
) -> None:
    first = session.get_one(large.Entry, 1)
    with session.no_autoflush:
        ed.entries.remove(first)
        ed.entries = [first]
    session.commit()
    assert texts(ed.entries) == ["a"]


def test_history_shows_stored_rows_when_it_may_load(
    ed: Any, large: Large, session: Session
) -> None:
    first, second = list(ed.entries)
    entry = large.Entry(text="x")
    with session.no_autoflush:
        ed.entries.add(entry)
        ed.entries.remove(first)
        history = attributes.get_history(ed, "entries")
    assert history == ([entry], [second], [first])


def test_a_new_object_shows_what_waits_to_be_added(large: Large) -> None:
    first, second = large.Entry(), large.Entry()
    account = large.Account(entries=[first, second])
    assert list(account.entries) == [first, second]
    assert account.entries[1] is second
    assert account.entries.count() == 2


def test_a_new_object_without_a_session_cannot_be_filtered(large: Large) -> None:
    with pytest.raises(
        DetachedInstanceError, match="lazy load operation of attribute 'entries'"
    ):
        large.Account().entries.filter(large.Entry.id == 1)


def test_a_detached_object_warns_and_shows_nothing(ed: Any, session: Session) -> None:
    session.expunge(ed)
    with pytest.warns(SAWarning, match="detached, dynamic relationship cannot return"):
        assert list(ed.entries) == []


def test_rollback_forgets_what_was_added(
    ed: Any, large: Large, session: Session
) -> None:
    ed.entries.add(large.Entry(text="x"))
    session.rollback()
    assert texts(ed.entries) == ["a", "b"]
    assert not session.new


def test_expiry_forgets_what_was_added(ed: Any, session: Session, large: Large) -> None:
    ed.entries.add(large.Entry(text="x"))
    session.expire(ed, ["entries"])
    assert attributes.get_history(ed, "entries", 22) == ([], [], [])


def test_only_a_mark_is_kept_in_memory(ed: Any, large: Large) -> None:
    assert "entries" not in ed.__dict__
    ed.entries.add(large.Entry(text="x"))
    assert ed.__dict__["entries"] is True


def test_a_deleted_parent_reads_its_rows_once(
    ed: Any, session: Session, sql: Recorder, large: Large
) -> None:
    session.delete(ed)
    session.flush()
    taken = sql.take()
    selects = [s.sql for s in taken if s.sql.startswith("SELECT entry")]
    assert selects == [SELECT]
    assert ("UPDATE entry SET account_id=? WHERE entry.id = ?") in [
        s.sql for s in taken
    ]


def test_many_to_many_rows_are_inserted_and_deleted(
    ed: Any, large: Large, session: Session, sql: Recorder
) -> None:
    red, blue = session.scalars(select(large.Label).order_by(large.Label.id))
    sql.clear()
    ed.labels.add(blue)
    ed.labels.remove(red)
    session.flush()
    assert [(s.sql.split(" WHERE ")[0].split(" (")[0]) for s in sql.take()] == [
        "DELETE FROM account_label",
        "INSERT INTO account_label",
    ]
    assert list(ed.labels) == [blue]


@pytest.mark.parametrize("passive_deletes", [False, True])
def test_delete_orphan_deletes_what_is_removed(
    mode: Mode, make_engine: MakeEngine, passive_deletes: bool
) -> None:
    large = build_large(
        mode, "dynamic", cascade="all, delete-orphan", passive_deletes=passive_deletes
    )
    with Session(make_engine(large.metadata, ACCOUNT_ROWS)) as session:
        ed = session.get_one(large.Account, 1)
        ed.entries.remove(session.get_one(large.Entry, 1))
        session.flush()
        assert session.get(large.Entry, 1) is None
        session.delete(ed)
        if not passive_deletes:
            session.flush()
            assert session.scalars(select(large.Entry.id)).all() == [3]


def test_the_configured_order_is_used(mode: Mode, make_engine: MakeEngine) -> None:
    large = build_large(mode, "dynamic", order_by="Entry.text.desc()")
    with Session(make_engine(large.metadata, ACCOUNT_ROWS)) as session:
        ed = session.get_one(large.Account, 1)
        assert texts(ed.entries) == ["b", "a"]
        assert texts(ed.entries.order_by(None).order_by(large.Entry.text)) == ["a", "b"]


def test_query_class_adds_methods(mode: Mode, make_engine: MakeEngine) -> None:
    class Ordered(Query[Any]):
        def backwards(self) -> Any:
            return self.order_by(large.Entry.id.desc())

    large = build_large(mode, "dynamic", query_class=Ordered)
    with Session(make_engine(large.metadata, ACCOUNT_ROWS)) as session:
        entries = session.get_one(large.Account, 1).entries
        assert type(entries).__name__ == "AppenderOrdered"
        assert texts(entries.backwards()) == ["b", "a"]
        assert type(entries.backwards()) is Ordered


def test_merge_copies_what_was_added(
    large: Large, session: Session, sql: Recorder
) -> None:
    given = large.Account(id=1, entries=[large.Entry(id=2), large.Entry(id=9)])
    merged = session.merge(given)
    session.commit()
    assert [entry.id for entry in merged.entries] == [2, 9]


def test_a_pickled_object_keeps_what_was_added(
    make_engine: MakeEngine, sql: Recorder
) -> None:
    with Session(make_engine(PickledBase.metadata)) as session:
        parent = Parent(id=1)
        session.add(parent)
        session.commit()
        parent.id  # noqa: B018  to load it
        parent.children.add(Child(id=1))
        copied = pickle.loads(pickle.dumps(parent))
        assert len(attributes.get_history(copied, "children", 22).added) == 1


class PickledBase(DeclarativeBase):
    pass


class Parent(PickledBase):
    __tablename__ = "parent"
    id: Mapped[int] = mapped_column(primary_key=True)
    children: DynamicMapped[Child] = relationship()


class Child(PickledBase):
    __tablename__ = "child"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"))


def test_dynamic_mapped_declares_the_style() -> None:
    assert Parent.children.property.lazy == "dynamic"


def test_dynamic_loader_is_a_relationship_of_that_style() -> None:
    assert dynamic_loader("Child").lazy == "dynamic"


def test_values_cannot_be_loaded_into_it(large: Large) -> None:
    with pytest.raises(NotImplementedError, match="support collection population"):
        attributes.set_committed_value(large.Account(), "entries", [])


def test_it_cannot_be_loaded_eagerly(large: Large, session: Session) -> None:
    statement = select(large.Account)
    with pytest.raises(
        InvalidRequestError,
        match=r"'Account.entries' does not support object population - eager loading",
    ):
        session.scalars(statement.options(selectinload(large.Account.entries)))
    with pytest.raises(NotImplementedError, match="support collection population"):
        session.scalars(statement.options(immediateload(large.Account.entries)))


def test_it_cannot_be_a_scalar(mode: Mode) -> None:
    large = build_large(mode, "dynamic", uselist=False, backref=None)
    with pytest.raises(
        InvalidRequestError,
        match=r"On relationship Account.entries, 'dynamic' loaders cannot be used with",
    ):
        large.registry.configure()
    large.registry.dispose()
