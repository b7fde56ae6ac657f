"""What rollback restores: values, identities, membership, collections."""

from typing import Any

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError

from ormolu import Session
from tests.orm.models import Models
from tests.orm.recording import Recorder


def test_a_new_object_leaves_the_session_and_keeps_its_values(
    session: Session, models: Models
) -> None:
    user = models.User(name="squidward")
    session.add(user)
    session.flush()
    session.rollback()
    assert user not in session
    assert user.name == "squidward"
    assert inspect(user).transient


def test_a_generated_key_is_taken_back(session: Session, models: Models) -> None:
    user = models.User(name="squidward")
    session.add(user)
    session.flush()
    assert user.id == 4
    session.rollback()
    session.add(user)
    session.commit()
    assert user.id == 4
    assert inspect(user).persistent


def test_a_key_given_by_hand_stays(session: Session, models: Models) -> None:
    user = models.User(id=40, name="squidward")
    session.add(user)
    session.flush()
    session.rollback()
    assert user.id == 40


def test_a_flushed_change_is_undone(session: Session, models: Models) -> None:
    user = session.get_one(models.User, 1)
    user.fullname = "changed"
    session.flush()
    session.rollback()
    assert user.fullname == "Spongebob Squarepants"
    assert user not in session.dirty


def test_a_changed_key_is_restored(session: Session, models: Models) -> None:
    member = session.get_one(models.Membership, (1, 2))
    member.member_id = 9
    session.flush()
    assert inspect(member).identity == (1, 9)
    session.rollback()
    assert inspect(member).identity == (1, 2)
    assert member.member_id == 2
    assert session.get(models.Membership, (1, 2)) is member


def test_a_deleted_object_is_back_with_its_identity(
    session: Session, models: Models
) -> None:
    user = session.get_one(models.User, 1)
    session.delete(user)
    session.flush()
    session.rollback()
    assert user in session
    assert session.get(models.User, 1) is user
    assert [address.user_id for address in user.addresses] == [1]


def test_a_collection_is_loaded_again(session: Session, models: Models) -> None:
    sandy = session.get_one(models.User, 2)
    sandy.addresses.pop()
    session.flush()
    session.rollback()
    assert len(sandy.addresses) == 2


def test_a_pending_child_leaves_the_collection(
    session: Session, models: Models
) -> None:
    sandy = session.get_one(models.User, 2)
    address = models.Address(email_address="new")
    sandy.addresses.append(address)
    session.rollback()
    assert address not in sandy.addresses
    assert inspect(address).transient


def test_a_many_to_one_is_restored(session: Session, models: Models) -> None:
    address = session.get_one(models.Address, 1)
    spongebob = address.user
    address.user = session.get_one(models.User, 2)
    session.flush()
    session.rollback()
    assert address.user is spongebob


def test_rollback_sends_no_selects(
    session: Session, models: Models, sql: Recorder
) -> None:
    user = session.get_one(models.User, 1)
    user.fullname = "changed"
    session.flush()
    with sql.silence():
        session.rollback()


def test_commits_before_are_not_undone(session: Session, models: Models) -> None:
    user = session.get_one(models.User, 1)
    user.fullname = "committed"
    session.commit()
    user.fullname = "flushed"
    session.flush()
    session.rollback()
    assert user.fullname == "committed"


def test_a_session_without_expire_on_commit_expires_on_rollback(
    engine: Any, models: Models
) -> None:
    with Session(engine, expire_on_commit=False) as session:
        user = session.get_one(models.User, 1)
        user.fullname = "changed"
        session.flush()
        session.rollback()
        assert inspect(user).expired
        assert user.fullname == "Spongebob Squarepants"


def test_a_failed_flush_restores_like_a_rollback(
    session: Session, models: Models
) -> None:
    user = session.get_one(models.User, 1)
    user.fullname = "changed"
    double = models.User(id=2, name="double")
    session.add(double)
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()
    assert user.fullname == "Spongebob Squarepants"
    assert inspect(double).transient


def test_a_failed_flush_can_be_repaired(session: Session, models: Models) -> None:
    double = models.User(id=2, name="double")
    session.add(double)
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()
    double.id = 20
    session.add(double)
    session.commit()
    assert session.get(models.User, 20) is double


def test_an_insert_deleted_in_the_same_transaction_leaves_nothing(
    session: Session, models: Models
) -> None:
    user = models.User(name="squidward")
    session.add(user)
    session.flush()
    session.delete(user)
    session.flush()
    session.rollback()
    assert user not in session
    assert len(session.scalars(select(models.User)).all()) == 3


def test_rollback_to_a_savepoint_restores_what_changed_inside(
    session: Session, models: Models
) -> None:
    user = session.get_one(models.User, 1)
    user.fullname = "outside"
    savepoint = session.begin_nested()
    user.fullname = "inside"
    inner = models.User(name="inner")
    session.add(inner)
    session.flush()
    savepoint.rollback()
    assert user.fullname == "outside"
    assert inner not in session
    session.commit()
    assert user.fullname == "outside"


def test_rollback_to_a_savepoint_puts_deleted_objects_back(
    session: Session, models: Models
) -> None:
    member = session.get_one(models.Membership, (1, 1))
    savepoint = session.begin_nested()
    session.delete(member)
    session.flush()
    assert member not in session
    savepoint.rollback()
    assert member in session
