"""``Session.merge``: cascades, ``load=False``, pickled input."""

import pickle
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import InvalidRequestError

from ormolu import Session


@pytest.fixture
def stored(engine: Engine, user_class: Any, address_class: Any) -> Any:
    with Session(engine, expire_on_commit=False) as session:
        user = user_class(id=1, name="x", addresses=[address_class(id=1, email="e")])
        session.add(user)
        session.commit()
    return user


def test_state_is_copied_along_the_cascade(engine: Engine, stored: Any) -> None:
    stored.name = "changed"
    stored.addresses[0].email = "other"
    with Session(engine) as session:
        merged = session.merge(stored)
        assert merged is not stored
        assert stored not in session
        session.commit()
        assert (merged.name, merged.addresses[0].email) == ("changed", "other")


def test_a_new_object_becomes_pending(engine: Engine, user_class: Any) -> None:
    with Session(engine) as session:
        merged = session.merge(user_class(name="new"))
        assert merged in session.new


def test_without_load_nothing_is_emitted(engine: Engine, stored: Any) -> None:
    copy = pickle.loads(pickle.dumps(stored))
    with Session(engine) as session:
        merged = session.merge(copy, load=False)
        assert not session.in_transaction() or not session.dirty
        assert merged.addresses[0].email == "e"
        assert merged not in session.dirty


def test_without_load_changes_are_refused(engine: Engine, stored: Any) -> None:
    stored.name = "changed"
    with Session(engine) as session, pytest.raises(InvalidRequestError, match="dirty"):
        session.merge(stored, load=False)


def test_merge_all_keeps_the_order(engine: Engine, user_class: Any) -> None:
    with Session(engine) as session:
        merged = session.merge_all([user_class(id=5), user_class(id=4)])
        assert [u.id for u in merged] == [5, 4]
