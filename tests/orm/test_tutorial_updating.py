"""The tutorial's page on data manipulation: changes and deletes (A18 to A24)."""

from typing import Any

import pytest
from sqlalchemy import inspect, select

from ormolu import Session
from tests.orm.models import Models
from tests.orm.recording import Recorder

SELECT_USER = (
    "SELECT user_account.id, user_account.name, user_account.fullname FROM user_account"
)
SELECT_ADDRESSES = (
    "SELECT address.id, address.email_address, address.user_id FROM address "
    "WHERE ? = address.user_id"
)


@pytest.fixture
def sandy(session: Session, models: Models, sql: Recorder) -> Any:
    user = session.execute(select(models.User).filter_by(name="sandy")).scalar_one()
    sql.clear()
    return user


@pytest.fixture
def patrick(session: Session, models: Models, sql: Recorder) -> Any:
    user = session.get(models.User, 3)
    sql.clear()
    return user


def test_a18_a_change_puts_the_object_in_dirty(session: Session, sandy: Any) -> None:
    assert sandy not in session.dirty
    sandy.fullname = "Sandy Squirrel"
    assert sandy in session.dirty
    assert sandy.fullname == "Sandy Squirrel"


def test_a18_a_change_sends_nothing(sandy: Any, sql: Recorder) -> None:
    with sql.silence():
        sandy.fullname = "Sandy Squirrel"


def test_a18_dirty_has_the_documented_repr(session: Session, sandy: Any) -> None:
    sandy.fullname = "Sandy Squirrel"
    assert repr(session.dirty) == (
        "IdentitySet([User(id=2, name='sandy', fullname='Sandy Squirrel')])"
    )


def test_a19_update_sets_the_changed_columns_only(
    session: Session, sandy: Any, sql: Recorder
) -> None:
    sandy.fullname = "Sandy Squirrel"
    session.flush()
    assert sql.take() == [
        (
            "UPDATE user_account SET fullname=? WHERE user_account.id = ?",
            ("Sandy Squirrel", 2),
        )
    ]


def test_a19_update_sets_several_changed_columns_in_table_order(
    session: Session, sandy: Any, sql: Recorder
) -> None:
    sandy.fullname = "Sandy Squirrel"
    sandy.name = "sandra"
    session.flush()
    assert sql.take() == [
        (
            "UPDATE user_account SET name=?, fullname=? WHERE user_account.id = ?",
            ("sandra", "Sandy Squirrel", 2),
        )
    ]


def test_a19_updates_of_one_shape_are_one_batch_by_primary_key(
    session: Session, models: Models, sql: Recorder
) -> None:
    for user in session.scalars(select(models.User).order_by(models.User.id)).all():
        user.fullname = user.name
    sql.clear()
    session.flush()
    assert sql.take() == [
        (
            "UPDATE user_account SET fullname=? WHERE user_account.id = ?",
            [("spongebob", 1), ("sandy", 2), ("patrick", 3)],
        )
    ]


def test_a20_a_select_of_columns_sends_the_update_first(
    session: Session, models: Models, sandy: Any, sql: Recorder
) -> None:
    sandy.fullname = "Sandy Squirrel"
    fullname = session.execute(
        select(models.User.fullname).where(models.User.id == 2)
    ).scalar_one()
    assert fullname == "Sandy Squirrel"
    assert sql.take() == [
        (
            "UPDATE user_account SET fullname=? WHERE user_account.id = ?",
            ("Sandy Squirrel", 2),
        ),
        (
            "SELECT user_account.fullname FROM user_account WHERE user_account.id = ?",
            (2,),
        ),
    ]


def test_a21_a_flushed_object_is_not_dirty_and_the_transaction_goes_on(
    session: Session, sandy: Any, sql: Recorder
) -> None:
    sandy.fullname = "Sandy Squirrel"
    session.flush()
    assert sandy not in session.dirty
    assert not session.dirty
    assert session.in_transaction()
    sql.clear()
    with sql.silence():
        session.flush()


def test_a22_delete_sends_nothing_until_the_flush(
    session: Session, patrick: Any, sql: Recorder
) -> None:
    session.delete(patrick)
    deletes = [line for line in sql.take_sql() if line.startswith("DELETE")]
    assert deletes == []
    assert patrick in session
    assert patrick in session.deleted
    assert inspect(patrick).persistent


def test_a23_the_flush_of_a_delete_first_selects_the_related_rows(
    session: Session, models: Models, patrick: Any, sql: Recorder
) -> None:
    session.delete(patrick)
    statement = select(models.User).where(models.User.name == "patrick")
    assert session.execute(statement).first() is None
    assert sql.take() == [
        (SELECT_ADDRESSES, (3,)),
        ("DELETE FROM user_account WHERE user_account.id = ?", (3,)),
        (f"{SELECT_USER} WHERE user_account.name = ?", ("patrick",)),
    ]


def test_a23_the_related_rows_lose_their_foreign_key(
    session: Session, models: Models, sandy: Any, sql: Recorder
) -> None:
    session.delete(sandy)
    session.flush()
    assert sql.take() == [
        (SELECT_ADDRESSES, (2,)),
        (
            "UPDATE address SET user_id=? WHERE address.id = ?",
            [(None, 2), (None, 3)],
        ),
        ("DELETE FROM user_account WHERE user_account.id = ?", (2,)),
    ]
    addresses = session.scalars(select(models.Address).filter_by(user_id=None)).all()
    assert len(addresses) == 2


def test_a24_after_the_flush_the_deleted_object_is_not_in_the_session(
    session: Session, models: Models, patrick: Any
) -> None:
    session.delete(patrick)
    session.flush()
    assert patrick not in session
    assert patrick not in session.deleted
    assert inspect(patrick).deleted
    assert session.get(models.User, 3) is None
