"""What a transaction refuses, and what it says."""

from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import IllegalStateChangeError, InvalidRequestError

from ormolu import Session, scoped_session, sessionmaker


def test_no_sql_after_the_commit_within_its_events(
    engine: Engine, user_class: Any
) -> None:
    session = Session(engine)
    event.listen(session, "after_commit", lambda s: s.execute(text("select 1")))
    session.add(user_class())
    with pytest.raises(InvalidRequestError, match="in 'committed' state"):
        session.commit()


def test_a_rollback_within_a_commit_is_refused(engine: Engine, user_class: Any) -> None:
    session = Session(engine)
    event.listen(session, "before_commit", lambda s: s.rollback())
    session.add(user_class())
    with pytest.raises(
        IllegalStateChangeError, match=r"'rollback\(\)' can't be called"
    ):
        session.commit()


def test_use_after_the_end_within_a_context_manager(engine: Engine) -> None:
    session = Session(engine)
    with session.begin():
        session.commit()
        with pytest.raises(InvalidRequestError, match="closed transaction inside"):
            session.connection()


def test_the_end_of_the_outer_transaction_ends_the_inner(engine: Engine) -> None:
    session = Session(engine)
    outer = session.begin()
    inner = session.begin_nested()
    outer.rollback()
    assert not inner.is_active
    assert not session.in_nested_transaction()


def test_a_session_may_be_closed_for_good(engine: Engine) -> None:
    session = Session(engine, close_resets_only=False)
    session.close()
    with pytest.raises(InvalidRequestError, match="permanently closed"):
        session.execute(text("select 1"))


def test_changes_after_a_failed_flush_are_discarded(
    engine: Engine, user_class: Any
) -> None:
    with Session(engine) as first:
        first.add(user_class(id=1))
        first.commit()
    session = Session(engine)
    session.add(user_class(id=1))
    with pytest.raises(Exception, match="UNIQUE"):
        session.flush()
    session.add(user_class(id=2))
    with pytest.warns(Warning, match="non-active transaction"):
        session.rollback()
    assert not session.new


def test_a_scoped_session_stands_for_the_present_one(
    engine: Engine, user_class: Any
) -> None:
    scope = [1]
    scoped = scoped_session(sessionmaker(engine), lambda: scope[0])
    first = scoped()
    assert scoped() is first
    user = user_class()
    scoped.add(user)
    assert user in scoped
    scope[0] = 2
    assert scoped() is not first
    assert user not in scoped
    scoped.remove()
    scope[0] = 1
    with pytest.raises(InvalidRequestError, match="already present"):
        scoped(autoflush=False)
    scoped.remove()
