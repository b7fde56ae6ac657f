"""Transactions: autobegin, begin, commit, rollback, close, context managers."""

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import (
    IntegrityError,
    InvalidRequestError,
    PendingRollbackError,
    UnboundExecutionError,
)

from ormolu import Session, sessionmaker
from tests.orm.models import Models
from tests.orm.recording import Recorder


def count(session: Session, models: Models) -> int:
    """How many users the database has, as far as the session can see."""
    return session.scalar(select(func.count()).select_from(models.User)) or 0


def test_a_new_session_is_in_no_transaction(session: Session) -> None:
    assert not session.in_transaction()
    assert session.get_transaction() is None


def test_a_new_session_takes_no_connection(engine: Engine, models: Models) -> None:
    with Session(engine) as session:
        session.add(models.User(name="squidward"))
        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_the_first_statement_begins(session: Session, models: Models) -> None:
    session.get(models.User, 1)
    assert session.in_transaction()


def test_add_begins_too(session: Session, models: Models) -> None:
    session.add(models.User())
    assert session.in_transaction()


def test_a_change_of_a_persistent_object_begins_too(
    session: Session, models: Models
) -> None:
    user = session.get_one(models.User, 1)
    session.commit()
    assert not session.in_transaction()
    user.fullname = "x"
    assert session.in_transaction()


def test_commit_ends_the_transaction_and_returns_the_connection(
    engine: Engine, session: Session, models: Models
) -> None:
    session.get(models.User, 1)
    session.commit()
    assert not session.in_transaction()
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_commit_flushes(engine: Engine, session: Session, models: Models) -> None:
    session.add(models.User(name="squidward"))
    session.commit()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM user_account")) == 4


def test_commit_without_anything_to_do_is_fine(session: Session, sql: Recorder) -> None:
    with sql.silence():
        session.commit()
        session.commit()


def test_rollback_without_anything_to_do_is_fine(
    session: Session, sql: Recorder
) -> None:
    with sql.silence():
        session.rollback()
        session.rollback()


def test_rollback_undoes_what_was_flushed(session: Session, models: Models) -> None:
    session.add(models.User(name="squidward"))
    session.flush()
    session.rollback()
    assert count(session, models) == 3


def test_begin_is_explicit_once(session: Session) -> None:
    session.begin()
    with pytest.raises(
        InvalidRequestError, match="A transaction is already begun on this Session"
    ):
        session.begin()


def test_begin_as_context_manager_commits(session: Session, models: Models) -> None:
    with session.begin():
        session.add(models.User(name="squidward"))
    assert not session.in_transaction()
    assert count(session, models) == 4


def test_begin_as_context_manager_rolls_back_on_error(
    session: Session, models: Models
) -> None:
    def fail() -> None:
        with session.begin():
            session.add(models.User(name="squidward"))
            session.flush()
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert count(session, models) == 3


def test_the_context_manager_of_the_session_does_not_commit(
    engine: Engine, models: Models
) -> None:
    with Session(engine) as session:
        session.add(models.User(name="squidward"))
        session.flush()
    with Session(engine) as session:
        assert count(session, models) == 3


def test_both_context_managers_in_one_line(engine: Engine, models: Models) -> None:
    with Session(engine) as session, session.begin():
        session.add(models.User(name="squidward"))
    with Session(engine) as session:
        assert count(session, models) == 4


def test_sessionmaker_makes_sessions(engine: Engine, models: Models) -> None:
    maker = sessionmaker(engine, expire_on_commit=False)
    with maker() as session:
        assert isinstance(session, Session)
        assert session.expire_on_commit is False
        assert session.bind is engine
    with maker(expire_on_commit=True) as session:
        assert session.expire_on_commit is True


def test_sessionmaker_begin_commits_and_closes(engine: Engine, models: Models) -> None:
    maker = sessionmaker(engine)
    with maker.begin() as session:
        user = models.User(name="squidward")
        session.add(user)
    assert user not in session
    with maker() as session:
        assert count(session, models) == 4


def test_sessionmaker_can_be_configured_later(engine: Engine) -> None:
    maker = sessionmaker()
    maker.configure(bind=engine)
    with maker() as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_a_session_without_autobegin_wants_begin(
    engine: Engine, models: Models
) -> None:
    with Session(engine, autobegin=False) as session:
        with pytest.raises(
            InvalidRequestError,
            match=r"Autobegin is disabled on this Session; please call "
            r"session\.begin\(\) to start a new transaction",
        ):
            session.get(models.User, 1)
        with session.begin():
            assert session.get(models.User, 1) is not None


def test_a_session_without_bind_says_so(models: Models) -> None:
    with (
        Session() as session,
        pytest.raises(
            UnboundExecutionError, match="Could not locate a bind configured on mapper"
        ),
    ):
        session.get(models.User, 1)


def test_a_session_may_be_bound_to_a_connection(engine: Engine, models: Models) -> None:
    with engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection) as session:
            session.add(models.User(name="squidward"))
            session.flush()
            assert count(session, models) == 4
        transaction.rollback()
    with Session(engine) as session:
        assert count(session, models) == 3


def test_a_session_joins_the_transaction_of_its_connection(
    engine: Engine, models: Models
) -> None:
    with engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            session.add(models.User(name="squidward"))
            session.commit()
            assert count(session, models) == 4
        assert transaction.is_active
        transaction.rollback()


def test_connection_is_the_one_of_the_transaction(
    session: Session, models: Models
) -> None:
    session.add(models.User(name="squidward"))
    session.flush()
    connection = session.connection()
    assert connection.scalar(text("SELECT count(*) FROM user_account")) == 4
    assert session.connection() is connection


def test_a_closed_session_begins_again(session: Session, models: Models) -> None:
    session.get(models.User, 1)
    session.close()
    assert count(session, models) == 3


def test_a_session_may_refuse_to_be_used_after_close(
    engine: Engine, models: Models
) -> None:
    session = Session(engine, close_resets_only=False)
    session.get(models.User, 1)
    session.close()
    with pytest.raises(
        InvalidRequestError,
        match="This Session has been permanently closed and is unable to handle any "
        "more transaction requests",
    ):
        session.get(models.User, 1)


def test_reset_is_close_that_keeps_the_session_usable(
    engine: Engine, models: Models
) -> None:
    session = Session(engine, close_resets_only=False)
    user = session.get(models.User, 1)
    session.reset()
    assert user not in session
    assert count(session, models) == 3
    session.close()


def test_a_savepoint_is_rolled_back_alone(session: Session, models: Models) -> None:
    session.add(models.User(name="outer"))
    session.flush()
    savepoint = session.begin_nested()
    session.add(models.User(name="inner"))
    session.flush()
    savepoint.rollback()
    session.commit()
    names = session.scalars(select(models.User.name).where(models.User.id > 3)).all()
    assert names == ["outer"]


def test_a_savepoint_as_context_manager_survives_an_error(
    session: Session, models: Models
) -> None:
    with session.begin():
        session.add(models.User(name="outer"))
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(models.User(id=1, name="double"))
    assert count(session, models) == 4


def test_a_failed_commit_can_be_rolled_back(session: Session, models: Models) -> None:
    session.add(models.User(id=1, name="double"))
    with pytest.raises(IntegrityError):
        session.commit()
    with pytest.raises(PendingRollbackError):
        session.commit()
    session.rollback()
    assert count(session, models) == 3


def test_get_bind_gives_the_engine(
    engine: Engine, session: Session, models: Models
) -> None:
    assert session.get_bind() is engine
    assert session.get_bind(models.User) is engine


def test_binds_choose_an_engine_per_class(engine: Engine, models: Models) -> None:
    with Session(binds={models.User: engine}) as session:
        assert session.get(models.User, 1) is not None
