"""Events: what is heard, in which order, and how listeners are removed."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, bindparam, event, inspect, select
from sqlalchemy.exc import InvalidRequestError, SADeprecationWarning

from ormolu import (
    InstanceState,
    Mapper,
    ORMExecuteState,
    Session,
    mapper,
    sessionmaker,
)
from ormolu.events import InstanceEvents, MapperEvents, SessionEvents


@pytest.fixture(autouse=True)
def _forget_listeners() -> Iterator[None]:
    yield
    for family in (InstanceEvents, MapperEvents, SessionEvents):
        family._clear()


LIFECYCLE = (
    "transient_to_pending",
    "pending_to_transient",
    "persistent_to_transient",
    "pending_to_persistent",
    "detached_to_persistent",
    "loaded_as_persistent",
    "persistent_to_deleted",
    "deleted_to_persistent",
    "deleted_to_detached",
    "persistent_to_detached",
)


def recorded(target: Any, *names: str) -> list[str]:
    """The names of the events that a target hears from now on."""
    heard: list[str] = []
    for name in names:
        event.listen(target, name, lambda *_, name=name: heard.append(name))
    return heard


def test_the_life_of_an_object(engine: Engine, user_class: Any) -> None:
    session = Session(engine)
    heard = recorded(session, *LIFECYCLE)
    user = user_class(id=1)
    session.add(user)
    session.flush()
    session.rollback()
    session.add(user)
    session.commit()
    session.delete(user)
    session.flush()
    session.rollback()
    session.expunge(user)
    session.add(user)
    session.delete(user)
    session.commit()
    assert heard == [
        "transient_to_pending",
        "pending_to_persistent",
        "persistent_to_transient",
        "transient_to_pending",
        "pending_to_persistent",
        "persistent_to_deleted",
        "deleted_to_persistent",
        "persistent_to_detached",
        "detached_to_persistent",
        "persistent_to_deleted",
        "deleted_to_detached",
    ]


def test_the_events_of_a_transaction(engine: Engine, user_class: Any) -> None:
    session = Session(engine)
    heard = recorded(
        session,
        "after_transaction_create",
        "after_begin",
        "before_flush",
        "after_flush",
        "after_flush_postexec",
        "before_commit",
        "after_commit",
        "after_transaction_end",
    )
    session.add(user_class())
    session.commit()
    assert heard == [
        "after_transaction_create",
        "before_commit",
        "before_flush",
        "after_transaction_create",
        "after_begin",
        "after_flush",
        "after_flush_postexec",
        "after_transaction_end",
        "after_commit",
        "after_transaction_end",
    ]


def test_listeners_of_one_sessionmaker_hear_its_sessions_only(
    engine: Engine, user_class: Any
) -> None:
    first, second = sessionmaker(engine), sessionmaker(engine)
    heard = recorded(first, "before_flush")
    with second.begin() as session:
        session.add(user_class())
    assert heard == []
    with first.begin() as session:
        session.add(user_class())
    assert heard == ["before_flush"]


def test_a_listener_can_be_removed(user_class: Any) -> None:
    heard: list[str] = []

    def on_set(target: Any, value: Any, old: Any, initiator: Any) -> None:
        heard.append(value)

    event.listen(user_class.name, "set", on_set)
    assert event.contains(user_class.name, "set", on_set)
    user_class(name="a")
    event.remove(user_class.name, "set", on_set)
    assert not event.contains(user_class.name, "set", on_set)
    user_class(name="b")
    assert heard == ["a"]


def test_retval_replaces_the_value_and_raw_gives_the_state(user_class: Any) -> None:
    def upper(state: Any, value: Any, old: Any, initiator: Any) -> Any:
        assert isinstance(state, InstanceState)
        return value.upper()

    event.listen(user_class.name, "set", upper, retval=True, raw=True)
    try:
        assert user_class(name="sandy").name == "SANDY"
    finally:
        event.remove(user_class.name, "set", upper)


def test_collection_listeners(user_class: Any, address_class: Any) -> None:
    heard: list[Any] = []

    def on_append(target: Any, value: Any, initiator: Any) -> None:
        heard.append(("append", value))

    def on_remove(target: Any, value: Any, initiator: Any) -> None:
        heard.append(("remove", value))

    event.listen(user_class.addresses, "append", on_append)
    event.listen(user_class.addresses, "remove", on_remove)
    try:
        user, address = user_class(), address_class()
        user.addresses.append(address)
        user.addresses.remove(address)
    finally:
        event.remove(user_class.addresses, "append", on_append)
        event.remove(user_class.addresses, "remove", on_remove)
    assert heard == [("append", address), ("remove", address)]


def test_once_and_insert(engine: Engine, user_class: Any) -> None:
    session = Session(engine)
    heard: list[str] = []
    event.listen(session, "before_flush", lambda *_: heard.append("second"))
    event.listen(session, "before_flush", lambda *_: heard.append("first"), insert=True)
    event.listen(session, "before_flush", lambda *_: heard.append("once"), once=True)
    for _ in range(2):
        session.add(user_class())
        session.flush()
    assert heard == ["first", "second", "once", "first", "second"]


def test_mapper_wide_listeners(engine: Engine, user_class: Any) -> None:
    heard = recorded(Mapper, "before_insert", "after_update")
    session = Session(engine)
    user = user_class(name="x")
    session.add(user)
    session.flush()
    user.name = "y"
    session.flush()
    assert heard == ["before_insert", "after_update"]


def test_a_plan_in_use_hears_listeners_that_come_later(
    engine: Engine, user_class: Any
) -> None:
    session = Session(engine)
    session.add(user_class(id=1, name="x"))
    session.commit()
    statement = select(user_class)
    session.scalars(statement).all()
    heard = recorded(user_class, "load", "refresh", "expire")
    session.expunge_all()
    user = session.scalars(statement).one()
    session.refresh(user)
    assert heard == ["load", "expire", "refresh"]


def test_a_listener_may_answer_a_statement(engine: Engine, user_class: Any) -> None:
    session = Session(engine)
    session.add_all([user_class(id=1, name="a"), user_class(id=2, name="b")])
    session.commit()

    def other_row(state: ORMExecuteState) -> Any:
        assert state.is_select
        assert state.is_orm_statement
        return state.invoke_statement(params={"key": 2})

    event.listen(session, "do_orm_execute", other_row, retval=True)
    statement = select(user_class).where(user_class.id == bindparam("key"))
    assert session.scalars(statement, {"key": 1}).one().name == "b"


def test_lazy_loads_are_announced(engine: Engine, user_class: Any) -> None:
    session = Session(engine)
    session.add(user_class(id=1))
    session.commit()
    user = session.get_one(user_class, 1)
    heard: list[Any] = []
    event.listen(
        session,
        "do_orm_execute",
        lambda s: heard.append((s.is_relationship_load, s.lazy_loaded_from)),
    )
    user.addresses
    assert heard == [(True, inspect(user))]


def test_a_change_within_the_flush_warns(engine: Engine, user_class: Any) -> None:
    session = Session(engine)
    event.listen(session, "before_flush", lambda *_: None)

    def on_insert(mapper: Any, connection: Any, target: Any) -> None:
        session.add(user_class())

    event.listen(user_class, "before_insert", on_insert)
    session.add(user_class())
    try:
        with pytest.warns(Warning, match="Usage of the 'Session.add"):
            session.flush()
    finally:
        event.remove(user_class, "before_insert", on_insert)


def test_the_old_symbol_is_all_mappers(user_class: Any) -> None:
    heard = []
    for name in ("init", "before_configured"):
        with pytest.warns(SADeprecationWarning, match="symbol is deprecated"):
            event.listen(mapper, name, lambda *_, name=name: heard.append(name))
    user_class(id=1)
    assert "init" in heard
    with pytest.raises(InvalidRequestError, match="function is removed"):
        mapper(user_class, user_class.__table__)
