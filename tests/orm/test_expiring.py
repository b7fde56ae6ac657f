"""expire(), expire_all(), refresh(): what goes, what comes back, in how much SQL."""

from typing import Any

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import InvalidRequestError

from ormolu import (
    Session,
    exc,
    immediateload,
    joinedload,
    lazyload,
    selectinload,
)
from tests.orm.models import Models
from tests.orm.recording import Recorder

SELECT = (
    "SELECT user_account.id, user_account.name, user_account.fullname "
    "FROM user_account WHERE user_account.id = ?"
)


@pytest.fixture
def sandy(session: Session, models: Models, sql: Recorder) -> Any:
    user = session.get(models.User, 2)
    sql.clear()
    return user


def change_behind_the_back(session: Session) -> None:
    """Change Sandy's row without the session knowing."""
    session.connection().execute(
        text("UPDATE user_account SET fullname = 'behind' WHERE id = 2")
    )


def test_expire_sends_nothing(session: Session, sandy: Any, sql: Recorder) -> None:
    with sql.silence():
        session.expire(sandy)


def test_expire_empties_the_dict(session: Session, sandy: Any) -> None:
    session.expire(sandy)
    assert set(vars(sandy)) <= {"_sa_instance_state"}
    assert inspect(sandy).expired


def test_the_next_read_reloads_everything_in_one_statement(
    session: Session, sandy: Any, sql: Recorder
) -> None:
    session.expire(sandy)
    assert (sandy.name, sandy.fullname, sandy.id) == ("sandy", "Sandy Cheeks", 2)
    assert sql.take() == [(SELECT, (2,))]
    assert not inspect(sandy).expired


def test_the_reload_sees_the_row_as_it_is_now(session: Session, sandy: Any) -> None:
    change_behind_the_back(session)
    assert sandy.fullname == "Sandy Cheeks"
    session.expire(sandy)
    assert sandy.fullname == "behind"


def test_expire_discards_changes(session: Session, sandy: Any, sql: Recorder) -> None:
    sandy.fullname = "changed"
    session.expire(sandy)
    assert sandy not in session.dirty
    with sql.silence():
        session.flush()
    assert sandy.fullname == "Sandy Cheeks"


def test_expire_of_some_attributes_reloads_those(
    session: Session, sandy: Any, sql: Recorder
) -> None:
    sandy.name = "sandra"
    session.expire(sandy, ["fullname"])
    with sql.silence():
        assert sandy.name == "sandra"
    with session.no_autoflush:
        assert sandy.fullname == "Sandy Cheeks"
    assert sql.take() == [
        (
            "SELECT user_account.fullname FROM user_account WHERE user_account.id = ?",
            (2,),
        )
    ]
    assert sandy.name == "sandra"
    assert sandy in session.dirty


def test_several_expired_attributes_come_in_one_statement(
    session: Session, sandy: Any, sql: Recorder
) -> None:
    session.expire(sandy, ["fullname", "name"])
    assert sandy.name == "sandy"
    assert sql.take() == [
        (
            "SELECT user_account.name, user_account.fullname FROM user_account "
            "WHERE user_account.id = ?",
            (2,),
        )
    ]
    with sql.silence():
        assert sandy.fullname == "Sandy Cheeks"


def test_expire_of_a_collection_loads_it_again(
    session: Session, models: Models, sandy: Any, sql: Recorder
) -> None:
    before = sandy.addresses
    session.connection().execute(text("DELETE FROM address WHERE id = 3"))
    session.expire(sandy, ["addresses"])
    sql.clear()
    assert [address.id for address in sandy.addresses] == [2]
    assert sandy.addresses is not before
    with sql.silence():
        assert sandy.name == "sandy"


def test_expire_takes_collections_too(
    session: Session, sandy: Any, sql: Recorder
) -> None:
    sandy.addresses
    session.expire(sandy)
    sql.clear()
    assert len(sandy.addresses) == 2
    assert [statement.split(" FROM ")[1] for statement in sql.take_sql()] == [
        "user_account WHERE user_account.id = ?",
        "address WHERE ? = address.user_id",
    ]


def test_expire_of_an_unknown_attribute_names_it(session: Session, sandy: Any) -> None:
    with pytest.raises((KeyError, InvalidRequestError), match="nickname"):
        session.expire(sandy, ["nickname"])


def test_a_write_to_an_expired_object_does_not_load_it(
    session: Session, sandy: Any, sql: Recorder
) -> None:
    session.expire(sandy)
    with sql.silence():
        sandy.fullname = "changed"
    session.flush()
    assert sql.take()[-1] == (
        "UPDATE user_account SET fullname=? WHERE user_account.id = ?",
        ("changed", 2),
    )
    assert sandy.name == "sandy"


def test_a_write_survives_the_load_of_the_rest(session: Session, sandy: Any) -> None:
    session.expire(sandy)
    sandy.fullname = "changed"
    with session.no_autoflush:
        assert sandy.name == "sandy"
    assert sandy.fullname == "changed"
    assert sandy in session.dirty


def test_expire_all_takes_every_object(
    session: Session, models: Models, sandy: Any
) -> None:
    address = session.get(models.Address, 1)
    session.expire_all()
    assert inspect(sandy).expired
    assert inspect(address).expired


def test_expire_all_discards_changes(session: Session, sandy: Any) -> None:
    sandy.fullname = "changed"
    session.expire_all()
    assert not session.dirty
    assert sandy.fullname == "Sandy Cheeks"


def test_expire_all_leaves_pending_objects_alone(
    session: Session, models: Models
) -> None:
    user = models.User(name="squidward")
    session.add(user)
    session.expire_all()
    assert user.name == "squidward"
    assert user in session.new


def test_after_expire_all_each_object_reloads_by_itself(
    session: Session, models: Models, sql: Recorder
) -> None:
    users = [session.get_one(models.User, key) for key in (1, 2, 3)]
    session.expire_all()
    sql.clear()
    assert [user.name for user in users[:2]] == ["spongebob", "sandy"]
    assert sql.take() == [(SELECT, (1,)), (SELECT, (2,))]


def test_refresh_reloads_at_once(session: Session, sandy: Any, sql: Recorder) -> None:
    change_behind_the_back(session)
    sql.clear()
    session.refresh(sandy)
    assert sql.take() == [(SELECT, (2,))]
    with sql.silence():
        assert sandy.fullname == "behind"


def test_refresh_of_some_attributes(
    session: Session, sandy: Any, sql: Recorder
) -> None:
    change_behind_the_back(session)
    sql.clear()
    session.refresh(sandy, ["fullname"])
    assert sandy.fullname == "behind"
    assert sql.take() == [
        (
            "SELECT user_account.fullname FROM user_account WHERE user_account.id = ?",
            (2,),
        )
    ]


def test_refresh_of_a_relationship_loads_it(
    session: Session, sandy: Any, sql: Recorder
) -> None:
    session.refresh(sandy, ["addresses"])
    with sql.silence():
        assert len(sandy.addresses) == 2


@pytest.mark.parametrize("load", [joinedload, selectinload, lazyload, immediateload])
def test_refresh_loads_no_object_that_the_own_load_came_through(
    session: Session, models: Models, sql: Recorder, load: Any
) -> None:
    user = session.get(models.User, 2, options=[load(models.User.addresses)])
    assert user is not None
    address = user.addresses[0]
    session.expire(user)
    sql.clear()
    session.refresh(address, ["user"])
    assert inspect(user).expired
    assert [sent.sql.split(" WHERE")[0] for sent in sql.take()] == [
        "SELECT address.id FROM address"
    ]


def test_refresh_discards_changes(session: Session, sandy: Any, sql: Recorder) -> None:
    sandy.fullname = "changed"
    session.refresh(sandy)
    assert sandy.fullname == "Sandy Cheeks"
    assert sandy not in session.dirty
    assert sql.take() == [(SELECT, (2,))]


def test_an_object_stays_modified_when_its_key_is_refreshed_along(
    session: Session, sandy: Any
) -> None:
    sandy.id = 2
    with session.no_autoflush:
        session.refresh(sandy, ["addresses"])
    assert sandy in session.dirty


def test_refresh_flushes_the_changes_of_other_objects(
    session: Session, models: Models, sandy: Any, sql: Recorder
) -> None:
    patrick = session.get_one(models.User, 3)
    patrick.fullname = "changed"
    sql.clear()
    session.refresh(sandy)
    assert [line.split()[0] for line in sql.take_sql()] == ["UPDATE", "SELECT"]
    assert patrick not in session.dirty


def test_refresh_of_a_row_that_is_gone_says_so(session: Session, sandy: Any) -> None:
    session.connection().execute(text("DELETE FROM user_account WHERE id = 2"))
    with pytest.raises(
        InvalidRequestError, match=r"Could not refresh instance '<User at .*>'"
    ):
        session.refresh(sandy)


def test_a_read_of_a_row_that_is_gone_says_so(session: Session, sandy: Any) -> None:
    session.connection().execute(text("DELETE FROM user_account WHERE id = 2"))
    session.expire(sandy)
    with pytest.raises(
        exc.ObjectDeletedError,
        match=r"Instance '<User at .*>' has been deleted, or its row is otherwise not "
        "present.",
    ):
        sandy.name


@pytest.mark.parametrize("method", ["expire", "refresh"])
def test_an_object_of_no_session_is_refused(
    session: Session, models: Models, method: str
) -> None:
    with pytest.raises(
        InvalidRequestError,
        match=r"Instance '<User at .*>' is not persistent within this Session",
    ):
        getattr(session, method)(models.User())


@pytest.mark.parametrize("method", ["expire", "refresh"])
def test_what_is_not_mapped_is_refused(session: Session, method: str) -> None:
    with pytest.raises(exc.UnmappedInstanceError):
        getattr(session, method)(object())


def test_refresh_of_a_pending_object_is_refused(
    session: Session, models: Models
) -> None:
    user = models.User(name="squidward")
    session.add(user)
    with (
        session.no_autoflush,
        pytest.raises(InvalidRequestError, match="not persistent"),
    ):
        session.refresh(user)


def test_refresh_reads_server_side_values_of_a_new_object(
    session: Session, models: Models
) -> None:
    user = models.User(name="squidward")
    session.add(user)
    session.flush()
    session.connection().execute(
        text("UPDATE user_account SET fullname = 'set' WHERE id = 4")
    )
    session.refresh(user)
    assert user.fullname == "set"
