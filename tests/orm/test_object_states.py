"""The states of an object, and the ways between them."""

from typing import Any

import pytest
from sqlalchemy import Engine, inspect, select
from sqlalchemy.exc import InvalidRequestError

from ormolu import (
    Session,
    defer,
    exc,
    make_transient,
    make_transient_to_detached,
    object_session,
    was_deleted,
)
from tests.orm.models import Models
from tests.orm.recording import Recorder

NAMES = ("transient", "pending", "persistent", "deleted", "detached")


def state_of(instance: Any) -> str:
    """The one state that the object is in."""
    state = inspect(instance)
    [name] = [name for name in NAMES if getattr(state, name)]
    return name


def test_a_new_object_is_transient(models: Models) -> None:
    user = models.User()
    assert state_of(user) == "transient"
    assert inspect(user).session is None
    assert inspect(user).identity is None
    assert not inspect(user).has_identity


def test_add_makes_it_pending(session: Session, models: Models) -> None:
    user = models.User()
    session.add(user)
    assert state_of(user) == "pending"
    assert inspect(user).session is session
    assert object_session(user) is session


def test_flush_makes_it_persistent(session: Session, models: Models) -> None:
    user = models.User(name="squidward")
    session.add(user)
    session.flush()
    state = inspect(user)
    assert state_of(user) == "persistent"
    assert state.identity == (4,)
    assert state.has_identity
    assert state.identity_key[:2] == (models.User, (4,))


def test_a_loaded_object_is_persistent(session: Session, models: Models) -> None:
    assert state_of(session.get(models.User, 1)) == "persistent"


def test_delete_leaves_it_persistent_until_the_flush(
    session: Session, models: Models
) -> None:
    user = session.get(models.User, 3)
    session.delete(user)
    assert state_of(user) == "persistent"
    session.flush()
    assert state_of(user) == "deleted"
    assert was_deleted(user)


def test_a_deleted_object_still_knows_its_session(
    session: Session, models: Models
) -> None:
    user = session.get(models.User, 3)
    session.delete(user)
    session.flush()
    assert inspect(user).session is session
    assert user not in session


def test_commit_detaches_a_deleted_object(session: Session, models: Models) -> None:
    user = session.get(models.User, 3)
    session.delete(user)
    session.commit()
    assert state_of(user) == "detached"
    assert inspect(user).session is None
    assert was_deleted(user)


def test_rollback_makes_a_deleted_object_persistent_again(
    session: Session, models: Models
) -> None:
    user = session.get(models.User, 3)
    session.delete(user)
    session.flush()
    session.rollback()
    assert state_of(user) == "persistent"
    assert not was_deleted(user)


def test_rollback_makes_a_flushed_new_object_transient(
    session: Session, models: Models
) -> None:
    user = models.User(name="squidward")
    session.add(user)
    session.flush()
    session.rollback()
    assert state_of(user) == "transient"
    assert inspect(user).identity is None


def test_rollback_makes_a_pending_object_transient(
    session: Session, models: Models
) -> None:
    user = models.User(name="squidward")
    session.add(user)
    session.rollback()
    assert state_of(user) == "transient"
    assert user not in session
    assert user.name == "squidward"


def test_expunge_makes_a_pending_object_transient(
    session: Session, models: Models
) -> None:
    user = models.User()
    session.add(user)
    session.expunge(user)
    assert state_of(user) == "transient"
    assert user not in session.new


def test_expunge_makes_a_persistent_object_detached(
    session: Session, models: Models
) -> None:
    user = session.get(models.User, 1)
    session.expunge(user)
    assert state_of(user) == "detached"
    assert user not in session
    assert session.get(models.User, 1) is not user


def test_expunge_drops_the_changes(
    session: Session, models: Models, sql: Recorder
) -> None:
    user = session.get_one(models.User, 1)
    user.fullname = "changed"
    session.expunge(user)
    with sql.silence():
        session.flush()
    assert user.fullname == "changed"


def test_expunge_of_an_object_that_is_not_there_is_refused(
    session: Session, models: Models
) -> None:
    with pytest.raises(
        InvalidRequestError,
        match=r"Instance <User at .*> is not present in this Session",
    ):
        session.expunge(models.User())


def test_expunge_all_takes_out_everything(session: Session, models: Models) -> None:
    persistent = session.get(models.User, 1)
    pending = models.User()
    session.add(pending)
    session.expunge_all()
    assert state_of(persistent) == "detached"
    assert state_of(pending) == "transient"
    assert list(session) == []
    assert session.in_transaction()


def test_close_detaches_and_makes_transient(session: Session, models: Models) -> None:
    persistent = session.get(models.User, 1)
    pending = models.User()
    session.add(pending)
    session.close()
    assert state_of(persistent) == "detached"
    assert state_of(pending) == "transient"


def test_add_makes_a_detached_object_persistent(
    session: Session, models: Models
) -> None:
    user = session.get(models.User, 1)
    session.expunge(user)
    session.add(user)
    assert state_of(user) == "persistent"
    assert user in session


def test_changes_made_while_detached_are_flushed_after_add(
    session: Session, models: Models, sql: Recorder
) -> None:
    user = session.get_one(models.User, 1)
    session.expunge(user)
    user.fullname = "changed"
    session.add(user)
    assert user in session.dirty
    sql.clear()
    session.flush()
    assert sql.take() == [
        ("UPDATE user_account SET fullname=? WHERE user_account.id = ?", ("changed", 1))
    ]


def test_make_transient_forgets_the_identity(session: Session, models: Models) -> None:
    user = session.get_one(models.User, 1)
    make_transient(user)
    assert state_of(user) == "transient"
    assert user not in session
    assert user.name == "spongebob"
    user.id = None
    session.add(user)
    session.flush()
    assert user.id == 4


def test_make_transient_forgets_what_was_left_for_later(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.User).where(models.User.id == 1)
    user = session.scalars(statement.options(defer(models.User.fullname))).one()
    make_transient(user)
    user.id = None
    session.add(user)
    session.flush()
    with sql.silence():
        assert user.fullname is None


def test_make_transient_to_detached_needs_no_row_yet(
    session: Session, models: Models
) -> None:
    user = models.User(id=1)
    make_transient_to_detached(user)
    assert state_of(user) == "detached"
    session.add(user)
    assert user.name == "spongebob"


def test_deleting_a_deleted_object_that_was_committed_is_refused(
    session: Session, models: Models
) -> None:
    user = session.get_one(models.User, 3)
    session.delete(user)
    session.commit()
    with pytest.raises(
        InvalidRequestError, match=r"Instance '<User at .*>' has been deleted"
    ):
        session.add(user)


def test_an_object_belongs_to_one_session(
    engine: Engine, session: Session, models: Models
) -> None:
    user = models.User()
    session.add(user)
    with (
        Session(engine) as other,
        pytest.raises(
            InvalidRequestError,
            match=r"Object '<User at .*>' is already attached to session '\d+' "
            r"\(this is '\d+'\)",
        ),
    ):
        other.add(user)


def test_a_second_object_of_one_identity_is_refused(
    session: Session, models: Models
) -> None:
    detached = session.get(models.User, 1)
    session.expunge(detached)
    loaded = session.get(models.User, 1)
    assert loaded is not detached
    with pytest.raises(
        InvalidRequestError,
        match=r"Can't attach instance <User at .*>; another instance with key .* is "
        "already present in this session",
    ):
        session.add(detached)


def test_object_session_of_an_unmapped_object_is_refused() -> None:
    with pytest.raises(exc.UnmappedInstanceError, match=r"'builtins\.object'"):
        object_session(object())


def test_inspect_gives_the_same_state_each_time(models: Models) -> None:
    user = models.User()
    assert inspect(user) is inspect(user)
    assert inspect(user).mapper is inspect(models.User)
    assert inspect(user).object is user
    assert inspect(user).class_ is models.User


def test_the_state_lists_what_is_not_loaded(session: Session, models: Models) -> None:
    user = session.get_one(models.User, 1)
    assert inspect(user).unloaded == {"addresses"}
    session.expire(user, ["fullname"])
    assert inspect(user).unloaded == {"addresses", "fullname"}
    assert inspect(user).expired_attributes == {"fullname"}


def test_the_state_knows_whether_something_changed(
    session: Session, models: Models
) -> None:
    user = session.get_one(models.User, 1)
    assert not inspect(user).modified
    user.fullname = "changed"
    assert inspect(user).modified
    session.flush()
    assert not inspect(user).modified


def test_the_history_of_an_attribute(session: Session, models: Models) -> None:
    user = session.get_one(models.User, 1)
    history = inspect(user).attrs.fullname.history
    assert history == ((), ["Spongebob Squarepants"], ())
    assert not history.has_changes()
    user.fullname = "changed"
    history = inspect(user).attrs.fullname.history
    assert history.added == ["changed"]
    assert history.deleted == ["Spongebob Squarepants"]
    assert inspect(user).attrs.fullname.value == "changed"


def test_the_history_of_a_collection(session: Session, models: Models) -> None:
    sandy = session.get_one(models.User, 2)
    first, second = sandy.addresses
    third = models.Address()
    sandy.addresses.remove(first)
    sandy.addresses.append(third)
    added, unchanged, deleted = inspect(sandy).attrs.addresses.history
    assert (list(added), list(unchanged), list(deleted)) == ([third], [second], [first])


def test_no_attribute_of_an_instance_has_a_loader_of_its_own(models: Models) -> None:
    assert inspect(models.User()).callables == {}
