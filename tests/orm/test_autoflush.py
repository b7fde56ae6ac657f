"""Autoflush: what flushes first, what does not, and how to turn it off."""

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError

from ormolu import Session
from tests.orm.models import Models
from tests.orm.recording import Recorder


def test_a_select_of_entities_flushes_first(session: Session, models: Models) -> None:
    user = models.User(name="squidward")
    session.add(user)
    assert session.scalars(select(models.User).filter_by(name="squidward")).one() is (
        user
    )


def test_a_select_of_a_count_flushes_first(session: Session, models: Models) -> None:
    session.add(models.User(name="squidward"))
    assert session.scalar(select(func.count()).select_from(models.User)) == 4


def test_a_lazy_load_flushes_first(
    session: Session, models: Models, sql: Recorder
) -> None:
    sandy = session.get_one(models.User, 2)
    session.add(models.Address(email_address="new", user_id=2))
    sql.clear()
    assert len(sandy.addresses) == 3
    assert [statement.split()[0] for statement in sql.take_sql()] == [
        "INSERT",
        "SELECT",
    ]


def test_the_reload_of_an_expired_object_flushes_first(
    session: Session, models: Models, sql: Recorder
) -> None:
    sandy = session.get_one(models.User, 2)
    session.expire(sandy)
    session.add(models.User(name="squidward"))
    sql.clear()
    assert sandy.name == "sandy"
    assert [statement.split()[0] for statement in sql.take_sql()] == [
        "INSERT",
        "SELECT",
    ]


def test_refresh_flushes_first(session: Session, models: Models, sql: Recorder) -> None:
    sandy = session.get_one(models.User, 2)
    session.add(models.User(name="squidward"))
    sql.clear()
    session.refresh(sandy)
    assert [statement.split()[0] for statement in sql.take_sql()] == [
        "INSERT",
        "SELECT",
    ]


def test_no_autoflush_holds_for_the_block(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.add(models.User(name="squidward"))
    with session.no_autoflush:
        assert session.scalar(select(func.count()).select_from(models.User)) == 3
    assert session.scalar(select(func.count()).select_from(models.User)) == 4


def test_a_session_may_be_without_autoflush(engine: Engine, models: Models) -> None:
    with Session(engine, autoflush=False) as session:
        session.add(models.User(name="squidward"))
        assert session.scalar(select(func.count()).select_from(models.User)) == 3
        session.flush()
        assert session.scalar(select(func.count()).select_from(models.User)) == 4


def test_an_execution_option_turns_it_off_for_one_statement(
    session: Session, models: Models
) -> None:
    session.add(models.User(name="squidward"))
    statement = select(func.count()).select_from(models.User)
    assert session.scalar(statement, execution_options={"autoflush": False}) == 3
    assert len(session.new) == 1


def test_an_error_in_autoflush_says_where_it_came_from(
    session: Session, models: Models
) -> None:
    session.add(models.User(id=1, name="double"))
    with pytest.raises(
        IntegrityError,
        match=r"\(raised as a result of Query-invoked autoflush; consider using a "
        "session.no_autoflush block if this flush is occurring prematurely",
    ):
        session.scalars(select(models.User)).all()
    session.rollback()
    assert len(session.scalars(select(models.User)).all()) == 3


def test_nothing_is_sent_when_nothing_changed(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.get(models.User, 1)
    with sql.count(1):
        session.scalars(select(models.User)).all()
