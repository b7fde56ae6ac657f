"""select() with entities, columns and both: the SQL and the rows."""

from typing import Any

import pytest
from sqlalchemy import (
    and_,
    bindparam,
    case,
    desc,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    union_all,
)

from ormolu import Bundle, Session, aliased
from tests.orm.models import Models
from tests.orm.recording import Recorder

USER = "user_account.id, user_account.name, user_account.fullname"
ADDRESS = "address.id AS id_1, address.email_address, address.user_id"


def test_an_entity_gives_rows_of_one_object(
    session: Session, models: Models, sql: Recorder
) -> None:
    rows = session.execute(select(models.User).order_by(models.User.id)).all()
    assert [row[0].name for row in rows] == ["spongebob", "sandy", "patrick"]
    assert rows[0].User is rows[0][0]
    assert sql.take_sql() == [
        f"SELECT {USER} FROM user_account ORDER BY user_account.id"
    ]


def test_scalars_gives_the_objects(session: Session, models: Models) -> None:
    users = session.scalars(select(models.User).order_by(models.User.id)).all()
    assert [user.name for user in users] == ["spongebob", "sandy", "patrick"]


def test_loaded_attributes_are_read_without_sql(
    session: Session, models: Models, sql: Recorder
) -> None:
    users = session.scalars(select(models.User)).all()
    with sql.silence():
        for user in users:
            assert (user.id, user.name, user.fullname) != ()


def test_columns_give_plain_rows(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.User.id, models.User.name).order_by(models.User.id)
    row = session.execute(statement).first()
    assert row == (1, "spongebob")
    assert row is not None
    assert (row.id, row.name) == (1, "spongebob")
    assert len(session.identity_map) == 0
    assert sql.take_sql() == [
        "SELECT user_account.id, user_account.name FROM user_account "
        "ORDER BY user_account.id"
    ]


def test_an_entity_and_a_column(session: Session, models: Models) -> None:
    statement = (
        select(models.User, models.Address.email_address)
        .join(models.User.addresses)
        .order_by(models.Address.id)
    )
    rows = session.execute(statement).all()
    assert [(row.User.name, row.email_address) for row in rows] == [
        ("spongebob", "spongebob@sqlalchemy.org"),
        ("sandy", "sandy@sqlalchemy.org"),
        ("sandy", "sandy@squirrelpower.org"),
    ]
    assert rows[1].User is rows[2].User


def test_a_table_beside_an_entity(session: Session, models: Models) -> None:
    table = models.User.__table__
    statement = select(table, models.User).where(table.c.id == 2)
    row = session.execute(statement).one()
    user = session.get(models.User, 2)
    assert row._mapping[models.User] is user
    assert (row._mapping[table.c.name], row.id, row.User) == ("sandy", 2, user)


def test_two_entities(session: Session, models: Models, sql: Recorder) -> None:
    statement = (
        select(models.User, models.Address)
        .join_from(models.User, models.Address)
        .order_by(models.Address.id)
    )
    rows = session.execute(statement).all()
    assert [(user.id, address.id) for user, address in rows] == [(1, 1), (2, 2), (2, 3)]
    assert sql.take_sql() == [
        f"SELECT {USER}, {ADDRESS} FROM user_account "
        "JOIN address ON user_account.id = address.user_id ORDER BY address.id"
    ]


def test_an_outer_join_gives_none_for_a_missing_entity(
    session: Session, models: Models
) -> None:
    statement = (
        select(models.User, models.Address)
        .join(models.User.addresses, isouter=True)
        .where(models.User.id == 3)
    )
    [(user, address)] = session.execute(statement).all()
    assert user.name == "patrick"
    assert address is None


def test_a_column_with_a_label(session: Session, models: Models) -> None:
    statement = select(models.User.name.label("nick")).where(models.User.id == 1)
    assert session.execute(statement).one().nick == "spongebob"


def test_one_entity_twice_by_alias(
    session: Session, models: Models, sql: Recorder
) -> None:
    other = aliased(models.User, name="other")
    statement = (
        select(models.User, other)
        .join(other, models.User.id < other.id)
        .order_by(models.User.id, other.id)
    )
    rows = session.execute(statement).all()
    assert [(one.id, two.id) for one, two in rows] == [(1, 2), (1, 3), (2, 3)]
    assert rows[0][1] is rows[2][0]
    assert sql.take_sql() == [
        f"SELECT {USER}, other.id AS id_1, other.name AS name_1, "
        "other.fullname AS fullname_1 FROM user_account "
        "JOIN user_account AS other ON user_account.id < other.id "
        "ORDER BY user_account.id, other.id"
    ]


def test_where_takes_several_criteria(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.User).where(
        models.User.id > 1, models.User.name.like("s%")
    )
    assert [user.name for user in session.scalars(statement)] == ["sandy"]
    assert sql.take() == [
        (
            f"SELECT {USER} FROM user_account "
            "WHERE user_account.id > ? AND user_account.name LIKE ?",
            (1, "s%"),
        )
    ]


@pytest.mark.parametrize(
    ("criterion", "ids"),
    [
        (lambda u: u.name == "sandy", [2]),
        (lambda u: u.name != "sandy", [1, 3]),
        (lambda u: u.id.in_([1, 3]), [1, 3]),
        (lambda u: u.id.in_([]), []),
        (lambda u: u.id.not_in([1]), [2, 3]),
        (lambda u: u.id.between(2, 3), [2, 3]),
        (lambda u: u.fullname.is_(None), []),
        (lambda u: u.fullname.is_not(None), [1, 2, 3]),
        (lambda u: u.name.startswith("s"), [1, 2]),
        (lambda u: u.name.icontains("PATR"), [3]),
        (lambda u: or_(u.id == 1, u.id == 3), [1, 3]),
        (lambda u: and_(u.id > 1, not_(u.id == 3)), [2]),
        (lambda u: (u.id == 1) | (u.name == "sandy"), [1, 2]),
        (lambda u: ~(u.id == 1), [2, 3]),
        (lambda u: func.length(u.name) == 5, [2]),
        (lambda u: u.id + 1 == 3, [2]),
        (lambda u: u.name + "!" == "sandy!", [2]),
        (lambda u: text("user_account.id = 3"), [3]),
    ],
)
def test_criteria_on_attributes(
    session: Session, models: Models, criterion: Any, ids: list[int]
) -> None:
    statement = (
        select(models.User).where(criterion(models.User)).order_by(models.User.id)
    )
    assert [user.id for user in session.scalars(statement)] == ids


def test_in_is_expanded_to_the_number_of_values(
    session: Session, models: Models, sql: Recorder
) -> None:
    for ids in ([1, 2], [1, 2, 3], [1, 2]):
        statement = select(models.User.id).where(models.User.id.in_(ids))
        assert session.scalars(statement).all() == ids
    assert [(sql.split("IN ")[1], args) for sql, args in sql.take()] == [
        ("(?, ?)", (1, 2)),
        ("(?, ?, ?)", (1, 2, 3)),
        ("(?, ?)", (1, 2)),
    ]


def test_filter_by_takes_attribute_names(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.User).filter_by(name="sandy", fullname="Sandy Cheeks")
    assert session.scalars(statement).one().id == 2
    assert sql.take() == [
        (
            f"SELECT {USER} FROM user_account "
            "WHERE user_account.name = ? AND user_account.fullname = ?",
            ("sandy", "Sandy Cheeks"),
        )
    ]


def test_filter_by_after_join_means_the_joined_entity(
    session: Session, models: Models
) -> None:
    statement = (
        select(models.User)
        .join(models.User.addresses)
        .filter_by(email_address="sandy@sqlalchemy.org")
    )
    assert session.scalars(statement).one().name == "sandy"


def test_comparing_a_many_to_one_with_an_object(
    session: Session, models: Models, sql: Recorder
) -> None:
    sandy = session.get(models.User, 2)
    sql.clear()
    statement = select(models.Address.id).where(models.Address.user == sandy)
    assert session.scalars(statement).all() == [2, 3]
    assert sql.take() == [
        ("SELECT address.id FROM address WHERE ? = address.user_id", (2,))
    ]


def test_comparing_a_many_to_one_with_none(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.Address.id).where(models.Address.user == None)  # noqa: E711 - the operator is overloaded
    assert session.scalars(statement).all() == []
    assert sql.take_sql() == [
        "SELECT address.id FROM address WHERE address.user_id IS NULL"
    ]


def test_filter_by_takes_a_relationship(session: Session, models: Models) -> None:
    sandy = session.get(models.User, 2)
    statement = select(models.Address).filter_by(user=sandy)
    assert len(session.scalars(statement).all()) == 2


def test_not_the_object_of_a_reference(session: Session, models: Models) -> None:
    sandy = session.get(models.User, 2)
    statement = select(models.Address.user_id).where(models.Address.user != sandy)
    assert str(statement.whereclause) == (
        "address.user_id != :user_id_1 OR address.user_id IS NULL"
    )
    assert 2 not in session.scalars(statement).all()


def test_an_attribute_shows_what_it_is(models: Models) -> None:
    shown = repr(models.User.name)
    assert "InstrumentedAttribute object at 0x" in shown
    assert "User.name" in shown


def test_contains_of_a_collection(session: Session, models: Models) -> None:
    address = session.get(models.Address, 3)
    statement = select(models.User).where(models.User.addresses.contains(address))
    assert session.scalars(statement).one().name == "sandy"


def test_any_of_a_collection(session: Session, models: Models, sql: Recorder) -> None:
    statement = select(models.User.name).where(
        models.User.addresses.any(models.Address.email_address.like("%squirrel%"))
    )
    assert session.scalars(statement).all() == ["sandy"]
    assert sql.take_sql() == [
        "SELECT user_account.name FROM user_account WHERE EXISTS (SELECT 1 "
        "FROM address WHERE user_account.id = address.user_id "
        "AND address.email_address LIKE ?)"
    ]


def test_has_of_a_many_to_one(session: Session, models: Models) -> None:
    statement = (
        select(models.Address.id)
        .where(models.Address.user.has(name="sandy"))
        .order_by(models.Address.id)
    )
    assert session.scalars(statement).all() == [2, 3]


def test_order_by_attributes_and_directions(session: Session, models: Models) -> None:
    def names(*order: Any) -> list[str]:
        return list(session.scalars(select(models.User.name).order_by(*order)))

    assert names(models.User.name) == ["patrick", "sandy", "spongebob"]
    assert names(models.User.name.desc()) == ["spongebob", "sandy", "patrick"]
    assert names(desc(models.User.id)) == ["patrick", "sandy", "spongebob"]
    assert names(func.length(models.User.name), models.User.id) == [
        "sandy",
        "patrick",
        "spongebob",
    ]


def test_limit_and_offset(session: Session, models: Models, sql: Recorder) -> None:
    statement = select(models.User).order_by(models.User.id).limit(1).offset(1)
    assert [user.id for user in session.scalars(statement)] == [2]
    assert sql.take() == [
        (
            f"SELECT {USER} FROM user_account "
            "ORDER BY user_account.id LIMIT ? OFFSET ?",
            (1, 1),
        )
    ]


def test_distinct(session: Session, models: Models) -> None:
    statement = select(models.User).join(models.User.addresses).distinct()
    assert len(session.scalars(statement).all()) == 2


def test_functions_and_group_by(session: Session, models: Models) -> None:
    statement = (
        select(models.User.name, func.count(models.Address.id).label("count"))
        .join(models.User.addresses)
        .group_by(models.User.name)
        .order_by(models.User.name)
    )
    rows = session.execute(statement).all()
    assert [(row.name, row.count) for row in rows] == [("sandy", 2), ("spongebob", 1)]


def test_having(session: Session, models: Models) -> None:
    statement = (
        select(models.Address.user_id)
        .group_by(models.Address.user_id)
        .having(func.count() > 1)
    )
    assert session.scalars(statement).all() == [2]


def test_count_of_an_entity(session: Session, models: Models) -> None:
    assert session.scalar(select(func.count()).select_from(models.User)) == 3
    assert session.scalar(select(func.count(models.User.id))) == 3


def test_case_and_literal(session: Session, models: Models) -> None:
    statement = select(
        case((models.User.id == 1, "first"), else_="later"), literal(7)
    ).order_by(models.User.id)
    assert session.execute(statement).all() == [
        ("first", 7),
        ("later", 7),
        ("later", 7),
    ]


def test_a_subquery_can_be_joined(session: Session, models: Models) -> None:
    counts = (
        select(models.Address.user_id, func.count().label("count"))
        .group_by(models.Address.user_id)
        .subquery()
    )
    statement = (
        select(models.User, counts.c.count)
        .join(counts, models.User.id == counts.c.user_id)
        .order_by(models.User.id)
    )
    rows = session.execute(statement).all()
    assert [(row.User.name, row.count) for row in rows] == [
        ("spongebob", 1),
        ("sandy", 2),
    ]


def test_a_scalar_subquery_is_a_column(session: Session, models: Models) -> None:
    count = (
        select(func.count(models.Address.id))
        .where(models.Address.user_id == models.User.id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(models.User.name, count.label("count")).order_by(models.User.id)
    ).all()
    assert rows == [("spongebob", 1), ("sandy", 2), ("patrick", 0)]


def test_a_subquery_in_in(session: Session, models: Models) -> None:
    inner = select(models.Address.user_id)
    statement = select(models.User.name).where(models.User.id.not_in(inner))
    assert session.scalars(statement).all() == ["patrick"]


def test_exists_correlates(session: Session, models: Models) -> None:
    statement = select(models.User.name).where(
        ~exists().where(models.Address.user_id == models.User.id)
    )
    assert session.scalars(statement).all() == ["patrick"]


def test_an_alias_of_a_subquery_gives_objects(session: Session, models: Models) -> None:
    inner = select(models.User).where(models.User.id > 1).subquery()
    alias = aliased(models.User, inner)
    users = session.scalars(select(alias).order_by(alias.id)).all()
    assert [user.name for user in users] == ["sandy", "patrick"]
    assert users[0] is session.get(models.User, 2)


def test_a_cte_is_joined(session: Session, models: Models) -> None:
    named = select(models.User.id).where(models.User.name == "sandy").cte("named")
    statement = select(models.Address).join(named, models.Address.user_id == named.c.id)
    assert len(session.scalars(statement).all()) == 2


def test_from_statement_takes_text(session: Session, models: Models) -> None:
    statement = select(models.User).from_statement(
        text("SELECT * FROM user_account WHERE id > :least ORDER BY id DESC")
    )
    users = session.scalars(statement, {"least": 1}).all()
    assert [user.id for user in users] == [3, 2]
    assert users[1] is session.get(models.User, 2)


def test_from_statement_takes_a_union(session: Session, models: Models) -> None:
    union = union_all(
        select(models.User).where(models.User.id == 1),
        select(models.User).where(models.User.id == 3),
    )
    users = session.scalars(select(models.User).from_statement(union)).all()
    assert {user.id for user in users} == {1, 3}


def test_a_bundle_groups_columns(session: Session, models: Models) -> None:
    bundle = Bundle("who", models.User.id, models.User.name)
    row = session.execute(select(bundle).where(models.User.id == 2)).one()
    assert row.who.name == "sandy"
    assert tuple(row.who) == (2, "sandy")


def test_one_statement_serves_many_parameters(
    session: Session, models: Models, sql: Recorder
) -> None:
    statement = select(models.User).where(models.User.name == bindparam("name"))
    for name in ("sandy", "patrick", "sandy"):
        assert session.scalars(statement, {"name": name}).one().name == name
    assert [args for _, args in sql.take()] == [("sandy",), ("patrick",), ("sandy",)]


def test_one_statement_serves_several_sessions(
    session: Session, models: Models
) -> None:
    statement = select(models.User).where(models.User.id == 1)
    first = session.scalars(statement).one()
    session.expunge_all()
    second = session.scalars(statement).one()
    assert first is not second
    assert second.name == "spongebob"


def test_text_and_tables_are_executed_too(session: Session, models: Models) -> None:
    assert session.scalar(text("SELECT name FROM user_account WHERE id = 2")) == (
        "sandy"
    )
    assert session.execute(select(models.User.__table__)).first() == (
        1,
        "spongebob",
        "Spongebob Squarepants",
    )


def test_a_statement_prints_its_sql(models: Models) -> None:
    assert " ".join(str(select(models.User).where(models.User.id == 1)).split()) == (
        f"SELECT {USER} FROM user_account WHERE user_account.id = :id_1"
    )


def test_a_statement_prints_its_joins(models: Models) -> None:
    statement = select(models.User.name).join(models.User.addresses)
    assert " ".join(str(statement).split()) == (
        "SELECT user_account.name FROM user_account "
        "JOIN address ON user_account.id = address.user_id"
    )


def test_column_descriptions_name_the_entities(models: Models) -> None:
    statement = select(models.User, models.Address.id.label("key"))
    first, second = statement.column_descriptions
    assert first["name"] == "User"
    assert first["entity"] is models.User
    assert second["name"] == "key"
    assert second["entity"] is models.Address


def test_a_select_refills_expired_attributes(
    session: Session, models: Models, sql: Recorder
) -> None:
    sandy = session.get_one(models.User, 2)
    session.expire(sandy)
    session.scalars(select(models.User).where(models.User.id == 2)).one()
    with sql.silence():
        assert sandy.name == "sandy"


def test_a_select_leaves_loaded_attributes_alone(
    session: Session, models: Models
) -> None:
    sandy = session.get_one(models.User, 2)
    session.execute(text("UPDATE user_account SET name = 'x' WHERE id = 2"))
    session.scalars(select(models.User)).all()
    assert sandy.name == "sandy"


def test_populate_existing_overwrites_loaded_attributes(
    session: Session, models: Models
) -> None:
    sandy = session.get_one(models.User, 2)
    session.execute(text("UPDATE user_account SET name = 'x' WHERE id = 2"))
    statement = select(models.User).execution_options(populate_existing=True)
    session.scalars(statement).all()
    assert sandy.name == "x"
