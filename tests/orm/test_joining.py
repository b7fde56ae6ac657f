"""join(): along relationships, to targets, to aliases, with conditions."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import InvalidRequestError

from ormolu import Session, aliased
from tests.orm.models import Models
from tests.orm.recording import Recorder


def names(session: Session, statement: object) -> list[str]:
    """The values of a statement of one column."""
    return list(session.scalars(statement))  # type: ignore[call-overload]


def test_join_along_a_relationship(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.User.name).join(models.User.addresses)
    assert sorted(names(session, statement)) == ["sandy", "sandy", "spongebob"]
    assert sql.take_sql() == [
        "SELECT user_account.name FROM user_account "
        "JOIN address ON user_account.id = address.user_id"
    ]


def test_join_along_a_many_to_one(
    session: Session, models: Models, sql: Recorder
) -> None:
    names(session, select(models.Address.email_address).join(models.Address.user))
    assert sql.take_sql() == [
        "SELECT address.email_address FROM address "
        "JOIN user_account ON user_account.id = address.user_id"
    ]


def test_join_along_a_many_to_many(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.Order.description)
        .join(models.Order.items)
        .where(models.Item.description == "soup")
    )
    assert names(session, statement) == ["supper"]
    assert sql.take_sql() == [
        "SELECT orders.description FROM orders "
        "JOIN order_item AS order_item_1 ON orders.id = order_item_1.order_id "
        "JOIN item ON item.id = order_item_1.item_id WHERE item.description = ?"
    ]


def test_join_to_a_target_class(
    session: Session, models: Models, sql: Recorder
) -> None:
    names(session, select(models.User.name).join(models.Address))
    assert sql.take_sql() == [
        "SELECT user_account.name FROM user_account "
        "JOIN address ON user_account.id = address.user_id"
    ]


def test_join_to_a_target_with_a_condition(
    session: Session, models: Models, sql: Recorder
) -> None:
    names(
        session,
        select(models.User.name).join(
            models.Address, models.Address.id == models.User.id
        ),
    )
    assert sql.take_sql() == [
        "SELECT user_account.name FROM user_account "
        "JOIN address ON address.id = user_account.id"
    ]


def test_join_to_a_target_along_a_relationship(
    session: Session, models: Models, sql: Recorder
) -> None:
    alias = aliased(models.Address, name="a")
    names(
        session,
        select(models.User.name)
        .join(alias, models.User.addresses)
        .where(alias.id == 1),
    )
    assert sql.take_sql() == [
        "SELECT user_account.name FROM user_account "
        "JOIN address AS a ON user_account.id = a.user_id WHERE a.id = ?"
    ]


def test_join_with_of_type_of_an_alias(session: Session, models: Models) -> None:
    one, two = aliased(models.Address), aliased(models.Address)
    statement = (
        select(models.User.name)
        .join(models.User.addresses.of_type(one))
        .join(models.User.addresses.of_type(two))
        .where(one.id == 2, two.id == 3)
    )
    assert names(session, statement) == ["sandy"]


def test_join_with_additional_criteria(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.User.name).join(
        models.User.addresses.and_(models.Address.id == 3)
    )
    assert names(session, statement) == ["sandy"]
    assert sql.take_sql() == [
        "SELECT user_account.name FROM user_account "
        "JOIN address ON user_account.id = address.user_id AND address.id = ?"
    ]


def test_join_to_a_table(session: Session, models: Models) -> None:
    table = models.Address.__table__
    statement = select(models.User.name).join(table, table.c.user_id == models.User.id)
    assert len(names(session, statement)) == 3


def test_outerjoin(session: Session, models: Models, sql: Recorder) -> None:
    statement = (
        select(models.User.name)
        .outerjoin(models.User.addresses)
        .where(models.Address.id.is_(None))
    )
    assert names(session, statement) == ["patrick"]
    assert "LEFT OUTER JOIN address" in sql.take_sql()[0]


def test_full_join_is_passed_on(models: Models) -> None:
    statement = select(models.User.name).join(models.User.addresses, full=True)
    assert "FULL OUTER JOIN address" in str(statement)


def test_a_chain_of_joins(session: Session, models: Models) -> None:
    child, grandchild = aliased(models.Node), aliased(models.Node)
    statement = (
        select(models.Node.name, child.name, grandchild.name)
        .join(models.Node.children.of_type(child))
        .join(child.children.of_type(grandchild))
    )
    assert session.execute(statement).all() == [("root", "left", "leaf")]


def test_join_from_states_the_left_side(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.Address.id).join_from(models.User, models.Address)
    names(session, statement)
    assert sql.take_sql() == [
        "SELECT address.id FROM user_account "
        "JOIN address ON user_account.id = address.user_id"
    ]


def test_select_from_states_the_left_side(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = (
        select(models.Address.id).select_from(models.User).join(models.User.addresses)
    )
    names(session, statement)
    assert sql.take_sql() == [
        "SELECT address.id FROM user_account "
        "JOIN address ON user_account.id = address.user_id"
    ]


def test_joining_what_cannot_be_joined_is_refused(
    session: Session, models: Models
) -> None:
    with pytest.raises(InvalidRequestError, match=r"(?i)join"):
        session.execute(select(models.User).join(models.Item))
    assert session.scalar(select(models.User.name)) == "spongebob"
