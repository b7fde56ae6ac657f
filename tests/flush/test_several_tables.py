"""Classes mapped to joins and subqueries are saved in the tables beneath."""

import pytest
from sqlalchemy import Column, ForeignKey, Integer, func, select
from sqlalchemy.exc import InvalidRequestError

from tests.flush.world import World, named


def test_a_join_is_saved_table_by_table(world: World) -> None:
    user = world.table("u", named("name"))
    mail = world.table("m", Column("u_id", ForeignKey("u.id")), named("address"))
    Both = world.map(
        "Both",
        user.join(mail),
        properties={"id": [user.c.id, mail.c.u_id], "m_id": mail.c.id},
    )
    session = world.session()
    one = Both(name="a", address="x")
    session.add(one)
    session.flush()
    one.address = "y"
    session.flush()
    session.delete(one)
    session.flush()
    assert world.sql.take() == [
        ("INSERT INTO u (name) VALUES (?)", ("a",)),
        ("INSERT INTO m (u_id, address) VALUES (?, ?)", (1, "x")),
        ("UPDATE m SET address=? WHERE m.id = ?", ("y", 1)),
        ("DELETE FROM m WHERE m.id = ?", (1,)),
        ("DELETE FROM u WHERE u.id = ?", (1,)),
    ]


def test_a_joins_key_is_that_of_both_tables(world: World) -> None:
    user = world.table("u", named("name"))
    mail = world.table("m", Column("u_id", ForeignKey("u.id")), named("address"))
    Both = world.map(
        "Both",
        user.join(mail),
        properties={"id": [user.c.id, mail.c.u_id], "m_id": mail.c.id},
    )
    session = world.session()
    one = Both(name="a", address="x")
    session.add(one)
    session.commit()
    assert session.get(Both, (1, 1)) is one
    one.name, one.address = "b", "z"
    session.commit()
    assert world.rows(session, user) == [(1, "b")]
    assert world.rows(session, mail) == [(1, 1, "z")]


def test_columns_of_one_name_are_not_put_together_by_themselves(world: World) -> None:
    user = world.table("u", named("name"))
    mail = world.table("m", Column("u_id", ForeignKey("u.id")))
    with pytest.raises(
        InvalidRequestError,
        match="Implicitly combining column u.id with column m.id under attribute 'id'",
    ):
        world.map("Both", user.join(mail))


def test_a_subquery_is_saved_in_its_table(world: World) -> None:
    table = world.table("u", named("name"), named("other"))
    query = select(table.c.id, table.c.name, func.upper(table.c.name).label("loud"))
    User = world.map("User", query.subquery())
    session = world.session()
    user = User(name="a")
    session.add(user)
    session.flush()
    assert user.loud == "A"
    user.name = "b"
    session.flush()
    assert user.loud == "B"
    assert world.rows(session, table) == [(1, "b", None)]
    session.delete(user)
    session.flush()
    assert world.rows(session, table) == []


def test_a_given_primary_key_also_finds_the_row(world: World) -> None:
    table = world.table("u", named("name"), Column("n", Integer))
    User = world.map("User", table, primary_key=[table.c.name])
    session = world.session()
    user = User(id=1, name="a")
    session.add(user)
    session.flush()
    world.sql.clear()
    user.n = 2
    session.flush()
    assert session.get(User, "a") is user
    assert world.sql.take() == [
        ("UPDATE u SET n=? WHERE u.id = ? AND u.name = ?", (2, 1, "a"))
    ]
