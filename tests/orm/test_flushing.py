"""flush(): inserts, updates, deletes, their order, batches, SQL expressions."""

from typing import Any

import pytest
from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import IntegrityError, PendingRollbackError, SAWarning

from ormolu import Session, exc
from tests.orm.models import Models
from tests.orm.recording import Recorder

RETURNING = "INSERT INTO user_account (name, fullname) VALUES (?, ?) RETURNING id"


def test_unset_columns_are_inserted_as_null(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.add(models.User(name="squidward"))
    session.flush()
    assert [args for _, args in sql.take()] == [("squidward", None)]


def test_none_and_unset_are_the_same_to_an_insert(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.add_all([models.User(name="a"), models.User(name="b", fullname=None)])
    session.flush()
    assert sql.take() == [(RETURNING, ("a", None)), (RETURNING, ("b", None))]


def test_a_key_of_none_is_generated(session: Session, models: Models) -> None:
    user = models.User(id=None, name="squidward")
    session.add(user)
    session.flush()
    assert user.id == 4


def test_given_and_generated_keys_in_one_flush(
    session: Session, models: Models
) -> None:
    given, generated = models.User(id=10, name="a"), models.User(name="b")
    session.add_all([given, generated])
    session.commit()
    rows = session.execute(
        select(models.User.id, models.User.name).where(models.User.id > 3)
    ).all()
    assert {(10, "a"), (generated.id, "b")} == {tuple(row) for row in rows}


def test_changes_come_before_new_rows_and_new_rows_before_deletes(
    session: Session, models: Models, sql: Recorder
) -> None:
    changed = session.get_one(models.User, 2)
    deleted = session.get_one(models.User, 3)
    deleted.addresses
    sql.clear()
    session.delete(deleted)
    changed.fullname = "changed"
    session.add(models.User(name="squidward"))
    session.flush()
    assert [statement.split()[0] for statement in sql.take_sql()] == [
        "UPDATE",
        "INSERT",
        "DELETE",
    ]


def test_tables_go_in_the_order_of_their_dependencies(
    session: Session, models: Models, sql: Recorder
) -> None:
    session.add(models.Pet(name="gary", owner=models.Owner(name="bob")))
    session.add(models.Address(email_address="x", user=models.User(name="y")))
    session.flush()
    tables = [statement.split()[2] for statement in sql.take_sql()]
    assert tables.index("owner") < tables.index("pet")
    assert tables.index("user_account") < tables.index("address")


def test_children_get_the_new_key_of_their_parent(
    session: Session, models: Models
) -> None:
    user = models.User(name="squidward")
    user.addresses = [
        models.Address(email_address="a"),
        models.Address(email_address="b"),
    ]
    session.add(user)
    session.flush()
    assert [address.user_id for address in user.addresses] == [4, 4]
    assert [address.id for address in user.addresses] == [4, 5]


def test_a_foreign_key_set_by_hand_is_kept(session: Session, models: Models) -> None:
    address = models.Address(email_address="a", user_id=2)
    session.add(address)
    session.flush()
    assert address.user is session.get(models.User, 2)


def test_the_relationship_wins_over_the_foreign_key_set_by_hand(
    session: Session, models: Models
) -> None:
    sandy = session.get_one(models.User, 2)
    address = models.Address(email_address="a", user_id=1)
    address.user = sandy
    session.add(address)
    session.flush()
    assert address.user_id == 2


def test_flush_does_not_touch_relations_when_a_foreign_key_was_set(
    session: Session, models: Models
) -> None:
    address = session.get_one(models.Address, 1)
    assert address.user.id == 1
    address.user_id = 2
    session.flush()
    assert address.user.id == 1
    session.expire(address, ["user"])
    assert address.user.id == 2


def test_updates_of_different_columns_are_different_statements(
    session: Session, models: Models, sql: Recorder
) -> None:
    one, two = session.get_one(models.User, 1), session.get_one(models.User, 2)
    sql.clear()
    one.name, two.fullname = "x", "y"
    session.flush()
    assert sql.take() == [
        ("UPDATE user_account SET name=? WHERE user_account.id = ?", ("x", 1)),
        ("UPDATE user_account SET fullname=? WHERE user_account.id = ?", ("y", 2)),
    ]


def test_updates_go_in_primary_key_order(
    session: Session, models: Models, sql: Recorder
) -> None:
    users = [session.get_one(models.User, key) for key in (3, 1, 2)]
    for user in users:
        user.fullname = "x"
    sql.clear()
    session.flush()
    assert [args for _, args in sql.take()] == [[("x", 1), ("x", 2), ("x", 3)]]


def test_a_change_of_the_primary_key_updates_the_row(
    session: Session, models: Models, sql: Recorder
) -> None:
    member = session.get_one(models.Membership, (1, 2))
    sql.clear()
    member.member_id = 7
    session.flush()
    assert sql.take() == [
        (
            "UPDATE membership SET member_id=? WHERE membership.team_id = ? "
            "AND membership.member_id = ?",
            (7, 1, 2),
        )
    ]
    assert session.get(models.Membership, (1, 7)) is member
    assert session.get(models.Membership, (1, 2)) is None


def test_an_sql_expression_is_sent_and_read_back(
    session: Session, models: Models, sql: Recorder
) -> None:
    user = session.get_one(models.User, 2)
    sql.clear()
    user.fullname = func.upper(models.User.name)
    session.flush()
    statement, parameters = sql.take()[0]
    assert statement == (
        "UPDATE user_account SET fullname=upper(user_account.name) "
        "WHERE user_account.id = ?"
    )
    assert parameters == (2,)
    assert user.fullname == "SANDY"


def test_an_sql_expression_in_an_insert_is_read_back(
    session: Session, models: Models
) -> None:
    user = models.User(name=func.lower("SQUIDWARD"))
    session.add(user)
    session.flush()
    assert user.name == "squidward"


def test_deletes_of_several_rows_are_one_batch(
    session: Session, models: Models, sql: Recorder
) -> None:
    users = session.scalars(select(models.User).order_by(models.User.id)).all()
    for user in users:
        user.addresses.clear()
    session.flush()
    sql.clear()
    for user in users:
        session.delete(user)
    session.flush()
    assert sql.take() == [
        ("DELETE FROM user_account WHERE user_account.id = ?", [(1,), (2,), (3,)])
    ]


def test_deleting_parent_and_child_needs_no_update(
    session: Session, models: Models, sql: Recorder
) -> None:
    user = session.get_one(models.User, 1)
    [address] = user.addresses
    sql.clear()
    session.delete(user)
    session.delete(address)
    session.flush()
    assert sql.take() == [
        ("DELETE FROM address WHERE address.id = ?", (1,)),
        ("DELETE FROM user_account WHERE user_account.id = ?", (1,)),
    ]


def test_a_deleted_and_a_new_row_of_one_key_become_an_update(
    session: Session, models: Models, sql: Recorder
) -> None:
    old = session.get_one(models.Membership, (1, 2))
    sql.clear()
    session.delete(old)
    new = models.Membership(team_id=1, member_id=2, role="coach")
    session.add(new)
    session.flush()
    assert sql.take() == [
        (
            "UPDATE membership SET role=? WHERE membership.team_id = ? "
            "AND membership.member_id = ?",
            ("coach", 1, 2),
        )
    ]
    assert session.get(models.Membership, (1, 2)) is new


def test_an_update_of_a_row_that_is_gone_is_an_error(
    session: Session, models: Models
) -> None:
    user = session.get_one(models.User, 3)
    session.execute(text("DELETE FROM user_account WHERE id = 3"))
    user.fullname = "x"
    with pytest.raises(
        exc.StaleDataError,
        match=r"UPDATE statement on table 'user_account' expected to update 1 row\(s\)"
        "; 0 were matched.",
    ):
        session.flush()
    session.rollback()
    assert session.get_one(models.User, 3).fullname == "Patrick Star"


def test_a_delete_of_a_row_that_is_gone_is_a_warning(
    session: Session, models: Models
) -> None:
    user = session.get_one(models.Membership, (1, 1))
    session.execute(text("DELETE FROM membership"))
    session.delete(user)
    with pytest.warns(
        SAWarning,
        match=r"DELETE statement on table 'membership' expected to delete 1 row\(s\); "
        "0 were matched",
    ):
        session.flush()


def test_a_failed_flush_rolls_back_and_the_session_goes_on(
    session: Session, models: Models
) -> None:
    session.add(models.User(id=1, name="double"))
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()
    assert session.get_one(models.User, 1).name == "spongebob"
    session.add(models.User(name="squidward"))
    session.commit()
    assert session.scalar(select(func.count()).select_from(models.User)) == 4


def test_a_failed_flush_wants_a_rollback_first(
    session: Session, models: Models
) -> None:
    session.add(models.User(id=1, name="double"))
    with pytest.raises(IntegrityError):
        session.flush()
    with pytest.raises(
        PendingRollbackError,
        match="This Session's transaction has been rolled back due to a previous "
        r"exception during flush\. To begin a new transaction with this Session, first "
        r"issue Session\.rollback\(\)\. Original exception was: ",
    ):
        session.execute(text("SELECT 1"))
    session.rollback()
    assert session.scalar(text("SELECT 1")) == 1


def test_after_a_failed_flush_and_rollback_new_objects_are_transient(
    session: Session, models: Models
) -> None:
    user = models.User(id=1, name="double")
    session.add(user)
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()
    assert inspect(user).transient
    assert user.name == "double"


def test_a_new_object_with_the_identity_of_a_loaded_one_warns(
    session: Session, models: Models
) -> None:
    loaded = session.get(models.User, 1)
    session.add(models.User(id=1, name="double"))
    with (
        pytest.warns(
            SAWarning,
            match=r"New instance <User at .*> with identity key .* conflicts with "
            "persistent instance <User at",
        ),
        pytest.raises(IntegrityError),
    ):
        session.flush()
    session.rollback()
    assert loaded is session.get(models.User, 1)


def test_a_null_primary_key_is_refused_by_name(
    session: Session, models: Models
) -> None:
    session.add(models.Membership(team_id=1, role="x"))
    with (
        pytest.warns(SAWarning, match=r"Column 'membership\.member_id'"),
        pytest.raises((exc.FlushError, IntegrityError)),
    ):
        session.flush()
    session.rollback()
    assert session.get(models.Membership, (1, 1)) is not None


def test_changes_after_a_flush_are_flushed_by_the_next(
    session: Session, models: Models, sql: Recorder
) -> None:
    user = models.User(name="squidward")
    session.add(user)
    session.flush()
    user.fullname = "Squidward Tentacles"
    sql.clear()
    session.flush()
    assert sql.take() == [
        (
            "UPDATE user_account SET fullname=? WHERE user_account.id = ?",
            ("Squidward Tentacles", 4),
        )
    ]


def test_many_objects_are_flushed_in_order(
    session: Session, models: Models, sql: Recorder
) -> None:
    users = [models.User(name=f"user {number}") for number in range(250)]
    session.add_all(users)
    session.flush()
    assert [user.id for user in users] == list(range(4, 254))
    assert [args[0] for _, args in sql.take()] == [user.name for user in users]


@pytest.mark.parametrize("value", [0, "", False])
def test_falsy_values_are_values(session: Session, models: Models, value: Any) -> None:
    user = models.User(name="x", fullname=value)
    session.add(user)
    session.flush()
    session.expire(user)
    assert user.fullname is not None


def test_delete_and_add_of_the_same_object_between_flushes(
    session: Session, models: Models
) -> None:
    user = session.get_one(models.User, 3)
    session.delete(user)
    session.flush()
    session.rollback()
    session.delete(user)
    session.commit()
    assert session.get(models.User, 3) is None
