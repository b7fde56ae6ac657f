"""What begins a transaction, what a closed session refuses, and the identity map."""

import gc
import weakref
from typing import Any

import pytest
from sqlalchemy import Engine, delete, event, exc, inspect, select

from ormolu import Session, make_transient
from ormolu.exc import UnmappedInstanceError


@pytest.fixture
def filled(engine: Engine, user_class: Any) -> Engine:
    with Session(engine) as session:
        session.add_all([user_class(id=1, name="one"), user_class(id=2, name="two")])
        session.commit()
    return engine


# -- beginning ---------------------------------------------------------------------


def test_the_first_change_of_an_object_begins(filled: Engine, user_class: Any) -> None:
    with Session(filled, expire_on_commit=False) as session:
        user = session.get(user_class, 1)
        assert user is not None
        session.commit()
        assert session._transaction is None
        user.name = "changed"
        assert session._transaction is not None


def test_without_autobegin_a_change_is_refused(filled: Engine, user_class: Any) -> None:
    with Session(filled, autobegin=False, expire_on_commit=False) as session:
        with session.begin():
            user = session.get(user_class, 1)
        assert user is not None
        with pytest.raises(exc.InvalidRequestError, match="Autobegin is disabled"):
            user.name = "changed"
        with pytest.raises(exc.InvalidRequestError, match="Autobegin is disabled"):
            session.add(user)
        assert session.is_active


def test_a_change_within_a_finished_block_is_refused(
    filled: Engine, user_class: Any
) -> None:
    with Session(filled, expire_on_commit=False) as session:
        user = session.get(user_class, 1)
        session.commit()
        assert user is not None
        with session.begin():
            session.rollback()
            with pytest.raises(exc.InvalidRequestError, match="closed transaction"):
                user.name = "changed"


# -- connections ---------------------------------------------------------------------


def test_a_transaction_knows_its_connections(filled: Engine) -> None:
    with Session(filled) as session:
        transaction = session.begin()
        assert transaction.connections == frozenset()
        with pytest.raises(exc.InvalidRequestError, match="has not acquired"):
            transaction.bound_connection()
        connection = session.connection()
        assert transaction.connections == {connection}
        assert transaction.bound_connection() is connection
        nested = session.begin_nested()
        assert nested.connections == frozenset()
        session.commit()
        assert transaction.connections == {connection}
        assert transaction.bound_connection().closed


def test_nothing_is_done_while_a_connection_is_provided(filled: Engine) -> None:
    with Session(filled) as session:

        @event.listens_for(session, "after_begin")
        def use(session: Session, transaction: Any, connection: Any) -> None:
            for operation in (session.connection, session.commit, session.rollback):
                with pytest.raises(exc.InvalidRequestError, match="provisioning"):
                    operation()
            with pytest.raises(exc.IllegalStateChangeError, match="close"):
                session.close()

        assert session.connection().in_transaction()


# -- results -------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["close", "expunge_all"])
def test_a_result_outlives_no_session(
    filled: Engine, user_class: Any, method: str
) -> None:
    with Session(filled) as session:
        result = session.execute(select(user_class))
        columns = session.execute(select(user_class.id))
        getattr(session, method)()
        with pytest.raises(
            exc.InvalidRequestError, match="this identity map is no longer valid"
        ):
            result.all()
        assert len(columns.all()) == 2


def test_a_buffered_result_does(filled: Engine, user_class: Any) -> None:
    with Session(filled) as session:
        result = session.execute(
            select(user_class), execution_options={"prebuffer_rows": True}
        )
        session.close()
        assert len(result.all()) == 2


# -- deletion ------------------------------------------------------------------------


def test_a_deleted_object_keeps_its_values(filled: Engine, user_class: Any) -> None:
    with Session(filled) as session:
        user = session.get(user_class, 1)
        assert user is not None
        session.commit()
        session.delete(user)
        session.commit()
        make_transient(user)
        session.add(user)
        session.commit()
        assert user.name == "one"


def test_a_rollback_puts_the_deleted_object_back_in_its_place(
    filled: Engine, user_class: Any
) -> None:
    with Session(filled) as session:
        user = session.get(user_class, 1)
        session.delete(user)
        session.flush()
        session.execute(user_class.__table__.insert().values(id=1, name="again"))
        again = session.get(user_class, 1)
        assert again is not user
        session.rollback()
        assert user in session
        assert again not in session
        assert session.get(user_class, 1) is user


# -- the identity map ----------------------------------------------------------------


def test_the_identity_map_takes_and_gives_states(
    filled: Engine, user_class: Any
) -> None:
    with Session(filled) as session, Session(filled) as other:
        found = session.identity_map
        assert session.identity_map is found
        user, twin = session.get(user_class, 1), other.get(user_class, 1)
        other.expunge(twin)
        state, key = inspect(user), inspect(user).identity_key
        assert found.has_key(key)
        assert found.contains_state(state)
        assert found.fast_get_state(key) is state
        assert found.add(state) is False
        found.discard(state)
        assert user not in session
        assert key not in found
        assert found.add(state) is True
        with pytest.raises(exc.InvalidRequestError, match="another instance with key"):
            found.add(inspect(twin))
        assert found.replace(inspect(twin)) is state
        assert found[key] is twin


def test_binds_are_shown_and_not_changed(filled: Engine, user_class: Any) -> None:
    session = Session(binds={user_class: filled})
    assert session.binds[user_class] is filled
    with pytest.raises(TypeError):
        session.binds[user_class] = None  # type: ignore[index]
    session.bind_table(user_class.__table__, filled)
    assert user_class.__table__ in session.binds


# -- what is refused -----------------------------------------------------------------


@pytest.mark.parametrize("statement", ["SELECT 1", 5])
def test_what_cannot_be_executed(filled: Engine, statement: Any) -> None:
    with Session(filled) as session, pytest.raises(exc.ArgumentError):
        session.execute(statement)


def test_an_empty_dict_of_row_locks(filled: Engine, user_class: Any) -> None:
    with Session(filled) as session:
        user = session.get(user_class, 1)
        with pytest.raises(exc.ArgumentError, match="blank dictionary is ambiguous"):
            session.refresh(user, with_for_update={})


@pytest.mark.parametrize("value", ["text", 5, None, object()])
@pytest.mark.parametrize("method", ["add", "delete", "merge", "refresh", "expunge"])
def test_what_is_not_mapped(filled: Engine, method: str, value: Any) -> None:
    with Session(filled) as session, pytest.raises(UnmappedInstanceError):
        getattr(session, method)(value)


# -- memory --------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["delete", "criteria", "savepoint"])
def test_a_deleted_object_that_nobody_holds_is_let_go(
    filled: Engine, user_class: Any, how: str
) -> None:
    with Session(filled) as session:
        user = session.get(user_class, 1)
        alive = weakref.ref(user)
        if how == "criteria":
            session.execute(delete(user_class).where(user_class.id == 1))
        elif how == "savepoint":
            with session.begin_nested():
                session.delete(user)
        else:
            session.delete(user)
            session.flush()
        del user
        gc.collect()
        assert alive() is None
        session.rollback()
        assert session.get(user_class, 2).name == "two"
