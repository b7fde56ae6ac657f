"""What the Session tells about its contents: new, dirty, deleted, in, iteration."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import InvalidRequestError

from ormolu import Session, exc
from tests.orm.models import Models
from tests.orm.recording import Recorder


def test_in_tells_what_belongs_to_the_session(session: Session, models: Models) -> None:
    pending, transient = models.User(), models.User()
    loaded = session.get(models.User, 1)
    session.add(pending)
    assert pending in session
    assert loaded in session
    assert transient not in session


def test_in_refuses_what_is_not_mapped(session: Session) -> None:
    with pytest.raises(exc.UnmappedInstanceError):
        session.__contains__(object())


def test_iteration_gives_new_and_persistent_objects(
    session: Session, models: Models
) -> None:
    pending = models.User()
    loaded = session.get(models.User, 1)
    session.add(pending)
    assert {id(user) for user in session} == {id(pending), id(loaded)}


def test_dirty_has_changed_objects_and_no_new_ones(
    session: Session, models: Models
) -> None:
    changed, untouched = session.get(models.User, 1), session.get(models.User, 2)
    session.add(models.User(name="squidward"))
    assert changed is not None
    changed.fullname = "changed"
    assert list(session.dirty) == [changed]
    assert untouched not in session.dirty


def test_dirty_is_optimistic_and_is_modified_is_exact(
    session: Session, models: Models, sql: Recorder
) -> None:
    user = session.get_one(models.User, 1)
    user.name = "spongebob"
    assert user in session.dirty
    assert not session.is_modified(user)
    with sql.silence():
        session.flush()
    assert user not in session.dirty


def test_is_modified_looks_at_collections(session: Session, models: Models) -> None:
    sandy = session.get_one(models.User, 2)
    sandy.addresses.append(models.Address())
    assert session.is_modified(sandy)
    assert not session.is_modified(sandy, include_collections=False)


def test_a_value_changed_back_is_not_modified(
    session: Session, models: Models, sql: Recorder
) -> None:
    user = session.get_one(models.User, 1)
    user.name = "x"
    user.name = "spongebob"
    assert not session.is_modified(user)
    with sql.silence():
        session.flush()


def test_dirty_leaves_out_deleted_objects(session: Session, models: Models) -> None:
    user = session.get_one(models.User, 3)
    user.fullname = "changed"
    session.delete(user)
    assert user not in session.dirty
    assert list(session.deleted) == [user]


def test_deleted_has_marked_objects_until_the_flush(
    session: Session, models: Models
) -> None:
    user = session.get_one(models.User, 3)
    session.delete(user)
    assert user in session.deleted
    session.flush()
    assert not session.deleted


def test_add_takes_back_a_delete(session: Session, models: Models) -> None:
    user = session.get_one(models.User, 3)
    session.delete(user)
    session.add(user)
    assert user not in session.deleted
    session.flush()
    assert user in session


def test_the_collections_are_snapshots(session: Session, models: Models) -> None:
    before = session.new
    session.add(models.User())
    assert len(before) == 0
    assert len(session.new) == 1


def test_add_all_takes_any_iterable(session: Session, models: Models) -> None:
    session.add_all(models.User(name=name) for name in "abc")
    assert [user.name for user in session.new] == ["a", "b", "c"]


def test_adding_twice_inserts_once(
    session: Session, models: Models, sql: Recorder
) -> None:
    user = models.User(name="squidward")
    session.add(user)
    session.add(user)
    with sql.count(1):
        session.flush()


@pytest.mark.parametrize("thing", [None, 7, "text"])
def test_add_of_what_is_not_mapped_is_refused(
    session: Session, models: Models, thing: object
) -> None:
    with pytest.raises(
        exc.UnmappedInstanceError, match=f"{type(thing).__name__}.* is not mapped"
    ):
        session.add(thing)  # type: ignore[arg-type]
    assert session.get(models.User, 1) is not None


def test_delete_of_a_transient_object_is_refused(
    session: Session, models: Models
) -> None:
    with pytest.raises(
        InvalidRequestError, match=r"Instance '<User at .*>' is not persisted"
    ):
        session.delete(models.User())


def test_the_identity_map_shows_what_is_loaded(
    session: Session, models: Models
) -> None:
    users = session.scalars(select(models.User)).all()
    assert len(session.identity_map) == 3
    assert {id(user) for user in session.identity_map.values()} == {
        id(user) for user in users
    }
    keys = sorted(key[1] for key in session.identity_map)
    assert keys == [(1,), (2,), (3,)]
    assert {key[0] for key in session.identity_map} == {models.User}


def test_the_identity_map_is_asked_by_identity_key(
    session: Session, models: Models
) -> None:
    user = session.get(models.User, 1)
    key = session.identity_key(models.User, 1)
    assert session.identity_map[key] is user
    assert key in session.identity_map
    assert session.identity_map.get(session.identity_key(models.User, 9)) is None
    assert session.identity_key(instance=user) == key


def test_info_belongs_to_the_user(session: Session) -> None:
    session.info["request"] = 7
    assert session.info == {"request": 7}
