"""Who keeps whom alive: weak references, no leaks."""

import gc
import weakref
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, select

from ormolu import Session, joinedload, selectinload
from tests.orm.models import Models


def alive(reference: "weakref.ref[Any]") -> bool:
    """Whether the object is still there once the collector has run."""
    gc.collect()
    return reference() is not None


def test_instances_can_be_referenced_weakly(models: Models) -> None:
    user = models.User()
    reference = weakref.ref(user)
    assert reference() is user


def test_a_clean_object_goes_when_the_user_lets_it_go(
    session: Session, models: Models
) -> None:
    user = session.get(models.User, 1)
    reference = weakref.ref(user)
    del user
    assert not alive(reference)
    assert len(session.identity_map) == 0


def test_a_clean_object_goes_at_once_without_the_collector(
    session: Session, models: Models
) -> None:
    gc.disable()
    try:
        user = session.get(models.User, 1)
        reference = weakref.ref(user)
        del user
        assert reference() is None
    finally:
        gc.enable()


def test_an_object_that_went_is_loaded_anew(session: Session, models: Models) -> None:
    user = session.get_one(models.User, 1)
    user.marker = "first"
    del user
    gc.collect()
    assert not hasattr(session.get(models.User, 1), "marker")


def test_a_new_object_is_held(session: Session, models: Models) -> None:
    user = models.User(name="squidward")
    session.add(user)
    reference = weakref.ref(user)
    del user
    assert alive(reference)
    session.flush()
    assert not alive(reference)


def test_a_changed_object_is_held_until_the_flush(
    session: Session, models: Models
) -> None:
    user = session.get_one(models.User, 1)
    user.fullname = "changed"
    reference = weakref.ref(user)
    del user
    assert alive(reference)
    session.flush()
    assert not alive(reference)
    assert session.get_one(models.User, 1).fullname == "changed"


def test_an_object_with_a_changed_collection_is_held(
    session: Session, models: Models
) -> None:
    user = session.get_one(models.User, 1)
    user.addresses.append(models.Address(email_address="new"))
    reference = weakref.ref(user)
    del user
    assert alive(reference)
    session.commit()
    session.expunge_all()
    assert not alive(reference)


def test_a_deleted_object_is_held_until_the_flush(
    session: Session, models: Models
) -> None:
    user = session.get_one(models.Membership, (1, 1))
    session.delete(user)
    reference = weakref.ref(user)
    del user
    assert alive(reference)
    session.commit()
    assert not alive(reference)


def test_a_deleted_object_can_be_put_back_by_rollback(
    session: Session, models: Models
) -> None:
    member = session.get_one(models.Membership, (1, 1))
    session.delete(member)
    session.flush()
    reference = weakref.ref(member)
    del member
    session.rollback()
    gc.collect()
    assert session.get_one(models.Membership, (1, 1)).role == "captain"
    session.close()
    assert not alive(reference)


def test_the_parent_holds_its_loaded_children(session: Session, models: Models) -> None:
    sandy = session.get_one(models.User, 2)
    references = [weakref.ref(address) for address in sandy.addresses]
    gc.collect()
    assert all(reference() is not None for reference in references)
    assert len(session.identity_map) == 3


def test_a_loaded_graph_goes_as_a_whole(session: Session, models: Models) -> None:
    users = (
        session.scalars(select(models.User).options(joinedload(models.User.addresses)))
        .unique()
        .all()
    )
    references = [weakref.ref(user) for user in users]
    references += [weakref.ref(a) for user in users for a in user.addresses]
    del users
    gc.collect()
    assert [reference() for reference in references] == [None] * 6
    assert len(session.identity_map) == 0


def test_nothing_is_left_after_close(engine: Engine, models: Models) -> None:
    with Session(engine) as session:
        users = session.scalars(
            select(models.User).options(selectinload(models.User.addresses))
        ).all()
        users[0].fullname = "changed"
        session.add(models.User(name="squidward"))
        session.flush()
        references = [weakref.ref(user) for user in users]
        del users
    gc.collect()
    assert [reference() for reference in references] == [None] * 3


def test_a_session_goes_when_the_user_lets_it_go(
    engine: Engine, models: Models
) -> None:
    session = Session(engine)
    user = session.get(models.User, 1)
    session.close()
    reference = weakref.ref(session)
    del session
    assert not alive(reference)
    assert user is not None


def test_a_session_is_not_held_by_its_objects(engine: Engine, models: Models) -> None:
    session = Session(engine)
    user = models.User(name="squidward")
    session.add(user)
    session.flush()
    session.rollback()
    reference = weakref.ref(session)
    del session
    assert not alive(reference)
    assert inspect(user).session is None


def test_a_dropped_session_releases_its_connection(
    engine: Engine, models: Models
) -> None:
    session = Session(engine)
    session.get(models.User, 1)
    session.close()
    del session
    gc.collect()
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_many_rounds_leave_no_objects_behind(engine: Engine, models: Models) -> None:
    def one_round() -> None:
        with Session(engine) as session:
            users = session.scalars(
                select(models.User).options(selectinload(models.User.addresses))
            ).all()
            users[0].fullname = "changed"
            users[1].addresses.pop()
            session.add(models.User(name="x", addresses=[models.Address()]))
            session.expire(users[2])
            assert users[2].name

    def instances() -> int:
        gc.collect()
        classes = (models.User, models.Address, Session)
        return sum(isinstance(thing, classes) for thing in gc.get_objects())

    before = instances()
    for _ in range(10):
        with pytest.raises(Exception, match="NOT NULL"):
            one_round()
    assert instances() <= before


def test_objects_can_be_kept_strongly_by_the_user(
    session: Session, models: Models
) -> None:
    kept = session.scalars(select(models.User)).all()
    gc.collect()
    assert len(session.identity_map) == len(kept) == 3


def test_a_finalizer_may_resurrect_an_object(session: Session, models: Models) -> None:
    graveyard: list[Any] = []

    def bury(user: Any) -> None:
        graveyard.append(user)

    gc.collect()  # what other tests left behind is not to be buried here
    models.User.__del__ = bury
    try:
        user = session.get_one(models.User, 1)
        del user
        gc.collect()
    finally:
        del models.User.__del__
    [risen] = graveyard
    assert risen.name == "spongebob"
    again = session.get_one(models.User, 1)
    assert again.name == "spongebob"
    graveyard.clear()
